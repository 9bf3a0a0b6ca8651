//! What a cycle came to: `run.json`, and what `heedful run --json` prints.

use std::path::{Path, PathBuf};

use heedful_benchmarks::statistics::Interval;
use heedful_datasets::manifest::Manifest;
use serde::Serialize;
use serde_json::{Map, Value};

use super::compare::{Comparison, Line, compare};
use super::evaluate::{self, Row};
use super::ifeval::{self, Official};
use super::page;
use super::plan::{Plan, State};
use super::stages::Cycle;
use crate::error::{Error, Result};
use crate::{revision, whole};

/// The figures; accuracies are in percent, of prompts whose constraints are all satisfied.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The recipe's name.
    pub name: String,
    /// The seed.
    pub seed: u64,
    /// What held-out prompts gained, sampled at temperature 1.
    pub gain_points: f64,
    /// Sampled, before.
    pub before: f64,
    /// Sampled, after.
    pub after: f64,
    /// Of `gain_points`, 95 %, paired by prompt.
    pub interval: Interval,
    /// The gain of the likeliest answers.
    pub greedy_gain_points: f64,
    /// Greedy, before.
    pub greedy_before: f64,
    /// Greedy, after.
    pub greedy_after: f64,
    /// Of `greedy_gain_points`.
    pub greedy_interval: Interval,
    /// The gain on constraints that nothing was learned from.
    pub held_out: Option<Line>,
    /// The trip-wire: answers to bare instructions that are sound.
    pub tripwire: Option<Line>,
    /// All of it.
    pub comparison: Comparison,
    /// IFEval on the official prompts, where the recipe asks for it.
    pub ifeval: Option<Official>,
    /// What the classifier is worth: its `measures.json`.
    pub reward: Option<Value>,
    /// What the pairs' manifest counts.
    pub pairs: Option<Map<String, Value>>,
    /// Seconds of this run.
    pub seconds: f64,
    /// Seconds of all stages, each in the run that ended it.
    pub stage_seconds: f64,
    /// The page.
    pub report: PathBuf,
    /// The trained policy.
    pub model: PathBuf,
    /// The code that ran.
    pub version: String,
    #[serde(skip)]
    rows: [Vec<Row>; 2],
}

impl Outcome {
    /// Reads it off the stages' folders.
    pub(super) fn read(
        cycle: &Cycle<'_>,
        plan: &Plan,
        results: &Path,
        seconds: f64,
    ) -> Result<Outcome> {
        let folder = |name: &str| {
            let stage = plan.stages.iter().find(|stage| stage.name == name);
            stage.map(|stage| stage.path.clone())
        };
        let rows = |name: &str| evaluate::read(&folder(name).unwrap_or_default());
        let rows = [rows("before")?, rows("after")?];
        let comparison = compare(&rows[0], &rows[1]);
        let line = |name: &str| comparison.sets.get(name).cloned();
        let Line { sampled, greedy, .. } = line("test")
            .ok_or_else(|| Error::usage("no held-out prompt was answered before and after"))?;
        let reward = folder("reward").map(|path| json(&path.join("measures.json"))).transpose()?;
        let pairs = folder("pairs")
            .map(|path| Ok::<_, Error>(Manifest::read(&super::stages::only(&path, "pairs-")?)?))
            .transpose()?;
        let mut stage_seconds = 0.0;
        for at in 0..plan.stages.len() {
            if let State::Done { seconds } = plan.state(at)? {
                stage_seconds += seconds;
            }
        }
        Ok(Outcome {
            name: cycle.recipe.name.clone(),
            seed: cycle.recipe.seed,
            gain_points: sampled.gain_points,
            before: sampled.before,
            after: sampled.after,
            interval: sampled.interval,
            greedy_gain_points: greedy.gain_points,
            greedy_before: greedy.before,
            greedy_after: greedy.after,
            greedy_interval: greedy.interval,
            held_out: line("held_out"),
            tripwire: line("bare"),
            comparison,
            ifeval: ifeval::read(cycle, plan)?,
            reward,
            pairs: pairs.map(|manifest| manifest.counts),
            seconds,
            stage_seconds,
            report: results.join("report.html"),
            model: folder("policy").unwrap_or_default().join("model"),
            version: version(),
            rows,
        })
    }

    /// Writes `run.json` and the page.
    pub(super) fn write(&self, plan: &Plan, results: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|e| Error::usage(format!("the figures cannot be written: {e}")))?;
        let page = page::page(self, plan)?;
        for (path, text) in [(results.join("run.json"), text + "\n"), (self.report.clone(), page)] {
            whole::write(&path, |to| {
                to.write_all(text.as_bytes()).map_err(|e| Error::io(&path, e))
            })?;
        }
        Ok(())
    }

    /// Answers before and after.
    pub(super) fn rows(&self) -> &[Vec<Row>; 2] {
        &self.rows
    }

    /// The tables for a terminal, in Markdown.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "| prompts | n | sampled: before | after | gain [95 %] | greedy: before | after | gain \
             [95 %] |\n|---|---:|---:|---:|---:|---:|---:|---:|\n",
        );
        let names =
            [("test", "held-out"), ("held_out", "held-out families"), ("bare", "trip-wire")];
        for (set, name) in names {
            let Some(Line { sampled, greedy, .. }) = self.comparison.sets.get(set) else {
                continue;
            };
            let mut cells = vec![name.to_owned(), sampled.prompts.to_string()];
            for gain in [sampled, greedy] {
                let Interval { low, high } = gain.interval;
                cells.extend([format!("{:.1}", gain.before), format!("{:.1}", gain.after)]);
                cells.push(format!("{:+.1} [{low:+.1}, {high:+.1}]", gain.gain_points));
            }
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        text.push_str(&self.ifeval.as_ref().map_or(String::new(), Official::text));
        text
    }
}

fn json(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    serde_json::from_str(&text).map_err(|e| Error::usage(format!("{}: {e}", path.display())))
}

fn version() -> String {
    let found = revision::current();
    let commit = found.commit.map_or(String::new(), |commit| format!(" {commit}"));
    let dirty = if found.dirty == Some(true) { " (changed)" } else { "" };
    format!("{}{commit}{dirty}", found.version)
}
