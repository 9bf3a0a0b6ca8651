//! `detectable_format:bigram_wrapping`: every two words in double angle brackets (open-instruct).

use super::drafts::nouns;
use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::strings::split_whitespace;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "detectable_format:bigram_wrapping",
    about: "Every two words in a row, words being what white space sets apart, start with `<<` and \
            end with `>>`. Official: an odd word at the end is not looked at. Corrected: it is \
            wrapped too, and no bracket stands inside a pair (open-instruct).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Wrap every word bigram in double angular brackets, such as <<I am>> <<at home>>.",
            "Write your whole response in pairs of words, each pair between << and >>.",
            "Put double angle brackets around every two words, as in <<bread and>> <<fresh \
             butter>>.",
            "Your answer must be made of word pairs like <<good morning>>, with nothing outside \
             the double angle brackets.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(|text| {
            let words: Vec<&str> = split_whitespace(text.raw()).collect();
            let pairs = words.chunks_exact(2);
            let total = pairs.len() as u64;
            let good = pairs.filter(|two| two[0].starts_with("<<") && two[1].ends_with(">>"));
            judge(good.count() as u64, total)
        }),
        Profile::Corrected => check(|text| {
            let words: Vec<&str> = split_whitespace(text.raw()).collect();
            let pairs = words.chunks(2);
            let total = pairs.len() as u64;
            judge(pairs.filter(|words| is_wrapped(words)).count() as u64, total)
        }),
    },
    demands: |_| {
        let draft = |turn: usize| {
            let words: Vec<&str> = nouns(turn).take(6 + 12 * turn).collect();
            let pairs = words.chunks_exact(2).map(|two| format!("<<{} {}>>", two[0], two[1]));
            pairs.collect::<Vec<String>>().join(" ")
        };
        Ok(vec![Demand::Draft((0..5).map(draft).collect())])
    },
    examples: &[
        Example { args: "{}", response: "<<I am>> <<at home.>>", satisfied: true },
        Example { args: "{}", response: "<<I am>>\n<<here>>", satisfied: true },
        Example { args: "{}", response: "<<I am>> at home", satisfied: false },
        Example { args: "{}", response: "<<I>> <<am>>", satisfied: false },
        Example { args: "{}", response: "I <<am here>>", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "the last word of an odd number is wrapped too",
            args: "{}",
            response: "<<I am>> here",
            official: true,
        },
        Deviation {
            reason: "two words that are wrapped one by one are no pair",
            args: "{}",
            response: "<<I>> <<am>> <<at>> <<home>>",
            official: true,
        },
    ],
};

fn judge(good: u64, total: u64) -> Verdict {
    Verdict::share(good, total, format!("{good} of {total} pairs are wrapped"))
}

/// Whether one or two words stand in one pair of brackets.
fn is_wrapped(words: &[&str]) -> bool {
    let text = words.join(" ");
    let inside = text.strip_prefix("<<").and_then(|text| text.strip_suffix(">>"));
    inside.is_some_and(|text| !text.is_empty() && !text.contains("<<") && !text.contains(">>"))
}
