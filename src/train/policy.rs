//! The stage `train policy`: a checkpoint and prompts to a checkpoint that does what they ask, by
//! group-relative policy optimisation (Shao et al. 2024) on the rewards of rules, of a classifier
//! for soft constraints, and of right answers.
//!
//! The folder of a training holds `train.json` (the resolved settings), `metrics.jsonl`, the events
//! for TensorBoard, a table of each rollout in `rollouts`, `state.safetensors` to go on from, and
//! at the end the checkpoint in `model`. A run that is killed goes on with the same results.

pub mod curriculum;
mod dump;
pub mod gates;
mod hindsight;
pub mod judge;
pub mod reward;
mod rollout;
mod run;
mod tally;
pub mod tasks;
#[cfg(test)]
mod tests;
pub mod tripwire;

use std::path::PathBuf;

use heedful_benchmarks::thinking;
use heedful_constraints::Profile;
use heedful_kernels::advantage::{self, Baseline, Scale};
use heedful_kernels::{Device, View, copy, surrogate};
use heedful_models::Checkpoint;
use heedful_models::metrics::Metrics;
use heedful_models::optimizer::States;
use heedful_models::policy::{Average, Objective, Ratio};
use heedful_models::save::{Dtype, Writer};
use heedful_models::schedule::Shape;
use heedful_models::workspace::Keep;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::place::Place;
use crate::reward::classifier::Classifier;
use curriculum::Curriculum;
use gates::Gates;
use judge::Judge;
use reward::{Aggregate, Credit, Earned};
use rollout::Answer;
use run::Run;
use tasks::Reading;
use tripwire::Tripwire;

/// What a training of a policy is.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The checkpoint to start from, and the reference.
    pub model: PathBuf,
    /// Prompts with constraints, and questions with a right answer.
    pub data: Vec<PathBuf>,
    /// The folder of the training.
    pub out: PathBuf,
    /// Rollouts.
    pub steps: u64,
    /// Prompts of a rollout.
    pub prompts: usize,
    /// Samples of a prompt.
    pub group: u32,
    /// Updates on a rollout, each on a part of its prompts.
    pub updates: usize,
    /// How many times as many prompts a rollout may look at, to find groups whose rewards differ; 1
    /// takes what comes.
    pub tries: usize,
    /// The highest learning rate.
    pub rate: f64,
    /// How it goes on after the warm-up.
    pub shape: Shape,
    /// Updates over which it rises.
    pub warmup: u64,
    /// Weight decay of matrices.
    pub weight_decay: f64,
    /// Gradients of a larger norm are scaled down to it; 0 never.
    pub clip: f64,
    /// What is minimised.
    pub objective: Objective,
    /// What rewards are compared with.
    pub baseline: Baseline,
    /// What their differences are divided by.
    pub scale: Scale,
    /// The classifier of soft constraints; without one they are not judged.
    pub reward: Option<PathBuf>,
    /// How constraints become a reward.
    pub aggregate: Aggregate,
    /// What a constraint is worth.
    pub credit: Credit,
    /// What earns nothing.
    pub gates: Gates,
    /// In what order prompts come.
    pub curriculum: Curriculum,
    /// The share of questions with a right answer among the prompts; by default what they are.
    pub questions: Option<f64>,
    /// The share of failed samples that are learned from under an easier prompt.
    pub hindsight: f64,
    /// Prompts that show whether rules are pleased with nothing.
    pub tripwire: Option<Tripwire>,
    /// How reasoning is told from the answer, and whether the template opens it.
    pub thinking: (thinking::Policy, bool),
    /// The reading of the rules.
    pub profile: Profile,
    /// Of the samples.
    pub temperature: f32,
    /// Tokens of an answer at most.
    pub max_tokens: usize,
    /// Tokens of the longest sequence, prompt and answer.
    pub length: usize,
    /// Tokens that go through the model at once in training.
    pub tokens: usize,
    /// What forward keeps for backward; the results are the same.
    pub keep: Keep,
    /// Whether samples of one prompt share its tokens in a batch; unset, a card does.
    pub share: Option<bool>,
    /// What the optimizer keeps of a parameter.
    pub states: States,
    /// Of prompts and samples.
    pub seed: u64,
    /// Rollouts between states.
    pub save_every: u64,
    /// How the checkpoint is written.
    pub dtype: Dtype,
    /// Where the model runs.
    pub place: Place,
}

