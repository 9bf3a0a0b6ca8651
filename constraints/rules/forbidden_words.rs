//! `keywords:forbidden_words`: none of the words occurs (IFEval).

use serde_json::json;

use super::pattern::{self, Search};
use super::phrase::Phrase;
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::pattern::Flags;
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::verdict::Verdict;

const KEY: &str = "forbidden_words";

pub(super) static RULE: Rule = Rule {
    id: "keywords:forbidden_words",
    about: "None of the words or phrases occurs as a whole, whatever its case. Official: each is a \
            Python regular expression between two `\\b`; a pattern that Python refuses is an error \
            unless a word sorted before it occurs. Corrected: each is looked for as it is written.",
    schema: r#"{
        "properties": {
            "forbidden_words": {"type": "array", "items": {"type": "string"}, "minItems": 1}
        },
        "required": ["forbidden_words"]
    }"#,
    texts: |_| {
        Ok(&[
            "Do not use any of the following in your response: {forbidden_words}.",
            "Keep your answer free of {forbidden_words}.",
            "The following must not appear anywhere in your response: {forbidden_words}.",
            "Write your answer while avoiding {forbidden_words} entirely.",
            "Leave out every one of these: {forbidden_words}.",
        ])
    },
    sample: |draw| {
        let n = draw.between(1, 4) as usize;
        args([(KEY, json!(draw.nouns(n)))])
    },
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands: |args| {
        Ok(args.texts(KEY)?.into_iter().map(|word| Demand::AvoidWord(word.to_owned())).collect())
    },
    examples: &[
        Example {
            args: r#"{"forbidden_words": ["rain", "sun"]}"#,
            response: "A rainy Sunday.",
            satisfied: true,
        },
        Example {
            args: r#"{"forbidden_words": ["old oak"]}"#,
            response: "An old, old tree.",
            satisfied: true,
        },
        Example {
            args: r#"{"forbidden_words": ["rain", "sun"]}"#,
            response: "After the RAIN.",
            satisfied: false,
        },
        Example {
            args: r#"{"forbidden_words": ["C++"]}"#,
            response: "It is written in C++.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "a word that ends in punctuation is found where no letter follows it",
            args: r#"{"forbidden_words": ["U.S."]}"#,
            response: "They left the U.S.",
            official: true,
        },
        Deviation {
            reason: "a word is text: its punctuation is no pattern",
            args: r#"{"forbidden_words": ["a.b"]}"#,
            response: "We write a-b here.",
            official: false,
        },
        Deviation {
            reason: "a vowel sign belongs to the word that it stands in",
            args: r#"{"forbidden_words": ["क"]}"#,
            response: "यह कि वह",
            official: false,
        },
    ],
};

fn official(args: &Reader<'_>) -> Result<Check> {
    let mut words = args.texts(KEY)?;
    words.sort_unstable();
    words.dedup();
    let searches: Result<Vec<(String, Search)>> = words
        .into_iter()
        .map(|word| {
            let pattern = format!(r"\b{word}\b");
            Ok((word.to_owned(), pattern::prepare(args, KEY, &pattern, Flags::IGNORE_CASE)?))
        })
        .collect();
    let searches = searches?;
    check(move |text| {
        for (word, search) in &searches {
            match search.pattern() {
                Ok(pattern) if pattern.is_match(text.raw()) => return found(word),
                Ok(_) => {}
                Err(fault) => return fault,
            }
        }
        Verdict::pass("no forbidden word occurs")
    })
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let phrases: Result<Vec<(String, Phrase)>> = args
        .texts(KEY)?
        .into_iter()
        .map(|word| match Phrase::new(word) {
            Some(phrase) => Ok((word.to_owned(), phrase)),
            None => Err(args.fault(KEY, "holds a blank word")),
        })
        .collect();
    let phrases = phrases?;
    check(move |text| match phrases.iter().find(|(_, phrase)| phrase.is_in(text.lower())) {
        Some((word, _)) => found(word),
        None => Verdict::pass("no forbidden word occurs"),
    })
}

fn found(word: &str) -> Verdict {
    Verdict::fail(format!("forbidden word {word:?} occurs"))
}
