//! Responses against a dataset: one verdict row a constraint, in the order of the responses.

use std::io::Write;
use std::path::Path;

use heedful_benchmarks::finish::FinishReason;
use heedful_benchmarks::thinking::{Answer, Counts, Policy};
use heedful_benchmarks::truncation::is_truncated;
use heedful_benchmarks::{Error, Result, fields};
use heedful_constraints::{Profile, Text};
use heedful_datasets::error::{Fault, FaultKind, Place};
use heedful_datasets::flat::{Cell, Kind, Writer};
use heedful_datasets::rows::{self, OnBad, Options, Rows};
use rayon::prelude::*;
use serde::Serialize;

use super::cache::Cache;
use super::specs::{Entry, Specs};
use super::{CHUNK_BYTES, CHUNK_ROWS, Progress, Shard};

/// How a dataset is verified.
#[derive(Debug, Clone)]
pub struct Config {
    /// The reading of the rules.
    pub profile: Profile,
    /// The part of the responses to take.
    pub shard: Shard,
    /// Whether a row that cannot be taken stops the run.
    pub on_bad: OnBad,
    /// How reasoning is removed before judging.
    pub thinking: Policy,
    /// The chat template writes the opening tag of the reasoning itself.
    pub prefilled: bool,
}

/// Where the verdicts go.
pub enum Output<'a> {
    /// JSON Lines.
    Lines(&'a mut dyn Write),
    /// A Parquet table at this path, made whole at the end or not at all.
    Table(&'a Path),
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Rows of the dataset.
    pub data: u64,
    /// Responses verified.
    pub responses: u64,
    /// Constraints with a verdict.
    pub verdicts: u64,
    /// Of these, satisfied.
    pub satisfied: u64,
    /// Of the verdicts, errors; never satisfied.
    pub errors: u64,
    /// Constraints that no rule decides: listed, and in no count above.
    pub unverifiable: u64,
    /// Responses that belong to no row of the dataset.
    pub unmatched: u64,
    /// The places of the first of these.
    pub unmatched_at: Vec<String>,
    /// Rows of the dataset without any response in this part of the responses.
    pub unanswered: u64,
    /// Responses without text.
    pub empty: u64,
    /// Rows passed over in either file.
    pub skipped: u64,
    /// How the reasoning blocks stood.
    pub thinking: Counts,
    /// Responses that tell whether they were cut.
    pub ended: u64,
    /// Of these, cut by the limit on tokens.
    pub truncated: u64,
    /// Verdicts on truncated responses; part of `verdicts`.
    pub truncated_verdicts: u64,
    /// Of these, satisfied; part of `satisfied`.
    pub truncated_satisfied: u64,
}

/// One row of the output.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Row {
    key: Option<String>,
    /// The number of the response in its file, from 0.
    response: u64,
    /// The number of the constraint in its row, from 0.
    constraint: u32,
    constraint_id: String,
    /// Null where no rule decides.
    satisfied: Option<bool>,
    degree: Option<f32>,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

const COLUMNS: [(&str, Kind); 8] = [
    ("key", Kind::Text),
    ("response", Kind::Int),
    ("constraint", Kind::Int),
    ("constraint_id", Kind::Text),
    ("satisfied", Kind::Bool),
    ("degree", Kind::Float),
    ("reason", Kind::Text),
    ("error", Kind::Text),
];

/// One response on its way.
struct Taken {
    number: u64,
    place: Place,
    key: Option<String>,
    row: Option<u32>,
    text: String,
    finish: Option<FinishReason>,
}

/// Verifies the responses in `responses` (`{key|id|prompt, response}`) against the constraints of
/// the rows in `data`; each JSONL or Parquet.
///
/// # Errors
/// A file that cannot be read or written; the first row that cannot be taken, unless such rows are
/// skipped. A row of `data` with a rule that nobody knows, or arguments that it refuses, is such a
/// row; where a check raises or cannot be run, its verdict is an error.
pub fn verify(
    data: &Path,
    responses: &Path,
    output: Output<'_>,
    config: &Config,
    progress: Progress<'_>,
) -> Result<Summary> {
    let cache = Cache::new(config.profile);
    let specs = Specs::read(data, config.on_bad, &cache)?;
    let options = Options { on_bad: config.on_bad, ..Options::default() };
    let mut rows = rows::open(responses, options)?;
    let mut sink = Sink::open(output)?;
    let mut summary = Summary { data: specs.len() as u64, ..Summary::default() };
    let mut answered = vec![false; specs.len()];
    let mut number = 0;
    loop {
        let (chunk, ended) = chunk(&mut rows, &specs, config.shard, &mut number, &mut summary)?;
        for row in chunk.iter().filter_map(|taken| taken.row) {
            answered[row as usize] = true;
        }
        let judged: Vec<(Answer<'_>, Vec<Row>)> =
            chunk.par_iter().map(|taken| judge(taken, &specs, &cache, config)).collect();
        for (taken, (answer, rows)) in chunk.iter().zip(judged) {
            if taken.row.is_none() {
                summary.pass_over(&taken.place);
                continue;
            }
            summary.thinking.add(answer.state, answer.irregular);
            let cut = is_truncated(taken.finish.as_ref(), Some(answer.state));
            summary.add(&rows, cut);
            sink.write(&rows)?;
        }
        progress(number);
        if ended {
            break;
        }
    }
    sink.finish()?;
    summary.skipped = specs.skipped + rows.skipped_total();
    summary.unanswered = answered.iter().filter(|known| !**known).count() as u64;
    Ok(summary)
}

/// The next responses of this shard, and whether they are the last.
fn chunk(
    rows: &mut Rows,
    specs: &Specs,
    shard: Shard,
    number: &mut u64,
    summary: &mut Summary,
) -> Result<(Vec<Taken>, bool)> {
    let mut chunk = Vec::new();
    let mut bytes = 0;
    while chunk.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
        let Some(row) = rows.next() else { return Ok((chunk, true)) };
        let mut row = row?;
        let at = *number;
        *number += 1;
        if !shard.has(at) {
            continue;
        }
        let names = names(&row.object);
        let text = match row.object.get_mut("response").map(serde_json::Value::take) {
            Some(serde_json::Value::String(text)) => Ok(Some(text)),
            Some(serde_json::Value::Null) => Ok(None),
            Some(_) => Err("key `response`: expected a string".to_owned()),
            None => Err("key `response` is missing".to_owned()),
        };
        let ((key, id), text) = match names.and_then(|names| Ok((names, text?))) {
            Ok((names, Some(text))) => (names, text),
            Ok((_, None)) => {
                summary.empty += 1;
                continue;
            }
            Err(problem) => {
                rows.refuse(&row.place, Fault::of(FaultKind::WrongType, problem))?;
                continue;
            }
        };
        let prompt = row.object.get("prompt").and_then(serde_json::Value::as_str);
        let found = specs.find(key.as_deref(), id.as_deref(), prompt);
        bytes += text.len();
        let finish = row.object.get("finish_reason").and_then(serde_json::Value::as_str);
        let finish = finish.map(FinishReason::named);
        chunk.push(Taken {
            number: at,
            place: row.place,
            key: key.or(id),
            row: found,
            text,
            finish,
        });
    }
    Ok((chunk, false))
}

/// The key and the id of a response.
fn names(
    row: &serde_json::Map<String, serde_json::Value>,
) -> std::result::Result<(Option<String>, Option<String>), String> {
    Ok((fields::name(row, &["key"])?, fields::name(row, &["id"])?))
}

fn judge<'a>(
    taken: &'a Taken,
    specs: &Specs,
    cache: &Cache,
    config: &Config,
) -> (Answer<'a>, Vec<Row>) {
    let answer = config.thinking.answer(&taken.text, config.prefilled);
    let text = Text::new(answer.text);
    let entries = taken.row.map(|row| specs.entries(row)).unwrap_or_default();
    let rows = entries.into_iter().zip(0u32..).map(|(entry, constraint)| {
        let mut row = Row {
            key: taken.key.clone(),
            response: taken.number,
            constraint,
            constraint_id: String::new(),
            satisfied: None,
            degree: None,
            reason: "no rule decides this constraint".to_owned(),
            error: None,
        };
        match entry {
            Entry::Soft(id) => row.constraint_id = id,
            Entry::Hard(asked) => {
                match cache.get(&asked).as_ref() {
                    Ok(constraint) => {
                        let verdict = constraint.check(&text);
                        row.satisfied = Some(verdict.satisfied);
                        row.degree = Some(verdict.degree);
                        row.error = verdict.error().map(str::to_owned);
                        row.reason = verdict.reason.to_string();
                    }
                    // What is unknown or badly asked was refused when the row was read.
                    Err(error) => {
                        (row.satisfied, row.degree) = (Some(false), Some(0.0));
                        row.reason = "cannot be checked".to_owned();
                        row.error = Some(error.to_string());
                    }
                }
                row.constraint_id = asked.id;
            }
        }
        row
    });
    (answer, rows.collect())
}

