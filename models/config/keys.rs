//! Values of a JSON object by key; a value of another kind is an error that names both.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// An object of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys<'a> {
    path: &'a Path,
    map: &'a Map<String, Value>,
    /// What stands before a key in a message: empty, or `rope_scaling.`.
    prefix: &'static str,
}

impl<'a> Keys<'a> {
    /// The keys of a file's outermost value, which must be an object.
    pub(crate) fn of(path: &'a Path, value: &'a Value) -> Result<Keys<'a>> {
        let map = value.as_object().ok_or_else(|| Error::file(path, "is no JSON object"))?;
        Ok(Keys { path, map, prefix: "" })
    }

    /// An object under a key; `prefix` is the key and a dot.
    pub(crate) fn under(self, key: &str, prefix: &'static str) -> Result<Option<Keys<'a>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let map = value.as_object().ok_or_else(|| self.refuse(key, "is not an object"))?;
        Ok(Some(Keys { path: self.path, map, prefix }))
    }

    /// The value of a key; null is as good as none.
    pub(crate) fn get(self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// Whether a key is there, be it null.
    pub(crate) fn has(self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// Whether there is no key at all.
    pub(crate) fn is_empty(self) -> bool {
        self.map.is_empty()
    }

    /// An error about a key: its name, its value, and what is wrong.
    pub(crate) fn refuse(self, key: &str, problem: &str) -> Error {
        let mut value = self.map.get(key).map_or_else(String::new, Value::to_string);
        if value.len() > 80 {
            value = value.chars().take(77).collect::<String>() + "…";
        }
        Error::file(self.path, format!("`{}{key}` = {value}: {problem}", self.prefix))
    }

    /// An error about a key that is wanted and not there.
    pub(crate) fn missing(self, key: &str) -> Error {
        Error::file(self.path, format!("has no `{}{key}`", self.prefix))
    }

    /// A whole number from 1 to `most`.
    pub(crate) fn size(self, key: &str, most: usize) -> Result<Option<usize>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
        match number.filter(|number| (1..=most).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.refuse(key, &format!("a whole number from 1 to {most} is wanted"))),
        }
    }

    /// A whole number from 1 to `most` that must be there.
    pub(crate) fn need(self, key: &str, most: usize) -> Result<usize> {
        self.size(key, most)?.ok_or_else(|| self.missing(key))
    }

    /// A finite number above zero.
    pub(crate) fn positive(self, key: &str) -> Result<Option<f64>> {
        match self.number(key)? {
            Some(number) if number <= 0.0 => Err(self.refuse(key, "must be above 0")),
            other => Ok(other),
        }
    }

    /// A finite number.
    pub(crate) fn number(self, key: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_f64().filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => Err(self.refuse(key, "a finite number is wanted")),
        }
    }

    /// True or false.
    pub(crate) fn flag(self, key: &str) -> Result<Option<bool>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| self.refuse(key, "true or false is wanted"))
    }

    /// A text.
    pub(crate) fn text(self, key: &str) -> Result<Option<&'a str>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.refuse(key, "a text is wanted"))
    }

    /// A token's number.
    pub(crate) fn token(self, key: &str) -> Result<Option<u32>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        self.as_token(key, value).map(Some)
    }

    /// A token's number, or a list of some.
    pub(crate) fn tokens(self, key: &str) -> Result<Option<Vec<u32>>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Array(list)) if list.len() <= 1024 => {
                list.iter().map(|value| self.as_token(key, value)).collect::<Result<_>>().map(Some)
            }
            Some(value) => Ok(Some(vec![self.as_token(key, value)?])),
        }
    }

    fn as_token(self, key: &str, value: &Value) -> Result<u32> {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| self.refuse(key, "the number of a token is wanted"))
    }
}
