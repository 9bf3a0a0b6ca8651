//! `words:odd_even_syllables`: odd and even numbers of syllables take turns (IFBench).

use crate::args::Args;
use crate::demand::Demand;
use crate::language::syllables;
use crate::profile::Profile;
use crate::python::strings::split_whitespace;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::wording::words;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "words:odd_even_syllables",
    about: "No two neighbouring words both have an odd or both an even number of syllables, as \
            syllapy counts them in English (IFBench). Official: pieces between white space \
            without ASCII punctuation; one with a digit has 0 syllables. Corrected: words only, \
            hyphenated ones part by part; a number is compared with nothing.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Alternate between words with odd and even numbers of syllables.",
            "Let words with an odd and words with an even number of syllables take turns.",
            "After a word with an odd number of syllables must come one with an even number, and \
             the other way round, throughout your response.",
            "No two consecutive words may both have an odd number of syllables, or both an even \
             number.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(|text| judge(official(text.lower()))),
        Profile::Corrected => check(|text| judge(words(text.lower()).map(corrected))),
    },
    demands: |_| Ok(vec![Demand::Draft(DRAFTS.map(str::to_owned).to_vec())]),
    examples: &[
        Example { args: "{}", response: "Bakers wake early.", satisfied: true },
        Example { args: "{}", response: "Bread — simple, old, honest.", satisfied: true },
        Example { args: "{}", response: "Bread", satisfied: true },
        Example { args: "{}", response: "Bread is old.", satisfied: false },
        Example { args: "{}", response: "Bakers wake early. Ovens glow.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a dash or a bullet is no word",
            args: "{}",
            response: "Bakers — bake.",
            official: false,
        },
        Deviation {
            reason: "a number has syllables, though none are counted",
            args: "{}",
            response: "Butter 3 sticky buns.",
            official: false,
        },
        Deviation {
            reason: "the parts of a hyphenated word are spoken one by one",
            args: "{}",
            response: "Home-made rolls.",
            official: false,
        },
    ],
};

/// Texts whose words take turns in both profiles.
const DRAFTS: [&str; 12] = [
    "The morning light enters my kitchen. We only hear quiet birds over the garden.",
    "The river runs under some bridges. It also feeds many farms along the valley.",
    "Our teacher reads stories on Monday. She seldom picks any sad story.",
    "Under old apple trees, children read stories.",
    "Bakers wake early.",
    "She never left early.",
    "We often walk along the water.",
    "Water, salt, honey, yeast: simple.",
    "the river runs under some bridges",
    "our teacher reads stories at bedtime",
    "THE RIVER RUNS UNDER SOME BRIDGES.",
    "WE OFTEN WALK ALONG THE WATER",
];

/// Whether each word that has a number of syllables has an odd one.
type Odd = Option<bool>;

fn official(lowered: &str) -> impl Iterator<Item = Odd> {
    let mut bare = String::new();
    split_whitespace(lowered).filter_map(move |piece| {
        bare.clear();
        bare.extend(piece.chars().filter(|c| !c.is_ascii_punctuation()));
        (!bare.is_empty()).then(|| Some(syllables::count_bare(&bare) % 2 == 1))
    })
}

fn corrected(word: &str) -> Odd {
    let parts = word.split(['-', '\u{2011}']).map(|part| {
        let spoken: String = part.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
        syllables::count_bare(&spoken)
    });
    let number = word.contains(char::is_numeric);
    (!number).then(|| parts.sum::<u64>() % 2 == 1)
}

fn judge(words: impl Iterator<Item = Odd>) -> Verdict {
    let (mut turns, mut pairs) = (0, 0);
    let mut before = None;
    for odd in words {
        if let (Some(before), Some(odd)) = (before, odd) {
            pairs += 1;
            turns += u64::from(before != odd);
        }
        before = odd;
    }
    Verdict::share(turns, pairs, format!("{turns} of {pairs} neighbouring words take turns"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraint::Constraint;
    use crate::text::Text;

    #[test]
    fn words_of_drafts_take_turns() {
        for profile in [Profile::Official, Profile::Corrected] {
            let rule = Constraint::compile(RULE.id, Args::new(), profile).expect("no arguments");
            for draft in DRAFTS {
                assert!(rule.check(&Text::new(draft)).satisfied, "{profile}: {draft}");
            }
        }
    }

    #[test]
    fn pieces_without_letters_count_as_syllapy_counts_them() {
        let odd = |text| official(text).map(|odd| odd == Some(true)).collect::<Vec<_>>();
        assert_eq!(odd("-- … 42 don't a_b é²"), [true, false, true, true, true]);
        assert!(odd("... !").is_empty());
    }
}
