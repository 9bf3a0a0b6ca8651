//! The stage `evaluate`: responses × benchmark → scores.

use std::collections::BTreeMap;
use std::path::PathBuf;

use heedful_benchmarks::Result;
use heedful_benchmarks::catalogue::Benchmark;
use heedful_benchmarks::join::Report;
use heedful_benchmarks::metrics::{Both, Metrics, Rate, compute};
use heedful_benchmarks::score::Setting;
use heedful_benchmarks::scores::{self, Origin};
use heedful_benchmarks::thinking::{Counts, Policy};
use heedful_benchmarks::truncation::{Apart, Truncation, ends, ends_told, truncation};
use heedful_benchmarks::verifiable::{self, Evaluation, PLAN};
use heedful_datasets::artifact::Artifact;
use heedful_datasets::manifest::Revision;
use serde::Serialize;

use crate::outcome::generation;

/// What to score and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Which benchmark; its prompts are in the layout of IFEval.
    pub benchmark: &'static Benchmark,
    /// The official prompts file.
    pub prompts: PathBuf,
    /// The responses: `{prompt, response}` or `{key, response}` a line or row, or an artifact.
    pub responses: PathBuf,
    /// Profile and thinking policy.
    pub setting: Setting,
    /// The folder to write the scores artifact into; `None` writes none.
    pub out: Option<PathBuf>,
    /// The name of the run; by default that of the responses.
    pub name: Option<String>,
    /// The code that runs, for the manifest.
    pub revision: Revision,
}

/// A scored run; as JSON it is what `heedful eval NAME --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The four accuracies and the tables.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// The profile's version.
    pub profile: &'static str,
    /// The digest of the items.
    pub dataset: String,
    /// What did not join one to one.
    pub join: Report,
    /// How the reasoning blocks stood.
    pub thinking: Counts,
    /// Scores apart for cut and whole responses, where the responses tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncation: Option<Truncation>,
    /// How many responses ended for which reason.
    pub finish_reasons: BTreeMap<String, u64>,
    /// Whether reasoning was removed before judging.
    #[serde(skip)]
    pub removed: bool,
    /// Instructions that got an error in place of a verdict, as `key: rule: error`.
    pub errors: Vec<String>,
    /// The artifact's id and folder, when one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The artifact's folder, when one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
}

/// Scores a benchmark of verifiable instructions.
///
/// # Errors
/// A file or a line that cannot be taken, an item that no rule can take, scores that cannot be
/// written.
pub fn verifiable(config: &Config) -> Result<Outcome> {
    let evaluation = verifiable::run(&config.prompts, &config.responses, &config.setting)?;
    let metrics = compute(&evaluation.items, config.setting.profile, PLAN);
    let artifact: Option<Artifact> = match &config.out {
        None => None,
        Some(out) => {
            let origin = Origin {
                benchmark: config.benchmark.name,
                name: &config.name.clone().unwrap_or_else(|| default_name(&config.responses)),
                prompts: &config.prompts,
                responses: &config.responses,
                setting: &config.setting,
                read_as: None,
                generation: generation(&config.responses),
            };
            Some(scores::write(out, &origin, &evaluation, &metrics, config.revision.clone())?)
        }
    };
    Ok(Outcome::new(evaluation, metrics, &config.setting, artifact))
}

/// The name of the responses up to their ending, with what no folder name takes replaced.
pub(crate) fn default_name(responses: &std::path::Path) -> String {
    let name = responses.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split(".json").next().unwrap_or_default().trim_end_matches(".parquet");
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = stem.chars().map(|c| if plain(c) { c } else { '_' }).take(80).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "responses".to_owned() } else { name.to_owned() }
}

impl Outcome {
    /// What there is to tell of `evaluation` under `setting`, and of where its scores were written.
    pub fn new(
        evaluation: Evaluation,
        metrics: Metrics,
        setting: &Setting,
        artifact: Option<Artifact>,
    ) -> Outcome {
        let profile = setting.profile;
        let answered = evaluation.items.iter().filter(|item| item.response.is_some());
        let finish_reasons = ends(answered.map(|item| item.finish_reason.as_ref()));
        let errors = evaluation.items.iter().flat_map(|item| {
            let errors = item.outcomes.iter().filter_map(|o| Some((&o.id, o.error.as_ref()?)));
            errors.map(|(id, error)| format!("{}: {id}: {error}", item.key))
        });
        Outcome {
            errors: errors.collect(),
            truncation: truncation(&evaluation.items, profile),
            finish_reasons,
            removed: setting.thinking != Policy::None,
            metrics,
            profile: profile.version(),
            dataset: evaluation.dataset,
            join: evaluation.join,
            thinking: evaluation.thinking,
            id: artifact.as_ref().map(|artifact| artifact.manifest.id.clone()),
            path: artifact.map(|artifact| artifact.path),
        }
    }

