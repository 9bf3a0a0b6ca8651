//! Flat tables: rows of texts, numbers, booleans and lists, written to Parquet as they come.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float32Builder, Float64Builder, Int64Builder, ListBuilder, StringBuilder,
    UInt32Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::error::{Error, Result};

/// The type of a column; every column may hold nulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// True or false.
    Bool,
    /// 64 bits, signed.
    Int,
    /// 32 bits.
    Float,
    /// 64 bits.
    Double,
    /// A list of 32 bits each.
    Floats,
    /// A list of 32 bits each, unsigned.
    Ids,
}

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// For [`Kind::Text`].
    Text(&'a str),
    /// For [`Kind::Bool`].
    Bool(bool),
    /// For [`Kind::Int`].
    Int(i64),
    /// For [`Kind::Float`].
    Float(f32),
    /// For [`Kind::Double`].
    Double(f64),
    /// For [`Kind::Floats`].
    Floats(&'a [f32]),
    /// For [`Kind::Ids`].
    Ids(&'a [u32]),
}

/// A Parquet file in the making.
pub struct Writer {
    path: PathBuf,
    schema: Arc<Schema>,
    builders: Vec<Builder>,
    writer: ArrowWriter<File>,
    held: usize,
    bytes: usize,
    rows: u64,
}

enum Builder {
    Text(StringBuilder),
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Floats(ListBuilder<Float32Builder>),
    Ids(ListBuilder<UInt32Builder>),
}

/// A batch is closed at either of these.
const BATCH_ROWS: usize = 8192;
const BATCH_BYTES: usize = 16 << 20;

/// Small enough for viewers that seek.
const GROUP_ROWS: usize = 30_000;

impl Writer {
    /// Begins the file at `path` with these columns.
    ///
    /// # Errors
    /// A file that cannot be made.
    pub fn create(path: &Path, columns: &[(&str, Kind)]) -> Result<Writer> {
        let field = |(name, kind): &(&str, Kind)| Field::new(*name, kind.data_type(), true);
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_created_by("heedful".to_owned())
            .build();
        let file = File::create(path).map_err(|e| Error::io(path, e))?;
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))
            .map_err(|e| Error::file(path, e.to_string()))?;
        let builders = columns.iter().map(|(_, kind)| Builder::new(*kind)).collect();
        Ok(Writer { path: path.to_owned(), schema, builders, writer, held: 0, bytes: 0, rows: 0 })
    }

    /// Adds one row.
    ///
    /// # Errors
    /// A row with too many or too few cells or with one of another type; a file that cannot be
    /// written.
    pub fn push(&mut self, row: &[Cell<'_>]) -> Result<()> {
        if row.len() != self.builders.len() {
            let problem = format!("{} cells for {} columns", row.len(), self.builders.len());
            return Err(Error::file(&self.path, problem));
        }
        for (at, (builder, cell)) in self.builders.iter_mut().zip(row).enumerate() {
            if !builder.push(*cell) {
                let name = self.schema.field(at).name();
                return Err(Error::file(&self.path, format!("column `{name}`: not for {cell:?}")));
            }
            self.bytes += match cell {
                Cell::Text(text) => text.len(),
                Cell::Floats(list) => 4 * list.len(),
                Cell::Ids(list) => 4 * list.len(),
                _ => 0,
            };
        }
        self.held += 1;
        self.rows += 1;
        if self.held >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Completes the file and gives the number of its rows.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        self.writer.close().map_err(|e| Error::file(&self.path, e.to_string()))?;
        Ok(self.rows)
    }

    fn flush(&mut self) -> Result<()> {
        if self.held == 0 {
            return Ok(());
        }
        let columns = self.builders.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|e| Error::file(&self.path, e.to_string()))?;
        self.writer.write(&batch).map_err(|e| Error::file(&self.path, e.to_string()))?;
        (self.held, self.bytes) = (0, 0);
        Ok(())
    }
}

impl Kind {
    fn data_type(self) -> DataType {
        match self {
            Kind::Text => DataType::Utf8,
            Kind::Bool => DataType::Boolean,
            Kind::Int => DataType::Int64,
            Kind::Float => DataType::Float32,
            Kind::Double => DataType::Float64,
            Kind::Floats => DataType::new_list(DataType::Float32, true),
            Kind::Ids => DataType::new_list(DataType::UInt32, true),
        }
    }
}

impl Builder {
    fn new(kind: Kind) -> Builder {
        match kind {
            Kind::Text => Builder::Text(StringBuilder::new()),
            Kind::Bool => Builder::Bool(BooleanBuilder::new()),
            Kind::Int => Builder::Int(Int64Builder::new()),
            Kind::Float => Builder::Float(Float32Builder::new()),
            Kind::Double => Builder::Double(Float64Builder::new()),
            Kind::Floats => Builder::Floats(ListBuilder::new(Float32Builder::new())),
            Kind::Ids => Builder::Ids(ListBuilder::new(UInt32Builder::new())),
        }
    }

