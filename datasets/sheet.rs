//! Small tables of texts, numbers, lists and structs, written to Parquet row by row.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Int64Builder, ListBuilder, StringBuilder, StructBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::table;

const BATCH: usize = 1024;

/// What a column holds.
pub(crate) enum Kind {
    /// Texts.
    Text,
    /// Numbers.
    Number,
    /// True or false.
    Flag,
    /// Lists of texts.
    Texts,
    /// Lists of messages: role and content.
    Messages,
    /// Structs of texts and numbers.
    Fields(Vec<(&'static str, Kind)>),
}

/// A cell.
pub(crate) enum Column {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// True or false.
    Flag(bool),
    /// A list of texts.
    Texts(Vec<String>),
    /// A list of messages.
    Messages(Vec<[String; 2]>),
    /// A struct.
    Fields(Vec<Column>),
}

impl Column {
    /// The texts of a JSON list.
    pub(crate) fn texts(value: &Value) -> Column {
        let items = value.as_array().map_or(&[][..], Vec::as_slice);
        Column::Texts(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// The messages of a JSON list.
    pub(crate) fn messages(value: &Value) -> Column {
        let items = value.as_array().map_or(&[][..], Vec::as_slice);
        let part = |item: &Value, key: &str| {
            item.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        Column::Messages(items.iter().map(|i| [part(i, "role"), part(i, "content")]).collect())
    }
}

fn message_type() -> Fields {
    let field = |name: &str| Field::new(name, DataType::Utf8, true);
    Fields::from(vec![field("role"), field("content")])
}

fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, true)))
}

impl Kind {
    fn data_type(&self) -> DataType {
        match self {
            Kind::Text => DataType::Utf8,
            Kind::Number => DataType::Int64,
            Kind::Flag => DataType::Boolean,
            Kind::Texts => list(DataType::Utf8),
            Kind::Messages => list(DataType::Struct(message_type())),
            Kind::Fields(fields) => {
                let field = |(name, kind): &(&str, Kind)| Field::new(*name, kind.data_type(), true);
                DataType::Struct(fields.iter().map(field).collect())
            }
        }
    }

    fn builder(&self) -> Builder {
        match self {
            Kind::Text => Builder::Text(StringBuilder::new()),
            Kind::Number => Builder::Number(Int64Builder::new()),
            Kind::Flag => Builder::Flag(BooleanBuilder::new()),
            Kind::Texts => Builder::Texts(ListBuilder::new(StringBuilder::new())),
            Kind::Messages => {
                let part = || Box::new(StringBuilder::new()) as Box<dyn ArrayBuilder>;
                let parts = vec![part(), part()];
                Builder::Messages(ListBuilder::new(StructBuilder::new(message_type(), parts)))
            }
            Kind::Fields(fields) => {
                let DataType::Struct(types) = self.data_type() else { unreachable!("is a struct") };
                Builder::Fields(types, fields.iter().map(|(_, kind)| kind.builder()).collect())
            }
        }
    }
}

enum Builder {
    Text(StringBuilder),
    Number(Int64Builder),
    Flag(BooleanBuilder),
    Texts(ListBuilder<StringBuilder>),
    Messages(ListBuilder<StructBuilder>),
    Fields(Fields, Vec<Builder>),
}

impl Builder {
    /// Appends a cell of the column's own kind.
    fn push(&mut self, cell: Column) {
        match (self, cell) {
            (Builder::Text(builder), Column::Text(text)) => builder.append_value(text),
            (Builder::Number(builder), Column::Number(number)) => builder.append_value(number),
            (Builder::Flag(builder), Column::Flag(flag)) => builder.append_value(flag),
            (Builder::Texts(builder), Column::Texts(texts)) => {
                builder.append_value(texts.iter().map(Some));
            }
            (Builder::Messages(builder), Column::Messages(messages)) => {
                for message in &messages {
                    let entry = builder.values();
                    for (at, part) in message.iter().enumerate() {
                        let field = entry.field_builder::<StringBuilder>(at);
                        field.expect("both parts of a message are texts").append_value(part);
                    }
                    entry.append(true);
                }
                builder.append(true);
            }
            (Builder::Fields(_, builders), Column::Fields(cells)) => {
                for (builder, cell) in builders.iter_mut().zip(cells) {
                    builder.push(cell);
                }
            }
            _ => unreachable!("exports give every column cells of its own kind"),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Builder::Text(builder) => Arc::new(builder.finish()),
            Builder::Number(builder) => Arc::new(builder.finish()),
            Builder::Flag(builder) => Arc::new(builder.finish()),
            Builder::Texts(builder) => Arc::new(builder.finish()),
            Builder::Messages(builder) => Arc::new(builder.finish()),
            Builder::Fields(types, builders) => {
                let columns = builders.iter_mut().map(Builder::finish).collect();
                Arc::new(arrow_array::StructArray::new(types.clone(), columns, None))
            }
        }
    }
}

/// A Parquet file that grows.
pub(crate) struct Sheet {
    path: PathBuf,
    schema: SchemaRef,
    builders: Vec<Builder>,
    held: usize,
    writer: ArrowWriter<File>,
}

impl Sheet {
    /// Creates the file.
    pub(crate) fn create(path: &Path, columns: &[(&str, Kind)]) -> Result<Sheet> {
        let field = |(name, kind): &(&str, Kind)| Field::new(*name, kind.data_type(), true);
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Fields>()));
        let file = File::create(path).map_err(|e| Error::io(path, e))?;
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(table::properties()))
            .map_err(|e| Error::file(path, e.to_string()))?;
        let builders = columns.iter().map(|(_, kind)| kind.builder()).collect();
        Ok(Sheet { path: path.to_owned(), schema, builders, held: 0, writer })
    }

    /// Appends a row.
    pub(crate) fn push(&mut self, cells: Vec<Column>) -> Result<()> {
        for (builder, cell) in self.builders.iter_mut().zip(cells) {
            builder.push(cell);
        }
        self.held += 1;
        if self.held == BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let columns = self.builders.iter_mut().map(Builder::finish).collect();
        self.held = 0;
        let batch = RecordBatch::try_new(self.schema.clone(), columns)
            .map_err(|e| Error::file(&self.path, e.to_string()))?;
        self.writer.write(&batch).map_err(|e| Error::file(&self.path, e.to_string()))
    }

    /// Writes what is held and brings the file to disk.
    pub(crate) fn close(mut self) -> Result<()> {
        if self.held > 0 {
            self.flush()?;
        }
        let fault = |e: parquet::errors::ParquetError| Error::file(&self.path, e.to_string());
        self.writer.finish().map_err(fault)?;
        self.writer.inner().sync_all().map_err(|e| Error::io(&self.path, e))
    }
}
