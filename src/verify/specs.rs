//! The constraints of a dataset's rows, found by key or by prompt, in little memory.
//!
//! A row is held as a short JSON text of its constraints; keys and prompts as 16 bytes of digest.
//! So memory grows with the constraints of the dataset, about a hundred bytes each, and not with
//! its prompts, its witnesses or the responses.

use std::collections::HashMap;
use std::path::Path;

use heedful_benchmarks::asked::{Asked, MOST, arguments, asked};
use heedful_benchmarks::{Error, Result, fields};
use heedful_datasets::error::{Fault, FaultKind};
use heedful_datasets::json::type_name;
use heedful_datasets::parquet_rows;
use heedful_datasets::rows::{self, OnBad, Options};
use heedful_datasets::source::{self, Limits, Source};
use serde_json::{Map, Value, json};

/// One constraint of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    /// Decided by a rule.
    Hard(Asked),
    /// Decided by no rule; its id or text.
    Soft(String),
}

/// The rows of a dataset.
pub(super) struct Specs {
    by_key: HashMap<[u8; 16], u32>,
    by_prompt: HashMap<[u8; 16], u32>,
    texts: Vec<u8>,
    /// Where each row's text ends.
    ends: Vec<usize>,
    /// Rows passed over.
    pub(super) skipped: u64,
}

const WANTED: [&str; 6] = ["key", "id", "prompt", "instruction_id_list", "kwargs", "constraints"];

impl Specs {
    /// Reads the dataset at `path`: JSONL or Parquet.
    ///
    /// # Errors
    /// A file that cannot be read, or a row without constraints, unless such rows are skipped.
    pub(super) fn read(path: &Path, on_bad: OnBad) -> Result<Specs> {
        let present = columns(path)?;
        let present: Option<Vec<&str>> =
            present.as_ref().map(|names| names.iter().map(String::as_str).collect());
        let options = Options { on_bad, columns: present.as_deref(), ..Options::default() };
        let mut rows = rows::open(path, options)?;
        let mut specs = Specs {
            by_key: HashMap::new(),
            by_prompt: HashMap::new(),
            texts: Vec::new(),
            ends: Vec::new(),
            skipped: 0,
        };
        while let Some(row) = rows.next() {
            let row = row?;
            if let Err(problem) = specs.add(&row.object) {
                rows.refuse(&row.place, Fault::of(FaultKind::WrongType, problem))?;
            }
        }
        specs.skipped = rows.skipped_total();
        if specs.ends.is_empty() {
            return Err(Error::content(path, "no row with constraints in it"));
        }
        Ok(specs)
    }

    fn add(&mut self, row: &Map<String, Value>) -> std::result::Result<(), String> {
        let key = fields::name(row, &["key", "id"])?;
        let prompt = fields::text(row, "prompt");
        // A prompt may also be a list of messages; then only the key joins.
        let prompt = prompt.ok().flatten();
        if key.is_none() && prompt.is_none() {
            return Err("neither `key` nor `id` nor `prompt`".to_owned());
        }
        let entries = entries(row)?;
        let number = u32::try_from(self.ends.len()).map_err(|_| "too many rows".to_owned())?;
        let list: Vec<Value> = entries
            .iter()
            .map(|entry| match entry {
                Entry::Hard(asked) => json!([asked.id, asked.args]),
                Entry::Soft(id) => json!([id]),
            })
            .collect();
        serde_json::to_writer(&mut self.texts, &list).map_err(|e| e.to_string())?;
        self.ends.push(self.texts.len());
        if let Some(key) = key {
            self.by_key.entry(digest(&key)).or_insert(number);
        }
        if let Some(prompt) = prompt {
            self.by_prompt.entry(digest(prompt)).or_insert(number);
        }
        Ok(())
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The row that a response belongs to: by its key, else by its prompt.
    pub(super) fn find(&self, key: Option<&str>, prompt: Option<&str>) -> Option<u32> {
        let by_key = key.and_then(|key| self.by_key.get(&digest(key)));
        let found = by_key.or_else(|| prompt.and_then(|p| self.by_prompt.get(&digest(p))));
        found.copied()
    }

    /// The constraints of a row.
    pub(super) fn entries(&self, row: u32) -> Vec<Entry> {
        let row = row as usize;
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        let text = &self.texts[start..self.ends[row]];
        let list: Vec<Value> = serde_json::from_slice(text).expect("written by `add`");
        list.into_iter().map(entry).collect()
    }
}

/// An entry as `add` wrote it.
fn entry(value: Value) -> Entry {
    let Value::Array(mut parts) = value else { unreachable!("`add` writes lists") };
    let args = parts.pop();
    match (parts.pop(), args) {
        (Some(Value::String(id)), Some(Value::Object(args))) => Entry::Hard(Asked { id, args }),
        (None, Some(Value::String(id))) => Entry::Soft(id),
        other => unreachable!("`add` writes [id, args] or [id], not {other:?}"),
    }
}

/// The columns to read of a Parquet file; `None` for lines.
fn columns(path: &Path) -> Result<Option<Vec<String>>> {
    if path == Path::new("-") {
        return Ok(None);
    }
    match source::open(path, Limits::default())? {
        Source::Parquet(path) => {
            let batches = parquet_rows::open(&path, None)?;
            let names = batches.schema().fields().iter().map(|field| field.name().clone());
            Ok(Some(names.filter(|name| WANTED.contains(&name.as_str())).collect()))
        }
        _ => Ok(None),
    }
}

/// The constraints of a row: the column `constraints` where there is one, else the id list.
fn entries(row: &Map<String, Value>) -> std::result::Result<Vec<Entry>, String> {
    let Some(Value::Array(list)) = row.get("constraints") else {
        return Ok(asked(row)?.into_iter().map(Entry::Hard).collect());
    };
    if list.len() > MOST {
        return Err(format!("{} constraints on one row, the limit is {MOST}", list.len()));
    }
    list.iter()
        .enumerate()
        .map(|(at, value)| match value {
            Value::Object(constraint) => one(constraint).map_err(|e| format!("entry {at}: {e}")),
            other => Err(format!("entry {at}: expected an object, found {}", type_name(other))),
        })
        .collect()
}

fn one(constraint: &Map<String, Value>) -> std::result::Result<Entry, String> {
    let id = fields::text(constraint, "id")?.ok_or("key `id` is missing")?.to_owned();
    match fields::text(constraint, "kind")? {
        Some("soft") => Ok(Entry::Soft(id)),
        Some("hard") | None => {
            let args = constraint.get("args").cloned().unwrap_or_default();
            Ok(Entry::Hard(Asked { id, args: arguments(args)? }))
        }
        Some(other) => Err(format!("key `kind`: expected `hard` or `soft`, found `{other}`")),
    }
}

/// 128 bits of BLAKE3: no two of a billion names collide by chance.
fn digest(text: &str) -> [u8; 16] {
    let hash = blake3::hash(text.as_bytes());
    let mut short = [0; 16];
    short.copy_from_slice(&hash.as_bytes()[..16]);
    short
}