    /// The table for a terminal, in Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| metric | correct | total | rate | 95 % interval |\n");
        text.push_str("|---|---:|---:|---:|---|\n");
        for metric in heedful_benchmarks::metrics::Metric::ALL {
            text.push_str(&row(metric.name(), &self.metrics.get(metric)));
        }
        text.push_str("\n| instruction | n | strict | loose |\n|---|---:|---:|---:|\n");
        for (id, Both { strict, loose }) in &self.metrics.per_instruction {
            let (n, strict, loose) = (strict.total, 100.0 * strict.rate, 100.0 * loose.rate);
            text.push_str(&format!("| {id} | {n} | {strict:.1} | {loose:.1} |\n"));
        }
        for line in self.notes() {
            text.push_str(&format!("\n{line}\n"));
        }
        text
    }

    /// What the rates are of, where a prompt has several samples.
    fn of_samples(&self) -> Option<String> {
        let (rows, prompts) = (self.metrics.prompt_strict.total, self.metrics.prompts);
        (rows > prompts).then(|| {
            format!(
                "{rows} samples of {prompts} prompts: rates are means over all of them; intervals \
                 draw whole prompts"
            )
        })
    }

    /// What a reader must know beside the figures, one line each.
    pub fn notes(&self) -> Vec<String> {
        let join = &self.join;
        let lines = |lines: &[u64]| listed(lines.iter().map(u64::to_string));
        let keys = |keys: &[String]| listed(keys.iter().cloned());
        let mut notes = Vec::from_iter(self.of_samples());
        let mut note = |count: usize, what: &str, which: String| {
            if count > 0 {
                notes.push(format!("{count} {what}: {which}"));
            }
        };
        let missing = "prompts without response, counted as not followed";
        note(join.missing.len(), missing, keys(&join.missing));
        let unmatched = "responses to no prompt of the file, lines";
        note(join.unmatched.len(), unmatched, lines(&join.unmatched));
        let replaced = "responses replaced by a later one to the same prompt, lines";
        note(join.replaced.len(), replaced, lines(&join.replaced));
        let disagreeing = "responses whose key and prompt name different items, lines";
        note(join.disagreeing.len(), disagreeing, lines(&join.disagreeing));
        note(join.repeated_keys.len(), "keys of several prompts", keys(&join.repeated_keys));
        note(join.repeated_prompts.len(), "repeated prompts", keys(&join.repeated_prompts));
        note(self.errors.len(), "checks with an error, not followed", keys(&self.errors));
        notes.push(ends_told(&self.finish_reasons));
        if let Some(cut) = &self.truncation {
            let (hit, total) = (cut.cap_hit.correct, cut.cap_hit.total);
            let mut text = format!(
                "{hit} of {total} responses met the limit on tokens ({:.1} %)",
                100.0 * cut.cap_hit.rate
            );
            if hit > 0 {
                let apart = cut.by_metric.iter().map(|(name, Apart { completed, truncated })| {
                    let [whole, part] = [completed, truncated].map(|rate| 100.0 * rate.rate);
                    format!("{name} is {whole:.2} on the others, {part:.2} on these")
                });
                text.push_str(&format!(": {}", apart.collect::<Vec<_>>().join("; ")));
            }
            notes.push(text);
        }
        notes.push(self.thinking.told(self.removed));
        notes
    }
}

fn row(name: &str, rate: &Rate) -> String {
    let Rate { correct, total, .. } = rate;
    let [share, low, high] = [rate.rate, rate.low, rate.high].map(|x| 100.0 * x);
    format!("| {name} | {correct} | {total} | {share:.2} | {low:.2} – {high:.2} |\n")
}

/// The first few of `names`.
fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 10;
    let more = names.len().saturating_sub(SHOWN);
    let head = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    if more == 0 { head } else { format!("{head} and {more} more") }
}
