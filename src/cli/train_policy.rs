//! `heedful train policy`: a checkpoint to one that does what prompts ask.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use heedful_constraints::Profile;
use heedful_kernels::advantage::{Baseline, Scale};
use heedful_kernels::surrogate;
use heedful_models::policy::{Average, Objective, Ratio};
use heedful_models::save::Dtype;
use heedful_models::schedule::Shape;

use super::eval::Thinking;
use super::train::{Schedule, Type};
use crate::error::Result;
use crate::progress;
use crate::train::policy::reward::{Aggregate, Credit};
use crate::train::policy::{self, Line};

/// Group-relative policy optimisation on prompts whose constraints rules decide.
///
/// Each step samples a group of answers to some prompts, rewards each by its prompt's rules, and
/// raises the probability of those that earned more than their group. Rows are those of `build`,
/// `data demonstrate --prompts`, or anyone's with `prompt`, `instruction_id_list` and `kwargs`;
/// rows that no rule has a say in are left out and counted. A run that was killed goes on from its
/// last state with the same results when the same command is given again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful data demonstrate --prompts train --rows 2000 --out prompts.jsonl
  heedful train policy --model embedded --data prompts.jsonl --out out/policy --steps 50
  heedful train policy --model DIR --data prompts.parquet --out out/gspo --loss gspo --kl 0.01")]
pub(super) struct Policy {
    /// The checkpoint to start from: a name, a Hugging Face folder or a GGUF file.
    #[arg(long, value_name = "NAME|PATH")]
    model: String,
    /// Prompts with constraints, JSONL or Parquet; may be given several times.
    #[arg(long, value_name = "FILE", required = true)]
    data: Vec<PathBuf>,
    /// The folder of the training; the checkpoint comes into `model` in it.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Rollouts.
    #[arg(long, value_name = "N", default_value_t = 100)]
    steps: u64,
    /// Prompts of a rollout.
    #[arg(long, value_name = "N", default_value_t = 32)]
    prompts: usize,
    /// Samples of a prompt.
    #[arg(long, value_name = "N", default_value_t = 8)]
    group: u32,
    /// Updates on a rollout, each on a part of its prompts.
    #[arg(long, value_name = "N", default_value_t = 1)]
    updates: usize,
    /// Look at up to so many times as many prompts, for groups whose rewards differ (DAPO's dynamic
    /// sampling); 1 takes what comes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    tries: usize,
    /// The highest learning rate.
    #[arg(long, value_name = "X", default_value_t = 1e-6)]
    rate: f64,
    /// How the rate goes on after the warm-up.
    #[arg(long, value_enum, default_value = "constant")]
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
    #[command(flatten)]
    objective: Kind,
    #[command(flatten)]
    rewards: Rewards,
    #[command(flatten)]
    thinking: Thinking,
    /// Temperature of the samples.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    temperature: f32,
    /// Tokens of an answer at most.
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_tokens: usize,
    /// Tokens of the longest sequence, prompt and answer.
    #[arg(long, value_name = "N", default_value_t = 512)]
    length: usize,
    /// Tokens that go through the model at once in training.
    #[arg(long, value_name = "N", default_value_t = 2048)]
    tokens: usize,
    /// Of prompts and samples.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Rollouts between states to go on from; 0 writes one at the end alone.
    #[arg(long, value_name = "N", default_value_t = 10)]
    save_every: u64,
    /// How the checkpoint's weights are written.
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Type,
}

/// What is minimised.
#[derive(Debug, Args)]
struct Kind {
    /// What ratios are taken over, and how tokens are averaged.
    #[arg(long, value_enum, default_value = "grpo")]
    loss: Loss,
    /// How far below 1 a ratio still counts.
    #[arg(long, value_name = "X", default_value_t = 0.2)]
    clip_low: f32,
    /// How far above 1 a ratio still counts.
    #[arg(long, value_name = "X", default_value_t = 0.2)]
    clip_high: f32,
    /// The price of a nat away from the first policy (k3).
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    kl: f32,
    /// What a nat of entropy is worth.
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    entropy: f32,
}

