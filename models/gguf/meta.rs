//! Values of the metadata. Lists stay in the file; what is kept of one is where it lies.

use std::ops::Range;

use super::File;
use super::read::Cursor;
use crate::error::Result;

/// Kinds of values by their numbers in the file.
pub(super) const TEXT: u32 = 8;
pub(super) const LIST: u32 = 9;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Any unsigned kind.
    Unsigned(u64),
    /// Any signed kind.
    Signed(i64),
    /// f32 or f64.
    Real(f64),
    /// A truth.
    Truth(bool),
    /// A text.
    Text(String),
    /// A list, walked once when the file was opened and sound.
    List(List),
}

/// A list that lies in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List {
    pub(super) kind: u32,
    pub(super) count: usize,
    pub(super) bytes: Range<usize>,
}

impl Value {
    fn unsigned(&self) -> Option<u64> {
        match self {
            Value::Unsigned(value) => Some(*value),
            Value::Signed(value) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    fn real(&self) -> Option<f64> {
        match self {
            Value::Real(value) => Some(*value),
            other => other.unsigned().map(|value| value as f64),
        }
    }
}

/// Metadata by key; a value of another kind is an error that names the key.
impl File {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.head.meta.get(key)
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&str>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(self.refuse(format!("`{key}` is no text"))),
        }
    }

    pub(super) fn truth(&self, key: &str) -> Result<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Truth(truth)) => Ok(Some(*truth)),
            Some(_) => Err(self.refuse(format!("`{key}` is neither true nor false"))),
        }
    }

    pub(super) fn real(&self, key: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        value.real().map(Some).ok_or_else(|| self.refuse(format!("`{key}` is no number")))
    }

    pub(super) fn token_id(&self, key: &str) -> Result<Option<u32>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let id = value.unsigned().and_then(|id| u32::try_from(id).ok());
        id.map(Some).ok_or_else(|| self.refuse(format!("`{key}` is no token")))
    }

    /// A size; a list of the same size for each layer is as good.
    pub(super) fn size(&self, key: &str) -> Result<Option<usize>> {
        let refuse = |what: &str| Err(self.refuse(format!("`{key}` {what}")));
        let value = match self.get(key) {
            None => return Ok(None),
            Some(Value::List(list)) => {
                let Some(values) = self.integers(list) else { return refuse("is no size") };
                match values.split_first() {
                    Some((first, rest)) if rest.iter().all(|other| other == first) => {
                        u64::try_from(*first).ok()
                    }
                    _ => return refuse("differs between layers: not supported"),
                }
            }
            Some(value) => value.unsigned(),
        };
        match value.and_then(|value| usize::try_from(value).ok()) {
            Some(value) => Ok(Some(value)),
            None => refuse("is no size"),
        }
    }

    pub(super) fn need(&self, key: &str) -> Result<usize> {
        self.size(key)?.ok_or_else(|| self.refuse(format!("has no `{key}`")))
    }

    pub(super) fn list(&self, key: &str) -> Result<Option<&List>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::List(list)) => Ok(Some(list)),
            Some(_) => Err(self.refuse(format!("`{key}` is no list"))),
        }
    }

    /// The texts of a list of texts.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<&str>>> {
        let Some(list) = self.list(key)? else { return Ok(None) };
        if list.kind != TEXT {
            return Err(self.refuse(format!("`{key}` is no list of texts")));
        }
        let mut cursor = Cursor::new(&self.map[list.bytes.clone()]);
        let texts = (0..list.count).map(|_| cursor.text()).collect::<std::result::Result<_, _>>();
        texts.map(Some).map_err(|problem| self.refuse(format!("`{key}`: {problem}")))
    }

    /// The whole numbers of a list of such.
    pub(super) fn integers(&self, list: &List) -> Option<Vec<i64>> {
        let mut cursor = Cursor::new(&self.map[list.bytes.clone()]);
        let one = |_| match cursor.value(list.kind, 0).ok()? {
            Value::Unsigned(value) => i64::try_from(value).ok(),
            Value::Signed(value) => Some(value),
            _ => None,
        };
        (0..list.count).map(one).collect()
    }
}