/// What is told of each rollout and its updates.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its number, from 1.
    pub step: u64,
    /// The mean reward.
    pub reward: f64,
    /// Tokens that were sampled, in a second of sampling.
    pub speed: f64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Rollouts in all.
    pub steps: u64,
    /// Those of an earlier run.
    pub resumed: u64,
    /// Prompts that were used.
    pub prompts: usize,
    /// Rows of which nothing could be judged.
    pub left_out: u64,
    /// Prompts with soft constraints that nobody judged.
    pub partly: u64,
    /// The last rollout of this run.
    pub last: Option<Line>,
    /// The checkpoint.
    pub model: PathBuf,
}

/// Trains, or goes on with what was begun in the same folder. `watch` sees each rollout.
///
/// # Errors
/// Settings, rows, a checkpoint or a classifier that cannot be used; a folder that is finished or
/// of another training; of the system.
pub fn train(with: &Policy, watch: impl FnMut(&Line)) -> Result<Summary> {
    let Some(path) = &with.reward else { return train_by(with, None, watch) };
    let mut classifier = Classifier::open(path, with.place)?;
    train_by(with, Some(&mut classifier), watch)
}

/// As [`train`], with this judge of soft constraints, if any, in the classifier's place.
///
/// # Errors
/// As [`train`].
pub fn train_by(
    with: &Policy,
    judge: Option<&mut dyn Judge>,
    mut watch: impl FnMut(&Line),
) -> Result<Summary> {
    let model = with.out.join("model");
    if model.exists() {
        return Err(Error::usage(format!("{}: is there already", model.display())));
    }
    with.check()?;
    let checkpoint = Checkpoint::open(&with.model)?;
    let reading = Reading { profile: with.profile, judged: judge.is_some() };
    let tasks = tasks::read(&with.data, reading)?;
    let mut run = Run::new(with, &checkpoint, &tasks.list, judge)?;
    let resumed = run.resume()?;
    let mut metrics = Metrics::open(&with.out, resumed)?;
    let mut last = None;
    for step in resumed + 1..=with.steps {
        let line = run.step(step, &mut metrics)?;
        watch(&line);
        last = Some(line);
        if step == with.steps || (with.save_every > 0 && step.is_multiple_of(with.save_every)) {
            run.save(step)?;
        }
    }
    let values = run.trainer.values()?;
    let layout = &run.trainer.model.layout;
    let read = |name: &str, out: &mut [f32]| layout.read(View::F32(&values), name, out);
    Writer::like(&checkpoint)?.dtype(with.dtype).write(&model, read)?;
    let prompts = tasks.list.len();
    let tasks::Tasks { left_out, partly, .. } = tasks;
    Ok(Summary { steps: with.steps, resumed, prompts, left_out, partly, last, model })
}

/// A prompt's samples, and what they earned.
struct Group {
    task: usize,
    prompt: Vec<u32>,
    answers: Vec<Answer>,
    earned: Vec<Earned>,
    advantages: Vec<f32>,
}

impl Group {
    fn differs(&self) -> bool {
        self.earned.iter().any(|earned| earned.reward != self.earned[0].reward)
    }
}

/// How much better each of a group's rewards is than the others.
fn advantages(device: &Device, with: &Policy, rewards: &[f32]) -> Result<Vec<f32>> {
    let grouped = || {
        let mut out = device.zeros(heedful_kernels::Dtype::F32, rewards.len())?;
        let mut from = device.zeros(heedful_kernels::Dtype::F32, rewards.len())?;
        copy::write_f32(device, from.view_mut(), rewards)?;
        let (to, from) = (out.view_mut(), from.view());
        advantage::group(device, to, from, rewards.len(), with.baseline, with.scale)?;
        copy::read_f32(device, out.view())
    };
    Ok(grouped().map_err(heedful_models::Error::from)?)
}

