//! The published instances and the published form of a model's responses.

use std::collections::BTreeSet;
use std::path::Path;

use heedful_datasets::json::{parse, parse_object, type_name};
use heedful_datasets::source::{self, Limits, Source};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::fields;
use crate::lines::for_each;

/// One instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its number; no other instance of the file has it.
    pub main_id: i64,
    /// The group of the coherent test: variants of one instruction share it.
    pub group: String,
    /// The instruction in Chinese, as the model got it.
    pub instruction: String,
    /// Its English translation, where the file has one.
    pub instruction_en: Option<String>,
    /// The kind of task; one in spite of the key's name.
    pub task_types: String,
    /// How the instruction is composed and how deeply, such as `Selection_2`.
    pub category: String,
    /// All composition types in it.
    pub composition_types: Vec<String>,
    /// What is asked about a response, in the order of the file; never empty.
    pub questions: Vec<Question>,
}

/// One scoring question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The question in Chinese.
    pub text: String,
    /// Its English translation, where the file has one.
    pub text_en: Option<String>,
    /// The rule that decides; a judge does where there is none.
    pub rule: Option<String>,
    /// The constraints that it verifies.
    pub constraint_dimensions: Vec<String>,
    /// The compositions that it verifies.
    pub composition_types: Vec<String>,
    /// Places, from 0, of the questions of this instance that it depends on.
    pub dep: Vec<usize>,
}

/// The instances of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Items {
    /// In the order of the file.
    pub list: Vec<Item>,
    /// Blake3 over the rows, in hexadecimal: the same for the same rows, however they are spaced.
    pub digest: String,
}

/// Reads `data_final.json`: a JSON array of instances.
///
/// # Errors
/// A file that cannot be read or is no array, an instance that lacks a key or has one of another
/// type, a dependency on a question that is not there, a `main_id` that stands twice.
pub fn load(path: &Path) -> Result<Items> {
    let limits = Limits::default();
    let Source::Array(stream) = source::open(path, limits)? else {
        return Err(Error::content(path, "expected one JSON array of instances"));
    };
    let text = stream.into_text(limits.array)?;
    let value = parse(&text).map_err(|fault| Error::content(path, fault.to_string()))?;
    let Value::Array(rows) = value else {
        return Err(Error::content(path, "expected one JSON array of instances"));
    };
    if rows.is_empty() {
        return Err(Error::content(path, "no instance in it"));
    }
    let mut hasher = blake3::Hasher::new();
    let (mut list, mut seen) = (Vec::with_capacity(rows.len()), BTreeSet::new());
    for (at, row) in rows.iter().enumerate() {
        let fail = |problem: String| Error::content(path, format!("instance {at}: {problem}"));
        let read = item(row).map_err(fail)?;
        if !seen.insert(read.main_id) {
            return Err(fail(format!("key `main_id`: {} stands twice", read.main_id)));
        }
        let row = row.to_string();
        hasher.update(&(row.len() as u64).to_le_bytes()).update(row.as_bytes());
        list.push(read);
    }
    Ok(Items { list, digest: hasher.finalize().to_hex().to_string() })
}

/// Reads a published file of responses: one object a line, `generated` being the response or null.
///
/// They belong to the instances by position, as in the official code.
///
/// # Errors
/// A file that cannot be read, a line that is no object or lacks the key.
pub fn generations(path: &Path) -> Result<Vec<Option<String>>> {
    let mut list = Vec::new();
    for_each(path, |line, text| {
        let read = parse_object(text).map_err(|fault| fault.to_string()).and_then(|row| {
            let generated = fields::text(&row, "generated")?.map(str::to_owned);
            present(&row, "generated").map(|_| generated)
        });
        list.push(read.map_err(|problem| Error::line(path, line, problem))?);
        Ok(())
    })?;
    Ok(list)
}

/// What is wrong with a row; the caller adds the place.
type Read<T> = std::result::Result<T, String>;

/// One row of the array.
pub(super) fn item(row: &Value) -> Read<Item> {
    let row = object(row)?;
    let main_id = present(row, "main_id")?;
    let main_id = main_id.as_i64().ok_or_else(|| wrong("main_id", "an integer", main_id))?;
    let named = |problem: String| format!("main_id {main_id}: {problem}");
    body(row, main_id).map_err(named)
}

fn body(row: &Map<String, Value>, main_id: i64) -> Read<Item> {
    let questions = list(row, "scoring_questions")?;
    if questions.is_empty() {
        return Err("key `scoring_questions`: empty".to_owned());
    }
    let read = |(at, value)| {
        let read = object(value).and_then(|row| question(row, questions.len()));
        read.map_err(|problem| format!("scoring question {at}: {problem}"))
    };
    Ok(Item {
        main_id,
        group: fields::name(row, &["group"])?.ok_or("key `group` is missing")?,
        instruction: text(row, "instruction")?,
        instruction_en: fields::text(row, "instruction_en")?.map(str::to_owned),
        task_types: text(row, "task_types")?,
        category: text(row, "category")?,
        composition_types: texts(row, "composition_types")?,
        questions: questions.iter().enumerate().map(read).collect::<Read<_>>()?,
    })
}

fn question(row: &Map<String, Value>, count: usize) -> Read<Question> {
    present(row, "rule")?;
    let dep = list(row, "dep")?.iter().map(|value| {
        let place = value.as_u64().and_then(|place| usize::try_from(place).ok());
        place.filter(|place| *place < count).ok_or_else(|| {
            format!("key `dep`: {value} is none of the {count} questions, counted from 0")
        })
    });
    Ok(Question {
        text: text(row, "question")?,
        text_en: fields::text(row, "question_en")?.map(str::to_owned),
        rule: fields::text(row, "rule")?.map(str::to_owned),
        constraint_dimensions: texts(row, "constraint_dimensions")?,
        composition_types: texts(row, "composition_types")?,
        dep: dep.collect::<Read<_>>()?,
    })
}

fn wrong(key: &str, expected: &str, found: &Value) -> String {
    format!("key `{key}`: expected {expected}, found {}", type_name(found))
}

fn object(value: &Value) -> Read<&Map<String, Value>> {
    value.as_object().ok_or_else(|| format!("expected an object, found {}", type_name(value)))
}

fn present<'a>(row: &'a Map<String, Value>, key: &str) -> Read<&'a Value> {
    row.get(key).ok_or_else(|| format!("key `{key}` is missing"))
}

fn text(row: &Map<String, Value>, key: &str) -> Read<String> {
    fields::text(row, key)?.map(str::to_owned).ok_or_else(|| format!("key `{key}` is missing"))
}

fn list<'a>(row: &'a Map<String, Value>, key: &str) -> Read<&'a Vec<Value>> {
    let value = present(row, key)?;
    value.as_array().ok_or_else(|| wrong(key, "a list", value))
}

fn texts(row: &Map<String, Value>, key: &str) -> Read<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        other => Err(wrong(key, "a list of strings", other)),
    };
    list(row, key)?.iter().map(text).collect()
}
