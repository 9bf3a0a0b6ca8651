//! The closed set of rules: lookup by id, nearest names, argument schemas.

use std::sync::{LazyLock, OnceLock};

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Value, json};

use crate::args::Args;
use crate::error::{Error, ErrorKind, Result};
use crate::rule::Rule;
use crate::rules::{self, ifbench, iftrain};

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// IFEval's rules and our own.
    Core,
    /// What IFBench's authors train on.
    IfTrain,
    /// IFBench: a test of constraints that were never trained on.
    IfBench,
}

impl Origin {
    /// The name by which recipes take all rules of one origin.
    pub const fn name(self) -> &'static str {
        match self {
            Origin::Core => "@core",
            Origin::IfTrain => "@iftrain",
            Origin::IfBench => "@ifbench",
        }
    }
}

/// A rule with the validator of its arguments, made when first needed.
struct Entry {
    rule: &'static Rule,
    origin: Origin,
    validator: OnceLock<Validator>,
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let lists = [
        (Origin::Core, rules::RULES),
        (Origin::IfTrain, iftrain::RULES),
        (Origin::IfBench, ifbench::RULES),
    ];
    let entry = |rule, origin| Entry { rule, origin, validator: OnceLock::new() };
    let of = |(origin, list): (Origin, &'static [&'static Rule])| {
        list.iter().map(move |rule| entry(*rule, origin))
    };
    let mut entries: Vec<Entry> = lists.into_iter().flat_map(of).collect();
    entries.sort_unstable_by_key(|entry| entry.rule.id);
    entries
});

/// All rules, sorted by id.
pub fn rules() -> impl ExactSizeIterator<Item = &'static Rule> {
    ENTRIES.iter().map(|entry| entry.rule)
}

/// The rule with this id.
///
/// # Errors
/// An unknown id, with the nearest known one.
pub fn find(id: &str) -> Result<&'static Rule> {
    entry(id).map(|entry| entry.rule)
}

/// Where the rule `id` comes from; nothing, if it is unknown.
pub fn origin(id: &str) -> Option<Origin> {
    entry(id).ok().map(|entry| entry.origin)
}

/// Checks `args` against the JSON Schema of the rule `id`.
///
/// # Errors
/// An unknown id; an argument that is missing, left over, of the wrong type or out of range.
pub fn check_args(id: &str, args: &Args) -> Result<&'static Rule> {
    let Entry { rule, validator, .. } = entry(id)?;
    let validator = validator.get_or_init(|| compile_schema(rule));
    let value = Value::Object(args.clone());
    if validator.is_valid(&value) {
        return Ok(rule);
    }
    match validator.iter_errors(&value).next() {
        Some(error) => Err(refusal(rule, args, &error)),
        None => Ok(rule),
    }
}

/// The whole JSON Schema of a rule's arguments.
pub fn schema(rule: &Rule) -> Value {
    let mut schema: Value =
        serde_json::from_str(rule.schema).expect("a rule's schema is JSON, by the law test");
    schema["type"] = json!("object");
    schema["additionalProperties"] = json!(false);
    schema
}

fn compile_schema(rule: &Rule) -> Validator {
    jsonschema::validator_for(&schema(rule)).expect("a rule's schema is valid, by the law test")
}

fn entry(id: &str) -> Result<&'static Entry> {
    match ENTRIES.binary_search_by(|entry| entry.rule.id.cmp(id)) {
        Ok(at) => Ok(&ENTRIES[at]),
        Err(_) => Err(ErrorKind::UnknownRule { id: id.to_owned(), nearest: nearest(id) }.into()),
    }
}

fn refusal(rule: &Rule, args: &Args, error: &jsonschema::ValidationError<'_>) -> Error {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let key = unexpected.first().map(String::as_str).unwrap_or_default();
            let value = args.get(key).unwrap_or(&Value::Null);
            Error::argument(rule.id, key, value, "is no argument of this rule")
        }
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            Error::argument(rule.id, key, &Value::Null, "is missing")
        }
        _ => {
            let path = error.instance_path().to_string();
            let key = path.trim_start_matches('/').split('/').next().unwrap_or_default();
            let value = args.get(key).unwrap_or(&Value::Null);
            Error::argument(rule.id, key, value, crate::error::shorten(&error.to_string()))
        }
    }
}

/// The known id with the smallest edit distance, unless even that one is far.
fn nearest(id: &str) -> Option<&'static str> {
    const LONGEST: usize = 80;
    if id.len() > LONGEST {
        return None;
    }
    let (distance, near) = rules().map(|rule| (distance(id, rule.id), rule.id)).min()?;
    (distance <= id.len().max(3) / 2).then_some(near)
}

/// Levenshtein's distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let above = row[j + 1];
            let step = if x == y { diagonal } else { diagonal + 1 };
            row[j + 1] = step.min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(value: Value) -> Args {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn an_unknown_id_names_the_nearest() {
        let error = find("punctuation:nocomma").err().expect("unknown").to_string();
        assert_eq!(
            error,
            "unknown rule `punctuation:nocomma`, did you mean `punctuation:no_comma`?"
        );
    }

    #[test]
    fn wrong_arguments_are_named() {
        let id = "length_constraints:number_words";
        let cases = [
            (json!({"relation": "at least"}), "key `num_words`: is missing"),
            (json!({"relation": "at least", "num_words": 3, "x": 1}), "key `x`: is no argument"),
            (json!({"relation": "at least", "num_words": "3"}), "key `num_words`"),
            (json!({"relation": "about", "num_words": 3}), "key `relation`"),
        ];
        for (value, expected) in cases {
            let error = check_args(id, &args(value)).err().expect("refused").to_string();
            assert!(error.contains(expected), "{error} lacks {expected}");
            assert!(error.contains(id), "{error} lacks the rule");
        }
    }
}
