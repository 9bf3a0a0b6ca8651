//! The part of `heedful generate` that runs a checkpoint on this machine.

use std::path::Path;

use clap::{Args, ValueEnum};
use heedful_kernels::Dtype;
use heedful_models::engine::{Keep, Settings as Slots};
use heedful_models::generate::{Overlong, Progress};
use heedful_models::{Checkpoint, pull};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::generate::local::{self, Asked, Settings};
use crate::generate::{Job, Outcome, complete};
use crate::place::Place;
use crate::progress;

/// How a checkpoint on this machine answers.
#[derive(Debug, Args)]
#[command(next_help_heading = "Local model")]
pub(super) struct Local {
    /// Keep so many of the likeliest tokens; 0 keeps all. By default as the checkpoint says.
    #[arg(long, value_name = "K")]
    top_k: Option<u32>,
    /// Keep tokens at least this times as likely as the likeliest.
    #[arg(long, value_name = "P")]
    min_p: Option<f32>,
    /// Divide the logits of tokens that stand in the prompt or the response.
    #[arg(long, value_name = "R")]
    repetition_penalty: Option<f32>,
    /// Reasoning on or off, where the chat template knows it.
    #[arg(long, value_name = "BOOL")]
    thinking_mode: Option<bool>,
    /// What matrices are kept in.
    #[arg(long, value_enum, default_value_t = Matrices::File)]
    weights: Matrices,
    /// What keys and values are kept in.
    #[arg(long, value_enum, default_value_t = Kind::F32)]
    kv: Kind,
    /// Responses under way at once.
    #[arg(long, value_name = "N", default_value_t = 16)]
    slots: usize,
    /// Tokens of prompt and response together; by default the model's context.
    #[arg(long, value_name = "N", default_value_t = 0)]
    context: usize,
    /// Cut off the beginning of prompts that leave no room, in place of an error.
    #[arg(long)]
    truncate_prompts: bool,
}

/// What matrices are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Matrices {
    /// Blocks of Q4_0, Q4_1 and Q8_0 as a GGUF file has them; all else in bf16.
    File,
    /// 16 bits.
    Bf16,
    /// 32 bits.
    F32,
}

/// A type of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// 16 bits.
    Bf16,
    /// 32 bits.
    F32,
}

/// What was typed beside these options.
pub(super) struct Typed<'a> {
    pub(super) model: &'a str,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) max_tokens: Option<u32>,
    pub(super) stop: &'a [String],
    pub(super) seed: u64,
    pub(super) place: Place,
}

/// Tokens of a response at most, where nobody says.
const MAX_TOKENS: usize = 1024;

impl Matrices {
    fn keep(self) -> Keep {
        match self {
            Matrices::File => Keep::Blocks(Dtype::Bf16),
            Matrices::Bf16 => Keep::As(Dtype::Bf16),
            Matrices::F32 => Keep::As(Dtype::F32),
        }
    }

    /// As part of the artifact's identity.
    fn name(self) -> &'static str {
        match self {
            Matrices::File => "file",
            Matrices::Bf16 => "bf16",
            Matrices::F32 => "f32",
        }
    }
}

impl Kind {
    fn dtype(self) -> Dtype {
        match self {
            Kind::Bf16 => Dtype::Bf16,
            Kind::F32 => Dtype::F32,
        }
    }
}

impl Local {
    /// All that the responses depend on, decided; and as part of the artifact's identity.
    pub(super) fn settings(&self, typed: &Typed) -> Result<(Settings, Value)> {
        let model = pull::resolve(typed.model)?;
        let checkpoint = Checkpoint::open(&model)?;
        let asked = Asked {
            temperature: typed.temperature.map(|value| value as f32),
            top_k: self.top_k,
            top_p: typed.top_p.map(|value| value as f32),
            min_p: self.min_p,
            repetition: self.repetition_penalty,
        };
        let sampling = asked.over(checkpoint.generation());
        sampling.check().map_err(|e| Error::usage(e.to_string()))?;
        let made = checkpoint.generation().max_new_tokens;
        let max_tokens = typed.max_tokens.map(|n| n as usize).or(made).unwrap_or(MAX_TOKENS);
        let overlong = if self.truncate_prompts { Overlong::KeepEnd } else { Overlong::Refuse };
        let slots = Slots {
            slots: self.slots,
            positions: self.context,
            kept: self.kv.dtype(),
            ..Slots::default()
        };
        let mut identity = json!({
            "model": pull::digest(&model)?,
            "temperature": sampling.temperature,
            "top_k": sampling.top_k,
            "top_p": sampling.top_p,
            "min_p": sampling.min_p,
            "repetition_penalty": sampling.repetition,
            "max_tokens": max_tokens,
            "stop": typed.stop,
            "thinking": self.thinking_mode,
            "weights": self.weights.name(),
            "kv": self.kv.dtype().to_string(),
            "context": self.context,
            "truncate_prompts": self.truncate_prompts,
        });
        typed.place.tell(&mut identity);
        let settings = Settings {
            model,
            sampling,
            seed: typed.seed,
            max_tokens,
            stop: typed.stop.to_vec(),
            thinking: self.thinking_mode,
            overlong,
            weights: self.weights.keep(),
            slots,
            place: typed.place,
        };
        Ok((settings, identity))
    }
}

/// Answers what no earlier run answered, with a bar of tokens a second.
pub(super) fn run(job: &Job, settings: &Settings, quiet: bool) -> Result<Outcome> {
    let bar = progress::bar("generate (tokens)", None, quiet);
    let total = job.rows.len() * job.samples as usize;
    let mut tick = |progress: Progress| {
        bar.set_position(progress.tokens);
        let (name, done) = (&job.plan.name, progress.finished);
        bar.set_message(format!("{name} · {done} of {total}, tokens"));
    };
    let outcome = complete(job, |requests, done| local::run(settings, requests, done, &mut tick));
    bar.finish_and_clear();
    outcome
}

/// Where the responses come from, for the manifest.
pub(super) fn policy(model: &Path) -> String {
    model.file_name().unwrap_or(model.as_os_str()).to_string_lossy().into_owned()
}
