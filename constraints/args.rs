//! Typed access to a constraint's arguments.
//!
//! A rule's JSON Schema has accepted the arguments before they are read here, so a failure of these
//! getters means a schema that is too wide; it is still an error and never a panic.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The arguments of one constraint, as they stand in `kwargs`, nulls dropped.
pub type Args = Map<String, Value>;

/// The arguments of one rule, read by key.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rule: &'static str,
    args: &'a Args,
}

impl<'a> Reader<'a> {
    /// Reads `args` in the name of `rule`, which errors will carry.
    pub fn new(rule: &'static str, args: &'a Args) -> Self {
        Reader { rule, args }
    }

    /// The value under `key`.
    pub fn value(&self, key: &str) -> Result<&'a Value> {
        self.args.get(key).ok_or_else(|| self.fault(key, "is missing"))
    }

    /// A whole number that is not negative; `3.0` counts as `3`.
    pub fn count(&self, key: &str) -> Result<u64> {
        let value = self.value(key)?;
        if let Some(n) = value.as_u64() {
            return Ok(n);
        }
        match value.as_f64() {
            Some(x) if x >= 0.0 && x.fract() == 0.0 && x < 9.0e15 => Ok(x as u64),
            _ => Err(self.fault(key, "is not a whole number of at least 0")),
        }
    }

    /// A whole number, when the key is there.
    pub fn count_if_any(&self, key: &str) -> Result<Option<u64>> {
        if self.args.contains_key(key) { self.count(key).map(Some) } else { Ok(None) }
    }

    /// A text.
    pub fn text(&self, key: &str) -> Result<&'a str> {
        self.value(key)?.as_str().ok_or_else(|| self.fault(key, "is not a string"))
    }

    /// A list of texts.
    pub fn texts(&self, key: &str) -> Result<Vec<&'a str>> {
        let list = self.value(key)?.as_array();
        let list = list.ok_or_else(|| self.fault(key, "is not a list"))?;
        let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
        texts.ok_or_else(|| self.fault(key, "is not a list of strings"))
    }

    /// A text of exactly one character.
    pub fn letter(&self, key: &str) -> Result<char> {
        let mut chars = self.text(key)?.chars();
        match (chars.next(), chars.next()) {
            (Some(letter), None) => Ok(letter),
            _ => Err(self.fault(key, "is not one single character")),
        }
    }

    /// An error about the value under `key`.
    pub fn fault(&self, key: &str, problem: impl Into<String>) -> Error {
        let value = self.args.get(key).unwrap_or(&Value::Null);
        Error::argument(self.rule, key, value, problem)
    }

    /// The error for a good value under `key` that cannot be run here.
    pub fn unsupported(&self, key: &str, problem: impl Into<String>) -> Error {
        let value = self.args.get(key).unwrap_or(&Value::Null);
        Error::unsupported(self.rule, key, value, problem)
    }
}

/// `args` as an object without its null members: Hugging Face tables pad rows with nulls.
pub fn without_nulls(args: &Args) -> Args {
    args.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect()
}
