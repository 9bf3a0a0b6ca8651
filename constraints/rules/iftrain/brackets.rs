//! `detectable_format:square_brackets`: every word in square brackets (open-instruct).

use super::drafts::nouns;
use crate::args::Args;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::profile::Profile;
use crate::python::strings::split_whitespace;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "detectable_format:square_brackets",
    about: "Every word stands in square brackets of its own. Official: what white space sets apart \
            starts with `[` and ends with `]`. Corrected: all its letters and digits are inside \
            brackets that close in it; signs may stand outside (open-instruct).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Enclose every word in your response within square brackets.",
            "Put each single word of your answer in square brackets, [like] [this].",
            "Every word that you write must stand between [ and ].",
            "Write so that no word of yours is outside square brackets, with one pair of brackets \
             for each word.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => {
            check(|text| judge(text.raw(), |word| word.starts_with('[') && word.ends_with(']')))
        }
        Profile::Corrected => check(|text| judge(text.raw(), is_enclosed)),
    },
    demands: |_| {
        let draft = |turn: usize| {
            let words = nouns(turn).take(5 + 12 * turn).map(|word| format!("[{word}]"));
            words.collect::<Vec<String>>().join(" ")
        };
        Ok(vec![
            Demand::Count(Unit::Placeholders, Bound::at_least(1)),
            Demand::Draft((0..5).map(draft).collect()),
        ])
    },
    examples: &[
        Example { args: "{}", response: "[Bread] [and]\n[salt.]", satisfied: true },
        Example { args: "{}", response: "[Hello], [world]! — [Yes]", satisfied: true },
        Example { args: "{}", response: "[Bread] and [salt]", satisfied: false },
        Example { args: "{}", response: "[Bread and salt]", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "punctuation is no word that needs brackets",
            args: "{}",
            response: "[Hello], [world].",
            official: false,
        },
        Deviation {
            reason: "a word between two brackets that face away from it is not enclosed",
            args: "{}",
            response: "[Bread]and[salt]",
            official: true,
        },
    ],
};

fn judge(text: &str, enclosed: impl Fn(&str) -> bool) -> Verdict {
    let (mut total, mut good) = (0, 0);
    for word in split_whitespace(text) {
        total += 1;
        good += u64::from(enclosed(word));
    }
    Verdict::share(good, total, format!("{good} of {total} words are in square brackets"))
}

fn is_enclosed(word: &str) -> bool {
    let mut depth = 0_usize;
    for c in word.chars() {
        match c {
            '[' => depth += 1,
            ']' if depth == 0 => return false,
            ']' => depth -= 1,
            c if depth == 0 && c.is_alphanumeric() => return false,
            _ => {}
        }
    }
    depth == 0
}
