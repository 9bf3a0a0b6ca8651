//! Prompts with their hard constraints, from our own tables or anyone's IFEval-like rows.

use std::path::Path;

use heedful_constraints::args::{Args, without_nulls};
use serde_json::{Map, Value};

use crate::error::{Error, Fault, FaultKind, Place, Result};
use crate::json;
use crate::rows::{self, Options, Rows};

/// The most constraints that one row may have.
pub const MOST: usize = 256;

/// A prompt and what a program can check of its answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// Where it stands.
    pub place: Place,
    /// `key` as text, numbers in decimal.
    pub key: Option<String>,
    /// `id` as text.
    pub id: Option<String>,
    /// The prompt; of a chat, the user's last turn.
    pub prompt: Option<String>,
    /// Its level, where it is told.
    pub level: Option<u64>,
    /// The hard constraints: id and arguments, nulls dropped.
    pub constraints: Vec<(String, Args)>,
    /// The texts of the soft constraints.
    pub soft: Vec<String>,
}

/// A stream of prompts.
pub struct Prompts {
    rows: Rows,
}

/// Opens a file of prompts: JSONL, JSON or Parquet with `instruction_id_list` and `kwargs` (a list
/// of objects, or the same as a JSON string).
///
/// # Errors
/// As [`rows::open`].
pub fn open(path: &Path, options: Options<'_>) -> Result<Prompts> {
    Ok(Prompts { rows: rows::open(path, options)? })
}

impl Prompts {
    /// The rows behind, for the counts of skipped ones.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }
}

impl Iterator for Prompts {
    type Item = Result<Prompt>;

    fn next(&mut self) -> Option<Result<Prompt>> {
        loop {
            let row = match self.rows.next()? {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            };
            match prompt_of(&row.object, row.place.clone()) {
                Ok(prompt) => return Some(Ok(prompt)),
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
pub fn prompt_of(object: &Map<String, Value>, place: Place) -> std::result::Result<Prompt, Fault> {
    let ids = ids_of(object)?;
    let kwargs = kwargs_of(object)?;
    if ids.len() != kwargs.len() {
        let problem = format!("has {} entries for {} ids", kwargs.len(), ids.len());
        return Err(Fault::at(FaultKind::BadValue, "kwargs", "", problem));
    }
    Ok(Prompt {
        place,
        key: name_of(object, "key")?,
        id: name_of(object, "id")?,
        prompt: text_or_chat(object, "prompt")?,
        level: object.get("level").and_then(Value::as_u64),
        constraints: ids.into_iter().zip(kwargs).collect(),
        soft: soft_of(object)?,
    })
}

fn ids_of(object: &Map<String, Value>) -> std::result::Result<Vec<String>, Fault> {
    let key = "instruction_id_list";
    let value = object.get(key).ok_or_else(|| Fault::missing(key))?;
    let list = value.as_array().ok_or_else(|| Fault::wrong_type(key, value, "a list"))?;
    if list.len() > MOST {
        let problem = format!("has {} constraints, the limit is {MOST}", list.len());
        return Err(Fault::at(FaultKind::BadValue, key, "", problem));
    }
    let text = |id: &Value| id.as_str().map(str::to_owned);
    list.iter().map(|id| text(id).ok_or_else(|| Fault::wrong_type(key, id, "a string"))).collect()
}

fn kwargs_of(object: &Map<String, Value>) -> std::result::Result<Vec<Args>, Fault> {
    let key = "kwargs";
    let given = object.get(key).ok_or_else(|| Fault::missing(key))?;
    let parsed;
    let value = match given {
        Value::String(text) => {
            let inside = |fault: Fault| {
                let problem = format!("holds JSON in which {fault}");
                Fault::at(fault.kind, key, text, problem)
            };
            parsed = json::parse(text).map_err(inside)?;
            &parsed
        }
        other => other,
    };
    let list = value.as_array().ok_or_else(|| Fault::wrong_type(key, value, "a list"))?;
    list.iter()
        .map(|item| match item {
            Value::Null => Ok(Args::new()),
            Value::Object(args) => Ok(without_nulls(args)),
            other => Err(Fault::wrong_type(key, other, "an object")),
        })
        .collect()
}

fn soft_of(object: &Map<String, Value>) -> std::result::Result<Vec<String>, Fault> {
    let key = "constraints";
    let Some(Value::Array(list)) = object.get(key) else { return Ok(Vec::new()) };
    if list.len() > MOST {
        let problem = format!("has {} constraints, the limit is {MOST}", list.len());
        return Err(Fault::at(FaultKind::BadValue, key, "", problem));
    }
    let soft = list.iter().filter(|item| item.get("kind").and_then(Value::as_str) == Some("soft"));
    soft.map(|item| match item.get("text").and_then(Value::as_str) {
        Some(text) => Ok(text.to_owned()),
        None => Err(Fault::wrong_type(key, item, "a constraint with `text`")),
    })
    .collect()
}

/// A name that may be a number: `12` and `"12"` are the same.
pub(crate) fn name_of(
    object: &Map<String, Value>,
    key: &str,
) -> std::result::Result<Option<String>, Fault> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => Ok(Some(name.clone())),
        Some(Value::Number(name)) => Ok(Some(name.to_string())),
        Some(other) => Err(Fault::wrong_type(key, other, "a string or a number")),
    }
}

/// A text, or the last message of the user in a chat.
pub(crate) fn text_or_chat(
    object: &Map<String, Value>,
    key: &str,
) -> std::result::Result<Option<String>, Fault> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Array(messages)) => Ok(last_of(messages, "user")),
        Some(other) => Err(Fault::wrong_type(key, other, "a string or a list of messages")),
    }
}

