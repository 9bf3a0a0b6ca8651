//! JSON objects from outside: a key given twice is an error, never a silent choice.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The object that `bytes` spell.
///
/// # Errors
/// What is no JSON object, is not UTF-8, or gives a key twice at any depth.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice::<Unique>(bytes) {
        Ok(Unique(Value::Object(map))) => Ok(map),
        Ok(Unique(other)) => Err(format!("expected a JSON object, found {}", kind(&other))),
        Err(error) => Err(format!("no JSON object: {error}")),
    }
}

/// Whether `key` holds a text; a null counts as absent.
///
/// # Errors
/// Any other type.
pub fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("key `{key}`: expected a string, found {}", kind(other))),
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
                let found = kind(other);
                return Err(format!("key `{key}`: expected a string or a number, found {found}"));
            }
        }
    }
    Ok(None)
}

/// The JSON type of `value` in words.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A value without repeated keys.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Unique, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Unique)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number out of range"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(value)) = seq.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let Unique(value) = access.next_value()?;
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("key `{key}` is given twice")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_read_as_they_are() {
        let text = r#"{"a": [1, -2, 0.5, null, true, "x\u0000y"], "b": {"c": {}}}"#;
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(Value::Object(object(text.as_bytes()).unwrap()), expected);
    }

    #[test]
    fn bad_objects_say_why() {
        let cases: [(&[u8], &str); 6] = [
            (b"{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}}", "key `c` is given twice"),
            (b"[1]", "found a list"),
            (b"{\"a\": NaN}", "no JSON object"),
            (b"{\"a\": \"\xff\"}", "no JSON object"),
            (b"{\"a\": 1", "no JSON object"),
            (b"{\"a\": 1} x", "no JSON object"),
        ];
        for (bytes, expected) in cases {
            let error = object(bytes).unwrap_err();
            assert!(error.contains(expected), "{error} lacks {expected}");
        }
        assert!(object("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn names_may_be_numbers() {
        let map = object(br#"{"key": 12, "id": "x", "prompt": 3}"#).unwrap();
        assert_eq!(name(&map, &["key", "id"]), Ok(Some("12".to_owned())));
        assert_eq!(name(&map, &["none", "id"]), Ok(Some("x".to_owned())));
        assert!(text(&map, "prompt").unwrap_err().contains("`prompt`"));
    }
}
