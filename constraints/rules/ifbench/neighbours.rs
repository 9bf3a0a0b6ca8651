//! `words:no_consecutive`: no two words in a row start alike (IFBench).

use super::bare::{bare, cores, initial};
use crate::args::Args;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::strings::split_whitespace;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "words:no_consecutive",
    about: "No word starts with the letter that the word before it starts with, in any case. \
            Words stand between white space. Official: they start with whatever is no ASCII \
            punctuation. Corrected: marks alone are no words, and only letters are compared \
            (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Two words in a row must never begin with the same letter.",
            "No word of your response may share its first letter with the word before it.",
            "Choose your words so that neighbours always have different initials.",
            "Avoid consecutive words that start with one and the same letter.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(|text| {
            let bare = bare(text.lower());
            judge(split_whitespace(&bare).map(|word| word.chars().next()))
        }),
        Profile::Corrected => check(|text| judge(cores(text.lower()).map(initial))),
    },
    demands: |_| Ok(vec![Demand::NoNeighbourInitials]),
    examples: &[
        Example { args: "{}", response: "Bakers love well-known bread. 10 12", satisfied: true },
        Example { args: "{}", response: "Tea - tastes fine.", satisfied: false },
        Example { args: "{}", response: "Bakers Bake bread.", satisfied: false },
        Example { args: "{}", response: "We eat.\n\n“Every” day.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "digits are no letters",
            args: "{}",
            response: "We need 10 12 cm boards.",
            official: false,
        },
        Deviation {
            reason: "a curly quotation mark is no letter",
            args: "{}",
            response: "We eat “every” day.",
            official: true,
        },
    ],
};

/// Counts the neighbours with the same first character; `None` is like no other.
fn judge(firsts: impl Iterator<Item = Option<char>>) -> Verdict {
    let mut before = None;
    let mut found = 0;
    for first in firsts {
        found += u64::from(first.is_some() && first == before);
        before = first;
    }
    Verdict::count(found, Bound::NONE, "neighbouring words with the same first letter")
}
