//! Files of one JSON object a line, and tables that are read as such.

use std::path::Path;

use heedful_datasets::error::{Error as DataError, Fault, FaultKind};
use heedful_datasets::json::parse_object;
use heedful_datasets::rows;
use heedful_datasets::source::{self, Limits, Source, Stream};
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// Calls `each` with the number, from 1, and the text of every line that is not blank.
///
/// # Errors
/// A file that cannot be read or holds no lines of JSON, a line that is too long or no UTF-8, or
/// what `each` returns.
pub fn for_each(path: &Path, each: impl FnMut(u64, &str) -> Result<()>) -> Result<()> {
    match source::open(path, Limits::default())? {
        Source::Lines(stream) => of_stream(path, stream, each),
        Source::Array(_) => Err(array(path)),
        Source::Parquet(_) => Err(Error::content(path, "is a Parquet file, give JSONL")),
    }
}

/// Calls `each` with the number, from 1, and the object of every line that is not blank, or of each
/// row of a Parquet file or a JSON array. What it finds wrong is told with the place.
///
/// # Errors
/// A file that cannot be read, a line or row that is no object, or what `each` says.
pub fn objects(
    path: &Path,
    mut each: impl FnMut(u64, &Map<String, Value>) -> std::result::Result<(), String>,
) -> Result<()> {
    if let Source::Lines(stream) = source::open(path, Limits::default())? {
        return of_stream(path, stream, |line, text| {
            let read = parse_object(text).map_err(|fault| fault.to_string());
            let read = read.and_then(|row| each(line, &row));
            read.map_err(|problem| Error::line(path, line, problem))
        });
    }
    for (row, at) in rows::open_strict(path)?.zip(1..) {
        let row = row?;
        each(at, &row.object).map_err(|problem| {
            DataError::row(row.place, Fault::of(FaultKind::WrongType, problem))
        })?;
    }
    Ok(())
}

/// The same of a stream that is open; `path` is its name in errors.
///
/// # Errors
/// As [`for_each`].
pub fn of_stream(
    path: &Path,
    mut stream: Stream,
    mut each: impl FnMut(u64, &str) -> Result<()>,
) -> Result<()> {
    loop {
        let Some(line) = stream.next_line()? else { return Ok(()) };
        match line.map(str::to_owned) {
            Ok(text) => each(stream.line_number(), &text)?,
            Err(fault) => return Err(Error::line(path, stream.line_number(), fault.to_string())),
        }
    }
}

/// What is said of a file that is one JSON array.
pub fn array(path: &Path) -> Error {
    Error::content(path, "is a JSON array, give JSONL")
}

#[cfg(test)]
mod tests {
    use heedful_datasets::flat::{Cell, Kind, Writer};

    use super::*;

    #[test]
    fn lines_arrays_and_tables_are_the_same_objects() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("a.jsonl"), "{\"key\":\"1\"}\n\n{\"key\":\"2\"}\n").unwrap();
        std::fs::write(path("a.json"), "[{\"key\":\"1\"},{\"key\":\"2\"}]").unwrap();
        let mut writer = Writer::create(&path("a.parquet"), &[("key", Kind::Text)]).unwrap();
        ["1", "2"].iter().for_each(|key| writer.push(&[Cell::Text(key)]).unwrap());
        writer.finish().unwrap();
        for (name, second) in [("a.jsonl", "line 3"), ("a.json", "row 2"), ("a.parquet", "row 2")] {
            let mut keys = Vec::new();
            let read = objects(&path(name), |_, row| {
                let key = row["key"].as_str().unwrap().to_owned();
                keys.push(key.clone());
                if key == "2" { Err("is bad".to_owned()) } else { Ok(()) }
            });
            assert_eq!(keys, ["1", "2"], "{name}");
            let error = read.unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(second), "{error}");
            assert!(error.ends_with("is bad"), "{error}");
        }
        std::fs::write(path("b.json"), "[3]").unwrap();
        let error = objects(&path("b.json"), |_, _| Ok(())).unwrap_err().to_string();
        assert!(error.contains("row 1") && error.contains("a number"), "{error}");
    }
}
