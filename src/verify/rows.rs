//! Rows that stand alone: `{id, instruction_id, kwargs, response}` to `{id, strict, loose, vec}`.
//!
//! Other keys are passed over. `strict` and `loose` are null where the official code raises; then
//! `error` says why, and the row counts as not satisfied. `vec` has a letter for each of the eight
//! loose variants: `1`, `0`, `-` for blank, `E` for raised.

use std::io::Write;
use std::path::Path;

use heedful_benchmarks::asked::{Asked, arguments};
use heedful_benchmarks::{Error, Result};
use heedful_constraints::loose::{Cell, Unstarred, VARIANTS, Variants};
use heedful_constraints::{Constraint, Profile};
use heedful_datasets::json::parse_object;
use heedful_datasets::source::{self, Limits, Source, Stream};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};

use super::cache::Cache;
use super::{CHUNK_BYTES, CHUNK_ROWS, Progress, Shard};

/// How rows are verified.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// The reading of the rules.
    pub profile: Profile,
    /// The part of the input to take.
    pub shard: Shard,
    /// Count and pass over lines that cannot be taken, in place of stopping at the first.
    pub skip_bad: bool,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Rows verified.
    pub rows: u64,
    /// Satisfied as they are.
    pub strict: u64,
    /// Satisfied in some variant.
    pub loose: u64,
    /// Rows with an error in place of a verdict, in `strict` or in `loose`.
    pub errors: u64,
    /// Lines passed over.
    pub skipped: u64,
}

/// What is written for one row.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Line {
    id: Value,
    strict: Option<bool>,
    loose: Option<bool>,
    vec: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Verifies the rows of `input` (JSONL, gzipped or not; `-` is standard input) onto `output`.
///
/// # Errors
/// A file that cannot be read or written, or that holds no row; the first line that cannot be
/// taken, unless such lines are skipped. An unknown rule or a bad argument makes such a line, too;
/// where the official code raises, or a pattern cannot be run in linear time, the row gets an
/// `error`.
pub fn verify(
    input: &Path,
    output: &mut dyn Write,
    config: Config,
    progress: Progress<'_>,
) -> Result<Summary> {
    let mut stream = match source::open(input, Limits::default())? {
        Source::Lines(stream) => stream,
        Source::Array(_) | Source::Parquet(_) => {
            return Err(Error::content(input, "rows come as JSONL, one object a line"));
        }
    };
    let cache = Cache::new(config.profile);
    let mut summary = Summary::default();
    let mut number = 0;
    loop {
        let chunk = chunk(&mut stream, config.shard, &mut number)?;
        if chunk.is_empty() {
            break;
        }
        let judged: Vec<std::result::Result<(Line, Vec<u8>), String>> =
            chunk.par_iter().map(|(_, text)| row(text.as_deref(), &cache)).collect();
        for ((line, _), judged) in chunk.iter().zip(judged) {
            match judged {
                Ok((row, text)) => {
                    summary.add(&row);
                    output.write_all(&text).map_err(|e| Error::file(Path::new("output"), e))?;
                }
                Err(_) if config.skip_bad => summary.skipped += 1,
                Err(problem) => {
                    output.flush().map_err(|e| Error::file(Path::new("output"), e))?;
                    return Err(Error::line(input, *line, problem));
                }
            }
        }
        progress(number);
    }
    if number == 0 {
        return Err(Error::content(input, "holds no row"));
    }
    output.flush().map_err(|e| Error::file(Path::new("output"), e))?;
    Ok(summary)
}

impl Summary {
    fn add(&mut self, line: &Line) {
        self.rows += 1;
        self.strict += u64::from(line.strict == Some(true));
        self.loose += u64::from(line.loose == Some(true));
        self.errors += u64::from(line.strict.is_none() || line.loose.is_none());
    }
}

/// A line's number with its text, or with what is wrong with it.
type Numbered = (u64, std::result::Result<String, String>);

/// The next lines of this shard; empty at the end.
fn chunk(stream: &mut Stream, shard: Shard, number: &mut u64) -> Result<Vec<Numbered>> {
    let mut chunk = Vec::new();
    let mut bytes = 0;
    while chunk.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
        let Some(line) = stream.next_line()? else { break };
        let mine = shard.has(*number);
        *number += 1;
        if mine {
            let line = line.map(str::to_owned).map_err(|fault| fault.to_string());
            bytes += line.as_ref().map_or(0, String::len);
            chunk.push((stream.line_number(), line));
        }
    }
    Ok(chunk)
}

fn row(
    text: std::result::Result<&str, &String>,
    cache: &Cache,
) -> std::result::Result<(Line, Vec<u8>), String> {
    let row = parse_object(text.map_err(Clone::clone)?).map_err(|fault| fault.to_string())?;
    let line = judge(row, cache)?;
    let mut text = serde_json::to_vec(&line).map_err(|e| e.to_string())?;
    text.push(b'\n');
    Ok((line, text))
}

fn judge(mut row: Map<String, Value>, cache: &Cache) -> std::result::Result<Line, String> {
    let id = row.get_mut("id").map(Value::take).unwrap_or_default();
    let mut string = |key: &str| match row.get_mut(key).map(Value::take) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("row {}: key `{key}`: expected a string", shown(&id))),
        None => Err(format!("row {}: key `{key}` is missing", shown(&id))),
    };
    let (rule, response) = (string("instruction_id")?, string("response")?);
    let kwargs = row.get_mut("kwargs").map(Value::take).unwrap_or_default();
    let args = arguments(kwargs).map_err(|e| format!("row {}: {e}", shown(&id)))?;
    let unstarred = Unstarred::new(&response);
    let variants = Variants::new(&response, &unstarred);
    let compiled = cache.get(&Asked { id: rule, args });
    let (cells, fault) = match compiled.as_ref() {
        Ok(constraint) => (variants.cells(constraint), None),
        Err(error) if error.is_unsupported() => (variants.faults(), Some(error.to_string())),
        Err(error) => return Err(format!("row {}: {error}", shown(&id))),
    };
    let vec = cells.iter().map(|cell| cell.letter()).collect();
    let (strict, loose) = verdicts(&cells);
    let raised = || compiled.as_ref().as_ref().ok().and_then(|c| raised(&variants, c));
    let error = match (strict, loose) {
        (Some(_), Some(_)) => None,
        _ => fault.or_else(raised),
    };
    Ok(Line { id, strict, loose, vec, error })
}

/// Strict and loose as the official code goes through the variants: the first that passes ends it,
/// and so does the first that raises.
fn verdicts(cells: &[Cell; VARIANTS]) -> (Option<bool>, Option<bool>) {
    let strict = match cells[0] {
        Cell::Pass => Some(true),
        Cell::Fail | Cell::Blank => Some(false),
        Cell::Fault => None,
    };
    let end = cells.iter().find(|cell| matches!(cell, Cell::Pass | Cell::Fault));
    let loose = match end {
        Some(Cell::Pass) => Some(true),
        Some(_) => None,
        None => Some(false),
    };
    (strict, loose)
}

/// Why a check raises.
fn raised(variants: &Variants<'_>, constraint: &Constraint) -> Option<String> {
    let verdict = variants.judge(constraint).verdict;
    let other = "a variant of the response cannot be checked";
    Some(verdict.error().unwrap_or(other).to_owned())
}

/// A row's name, cut to what a message can hold.
fn shown(id: &Value) -> String {
    const LONGEST: usize = 80;
    let text = id.to_string();
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
    }
}

#[cfg(test)]
mod tests;
