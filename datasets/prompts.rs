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
    /// All constraints in the order of the row's `constraints`; the hard ones where it has none.
    pub asked: Vec<Asked>,
    /// The ladder of which this row is a level: `ladder`, or what `build` writes.
    pub ladder: Option<String>,
    /// The instruction without constraints, where it is told.
    pub instruction: Option<String>,
    /// The `id` of the row with one constraint less, where it is told.
    pub parent: Option<String>,
    /// The part of the dataset, where it is told.
    pub split: Option<String>,
    /// The seed instruction's id, where it is told.
    pub seed_id: Option<String>,
    /// Role and content of the messages before the prompt, where it is the end of a chat.
    pub before: Vec<(String, String)>,
}

/// A constraint as a row tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The id of the rule or of the soft type.
    pub id: String,
    /// How the prompt says it, where that is told.
    pub text: Option<String>,
    /// Its arguments, nulls dropped.
    pub args: Args,
    /// Whether a rule decides it: it is then one of `constraints`, in their order.
    pub hard: bool,
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
    let constraints: Vec<(String, Args)> = ids.into_iter().zip(kwargs).collect();
    Ok(Prompt {
        place,
        key: name_of(object, "key")?,
        id: name_of(object, "id")?,
        prompt: text_or_chat(object, "prompt")?,
        level: object.get("level").and_then(Value::as_u64),
        soft: soft_of(object)?,
        asked: asked_of(object, &constraints)?,
        ladder: ladder_of(object)?,
        instruction: object.get("instruction").and_then(Value::as_str).map(str::to_owned),
        parent: name_of(object, "parent")?,
        split: name_of(object, "split")?,
        seed_id: name_of(object, "seed_id")?,
        before: before_of(object),
        constraints,
    })
}

/// The row's `constraints`, of which the hard ones are those of `instruction_id_list`.
fn asked_of(
    object: &Map<String, Value>,
    hard: &[(String, Args)],
) -> std::result::Result<Vec<Asked>, Fault> {
    let key = "constraints";
    let Some(Value::Array(list)) = object.get(key).filter(|_| is_told(object)) else {
        let of = |(id, args): &(String, Args)| Asked {
            id: id.clone(),
            text: None,
            args: args.clone(),
            hard: true,
        };
        return Ok(hard.iter().map(of).collect());
    };
    let mut known = hard.iter();
    let mut asked = Vec::with_capacity(list.len());
    for item in list {
        let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
        let id =
            text("id").ok_or_else(|| Fault::wrong_type(key, item, "a constraint with `id`"))?;
        let soft = text("kind").as_deref() == Some("soft");
        let args = if soft {
            soft_args(item.get("args"))?
        } else {
            match known.next() {
                Some((hard, args)) if *hard == id => args.clone(),
                _ => {
                    let problem = "has other hard constraints than `instruction_id_list`";
                    return Err(Fault::at(FaultKind::BadValue, key, &id, problem));
                }
            }
        };
        asked.push(Asked { id, text: text("text"), args, hard: !soft });
    }
    match known.next() {
        None => Ok(asked),
        Some((id, _)) => {
            let problem = "lacks a constraint of `instruction_id_list`";
            Err(Fault::at(FaultKind::BadValue, key, id, problem))
        }
    }
}

/// Whether the `constraints` of a row are our own, and not another tool's column of that name.
fn is_told(object: &Map<String, Value>) -> bool {
    let list = object.get("constraints").and_then(Value::as_array);
    list.is_some_and(|list| list.iter().all(|item| item.get("kind").is_some()))
}

fn soft_args(args: Option<&Value>) -> std::result::Result<Args, Fault> {
    let key = "constraints";
    match args {
        None | Some(Value::Null) => Ok(Args::new()),
        Some(Value::Object(args)) => Ok(without_nulls(args)),
        Some(Value::String(text)) => match json::parse(text)? {
            Value::Object(args) => Ok(without_nulls(&args)),
            other => Err(Fault::wrong_type(key, &other, "an object as `args`")),
        },
        Some(other) => Err(Fault::wrong_type(key, other, "an object as `args`")),
    }
}

