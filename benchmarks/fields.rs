//! Fields of rows that come from outside.

use heedful_datasets::json::type_name;
use serde_json::{Map, Value};

/// Whether `key` holds a text; a null counts as absent.
///
/// # Errors
/// Any other type.
pub fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("key `{key}`: expected a string, found {}", type_name(other))),
    }
}

/// The name of a row under the first of `keys` that it has: a string, or a number as it is written.
///
/// # Errors
/// Any other type.
pub fn name(map: &Map<String, Value>, keys: &[&str]) -> Result<Option<String>, String> {
    for key in keys {
        match map.get(*key) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => return Ok(Some(text.clone())),
            Some(Value::Number(number)) => return Ok(Some(number.to_string())),
            Some(other) => {
                let found = type_name(other);
                return Err(format!("key `{key}`: expected a string or a number, found {found}"));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_may_be_numbers() {
        let row = json!({"key": 12, "id": "x", "prompt": 3, "list": []});
        let row = row.as_object().unwrap();
        assert_eq!(name(row, &["key", "id"]), Ok(Some("12".to_owned())));
        assert_eq!(name(row, &["none", "id"]), Ok(Some("x".to_owned())));
        assert!(name(row, &["list"]).unwrap_err().contains("`list`"));
        assert!(text(row, "prompt").unwrap_err().contains("`prompt`"));
        assert_eq!(text(row, "none"), Ok(None));
    }
}
