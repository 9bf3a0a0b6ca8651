//! The stage that measures a policy: samples and the likeliest answer to each prompt, judged, as a
//! table.

use std::collections::HashSet;
use std::path::Path;

use heedful_benchmarks::finish::FinishReason;
use heedful_datasets::flat::{Cell, Kind, Writer};
use heedful_datasets::rows;
use heedful_kernels::{Dtype, sample};
use heedful_models::chat::Message;
use heedful_models::engine::{Keep, Settings as Slots};
use heedful_models::generate::Overlong;
use serde_json::{Value, json};

use super::judged::Item;
use super::sound;
use crate::error::{Error, Result};
use crate::generate::journal::Journal;
use crate::generate::local::{self, Settings};
use crate::generate::{Request, Response};
use crate::place::Place;

/// The table in the stage's folder.
pub const FILE: &str = "answers.parquet";

/// How a policy is asked.
pub struct Ask<'a> {
    /// What the answers are of: a journal of something else is refused.
    pub id: &'a str,
    /// The checkpoint.
    pub model: &'a Path,
    /// Samples of each prompt at temperature 1.
    pub samples: u32,
    /// Tokens of an answer at most.
    pub max_tokens: usize,
    /// Of the samples.
    pub seed: u64,
    /// Where the model runs.
    pub place: Place,
}

/// An answer and what it satisfies.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The prompt's set.
    pub set: String,
    /// The prompt's name.
    pub key: String,
    /// Its level.
    pub level: u64,
    /// Which sample; the likeliest answer has none.
    pub sample: Option<u32>,
    /// The constraints that were decided.
    pub ids: Vec<String>,
    /// Whether each is satisfied.
    pub satisfied: Vec<bool>,
    /// Whether it is an answer at all, see `sound.rs`.
    pub sound: bool,
    /// Tokens of the answer.
    pub tokens: u64,
    /// Whether the limit cut it.
    pub cut: bool,
    /// What the user said.
    pub prompt: String,
    /// The answer.
    pub response: String,
}

impl Row {
    /// Whether all constraints are satisfied; of a prompt without any, whether the answer is sound.
    pub fn good(&self) -> bool {
        if self.ids.is_empty() { self.sound } else { self.satisfied.iter().all(|good| *good) }
    }
}

const COLUMNS: [(&str, Kind); 11] = [
    ("set", Kind::Text),
    ("key", Kind::Text),
    ("level", Kind::Int),
    ("sample", Kind::Int),
    ("constraints", Kind::Text),
    ("satisfied", Kind::Text),
    ("sound", Kind::Bool),
    ("tokens", Kind::Int),
    ("truncated", Kind::Bool),
    ("prompt", Kind::Text),
    ("response", Kind::Text),
];

/// Answers all prompts, and writes the table into `folder`, where journals keep what was answered
/// before a kill. `tick` sees how many answers there are.
///
/// # Errors
/// A checkpoint that cannot be loaded, a prompt that is too long, a folder that cannot be written.
pub fn run(ask: &Ask<'_>, items: &[Item], folder: &Path, tick: &mut dyn FnMut(u64)) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    let (mut rows, mut journals) = (Vec::new(), Vec::new());
    for (name, temperature) in [("sampled", 1.0), ("greedy", 0.0)] {
        let path = folder.join(format!("{name}.journal"));
        let (mut journal, known) = Journal::open(&path, ask.id)?;
        let before = rows.len() as u64;
        let found = answers(ask, items, temperature, (&mut journal, known), &mut |n| {
            tick(n + before);
        })?;
        rows.extend(judged(items, temperature, found));
        journals.push(journal);
    }
    let path = folder.join(FILE);
    let part = path.with_extension("part");
    let mut writer = Writer::create(&part, &COLUMNS)?;
    for row in &rows {
        let (ids, satisfied) = (json!(row.ids).to_string(), json!(row.satisfied).to_string());
        writer.push(&[
            Cell::Text(&row.set),
            Cell::Text(&row.key),
            Cell::Int(row.level as i64),
            row.sample.map_or(Cell::Null, |sample| Cell::Int(sample.into())),
            Cell::Text(&ids),
            Cell::Text(&satisfied),
            Cell::Bool(row.sound),
            Cell::Int(row.tokens as i64),
            Cell::Bool(row.cut),
            Cell::Text(&row.prompt),
            Cell::Text(&row.response),
        ])?;
    }
    writer.finish()?;
    std::fs::rename(&part, &path).map_err(|e| Error::io(&path, e))?;
    journals.into_iter().try_for_each(Journal::remove)
}

