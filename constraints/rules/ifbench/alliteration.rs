//! `sentence:alliteration_increment`: each sentence alliterates more than the last (IFBench).

use super::bare::{cores, initial};
use super::draft::{capital, drafts};
use crate::args::Args;
use crate::profile::Profile;
use crate::python::strings::{lower, split_whitespace};
use crate::rule::{Deviation, Example, Rule, check};
use crate::text::Text;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "sentence:alliteration_increment",
    about: "Each sentence (by Punkt) has more alliterating words than the one before: words in a \
            row that start alike, in any case. Official: all such words of a sentence together, \
            and the first sentence may have none. Corrected: the longest row of a sentence, of at \
            least two words in the first, by letters alone (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Let the longest run of alliterating words grow from one sentence to the next, \
             beginning with two such words or more in the first.",
            "Each sentence must hold a longer row of consecutive words with the same first letter \
             than the sentence before it; have at least two of them in the first.",
            "Alliterate more and more: every sentence needs a longer series of neighbouring words \
             that begin alike than the previous one, and the first needs a pair.",
            "From sentence to sentence, the number of words in a row that share their initial \
             must rise, starting from two at least.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(|text| judge(text, 0, alliterating)),
        Profile::Corrected => check(|text| judge(text, 2, longest_run)),
    },
    demands: |_| {
        const ROWS: [[&str; 4]; 4] = [
            [
                "big brown bold",
                "six silver slow small",
                "tall tiny thin tame tired",
                "round rare red rich rough raw",
            ],
            [
                "fresh fine full",
                "mild merry modern major",
                "dark deep dense dry dull",
                "plain pale proud poor pretty pink",
            ],
            [
                "gray grand green",
                "narrow new nice neat",
                "warm wide wild white wise",
                "blue bright busy bitter bare brief",
            ],
            [
                "tender tough torn",
                "frail flat free fond",
                "quick quiet quaint quirky queer",
                "mellow mean moist minor murky major",
            ],
        ];
        Ok(vec![drafts(|variant| {
            let sentence = |(at, row): (usize, &&str)| {
                let words: Vec<&str> = row.split(' ').take(at + 3 - variant % 2).collect();
                format!("{} hats exist.", capital(&words.join(" ")))
            };
            let sentences = ROWS[variant].iter().enumerate().take(2 + variant);
            sentences.map(sentence).collect::<Vec<String>>().join(" ")
        })])
    },
    examples: &[
        Example {
            args: "{}",
            response: "Big bears rest. Six small snakes hide. Ten tall trees turn gray.",
            satisfied: true,
        },
        Example { args: "{}", response: "Nine neat, “narrow” boats.", satisfied: true },
        Example { args: "{}", response: "Big bears rest. Small snakes hide.", satisfied: false },
        Example { args: "{}", response: "Bears rest.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a text without any alliteration does not alliterate more and more",
            args: "{}",
            response: "Bears rest.",
            official: true,
        },
        Deviation {
            reason: "two short rows are no longer row",
            args: "{}",
            response: "Big bears rest under tall trees. Six small snakes hide.",
            official: false,
        },
        Deviation {
            reason: "curly quotation marks are no letters",
            args: "{}",
            response: "Big bears rest. “Odd” “big” “plants” grow.",
            official: true,
        },
    ],
};

/// The share of the sentences that have more than the one before, the first at least `least`.
fn judge(text: &Text<'_>, least: u64, measure: impl Fn(&str) -> Option<u64>) -> Verdict {
    let raw = text.raw();
    let mut needed = least;
    let (mut good, mut all) = (0, 0);
    for range in text.sentences() {
        let Some(found) = measure(&lower(&raw[range.clone()])) else { continue };
        all += 1;
        good += u64::from(found >= needed);
        needed = found + 1;
    }
    match all {
        0 => Verdict::fail("no word at all"),
        _ => Verdict::share(good, all, format!("{good} of {all} sentences alliterate enough")),
    }
}

/// How many words of a sentence start as a neighbour does, in any row.
fn alliterating(sentence: &str) -> Option<u64> {
    let words = split_whitespace(sentence);
    let bare = words.map(|word| word.trim_start_matches(super::bare::is_edge));
    let mut before = None;
    let (mut found, mut inside) = (0, false);
    for first in bare.filter_map(|word| word.chars().next()) {
        let same = before == Some(first);
        found += match (same, inside) {
            (false, _) => 0,
            (true, false) => 2,
            (true, true) => 1,
        };
        inside = same;
        before = Some(first);
    }
    Some(found)
}

/// The longest row of words with one initial, 1 where there is none; `None` without a word.
fn longest_run(sentence: &str) -> Option<u64> {
    let mut before = None;
    let (mut run, mut longest) = (0, 0);
    for word in cores(sentence) {
        let first = initial(word);
        run = if first.is_some() && first == before { run + 1 } else { 1 };
        longest = longest.max(run);
        before = first;
    }
    (longest > 0).then_some(longest)
}
