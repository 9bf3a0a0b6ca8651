//! Files of one JSON object a line.

use std::path::Path;

use heedful_datasets::source::{self, Limits, Source, Stream};

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