/// All answers, by prompt and sample: those that the journal knew and those of this run.
fn answers(
    ask: &Ask<'_>,
    items: &[Item],
    temperature: f32,
    (journal, mut found): (&mut Journal, Vec<Response>),
    tick: &mut dyn FnMut(u64),
) -> Result<Vec<Response>> {
    let samples = if temperature == 0.0 { 1 } else { ask.samples };
    let settings = Settings {
        model: ask.model.to_owned(),
        sampling: sample::Settings { temperature, ..sample::Settings::PLAIN },
        seed: ask.seed,
        max_tokens: ask.max_tokens,
        stop: Vec::new(),
        thinking: None,
        overlong: Overlong::Refuse,
        weights: Keep::Blocks(Dtype::F32),
        slots: Slots { slots: 64, ..Slots::default() },
        place: ask.place,
    };
    let known: HashSet<(usize, u32)> = found.iter().map(|r| (r.row, r.sample)).collect();
    let requests: Vec<Request> = (items.iter().enumerate())
        .flat_map(|(row, item)| {
            (0..samples).map(move |sample| Request {
                row,
                key: format!("{} {}", item.set, item.key),
                messages: vec![Message::user(&item.prompt)],
                sample,
            })
        })
        .filter(|request| !known.contains(&(request.row, request.sample)))
        .collect();
    if !requests.is_empty() {
        let mut done = |more: Vec<Response>| {
            found.extend(journal.append(&more)?);
            tick(found.len() as u64);
            Ok(())
        };
        local::run(&settings, &requests, &mut done, &mut |_| {})?;
    }
    found.sort_by_key(|response| (response.row, response.sample));
    Ok(found)
}

/// What answers satisfy.
fn judged(items: &[Item], temperature: f32, found: Vec<Response>) -> Vec<Row> {
    let judge = |response: Response| {
        let item = &items[response.row];
        let cut = response.finish == FinishReason::Length;
        Row {
            set: item.set.to_owned(),
            key: item.key.clone(),
            level: item.level,
            sample: (temperature > 0.0).then_some(response.sample),
            ids: item.checks.iter().map(|check| check.id.clone()).collect(),
            satisfied: item.judge(&response.text),
            sound: !cut && sound::is_sound(item, &response.text),
            tokens: response.tokens.unwrap_or_default().into(),
            cut,
            prompt: item.prompt.clone(),
            response: response.text,
        }
    };
    found.into_iter().map(judge).collect()
}

/// The table of a stage's folder.
///
/// # Errors
/// A table that cannot be read or is not ours.
pub fn read(folder: &Path) -> Result<Vec<Row>> {
    let path = folder.join(FILE);
    let mut all = Vec::new();
    for row in rows::open_strict(&path)? {
        let row = row?;
        let refuse = || Error::usage(format!("{}: {}: no answer", path.display(), row.place));
        let text = |key: &str| row.object.get(key)?.as_str().map(str::to_owned);
        let list = |key: &str| serde_json::from_str::<Value>(&text(key)?).ok();
        let of = || -> Option<Row> {
            Some(Row {
                set: text("set")?,
                key: text("key")?,
                level: row.object.get("level")?.as_u64()?,
                sample: row.object.get("sample")?.as_u64().and_then(|n| u32::try_from(n).ok()),
                ids: serde_json::from_value(list("constraints")?).ok()?,
                satisfied: serde_json::from_value(list("satisfied")?).ok()?,
                sound: row.object.get("sound")?.as_bool()?,
                tokens: row.object.get("tokens")?.as_u64()?,
                cut: row.object.get("truncated")?.as_bool()?,
                prompt: text("prompt")?,
                response: text("response")?,
            })
        };
        all.push(of().ok_or_else(refuse)?);
    }
    Ok(all)
}
