//! Pairs in the layouts that trainers of reward models and preferences read.
//!
//! The prompt is the one that asks for the constraint. Of the two responses of a pair (one ladder,
//! level and sample) the chosen one has the label 1 and the rejected one the label 0.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::export::in_new_folder;
use crate::json;
use crate::pairs::Pair;
use crate::sheet::{Column, Kind, Sheet};

/// What `task_name` says in NeMo's layout.
const TASK: &str = "heedful";

/// A layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Parquet for TRL: conversations `prompt`, `chosen` and `rejected`.
    TrlPreference,
    /// Parquet for TRL: conversations `prompt` and `completion` with a `label`.
    TrlUnpaired,
    /// JSON Lines for NeMo: `context` and two `completions`, of which rank 0 is the better.
    NemoPreference,
}

impl Layout {
    /// All layouts.
    pub const ALL: [Layout; 3] =
        [Layout::TrlPreference, Layout::TrlUnpaired, Layout::NemoPreference];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Layout::TrlPreference => "trl-preference",
            Layout::TrlUnpaired => "trl-unpaired",
            Layout::NemoPreference => "nemo-preference",
        }
    }
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Layout, String> {
        let found = Layout::ALL.into_iter().find(|layout| layout.name() == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = Layout::ALL.map(Layout::name).into();
            format!("unknown layout `{name}`: expected one of {}", names.join(", "))
        })
    }
}

/// What an export wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// The files, one a split.
    pub files: Vec<PathBuf>,
    /// Rows written.
    pub rows: u64,
    /// Pairs left out because both have one label.
    pub ties: u64,
    /// Responses left out because their pair has no other half, or no prompt that asks for the
    /// constraint is known.
    pub alone: u64,
}

/// The two responses of a ladder, level and sample.
#[derive(Default)]
struct Couple<'a> {
    positive: Option<&'a Pair>,
    negative: Option<&'a Pair>,
}

/// Writes `pairs` as files of a new folder `out`, one a split, those without one as `pairs`. Only
/// the newest constraint of a prompt and the one that comes next make pairs; other rows are passed
/// over.
///
/// # Errors
/// A folder that exists, a split whose name is no file's, nothing to write, a disk that refuses.
pub fn export(pairs: &[Pair], to: Layout, out: &Path) -> Result<Exported> {
    in_new_folder(out, |growing| {
        let mut exported = Exported::default();
        let mut splits: BTreeMap<&str, Vec<&Pair>> = BTreeMap::new();
        for pair in pairs {
            splits.entry(pair.split.as_deref().unwrap_or("pairs")).or_default().push(pair);
        }
        for (split, pairs) in splits {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if split.is_empty() || !split.chars().all(plain) {
                let shown = crate::error::shorten(split);
                return Err(Error::build(format!("the split `{shown}` is no name of a file")));
            }
            let extension = if to == Layout::NemoPreference { "jsonl" } else { "parquet" };
            let name = format!("{split}.{extension}");
            let mut sink = Sink::open(to, &growing.join(&name))?;
            for couple in couples(&pairs) {
                couple.write(to, &mut sink, &mut exported)?;
            }
            sink.close()?;
            exported.files.push(out.join(name));
        }
        match exported.rows {
            0 => Err(Error::build("no two responses of a pair have different labels")),
            _ => Ok(exported),
        }
    })
}

/// The pairs in the order of their first rows.
fn couples<'a>(pairs: &[&'a Pair]) -> Vec<Couple<'a>> {
    let mut couples: Vec<Couple<'a>> = Vec::new();
    let mut known: BTreeMap<(&str, u32, u32), usize> = BTreeMap::new();
    for &pair in pairs {
        let newest = pair.response_level == pair.level;
        if !newest && pair.response_level + 1 != pair.level {
            continue;
        }
        let at = *known.entry((&pair.ladder, pair.level, pair.sample)).or_insert(couples.len());
        if at == couples.len() {
            couples.push(Couple::default());
        }
        let couple = &mut couples[at];
        *(if newest { &mut couple.positive } else { &mut couple.negative }) = Some(pair);
    }
    couples
}

