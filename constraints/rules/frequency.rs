//! `keywords:frequency`: how often one keyword occurs (IFEval).

use serde_json::json;

use super::pattern;
use super::phrase::Phrase;
use super::relation::{demanded, limit, texts};
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::pattern::Flags;
use crate::python::strings::strip;
use crate::rule::{Check, Deviation, Example, Rule, check};

pub(super) static RULE: Rule = Rule {
    id: "keywords:frequency",
    about: "The keyword occurs at least, or less than, so many times, without overlaps, whatever \
            its case. Official: a Python regular expression, also inside words. Corrected: as it \
            is written, as whole words.",
    schema: r#"{
        "properties": {
            "keyword": {"type": "string", "minLength": 1},
            "frequency": {"type": "integer", "minimum": 0},
            "relation": {"enum": ["less than", "at least"]}
        },
        "required": ["keyword", "frequency", "relation"]
    }"#,
    texts: |args| texts(args, "relation", AT_LEAST, LESS_THAN),
    sample: |draw| {
        let few = draw.coin();
        let n = if few { draw.between(2, 6) } else { draw.between(1, 6) };
        let relation = if few { "less than" } else { "at least" };
        args([
            ("keyword", json!(draw.noun())),
            ("frequency", json!(n)),
            ("relation", json!(relation)),
        ])
    },
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands: |args| {
        let bound = demanded(args, "relation", "frequency")?;
        Ok(vec![Demand::Mention(strip(args.text("keyword")?).to_owned(), bound)])
    },
    examples: EXAMPLES,
    deviations: &[
        Deviation {
            reason: "a keyword inside a longer word is not that keyword",
            args: r#"{"keyword": "hum", "frequency": 2, "relation": "less than"}"#,
            response: "The humming human can hum.",
            official: false,
        },
        Deviation {
            reason: "a keyword is text: its punctuation is no pattern",
            args: r#"{"keyword": "a.b", "frequency": 2, "relation": "at least"}"#,
            response: "Here a-b stands beside a.b in the table.",
            official: true,
        },
    ],
};

const AT_LEAST: &[&str] = &[
    "Use \"{keyword}\" at least {frequency:time} in your response.",
    "In your response, \"{keyword}\" should appear {frequency:time} or more.",
    "Your answer must contain \"{keyword}\" no fewer than {frequency:time}.",
    "Mention \"{keyword}\" a minimum of {frequency:time}.",
    "Let \"{keyword}\" occur at least {frequency:time} in the text.",
];

const LESS_THAN: &[&str] = &[
    "Use \"{keyword}\" fewer than {frequency:time} in your response.",
    "In your response, \"{keyword}\" should appear less than {frequency:time}.",
    "Your answer must contain \"{keyword}\" fewer than {frequency:time}.",
    "Keep the mentions of \"{keyword}\" below {frequency}.",
    "The number of times that \"{keyword}\" occurs must stay under {frequency}.",
];

const EXAMPLES: &[Example] = &[
    Example {
        args: r#"{"keyword": "tea", "frequency": 2, "relation": "at least"}"#,
        response: "Tea first. More tea later.",
        satisfied: true,
    },
    Example {
        args: r#"{"keyword": "tea", "frequency": 2, "relation": "less than"}"#,
        response: "One tea for the team.",
        satisfied: true,
    },
    Example {
        args: r#"{"keyword": "tea", "frequency": 2, "relation": "at least"}"#,
        response: "The team has tea.",
        satisfied: false,
    },
    Example {
        args: r#"{"keyword": "tea", "frequency": 2, "relation": "less than"}"#,
        response: "Tea, tea and tea.",
        satisfied: false,
    },
];

fn official(args: &Reader<'_>) -> Result<Check> {
    let limit = limit(args, "relation", "frequency")?;
    let keyword = strip(args.text("keyword")?);
    let search = pattern::prepare(args, "keyword", keyword, Flags::IGNORE_CASE)?;
    check(move |text| match search.pattern() {
        Ok(pattern) => limit.judge(pattern.count(text.raw()) as u64, "uses of the keyword"),
        Err(fault) => fault,
    })
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let limit = limit(args, "relation", "frequency")?;
    let phrase =
        Phrase::new(args.text("keyword")?).ok_or_else(|| args.fault("keyword", "is blank"))?;
    check(move |text| limit.judge(phrase.count(text.lower()), "uses of the keyword"))
}
