//! The constraints of a row, in the layouts that files hold them.

use heedful_constraints::args::{Args, without_nulls};
use heedful_datasets::json::{parse, parse_object, type_name};
use serde_json::{Map, Value};

/// One constraint as it stands in a file: not yet looked up, not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The rule's id.
    pub id: String,
    /// Its arguments, nulls dropped.
    pub args: Args,
}

/// The most constraints that a row may have.
pub const MOST: usize = 1000;

/// Reads `instruction_id_list` and `kwargs` of `row`, position by position.
///
/// `kwargs` may be a list of objects, of nulls or of JSON texts, or one JSON text of such a list:
/// the layouts of the official files, of Hugging Face tables and of ours.
///
/// # Errors
/// A key that is missing or of another type; lists of different lengths; an empty list.
pub fn asked(row: &Map<String, Value>) -> Result<Vec<Asked>, String> {
    let ids = list(row, "instruction_id_list")?;
    let kwargs = list(row, "kwargs")?;
    if ids.len() != kwargs.len() {
        let (ids, kwargs) = (ids.len(), kwargs.len());
        return Err(format!("`instruction_id_list` has {ids} entries and `kwargs` {kwargs}"));
    }
    if ids.len() > MOST {
        return Err(format!("{} constraints on one row, the limit is {MOST}", ids.len()));
    }
    if ids.is_empty() {
        return Err("`instruction_id_list` is empty: nothing to verify".to_owned());
    }
    let pairs = ids.into_iter().zip(kwargs).enumerate();
    pairs
        .map(|(at, (id, kwargs))| one(id, kwargs).map_err(|e| format!("entry {at}: {e}")))
        .collect()
}

/// The arguments that `kwargs` holds: an object, a JSON text of one, or null for none.
///
/// # Errors
/// Any other type.
pub fn arguments(kwargs: Value) -> Result<Args, String> {
    match kwargs {
        Value::Null => Ok(Args::new()),
        Value::Object(map) => Ok(without_nulls(&map)),
        Value::String(text) => match parse_object(&text) {
            Ok(map) => Ok(without_nulls(&map)),
            Err(error) => Err(format!("`kwargs` is a text that is no object: {error}")),
        },
        other => Err(format!("`kwargs`: expected an object, found {}", type_name(&other))),
    }
}

fn one(id: Value, kwargs: Value) -> Result<Asked, String> {
    match id {
        Value::String(id) => Ok(Asked { id, args: arguments(kwargs)? }),
        other => {
            Err(format!("`instruction_id_list`: expected a string, found {}", type_name(&other)))
        }
    }
}

fn list(row: &Map<String, Value>, key: &str) -> Result<Vec<Value>, String> {
    match row.get(key) {
        Some(Value::Array(list)) => Ok(list.clone()),
        Some(Value::String(text)) => match parse(text) {
            Ok(Value::Array(list)) => Ok(list),
            Ok(other) => Err(format!("key `{key}`: a text of {}, no list", type_name(&other))),
            Err(fault) => Err(format!("key `{key}`: a text that is no JSON list: {fault}")),
        },
        Some(other) => Err(format!("key `{key}`: expected a list, found {}", type_name(other))),
        None => Err(format!("key `{key}` is missing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(row: Value) -> Result<Vec<Asked>, String> {
        asked(row.as_object().unwrap())
    }

    #[test]
    fn every_layout_reads_the_same() {
        let expected = read(json!({
            "instruction_id_list": ["a:b", "c:d"], "kwargs": [{"n": 0}, {}]
        }));
        assert_eq!(expected.as_ref().map(Vec::len), Ok(2));
        for kwargs in [
            json!([{"n": 0, "m": null}, null]),
            json!(["{\"n\": 0}", "{}"]),
            json!("[{\"n\": 0}, null]"),
        ] {
            let row = json!({"instruction_id_list": ["a:b", "c:d"], "kwargs": kwargs});
            assert_eq!(read(row), expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let cases = [
            (json!({"kwargs": []}), "`instruction_id_list` is missing"),
            (json!({"instruction_id_list": [], "kwargs": []}), "is empty"),
            (json!({"instruction_id_list": vec!["a"; 9999], "kwargs": vec![(); 9999]}), "limit"),
            (json!({"instruction_id_list": ["a"], "kwargs": []}), "1 entries and `kwargs` 0"),
            (json!({"instruction_id_list": ["a"], "kwargs": [3]}), "entry 0: `kwargs`"),
            (json!({"instruction_id_list": [3], "kwargs": [{}]}), "expected a string"),
            (json!({"instruction_id_list": "a", "kwargs": [{}]}), "no JSON list"),
        ];
        for (row, expected) in cases {
            let error = read(row).unwrap_err();
            assert!(error.contains(expected), "{error} lacks {expected}");
        }
    }
}
