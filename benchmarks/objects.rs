//! Files of JSON objects: one array of them, or one a line.

use std::path::Path;

use heedful_datasets::json::{parse, parse_object, type_name};
use heedful_datasets::source::{self, Limits, Source};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::fields;
use crate::lines::of_stream;

/// The objects of `path` in its order; `each` takes one, with its number from 1.
///
/// # Errors
/// A file that cannot be read, is no such file or holds no object; what `each` says of one, with
/// the line, or the element where the file is an array.
pub fn read<T>(
    path: &Path,
    mut each: impl FnMut(u64, &Map<String, Value>) -> std::result::Result<T, String>,
) -> Result<Vec<T>> {
    let mut list = Vec::new();
    let limits = Limits::default();
    match source::open(path, limits)? {
        Source::Lines(stream) => of_stream(path, stream, |line, text| {
            let fail = |problem: String| Error::line(path, line, problem);
            let row = parse_object(text).map_err(|fault| fail(fault.to_string()))?;
            list.push(each(line, &row).map_err(fail)?);
            Ok(())
        })?,
        Source::Array(stream) => {
            let whole = parse(&stream.into_text(limits.array)?);
            let whole = whole.map_err(|fault| Error::content(path, fault.to_string()))?;
            for (row, at) in whole.as_array().into_iter().flatten().zip(1..) {
                let fail = |problem: String| Error::content(path, format!("row {at}: {problem}"));
                let found = || fail(format!("is {}, not a JSON object", type_name(row)));
                let object = row.as_object().ok_or_else(found)?;
                list.push(each(at, object).map_err(fail)?);
            }
        }
        Source::Parquet(_) => return Err(Error::content(path, "is a Parquet file, give JSON")),
    }
    if list.is_empty() {
        return Err(Error::content(path, "no item in it"));
    }
    Ok(list)
}

/// The text under `key`, which must be there.
///
/// # Errors
/// No such key, or any other type.
pub fn text<'a>(row: &'a Map<String, Value>, key: &str) -> std::result::Result<&'a str, String> {
    fields::text(row, key)?.ok_or_else(|| format!("key `{key}` is missing"))
}

/// The count under `key`, which must be there.
///
/// # Errors
/// No such key, or anything but a whole number from 0.
pub fn count(row: &Map<String, Value>, key: &str) -> std::result::Result<u64, String> {
    let value = row.get(key).ok_or_else(|| format!("key `{key}` is missing"))?;
    let found = || if value.is_number() { value.to_string() } else { type_name(value).to_owned() };
    value.as_u64().ok_or_else(|| format!("key `{key}`: expected a count, found {}", found()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Result<Vec<(u64, u64)>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("items");
        std::fs::write(&path, text).unwrap();
        read(&path, |at, row| Ok((at, count(row, "n")?)))
    }

    #[test]
    fn arrays_and_lines_read_the_same() {
        assert_eq!(keys("[{\"n\": 4},\n {\"n\": 5}]").unwrap(), [(1, 4), (2, 5)]);
        assert_eq!(keys("{\"n\": 4}\n\n{\"n\": 5}\n").unwrap(), [(1, 4), (3, 5)]);
    }

    #[test]
    fn the_place_is_named() {
        let said = |text: &str| keys(text).unwrap_err().to_string();
        assert!(said("[{\"n\": 4}, {}]").ends_with("items: row 2: key `n` is missing"));
        assert!(said("[3]").ends_with("items: row 1: is a number, not a JSON object"));
        assert!(
            said("{\"n\": 4}\n{\"n\": -1}").contains("items, line 2: key `n`: expected a count")
        );
        assert!(said("[]").ends_with("items: no item in it"));
        assert!(said("[{\"n\": 4}").contains("items: "));
    }
}