/// How answers earn.
#[derive(Debug, Args)]
struct Rewards {
    /// How the constraints of a prompt become one reward.
    #[arg(long, value_enum, default_value = "mean")]
    aggregate: Together,
    /// What a constraint is worth: 0 or 1, or how near the answer came.
    #[arg(long, value_enum, default_value = "binary")]
    credit: Worth,
    /// What a reward is compared with in its group.
    #[arg(long, value_enum, default_value = "mean")]
    baseline: Compared,
    /// What differences are divided by: the group's standard deviation plus 1e-6, the same but at
    /// least `--std-floor`, or nothing.
    #[arg(long, value_enum, default_value = "std")]
    scale: Divided,
    /// The least standard deviation, for `--scale floor`.
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    std_floor: f32,
    /// The reading of the IFEval rules.
    #[arg(long, default_value = "corrected")]
    profile: Profile,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Loss {
    /// Token ratios, a mean over each answer, then over answers.
    Grpo,
    /// Token ratios, sums over answers divided by the longest that is allowed.
    DrGrpo,
    /// Token ratios, a mean over all tokens.
    Dapo,
    /// Ratios of whole answers.
    Gspo,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Together {
    /// Their mean.
    Mean,
    /// 1 where all are satisfied.
    All,
    /// The mean, where one that fails takes those after it with it.
    Chained,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Worth {
    Binary,
    Graded,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Compared {
    /// The group's mean.
    Mean,
    /// The mean of the others.
    LeaveOneOut,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Divided {
    Std,
    Floor,
    None,
}

impl Policy {
    pub(super) fn run(self, threads: usize, quiet: bool) -> Result<bool> {
        let bar = progress::bar("policy", Some(self.steps), quiet);
        let done = policy::train(&self.settings(threads)?, |Line { step, reward, speed }| {
            bar.set_position(*step);
            bar.set_message(format!("policy · reward {reward:.3} · {speed:.0} tokens/s"));
        })?;
        bar.finish_and_clear();
        if !quiet {
            let policy::Summary { prompts, left_out, .. } = done;
            eprintln!("{prompts} prompts; {left_out} left out, in which no rule has a say");
        }
        super::print_json(&serde_json::json!({
            "model": done.model,
            "steps": done.steps,
            "resumed": done.resumed,
            "prompts": done.prompts,
            "left_out": done.left_out,
            "reward": done.last.map(|line| line.reward),
        }))?;
        Ok(true)
    }

    fn settings(self, threads: usize) -> Result<policy::Policy> {
        let Rewards { aggregate, credit, baseline, scale, std_floor, profile } = self.rewards;
        Ok(policy::Policy {
            model: heedful_models::resolve(&self.model)?,
            data: self.data,
            out: self.out,
            steps: self.steps,
            prompts: self.prompts,
            group: self.group,
            updates: self.updates,
            tries: self.tries,
            rate: self.rate,
            shape: Shape::from(self.schedule),
            warmup: self.warmup,
            weight_decay: self.weight_decay,
            clip: self.clip,
            objective: self.objective.decide(self.max_tokens),
            baseline: match baseline {
                Compared::Mean => Baseline::Mean,
                Compared::LeaveOneOut => Baseline::LeaveOneOut,
            },
            scale: match scale {
                Divided::Std => Scale::Deviation(1e-6),
                Divided::Floor => Scale::Floor(std_floor),
                Divided::None => Scale::One,
            },
            aggregate: match aggregate {
                Together::Mean => Aggregate::Mean,
                Together::All => Aggregate::All,
                Together::Chained => Aggregate::Chained,
            },
            credit: match credit {
                Worth::Binary => Credit::Binary,
                Worth::Graded => Credit::Graded,
            },
            thinking: self.thinking.setting(),
            profile,
            temperature: self.temperature,
            max_tokens: self.max_tokens,
            length: self.length,
            tokens: self.tokens,
            seed: self.seed,
            save_every: self.save_every,
            dtype: Dtype::from(self.dtype),
            threads,
        })
    }
}

impl Kind {
    fn decide(self, longest: usize) -> Objective {
        let longest = u32::try_from(longest).unwrap_or(u32::MAX);
        let (ratio, average) = match self.loss {
            Loss::Grpo => (Ratio::Token, Average::Sequences),
            Loss::DrGrpo => (Ratio::Token, Average::Constant(longest)),
            Loss::Dapo => (Ratio::Token, Average::Tokens),
            Loss::Gspo => (Ratio::Sequence, Average::Sequences),
        };
        let Kind { clip_low: low, clip_high: high, kl: penalty, entropy, .. } = self;
        let clip = surrogate::Settings { low, high, penalty };
        Objective { ratio, average, clip, entropy }
    }
}
