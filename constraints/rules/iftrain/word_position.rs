//! `keywords:keyword_specific_position`: a keyword as the mth word of the nth sentence
//! (open-instruct).

use serde_json::json;

use super::drafts::{capital, is_word, nouns, sentence};
use super::edge::word;
use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::language::marked_sentences;
use crate::language::tokenize::word_tokenize;
use crate::profile::Profile;
use crate::python::strings::lower;
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::rules::wording::{quote, same_word, sentences, words};
use crate::verdict::Verdict;

const KEY: &str = "keyword";

pub(super) static RULE: Rule = Rule {
    id: "keywords:keyword_specific_position",
    about: "The mth word of the nth sentence (both from 1) is the keyword. Official: IFEval's \
            sentences and NLTK's tokens, punctuation included, by exact spelling. Corrected: \
            Punkt's sentences, line breaks end one too, words alone, in any case (open-instruct). \
            Of a list of keywords the first counts.",
    schema: r#"{
        "properties": {
            "keyword": {
                "type": ["string", "array"],
                "minLength": 1,
                "items": {"type": "string"},
                "minItems": 1
            },
            "n": {"type": "integer", "minimum": 1, "maximum": 1000},
            "m": {"type": "integer", "minimum": 1, "maximum": 1000}
        },
        "required": ["keyword", "n", "m"]
    }"#,
    texts: |_| {
        Ok(&[
            "Include the keyword \"{keyword}\" in the {n#} sentence, as the {m#} word of that \
             sentence.",
            "The {m#} word of your {n#} sentence must be \"{keyword}\".",
            "Place \"{keyword}\" so that it is the {m#} word of the {n#} sentence.",
            "In sentence {n} of your response, word number {m} has to be \"{keyword}\".",
        ])
    },
    sample: |draw| {
        let (n, m) = (draw.between(1, 8), draw.between(1, 12));
        args([(KEY, json!(draw.noun())), ("n", json!(n)), ("m", json!(m))])
    },
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands,
    examples: &[
        Example {
            args: r#"{"keyword": "salt", "n": 2, "m": 3}"#,
            response: "We bake. It needs salt.",
            satisfied: true,
        },
        Example {
            args: r#"{"keyword": ["don't"], "n": 1, "m": 2}"#,
            response: "\"We don't!\"",
            satisfied: true,
        },
        Example {
            args: r#"{"keyword": "salt", "n": 2, "m": 3}"#,
            response: "It needs salt. We bake.",
            satisfied: false,
        },
        Example {
            args: r#"{"keyword": "salt", "n": 2, "m": 3}"#,
            response: "It needs salt.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "a comma is no word",
            args: r#"{"keyword": "salt", "n": 1, "m": 2}"#,
            response: "Well, salt it.",
            official: false,
        },
        Deviation {
            reason: "the capital of a sentence's first word does not make another word",
            args: r#"{"keyword": "salt", "n": 1, "m": 1}"#,
            response: "Salt helps.",
            official: false,
        },
        Deviation {
            reason: "what punctuation moves to the place is not there by the words",
            args: r#"{"keyword": "salt", "n": 1, "m": 3}"#,
            response: "Well, salt it.",
            official: true,
        },
    ],
};

/// The places in the sentence and in the text, from 1.
fn places(args: &Reader<'_>) -> Result<(u64, u64)> {
    let (n, m) = (args.count("n")?, args.count("m")?);
    for (key, place) in [("n", n), ("m", m)] {
        if place == 0 {
            return Err(args.fault(key, "is below 1"));
        }
    }
    Ok((n, m))
}

fn missing(found: usize, n: u64) -> Verdict {
    Verdict::count(found as u64, Bound::at_least(n), "sentences")
}

fn judge(found: Option<&str>, right: bool) -> Verdict {
    match found {
        _ if right => Verdict::pass("the word in that place is the keyword"),
        Some(found) => Verdict::share(1, 2, format!("the word in that place is {}", quote(found))),
        None => Verdict::share(1, 2, "the sentence has fewer words"),
    }
}

fn official(args: &Reader<'_>) -> Result<Check> {
    let keyword = word(args, KEY)?.to_owned();
    let (n, m) = places(args)?;
    check(move |text| {
        let sentences = marked_sentences::split(text.raw());
        let Some(sentence) = sentences.get(n as usize - 1) else {
            return missing(sentences.len(), n);
        };
        let tokens = word_tokenize(sentence);
        let found = tokens.get(m as usize - 1);
        judge(found, found == Some(&keyword))
    })
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let keyword = lower(word(args, KEY)?).into_owned();
    if !is_word(&keyword) {
        return Err(args.fault(KEY, "is not one single word"));
    }
    let (n, m) = places(args)?;
    check(move |text| {
        let Some(sentence) = sentences(text).nth(n as usize - 1) else {
            return missing(sentences(text).count(), n);
        };
        let found = words(sentence).nth(m as usize - 1);
        judge(found, found.is_some_and(|found| same_word(found, &keyword)))
    })
}

fn demands(args: &Reader<'_>) -> Result<Vec<Demand>> {
    let keyword = word(args, KEY)?;
    let (n, m) = places(args)?;
    let draft = |turn: usize| {
        let mut words = nouns(turn).filter(|noun| *noun != keyword);
        let mut list: Vec<String> =
            (1..n.min(1000)).map(|_| sentence(words.by_ref(), 4 + turn)).collect();
        let mut last: Vec<&str> = words.by_ref().take(m.min(1000) as usize - 1).collect();
        last.push(keyword);
        for word in words.by_ref().take(2) {
            last.push(word);
        }
        // The keyword keeps its spelling where it comes first.
        let text = format!("{}.", last.join(" "));
        list.push(if m == 1 { text } else { capital(&text) });
        list.join(" ")
    };
    let mut demands = vec![Demand::Mention(keyword.to_owned(), Bound::at_least(1))];
    if m == 1 {
        demands.push(Demand::SentenceStart(n, keyword.to_owned()));
    }
    demands.push(Demand::Draft((0..4).map(draft).collect()));
    Ok(demands)
}
