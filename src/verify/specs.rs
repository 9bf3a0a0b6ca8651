//! The constraints of a dataset's rows, found by key or by prompt, in little memory.
//!
//! A row is held as a short JSON text of its constraints; keys and prompts as 16 bytes of digest.
//! So memory grows with the constraints of the dataset, about a hundred bytes each, and not with
//! its prompts, its witnesses or the responses. A row is kept only when its rules take their
//! arguments.

use std::collections::HashMap;
use std::path::Path;

use heedful_benchmarks::asked::{Asked, MOST, arguments, asked};
use heedful_benchmarks::{Error, Result, fields};
use heedful_datasets::artifact;
use heedful_datasets::error::{Fault, FaultKind, Place};
use heedful_datasets::json::type_name;
use heedful_datasets::parquet_rows as table;
use heedful_datasets::rows::{self, OnBad, Options, Rows};
use heedful_datasets::source::{self, Limits, Source};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::cache::Cache;
use super::{CHUNK_BYTES, CHUNK_ROWS};

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
    by_id: HashMap<[u8; 16], u32>,
    by_prompt: HashMap<[u8; 16], u32>,
    texts: Vec<u8>,
    /// Where each row's text ends.
    ends: Vec<usize>,
    /// Rows passed over.
    pub(super) skipped: u64,
}

const WANTED: [&str; 6] = ["key", "id", "prompt", "instruction_id_list", "kwargs", "constraints"];

/// A row that was read and whose rules are still to be compiled.
struct Pending {
    place: Place,
    key: Option<[u8; 16]>,
    id: Option<[u8; 16]>,
    prompt: Option<[u8; 16]>,
    entries: Vec<Entry>,
    text: Vec<u8>,
}

impl Specs {
    /// Reads the dataset at `path`: an artifact's folder, JSONL or Parquet.
    ///
    /// # Errors
    /// A file that cannot be read; a row without constraints, with a rule that nobody knows or with
    /// arguments that it refuses, unless such rows are skipped.
    pub(super) fn read(path: &Path, on_bad: OnBad, cache: &Cache) -> Result<Specs> {
        let mut specs = Specs {
            by_key: HashMap::new(),
            by_id: HashMap::new(),
            by_prompt: HashMap::new(),
            texts: Vec::new(),
            ends: Vec::new(),
            skipped: 0,
        };
        if path.is_dir() {
            for table in artifact::open(path)?.tables(None) {
                specs.read_file(&table, on_bad, cache)?;
            }
        } else {
            specs.read_file(path, on_bad, cache)?;
        }
        if specs.ends.is_empty() {
            return Err(Error::content(path, "no row with constraints in it"));
        }
        Ok(specs)
    }

    fn read_file(&mut self, path: &Path, on_bad: OnBad, cache: &Cache) -> Result<()> {
        let present = columns(path)?;
        let present: Option<Vec<&str>> =
            present.as_ref().map(|names| names.iter().map(String::as_str).collect());
        let options = Options { on_bad, columns: present.as_deref(), ..Options::default() };
        let mut rows = rows::open(path, options)?;
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next() {
            let row = row?;
            match pending(&row.object, row.place.clone()) {
                Ok(row) => {
                    bytes += row.text.len();
                    waiting.push(row);
                }
                Err(problem) => {
                    // What came before is judged before, so that the first fault is told.
                    self.settle(&mut waiting, &mut rows, cache)?;
                    rows.refuse(&row.place, Fault::of(FaultKind::WrongType, problem))?;
                }
            }
            if waiting.len() >= CHUNK_ROWS || bytes >= CHUNK_BYTES {
                self.settle(&mut waiting, &mut rows, cache)?;
                bytes = 0;
            }
        }
        self.settle(&mut waiting, &mut rows, cache)?;
        self.skipped += rows.skipped_total();
        Ok(())
    }

    /// Compiles the rules of the rows in `waiting` on all threads, and keeps those that compile.
    fn settle(&mut self, waiting: &mut Vec<Pending>, rows: &mut Rows, cache: &Cache) -> Result<()> {
        let problems: Vec<Option<String>> =
            waiting.par_iter().map(|row| refusal(&row.entries, cache)).collect();
        for (row, problem) in waiting.drain(..).zip(problems) {
            match problem {
                Some(problem) => {
                    rows.refuse(&row.place, Fault::of(FaultKind::BadValue, problem))?;
                }
                None => self.keep(&row)?,
            }
        }
        Ok(())
    }

