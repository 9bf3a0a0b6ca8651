//! Prompts to answer: the rows of a dataset's folder, of Parquet or of JSON Lines.

use std::collections::HashSet;
use std::path::Path;

use heedful_benchmarks::fields;
use heedful_datasets::error::{Error as DataError, Fault, FaultKind};
use heedful_datasets::manifest::Input as File;
use heedful_datasets::{artifact, digest, rows};
use heedful_models::chat::Message;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// One prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// `key` or `id`, else the number of the row from 0.
    pub key: String,
    /// The text, or the last turn of the user.
    pub prompt: String,
    /// The chat; a plain prompt is one message of the user.
    pub messages: Vec<Message>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// The rows in order.
    pub rows: Vec<Row>,
    /// Digests of the files, where the path is no artifact.
    pub files: Vec<File>,
    /// The artifact's id, where it is one.
    pub parents: Vec<String>,
}

/// Reads the first `limit` prompts at `path`, with a message of the system in front of those that
/// have none.
///
/// # Errors
/// A file that cannot be read, a row without a prompt, a key that stands twice, no row at all.
pub fn read(path: &Path, limit: Option<usize>, system: Option<&str>) -> Result<Input> {
    let (tables, files, parents) = if path.is_dir() {
        let artifact = artifact::open(path)?;
        (artifact.tables(None), Vec::new(), vec![artifact.manifest.id])
    } else {
        let (blake3, bytes) = digest::of_file(path)?;
        let file = File { name: path.display().to_string(), blake3, bytes };
        (vec![path.to_owned()], vec![file], Vec::new())
    };
    let limit = limit.unwrap_or(usize::MAX);
    let mut read: Vec<Row> = Vec::new();
    let mut seen = HashSet::new();
    for table in tables {
        read_table(&table, limit, system, &mut read, &mut seen)?;
    }
    if read.is_empty() {
        return Err(Error::usage(format!("{}: no prompt in it", path.display())));
    }
    Ok(Input { rows: read, files, parents })
}

fn read_table(
    table: &Path,
    limit: usize,
    system: Option<&str>,
    read: &mut Vec<Row>,
    seen: &mut HashSet<String>,
) -> Result<()> {
    for line in rows::open_strict(table)? {
        if read.len() >= limit {
            break;
        }
        let line = line?;
        let refuse = |problem: String| {
            DataError::row(line.place.clone(), Fault::of(FaultKind::WrongType, problem))
        };
        let row = row(&line.object, read.len(), system).map_err(refuse)?;
        if !seen.insert(row.key.clone()) {
            return Err(refuse(format!("the key `{}` stands twice", row.key)).into());
        }
        read.push(row);
    }
    Ok(())
}

fn row(
    object: &Map<String, Value>,
    number: usize,
    system: Option<&str>,
) -> std::result::Result<Row, String> {
    let key = fields::name(object, &["key", "id"])?.unwrap_or_else(|| number.to_string());
    let given = ["messages", "prompt"].into_iter().find_map(|key| Some((key, object.get(key)?)));
    let mut messages = match given {
        Some((_, Value::String(text))) => vec![Message::user(text)],
        Some((key, Value::Array(turns))) => {
            turns.iter().map(turn).collect::<Option<Vec<Message>>>().ok_or_else(|| {
                format!("key `{key}`: expected a list of messages with a `role` each")
            })?
        }
        Some((key, _)) => {
            return Err(format!("key `{key}`: expected a text or a list of messages"));
        }
        None => return Err("neither `prompt` nor `messages`".to_owned()),
    };
    // Answers that a chat already holds are not to be continued, but written anew.
    while messages.last().is_some_and(|turn| role(turn) == Some("assistant")) {
        messages.pop();
    }
    let content = |turn: &Message| turn.0.get("content").and_then(Value::as_str).map(str::to_owned);
    let prompt = messages.iter().rfind(|turn| role(turn) == Some("user")).and_then(content);
    let prompt = prompt.ok_or("no message of the user with a text")?;
    if let (Some(system), false) = (system, messages.first().and_then(role) == Some("system")) {
        messages.insert(0, Message::system(system));
    }
    Ok(Row { key, prompt, messages })
}

/// A message without the nulls that tables put where a key is absent.
fn turn(value: &Value) -> Option<Message> {
    let mut message = value.as_object()?.clone();
    message.retain(|key, value| key == "content" || !value.is_null());
    message.get("role")?.as_str()?;
    Some(Message(message))
}

fn role(message: &Message) -> Option<&str> {
    message.0.get("role").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Input> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.jsonl");
        std::fs::write(&path, text).unwrap();
        read(&path, Some(3), Some("be good"))
    }

    #[test]
    fn texts_and_chats() {
        let input = read_text(
            "{\"key\":7,\"prompt\":\"p\"}\n\
             {\"prompt\":[{\"role\":\"system\",\"content\":\"s\"},\
             {\"role\":\"user\",\"content\":\"q\"}]}\n\
             {\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"r\",\"name\":null},\
             {\"role\":\"assistant\",\"content\":\"old\"}]}\n{\"prompt\":\"beyond\"}\n",
        )
        .unwrap();
        let system = Message::system;
        let expected = [
            ("7", "p", vec![system("be good"), Message::user("p")]),
            ("1", "q", vec![system("s"), Message::user("q")]),
            ("x", "r", vec![system("be good"), Message::user("r")]),
        ];
        let expected = expected.map(|(key, prompt, messages)| Row {
            key: key.to_owned(),
            prompt: prompt.to_owned(),
            messages,
        });
        assert_eq!(input.rows, expected);
        assert_eq!((input.files.len(), input.parents.len()), (1, 0));
    }

    #[test]
    fn what_is_no_prompt_is_named() {
        for (text, named) in [
            ("{\"key\":1}", "neither"),
            ("{\"prompt\":3}", "`prompt`"),
            ("{\"prompt\":[{\"content\":\"x\"}]}", "`role`"),
            ("{\"messages\":[]}", "user"),
            ("{\"key\":1,\"prompt\":\"a\"}\n{\"key\":\"1\",\"prompt\":\"b\"}", "twice"),
        ] {
            let error = read_text(text).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