impl Couple<'_> {
    fn write(&self, to: Layout, sink: &mut Sink, exported: &mut Exported) -> Result<()> {
        let (asked, other) = match (self.positive, self.negative) {
            (Some(positive), Some(negative)) => (positive, negative),
            (Some(alone), None) if to == Layout::TrlUnpaired => {
                exported.rows += 1;
                return sink.push(unpaired(alone, alone));
            }
            _ => {
                exported.alone += 1;
                return Ok(());
            }
        };
        if to == Layout::TrlUnpaired {
            exported.rows += 2;
            sink.push(unpaired(asked, asked))?;
            return sink.push(unpaired(asked, other));
        }
        let (chosen, rejected) = match (asked.label, other.label) {
            (true, false) => (asked, other),
            (false, true) => (other, asked),
            _ => {
                exported.ties += 1;
                return Ok(());
            }
        };
        exported.rows += 1;
        sink.push(match to {
            Layout::NemoPreference => Row::Line(nemo(asked, chosen, rejected)),
            _ => Row::Cells(vec![
                Column::messages(&chat(asked)),
                answer(chosen),
                answer(rejected),
                Column::Text(chosen.id.clone()),
                Column::Text(asked.constraint_id.clone()),
                Column::Text(asked.constraint.clone()),
            ]),
        })
    }
}

/// What was said up to the response.
fn chat(asked: &Pair) -> Value {
    let before = asked.before.as_deref().and_then(|before| json::parse(before).ok());
    let mut turns = match before {
        Some(Value::Array(turns)) => turns,
        _ => Vec::new(),
    };
    turns.push(json!({"role": "user", "content": asked.prompt}));
    Value::Array(turns)
}

fn answer(pair: &Pair) -> Column {
    Column::Messages(vec![["assistant".to_owned(), pair.response.clone()]])
}

fn unpaired(asked: &Pair, pair: &Pair) -> Row {
    Row::Cells(vec![
        Column::messages(&chat(asked)),
        answer(pair),
        Column::Flag(pair.label),
        Column::Text(pair.id.clone()),
        Column::Text(pair.constraint_id.clone()),
        Column::Text(pair.constraint.clone()),
    ])
}

fn nemo(asked: &Pair, chosen: &Pair, rejected: &Pair) -> Value {
    let completion = |rank: u8, pair: &Pair| {
        json!({
            "rank": rank,
            "completion": [{"role": "assistant", "content": pair.response}],
        })
    };
    let completions = [completion(0, chosen), completion(1, rejected)];
    json!({"context": chat(asked), "completions": completions, "task_name": TASK})
}

enum Row {
    Cells(Vec<Column>),
    Line(Value),
}

enum Sink {
    Lines(PathBuf, BufWriter<File>),
    Table(Box<Sheet>),
}

impl Sink {
    fn open(to: Layout, path: &Path) -> Result<Sink> {
        let middle = match to {
            Layout::NemoPreference => {
                let file = File::create(path).map_err(|e| Error::io(path, e))?;
                return Ok(Sink::Lines(path.to_owned(), BufWriter::new(file)));
            }
            Layout::TrlPreference => [("chosen", Kind::Messages), ("rejected", Kind::Messages)],
            Layout::TrlUnpaired => [("completion", Kind::Messages), ("label", Kind::Flag)],
        };
        let texts = ["id", "constraint_id", "constraint"].map(|name| (name, Kind::Text));
        let columns: Vec<(&str, Kind)> =
            [("prompt", Kind::Messages)].into_iter().chain(middle).chain(texts).collect();
        Ok(Sink::Table(Box::new(Sheet::create(path, &columns)?)))
    }

    fn push(&mut self, row: Row) -> Result<()> {
        match (self, row) {
            (Sink::Lines(path, file), Row::Line(line)) => {
                writeln!(file, "{line}").map_err(|e| Error::io(path, e))
            }
            (Sink::Table(sheet), Row::Cells(cells)) => sheet.push(cells),
            _ => unreachable!("each layout has rows of its own sort"),
        }
    }

    fn close(self) -> Result<()> {
        match self {
            Sink::Lines(path, file) => {
                let file = file.into_inner().map_err(|e| Error::io(&path, e.into_error()))?;
                file.sync_all().map_err(|e| Error::io(&path, e))
            }
            Sink::Table(sheet) => sheet.close(),
        }
    }
}

#[cfg(test)]
#[path = "preferences_tests.rs"]
mod tests;
