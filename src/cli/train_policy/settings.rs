//! The settings of a policy's training: flags, or the keys of a preset.

mod words;

use std::path::{Path, PathBuf};

use clap::Args;
use heedful_benchmarks::thinking;
use heedful_constraints::Profile;
use heedful_kernels::advantage::{Baseline, Scale};
use heedful_kernels::surrogate;
use heedful_models::policy::{Average, Objective, Ratio};
use heedful_models::save::Dtype;
use heedful_models::schedule::Shape;
use heedful_models::workspace::Keep;
use serde::{Deserialize, Serialize};

use super::super::train::{Schedule, Type};
use crate::error::{Error, Result};
use crate::train::policy::Policy;
use crate::train::policy::curriculum::Curriculum;
use crate::train::policy::reward::{Aggregate, Credit};
use crate::train::policy::tripwire::Tripwire;
use words::{Compared, Divided, Loss, Order, Range, Share, Spelled, Together, Worth};

const PAPER: &str = include_str!("../../../presets/paper.toml");
const OURS: &str = include_str!("../../../presets/default.toml");

/// What can be set, by a flag or by the key of the same name.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub(super) struct Settings {
    /// Rollouts [default: 100].
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Prompts of a rollout [default: 32].
    #[arg(long, value_name = "N")]
    prompts: Option<usize>,
    /// Samples of a prompt [default: 8].
    #[arg(long, value_name = "N")]
    group: Option<u32>,
    /// Updates on a rollout, each on a part of its prompts [default: 1].
    #[arg(long, value_name = "N")]
    updates: Option<usize>,
    /// Look at up to so many times as many prompts, for groups whose rewards differ (DAPO's dynamic
    /// sampling); 1 takes what comes [default: 1].
    #[arg(long, value_name = "N")]
    tries: Option<usize>,
    /// The highest learning rate [default: 1e-6].
    #[arg(long, value_name = "X")]
    rate: Option<f64>,
    /// How the rate goes on after the warm-up [default: constant].
    #[arg(long, value_enum)]
    schedule: Option<Schedule>,
    /// Updates over which the rate rises [default: 0].
    #[arg(long, value_name = "N")]
    warmup: Option<u64>,
    /// Decoupled weight decay of matrices [default: 0].
    #[arg(long, value_name = "X")]
    weight_decay: Option<f64>,
    /// Largest norm of the gradients; 0 does not clip [default: 1].
    #[arg(long, value_name = "X")]
    clip: Option<f64>,
    /// What ratios are taken over, and how tokens are averaged [default: grpo].
    #[arg(long, value_enum)]
    loss: Option<Loss>,
    /// How far below 1 a ratio still counts [default: 0.2].
    #[arg(long, value_name = "X")]
    clip_low: Option<f32>,
    /// How far above 1 a ratio still counts [default: 0.2].
    #[arg(long, value_name = "X")]
    clip_high: Option<f32>,
    /// The price of a nat away from the first policy (k3), of which a copy is kept, and asked once
    /// a rollout [default: 0].
    #[arg(long, value_name = "X")]
    kl: Option<f32>,
    /// What a nat of entropy is worth [default: 0].
    #[arg(long, value_name = "X")]
    entropy: Option<f32>,
    /// The classifier that judges soft constraints, a folder of `train reward`; without it they are
    /// not judged.
    #[arg(long, value_name = "DIR")]
    reward: Option<PathBuf>,
    /// How the constraints of a prompt become one reward [default: mean].
    #[arg(long, value_enum)]
    aggregate: Option<Together>,
    /// What a constraint is worth [default: probability].
    #[arg(long, value_enum)]
    credit: Option<Worth>,
    /// What a reward is compared with in its group [default: mean].
    #[arg(long, value_enum)]
    baseline: Option<Compared>,
    /// What differences are divided by: the group's standard deviation plus 1e-6, the same but at
    /// least `--std-floor`, or nothing [default: std].
    #[arg(long, value_enum)]
    scale: Option<Divided>,
    /// The least standard deviation, for `--scale floor` [default: 0.1].
    #[arg(long, value_name = "X")]
    std_floor: Option<f32>,
    /// Answers whose length, as a ratio to the median of their level's first answers, is not within
    /// these earn nothing; the first rollout sets the medians.
    #[arg(long, value_name = "LOW-HIGH")]
    length_gate: Option<Spelled<Range>>,
    /// Answers that are blank, repeat themselves, copy the prompt, or have less than this share of
    /// the instruction's content words earn nothing; `off` takes a preset's gate away.
    #[arg(long, value_name = "SHARE")]
    intent_gate: Option<Spelled<Share>>,
    /// In what order prompts come: shuffled, level after level, or those of a band of pass rates
    /// first [default: mixed].
    #[arg(long, value_enum)]
    curriculum: Option<Order>,
    /// The share of samples that must pass before the next level, for `staged` [default: 0.6].
    #[arg(long, value_name = "SHARE")]
    gate: Option<f64>,
    /// Over so many prompts of the level; 0 takes as many as a rollout has [default: 0].
    #[arg(long, value_name = "N")]
    gate_window: Option<usize>,
    /// Rollouts of a level at most, for `staged`; 0 has no limit [default: 0].
    #[arg(long, value_name = "N")]
    stage_steps: Option<u64>,
    /// The band of pass rates, for `adaptive` [default: 0.2-0.8].
    #[arg(long, value_name = "LOW-HIGH")]
    band: Option<Spelled<Range>>,
    /// The share of questions with an answer among the prompts; by default what they are of the
    /// rows.
    #[arg(long, value_name = "SHARE")]
    answers_share: Option<f64>,
    /// The share of failed samples that are learned from as successes at the prompt that asks only
    /// for what they satisfy (HiR) [default: 0].
    #[arg(long, value_name = "SHARE")]
    hindsight: Option<f64>,
    /// Prompts whose rules can be satisfied by a non-answer (rows with `needs`: words of which an
    /// honest answer has one), answered greedily and told as `tripwire/hacked`; never learned from.
    #[arg(long, value_name = "FILE")]
    tripwire: Option<PathBuf>,
    /// Rollouts from one look at the trip-wire to the next [default: 10].
    #[arg(long, value_name = "N")]
    tripwire_every: Option<u64>,
    /// The reading of the IFEval rules [default: corrected].
    #[arg(long)]
    profile: Option<Spelled<Profile>>,
    /// Remove the reasoning before judging: `none`, `auto` (known tags) or `tags:OPEN,CLOSE`
    /// [default: none].
    #[arg(long, value_name = "POLICY")]
    thinking: Option<Spelled<thinking::Policy>>,
    /// The chat template writes the opening tag itself, so that responses lack it.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    prefilled: Option<bool>,
    /// Temperature of the samples [default: 1].
    #[arg(long, value_name = "X")]
    temperature: Option<f32>,
    /// Tokens of an answer at most [default: 256].
    #[arg(long, value_name = "N")]
    max_tokens: Option<usize>,
    /// Tokens of the longest sequence, prompt and answer [default: 512].
    #[arg(long, value_name = "N")]
    length: Option<usize>,
    /// Tokens that go through the model at once in training [default: 2048].
    #[arg(long, value_name = "N")]
    tokens: Option<usize>,
    /// Run layers again in the backward pass: less memory, more time, the same results.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    recompute: Option<bool>,
    /// Compute a prompt once for all of its samples in a batch: less time, the same gradient but
    /// for rounding [default: true on a card, false on the host].
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    share_prompts: Option<bool>,
    /// Of prompts and samples [default: 0].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Rollouts between states to go on from; 0 writes one at the end alone [default: 10].
    #[arg(long, value_name = "N")]
    save_every: Option<u64>,
    /// How the checkpoint's weights are written [default: f32].
    #[arg(long, value_enum)]
    dtype: Option<Type>,
}

