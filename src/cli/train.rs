//! `heedful train`: checkpoints to checkpoints.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use heedful_models::feed::Packing;
use heedful_models::optimizer;
use heedful_models::save::Dtype;
use heedful_models::schedule::Shape;
use heedful_models::workspace::Keep;
use serde::{Deserialize, Serialize};

use super::train_policy::Policy;
use super::train_reward::Reward;
use crate::error::Result;
use crate::place::Place;
use crate::{progress, train};

/// Train models.
#[derive(Debug, Args)]
pub(super) struct Train {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Sft(Box<Sft>),
    Reward(Box<Reward>),
    Policy(Box<Policy>),
}

/// Supervised fine-tuning on conversations; what the assistant says is learned, all else is given.
///
/// Rows are {messages} or {prompt, completion}, JSONL or Parquet. A run that was killed goes on
/// from its last state, bit for bit, when the same command is given again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful train sft --model smollm2-135m --data train.jsonl --dev dev.jsonl --out out/sft
  heedful train sft --model base --data rows.parquet --out out/sft --steps 500 --rate 5e-5")]
struct Sft {
    /// The checkpoint to start from: a name, a Hugging Face folder or a GGUF file.
    #[arg(long, value_name = "NAME|PATH")]
    model: String,
    /// Rows to learn from; may be given several times.
    #[arg(long, value_name = "FILE", required = true)]
    data: Vec<PathBuf>,
    /// Rows whose loss is measured.
    #[arg(long, value_name = "FILE")]
    dev: Option<PathBuf>,
    /// The folder of the training; the checkpoint goes to its `model`.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Updates, in place of epochs.
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Passes over the data.
    #[arg(long, value_name = "N", default_value_t = 1)]
    epochs: u64,
    /// The highest learning rate.
    #[arg(long, value_name = "X", default_value_t = 2e-5)]
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
    /// Tokens of a batch.
    #[arg(long, value_name = "N", default_value_t = 2048)]
    tokens: usize,
    /// Batches of an update.
    #[arg(long, value_name = "N", default_value_t = 1)]
    accumulate: usize,
    /// Tokens of a sequence; longer ones are cut.
    #[arg(long, value_name = "N", default_value_t = 1024)]
    length: usize,
    /// Fill batches in the order of the data alone.
    #[arg(long)]
    in_order: bool,
    /// Run layers again in the backward pass: less memory, more time.
    #[arg(long)]
    recompute: bool,
    /// What the optimizer keeps of a parameter; `8bit` takes seven bytes of a card with the weight
    /// and its gradient, `f32` eighteen.
    #[arg(long, value_enum, default_value = "f32")]
    states: States,
    /// Of the order of the data.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Updates between evaluations; 0 evaluates at the end alone.
    #[arg(long, value_name = "N", default_value_t = 0)]
    evaluate_every: u64,
    /// Updates between states to go on from; 0 writes one at the end alone.
    #[arg(long, value_name = "N", default_value_t = 100)]
    save_every: u64,
    /// How the checkpoint's weights are written.
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Type,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Schedule {
    Constant,
    Linear,
    Cosine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Type {
    F32,
    Bf16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(super) enum States {
    #[serde(rename = "f32")]
    #[value(name = "f32")]
    Full,
    /// For cards.
    #[serde(rename = "8bit")]
    #[value(name = "8bit")]
    Eight,
}

impl From<States> for optimizer::States {
    fn from(states: States) -> optimizer::States {
        match states {
            States::Full => optimizer::States::Full,
            States::Eight => optimizer::States::Eight,
        }
    }
}

impl From<Schedule> for Shape {
    fn from(schedule: Schedule) -> Shape {
        match schedule {
            Schedule::Constant => Shape::Constant,
            Schedule::Linear => Shape::Linear,
            Schedule::Cosine => Shape::Cosine,
        }
    }
}

impl From<Type> for Dtype {
    fn from(dtype: Type) -> Dtype {
        match dtype {
            Type::F32 => Dtype::F32,
            Type::Bf16 => Dtype::Bf16,
        }
    }
}

impl Train {
    pub(super) fn run(self, place: Place, quiet: bool) -> Result<bool> {
        match self.command {
            Command::Sft(command) => command.run(place, quiet),
            Command::Reward(command) => command.run(place, quiet),
            Command::Policy(command) => command.run(place, quiet),
        }
    }
}

impl Sft {
    fn run(self, place: Place, quiet: bool) -> Result<bool> {
        let bar = progress::bar("train", Some(0), quiet);
        let done = train::sft(&self.settings(place)?, |line, steps| {
            bar.set_length(steps);
            bar.set_position(line.update.step);
            let (loss, speed) = (line.update.loss, line.speed);
            bar.set_message(format!("train · loss {loss:.4} · {speed:.0} tokens/s"));
        })?;
        bar.finish_and_clear();
        if !quiet {
            let train::Counts { examples, tokens, counted, cut, dropped, turns_left_out } =
                done.counts;
            eprintln!(
                "{examples} examples of {tokens} tokens, {counted} to learn; {cut} cut, {dropped} \
                 dropped, {turns_left_out} turns left out"
            );
        }
        let value =
            |of: fn(&heedful_models::sft::Line) -> Option<f64>| done.last.as_ref().and_then(of);
        super::print_json(&serde_json::json!({
            "model": done.model,
            "steps": done.steps,
            "resumed": done.resumed,
            "loss": value(|line| Some(line.update.loss)),
            "dev_loss": value(|line| line.dev_loss),
        }))?;
        Ok(true)
    }

    fn settings(self, place: Place) -> Result<train::Sft> {
        Ok(train::Sft {
            model: heedful_models::resolve(&self.model)?,
            data: self.data,
            dev: self.dev,
            out: self.out,
            steps: self.steps,
            epochs: self.epochs,
            rate: self.rate,
            shape: Shape::from(self.schedule),
            warmup: self.warmup,
            weight_decay: self.weight_decay,
            clip: self.clip,
            tokens: self.tokens,
            accumulate: self.accumulate,
            length: self.length,
            packing: if self.in_order { Packing::InOrder } else { Packing::FirstFit },
            keep: if self.recompute { Keep::Inputs } else { Keep::Layers },
            states: self.states.into(),
            seed: self.seed,
            evaluate_every: self.evaluate_every,
            save_every: self.save_every,
            dtype: Dtype::from(self.dtype),
            place,
        })
    }
}
