//! `custom:sentence_alphabet`: a story of 26 sentences from A to Z (IFBench).

use crate::args::Args;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::profile::Profile;
use crate::python::strings::{lower, split_whitespace};
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::fences::partly;
use crate::verdict::Verdict;

const LETTERS: usize = 26;

pub(super) static RULE: Rule = Rule {
    id: "custom:sentence_alphabet",
    about: "The response has exactly 26 sentences by Punkt, the first of which starts with A, the \
            second with B and so on, in any case (IFBench). Official: the very first character \
            counts. Corrected: the first letter or digit.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Tell me a 26-sentence story where each sentence's first word starts with the letters \
             of the alphabet in order.",
            "Write a story of exactly 26 sentences: the first begins with A, the second with B and \
             so on to Z.",
            "I would like a story from A to Z: 26 sentences, each of which starts with the next \
             letter of the alphabet.",
            "Let every sentence of your story begin with the letter that follows in the alphabet, \
             from A in the first of 26 sentences to Z in the last.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let sentences = text.sentences();
            let starts = |at: usize, sentence: &str| {
                initial(sentence, profile) == char::from_u32('a' as u32 + at as u32)
            };
            let sentence = |at: usize| &text.raw()[sentences[at].clone()];
            let count = sentences.len();
            let good = (0..count.min(LETTERS)).filter(|at| starts(*at, sentence(*at))).count();
            let note = format!("{count} sentences, {good} start with the letter of their place");
            match count == LETTERS && good == LETTERS {
                true => Verdict::pass(note),
                false => partly(good as f32 / count.max(LETTERS) as f32, note),
            }
        })
    },
    demands: |_| {
        let sentences = Bound::exactly(LETTERS as u64);
        let stories = (0..3).map(|variant| STORIES.map(|words| words[variant]).join(" "));
        let drafts = stories.chain([STORIES.map(|words| words[0]).join("\n")]).collect();
        Ok(vec![Demand::Count(Unit::Sentences, sentences), Demand::Draft(drafts)])
    },
    examples: &[
        Example {
            args: "{}",
            response: "Anna woke. Birds sang. Clouds left. Dew shone. Everyone slept. Few dreamt. \
                       Gates opened. Horses ran. Ice cracked. Jars fell. Kites rose. Lambs hid. \
                       Mice fled. Night came. Owls woke. People met. Quarrels ended. Rain fell. \
                       Songs began. Trees bent. Uncles danced. Voices rose. Wine flowed. \
                       Xylophones rang. Years passed. Zoe smiled.",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "anna woke.\nBirds sang.\nClouds left.\nDew shone.\nEveryone slept.\nFew \
                       dreamt.\nGates opened.\nHorses ran.\nIce cracked.\nJars fell.\nKites rose.\n\
                       Lambs hid.\nMice fled.\nNight came.\nOwls woke.\nPeople met.\nQuarrels \
                       ended.\nRain fell.\nSongs began.\nTrees bent.\nUncles danced.\nVoices \
                       rose.\nWine flowed.\nXylophones rang.\nYears passed.\nZoe smiled.",
            satisfied: true,
        },
        Example { args: "{}", response: "Anna woke. Birds sang. Clouds left.", satisfied: false },
        Example {
            args: "{}",
            response: "Anna woke. Birds sang. Clouds left. Dew shone. Everyone slept. Few dreamt. \
                       Gates opened. Horses ran. Ice cracked. Jars fell. Kites rose. Lambs hid. \
                       Mice fled. Night came. Owls woke. People met. Quarrels ended. Rain fell. \
                       Songs began. Trees bent. Uncles danced. Voices rose. Wine flowed. Zebras \
                       ran. Years passed. Zoe smiled.",
            satisfied: false,
        },
    ],
    deviations: &[Deviation {
        reason: "a sentence in quotation marks starts with its first word",
        args: "{}",
        response: "\"Anna woke. Birds sang. Clouds left. Dew shone. Everyone slept. Few dreamt. \
                   Gates opened. Horses ran. Ice cracked. Jars fell. Kites rose. Lambs hid. Mice \
                   fled. Night came. Owls woke. People met. Quarrels ended. Rain fell. Songs \
                   began. Trees bent. Uncles danced. Voices rose. Wine flowed. Xylophones rang. \
                   Years passed. Zoe smiled.\"",
        official: false,
    }],
};

/// What a sentence starts with, in lower case.
fn initial(sentence: &str, profile: Profile) -> Option<char> {
    let word = match profile {
        Profile::Official => split_whitespace(sentence).next()?,
        Profile::Corrected => &sentence[sentence.find(char::is_alphanumeric)?..],
    };
    let first = word.chars().next()?;
    lower(first.encode_utf8(&mut [0; 4])).chars().next()
}

/// Three sentences for each letter.
const STORIES: [[&str; 3]; LETTERS] = [
    ["Anna woke early.", "All was quiet.", "A storm drew near."],
    ["Birds sang outside.", "Bells rang at noon.", "Boats left the bay."],
    ["Clouds drifted away.", "Children ran home.", "Captains gave orders."],
    ["Dew lay on the grass.", "Dogs barked once.", "Decks grew wet."],
    ["Every window was open.", "Evening came slowly.", "Even gulls fell silent."],
    ["Fresh bread cooled.", "Farmers shared stories.", "Fog hid the shore."],
    ["Grandfather poured tea.", "Gates creaked open.", "Green waves rose."],
    ["He told a tale.", "Horses drank water.", "Hours went by."],
    ["It began at sea.", "Inside, lamps were lit.", "In time it cleared."],
    ["Jars of honey stood near.", "Jam was on the table.", "Jonas saw land."],
    ["Kites hung on the wall.", "Kettles whistled.", "Kelp lay on rocks."],
    ["Light filled the room.", "Laughter followed.", "Lanterns were raised."],
    ["Mice ran under boards.", "Music began to play.", "Men cheered aloud."],
    ["Nobody minded them.", "Neighbours joined in.", "Nets were hauled in."],
    ["Outside, carts rolled by.", "Old songs returned.", "Oars dipped at last."],
    ["People waved kindly.", "Pies were passed round.", "Pebbles met the keel."],
    ["Quiet hours followed.", "Quilts kept them warm.", "Quick hands tied knots."],
    ["Rain came at noon.", "Rivers murmured.", "Ropes were made fast."],
    ["She closed the shutters.", "Stars appeared.", "Sand lay underfoot."],
    ["Then they played cards.", "Two owls called.", "They built a fire."],
    ["Uncle Ben won twice.", "Under the roof it was dry.", "Until dawn they sang."],
    ["Voices grew soft.", "Visitors said goodbye.", "Villagers brought food."],
    ["Wind shook the trees.", "Windows went dark.", "Warm bread was shared."],
    ["Xylophones sounded far off.", "Xenia blew out the candle.", "Xavier told jokes."],
    ["Yawning, they went up.", "Yesterday was gone.", "Years later they recalled it."],
    ["Zoe dreamt of the sea.", "Zest returned with dawn.", "Zeal had saved them."],
];