/// The content of the last message with this role.
pub(crate) fn last_of(messages: &[Value], role: &str) -> Option<String> {
    let of_role = |message: &&Value| message.get("role").and_then(Value::as_str) == Some(role);
    let message = messages.iter().rfind(of_role)?;
    message.get("content").and_then(Value::as_str).map(str::to_owned)
}

/// Refuses what a caller finds wrong with a prompt, at its place.
pub fn fault(prompt: &Prompt, fault: Fault) -> Error {
    Error::row(prompt.place.clone(), fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Prompt>> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("p.jsonl");
        std::fs::write(&path, text).expect("written");
        open(&path, Options::default())?.collect()
    }

    #[test]
    fn kwargs_come_as_objects_or_as_text_without_nulls() {
        let rows = read(concat!(
            r#"{"key": 3, "prompt": "p", "instruction_id_list": ["a:b"], "kwargs": [{"x": 1, "y": null}]}"#,
            "\n",
            r#"{"key": "3", "prompt": [{"role": "user", "content": "q"}], "instruction_id_list": ["a:b"], "kwargs": "[{\"x\": 1}]"}"#,
        ))
        .expect("good");
        assert_eq!(rows[0].constraints, rows[1].constraints);
        assert_eq!((rows[0].key.as_deref(), rows[1].prompt.as_deref()), (Some("3"), Some("q")));
    }

    #[test]
    fn bad_rows_name_key_and_value() {
        let many = format!(
            "{{\"instruction_id_list\": [{}], \"kwargs\": []}}",
            vec!["\"a:b\""; 10_000].join(",")
        );
        let cases = [
            (r#"{"prompt": "p", "kwargs": []}"#, "`instruction_id_list`: is missing"),
            (r#"{"instruction_id_list": [3], "kwargs": [{}]}"#, "is not a string (value 3)"),
            (r#"{"instruction_id_list": ["a"], "kwargs": []}"#, "has 0 entries for 1 ids"),
            (r#"{"instruction_id_list": ["a"], "kwargs": "[{\"x\": NaN}]"}"#, "NaN"),
            (many.as_str(), "has 10000 constraints"),
        ];
        for (row, named) in cases {
            let error = read(row).expect_err(named).to_string();
            assert!(error.contains(named) && error.contains("line 1"), "{error}");
        }
    }
}
