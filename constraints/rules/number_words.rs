//! `length_constraints:number_words`: how many words (IFEval).

use serde_json::json;

use super::phrase::is_word;
use super::relation::{demanded, limit, texts};
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::profile::Profile;
use crate::rule::{Deviation, Example, Rule, check};

pub(super) static RULE: Rule = Rule {
    id: "length_constraints:number_words",
    about: "At least, or less than, so many words. Official: runs of Python's `\\w`. Corrected: \
            combining marks belong to the word and an apostrophe between letters does not end it; \
            parts of hyphenated words count one by one in both.",
    schema: r#"{
        "properties": {
            "num_words": {"type": "integer", "minimum": 0},
            "relation": {"enum": ["less than", "at least"]}
        },
        "required": ["num_words", "relation"]
    }"#,
    texts: |args| texts(args, "relation", AT_LEAST, LESS_THAN),
    sample: |draw| {
        let few = draw.coin();
        let n = if draw.coin() { draw.between(20, 200) } else { draw.between(20, 800) };
        let relation = if few { "less than" } else { "at least" };
        args([("num_words", json!(n)), ("relation", json!(relation))])
    },
    compile: |args, profile| {
        let limit = limit(args, "relation", "num_words")?;
        match profile {
            Profile::Official => check(move |text| limit.judge(text.word_count() as u64, "words")),
            Profile::Corrected => check(move |text| limit.judge(count(text.raw()), "words")),
        }
    },
    demands: |args| Ok(vec![Demand::Count(Unit::Words, demanded(args, "relation", "num_words")?)]),
    examples: &[
        Example {
            args: r#"{"num_words": 3, "relation": "at least"}"#,
            response: "Birds don't wait.",
            satisfied: true,
        },
        Example {
            args: r#"{"num_words": 3, "relation": "less than"}"#,
            response: "Well done!",
            satisfied: true,
        },
        Example {
            args: r#"{"num_words": 3, "relation": "at least"}"#,
            response: "It's late.",
            satisfied: false,
        },
        Example {
            args: r#"{"num_words": 3, "relation": "less than"}"#,
            response: "Three short words",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "a contraction is one word",
            args: r#"{"num_words": 4, "relation": "less than"}"#,
            response: "I don't know.",
            official: false,
        },
        Deviation {
            reason: "a combining mark does not end a word",
            args: r#"{"num_words": 3, "relation": "at least"}"#,
            response: "हिन्दी भाषा",
            official: true,
        },
    ],
};

const AT_LEAST: &[&str] = &[
    "Answer with at least {num_words:word}.",
    "Your response should be {num_words:word} or longer.",
    "Write no fewer than {num_words:word}.",
    "Use a minimum of {num_words:word} in your answer.",
    "Make your response at least {num_words:word} long.",
];

const LESS_THAN: &[&str] = &[
    "Answer with less than {num_words:word}.",
    "Your response should be shorter than {num_words:word}.",
    "Write fewer than {num_words:word}.",
    "Keep the word count of your answer below {num_words}.",
    "Stay under {num_words:word}.",
];

/// Runs of letters, marks, digits and connectors; an apostrophe between two of them joins them.
fn count(text: &str) -> u64 {
    let mut words = 0;
    let mut inside = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if is_word(c) {
            words += u64::from(!inside);
            inside = true;
        } else {
            let joined = matches!(c, '\'' | '’') && chars.peek().is_some_and(|next| is_word(*next));
            inside = inside && joined;
        }
    }
    words
}
