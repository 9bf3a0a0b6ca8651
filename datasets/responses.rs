//! Responses of models, in the layouts that tools write.
//!
//! | row has | layout |
//! |---|---|
//! | `doc` and `resps` or `filtered_resps` | lm-evaluation-harness samples, one row a filter |
//! | `input` and `output` | rollout dumps of verl |
//! | `response`, `responses`, `output`, `completion`, `completions`, `generation` | plain |
//! | `messages` | a chat whose last turn is the assistant's |

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Fault, FaultKind, Place, Result};
use crate::prompts::{last_of, name_of, text_or_chat};
use crate::rows::{self, Options, Rows};

/// The most responses that one row may hold.
const MOST: usize = 4096;

/// The keys that a response may stand under, in order of preference.
const KEYS: [&str; 6] =
    ["response", "responses", "output", "completion", "completions", "generation"];

/// What a model answered to one prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Where it stands.
    pub place: Place,
    /// `key` as text, numbers in decimal.
    pub key: Option<String>,
    /// `id` (or `custom_id`) as text.
    pub id: Option<String>,
    /// The prompt; of a chat, the user's last turn.
    pub prompt: Option<String>,
    /// One text or more.
    pub texts: Vec<String>,
    /// The number of the (first) text among the samples of its prompt, where it is told.
    pub sample: Option<u64>,
    /// The filter of lm-evaluation-harness.
    pub filter: Option<String>,
    /// Why the model stopped, where it is told.
    pub finish_reason: Option<String>,
}

/// A stream of responses.
pub struct Responses {
    rows: Rows,
}

/// Opens a file of responses.
///
/// # Errors
/// As [`rows::open`].
pub fn open(path: &Path, options: Options<'_>) -> Result<Responses> {
    Ok(Responses { rows: rows::open(path, options)? })
}

impl Responses {
    /// The rows behind, for the counts of skipped ones.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }
}

impl Iterator for Responses {
    type Item = Result<Response>;

    fn next(&mut self) -> Option<Result<Response>> {
        loop {
            let row = match self.rows.next()? {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            };
            match response_of(&row.object, row.place.clone()) {
                Ok(response) => return Some(Ok(response)),
                Err(fault) => {
                    if let Err(error) = self.rows.refuse(&row.place, fault) {
                        return Some(Err(error));
                    }
                }
            }
        }
    }
}

/// Reads one row.
///
/// # Errors
/// What is wrong with it.
pub fn response_of(
    object: &Map<String, Value>,
    place: Place,
) -> std::result::Result<Response, Fault> {
    let mut response = Response {
        place,
        key: name_of(object, "key")?,
        id: name_of(object, "id")?.or(name_of(object, "custom_id")?),
        prompt: text_or_chat(object, "prompt")?,
        texts: Vec::new(),
        sample: sample_of(object)?,
        filter: text(object, "filter"),
        finish_reason: text(object, "finish_reason"),
    };
    if let Some(Value::Object(doc)) = object.get("doc") {
        harness(object, doc, &mut response)?;
        return Ok(response);
    }
    if response.prompt.is_none() {
        response.prompt = text_or_chat(object, "input")?;
    }
    for key in KEYS {
        if let Some(value) = object.get(key).filter(|value| !value.is_null()) {
            response.texts = texts(key, value)?;
            return Ok(response);
        }
    }
    if let Some(Value::Array(messages)) = object.get("messages") {
        let last = messages.last().and_then(|m| m.get("role")).and_then(Value::as_str);
        if last != Some("assistant") {
            let problem = "does not end with a message of the assistant";
            return Err(Fault::at(FaultKind::BadValue, "messages", "", problem));
        }
        response.texts.extend(last_of(messages, "assistant"));
        if response.prompt.is_none() {
            response.prompt = last_of(messages, "user");
        }
        if !response.texts.is_empty() {
            return Ok(response);
        }
    }
    Err(Fault::missing("response"))
}

/// The number of a sample.
fn sample_of(object: &Map<String, Value>) -> std::result::Result<Option<u64>, Fault> {
    match object.get("sample") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().filter(|n| *n < 1 << 31) {
            Some(number) => Ok(Some(number)),
            None => Err(Fault::wrong_type("sample", value, "a number from 0 on")),
        },
    }
}

