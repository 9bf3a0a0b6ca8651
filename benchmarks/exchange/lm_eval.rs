//! Samples of lm-evaluation-harness 0.4: `samples_TASK_DATE.jsonl`, a row a document and filter.
//!
//! `doc` is the row of the data set, so the constraints of IFEval come along; `resps` is what the
//! model wrote, a list for every request, and `filtered_resps` what was scored.

use heedful_datasets::json::type_name;
use serde_json::Value;

use super::{Answer, Answers, Place, Recorded, Row, named};
use crate::asked::asked;
use crate::fields;

/// The keys of its task `ifeval`.
pub(super) const VERDICTS: [&str; 4] = [
    "prompt_level_strict_acc",
    "prompt_level_loose_acc",
    "inst_level_strict_acc",
    "inst_level_loose_acc",
];

/// The filter that changes nothing.
pub(super) const PLAIN: &str = "none";

pub(super) fn take(row: &Row, place: &Place, list: &mut Vec<Answer>) -> Result<(), String> {
    let empty = Row::new();
    let doc = match row.get("doc") {
        Some(Value::Object(doc)) => doc,
        None | Some(Value::Null) => &empty,
        Some(other) => {
            return Err(format!("key `doc`: expected an object, found {}", type_name(other)));
        }
    };
    // The number of the document is no key: it would join to any item of that name.
    let key = fields::name(doc, &["key", "id"])?;
    let name = key.clone();
    named(name.as_deref(), sample(row, doc, key, place, list))
}

fn sample(
    row: &Row,
    doc: &Row,
    key: Option<String>,
    place: &Place,
    list: &mut Vec<Answer>,
) -> Result<(), String> {
    let asked = doc.contains_key("instruction_id_list").then(|| asked(doc)).transpose()?;
    let mut prompt = fields::text(doc, "prompt")?.map(str::to_owned);
    let rendered = prompt.is_none();
    if rendered {
        prompt = argument(row);
    }
    let recorded = Recorded::under(row, VERDICTS)?;
    let filtered = texts(row, "filtered_resps")?;
    let all = texts(row, "resps")?;
    let filter = fields::text(row, "filter")?.map(str::to_owned);
    // The plain filter scores the first of several draws; the others are samples as well. What
    // another filter made of the draws is what counts.
    let plain = filter.as_deref().is_none_or(|filter| filter == PLAIN);
    let whole = filtered.is_empty() || (plain && all.first() == filtered.first());
    let responses = if whole { all } else { filtered };
    if responses.is_empty() {
        return Err("neither `resps` nor `filtered_resps` holds a response".to_owned());
    }
    for (at, response) in responses.into_iter().enumerate() {
        list.push(Answer {
            key: key.clone(),
            prompt: prompt.clone(),
            rendered,
            response,
            sample: Some(at as u64),
            asked: asked.clone(),
            // The verdicts are on the first.
            recorded: if at == 0 { recorded.clone() } else { Recorded::default() },
            filter: filter.clone(),
            ..Answer::at(place)
        });
    }
    Ok(())
}

/// Keeps the answers of one filter: the plain one, else the first of the file, and says so.
pub(super) fn one_filter(answers: &mut Answers) {
    let mut names: Vec<String> = Vec::new();
    for answer in &answers.list {
        let name = answer.filter.as_deref().unwrap_or(PLAIN);
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    let [first, _, ..] = names.as_slice() else { return };
    let kept = if names.iter().any(|name| name == PLAIN) { PLAIN } else { first.as_str() };
    answers.list.retain(|answer| answer.filter.as_deref().unwrap_or(PLAIN) == kept);
    let names = names.join("`, `");
    answers.notes.push(format!("a row a filter: `{names}`; read those of `{kept}`"));
}

/// The text of the first request: under `gen_args_0`, or in a list as older versions have it.
fn argument(row: &Row) -> Option<String> {
    let arguments = row.get("arguments")?;
    let first = arguments.get("gen_args_0").and_then(|first| first.get("arg_0"));
    let first = first.or_else(|| arguments.get(0).and_then(|first| first.get(0)));
    first.and_then(Value::as_str).map(str::to_owned)
}

/// The responses under `key`: texts, or lists of texts one in another.
fn texts(row: &Row, key: &str) -> Result<Vec<Option<String>>, String> {
    let mut found = Vec::new();
    let mut left: Vec<&Value> = row.get(key).into_iter().collect();
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) => found.push(Some(text.clone())),
            Value::Null => found.push(None),
            Value::Array(list) => left.extend(list.iter().rev()),
            other => {
                return Err(format!("key `{key}`: expected texts, found {}", type_name(other)));
            }
        }
    }
    Ok(found)
}