    /// Whether the cell fits the column.
    fn push(&mut self, cell: Cell<'_>) -> bool {
        match (self, cell) {
            (Builder::Text(column), Cell::Text(text)) => column.append_value(text),
            (Builder::Text(column), Cell::Null) => column.append_null(),
            (Builder::Bool(column), Cell::Bool(value)) => column.append_value(value),
            (Builder::Bool(column), Cell::Null) => column.append_null(),
            (Builder::Int(column), Cell::Int(value)) => column.append_value(value),
            (Builder::Int(column), Cell::Null) => column.append_null(),
            (Builder::Float(column), Cell::Float(value)) => column.append_value(value),
            (Builder::Float(column), Cell::Null) => column.append_null(),
            (Builder::Double(column), Cell::Double(value)) => column.append_value(value),
            (Builder::Double(column), Cell::Null) => column.append_null(),
            (Builder::Floats(column), Cell::Floats(list)) => {
                column.values().append_slice(list);
                column.append(true);
            }
            (Builder::Floats(column), Cell::Null) => column.append(false),
            (Builder::Ids(column), Cell::Ids(list)) => {
                column.values().append_slice(list);
                column.append(true);
            }
            (Builder::Ids(column), Cell::Null) => column.append(false),
            _ => return false,
        }
        true
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Builder::Text(column) => Arc::new(column.finish()),
            Builder::Bool(column) => Arc::new(column.finish()),
            Builder::Int(column) => Arc::new(column.finish()),
            Builder::Float(column) => Arc::new(column.finish()),
            Builder::Double(column) => Arc::new(column.finish()),
            Builder::Floats(column) => Arc::new(column.finish()),
            Builder::Ids(column) => Arc::new(column.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_come_back_and_bytes_repeat() {
        let folder = tempfile::tempdir().unwrap();
        let columns = [("a", Kind::Text), ("b", Kind::Bool), ("c", Kind::Int), ("d", Kind::Float)];
        let write = |name: &str| {
            let path = folder.path().join(name);
            let mut writer = Writer::create(&path, &columns).unwrap();
            for at in 0..10_000i64 {
                let text = if at % 2 == 0 { Cell::Text("x\0é") } else { Cell::Null };
                let row = [text, Cell::Bool(at % 3 == 0), Cell::Int(at), Cell::Float(0.5)];
                writer.push(&row).unwrap();
            }
            assert!(writer.push(&[Cell::Null]).is_err());
            assert!(writer.push(&[Cell::Int(1), Cell::Null, Cell::Null, Cell::Null]).is_err());
            path
        };
        let path = write("one.parquet");
        assert!(crate::rows::open_strict(&path).is_err(), "a file without its end is no table");
        let finish = |name: &str| {
            let path = folder.path().join(name);
            let mut writer = Writer::create(&path, &columns).unwrap();
            for at in 0..10_000i64 {
                let row = [Cell::Text("x"), Cell::Null, Cell::Int(at), Cell::Float(0.5)];
                writer.push(&row).unwrap();
            }
            assert_eq!(writer.finish().unwrap(), 10_000);
            path
        };
        let (first, second) = (finish("two.parquet"), finish("three.parquet"));
        let rows: Vec<_> = crate::rows::open_strict(&first).unwrap().map(|r| r.unwrap()).collect();
        assert_eq!(rows.len(), 10_000);
        let expected = json!({"a": "x", "b": null, "c": 9_999, "d": 0.5});
        assert_eq!(serde_json::Value::Object(rows[9_999].object.clone()), expected);
        assert_eq!(std::fs::read(first).unwrap(), std::fs::read(second).unwrap());
    }

    #[test]
    fn lists_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lists.parquet");
        let columns = [("d", Kind::Double), ("f", Kind::Floats), ("i", Kind::Ids)];
        let mut writer = Writer::create(&path, &columns).unwrap();
        let (floats, ids) = ([0.5, -1.25], [7, u32::MAX]);
        writer.push(&[Cell::Double(0.1), Cell::Floats(&floats), Cell::Ids(&ids)]).unwrap();
        writer.push(&[Cell::Null, Cell::Null, Cell::Null]).unwrap();
        writer.push(&[Cell::Null, Cell::Floats(&[]), Cell::Ids(&[])]).unwrap();
        assert!(writer.push(&[Cell::Null, Cell::Ids(&[]), Cell::Null]).is_err());
        drop(writer);
        let mut writer = Writer::create(&path, &columns).unwrap();
        writer.push(&[Cell::Double(0.1), Cell::Floats(&floats), Cell::Ids(&ids)]).unwrap();
        writer.push(&[Cell::Null, Cell::Null, Cell::Null]).unwrap();
        assert_eq!(writer.finish().unwrap(), 2);
        let rows: Vec<_> = crate::rows::open_strict(&path).unwrap().map(|r| r.unwrap()).collect();
        let first = json!({"d": 0.1, "f": [0.5, -1.25], "i": [7, u32::MAX]});
        assert_eq!(serde_json::Value::Object(rows[0].object.clone()), first);
        let second = json!({"d": null, "f": null, "i": null});
        assert_eq!(serde_json::Value::Object(rows[1].object.clone()), second);
    }
}