/// A row of lm-evaluation-harness: `doc` is the item, the texts lie in lists of lists.
fn harness(
    object: &Map<String, Value>,
    doc: &Map<String, Value>,
    response: &mut Response,
) -> std::result::Result<(), Fault> {
    response.key = name_of(doc, "key")?.or(response.key.take());
    response.prompt = text_or_chat(doc, "prompt")?.or(response.prompt.take());
    for key in ["filtered_resps", "resps"] {
        if let Some(value) = object.get(key).filter(|value| !value.is_null()) {
            response.texts = texts(key, value)?;
            return Ok(());
        }
    }
    Err(Fault::missing("resps"))
}

fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// The texts of a value: itself, its items', or the last turn of the assistant in a chat.
fn texts(key: &str, value: &Value) -> std::result::Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    collect(key, value, 0, &mut found)?;
    if found.is_empty() {
        return Err(Fault::at(FaultKind::BadValue, key, "", "holds no text"));
    }
    Ok(found)
}

fn collect(
    key: &str,
    value: &Value,
    depth: usize,
    found: &mut Vec<String>,
) -> std::result::Result<(), Fault> {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) if items.iter().any(|item| item.get("role").is_some()) => {
            let last = last_of(items, "assistant");
            found.push(last.ok_or_else(|| Fault::wrong_type(key, value, "an assistant's turn"))?);
        }
        Value::Array(items) if depth < 3 => {
            for item in items {
                collect(key, item, depth + 1, found)?;
            }
        }
        other => return Err(Fault::wrong_type(key, other, "a text or a list of texts")),
    }
    if found.len() > MOST {
        let problem = format!("holds more than {MOST} texts");
        return Err(Fault::at(FaultKind::BadValue, key, "", problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::At;

    fn read(text: &str) -> std::result::Result<Response, Fault> {
        let place = Place { file: "r".to_owned(), at: At::Line(1) };
        response_of(&crate::json::parse_object(text).expect("an object"), place)
    }

    #[test]
    fn layouts_are_told_apart() {
        let cases = [
            (r#"{"prompt": "p", "response": "r"}"#, None, "p", vec!["r"]),
            (
                r#"{"key": 7, "prompt": "p", "responses": ["r", "s"]}"#,
                Some("7"),
                "p",
                vec!["r", "s"],
            ),
            (
                r#"{"doc_id": 0, "doc": {"key": 7, "prompt": "p"}, "resps": [["a"]],
                    "filtered_resps": ["b"], "filter": "none"}"#,
                Some("7"),
                "p",
                vec!["b"],
            ),
            (r#"{"input": "p", "output": "r", "gts": "x", "score": 1.0}"#, None, "p", vec!["r"]),
            (
                r#"{"prompt": [{"role": "user", "content": "p"}],
                    "completion": [{"role": "assistant", "content": "r"}]}"#,
                None,
                "p",
                vec!["r"],
            ),
            (
                r#"{"messages": [{"role": "user", "content": "p"},
                    {"role": "assistant", "content": "r"}]}"#,
                None,
                "p",
                vec!["r"],
            ),
        ];
        for (row, key, prompt, texts) in cases {
            let response = read(row).expect(row);
            assert_eq!(response.key.as_deref(), key, "{row}");
            assert_eq!(
                (response.prompt.as_deref(), response.texts),
                (Some(prompt), texts.into_iter().map(str::to_owned).collect()),
                "{row}"
            );
        }
    }

    #[test]
    fn what_is_no_response_is_named() {
        let cases = [
            (r#"{"prompt": "p"}"#, "`response`: is missing"),
            (r#"{"response": 3}"#, "(value 3)"),
            (r#"{"response": "r", "sample": -1}"#, "`sample`"),
            (r#"{"responses": []}"#, "holds no text"),
            (r#"{"doc": {"key": []}, "resps": [["a"]]}"#, "key `key`"),
            (r#"{"messages": [{"role": "user", "content": "p"}]}"#, "assistant"),
        ];
        for (row, named) in cases {
            let fault = read(row).expect_err(row).to_string();
            assert!(fault.contains(named), "{fault}");
        }
    }
}
