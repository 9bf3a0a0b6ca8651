//! The rows of prompts on disk: their schema, and Parquet shards written as a stream.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::builder::{
    ArrayBuilder, Int32Builder, Int64Builder, ListBuilder, StringBuilder, StructBuilder,
};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use crate::error::{Error, Result};
use crate::ladder::{Drawing, Ladder};
use crate::seeds::Seed;
use crate::sets::{Item, Kind};

/// The version of the rows' schema and of how rows are made: it moves when either does.
pub const SCHEMA_VERSION: u32 = 1;

/// Rows held before they go to the writer.
const BATCH: usize = 1024;

/// Rows of a row group: under the 30,000 that viewers can seek in.
const ROW_GROUP: usize = 20_000;

/// Columns with few different values.
const REPEATED: [&str; 10] = [
    "level",
    "seed_id",
    "permutation",
    "split",
    "language",
    "task",
    "instruction_id_list.list.item",
    "constraints.list.item.id",
    "constraints.list.item.kind",
    "constraints.list.item.family",
];

fn message_fields() -> Fields {
    Fields::from(vec![
        Field::new("role", DataType::Utf8, true),
        Field::new("content", DataType::Utf8, true),
    ])
}

fn constraint_fields() -> Fields {
    let names = ["id", "kind", "family", "text", "args"];
    names.into_iter().map(|name| Field::new(name, DataType::Utf8, true)).collect()
}

fn list_of(name: &str, item: DataType) -> Field {
    Field::new(name, DataType::List(Arc::new(Field::new("item", item, true))), true)
}

/// The schema of prompts.
pub fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        text("id"),
        Field::new("key", DataType::Int64, true),
        text("prompt"),
        list_of("messages", DataType::Struct(message_fields())),
        Field::new("level", DataType::Int32, true),
        text("seed_id"),
        text("parent"),
        Field::new("drawing", DataType::Int64, true),
        Field::new("permutation", DataType::Int32, true),
        list_of("instruction_id_list", DataType::Utf8),
        text("kwargs"),
        list_of("constraints", DataType::Struct(constraint_fields())),
        text("witness"),
        text("split"),
        text("language"),
        text("task"),
    ]))
}

/// How Parquet files are written: zstd, a page index, dictionaries only where values repeat.
pub fn properties() -> WriterProperties {
    let level = ZstdLevel::try_new(1).expect("1 is a level of zstd");
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(ROW_GROUP));
    for name in REPEATED {
        let path = name.split('.').map(str::to_owned).collect::<Vec<_>>();
        properties = properties.set_column_dictionary_enabled(ColumnPath::new(path), true);
    }
    properties.build()
}

/// Columns in the making.
struct Columns {
    id: StringBuilder,
    key: Int64Builder,
    prompt: StringBuilder,
    messages: ListBuilder<StructBuilder>,
    level: Int32Builder,
    seed_id: StringBuilder,
    parent: StringBuilder,
    drawing: Int64Builder,
    permutation: Int32Builder,
    ids: ListBuilder<StringBuilder>,
    kwargs: StringBuilder,
    constraints: ListBuilder<StructBuilder>,
    witness: StringBuilder,
    split: StringBuilder,
    language: StringBuilder,
    task: StringBuilder,
}

/// A struct of texts; every field is a `StringBuilder`.
fn texts(fields: Fields) -> ListBuilder<StructBuilder> {
    let builders =
        fields.iter().map(|_| Box::new(StringBuilder::new()) as Box<dyn ArrayBuilder>).collect();
    ListBuilder::new(StructBuilder::new(fields, builders))
}

fn push(list: &mut StructBuilder, values: &[&str]) {
    for (at, value) in values.iter().enumerate() {
        let builder = list.field_builder::<StringBuilder>(at);
        builder.expect("all fields of these structs are texts").append_value(value);
    }
    list.append(true);
}

impl Columns {
    fn new() -> Columns {
        Columns {
            id: StringBuilder::new(),
            key: Int64Builder::new(),
            prompt: StringBuilder::new(),
            messages: texts(message_fields()),
            level: Int32Builder::new(),
            seed_id: StringBuilder::new(),
            parent: StringBuilder::new(),
            drawing: Int64Builder::new(),
            permutation: Int32Builder::new(),
            ids: ListBuilder::new(StringBuilder::new()),
            kwargs: StringBuilder::new(),
            constraints: texts(constraint_fields()),
            witness: StringBuilder::new(),
            split: StringBuilder::new(),
            language: StringBuilder::new(),
            task: StringBuilder::new(),
        }
    }

    fn rows(&self) -> usize {
        self.id.len()
    }

