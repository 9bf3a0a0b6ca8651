//! `keywords:existence`: every keyword occurs (IFEval).

use serde_json::json;

use super::pattern::{self, Search};
use super::phrase::Phrase;
use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::pattern::Flags;
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::verdict::Verdict;

const KEY: &str = "keywords";

pub(super) static RULE: Rule = Rule {
    id: "keywords:existence",
    about: "Every keyword occurs, whatever its case. Official: each is searched as a Python \
            regular expression, also inside words; a pattern that Python refuses is an error \
            unless a keyword sorted before it is missing. Corrected: as it is written, as whole \
            words.",
    schema: r#"{
        "properties": {
            "keywords": {"type": "array", "items": {"type": "string"}, "minItems": 1}
        },
        "required": ["keywords"]
    }"#,
    texts: |_| {
        Ok(&[
            "Include each of these keywords in your response: {keywords}.",
            "Your response has to mention {keywords}.",
            "Make sure that {keywords} can be found in your answer.",
            "Work the following into what you write, leaving none out: {keywords}.",
            "Somewhere in your answer, use {keywords}.",
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
        let mention = |k: &str| Demand::Mention(k.to_owned(), Bound::at_least(1));
        Ok(args.texts(KEY)?.into_iter().map(mention).collect())
    },
    examples: &[
        Example {
            args: r#"{"keywords": ["river", "stone bridge"]}"#,
            response: "A Stone Bridge spans the river.",
            satisfied: true,
        },
        Example { args: r#"{"keywords": ["art"]}"#, response: "Art, then.", satisfied: true },
        Example {
            args: r#"{"keywords": ["river", "bridge"]}"#,
            response: "The river is wide.",
            satisfied: false,
        },
        Example { args: r#"{"keywords": ["art"]}"#, response: "We start.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a keyword inside a longer word is not that keyword",
            args: r#"{"keywords": ["art"]}"#,
            response: "We start now.",
            official: true,
        },
        Deviation {
            reason: "a keyword is text: its punctuation is no pattern",
            args: r#"{"keywords": ["$100"]}"#,
            response: "It costs $100 today.",
            official: false,
        },
    ],
};

fn official(args: &Reader<'_>) -> Result<Check> {
    let mut keywords = args.texts(KEY)?;
    keywords.sort_unstable();
    let searches: Result<Vec<(String, Search)>> = keywords
        .into_iter()
        .map(|k| Ok((k.to_owned(), pattern::prepare(args, KEY, k, Flags::IGNORE_CASE)?)))
        .collect();
    let searches = searches?;
    check(move |text| {
        for (found, (keyword, search)) in searches.iter().enumerate() {
            match search.pattern() {
                Ok(pattern) if pattern.is_match(text.raw()) => {}
                Ok(_) => return missing(found, searches.len(), keyword),
                Err(fault) => return fault,
            }
        }
        Verdict::pass("every keyword occurs")
    })
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let phrases: Result<Vec<(String, Phrase)>> = args
        .texts(KEY)?
        .into_iter()
        .map(|k| match Phrase::new(k) {
            Some(phrase) => Ok((k.to_owned(), phrase)),
            None => Err(args.fault(KEY, "holds a blank keyword")),
        })
        .collect();
    let phrases = phrases?;
    check(move |text| {
        let lowered = text.lower();
        let absent: Vec<&str> =
            phrases.iter().filter(|(_, p)| !p.is_in(lowered)).map(|(k, _)| k.as_str()).collect();
        match absent.first() {
            None => Verdict::pass("every keyword occurs"),
            Some(keyword) => missing(phrases.len() - absent.len(), phrases.len(), keyword),
        }
    })
}

fn missing(found: usize, total: usize, keyword: &str) -> Verdict {
    Verdict::share(found as u64, total as u64, format!("keyword {keyword:?} is missing"))
}
