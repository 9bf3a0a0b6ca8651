//! Plain rows: `{prompt, response}`, with `key` or `id` beside or in place of the prompt.
//!
//! `responses`, or a list under `response`, holds several samples in one row; rows of the same
//! prompt are samples as well.

use std::path::Path;

use heedful_datasets::json::type_name;
use serde_json::Value;

use super::rollouts::constraints;
use super::{Answer, Answers, Layout, Place, Row, messages, named};
use crate::error::Result;
use crate::fields;
use crate::finish::FinishReason;
use crate::responses;

type Field<T> = std::result::Result<T, String>;

pub(super) fn take(row: &Row, place: &Place, list: &mut Vec<Answer>) -> Field<()> {
    let key = fields::name(row, &["key", "id"])?;
    let name = key.clone();
    named(name.as_deref(), samples(row, key, place, list))
}

fn samples(row: &Row, key: Option<String>, place: &Place, list: &mut Vec<Answer>) -> Field<()> {
    let prompt = messages::spoken(row, "prompt", "user")?;
    if key.is_none() && prompt.is_none() {
        return Err("neither `prompt` nor `key` nor `id`".to_owned());
    }
    let asked = constraints(row)?;
    let finish_reason = fields::text(row, "finish_reason")?.map(FinishReason::named);
    let sample = row.get("sample").and_then(Value::as_u64);
    let one = Answer { key, prompt, finish_reason, sample, asked, ..Answer::at(place) };
    let texts = |value: &&Value| {
        let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
        !list.is_empty() && list.iter().all(|one| one.is_string() || one.is_null())
    };
    let samples = row.get("response").filter(texts).or_else(|| row.get("responses"));
    if row.get("response").filter(texts).is_none() && row.contains_key("response") {
        let response = messages::spoken(row, "response", "assistant")?;
        list.push(Answer { response, ..one });
        return Ok(());
    }
    let several = match samples {
        Some(Value::Array(several)) if !several.is_empty() => several,
        Some(other) => {
            let found = type_name(other);
            return Err(format!("key `responses`: expected a list with texts, found {found}"));
        }
        None => return Err("key `response` is missing".to_owned()),
    };
    for (at, response) in several.iter().enumerate() {
        let wrong = || {
            let found = type_name(response);
            format!("key `responses`: entry {at}: expected a string, found {found}")
        };
        let response = match response {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            _ => return Err(wrong()),
        };
        list.push(Answer { response, sample: Some(at as u64), ..one.clone() });
    }
    Ok(())
}

/// The responses that `heedful generate` made, in the folder `path`.
///
/// # Errors
/// As [`responses::read`].
pub(super) fn artifact(path: &Path) -> Result<Answers> {
    let answer = |response: responses::Response| Answer {
        key: response.key,
        prompt: response.prompt,
        response: response.text,
        finish_reason: response.finish_reason,
        reasoned: response.reasoned,
        ..Answer::at(&Place::Row(response.line))
    };
    let list = responses::read(path)?.into_iter().map(answer).collect();
    Ok(Answers { layout: Layout::Plain, list, notes: Vec::new() })
}