    /// Appends the row of `level` of a ladder; a level that it lacks is none.
    fn append(&mut self, key: u64, seed: &Seed, drawing: &Drawing, ladder: &Ladder, level: usize) {
        let Some(rung) = ladder.rung(level) else { return };
        self.id.append_value(&rung.id);
        self.key.append_value(key as i64);
        self.prompt.append_value(&rung.prompt);
        for (role, content) in &seed.before {
            push(self.messages.values(), &[role, content]);
        }
        push(self.messages.values(), &["user", &rung.prompt]);
        self.messages.append(true);
        self.level.append_value(level as i32);
        self.seed_id.append_value(&seed.id);
        let below = level.checked_sub(1).and_then(|below| ladder.rung(below));
        self.parent.append_option(below.map(|below| &below.id));
        self.drawing.append_value(drawing.index as i64);
        self.permutation.append_value(ladder.permutation as i32);
        let mut kwargs = String::from("[");
        for &at in &ladder.order[..level] {
            let item: &Item = &drawing.set.items[at];
            let kind = item.kind.name();
            let values = [item.id, kind, item.family, &item.text, &item.args];
            push(self.constraints.values(), &values);
            if item.kind == Kind::Hard {
                self.ids.values().append_value(item.id);
                if kwargs.len() > 1 {
                    kwargs.push_str(", ");
                }
                kwargs.push_str(&item.args);
            }
        }
        kwargs.push(']');
        self.constraints.append(true);
        self.ids.append(true);
        self.kwargs.append_value(&kwargs);
        self.witness.append_option(drawing.set.witness.as_deref());
        self.split.append_value(drawing.split.name());
        self.language.append_value(&seed.language);
        self.task.append_value(&seed.kind);
    }

    fn finish(&mut self, schema: SchemaRef) -> std::result::Result<RecordBatch, String> {
        RecordBatch::try_new(
            schema,
            vec![
                Arc::new(self.id.finish()),
                Arc::new(self.key.finish()),
                Arc::new(self.prompt.finish()),
                Arc::new(self.messages.finish()),
                Arc::new(self.level.finish()),
                Arc::new(self.seed_id.finish()),
                Arc::new(self.parent.finish()),
                Arc::new(self.drawing.finish()),
                Arc::new(self.permutation.finish()),
                Arc::new(self.ids.finish()),
                Arc::new(self.kwargs.finish()),
                Arc::new(self.constraints.finish()),
                Arc::new(self.witness.finish()),
                Arc::new(self.split.finish()),
                Arc::new(self.language.finish()),
                Arc::new(self.task.finish()),
            ],
        )
        .map_err(|e| e.to_string())
    }
}

/// The shards of one split.
pub struct Shards {
    folder: PathBuf,
    split: &'static str,
    limit: u64,
    columns: Columns,
    schema: SchemaRef,
    writer: Option<ArrowWriter<File>>,
    in_shard: u64,
    closed: usize,
}

impl Shards {
    /// Shards of `limit` rows in `folder`, none begun yet.
    pub fn new(folder: &Path, split: &'static str, limit: u64) -> Shards {
        Shards {
            folder: folder.to_owned(),
            split,
            limit,
            columns: Columns::new(),
            schema: schema(),
            writer: None,
            in_shard: 0,
            closed: 0,
        }
    }

    fn growing(&self, number: usize) -> PathBuf {
        self.folder.join(format!("{}-{number:05}.growing", self.split))
    }

    fn fault(&self, problem: impl std::fmt::Display) -> Error {
        Error::file(self.growing(self.closed), problem.to_string())
    }

    /// Appends one row.
    ///
    /// # Errors
    /// A disk that takes no more.
    pub fn append(
        &mut self,
        key: u64,
        seed: &Seed,
        drawing: &Drawing,
        ladder: &Ladder,
        level: usize,
    ) -> Result<()> {
        self.columns.append(key, seed, drawing, ladder, level);
        self.in_shard += 1;
        if self.columns.rows() == BATCH || self.in_shard == self.limit {
            self.flush()?;
        }
        if self.in_shard == self.limit { self.close() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let batch = self.columns.finish(self.schema.clone()).map_err(|e| self.fault(e))?;
        if self.writer.is_none() {
            let path = self.growing(self.closed);
            let file = File::create(&path).map_err(|e| Error::io(&path, e))?;
            let writer = ArrowWriter::try_new(file, self.schema.clone(), Some(properties()));
            self.writer = Some(writer.map_err(|e| self.fault(e))?);
        }
        let writer = self.writer.as_mut().expect("a writer was just made");
        let written = writer.write(&batch);
        written.map_err(|e| self.fault(e))
    }

    fn close(&mut self) -> Result<()> {
        if let Some(writer) = self.writer.take() {
            writer.close().map_err(|e| self.fault(e))?;
            self.closed += 1;
        }
        self.in_shard = 0;
        Ok(())
    }

    /// Writes what is left and gives the files their names: `<split>-00000-of-0000N.parquet`.
    ///
    /// # Errors
    /// A disk that takes no more.
    pub fn finish(mut self) -> Result<usize> {
        if self.columns.rows() > 0 {
            self.flush()?;
        }
        self.close()?;
        for number in 0..self.closed {
            let name = format!("{}-{number:05}-of-{:05}.parquet", self.split, self.closed);
            let path = self.folder.join(name);
            std::fs::rename(self.growing(number), &path).map_err(|e| Error::io(&path, e))?;
        }
        Ok(self.closed)
    }
}
