//! What was typed: TOML held against a JSON Schema, with the line, key and value of what is wrong.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Result};

const LARGEST: u64 = 1 << 20;

/// The text of the recipe at `path`.
///
/// # Errors
/// A file that cannot be read, is over 1 MiB or no UTF-8.
pub fn read(path: &Path) -> Result<String> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|e| Error::io(path, e))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::file(path, format!("is over {LARGEST} bytes: no recipe")));
    }
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Error::file(path, format!("no UTF-8: bad byte at position {at}"))
    })
}

/// The TOML `text` as JSON, which the JSON Schema `schema` accepts; `label` names it in messages.
///
/// # Errors
/// No TOML, a number that is none, a key or a value that the schema refuses.
///
/// # Panics
/// Where `schema` is no JSON Schema: those of the program are embedded, and tested.
pub fn value(text: &str, label: &str, schema: &str) -> Result<Value> {
    let value: toml::Value = toml::from_str(text).map_err(|e| no_toml(text, label, &e))?;
    finite(&value, label, "")?;
    let value = serde_json::to_value(value)
        .map_err(|e| Error::recipe(label, "", "", format!("is no JSON: {e}")))?;
    let schema: Value = serde_json::from_str(schema).expect("the embedded schema is JSON: tested");
    let schema = jsonschema::validator_for(&schema).expect("the embedded schema is valid: tested");
    if let Some(error) = schema.iter_errors(&value).next() {
        let key = error.instance_path().to_string().trim_start_matches('/').replace('/', ".");
        let shown = value.pointer(&error.instance_path().to_string()).cloned().unwrap_or_default();
        let shown = if key.is_empty() { String::new() } else { shown.to_string() };
        return Err(Error::recipe(label, &key, &shown, crate::error::shorten(&error.to_string())));
    }
    Ok(value)
}

fn no_toml(text: &str, label: &str, error: &toml::de::Error) -> Error {
    let at = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count() + 1;
    let shown = text.lines().nth(line - 1).unwrap_or_default().trim();
    let [said, shown] = [error.message(), shown].map(crate::error::shorten);
    Error::recipe(label, "", "", format!("is no TOML: line {line}, `{shown}`: {said}"))
}

/// Refuses numbers that are none: JSON has no word for them, and the schema would see a null.
fn finite(value: &toml::Value, label: &str, key: &str) -> Result<()> {
    let below = |name: &str| {
        if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
    };
    match value {
        toml::Value::Float(number) if !number.is_finite() => {
            Err(Error::recipe(label, key, &number.to_string(), "is not a finite number"))
        }
        toml::Value::Table(table) => {
            table.iter().try_for_each(|(name, value)| finite(value, label, &below(name)))
        }
        toml::Value::Array(list) => list
            .iter()
            .enumerate()
            .try_for_each(|(at, value)| finite(value, label, &below(&at.to_string()))),
        _ => Ok(()),
    }
}
