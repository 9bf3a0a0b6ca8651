//! Prompts in the layouts that trainers and scorers read.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::artifact::Artifact;
use crate::error::{Error, Fault, Place, Result};
use crate::seeds::Split;
use crate::sheet::{Column, Sheet};
use crate::{json as strict, literal, lock, rows};

/// The columns that exports are made of.
const COLUMNS: [&str; 8] =
    ["id", "key", "prompt", "messages", "level", "instruction_id_list", "kwargs", "constraints"];

/// A layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The JSONL of the official IFEval scorer.
    Ifeval,
    /// Parquet for verl's reinforcement learning.
    Verl,
    /// Parquet for TRL: prompt-only conversations, constraints as columns for the reward function.
    Trl,
    /// Parquet for open-instruct's verifiable rewards (`ifeval`).
    OpenInstruct,
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Layout, String> {
        match name {
            "ifeval" => Ok(Layout::Ifeval),
            "verl" => Ok(Layout::Verl),
            "trl" => Ok(Layout::Trl),
            "open-instruct" => Ok(Layout::OpenInstruct),
            _ => Err(format!(
                "unknown layout `{name}`: expected `ifeval`, `verl`, `trl` or `open-instruct`"
            )),
        }
    }
}

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The files, in the order of the splits.
    pub files: Vec<PathBuf>,
    /// Rows written.
    pub rows: u64,
    /// Rows left out because they have no hard constraint, which the layout cannot tell.
    pub without_hard: u64,
}

/// A row of prompts with its JSON read.
struct Prompt {
    object: Map<String, Value>,
    kwargs: Vec<Value>,
}

/// Writes the prompts of `artifact` as files of a new folder `out`, one a split.
///
/// # Errors
/// A folder that exists, an artifact that holds no prompts, a disk that refuses.
pub fn export(artifact: &Artifact, to: Layout, out: &Path) -> Result<Exported> {
    in_new_folder(out, |growing| write(artifact, to, growing, out))
}

/// Runs `write` on a hidden folder, which gets the name `out` when all is written.
///
/// # Errors
/// A folder that exists or cannot be made, or what `write` says; then nothing is left behind.
pub fn in_new_folder<T, E: From<Error>>(
    out: &Path,
    write: impl FnOnce(&Path) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    if out.exists() {
        return Err(Error::file(out, "exists already").into());
    }
    let name = out.file_name().ok_or_else(|| Error::file(out, "names no new folder"))?;
    let name = format!(".{}.{}.exporting", name.to_string_lossy(), std::process::id());
    let growing = out.with_file_name(name);
    lock::remove(&growing)?;
    std::fs::create_dir_all(&growing).map_err(|e| Error::io(&growing, e))?;
    let written = write(&growing);
    if written.is_ok() {
        std::fs::rename(&growing, out).map_err(|e| Error::io(out, e))?;
    } else {
        lock::remove(&growing)?;
    }
    written
}

fn write(artifact: &Artifact, to: Layout, folder: &Path, out: &Path) -> Result<Exported> {
    let mut exported = Exported { files: Vec::new(), rows: 0, without_hard: 0 };
    for split in Split::ALL {
        let tables = artifact.tables(Some(split.name()));
        if tables.is_empty() {
            continue;
        }
        let extension = if to == Layout::Ifeval { "jsonl" } else { "parquet" };
        let name = format!("{}.{extension}", split.name());
        let mut sink = Sink::open(to, &folder.join(&name))?;
        for table in tables {
            let options = rows::Options { columns: Some(&COLUMNS), ..Default::default() };
            for row in rows::open(&table, options)? {
                let row = row?;
                let prompt = prompt_of(row.object).map_err(|f| at(&row.place, f))?;
                if prompt.kwargs.is_empty() && !matches!(to, Layout::Verl | Layout::Trl) {
                    exported.without_hard += 1;
                    continue;
                }
                sink.push(&prompt, split)?;
                exported.rows += 1;
            }
        }
        sink.close()?;
        exported.files.push(out.join(name));
    }
    if exported.files.is_empty() {
        return Err(Error::artifact(&artifact.path, "holds no tables of prompts"));
    }
    Ok(exported)
}

fn at(place: &Place, fault: Fault) -> Error {
    Error::row(place.clone(), fault)
}

fn prompt_of(object: Map<String, Value>) -> std::result::Result<Prompt, Fault> {
    let kwargs = match object.get("kwargs") {
        Some(Value::String(text)) => strict::parse(text)?,
        other => {
            let value = other.cloned().unwrap_or_default();
            return Err(Fault::wrong_type("kwargs", &value, "a JSON text"));
        }
    };
    match kwargs {
        Value::Array(kwargs) => Ok(Prompt { object, kwargs }),
        other => Err(Fault::wrong_type("kwargs", &other, "a list")),
    }
}

impl Prompt {
    fn get(&self, key: &str) -> &Value {
        self.object.get(key).unwrap_or(&Value::Null)
    }

    fn text(&self, key: &str) -> String {
        self.get(key).as_str().unwrap_or_default().to_owned()
    }

