//! Pairs: a response, a constraint and whether it is satisfied, as `pairs` writes them or anyone.
//!
//! A row needs `constraint`, `response` and `label`; all else is for groups and reports.

use std::path::{Path, PathBuf};

use heedful_datasets::artifact;
use heedful_datasets::error::{Error as DataError, Fault, FaultKind};
use heedful_datasets::rows::{self, Row};
use serde_json::{Map, Value};

use super::classifier::Question;
use crate::error::{Error, Result};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Pairs of one group never come apart in splits: the instruction, the seed or the ladder.
    pub group: String,
    /// The ladder and level: where a response is compared with another one.
    pub rung: String,
    /// What was to be done; empty where it is not told.
    pub instruction: String,
    /// The constraint as a prompt says it.
    pub constraint: String,
    /// The response.
    pub response: String,
    /// Whether the constraint is taken to be satisfied.
    pub label: bool,
    /// The id of the rule or soft type.
    pub id: String,
    /// Whether no rule decides it.
    pub soft: bool,
    /// Whether it really is satisfied, where a rule or the grammar knows.
    pub truth: Option<bool>,
}

impl Pair {
    /// The question whose answer the label is.
    pub fn question(&self) -> Question<'_> {
        let Pair { instruction, constraint, response, .. } = self;
        Question { instruction, constraint, response }
    }
}

/// All pairs of these files and folders, in their order.
///
/// # Errors
/// Files that cannot be read, rows that are no pairs, or none at all.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for path in paths {
        for table in tables(path)? {
            for row in rows::open_strict(&table)? {
                let row = row?;
                let pair = pair(&row).map_err(|fault| DataError::row(row.place.clone(), fault))?;
                pairs.push(pair);
            }
        }
    }
    match pairs.is_empty() {
        true => Err(Error::usage("no pair in the data")),
        false => Ok(pairs),
    }
}

/// The tables of an artifact, or the file.
pub(crate) fn tables(path: &Path) -> Result<Vec<PathBuf>> {
    match path.is_dir() {
        true => Ok(artifact::open(path)?.tables(None)),
        false => Ok(vec![path.to_owned()]),
    }
}

fn pair(row: &Row) -> std::result::Result<Pair, Fault> {
    let object = &row.object;
    let maybe = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    let instruction = maybe("instruction").unwrap_or_default();
    let ladder = maybe("ladder").unwrap_or_else(|| instruction.clone());
    let level = object.get("level").and_then(Value::as_u64).unwrap_or_default();
    let id = maybe("constraint_id").unwrap_or_default();
    Ok(Pair {
        group: if instruction.is_empty() { ladder.clone() } else { instruction.clone() },
        rung: format!("{ladder}\0{level}\0{id}"),
        constraint: text(object, "constraint")?,
        response: text(object, "response")?,
        label: yes(object, "label")?.ok_or_else(|| Fault::missing("label"))?,
        soft: maybe("kind").as_deref() == Some("soft"),
        truth: yes(object, "truth")?.or(yes(object, "rule_label")?),
        id,
        instruction,
    })
}

fn text(object: &Map<String, Value>, key: &str) -> std::result::Result<String, Fault> {
    let value = object.get(key).ok_or_else(|| Fault::missing(key))?;
    let text = value.as_str().ok_or_else(|| Fault::wrong_type(key, value, "a string"))?;
    Ok(text.to_owned())
}

/// True, false, 1 or 0.
fn yes(object: &Map<String, Value>, key: &str) -> std::result::Result<Option<bool>, Fault> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(yes)) => Ok(Some(*yes)),
        Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(Some(false)),
        Some(Value::Number(number)) if number.as_u64() == Some(1) => Ok(Some(true)),
        Some(other) => {
            let problem = "is neither 0 nor 1";
            Err(Fault::at(FaultKind::BadValue, key, &other.to_string(), problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Pair>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairs.jsonl");
        std::fs::write(&path, text).unwrap();
        read(&[path])
    }

    #[test]
    fn rows_of_ours_and_of_anyone() {
        let pairs = of(concat!(
            r#"{"constraint": "c", "response": "r", "label": 1}"#,
            "\n",
            r#"{"constraint": "c", "response": "r", "label": false, "ladder": "l", "level": 2, "#,
            r#""constraint_id": "a:b", "kind": "soft", "truth": true, "instruction": "i"}"#,
        ))
        .unwrap();
        assert_eq!((pairs[0].label, pairs[1].label), (true, false));
        assert_eq!(
            (pairs[1].id.as_str(), pairs[1].soft, pairs[1].truth),
            ("a:b", true, Some(true))
        );
        assert_eq!((pairs[0].truth, pairs[1].group.as_str()), (None, "i"));
    }

    #[test]
    fn what_is_no_pair_is_named() {
        for (row, named) in [
            (r#"{"response": "r", "label": 1}"#, "`constraint`: is missing"),
            (r#"{"constraint": "c", "response": 3, "label": 1}"#, "value 3"),
            (r#"{"constraint": "c", "response": "r"}"#, "`label`: is missing"),
            (r#"{"constraint": "c", "response": "r", "label": 2}"#, "neither 0 nor 1"),
            ("", "empty"),
        ] {
            let error = of(row).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
