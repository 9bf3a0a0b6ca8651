//! What scoring a benchmark came to, whoever decided: printed, as JSON, and kept as an artifact.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use heedful_benchmarks::sheet::{self, Cut, Figure, Origin, Sheet};
use heedful_benchmarks::statistics::bootstrap::Plan;
use heedful_benchmarks::thinking::Counts;
use heedful_benchmarks::truncation::{ends, ends_told};
use heedful_datasets::artifact::{self, Artifact};
use heedful_datasets::manifest::Revision;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::generate;
use crate::judged::Judging;

/// The draws behind the intervals.
pub const PLAN: Plan = Plan { resamples: 2_000, seed: 0 };

/// A scored run; as JSON it is what `heedful eval NAME --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The benchmark.
    pub benchmark: &'static str,
    /// The figures as the benchmark's own code computes them, by reading where there are two.
    #[serde(flatten)]
    pub figures: Map<String, Value>,
    /// The metrics with 95 % intervals: Wilson's of a rate of items, else a bootstrap over items.
    pub metrics: Map<String, Value>,
    /// How the judging went, where a judge was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judging: Option<Judging>,
    /// The digest of the items.
    pub dataset: String,
    /// What did not join one to one.
    pub join: Value,
    /// How the reasoning blocks stood.
    pub thinking: Counts,
    /// The first metric apart for cut and whole responses, where the responses tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncation: Option<Cut>,
    /// How many responses ended for which reason.
    pub finish_reasons: BTreeMap<String, u64>,
    /// Whether reasoning was removed before judging.
    #[serde(skip)]
    pub removed: bool,
    /// The tables for a terminal, in Markdown.
    #[serde(skip)]
    pub tables: String,
    /// Row by row.
    #[serde(skip)]
    pub sheet: Sheet,
}

/// What a benchmark's own code gives; the rest of an [`Outcome`] follows from it.
pub struct Scored {
    /// The benchmark.
    pub benchmark: &'static str,
    /// As in [`Outcome`].
    pub figures: Map<String, Value>,
    /// As in [`Outcome`].
    pub judging: Option<Judging>,
    /// As in [`Outcome`].
    pub dataset: String,
    /// As in [`Outcome`].
    pub join: Value,
    /// As in [`Outcome`].
    pub thinking: Counts,
    /// Tables of the benchmark's own.
    pub tables: String,
    /// Row by row.
    pub sheet: Sheet,
}

impl Outcome {
    /// What follows from `scored`; `removed` tells whether reasoning was.
    pub fn new(scored: Scored, removed: bool) -> Outcome {
        let Scored { benchmark, figures, judging, dataset, join, thinking, tables, sheet } = scored;
        let named = sheet.metrics.iter().enumerate();
        let metrics = named.map(|(at, m)| (m.name.clone(), json!(sheet.figure(at, PLAN))));
        Outcome {
            metrics: metrics.collect(),
            truncation: sheet.cut(0, PLAN),
            finish_reasons: ends(
                sheet
                    .rows
                    .iter()
                    .filter(|row| row.response.is_some())
                    .map(|row| row.finish_reason.as_ref()),
            ),
            removed,
            benchmark,
            figures,
            judging,
            dataset,
            join,
            thinking,
            tables,
            sheet,
        }
    }
}

/// Where a scored run is kept, and what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Keep {
    /// The folder to write the artifact into.
    pub out: PathBuf,
    /// The name of the run in reports.
    pub name: String,
    /// The items' file or folder, where it is one.
    pub items: Option<PathBuf>,
    /// The responses: a file, or an artifact.
    pub responses: Option<PathBuf>,
    /// How reasoning was removed: policy, and whether the opening tag is the template's.
    pub thinking: (String, bool),
    /// The code that runs.
    pub revision: Revision,
}

