//! Parquet files as rows: batches of at most 1,024, only the columns asked for.

use std::cell::Cell;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::error::{Error, Result};

/// The most rows that are held at once.
pub const BATCH: usize = 1024;

/// Batches of a Parquet file.
pub struct Batches {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    schema: Schema,
    rows: u64,
    done: bool,
}

/// Opens `path` to read `columns` (all, when `None`), in the file's order.
///
/// # Errors
/// A file that is truncated or no Parquet, or that lacks one of the columns.
pub fn open(path: &Path, columns: Option<&[&str]>) -> Result<Batches> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let builder = guarded(path, || ParquetRecordBatchReaderBuilder::try_new(file))?;
    sane(path, &builder)?;
    let rows = builder.metadata().file_metadata().num_rows().max(0) as u64;
    let mask = match columns {
        None => ProjectionMask::all(),
        Some(names) => {
            let schema = builder.schema();
            let mut roots = Vec::with_capacity(names.len());
            for name in names {
                let at = schema.fields().iter().position(|field| field.name() == name);
                roots.push(at.ok_or_else(|| no_column(path, name, schema))?);
            }
            ProjectionMask::roots(builder.parquet_schema(), roots)
        }
    };
    let reader = guarded(path, || builder.with_projection(mask).with_batch_size(BATCH).build())?;
    let schema = reader_schema(&reader);
    Ok(Batches { path: path.to_owned(), reader, schema, rows, done: false })
}

/// The number of rows that the footer of `path` tells.
///
/// # Errors
/// A file that cannot be opened or is no whole Parquet.
pub fn count(path: &Path) -> Result<u64> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let builder = guarded(path, || ParquetRecordBatchReaderBuilder::try_new(file))?;
    Ok(builder.metadata().file_metadata().num_rows().max(0) as u64)
}

impl Batches {
    /// The columns that are read.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// How many rows the file's footer tells.
    pub fn rows(&self) -> u64 {
        self.rows
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        if self.done {
            return None;
        }
        let reader = &mut self.reader;
        let batch = guarded(&self.path, || reader.next().transpose());
        match batch {
            Ok(Some(batch)) => Some(Ok(batch)),
            Ok(None) => {
                self.done = true;
                None
            }
            Err(error) => {
                self.done = true;
                Some(Err(error))
            }
        }
    }
}

fn reader_schema(reader: &ParquetRecordBatchReader) -> Schema {
    use arrow_array::RecordBatchReader as _;
    reader.schema().as_ref().clone()
}

fn no_column(path: &Path, name: &str, schema: &Schema) -> Error {
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let there = crate::error::shorten(&names.join(", "));
    Error::file(path, format!("column `{name}` is missing; there are: {there}"))
}

/// Negative offsets and lengths, which the reader would panic over.
fn sane(path: &Path, builder: &ParquetRecordBatchReaderBuilder<File>) -> Result<()> {
    let groups = builder.metadata().row_groups();
    let negative = groups.iter().flat_map(|group| group.columns()).find(|column| {
        let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        start < 0 || column.compressed_size() < 0
    });
    match negative {
        None => Ok(()),
        Some(column) => {
            let name = crate::error::shorten(column.column_path().string().as_str());
            let problem = format!("no whole Parquet file: column `{name}` lies before its start");
            Err(Error::file(path, problem))
        }
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread, now, is one of the Parquet reader that becomes an error: the
/// panic hook of a program has nothing to tell of it.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs a step of the Parquet reader; a panic of it on malformed bytes becomes an error.
fn guarded<T, E: std::fmt::Display>(
    path: &Path,
    step: impl FnOnce() -> std::result::Result<T, E>,
) -> Result<T> {
    let before = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(step));
    GUARDED.set(before);
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Error::file(path, format!("no whole Parquet file: {error}"))),
        Err(_) => Err(Error::file(path, "no whole Parquet file: its reader gave up")),
    }
}
