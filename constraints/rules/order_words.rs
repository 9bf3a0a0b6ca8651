//! `order:words`: words that first occur in a given order.

use serde_json::json;

use super::wording::{is_one_word, quote, same_lower, words};
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::python::strings;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static WORDS: Rule = Rule {
    id: "order:words",
    about: "Each word occurs as a whole word in any case, and their first occurrences come in the \
            order given. The degree is the share of words that occur after all before them.",
    schema: r#"{"properties": {
        "words": {"type": "array", "minItems": 2, "maxItems": 4, "uniqueItems": true,
                  "items": {"type": "string", "minLength": 1, "maxLength": 40}}
    }, "required": ["words"]}"#,
    texts: |_| {
        Ok(&[
            "Mention the words {words}, and let their first mentions come in this order.",
            "Use the words {words} so that each first appears after the one before it.",
            "Your response must contain {words}, first occurring in exactly this order.",
            "Introduce the words {words} in the order in which they are listed here.",
        ])
    },
    sample: |draw| {
        let n = draw.between(2, 4) as usize;
        args([("words", json!(draw.nouns(n)))])
    },
    compile: |args, _| {
        let wanted = wanted(args)?;
        check(move |text| ordered(text.lower(), &wanted))
    },
    demands: |args| {
        wanted(args)?;
        let words = args.texts("words")?;
        Ok(vec![Demand::Order(words.into_iter().map(str::to_owned).collect())])
    },
    examples: &[
        Example {
            args: r#"{"words": ["flour", "oven"]}"#,
            response: "Flour and water meet. The oven waits for the flour.",
            satisfied: true,
        },
        Example {
            args: r#"{"words": ["flour", "oven", "bread"]}"#,
            response: "FLOUR, oven, bread",
            satisfied: true,
        },
        Example {
            args: r#"{"words": ["flour", "oven"]}"#,
            response: "The oven waits for the flour and the oven.",
            satisfied: false,
        },
        Example {
            args: r#"{"words": ["flour", "oven"]}"#,
            response: "Flour goes into ovens.",
            satisfied: false,
        },
    ],
    deviations: &[],
};

/// The words in lower case.
fn wanted(args: &Reader<'_>) -> Result<Vec<String>> {
    let mut wanted: Vec<String> = Vec::new();
    for word in args.texts("words")? {
        let lower = strings::lower(word).into_owned();
        if !is_one_word(&lower) {
            return Err(args.fault("words", format!("holds {}: not one word", quote(word))));
        }
        if wanted.iter().any(|known| same_lower(known, &lower)) {
            return Err(args.fault("words", format!("holds {} twice", quote(word))));
        }
        wanted.push(lower);
    }
    Ok(wanted)
}

fn ordered(lower: &str, wanted: &[String]) -> Verdict {
    let mut first: Vec<Option<usize>> = vec![None; wanted.len()];
    for (at, word) in words(lower).enumerate() {
        if let Some(slot) = wanted.iter().position(|wanted| same_lower(word, wanted)) {
            first[slot].get_or_insert(at);
        }
    }
    let mut latest = 0;
    let mut good = 0;
    for at in first.iter().flatten() {
        good += u64::from(*at >= latest);
        latest = latest.max(*at);
    }
    let missing = first.iter().position(Option::is_none);
    let total = wanted.len() as u64;
    let note = match missing {
        Some(slot) => format!("{good} of {total} words in order: {:?} is missing", wanted[slot]),
        None => format!("{good} of {total} words in order"),
    };
    Verdict::share(good, total, note)
}