impl Policy {
    /// A training with the settings that `heedful train policy` has when nothing else is said.
    pub fn new(model: PathBuf, data: Vec<PathBuf>, out: PathBuf) -> Policy {
        let clip = surrogate::Settings { low: 0.2, high: 0.2, penalty: 0.0 };
        let (ratio, average) = (Ratio::Token, Average::Sequences);
        Policy {
            model,
            data,
            out,
            steps: 100,
            prompts: 32,
            group: 8,
            updates: 1,
            tries: 1,
            rate: 1e-6,
            shape: Shape::Constant,
            warmup: 0,
            weight_decay: 0.0,
            clip: 1.0,
            objective: Objective { ratio, average, clip, entropy: 0.0 },
            baseline: Baseline::Mean,
            scale: Scale::Deviation(1e-6),
            reward: None,
            aggregate: Aggregate::Mean,
            credit: Credit::Probability,
            gates: Gates::default(),
            curriculum: Curriculum::Mixed,
            questions: None,
            hindsight: 0.0,
            tripwire: None,
            thinking: (thinking::Policy::None, false),
            profile: Profile::Corrected,
            temperature: 1.0,
            max_tokens: 256,
            length: 512,
            tokens: 2048,
            keep: Keep::Layers,
            share: None,
            states: States::Full,
            seed: 0,
            save_every: 10,
            dtype: Dtype::F32,
            place: Place::default(),
        }
    }

    fn check(&self) -> Result<()> {
        let Policy { prompts, group, updates, tries, length, tokens, .. } = self;
        let counts = *prompts > 0 && *group > 1 && *tries > 0 && (1..=*prompts).contains(updates);
        if !(counts && length <= tokens && *length > 1) {
            return Err(Error::usage(format!(
                "rollouts of {prompts} prompts, {group} samples each, in {updates} updates, up to \
                 {tries} times; sequences of {length} in batches of {tokens} tokens"
            )));
        }
        let range = |(low, high): (f64, f64), most: f64| 0.0 <= low && low < high && high <= most;
        let share = |share: f64| (0.0..=1.0).contains(&share);
        let curriculum = match self.curriculum {
            Curriculum::Mixed => true,
            Curriculum::Staged { gate, .. } => share(gate),
            Curriculum::Adaptive { band } => range(band, 1.0),
        };
        let Gates { length, intent } = self.gates;
        let sound = [
            (share(self.hindsight), format!("a share of {} relabelled", self.hindsight)),
            (self.questions.is_none_or(share), format!("a share of {:?}", self.questions)),
            (length.is_none_or(|gate| range(gate, f64::MAX)), format!("lengths of {length:?}")),
            (intent.is_none_or(share), format!("an intent of {intent:?}")),
            (curriculum, format!("a curriculum of {:?}", self.curriculum)),
            (self.tripwire.as_ref().is_none_or(|w| w.every > 0), "a trip-wire every 0".to_owned()),
        ];
        match sound.into_iter().find(|(sound, _)| !sound) {
            None => Ok(()),
            Some((_, what)) => Err(Error::usage(format!("{what} cannot be"))),
        }
    }
}

/// All that the result depends on.
pub(crate) fn settings(with: &Policy) -> Value {
    let mut settings = json!({
        "model": with.model,
        "data": with.data,
        "steps": with.steps,
        "prompts": with.prompts,
        "group": with.group,
        "updates": with.updates,
        "tries": with.tries,
        "rate": with.rate,
        "schedule": format!("{:?}", with.shape).to_lowercase(),
        "warmup": with.warmup,
        "weight_decay": with.weight_decay,
        "clip": with.clip,
        "objective": format!("{:?}", with.objective),
        "baseline": format!("{:?}", with.baseline),
        "scale": format!("{:?}", with.scale),
        "reward": with.reward,
        "aggregate": with.aggregate,
        "credit": with.credit,
        "gates": with.gates,
        "curriculum": with.curriculum,
        "questions": with.questions,
        "hindsight": with.hindsight,
        "tripwire": with.tripwire.as_ref().map(|wire| json!([wire.file, wire.every])),
        "thinking": format!("{:?}", with.thinking),
        "profile": format!("{:?}", with.profile),
        "temperature": with.temperature,
        "max_tokens": with.max_tokens,
        "length": with.length,
        "tokens": with.tokens,
        "seed": with.seed,
    });
    crate::train::tell(with.states, &mut settings);
    with.place.tell(&mut settings);
    if let Some(share) = with.share {
        settings["share_prompts"] = share.into();
    }
    settings
}