    /// The constraints with their arguments as objects.
    fn constraints(&self) -> Value {
        let items = self.get("constraints").as_array().map_or(&[][..], Vec::as_slice);
        let open = |item: &Value| {
            let mut item = item.clone();
            if let Some(args) = item.get("args").and_then(Value::as_str) {
                item["args"] = strict::parse(args).unwrap_or_default();
            }
            item
        };
        items.iter().map(open).collect()
    }

    fn texts_of_constraints(&self) -> String {
        let items = self.get("constraints").as_array().map_or(&[][..], Vec::as_slice);
        let texts = items.iter().filter_map(|item| item.get("text").and_then(Value::as_str));
        texts.collect::<Vec<_>>().join(" ")
    }

    fn ifeval(&self) -> Value {
        json!({
            "key": self.get("key"),
            "prompt": self.get("prompt"),
            "instruction_id_list": self.get("instruction_id_list"),
            "kwargs": self.kwargs,
        })
    }

    fn verl(&self, split: Split) -> Vec<Column> {
        let truth = json!({
            "instruction_id_list": self.get("instruction_id_list"),
            "kwargs": self.kwargs,
            "constraints": self.constraints(),
        });
        vec![
            Column::Text("heedful".to_owned()),
            Column::messages(self.get("messages")),
            Column::Text("instruction_following".to_owned()),
            Column::Fields(vec![Column::Text("rule".to_owned()), Column::Text(truth.to_string())]),
            Column::Fields(vec![
                Column::Text(split.name().to_owned()),
                Column::Number(self.get("key").as_i64().unwrap_or_default()),
                Column::Text(self.text("id")),
                Column::Number(self.get("level").as_i64().unwrap_or_default()),
            ]),
        ]
    }

    fn trl(&self) -> Vec<Column> {
        vec![
            Column::messages(self.get("messages")),
            Column::Text(self.text("id")),
            Column::Number(self.get("level").as_i64().unwrap_or_default()),
            Column::texts(self.get("instruction_id_list")),
            Column::Text(Value::Array(self.kwargs.clone()).to_string()),
            Column::Text(self.constraints().to_string()),
        ]
    }

    fn open_instruct(&self) -> Vec<Column> {
        let none_if_empty = |args: &Value| match args.as_object() {
            Some(object) if object.is_empty() => Value::Null,
            _ => args.clone(),
        };
        let kwargs: Vec<Value> = self.kwargs.iter().map(none_if_empty).collect();
        let truth = json!([{
            "instruction_id": self.get("instruction_id_list"),
            "kwargs": kwargs,
        }]);
        let mut text = String::new();
        literal::push(&truth, &mut text);
        let kind = if kwargs.len() > 1 { "multi" } else { "single" };
        vec![
            Column::Text(self.text("id")),
            Column::messages(self.get("messages")),
            Column::Text(text),
            Column::Text("ifeval".to_owned()),
            Column::Text(kind.to_owned()),
            Column::Text(self.texts_of_constraints()),
        ]
    }
}

enum Sink {
    Lines(PathBuf, BufWriter<File>),
    Table(Layout, Box<Sheet>),
}

impl Sink {
    fn open(to: Layout, path: &Path) -> Result<Sink> {
        use crate::sheet::Kind::{Fields, Messages, Number, Text, Texts};
        let schema = match to {
            Layout::Ifeval => {
                let file = File::create(path).map_err(|e| Error::io(path, e))?;
                return Ok(Sink::Lines(path.to_owned(), BufWriter::new(file)));
            }
            Layout::Verl => vec![
                ("data_source", Text),
                ("prompt", Messages),
                ("ability", Text),
                ("reward_model", Fields(vec![("style", Text), ("ground_truth", Text)])),
                (
                    "extra_info",
                    Fields(vec![
                        ("split", Text),
                        ("index", Number),
                        ("id", Text),
                        ("level", Number),
                    ]),
                ),
            ],
            Layout::Trl => vec![
                ("prompt", Messages),
                ("id", Text),
                ("level", Number),
                ("instruction_id_list", Texts),
                ("kwargs", Text),
                ("constraints", Text),
            ],
            Layout::OpenInstruct => vec![
                ("key", Text),
                ("messages", Messages),
                ("ground_truth", Text),
                ("dataset", Text),
                ("constraint_type", Text),
                ("constraint", Text),
            ],
        };
        Ok(Sink::Table(to, Box::new(Sheet::create(path, &schema)?)))
    }

    fn push(&mut self, prompt: &Prompt, split: Split) -> Result<()> {
        match self {
            Sink::Lines(path, file) => {
                writeln!(file, "{}", prompt.ifeval()).map_err(|e| Error::io(path, e))
            }
            Sink::Table(to, sheet) => sheet.push(match to {
                Layout::Verl => prompt.verl(split),
                Layout::Trl => prompt.trl(),
                _ => prompt.open_instruct(),
            }),
        }
    }

    fn close(self) -> Result<()> {
        match self {
            Sink::Lines(path, file) => {
                let file = file.into_inner().map_err(|e| Error::io(&path, e.into_error()))?;
                file.sync_all().map_err(|e| Error::io(&path, e))
            }
            Sink::Table(_, sheet) => sheet.close(),
        }
    }
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