/// The name of the row's ladder.
fn ladder_of(object: &Map<String, Value>) -> std::result::Result<Option<String>, Fault> {
    if let Some(name) = name_of(object, "ladder")? {
        return Ok(Some(name));
    }
    let (drawing, order) = (name_of(object, "drawing")?, name_of(object, "permutation")?);
    Ok(drawing.zip(order).map(|(drawing, order)| format!("{drawing}-{order}")))
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

/// The messages before the user's last turn, of `messages` or of a `prompt` that is a chat.
fn before_of(object: &Map<String, Value>) -> Vec<(String, String)> {
    let chat = ["messages", "prompt"].into_iter().find_map(|key| object.get(key)?.as_array());
    let chat = chat.map_or(&[][..], Vec::as_slice);
    let role = |message: &Value| message.get("role").and_then(Value::as_str).map(str::to_owned);
    let last = chat.iter().rposition(|message| role(message).as_deref() == Some("user"));
    let content = |message: &Value| {
        message.get("content").and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let told = chat[..last.unwrap_or(0)].iter();
    told.filter_map(|message| Some((role(message)?, content(message)))).collect()
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
            r#"{"key": 3, "prompt": "p", "instruction_id_list": ["a:b"], "#,
            r#""kwargs": [{"x": 1, "y": null}]}"#,
            "\n",
            r#"{"key": "3", "prompt": [{"role": "user", "content": "q"}], "#,
            r#""instruction_id_list": ["a:b"], "kwargs": "[{\"x\": 1}]"}"#,
        ))
        .expect("good");
        assert_eq!(rows[0].constraints, rows[1].constraints);
        assert_eq!((rows[0].key.as_deref(), rows[1].prompt.as_deref()), (Some("3"), Some("q")));
    }

    #[test]
    fn constraints_come_in_their_order_with_their_ladder() {
        let rows = read(
            r#"{"prompt": "p", "ladder": "l", "instruction": "i", "instruction_id_list": ["a:b"],
                "kwargs": [{"x": 1}], "constraints": [
                {"kind": "soft", "id": "tone", "text": "Be sad.", "args": "{\"trait\": \"sad\"}"},
                {"kind": "hard", "id": "a:b", "text": "One.", "args": "{}"}]}"#
                .replace('\n', " ")
                .as_str(),
        )
        .expect("good");
        let [row] = &rows[..] else { panic!("one row") };
        let seen: Vec<_> = row.asked.iter().map(|a| (a.id.as_str(), a.hard)).collect();
        assert_eq!(seen, [("tone", false), ("a:b", true)]);
        assert_eq!(row.asked[0].args["trait"], "sad");
        assert_eq!(row.asked[1].args["x"], 1);
        assert_eq!((row.ladder.as_deref(), row.instruction.as_deref()), (Some("l"), Some("i")));
        let built = r#"{"drawing": 3, "permutation": 0, "instruction_id_list": [], "kwargs": "[]",
            "parent": "x", "split": "dev", "seed_id": "s", "messages": [
            {"role": "system", "content": "b"}, {"role": "user", "content": "p"}]}"#;
        let row = &read(&built.replace('\n', " ")).expect("good")[0];
        let [ladder, parent, split, seed] = [&row.ladder, &row.parent, &row.split, &row.seed_id]
            .map(|name| name.as_deref().unwrap_or_default());
        assert_eq!([ladder, parent, split, seed], ["3-0", "x", "dev", "s"]);
        assert_eq!(row.before, [("system".to_owned(), "b".to_owned())]);
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
            (
                r#"{"instruction_id_list": ["a"], "kwargs": [{}],
                    "constraints": [{"kind": "hard", "id": "b"}]}"#,
                "other hard constraints",
            ),
            (
                r#"{"instruction_id_list": ["a"], "kwargs": [{}],
                    "constraints": [{"kind": "soft", "id": "b", "text": "t"}]}"#,
                "lacks a constraint",
            ),
        ];
        for (row, named) in cases {
            let error = read(&row.replace('\n', " ")).expect_err(named).to_string();
            assert!(error.contains(named) && error.contains("line 1"), "{error}");
        }
    }
}