    fn keep(&mut self, row: &Pending) -> Result<()> {
        let number = u32::try_from(self.ends.len())
            .map_err(|_| Error::Setting(format!("{}: too many rows", row.place)))?;
        self.texts.extend_from_slice(&row.text);
        self.ends.push(self.texts.len());
        if let Some(key) = row.key {
            self.by_key.entry(key).or_insert(number);
        }
        if let Some(id) = row.id {
            self.by_id.entry(id).or_insert(number);
        }
        if let Some(prompt) = row.prompt {
            self.by_prompt.entry(prompt).or_insert(number);
        }
        Ok(())
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The row that a response belongs to: by its key, by its id, by its prompt; else the one whose
    /// id is its key, or whose key is its id.
    pub(super) fn find(
        &self,
        key: Option<&str>,
        id: Option<&str>,
        prompt: Option<&str>,
    ) -> Option<u32> {
        let (key, id) = (key.map(digest), id.map(digest));
        let of = |map: &HashMap<[u8; 16], u32>, name: Option<[u8; 16]>| {
            name.and_then(|name| map.get(&name).copied())
        };
        let straight = of(&self.by_key, key).or_else(|| of(&self.by_id, id));
        let prompted = || of(&self.by_prompt, prompt.map(digest));
        let crossed = || of(&self.by_id, key).or_else(|| of(&self.by_key, id));
        straight.or_else(prompted).or_else(crossed)
    }

    /// The constraints of a row.
    pub(super) fn entries(&self, row: u32) -> Vec<Entry> {
        let row = row as usize;
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        let text = &self.texts[start..self.ends[row]];
        let list: Vec<Value> = serde_json::from_slice(text).expect("written by `pending`");
        list.into_iter().map(entry).collect()
    }
}

/// Reads a row; nothing is compiled yet.
fn pending(row: &Map<String, Value>, place: Place) -> std::result::Result<Pending, String> {
    let (key, id) = (fields::name(row, &["key"])?, fields::name(row, &["id"])?);
    let prompt = fields::text(row, "prompt");
    // A prompt may also be a list of messages; then only the key joins.
    let prompt = prompt.ok().flatten();
    if key.is_none() && id.is_none() && prompt.is_none() {
        return Err("neither `key` nor `id` nor `prompt`".to_owned());
    }
    let entries = entries(row)?;
    let list: Vec<Value> = entries
        .iter()
        .map(|entry| match entry {
            Entry::Hard(asked) => json!([asked.id, asked.args]),
            Entry::Soft(id) => json!([id]),
        })
        .collect();
    let text = serde_json::to_vec(&list).map_err(|e| e.to_string())?;
    let (key, id) = (key.as_deref().map(digest), id.as_deref().map(digest));
    Ok(Pending { place, key, id, prompt: prompt.map(digest), entries, text })
}

/// Why the first rule that does not compile does not; one that cannot be run gets error verdicts.
fn refusal(entries: &[Entry], cache: &Cache) -> Option<String> {
    entries.iter().zip(0..).find_map(|(entry, at): (_, u32)| match entry {
        Entry::Soft(_) => None,
        Entry::Hard(asked) => match cache.get(asked).as_ref() {
            Ok(_) => None,
            Err(error) if error.is_unsupported() => None,
            Err(error) => Some(format!("constraint {at}: {error}")),
        },
    })
}

/// An entry as `pending` wrote it.
fn entry(value: Value) -> Entry {
    let Value::Array(mut parts) = value else { unreachable!("`pending` writes lists") };
    let args = parts.pop();
    match (parts.pop(), args) {
        (Some(Value::String(id)), Some(Value::Object(args))) => Entry::Hard(Asked { id, args }),
        (None, Some(Value::String(id))) => Entry::Soft(id),
        other => unreachable!("`pending` writes [id, args] or [id], not {other:?}"),
    }
}

/// The columns to read of a Parquet file; `None` for lines.
fn columns(path: &Path) -> Result<Option<Vec<String>>> {
    if path == Path::new("-") {
        return Ok(None);
    }
    match source::open(path, Limits::default())? {
        Source::Parquet(path) => {
            let batches = table::open(&path, None)?;
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
