//! `heedful train reward`: pairs to a classifier of responses.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use heedful_models::save::Dtype;
use heedful_models::schedule::Shape;

use super::train::{Schedule, Type};
use crate::error::Result;
use crate::place::Place;
use crate::progress;
use crate::reward::baselines::Baseline;
use crate::reward::fit::Line;
use crate::reward::outcome::Outcome;
use crate::reward::split::Split;
use crate::reward::template::Template;
use crate::reward::train::{self, Reward as Settings};

/// A classifier that tells whether a response satisfies a constraint, from labelled pairs.
///
/// Rows are those of `pairs`, or anyone's with {constraint, response, label}. A part of the groups
/// (instructions, seeds, ladders) stops the training early and sets the temperature; another part,
/// and constraints that nothing was learned from, are reported on. `measures.json` has accuracy,
/// AUROC, F1, calibration and rankings with 95 % intervals, beside baselines. A run that was killed
/// goes on with the same results when the same command is given again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful train reward --model embedded --data out/pairs-1a2b3c4d5e6f --out out/reward
  heedful train reward --model smollm2-135m --data pairs.jsonl --out out/reward --rate 2e-5 \\
      --instruction --held-out tone_emotion --groups groups.jsonl")]
pub(super) struct Reward {
    /// The backbone: a name, a Hugging Face folder or a GGUF file.
    #[arg(long, value_name = "NAME|PATH")]
    model: String,
    /// Pairs: an artifact, JSONL or Parquet; may be given several times.
    #[arg(long, value_name = "PATH", required = true)]
    data: Vec<PathBuf>,
    /// Learn and report on soft constraints alone, for rules decide the others.
    #[arg(long)]
    soft_only: bool,
    /// Graded groups to rank (`data groups`, `data demonstrate --groups`); may be given several
    /// times.
    #[arg(long, value_name = "FILE")]
    groups: Vec<PathBuf>,
    /// The folder of the training; the checkpoint comes into `model` in it.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Tell the classifier the instruction as well.
    #[arg(long)]
    instruction: bool,
    /// Tokens of a question; a longer response loses its middle.
    #[arg(long, value_name = "N", default_value_t = 512)]
    length: usize,
    /// Passes over the pairs at most.
    #[arg(long, value_name = "N", default_value_t = 3)]
    epochs: u64,
    /// Pairs of an update.
    #[arg(long, value_name = "N", default_value_t = 32)]
    batch: usize,
    /// Tokens that go through the model at once.
    #[arg(long, value_name = "N", default_value_t = 2048)]
    tokens: usize,
    /// The highest learning rate.
    #[arg(long, value_name = "X", default_value_t = 5e-6)]
    rate: f64,
    /// How the rate goes on after the warm-up.
    #[arg(long, value_enum, default_value = "cosine")]
    schedule: Schedule,
    /// Updates over which the rate rises.
    #[arg(long, value_name = "N", default_value_t = 0)]
    warmup: u64,
    /// Decoupled weight decay of matrices.
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    weight_decay: f64,
    /// Largest norm of the gradients; 0 does not clip.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    clip: f64,
    /// Count each pair the same, and not each label.
    #[arg(long)]
    unbalanced: bool,
    #[command(flatten)]
    parts: Parts,
    /// Updates between evaluations on dev; 0 evaluates after each pass.
    #[arg(long, value_name = "N", default_value_t = 0)]
    evaluate_every: u64,
    /// Evaluations without a better one before it ends.
    #[arg(long, value_name = "N", default_value_t = 2)]
    patience: u64,
    /// What is measured beside it, by commas; `none` for nothing.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    #[arg(default_value = "majority,length,words,bradley-terry")]
    baselines: Vec<Beside>,
    /// Of fresh weights, splits and orders.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How the checkpoint's weights are written.
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Type,
    /// Write one label (TRL's reward trainer and PPO) in place of two (vLLM's and verl's softmax).
    #[arg(long)]
    one_label: bool,
}

