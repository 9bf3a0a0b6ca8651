//! What other tools write, read: answers with what the file tells of them, in one form; and scores
//! written as other tools read them.
//!
//! A file is read by its layout, which shows in its content or is named. An [`Answer`] is one
//! sample: a row with several gives several, none is chosen here. Where the file holds the
//! constraints of its prompts they come along, as do the verdicts of whoever wrote it.

mod agreement;
mod export;
mod inspect;
mod lm_eval;
mod messages;
mod openai;
mod plain;
mod recorded;
mod rescore;
mod rollouts;
mod sha256;
mod zip;
mod zip_writer;

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::str::FromStr;

use heedful_datasets::error::{At, Place as RowPlace};
use heedful_datasets::rows;
use serde_json::{Map, Value};

pub use agreement::{Agreement, Disagreement, ScoreCheck, Tally};
pub use export::{Target, export};
pub use recorded::{Instructions, Mode, Recorded};
pub use rescore::{Config, Rescored, rescore};

use crate::asked::Asked;
use crate::error::{Error, Result};
use crate::finish::FinishReason;

/// A layout of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layout {
    /// Samples of EleutherAI's lm-evaluation-harness, JSONL (`--log_samples`).
    LmEval,
    /// A log of Inspect, `.eval`.
    Inspect,
    /// Rollouts of verl, JSONL (`trainer.rollout_data_dir`).
    Verl,
    /// Completions of TRL, Parquet (`log_completions`).
    Trl,
    /// The output of an OpenAI batch, JSONL.
    OpenaiBatch,
    /// `{prompt, response}`, with `key` or `id` beside or in place of the prompt; JSONL, Parquet or
    /// what `heedful generate` made.
    Plain,
}

impl Layout {
    /// All of them.
    pub const ALL: [Layout; 6] = [
        Layout::LmEval,
        Layout::Inspect,
        Layout::Verl,
        Layout::Trl,
        Layout::OpenaiBatch,
        Layout::Plain,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Layout::LmEval => "lm-eval",
            Layout::Inspect => "inspect",
            Layout::Verl => "verl",
            Layout::Trl => "trl",
            Layout::OpenaiBatch => "openai-batch",
            Layout::Plain => "plain",
        }
    }

    fn all_names() -> String {
        Layout::ALL.map(|layout| format!("`{}`", layout.name())).join(", ")
    }
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Layout, String> {
        let found = Layout::ALL.into_iter().find(|layout| layout.name() == name);
        found.ok_or_else(|| {
            format!("unknown layout `{name}`: expected one of {}", Layout::all_names())
        })
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where in its file an answer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line, from 1.
    Line(u64),
    /// A row of a table or an element of an array, from 1.
    Row(u64),
    /// An entry of an archive: its number among those that are read, from 1, and its name.
    Entry(u64, String),
}

impl Place {
    /// The number in it.
    pub fn number(&self) -> u64 {
        match self {
            Place::Line(at) | Place::Row(at) | Place::Entry(at, _) => *at,
        }
    }

    /// A problem with what stands here in `path`.
    pub(crate) fn error(&self, path: &Path, problem: impl fmt::Display) -> Error {
        match self {
            Place::Line(line) => Error::line(path, *line, problem.to_string()),
            place => Error::content(path, format!("{place}: {problem}")),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(at) => write!(f, "line {at}"),
            Place::Row(at) => write!(f, "row {at}"),
            Place::Entry(_, name) => f.write_str(name),
        }
    }
}

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Where it stands.
    pub place: Place,
    /// The item's name, if given.
    pub key: Option<String>,
    /// The prompt, if given.
    pub prompt: Option<String>,
    /// The prompt is what a chat template made of it: it ends with the item's prompt and the
    /// template's tail.
    pub rendered: bool,
    /// What the model wrote; `None` where it wrote nothing (a failed request, a null).
    pub response: Option<String>,
    /// Why it stopped, if told.
    pub finish_reason: Option<FinishReason>,
    /// Its reasoning stands beside it.
    pub reasoned: bool,
    /// Its number among the samples of its prompt, where the file tells.
    pub sample: Option<u64>,
    /// The step of the training that it was drawn in.
    pub step: Option<i64>,
    /// The tokens of the response.
    pub tokens: Option<u64>,
    /// The constraints of the prompt, where the file holds them.
    pub asked: Option<Vec<Asked>>,
    /// What the file says of the response.
    pub recorded: Recorded,
    /// The filter of lm-evaluation-harness that the response went through.
    pub filter: Option<String>,
}

