//! JSON values, read strictly: no duplicate keys, no NaN, no raw NUL, bounded depth.

use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{Fault, FaultKind};

const DUPLICATE: &str = "duplicate key ";

/// Reads one JSON value from `text`.
///
/// Values nested deeper than 128 are refused, as are keys that an object has twice.
///
/// # Errors
/// The fault, without its place.
pub fn parse(text: &str) -> Result<Value, Fault> {
    if memchr::memchr(0, text.as_bytes()).is_some() {
        return Err(Fault::of(FaultKind::NulByte, "a raw NUL byte"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| fault(text, &error))
}

/// Reads one JSON object from `text`.
///
/// # Errors
/// The fault, without its place.
pub fn parse_object(text: &str) -> Result<Map<String, Value>, Fault> {
    match parse(text)? {
        Value::Object(object) => Ok(object),
        other => {
            let problem = format!("is {}, not a JSON object", type_name(&other));
            Err(Fault {
                value: crate::error::shorten(&other.to_string()),
                ..Fault::of(FaultKind::NotAnObject, problem)
            })
        }
    }
}

/// What a JSON value is, in words.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn fault(text: &str, error: &serde_json::Error) -> Fault {
    let said = error.to_string();
    if let Some(key) = said.strip_prefix(DUPLICATE) {
        let key = key.rsplit_once(" at line ").map_or(key, |(key, _)| key);
        return Fault::at(FaultKind::DuplicateKey, key, "", "stands twice in one object");
    }
    if said.starts_with("recursion limit") {
        return Fault::of(FaultKind::TooDeep, "values are nested deeper than 128");
    }
    if let Some(literal) = literal_near(text, error) {
        return Fault::of(FaultKind::NotFinite, format!("{literal} is no JSON number"));
    }
    if said.starts_with("number out of range") {
        return Fault::of(FaultKind::NotFinite, format!("a {said}"));
    }
    Fault::of(FaultKind::Syntax, format!("is no JSON: {said}"))
}

/// The non-finite literal of Python and JavaScript that stands where parsing stopped.
fn literal_near<'a>(text: &'a str, error: &serde_json::Error) -> Option<&'a str> {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', text.as_bytes()).nth(line - 2)? + 1,
    };
    let at = line_start + error.column();
    for literal in ["-Infinity", "Infinity", "NaN"] {
        let low = at.saturating_sub(literal.len());
        for start in low..=at {
            if text.get(start..).is_some_and(|rest| rest.starts_with(literal)) {
                return text.get(start..start + literal.len());
            }
        }
    }
    None
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
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
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Strict)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key_seed(Key)? {
            let value = map.next_value_seed(Strict)?;
            if let Some(key) = insert(&mut object, key, value) {
                return Err(de::Error::custom(format!("{DUPLICATE}{key}")));
            }
        }
        Ok(Value::Object(object))
    }
}

/// Inserts; gives the key back when it was there.
fn insert(object: &mut Map<String, Value>, key: String, value: Value) -> Option<String> {
    if object.contains_key(&key) {
        return Some(key);
    }
    object.insert(key, value);
    None
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        String::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn faults_are_told_apart() {
        let cases = [
            ("{\"a\": 1, \"b\": {\"x\": 1, \"x\": 2}}", FaultKind::DuplicateKey),
            ("{\"a\": NaN}", FaultKind::NotFinite),
            ("{\"a\": -Infinity}", FaultKind::NotFinite),
            ("{\"a\": 1e999}", FaultKind::NotFinite),
            ("{\"a\": \"\0\"}", FaultKind::NulByte),
            ("{\"a\": ", FaultKind::Syntax),
            ("{} {}", FaultKind::Syntax),
            ("", FaultKind::Syntax),
        ];
        for (text, kind) in cases {
            assert_eq!(parse(text).expect_err(text).kind, kind, "{text}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(&deep).expect_err("deep").kind, FaultKind::TooDeep);
        assert_eq!(parse("{\"k\": 1, \"k\": 1}").expect_err("twice").key, "k");
        assert_eq!(parse_object("[1]").expect_err("a list").kind, FaultKind::NotAnObject);
    }

    #[test]
    fn escapes_of_nul_and_large_numbers_stay() {
        let value = parse("{\"a\": \"\\u0000\", \"n\": 18446744073709551615}").expect("valid");
        assert_eq!(value["a"], "\0");
        assert_eq!(value["n"], u64::MAX);
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_but_for_duplicates(
            text in "[\\[\\]{}:,\"a1 .eN-]{0,40}",
        ) {
            let lenient: Result<Value, _> = serde_json::from_str(&text);
            match (parse(&text), lenient) {
                (Ok(a), Ok(b)) => prop_assert_eq!(a, b),
                (Err(fault), Ok(_)) => prop_assert_eq!(fault.kind, FaultKind::DuplicateKey),
                (Err(_), Err(_)) => {}
                (Ok(value), Err(error)) => prop_assert!(false, "{} {}", value, error),
            }
        }
    }
}