/// What is kept apart.
#[derive(Debug, Args)]
struct Parts {
    /// The share of the groups that stops the training and sets the temperature.
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    dev: f64,
    /// The share of the groups that is reported on.
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    test: f64,
    /// A constraint's id to learn nothing from; may be given several times.
    #[arg(long, value_name = "ID")]
    held_out: Vec<String>,
    /// Where none is named: the share of ids that is drawn to learn nothing from.
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    held_out_share: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Beside {
    None,
    Majority,
    Length,
    Words,
    BradleyTerry,
}

impl Beside {
    fn baseline(self) -> Option<Baseline> {
        match self {
            Beside::None => None,
            Beside::Majority => Some(Baseline::Majority),
            Beside::Length => Some(Baseline::Length),
            Beside::Words => Some(Baseline::Words),
            Beside::BradleyTerry => Some(Baseline::BradleyTerry),
        }
    }
}

impl Reward {
    pub(super) fn run(self, place: Place, quiet: bool) -> Result<bool> {
        let bar = progress::bar("reward", None, quiet);
        let done = train::train(&self.settings(place)?, |line, steps| {
            let Line { step, loss, dev_loss } = *line;
            bar.set_length(steps);
            bar.set_position(step);
            match dev_loss {
                Some(dev) => bar.println(format!("update {step}: dev loss {dev:.4}")),
                None => bar.set_message(format!("reward · loss {loss:.3}")),
            }
        })?;
        bar.finish_and_clear();
        if !quiet {
            eprint!("{}", table(&done));
        }
        super::print_json(&done)?;
        Ok(true)
    }

    fn settings(self, place: Place) -> Result<Settings> {
        let Parts { dev, test, held_out, held_out_share } = self.parts;
        let split = Split { dev, seeds: test, held_out, held_out_share, seed: self.seed };
        Ok(Settings {
            model: heedful_models::resolve(&self.model)?,
            data: self.data,
            soft_only: self.soft_only,
            groups: self.groups,
            out: self.out,
            template: Template { instruction: self.instruction, length: self.length },
            epochs: self.epochs,
            batch: self.batch,
            tokens: self.tokens,
            rate: self.rate,
            shape: Shape::from(self.schedule),
            warmup: self.warmup,
            weight_decay: self.weight_decay,
            clip: self.clip,
            balance: !self.unbalanced,
            split,
            evaluate_every: self.evaluate_every,
            patience: self.patience,
            baselines: self.baselines.into_iter().filter_map(Beside::baseline).collect(),
            seed: self.seed,
            dtype: Dtype::from(self.dtype),
            one_label: self.one_label,
            place,
        })
    }
}

/// The measures on what was not learned from, for people.
fn table(done: &Outcome) -> String {
    let mut text =
        String::from("| judge | part | against | pairs | accuracy | AUROC | F1 | ECE |\n");
    text.push_str("|---|---|---|---:|---:|---:|---:|---:|\n");
    for (judge, parts) in &done.measures {
        for (part, against) in parts.iter().filter(|(part, _)| **part != "dev") {
            for (what, found) in [("labels", &against.labels), ("truth", &against.truth)] {
                let Some(found) = found else { continue };
                let auroc = found.auroc.map_or("-".to_owned(), |f| format!("{:.3}", f.value));
                text.push_str(&format!(
                    "| {judge} | {part} | {what} | {} | {:.3} | {auroc} | {:.3} | {:.3} |\n",
                    found.items, found.accuracy.value, found.f1.value, found.ece.value
                ));
            }
        }
    }
    for (judge, ranking) in &done.groups {
        let (tau, place) = (100.0 * ranking.tau.value, 100.0 * ranking.position.value);
        let groups = ranking.groups;
        text.push_str(&format!("{judge}: {groups} groups, tau {tau:.1}, position {place:.1}\n"));
    }
    for why in &done.left_out {
        text.push_str(&format!("left out: {why}\n"));
    }
    text.push_str(&format!("{:.0} pairs/s\n", done.pairs_per_s));
    text
}
