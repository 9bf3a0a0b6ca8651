//! Logs of Inspect (`.eval`, version 2): a zip archive with `header.json` and an entry a sample.
//!
//! A sample's constraints are read from its metadata, and verdicts from its scores, as the IFEval
//! of Inspect's collection of evaluations keeps them: `kwargs` may be an object by position, and
//! instructions are counted. Where a score's metadata holds one verdict an instruction, as our own
//! logs have it, that is read instead.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use heedful_datasets::json::{parse_object, type_name};
use serde_json::Value;

use super::zip::{Archive, Entry, Limits};
use super::{Answer, Answers, Layout, Place, Recorded, Row, messages, named};
use crate::asked::{Asked, asked};
use crate::error::{Error, Result};
use crate::fields;
use crate::finish::FinishReason;

/// The keys of a score's value, as the IFEval of Inspect's collection of evaluations names them.
pub(super) const VERDICTS: [&str; 4] =
    ["prompt_level_strict", "prompt_level_loose", "inst_level_strict", "inst_level_loose"];

/// The same of a score's metadata in our own logs, one verdict an instruction.
pub(super) const EACH: [&str; 2] = ["instructions_strict", "instructions_loose"];

const HEADER: &str = "header.json";

type Field<T> = std::result::Result<T, String>;

/// Reads every sample of the log `path`.
///
/// # Errors
/// No whole archive, no log in it, a sample that is none.
pub(super) fn read(path: &Path) -> Result<Answers> {
    let archive = Archive::open(path, Limits::default())?;
    // A log is changed by appending to it: the last entry of a name counts.
    let last: HashMap<&str, usize> =
        archive.entries().iter().enumerate().map(|(at, entry)| (entry.name.as_str(), at)).collect();
    let current = |at: usize, entry: &Entry| last.get(entry.name.as_str()) == Some(&at);
    let live = archive.entries().iter().enumerate().filter(|(at, entry)| current(*at, entry));
    let live: Vec<Entry> = live.map(|(_, entry)| entry.clone()).collect();
    let mut notes = Vec::new();
    match live.iter().find(|entry| entry.name == HEADER) {
        Some(header) => notes.extend(status(path, &object(&archive, header)?)),
        None if live.iter().any(is_sample) => {
            notes.push("the log has no header: its run was cut".to_owned());
        }
        None => return Err(Error::content(path, "is no log of Inspect: no `header.json` in it")),
    }
    let mut list = Vec::new();
    for (entry, number) in live.iter().filter(|entry| is_sample(entry)).zip(1..) {
        let place = Place::Entry(number, entry.name.clone());
        let row = object(&archive, entry)?;
        let key = fields::name(&row, &["id"]).map_err(|e| place.error(path, e))?;
        let read = named(key.clone().as_deref(), sample(&row, key, &place, &mut list));
        read.map_err(|e| place.error(path, e))?;
    }
    Ok(Answers { layout: Layout::Inspect, list, notes })
}

fn is_sample(entry: &Entry) -> bool {
    entry.name.starts_with("samples/") && entry.name.ends_with(".json")
}

fn object(archive: &Archive, entry: &Entry) -> Result<Row> {
    let bytes = archive.read(entry)?;
    let fail = |problem: String| archive.problem(entry, problem);
    let text = String::from_utf8(bytes).map_err(|e| fail(format!("is no UTF-8: {e}")))?;
    parse_object(&finite(&text)).map_err(|fault| fail(fault.to_string()))
}

/// What the header tells of a run that did not end well.
///
/// A version that is not known is no reason to refuse: samples are held to their own layout.
fn status(path: &Path, header: &Row) -> Option<String> {
    let status = header.get("status").and_then(Value::as_str)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    (status != "success").then(|| format!("{name} tells of its run: `{status}`"))
}