impl Answer {
    /// An answer of which nothing is known but where it stands.
    fn at(place: &Place) -> Answer {
        Answer {
            place: place.clone(),
            key: None,
            prompt: None,
            rendered: false,
            response: None,
            finish_reason: None,
            reasoned: false,
            sample: None,
            step: None,
            tokens: None,
            asked: None,
            recorded: Recorded::default(),
            filter: None,
        }
    }
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// Its layout.
    pub layout: Layout,
    /// In the order of the file.
    pub list: Vec<Answer>,
    /// What a reader of the figures must know of how it was read.
    pub notes: Vec<String>,
}

type Row = Map<String, Value>;

/// Reads the answers of `path`, by its content or by `layout`.
///
/// # Errors
/// A file that cannot be read, is of no known layout or not of that one, a row that is no answer;
/// no answer at all.
pub fn read(path: &Path, layout: Option<Layout>) -> Result<Answers> {
    let zipped = is_zip(path)?;
    let mut answers = match (zipped, layout) {
        (true, None) | (_, Some(Layout::Inspect)) => inspect::read(path)?,
        (true, Some(layout)) => {
            let problem = format!("is a zip archive, which the layout `{layout}` is not");
            return Err(Error::content(path, problem));
        }
        _ if path.is_dir() => match layout {
            None | Some(Layout::Plain) => plain::artifact(path)?,
            Some(layout) => {
                let problem = format!("is a folder; the layout `{layout}` is one file");
                return Err(Error::content(path, problem));
            }
        },
        _ => by_rows(path, layout)?,
    };
    if answers.list.is_empty() {
        return Err(Error::content(path, "no response in it"));
    }
    if answers.layout == Layout::LmEval {
        lm_eval::one_filter(&mut answers);
    }
    Ok(answers)
}

/// Whether `path` begins as a zip archive does.
fn is_zip(path: &Path) -> Result<bool> {
    if path.is_dir() || path.as_os_str() == "-" {
        return Ok(false);
    }
    let mut head = Vec::new();
    let file = File::open(path).map_err(|e| Error::file(path, e))?;
    file.take(4).read_to_end(&mut head).map_err(|e| Error::file(path, e))?;
    Ok(zip::MAGIC.iter().any(|magic| head == *magic))
}

fn by_rows(path: &Path, layout: Option<Layout>) -> Result<Answers> {
    let mut rows = rows::open_strict(path)?.peekable();
    let first = match rows.peek() {
        Some(Ok(row)) => Some((place(&row.place), detect(&row.object))),
        _ => None,
    };
    let layout = match (layout, first) {
        (Some(layout), _) => layout,
        (None, Some((_, Ok(layout)))) => layout,
        (None, Some((place, Err(problem)))) => return Err(place.error(path, problem)),
        // The loop below tells what is wrong with the first row.
        (None, None) => Layout::Plain,
    };
    let mut list = Vec::new();
    for row in rows {
        let row = row?;
        let place = place(&row.place);
        take(layout, &row.object, &place, &mut list).map_err(|e| place.error(path, e))?;
    }
    Ok(Answers { layout, list, notes: Vec::new() })
}

fn place(place: &RowPlace) -> Place {
    match place.at {
        At::Line(at) => Place::Line(at),
        At::Row(at) => Place::Row(at),
    }
}

/// Adds the answers of one row; a problem names the row's key where it has one.
fn take(
    layout: Layout,
    row: &Row,
    place: &Place,
    list: &mut Vec<Answer>,
) -> std::result::Result<(), String> {
    match layout {
        Layout::LmEval => lm_eval::take(row, place, list),
        Layout::Verl => rollouts::verl(row, place, list),
        Layout::Trl => rollouts::trl(row, place, list),
        Layout::OpenaiBatch => openai::take(row, place, list),
        Layout::Plain => plain::take(row, place, list),
        Layout::Inspect => unreachable!("archives are read by their entries"),
    }
}

/// The layout that the keys of a row show.
fn detect(row: &Row) -> std::result::Result<Layout, String> {
    let has = |key: &str| row.contains_key(key);
    if has("resps") || has("filtered_resps") {
        Ok(Layout::LmEval)
    } else if has("custom_id") {
        Ok(Layout::OpenaiBatch)
    } else if has("completion") || has("completions") {
        Ok(Layout::Trl)
    } else if has("response") || has("responses") {
        Ok(Layout::Plain)
    } else if has("input") && has("output") {
        Ok(Layout::Verl)
    } else {
        let keys: Vec<&str> = row.keys().map(String::as_str).take(20).collect();
        let keys: String = keys.join(", ").chars().take(300).collect();
        let known = Layout::all_names();
        Err(format!("its keys ({keys}) are of none of the layouts {known}"))
    }
}

/// With the row's key before a problem.
fn named<T>(
    key: Option<&str>,
    result: std::result::Result<T, String>,
) -> std::result::Result<T, String> {
    match key {
        None => result,
        Some(key) => {
            result.map_err(|e| format!("item {}: {e}", key.chars().take(80).collect::<String>()))
        }
    }
}

#[cfg(test)]
mod tests;