/// How the responses of an artifact were made; nothing of other files.
pub fn generation(responses: &Path) -> Option<Value> {
    let manifest = artifact::open(responses).ok()?.manifest;
    (manifest.stage == generate::STAGE).then(|| {
        let mut told = manifest.config.as_object().cloned().unwrap_or_default();
        told.insert("seed".to_owned(), manifest.seed.into());
        if let Some(policy) = manifest.counts.get("policy") {
            told.insert("policy".to_owned(), policy.clone());
        }
        Value::Object(told)
    })
}

impl Outcome {
    /// Writes the rows as an artifact, for `heedful report`.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn keep(&self, to: &Keep) -> Result<Artifact> {
        let mut config = Map::new();
        config.insert("dataset".to_owned(), json!(self.dataset));
        config.insert("thinking".to_owned(), json!(to.thinking.0));
        config.insert("prefilled".to_owned(), json!(to.thinking.1));
        if let Some(judging) = &self.judging {
            config.insert("judge".to_owned(), json!(judging.judge));
            config.insert("template".to_owned(), json!(judging.template));
        }
        if let Some(told) = to.responses.as_deref().and_then(generation) {
            config.insert("generation".to_owned(), told);
        }
        let mut counts = Map::new();
        counts.insert("items".to_owned(), json!(self.sheet.rows.len()));
        counts.insert("outcome".to_owned(), json!(self));
        let origin = Origin {
            benchmark: self.benchmark,
            name: &to.name,
            inputs: [&to.items, &to.responses].into_iter().flatten().cloned().collect(),
            config,
            seed: PLAN.seed,
            counts,
        };
        Ok(sheet::write(&to.out, &origin, &self.sheet, to.revision.clone())?)
    }

    /// The tables for a terminal, in Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "| {} | value | 95 % interval | of | independent |\n|---|---:|---|---:|---:|\n",
            self.benchmark
        );
        for (at, metric) in self.sheet.metrics.iter().enumerate() {
            let Figure { value, low, high, size, clusters } = self.sheet.figure(at, PLAN);
            let [value, low, high] = [value, low, high].map(|value| match metric.best {
                1.0 => format!("{:.2}", 100.0 * value),
                _ => format!("{value:.2}"),
            });
            let name = &metric.name;
            text.push_str(&format!(
                "| {name} | {value} | {low} – {high} | {size} | {clusters} |\n"
            ));
        }
        text.push('\n');
        text.push_str(&self.tables);
        for note in self.notes() {
            text.push_str(&format!("\n{note}\n"));
        }
        text
    }

    /// What a reader must know beside the figures.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(judging) = &self.judging {
            notes.push(judging.to_string());
        }
        let missing = self.sheet.rows.iter().filter(|row| row.response.is_none()).count();
        if missing > 0 {
            notes.push(format!("{missing} rows without a response: nothing met"));
        }
        for key in ["unmatched", "replaced", "surplus", "disagreeing"] {
            let lines = self.join.get(key).and_then(Value::as_array).map_or(0, Vec::len);
            if lines > 0 {
                notes.push(format!("{lines} responses {key}, by line in --json"));
            }
        }
        notes.push(ends_told(&self.finish_reasons));
        if let Some(cut) = &self.truncation {
            let (hit, total, share) =
                (cut.cap_hit.correct, cut.cap_hit.total, 100.0 * cut.cap_hit.rate);
            let mut text =
                format!("{hit} of {total} responses met the limit on tokens ({share:.1} %)");
            if let Some(metric) = self.sheet.metrics.first().filter(|_| hit > 0) {
                let scale = if metric.best == 1.0 { 100.0 } else { 1.0 };
                let [whole, part] =
                    [cut.completed, cut.truncated].map(|figure| scale * figure.value);
                let name = &metric.name;
                text.push_str(&format!(": {name} is {whole:.2} on the others, {part:.2} on these"));
            }
            notes.push(text);
        }
        notes.push(self.thinking.told(self.removed));
        notes
    }
}
