//! `count:conjunctions`: how many coordinating conjunctions are used (IFBench).

use std::collections::HashSet;

use serde_json::json;

use super::bare::{cores, is_edge};
use super::draft::drafts;
use crate::bound::Bound;
use crate::draw::args;
use crate::profile::Profile;
use crate::python::strings::{lower, split_whitespace};
use crate::rule::{Deviation, Example, Rule, check};
use crate::text::Text;
use crate::verdict::Verdict;

/// The coordinating conjunctions, each with two sentences that use it and no other.
const CONJUNCTIONS: [(&str, [&str; 2]); 7] = [
    ("and", ["The wind rose and the rain began.", "Bread and salt stood on the table."]),
    ("but", ["The road was steep but short.", "They searched long but found nothing."]),
    ("or", ["Take the bus or walk.", "It rains or snows there in March."]),
    ("so", ["The shop was shut, so we left.", "It was late, so they went home."]),
    ("yet", ["The house is old yet warm.", "She was tired yet happy."]),
    ("nor", ["He neither ate nor slept.", "It is neither cheap nor good."]),
    ("for", ["They stayed inside, for it was cold.", "We waited, for the train was late."]),
];

pub(super) static RULE: Rule = Rule {
    id: "count:conjunctions",
    about: "At least `small_n` different coordinating conjunctions (and, but, for, nor, or, so, \
            yet) among the words between white space. Official: spellings with another case or \
            other marks around them are different ones. Corrected: they are not (IFBench).",
    schema: r#"{
        "properties": {"small_n": {"type": "integer", "minimum": 0, "maximum": 1000}},
        "required": ["small_n"]
    }"#,
    texts: |_| {
        Ok(&[
            "Use at least {small_n:different coordinating conjunction} in your response.",
            "Your answer must contain no fewer than {small_n} of the coordinating conjunctions \
             for, and, nor, but, or, yet and so.",
            "Join your thoughts with {small_n} or more distinct coordinating conjunctions (for, \
             and, nor, but, or, yet, so).",
            "Of the seven coordinating conjunctions, work at least {small_n} into your response.",
        ])
    },
    sample: |draw| args([("small_n", json!(draw.between(2, 7)))]),
    compile: |args, profile| {
        let bound = Bound::at_least(args.count("small_n")?);
        let count = match profile {
            Profile::Official => spellings,
            Profile::Corrected => conjunctions,
        };
        check(move |text| {
            Verdict::count(count(text) as u64, bound, "different coordinating conjunctions")
        })
    },
    demands: |args| {
        let n = args.count("small_n")?.max(1) as usize;
        if n > CONJUNCTIONS.len() {
            return Err(args.fault("small_n", "is above the seven conjunctions that there are"));
        }
        Ok(vec![drafts(|variant| {
            let chosen = CONJUNCTIONS.iter().cycle().skip(variant * 3).take(n);
            let sentences: Vec<&str> = chosen.map(|(_, two)| two[variant % 2]).collect();
            sentences.join(" ")
        })])
    },
    examples: &[
        Example { args: r#"{"small_n": 2}"#, response: "Tea and bread. Or salt?", satisfied: true },
        Example { args: r#"{"small_n": 1}"#, response: "Salt (but no tea).", satisfied: true },
        Example { args: r#"{"small_n": 2}"#, response: "And tea and salt.", satisfied: false },
        Example { args: r#"{"small_n": 1}"#, response: "Some and/or none.", satisfied: false },
    ],
    deviations: &[Deviation {
        reason: "one conjunction in several spellings is one",
        args: r#"{"small_n": 3}"#,
        response: "And tea and, well, AND salt, and.",
        official: true,
    }],
};

fn is_conjunction(word: &str) -> bool {
    CONJUNCTIONS.iter().any(|(conjunction, _)| *conjunction == word)
}

/// The tokens that are a conjunction, those that are spelled alike once.
fn spellings(text: &Text<'_>) -> usize {
    let tokens = split_whitespace(text.raw());
    let wanted = |token: &&str| is_conjunction(&lower(token.trim_matches(is_edge)));
    tokens.filter(wanted).collect::<HashSet<_>>().len()
}

fn conjunctions(text: &Text<'_>) -> usize {
    cores(text.lower()).filter(|word| is_conjunction(word)).collect::<HashSet<_>>().len()
}
