//! `count:keywords_multiple`: five keywords, each so many times (IFBench).

use serde_json::json;

use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::{Draw, args};
use crate::error::Result;
use crate::profile::Profile;
use crate::python::strings::{lower, strip};
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::rules::phrase::Phrase;
use crate::text::Text;
use crate::verdict::Verdict;

/// The keys and how often their keywords must occur.
const KEYS: [(&str, u64); 5] =
    [("keyword1", 1), ("keyword2", 2), ("keyword3", 3), ("keyword4", 5), ("keyword5", 7)];

pub(super) static RULE: Rule = Rule {
    id: "count:keywords_multiple",
    about: "The five keywords occur exactly 1, 2, 3, 5 and 7 times, without overlaps, whatever \
            their case. Official: as substrings, also inside words. Corrected: as whole words \
            (IFBench).",
    schema: r#"{
        "properties": {
            "keyword1": {"type": "string"},
            "keyword2": {"type": "string"},
            "keyword3": {"type": "string"},
            "keyword4": {"type": "string"},
            "keyword5": {"type": "string"}
        },
        "required": ["keyword1", "keyword2", "keyword3", "keyword4", "keyword5"]
    }"#,
    texts: |_| {
        Ok(&[
            "Use the word \"{keyword1}\" once, \"{keyword2}\" twice, \"{keyword3}\" three times, \
             \"{keyword4}\" five times and \"{keyword5}\" seven times.",
            "In your response, mention \"{keyword1}\" exactly once, \"{keyword2}\" exactly twice, \
             \"{keyword3}\" exactly three times, \"{keyword4}\" exactly five times and \
             \"{keyword5}\" exactly seven times.",
            "Your answer must hold these words so many times, no more and no fewer: \
             \"{keyword1}\" 1, \"{keyword2}\" 2, \"{keyword3}\" 3, \"{keyword4}\" 5, \
             \"{keyword5}\" 7.",
            "Let \"{keyword5}\" occur seven times in the text, \"{keyword4}\" five times, \
             \"{keyword3}\" three times, \"{keyword2}\" twice and \"{keyword1}\" a single time.",
        ])
    },
    sample: |draw| {
        let words = apart(draw);
        args([0, 1, 2, 3, 4].map(|at| (KEYS[at].0, json!(words[at]))))
    },
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands: |args| {
        let demand = |(key, n): (&str, u64)| -> Result<Demand> {
            Ok(Demand::Mention(strip(args.text(key)?).to_owned(), Bound::exactly(n)))
        };
        KEYS.into_iter().map(demand).collect()
    },
    examples: &[
        Example {
            args: FRUIT,
            response: "Fig, nut nut; PEA pea pea! rye rye rye rye rye oat oat \
                                          oat oat oat oat oat-meal",
            satisfied: true,
        },
        Example {
            args: FRUIT,
            response: "Nut fig nut, pea. Rye pea rye pea rye rye rye. Oat oat \
                                          oat; oat? Oat, oat, oat.",
            satisfied: true,
        },
        Example {
            args: FRUIT,
            response: "Fig, nut nut, pea pea pea, rye rye rye rye rye, oat oat \
                                          oat oat oat oat.",
            satisfied: false,
        },
        Example { args: FRUIT, response: "Fig, nut, pea, rye and oat.", satisfied: false },
    ],
    deviations: &[Deviation {
        reason: "a keyword inside a longer word is not that keyword",
        args: FRUIT,
        response: "A figure of a fig: nut nut, pea pea pea, rye rye rye rye rye, oat oat oat oat \
                   oat oat oat.",
        official: false,
    }],
};

const FRUIT: &str = r#"{"keyword1": "fig", "keyword2": "nut", "keyword3": "pea",
    "keyword4": "rye", "keyword5": "oat"}"#;

/// Five nouns, none of which is inside another.
fn apart(draw: &mut Draw<'_>) -> Vec<&'static str> {
    let mut words: Vec<&'static str> = Vec::with_capacity(KEYS.len());
    while words.len() < KEYS.len() {
        let noun = draw.noun();
        if !words.iter().any(|word| word.contains(noun) || noun.contains(word)) {
            words.push(noun);
        }
    }
    words
}

/// How near the counts come, and the first keyword whose count is wrong.
fn judge<K>(
    keywords: &[(String, u64, K)],
    text: &Text<'_>,
    count: impl Fn(&K, &Text<'_>) -> u64,
) -> Verdict {
    let mut wrong = None;
    let mut degree = 0.0;
    for (keyword, n, key) in keywords {
        let found = count(key, text);
        let near = Bound::exactly(*n).degree(found);
        degree += near / keywords.len() as f32;
        if near < 1.0 && wrong.is_none() {
            wrong = Some(format!("{keyword:?} occurs {found} times, asked for {n}"));
        }
    }
    match wrong {
        None => Verdict::pass("each keyword occurs as often as asked"),
        Some(note) => Verdict { degree: degree.min(0.99), ..Verdict::fail(note) },
    }
}

fn official(args: &Reader<'_>) -> Result<Check> {
    let mut keywords = Vec::with_capacity(KEYS.len());
    for (key, n) in KEYS {
        let keyword = strip(args.text(key)?);
        keywords.push((keyword.to_owned(), n, lower(keyword).into_owned()));
    }
    check(move |text| judge(&keywords, text, |keyword, text| occurrences(text.lower(), keyword)))
}

/// `text.count(keyword)`: the empty keyword is between all characters.
fn occurrences(text: &str, keyword: &str) -> u64 {
    let found = match keyword.is_empty() {
        true => text.chars().count() + 1,
        false => memchr::memmem::find_iter(text.as_bytes(), keyword.as_bytes()).count(),
    };
    found as u64
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let mut keywords = Vec::with_capacity(KEYS.len());
    for (key, n) in KEYS {
        let keyword = args.text(key)?;
        let phrase = Phrase::new(keyword).ok_or_else(|| args.fault(key, "is blank"))?;
        keywords.push((keyword.to_owned(), n, phrase));
    }
    check(move |text| judge(&keywords, text, |phrase, text| phrase.count(text.lower())))
}