impl Summary {
    /// Adds the verdicts of one response; `cut` where it tells.
    fn add(&mut self, rows: &[Row], cut: Option<bool>) {
        self.responses += 1;
        self.ended += u64::from(cut.is_some());
        if cut == Some(true) {
            self.truncated += 1;
            let of = |value: bool| rows.iter().filter(|row| row.satisfied == Some(value)).count();
            let (good, bad) = (of(true) as u64, of(false) as u64);
            self.truncated_verdicts += good + bad;
            self.truncated_satisfied += good;
        }
        for row in rows {
            match row.satisfied {
                None => self.unverifiable += 1,
                Some(satisfied) => {
                    self.verdicts += 1;
                    self.satisfied += u64::from(satisfied);
                }
            }
            self.errors += u64::from(row.error.is_some());
        }
    }

    fn pass_over(&mut self, place: &Place) {
        const SHOWN: usize = 20;
        self.unmatched += 1;
        if self.unmatched_at.len() < SHOWN {
            self.unmatched_at.push(place.to_string());
        }
    }
}

/// An output that is open.
enum Sink<'a> {
    Lines(&'a mut dyn Write),
    Table { writer: Box<Writer>, partial: std::path::PathBuf, path: &'a Path },
}

impl<'a> Sink<'a> {
    fn open(output: Output<'a>) -> Result<Sink<'a>> {
        Ok(match output {
            Output::Lines(lines) => Sink::Lines(lines),
            Output::Table(path) => {
                let mut name = path.file_name().unwrap_or_default().to_owned();
                name.push(".partial");
                let partial = path.with_file_name(name);
                let writer = Box::new(Writer::create(&partial, &COLUMNS)?);
                Sink::Table { writer, partial, path }
            }
        })
    }

    fn write(&mut self, rows: &[Row]) -> Result<()> {
        match self {
            Sink::Lines(lines) => {
                for row in rows {
                    serde_json::to_writer(&mut **lines, row)
                        .map_err(std::io::Error::from)
                        .and_then(|()| lines.write_all(b"\n"))
                        .map_err(|e| Error::file(Path::new("output"), e))?;
                }
            }
            Sink::Table { writer, .. } => {
                for row in rows {
                    writer.push(&[
                        row.key.as_deref().map_or(Cell::Null, Cell::Text),
                        Cell::Int(row.response as i64),
                        Cell::Int(i64::from(row.constraint)),
                        Cell::Text(&row.constraint_id),
                        row.satisfied.map_or(Cell::Null, Cell::Bool),
                        row.degree.map_or(Cell::Null, Cell::Float),
                        Cell::Text(&row.reason),
                        row.error.as_deref().map_or(Cell::Null, Cell::Text),
                    ])?;
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        match self {
            Sink::Lines(lines) => lines.flush().map_err(|e| Error::file(Path::new("output"), e)),
            Sink::Table { writer, partial, path } => {
                writer.finish()?;
                std::fs::rename(&partial, path).map_err(|e| Error::file(path, e))
            }
        }
    }
}

#[cfg(test)]
mod tests;
