//! Tables of comma-separated values, as GPQA is published: the first record names the columns.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use csv::ReaderBuilder;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The most bytes of a file: a quote that is never closed takes all that follows for its field.
const MOST: u64 = 64 << 20;

/// Whether the name of `path` says that it is such a table; its content could not.
pub(super) fn is_named(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}

/// Calls `each` with the number of a record, from 1 behind the names, and its fields by column; an
/// empty field is absent.
///
/// # Errors
/// A file that cannot be read or is too large, a record of another length than the first or no
/// UTF-8, or what `each` says.
pub(super) fn objects(
    path: &Path,
    mut each: impl FnMut(u64, &Map<String, Value>) -> std::result::Result<(), String>,
) -> Result<()> {
    let file = File::open(path).map_err(|e| Error::file(path, e))?;
    let size = file.metadata().map_err(|e| Error::file(path, e))?.len();
    if size > MOST {
        return Err(Error::content(path, format!("has {size} bytes, a CSV file at most {MOST}")));
    }
    let mut reader = ReaderBuilder::new().from_reader(file.take(MOST));
    let fail = |error: csv::Error| Error::content(path, error.to_string());
    let names = reader.headers().map_err(fail)?.clone();
    for (record, number) in reader.records().zip(1..) {
        let record = record.map_err(fail)?;
        let fields = names.iter().zip(&record).filter(|(_, value)| !value.is_empty());
        let row = fields.map(|(name, value)| (name.to_owned(), value.into())).collect();
        each(number, &row)
            .map_err(|problem| Error::content(path, format!("record {number}: {problem}")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rows = Vec<(u64, Map<String, Value>)>;

    fn read(text: &[u8]) -> (Rows, Result<()>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.CSV");
        assert!(is_named(&path) && !is_named(folder.path()));
        std::fs::write(&path, text).unwrap();
        let mut rows = Vec::new();
        let done = objects(&path, |line, row| {
            rows.push((line, row.clone()));
            if row.contains_key("bad") { Err("is bad".to_owned()) } else { Ok(()) }
        });
        (rows, done)
    }

    #[test]
    fn records_are_rows_with_their_numbers() {
        let text = b"\xef\xbb\xbfQuestion,Answer,bad\r\n\
                     \"two\nlines, one \"\"quote\"\"\",5,\r\nq,,x\r\n";
        let (rows, done) = read(text);
        assert_eq!((rows[0].0, rows[1].0), (1, 2));
        assert_eq!(rows[0].1["Question"], "two\nlines, one \"quote\"");
        assert_eq!((&rows[0].1["Answer"], rows[0].1.len()), (&Value::from("5"), 2));
        let error = done.unwrap_err().to_string();
        assert!(error.contains("a.CSV") && error.contains("record 2: is bad"), "{error}");
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for (text, expected) in
            [(&b"a,b\n1,2,3\n"[..], "line: 2"), (b"a,b\n1,\xff\n", "invalid UTF-8")]
        {
            let error = read(text).1.unwrap_err().to_string();
            assert!(error.contains("a.CSV") && error.contains(expected), "{error}");
        }
        assert!(read(b"").1.is_ok());
    }
}