impl Settings {
    /// The preset of this name, or in this file.
    pub(super) fn read(preset: &Path) -> Result<Settings> {
        let text = match preset.to_str() {
            Some("paper") => PAPER.to_owned(),
            Some("default") => OURS.to_owned(),
            _ => std::fs::read_to_string(preset).map_err(|e| Error::io(preset, e))?,
        };
        toml::from_str(&text).map_err(|e| {
            let problem = e.message().lines().next().unwrap_or_default().to_owned();
            let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let at = before.matches('\n').count() + 1;
            Error::usage(format!("{}: line {at}: {problem}", preset.display()))
        })
    }

    /// These, and where they say nothing the others.
    pub(super) fn over(&self, others: Settings) -> Result<Settings> {
        let whole = |settings: &Settings| match serde_json::to_value(settings) {
            Ok(serde_json::Value::Object(map)) => map,
            _ => serde_json::Map::new(),
        };
        let mut map = whole(&others);
        map.extend(whole(self).into_iter().filter(|(_, value)| !value.is_null()));
        serde_json::from_value(map.into()).map_err(|e| Error::usage(format!("settings: {e}")))
    }

    /// A training with these settings, and its own where they say nothing.
    pub(super) fn apply(self, with: Policy) -> Policy {
        let mut with = self.rewards(with);
        let longest = self.max_tokens.unwrap_or(with.max_tokens);
        with.objective = self.objective(with.objective, longest);
        let (policy, prefilled) = with.thinking;
        let thinking = self.thinking.map_or(policy, |Spelled(policy)| policy);
        Policy {
            steps: self.steps.unwrap_or(with.steps),
            prompts: self.prompts.unwrap_or(with.prompts),
            group: self.group.unwrap_or(with.group),
            updates: self.updates.unwrap_or(with.updates),
            tries: self.tries.unwrap_or(with.tries),
            rate: self.rate.unwrap_or(with.rate),
            shape: self.schedule.map_or(with.shape, Shape::from),
            warmup: self.warmup.unwrap_or(with.warmup),
            weight_decay: self.weight_decay.unwrap_or(with.weight_decay),
            clip: self.clip.unwrap_or(with.clip),
            thinking: (thinking, self.prefilled.unwrap_or(prefilled)),
            profile: self.profile.map_or(with.profile, |Spelled(profile)| profile),
            temperature: self.temperature.unwrap_or(with.temperature),
            max_tokens: longest,
            length: self.length.unwrap_or(with.length),
            tokens: self.tokens.unwrap_or(with.tokens),
            keep: self.recompute.map_or(with.keep, kept),
            share: self.share_prompts.or(with.share),
            seed: self.seed.unwrap_or(with.seed),
            save_every: self.save_every.unwrap_or(with.save_every),
            dtype: self.dtype.map_or(with.dtype, Dtype::from),
            ..with
        }
    }

