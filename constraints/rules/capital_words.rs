//! `change_case:capital_word_frequency`: how many words are in capitals (IFEval).

use serde_json::json;

use super::phrase::is_word;
use super::relation::{demanded, limit, texts};
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::profile::Profile;
use crate::python::strings::str_is_upper;
use crate::rule::{Deviation, Example, Rule, check};

pub(super) static RULE: Rule = Rule {
    id: "change_case:capital_word_frequency",
    about: "At least, or less than, so many words in all capitals. Official: NLTK's word tokens \
            with `str.isupper`, `I` and `A` and both halves of `DON'T` among them. Corrected: \
            words of two letters or more; hyphens, apostrophes and the dots of `U.S.` join.",
    schema: r#"{
        "properties": {
            "capital_frequency": {"type": "integer", "minimum": 0},
            "capital_relation": {"enum": ["less than", "at least"]}
        },
        "required": ["capital_frequency", "capital_relation"]
    }"#,
    texts: |args| texts(args, "capital_relation", AT_LEAST, LESS_THAN),
    sample: |draw| {
        let few = draw.coin();
        let n = if few { draw.between(2, 25) } else { draw.between(1, 25) };
        let relation = if few { "less than" } else { "at least" };
        args([("capital_frequency", json!(n)), ("capital_relation", json!(relation))])
    },
    compile: |args, profile| {
        let limit = limit(args, "capital_relation", "capital_frequency")?;
        const UNIT: &str = "words in capitals";
        match profile {
            Profile::Official => check(move |text| limit.judge(text.capital_words() as u64, UNIT)),
            Profile::Corrected => check(move |text| limit.judge(count(text.raw()), UNIT)),
        }
    },
    demands: |args| {
        let bound = demanded(args, "capital_relation", "capital_frequency")?;
        Ok(vec![Demand::Count(Unit::CapitalWords, bound)])
    },
    examples: EXAMPLES,
    deviations: &[
        Deviation {
            reason: "spelling, not emphasis, makes `I` and the `A` of a sentence's start capitals",
            args: r#"{"capital_frequency": 1, "capital_relation": "at least"}"#,
            response: "I think so.",
            official: true,
        },
        Deviation {
            reason: "a contraction is one word",
            args: r#"{"capital_frequency": 3, "capital_relation": "less than"}"#,
            response: "DON'T STOP now.",
            official: false,
        },
    ],
};

const AT_LEAST: &[&str] = &[
    "In your response, words in all capital letters should appear at least \
     {capital_frequency:time}.",
    "Write {capital_frequency:word} or more in all capitals.",
    "Use no fewer than {capital_frequency:word} in all capital letters.",
    "Your answer needs a minimum of {capital_frequency:word} written entirely in CAPITALS.",
];

const LESS_THAN: &[&str] = &[
    "In your response, words in all capital letters should appear less than \
     {capital_frequency:time}.",
    "Write fewer than {capital_frequency:word} in all capitals.",
    "Keep the number of words in all capital letters below {capital_frequency}.",
    "The count of words written entirely in CAPITALS must stay under {capital_frequency}.",
];

const EXAMPLES: &[Example] = &[
    Example {
        args: r#"{"capital_frequency": 2, "capital_relation": "at least"}"#,
        response: "STOP right THERE.",
        satisfied: true,
    },
    Example {
        args: r#"{"capital_frequency": 2, "capital_relation": "less than"}"#,
        response: "A WELL-KNOWN case.",
        satisfied: true,
    },
    Example {
        args: r#"{"capital_frequency": 2, "capital_relation": "at least"}"#,
        response: "Stop right THERE.",
        satisfied: false,
    },
    Example {
        args: r#"{"capital_frequency": 2, "capital_relation": "less than"}"#,
        response: "The U.S. and **NATO** agreed.",
        satisfied: false,
    },
];

/// Words of two letters or more in capitals.
fn count(text: &str) -> u64 {
    let words = text.split(|c: char| !is_word(c) && !matches!(c, '-' | '\'' | '’' | '.'));
    words.filter(|word| is_capital(word)).count() as u64
}

fn is_capital(word: &str) -> bool {
    let owner = word.trim_end_matches(['.', '\'', '’', '-']);
    let word = owner.strip_suffix("'s").or(owner.strip_suffix("’s")).unwrap_or(owner);
    str_is_upper(word) && word.chars().filter(|c| c.is_alphabetic()).nth(1).is_some()
}
