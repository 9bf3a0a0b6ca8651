//! Scores in the layouts that other tools read.
//!
//! Scores know no clock, so where a layout needs a time it is the first second of 1970, and the
//! same scores give the same bytes.

mod inspect;
mod lm_eval;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use heedful_constraints::Profile;
use heedful_datasets::export::in_new_folder;
use heedful_datasets::json::parse;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::metrics::is_sample_of;
use crate::score::{Followed, Judged, Outcome};
use crate::scores::Scores;

/// A layout of scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// lm-evaluation-harness: `results_….json` and `samples_TASK_….jsonl` in a folder of the run.
    LmEval,
    /// Inspect: a log, `RUN.eval`.
    Inspect,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Target, String> {
        match name {
            "lm-eval" => Ok(Target::LmEval),
            "inspect" => Ok(Target::Inspect),
            _ => Err(format!("unknown layout `{name}`: expected `lm-eval` or `inspect`")),
        }
    }
}

/// Writes `scores` into the new folder `out`; gives the files.
///
/// # Errors
/// A folder that exists, a disk that refuses, arguments that are no JSON, more samples than an
/// archive holds.
pub fn export(scores: &Scores, to: Target, out: &Path) -> Result<Vec<PathBuf>> {
    let files = in_new_folder(out, |folder| match to {
        Target::LmEval => lm_eval::write(scores, folder),
        Target::Inspect => inspect::write(scores, folder),
    })?;
    Ok(files.iter().map(|name| out.join(name)).collect())
}

/// What both layouts tell of a run.
struct Run<'a> {
    /// The name of the run, by which folders and files are called.
    name: &'a str,
    /// The benchmark: the name of the task.
    task: &'a str,
    profile: Profile,
    items: &'a [Judged],
    /// Where the scores are from.
    about: Value,
}

impl<'a> Run<'a> {
    fn of(scores: &'a Scores) -> Result<Run<'a>> {
        let manifest = &scores.artifact.manifest;
        let task = manifest.config.get("benchmark").and_then(Value::as_str);
        let missing = || Error::content(&scores.artifact.path, "its manifest names no benchmark");
        let about = json!({
            "scores": manifest.id,
            "dataset": manifest.config.get("dataset"),
            "profile": manifest.config.get("profile_version"),
            "thinking": manifest.config.get("thinking"),
            "heedful": manifest.revision.version,
            "commit": manifest.revision.commit,
        });
        if scores.items.windows(2).any(|pair| is_sample_of(&pair[0], &pair[1])) {
            let problem = "holds several samples a prompt, and the layout is written with one; \
                           choose it with `heedful score --sample`";
            return Err(Error::content(&scores.artifact.path, problem));
        }
        Ok(Run {
            name: &manifest.name,
            task: task.ok_or_else(missing)?,
            profile: scores.profile,
            items: &scores.items,
            about,
        })
    }

    /// The verdicts on an item's instructions, in one mode.
    fn verdicts(&self, item: &Judged, of: impl Fn(Followed) -> bool) -> Vec<bool> {
        item.outcomes.iter().map(|outcome| of(outcome.under(self.profile))).collect()
    }

    /// Strict and loose verdicts.
    fn both(&self, item: &Judged) -> [Vec<bool>; 2] {
        [
            self.verdicts(item, |followed| followed.strict),
            self.verdicts(item, |followed| followed.loose),
        ]
    }
}

/// A key as files of prompts have it: a number where it is one.
fn key(key: &str) -> Value {
    match key.parse::<i64>() {
        Ok(number) if number.to_string() == key => number.into(),
        _ => key.into(),
    }
}

/// The arguments of instructions, in their order.
fn kwargs(scores: &Scores, outcomes: &[Outcome]) -> Result<Vec<Value>> {
    let read = |outcome: &Outcome| {
        let fail = |fault| format!("arguments of {}: {fault}", outcome.id);
        parse(&outcome.args).map_err(|fault| Error::content(&scores.artifact.path, fail(fault)))
    };
    outcomes.iter().map(read).collect()
}

/// The mean of `values`, and its standard error by the deviation of a sample; none of fewer than 2.
fn mean(values: &[f64]) -> (f64, Option<f64>) {
    let n = values.len() as f64;
    let mean = if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / n };
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt() / n.sqrt()))
}

/// As 0 or 1.
fn share(followed: bool) -> f64 {
    f64::from(u8::from(followed))
}

#[cfg(test)]
mod tests;
