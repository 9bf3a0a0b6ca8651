//! Files of one JSON object a line.

use std::path::Path;

use heedful_datasets::source::{self, Limits, Source};

use crate::error::{Error, Result};

/// Calls `each` with the number, from 1, and the text of every line that is not blank.
///
/// # Errors
/// A file that cannot be read or holds no lines of JSON, a line that is too long or no UTF-8, or
/// what `each` returns.
pub fn for_each(path: &Path, mut each: impl FnMut(u64, &str) -> Result<()>) -> Result<()> {
    let mut stream = match source::open(path, Limits::default())? {
        Source::Lines(stream) => stream,
        Source::Array(_) => return Err(Error::content(path, "is a JSON array, give JSONL")),
        Source::Parquet(_) => return Err(Error::content(path, "is a Parquet file, give JSONL")),
    };
    loop {
        let Some(line) = stream.next_line()? else { return Ok(()) };
        match line.map(str::to_owned) {
            Ok(text) => each(stream.line_number(), &text)?,
            Err(fault) => return Err(Error::line(path, stream.line_number(), fault.to_string())),
        }
    }
}
