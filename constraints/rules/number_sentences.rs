//! `length_constraints:number_sentences`: how many sentences (IFEval).

use serde_json::json;

use super::relation::{demanded, limit, texts};
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::rule::{Example, Rule, check};

pub(super) static RULE: Rule = Rule {
    id: "length_constraints:number_sentences",
    about: "At least, or less than, so many sentences, as NLTK's English Punkt model cuts the \
            whole response; a line break alone ends no sentence.",
    schema: r#"{
        "properties": {
            "num_sentences": {"type": "integer", "minimum": 0},
            "relation": {"enum": ["less than", "at least"]}
        },
        "required": ["num_sentences", "relation"]
    }"#,
    texts: |args| texts(args, "relation", AT_LEAST, LESS_THAN),
    sample: |draw| {
        let few = draw.coin();
        let relation = if few { "less than" } else { "at least" };
        let n = if few { draw.between(3, 40) } else { draw.between(2, 40) };
        args([("num_sentences", json!(n)), ("relation", json!(relation))])
    },
    compile: |args, _| {
        let limit = limit(args, "relation", "num_sentences")?;
        check(move |text| limit.judge(text.sentences().len() as u64, "sentences"))
    },
    demands: |args| {
        Ok(vec![Demand::Count(Unit::Sentences, demanded(args, "relation", "num_sentences")?)])
    },
    examples: &[
        Example {
            args: r#"{"num_sentences": 2, "relation": "at least"}"#,
            response: "Dr. Lee waited. Nobody came.",
            satisfied: true,
        },
        Example {
            args: r#"{"num_sentences": 3, "relation": "less than"}"#,
            response: "It rained. We stayed in.",
            satisfied: true,
        },
        Example {
            args: r#"{"num_sentences": 2, "relation": "at least"}"#,
            response: "Dr. Lee waited for Mr. Smith.",
            satisfied: false,
        },
        Example {
            args: r#"{"num_sentences": 2, "relation": "less than"}"#,
            response: "Was it you? It was.",
            satisfied: false,
        },
    ],
    deviations: &[],
};

const AT_LEAST: &[&str] = &[
    "Your response should contain at least {num_sentences:sentence}.",
    "Write {num_sentences:sentence} or more.",
    "Use no fewer than {num_sentences:sentence} in your answer.",
    "Your answer needs a minimum of {num_sentences:sentence}.",
    "Reply in at least {num_sentences:sentence}.",
];

const LESS_THAN: &[&str] = &[
    "Your response should contain less than {num_sentences:sentence}.",
    "Write fewer than {num_sentences:sentence}.",
    "Keep the number of sentences in your answer below {num_sentences}.",
    "Your answer has to stay under {num_sentences:sentence}.",
    "Reply in fewer than {num_sentences:sentence}.",
];