    /// What answers earn, and which prompts are chosen.
    fn rewards(&self, mut with: Policy) -> Policy {
        with.reward = self.reward.clone().or(with.reward);
        with.aggregate = self.aggregate.map_or(with.aggregate, Aggregate::from);
        with.credit = self.credit.map_or(with.credit, Credit::from);
        with.baseline = self.baseline.map_or(with.baseline, Baseline::from);
        with.scale = match self.scale {
            None => with.scale,
            Some(Divided::Std) => Scale::Deviation(1e-6),
            Some(Divided::Floor) => Scale::Floor(self.std_floor.unwrap_or(0.1)),
            Some(Divided::None) => Scale::One,
        };
        let range = |given: &Option<Spelled<Range>>| {
            given.as_ref().map(|Spelled(Range(low, high))| (*low, *high))
        };
        with.gates.length = range(&self.length_gate).or(with.gates.length);
        let intent = &self.intent_gate;
        with.gates.intent = intent.as_ref().map_or(with.gates.intent, |Spelled(Share(s))| *s);
        with.curriculum = match self.curriculum {
            None => with.curriculum,
            Some(Order::Mixed) => Curriculum::Mixed,
            Some(Order::Staged) => Curriculum::Staged {
                gate: self.gate.unwrap_or(0.6),
                window: self.gate_window.unwrap_or(0),
                most: self.stage_steps.unwrap_or(0),
            },
            Some(Order::Adaptive) => {
                Curriculum::Adaptive { band: range(&self.band).unwrap_or((0.2, 0.8)) }
            }
        };
        with.questions = self.answers_share.or(with.questions);
        with.hindsight = self.hindsight.unwrap_or(with.hindsight);
        let every = self.tripwire_every.unwrap_or(10);
        let tripwire = self.tripwire.clone().map(|file| Tripwire { file, every });
        with.tripwire = tripwire.or(with.tripwire);
        with
    }

    fn objective(&self, known: Objective, longest: usize) -> Objective {
        let longest = u32::try_from(longest).unwrap_or(u32::MAX);
        let (ratio, average) = match self.loss {
            None => (known.ratio, known.average),
            Some(Loss::Grpo) => (Ratio::Token, Average::Sequences),
            Some(Loss::DrGrpo) => (Ratio::Token, Average::Constant(longest)),
            Some(Loss::Dapo) => (Ratio::Token, Average::Tokens),
            Some(Loss::Gspo) => (Ratio::Sequence, Average::Sequences),
        };
        let clip = surrogate::Settings {
            low: self.clip_low.unwrap_or(known.clip.low),
            high: self.clip_high.unwrap_or(known.clip.high),
            penalty: self.kl.unwrap_or(known.clip.penalty),
        };
        Objective { ratio, average, clip, entropy: self.entropy.unwrap_or(known.entropy) }
    }
}

fn kept(recompute: bool) -> Keep {
    if recompute { Keep::Inputs } else { Keep::Layers }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
