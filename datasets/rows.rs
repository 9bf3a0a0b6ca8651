//! Rows of any input as JSON objects, each with its place, read as a stream.

use std::collections::BTreeMap;
use std::path::Path;

use arrow_array::ArrayRef;
use serde_json::{Map, Value};

use crate::error::{At, Error, Fault, Place, Result};
use crate::parquet_rows::{self, Batches};
use crate::source::{self, Limits, Source, Stream};
use crate::{cells, json};

/// What happens to a row that cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBad {
    /// It ends the reading with an error.
    #[default]
    Fail,
    /// It is counted and passed over.
    Skip,
}

/// How rows are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// What happens to bad rows.
    pub on_bad: OnBad,
    /// Limits on lines and arrays.
    pub limits: Limits,
    /// The only columns to read of a Parquet file; each must be there. `None` reads all.
    pub columns: Option<&'a [&'a str]>,
}

/// A row with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The file and the line or row.
    pub place: Place,
    /// The row's keys and values.
    pub object: Map<String, Value>,
}

/// A stream of rows.
pub struct Rows {
    inner: Inner,
    on_bad: OnBad,
    skipped: BTreeMap<&'static str, u64>,
    done: bool,
}

enum Inner {
    Lines { stream: Stream, taken: u64 },
    Array { name: String, items: std::vec::IntoIter<Value>, at: u64 },
    Table(Box<Table>),
}

struct Table {
    name: String,
    batches: Batches,
    names: Vec<String>,
    columns: Vec<ArrayRef>,
    rows: usize,
    next: usize,
    at: u64,
}

/// Opens `path` (`-` is standard input) as JSONL, gzipped JSONL, a JSON array or Parquet.
///
/// # Errors
/// A file that cannot be opened, is empty, or is no whole Parquet file; a missing column.
pub fn open(path: &Path, options: Options<'_>) -> Result<Rows> {
    let inner = match source::open(path, options.limits)? {
        Source::Lines(stream) => Inner::Lines { stream, taken: 0 },
        Source::Array(stream) => array(stream, options.limits)?,
        Source::Parquet(path) => {
            let batches = parquet_rows::open(&path, options.columns)?;
            let names = batches.schema().fields().iter().map(|f| f.name().clone()).collect();
            Inner::Table(Box::new(Table {
                name: path.display().to_string(),
                batches,
                names,
                columns: Vec::new(),
                rows: 0,
                next: 0,
                at: 0,
            }))
        }
    };
    Ok(Rows { inner, on_bad: options.on_bad, skipped: BTreeMap::new(), done: false })
}

/// Opens `path` with the defaults: the first bad row is an error.
///
/// # Errors
/// As [`open`].
pub fn open_strict(path: &Path) -> Result<Rows> {
    open(path, Options::default())
}

fn array(stream: Stream, limits: Limits) -> Result<Inner> {
    let name = stream.name.clone();
    let text = stream.into_text(limits.array)?;
    let value = json::parse(&text).map_err(|fault| Error::file(&name, fault.to_string()))?;
    match value {
        Value::Array(items) if items.is_empty() => Err(Error::file(&name, "is an empty array")),
        Value::Array(items) => Ok(Inner::Array { name, items: items.into_iter(), at: 0 }),
        other => Err(Error::file(&name, format!("is {}, not a list", json::type_name(&other)))),
    }
}

impl Rows {
    /// Skipped rows by the sort of their fault.
    pub fn skipped(&self) -> &BTreeMap<&'static str, u64> {
        &self.skipped
    }

    /// Rows skipped in all.
    pub fn skipped_total(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Refuses a row that this stream gave out: an error, or one more skipped row.
    ///
    /// # Errors
    /// The fault with its place, unless bad rows are skipped.
    pub fn refuse(&mut self, place: &Place, fault: Fault) -> Result<()> {
        match self.on_bad {
            OnBad::Fail => {
                self.done = true;
                Err(Error::row(place.clone(), fault))
            }
            OnBad::Skip => {
                *self.skipped.entry(fault.kind.name()).or_default() += 1;
                Ok(())
            }
        }
    }

    fn advance(&mut self) -> Result<Option<Row>> {
        loop {
            let Some((place, outcome)) = self.inner.next()? else { return Ok(None) };
            match outcome {
                Ok(object) => return Ok(Some(Row { place, object })),
                Err(fault) => self.refuse(&place, fault)?,
            }
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        if self.done {
            return None;
        }
        let row = self.advance().transpose();
        if !matches!(row, Some(Ok(_))) {
            self.done = true;
        }
        row
    }
}

type Outcome = std::result::Result<Map<String, Value>, Fault>;

impl Inner {
    fn next(&mut self) -> Result<Option<(Place, Outcome)>> {
        match self {
            Inner::Lines { stream, taken } => {
                let outcome = match stream.next_line()? {
                    // Blank lines are no rows: a file of nothing else is as empty as one of none.
                    None if *taken == 0 => return Err(Error::file(&stream.name, "holds no row")),
                    None => return Ok(None),
                    Some(line) => line.and_then(json::parse_object),
                };
                *taken += 1;
                let at = At::Line(stream.line_number());
                Ok(Some((Place { file: stream.name.clone(), at }, outcome)))
            }
            Inner::Array { name, items, at } => {
                let Some(item) = items.next() else { return Ok(None) };
                *at += 1;
                let outcome = match item {
                    Value::Object(object) => Ok(object),
                    other => Err(not_an_object(&other)),
                };
                Ok(Some((Place { file: name.clone(), at: At::Row(*at) }, outcome)))
            }
            Inner::Table(table) => table.next(),
        }
    }
}

fn not_an_object(value: &Value) -> Fault {
    let kind = crate::error::FaultKind::NotAnObject;
    Fault::of(kind, format!("is {}, not a JSON object", json::type_name(value)))
}

impl Table {
    fn next(&mut self) -> Result<Option<(Place, Outcome)>> {
        while self.next == self.rows {
            match self.batches.next().transpose()? {
                None => return Ok(None),
                Some(batch) => {
                    self.rows = batch.num_rows();
                    self.columns = batch.columns().to_vec();
                    self.next = 0;
                }
            }
        }
        let outcome = cells::object(&self.names, &self.columns, self.next);
        self.next += 1;
        self.at += 1;
        Ok(Some((Place { file: self.name.clone(), at: At::Row(self.at) }, outcome)))
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
