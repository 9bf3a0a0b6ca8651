//! The published instances, which may carry a model's output and the judge's verdicts.

use std::collections::BTreeSet;
use std::path::Path;

use heedful_datasets::json::type_name;
use serde_json::{Map, Value};

use super::conversation::Answer;
use crate::error::{Error, Result};
use crate::fields;
use crate::lines::objects;

/// One instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name; no other instance of the file has it.
    pub id: String,
    /// The instruction.
    pub instruction: String,
    /// The text that it is about; may be empty.
    pub input: String,
    /// Where it comes from: an application, or a field of knowledge.
    pub category: String,
    /// `Easy_set` or `Hard_set`.
    pub subset: String,
    /// What is asked about an output, in the order of the file; never empty.
    pub questions: Vec<Question>,
    /// The model's output, where the file has one.
    pub output: Option<String>,
    /// What the judge answered, where the file says so. The official code ends at the first that is
    /// unclear, so there may be fewer answers than questions.
    pub verdicts: Option<Vec<Answer>>,
    /// The line that it came from, from 1.
    pub line: u64,
}

/// One decomposed question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The question.
    pub text: String,
    /// Which kinds of constraint it is about, such as `Format`; may be several.
    pub labels: Vec<String>,
}

/// The instances of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Items {
    /// In the order of the file.
    pub list: Vec<Item>,
    /// Blake3 over instances without outputs and verdicts, in hexadecimal.
    pub digest: String,
}

/// Reads the published layout, an object a line or a row of a JSON array or a Parquet file: `id`,
/// `instruction`, `input`, `category`, `subset`, `decomposed_questions`, `question_label`, and
/// perhaps `output` and `eval`.
///
/// # Errors
/// A file that cannot be read, a line that lacks a key or has one of another type, an id that
/// stands twice, more verdicts than questions, no instance at all.
pub fn load(path: &Path) -> Result<Items> {
    let (mut list, mut seen) = (Vec::new(), BTreeSet::new());
    let mut hasher = blake3::Hasher::new();
    objects(path, |line, row| {
        let item = item(row, line)?;
        if !seen.insert(item.id.clone()) {
            return Err(format!("key `id`: {:?} stands twice", item.id));
        }
        let asked = item.questions.iter().map(|q| (&q.text, &q.labels)).collect::<Vec<_>>();
        let row = (&item.id, &item.instruction, &item.input, &item.category, &item.subset, asked);
        let row = serde_json::json!(row).to_string();
        hasher.update(&(row.len() as u64).to_le_bytes()).update(row.as_bytes());
        list.push(item);
        Ok(())
    })?;
    if list.is_empty() {
        return Err(Error::content(path, "no instance in it"));
    }
    Ok(Items { list, digest: hasher.finalize().to_hex().to_string() })
}

/// What is wrong with a row; the caller adds the place.
type Read<T> = std::result::Result<T, String>;

fn item(row: &Map<String, Value>, line: u64) -> Read<Item> {
    let id = fields::name(row, &["id"])?.ok_or("key `id` is missing")?;
    let named = |problem: String| format!("instance {id}: {problem}");
    let questions = questions(row).map_err(named)?;
    let verdicts = verdicts(row, questions.len()).map_err(named)?;
    let text = |key: &str| {
        let found = fields::text(row, key).map_err(named)?;
        found.map(str::to_owned).ok_or_else(|| named(format!("key `{key}` is missing")))
    };
    Ok(Item {
        instruction: text("instruction")?,
        input: fields::text(row, "input").map_err(named)?.unwrap_or_default().to_owned(),
        category: text("category")?,
        subset: text("subset")?,
        output: fields::text(row, "output").map_err(named)?.map(str::to_owned),
        questions,
        verdicts,
        id,
        line,
    })
}

fn questions(row: &Map<String, Value>) -> Read<Vec<Question>> {
    let asked = list(row, "decomposed_questions")?;
    let labels = list(row, "question_label")?;
    if asked.is_empty() {
        return Err("key `decomposed_questions`: empty".to_owned());
    }
    if asked.len() != labels.len() {
        let (labels, asked) = (labels.len(), asked.len());
        return Err(format!("key `question_label`: of {labels} questions, not of {asked}"));
    }
    let question = |(asked, labels): (&Value, &Value)| {
        let labels = labels.as_array().ok_or_else(|| wrong("question_label", "lists", labels))?;
        let labels = labels.iter().map(|label| text(label, "question_label"));
        let text = text(asked, "decomposed_questions")?;
        Ok(Question { text, labels: labels.collect::<Read<_>>()? })
    };
    asked.iter().zip(labels).map(question).collect()
}

/// The key `eval`: yes, no, or null for a reply that was neither.
fn verdicts(row: &Map<String, Value>, questions: usize) -> Read<Option<Vec<Answer>>> {
    let Some(value) = row.get("eval").filter(|value| !value.is_null()) else { return Ok(None) };
    let list = value.as_array().ok_or_else(|| wrong("eval", "a list", value))?;
    if list.len() > questions {
        return Err(format!("key `eval`: {} verdicts on {questions} questions", list.len()));
    }
    let verdict = |value: &Value| match value {
        Value::Bool(true) => Ok(Answer::Yes),
        Value::Bool(false) => Ok(Answer::No),
        Value::Null => Ok(Answer::Unclear),
        other => Err(wrong("eval", "booleans and nulls", other)),
    };
    list.iter().map(verdict).collect::<Read<_>>().map(Some)
}

fn wrong(key: &str, expected: &str, found: &Value) -> String {
    format!("key `{key}`: expected {expected}, found {}", type_name(found))
}

fn list<'a>(row: &'a Map<String, Value>, key: &str) -> Read<&'a Vec<Value>> {
    let value = row.get(key).ok_or_else(|| format!("key `{key}` is missing"))?;
    value.as_array().ok_or_else(|| wrong(key, "a list", value))
}

fn text(value: &Value, key: &str) -> Read<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(key, "strings", value))
}
