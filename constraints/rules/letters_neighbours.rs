//! `letters:no_neighbour_initials`: no two words in a row start alike.

use super::wording::{initial, words};
use crate::args::Args;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "letters:no_neighbour_initials",
    about: "No word starts with the letter that the word before it starts with, in any case and \
            across sentences and lines. Words that start with a digit are not compared.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "No two consecutive words may start with the same letter.",
            "Every word must start with a different letter than the word right before it.",
            "Avoid any two neighbouring words with the same first letter in your response.",
            "Never let two words in a row begin with the same letter.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| {
        check(|text| {
            let mut before = None;
            let mut found = 0;
            for word in words(text.lower()) {
                let first = initial(word);
                found += u64::from(first.is_some() && first == before);
                before = first;
            }
            Verdict::count(found, Bound::NONE, "neighbouring words with the same first letter")
        })
    },
    demands: |_| Ok(vec![Demand::NoNeighbourInitials]),
    examples: &[
        Example { args: "{}", response: "Bakers love old bread. 10 12 ovens.", satisfied: true },
        Example { args: "{}", response: "Big, round loaves", satisfied: true },
        Example { args: "{}", response: "Bakers Bake bread.", satisfied: false },
        Example { args: "{}", response: "We eat.\n\nEvery day.", satisfied: false },
    ],
    deviations: &[],
};
