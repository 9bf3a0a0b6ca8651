//! `heedful pairs`: labelled pairs of a response and a constraint, from a ladder and its responses.

use std::path::PathBuf;

use clap::Args;
use heedful_constraints::Profile;
use serde_json::Value;

use super::eval::Thinking;
use crate::error::Result;
use crate::pairs::{self, Config, Labels, Outcome, Reach};
use crate::{progress, revision};

/// Make pairs of a response and a constraint with labels, from a ladder and its responses.
///
/// A response to the level that adds a constraint obeys it, one to the level below does not: that
/// is the label of the ladder, and it is noisy. `--labels rules` takes the rule's verdict where one
/// decides; `agreed` keeps the ladder's labels and leaves out what a rule or the other samples
/// contradict. The manifest tells how noisy the labels are, by family and by constraint.
/// Exits 1 where nothing is kept.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful data demonstrate --prompts train --levels 0-3 --rows 500 --out ladders.jsonl
  heedful generate --data ladders.jsonl --model embedded -n 4 --temperature 1
  heedful pairs --data ladders.jsonl --responses out/responses-1a2b3c4d5e6f --labels agreed
  heedful pairs --data d.jsonl --responses r.jsonl --reach all --thinking auto --json")]
pub(super) struct Pairs {
    /// The ladders: a dataset's folder, JSONL or Parquet; level 0 gives level 1 its negatives.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// The responses, {key or id or prompt, response}: an artifact's folder, JSONL or Parquet.
    #[arg(long, value_name = "PATH")]
    responses: PathBuf,
    /// The folder to write the artifact into.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// What labels are taken from: `ladder`, `rules` or `agreed`.
    #[arg(long, value_name = "SOURCE", default_value = "agreed")]
    labels: Labels,
    /// The constraints that a response is paired with: the `newest` and the next, or `all`.
    #[arg(long, value_name = "REACH", default_value = "newest")]
    reach: Reach,
    /// The name that the artifact's folder begins with.
    #[arg(long, default_value = "pairs")]
    name: String,
    /// The reading of the IFEval rules.
    #[arg(long, default_value_t = Profile::Corrected)]
    profile: Profile,
    #[command(flatten)]
    thinking: Thinking,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Pairs {
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        let (thinking, prefilled) = self.thinking.setting();
        let config = Config {
            data: self.data,
            responses: self.responses,
            out: self.out,
            name: self.name,
            labels: self.labels,
            reach: self.reach,
            profile: self.profile,
            thinking,
            prefilled,
            revision: revision::current(),
        };
        let bar = progress::bar("pairs", None, quiet);
        let outcome = pairs::run(&config, &|done| bar.set_position(done))?;
        bar.finish_and_clear();
        if self.json {
            super::print_json(&outcome)?;
        } else {
            super::print(&format!("{}\n", outcome.path.display()))?;
        }
        if !quiet {
            eprintln!("{}", told(&outcome));
        }
        Ok(outcome.pairs > 0)
    }
}

/// What a person wants to know first.
fn told(outcome: &Outcome) -> String {
    let counts = Value::Object(outcome.counts.clone());
    let count = |pointer: &str| counts.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let percent = |pointer: &str| {
        let rate = counts.pointer(pointer).and_then(Value::as_f64);
        rate.map_or("-".to_owned(), |rate| format!("{:.1} %", 100.0 * rate))
    };
    let there = if outcome.found { ", there already" } else { "" };
    format!(
        "{} rows{there}, of {} candidates; rules say that {} of the positives satisfy and {} of \
         the negatives violate; {} responses to no row, {} unclosed, {} empty; {} levels without \
         negatives",
        outcome.pairs,
        count("/candidates"),
        percent("/all/positives_satisfied/rate"),
        percent("/all/negatives_violated/rate"),
        count("/joined/unmatched"),
        count("/joined/unclosed"),
        count("/joined/empty"),
        count("/without_negatives/levels"),
    )
}