/// `text` with Python's `NaN`, `Infinity` and `-Infinity` as null, which JSON has no numbers for.
fn finite(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if memchr::memmem::find(bytes, b"NaN").is_none()
        && memchr::memmem::find(bytes, b"Infinity").is_none()
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut copied, mut at, mut quoted) = (0, 0, false);
    while at < bytes.len() {
        let found = match bytes[at] {
            b'\\' if quoted => {
                at += 2;
                continue;
            }
            b'"' => {
                quoted = !quoted;
                None
            }
            _ if quoted => None,
            _ => ["NaN", "Infinity", "-Infinity"]
                .into_iter()
                .find(|word| bytes[at..].starts_with(word.as_bytes())),
        };
        match found {
            None => at += 1,
            Some(word) => {
                out.push_str(&text[copied..at]);
                out.push_str("null");
                at += word.len();
                copied = at;
            }
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

fn sample(row: &Row, key: Option<String>, place: &Place, list: &mut Vec<Answer>) -> Field<()> {
    let empty = Row::new();
    let object = |key: &str| match row.get(key) {
        None | Some(Value::Null) => Ok(&empty),
        Some(Value::Object(object)) => Ok(object),
        Some(other) => Err(format!("key `{key}`: expected an object, found {}", type_name(other))),
    };
    let (metadata, output) = (object("metadata")?, object("output")?);
    let prompt = match metadata.get("prompt").and_then(Value::as_str) {
        Some(prompt) => Some(prompt.to_owned()),
        None => messages::spoken(row, "input", "user")?,
    };
    let prompt = prompt.map(|text| attached(row, text));
    let epoch = row.get("epoch").and_then(Value::as_u64).unwrap_or(1);
    let one = Answer {
        key,
        prompt,
        asked: constraints(metadata)?,
        recorded: recorded(object("scores")?)?,
        ..Answer::at(place)
    };
    let choices = output.get("choices").and_then(Value::as_array).map(Vec::as_slice);
    let choices = choices.unwrap_or_default();
    if choices.is_empty() {
        list.push(Answer { sample: Some(epoch), ..one });
        return Ok(());
    }
    let usage = output.get("usage").and_then(|usage| usage.get("output_tokens"));
    let tokens = usage.and_then(Value::as_u64).filter(|_| choices.len() == 1);
    for (at, choice) in choices.iter().enumerate() {
        let fail = |e: String| format!("choice {at}: {e}");
        let message = choice.get("message");
        let content = message.and_then(|message| message.get("content"));
        let content = content.ok_or_else(|| fail("it has no message with content".to_owned()))?;
        let text = messages::content(content).map_err(fail)?.map(|text| attached(row, text));
        let reason = choice.get("stop_reason").and_then(Value::as_str).map(FinishReason::named);
        list.push(Answer {
            response: text,
            finish_reason: reason,
            reasoned: message.is_some_and(messages::reasoned),
            sample: Some(epoch),
            tokens,
            // Scores are of the first choice.
            recorded: if at == 0 { one.recorded.clone() } else { Recorded::default() },
            ..one.clone()
        });
    }
    Ok(())
}

/// The text that a reference names, where the sample holds it; any other text as it is.
fn attached(row: &Row, text: String) -> String {
    let Some(name) = text.strip_prefix("attachment://") else { return text };
    let attachments = row.get("attachments").and_then(Value::as_object);
    let found = attachments.and_then(|all| all.get(name)).and_then(Value::as_str);
    found.map_or_else(|| text.clone(), str::to_owned)
}

/// The constraints of a sample's metadata.
fn constraints(metadata: &Row) -> Field<Option<Vec<Asked>>> {
    if !metadata.contains_key("instruction_id_list") {
        return Ok(None);
    }
    let Some(Value::Object(by_position)) = metadata.get("kwargs") else {
        return asked(metadata).map(Some).map_err(|e| format!("metadata: {e}"));
    };
    let ids = metadata.get("instruction_id_list").and_then(Value::as_array).map_or(0, Vec::len);
    let position = |at: usize| by_position.get(&at.to_string()).cloned();
    let list: Option<Vec<Value>> = (0..ids.min(crate::asked::MOST)).map(position).collect();
    let list = list.filter(|list| list.len() == by_position.len());
    let list = list.ok_or_else(|| {
        let found = by_position.len();
        format!("metadata: key `kwargs`: {found} positions for {ids} instructions")
    })?;
    let mut row = Row::new();
    row.insert("instruction_id_list".to_owned(), metadata["instruction_id_list"].clone());
    row.insert("kwargs".to_owned(), Value::Array(list));
    asked(&row).map(Some).map_err(|e| format!("metadata: {e}"))
}

/// The verdicts of the first score that holds some; numbers, `C` and `I` are plain scores.
fn recorded(scores: &Row) -> Field<Recorded> {
    let mut found = Recorded::default();
    for (name, score) in scores {
        let fail = |e: String| format!("score `{name}`: {e}");
        match score.get("value") {
            Some(Value::Object(value)) => {
                let mut read = Recorded::under(value, VERDICTS).map_err(fail)?;
                if let Some(metadata) = score.get("metadata").and_then(Value::as_object) {
                    let keys = ["", "", EACH[0], EACH[1]];
                    let each = Recorded::under(metadata, keys).map_err(fail)?;
                    let finer = |mode: &mut super::Mode, each: super::Mode| {
                        mode.instructions = each.instructions.or(mode.instructions.take());
                    };
                    finer(&mut read.strict, each.strict);
                    finer(&mut read.loose, each.loose);
                }
                if !found.has_verdict() {
                    (found.strict, found.loose) = (read.strict, read.loose);
                }
            }
            Some(Value::Number(number)) => {
                found.scores.extend(number.as_f64().map(|n| (name.clone(), n)));
            }
            Some(Value::String(letter)) if letter == "C" => found.scores.push((name.clone(), 1.0)),
            Some(Value::String(letter)) if letter == "I" => found.scores.push((name.clone(), 0.0)),
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_json_has_not_become_null() {
        assert_eq!(
            finite(r#"{"a": NaN, "b": [-Infinity,Infinity]}"#),
            r#"{"a": null, "b": [null,null]}"#
        );
        let quoted = r#"{"NaN": "Infinity \" NaN \\", "b": 1}"#;
        assert_eq!(finite(quoted), quoted);
        assert_eq!(finite("NaN\\"), "null\\");
        assert!(matches!(finite("{}"), Cow::Borrowed(_)));
    }
}
