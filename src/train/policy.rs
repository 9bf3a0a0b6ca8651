//! The stage `train policy`: a checkpoint and prompts to a checkpoint that does what they ask, by
//! group-relative policy optimisation (Shao et al. 2024) on the rewards of rules.
//!
//! The folder of a training holds `train.json` (the resolved settings), `metrics.jsonl`, the events
//! for TensorBoard, a table of each rollout in `rollouts`, `state.safetensors` to go on from, and
//! at the end the checkpoint in `model`. A run that is killed goes on with the same results.

pub mod reward;
mod rollout;
mod tally;

use std::path::{Path, PathBuf};
use std::time::Instant;

use heedful_benchmarks::thinking;
use heedful_constraints::Profile;
use heedful_kernels::advantage::{self, Baseline, Scale};
use heedful_kernels::{Device, Tensor, View, ViewMut};
use heedful_models::config::Head;
use heedful_models::counter::Counter;
use heedful_models::metrics::Metrics;
use heedful_models::policy::{self, Objective, Sample};
use heedful_models::save::{Dtype, Writer};
use heedful_models::schedule::{Schedule, Shape};
use heedful_models::state::{self, Progress};
use heedful_models::trainer::Trainer;
use heedful_models::transformer::Transformer;
use heedful_models::workspace::{Keep, Limits};
use heedful_models::{Checkpoint, params};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use reward::{Aggregate, Credit, Task};
use rollout::{Answer, Sampler};
use tally::{Tally, updates};

/// What a training of a policy is.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The checkpoint to start from, and the reference.
    pub model: PathBuf,
    /// Prompts with constraints.
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
    /// How constraints become a reward.
    pub aggregate: Aggregate,
    /// What a constraint is worth.
    pub credit: Credit,
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
    /// Of prompts and samples.
    pub seed: u64,
    /// Rollouts between states.
    pub save_every: u64,
    /// How the checkpoint is written.
    pub dtype: Dtype,
    /// Threads; 0 takes one a core.
    pub threads: usize,
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
    /// Rows that no rule has a say in.
    pub left_out: u64,
    /// The last rollout of this run.
    pub last: Option<Line>,
    /// The checkpoint.
    pub model: PathBuf,
}

/// Trains, or goes on with what was begun in the same folder. `watch` sees each rollout.
///
/// # Errors
/// Settings, rows or a checkpoint that cannot be used; a folder that is finished or of another
/// training; of the system.
pub fn train(with: &Policy, mut watch: impl FnMut(&Line)) -> Result<Summary> {
    let model = with.out.join("model");
    if model.exists() {
        return Err(Error::usage(format!("{}: is there already", model.display())));
    }
    check(with)?;
    let checkpoint = Checkpoint::open(&with.model)?;
    let (tasks, left_out) = reward::read(&with.data, with.profile)?;
    let mut run = Run::new(with, &checkpoint, &tasks)?;
    let resumed = run.resume()?;
    let mut metrics = Metrics::open(&with.out, resumed)?;
    let mut last = None;
    for step in resumed + 1..=with.steps {
        let line = run.step(step, &mut metrics)?;
        watch(&line);
        last = Some(line);
        if step == with.steps || (with.save_every > 0 && step.is_multiple_of(with.save_every)) {
            state::save(&run.state(), &run.trainer, &run.progress(step))?;
        }
    }
    let Trainer { params, model: shape, .. } = &run.trainer;
    let read = |name: &str, out: &mut [f32]| shape.layout.read(params.view(), name, out);
    Writer::like(&checkpoint)?.dtype(with.dtype).write(&model, read)?;
    Ok(Summary { steps: with.steps, resumed, prompts: tasks.len(), left_out, last, model })
}

fn check(with: &Policy) -> Result<()> {
    let Policy { prompts, group, updates, tries, length, tokens, .. } = with;
    let counts = *prompts > 0 && *group > 1 && *tries > 0 && (1..=*prompts).contains(updates);
    if counts && length <= tokens && *length > 1 {
        return Ok(());
    }
    Err(Error::usage(format!(
        "rollouts of {prompts} prompts, {group} samples each, in {updates} updates, up to {tries} \
         times; sequences of {length} in batches of {tokens} tokens"
    )))
}

/// A training under way.
struct Run<'a> {
    with: &'a Policy,
    tasks: &'a [Task],
    sampler: Sampler,
    trainer: Trainer,
    /// The parameters that it began with, where leaving them has a price.
    reference: Option<Tensor>,
    settings: Value,
    /// Prompts that were looked at.
    cursor: usize,
}

/// A prompt's samples, and what they earned.
struct Group {
    task: usize,
    prompt: Vec<u32>,
    answers: Vec<Answer>,
    rewards: Vec<f32>,
    satisfied: Vec<Vec<bool>>,
    advantages: Vec<f32>,
}

impl Group {
    fn differs(&self) -> bool {
        self.rewards.iter().any(|reward| *reward != self.rewards[0])
    }
}

impl<'a> Run<'a> {
    fn new(with: &'a Policy, checkpoint: &Checkpoint, tasks: &'a [Task]) -> Result<Run<'a>> {
        let device = Device::cpu(with.threads).map_err(heedful_models::Error::from)?;
        let model = Transformer::new(&device, checkpoint.config(), Head::Lm, with.length)?;
        let params = params::load(&device, checkpoint, &model.layout, with.seed)?;
        let reference = (with.objective.clip.penalty > 0.0)
            .then(|| params.view().f32().map(|values| Tensor::from_f32(values.to_vec())))
            .transpose()
            .map_err(heedful_models::Error::from)?;
        let rows = (super::CHUNK / model.config.vocab).clamp(64, 4096);
        let limits =
            Limits { tokens: with.tokens, sequences: with.tokens, rows, keep: Keep::Layers };
        let steps = with.steps * with.updates as u64;
        let schedule =
            Schedule { rate: with.rate, warmup: with.warmup, steps, shape: with.shape, floor: 0.0 };
        let optimizer = super::adamw(with.weight_decay, with.clip);
        let sampler = Sampler::new(with, checkpoint, &device)?;
        let trainer = Trainer::new(device, model, params, limits, schedule, optimizer)?;
        let settings = settings(with);
        Ok(Run { with, tasks, sampler, trainer, reference, settings, cursor: 0 })
    }

    fn state(&self) -> PathBuf {
        self.with.out.join("state.safetensors")
    }

    /// The place after rollout `step`: the state's epoch is the rollouts made, its batch the
    /// prompts looked at.
    fn progress(&self, step: u64) -> Progress {
        let Run { trainer, cursor, tasks, .. } = self;
        let mut digest = blake3::Hasher::new();
        for task in *tasks {
            digest.update(format!("{}\0{}\0", task.name, task.prompt).as_bytes());
            for rule in &task.rules {
                digest.update(format!("{}{}\0", rule.id(), json!(rule.args())).as_bytes());
            }
        }
        Progress {
            step: trainer.optimizer.step,
            epoch: step,
            batch: *cursor,
            data: digest.finalize().to_hex()[..16].to_owned(),
            settings: self.settings.to_string(),
        }
    }

    /// The rollouts that an earlier run made.
    fn resume(&mut self) -> Result<u64> {
        let path = self.state();
        super::note(&self.with.out, &self.settings)?;
        self.trainer.clear()?;
        if !path.exists() {
            return Ok(0);
        }
        let found = state::load(&path, &mut self.trainer)?;
        let now = self.progress(0);
        for (what, found, now) in
            [("data", &found.data, &now.data), ("settings", &found.settings, &now.settings)]
        {
            if found != now {
                let path = path.display();
                let problem = format!("{path}: a training with {what} {found}, not {now}");
                return Err(Error::usage(problem));
            }
        }
        self.cursor = found.batch;
        Ok(found.epoch)
    }

    /// A rollout, its rewards and its updates.
    fn step(&mut self, step: u64, metrics: &mut Metrics) -> Result<Line> {
        let began = Instant::now();
        let (groups, tally) = self.rollout(step)?;
        let rolled = began.elapsed().as_secs_f64();
        let kept: Vec<&Group> = groups.iter().filter(|group| group.differs()).collect();
        let mut samples = self.samples(&kept);
        let began = Instant::now();
        self.price(&mut samples)?;
        let mut done = Vec::new();
        let each = kept.len().div_ceil(self.with.updates).max(1) * self.with.group as usize;
        for part in samples.chunks(each) {
            done.push(policy::update(&mut self.trainer, part, &self.with.objective)?);
        }
        let trained = began.elapsed().as_secs_f64();
        rollout::write(&self.with.out, step, self.tasks, &groups)?;
        let tokens: usize = groups.iter().flat_map(|group| &group.answers).map(Answer::len).sum();
        let speed = tokens as f64 / rolled;
        let mut values = tally.values();
        values.extend(updates(&done));
        values.extend(
            [
                ("kept", kept.len() as f64 / groups.len() as f64),
                ("rollout_s", rolled),
                ("train_s", trained),
                ("rollout_tokens_per_s", speed),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let named: Vec<(&str, f64)> = values.iter().map(|(name, v)| (name.as_str(), *v)).collect();
        let counts = [
            ("prompts", groups.len() as u64),
            ("updates", done.len() as u64),
            ("tokens", tokens as u64),
        ];
        metrics.put(step, &named, &counts)?;
        Ok(Line { step, reward: tally.reward(), speed })
    }

    /// Groups of samples with rewards and advantages: as many as a rollout has prompts; where more
    /// tries are allowed, those that differ are taken first.
    fn rollout(&mut self, step: u64) -> Result<(Vec<Group>, Tally)> {
        let Policy { prompts, tries, .. } = *self.with;
        let (mut groups, mut even, mut tally) = (Vec::new(), Vec::new(), Tally::default());
        self.sampler.set(&self.trainer)?;
        for _ in 0..tries {
            let wanted = prompts - groups.len();
            let chosen = self.choose(wanted);
            for group in self.answer(step, &chosen)? {
                tally.note(&group, self.tasks);
                (if group.differs() { &mut groups } else { &mut even }).push(group);
            }
            if groups.len() == prompts {
                break;
            }
        }
        even.truncate(prompts - groups.len());
        groups.extend(even);
        Ok((groups, tally))
    }

    /// The next prompts: each epoch in an order of its own.
    fn choose(&mut self, count: usize) -> Vec<usize> {
        let all = self.tasks.len();
        let order = |epoch| Counter::named("prompts").split(self.with.seed).split(epoch).order(all);
        let (mut epoch, mut known) = (None, Vec::new());
        let mut chosen = Vec::with_capacity(count);
        for at in self.cursor..self.cursor + count {
            let now = (at / all) as u64;
            if epoch != Some(now) {
                (epoch, known) = (Some(now), order(now));
            }
            chosen.push(known[at % all]);
        }
        self.cursor += count;
        chosen
    }

    fn answer(&mut self, step: u64, chosen: &[usize]) -> Result<Vec<Group>> {
        let Run { with, tasks, sampler, trainer, .. } = self;
        let sampled = sampler.run(&trainer.device, tasks, chosen, step)?;
        let mut groups = Vec::with_capacity(chosen.len());
        for (&task, (prompt, answers)) in chosen.iter().zip(sampled) {
            let earn = |answer: &Answer| {
                let thinking = (&with.thinking.0, with.thinking.1);
                tasks[task].earn(&answer.text, thinking, with.aggregate, with.credit)
            };
            let earned: Vec<_> = answers.iter().map(earn).collect();
            let rewards: Vec<f32> = earned.iter().map(|earned| earned.reward).collect();
            let satisfied = earned.into_iter().map(|earned| earned.satisfied).collect();
            let mut advantages = vec![0.0; rewards.len()];
            advantage::group(
                &trainer.device,
                ViewMut::F32(&mut advantages),
                View::F32(&rewards),
                rewards.len(),
                with.baseline,
                with.scale,
            )
            .map_err(heedful_models::Error::from)?;
            groups.push(Group { task, prompt, answers, rewards, satisfied, advantages });
        }
        Ok(groups)
    }

    fn samples(&self, groups: &[&Group]) -> Vec<Sample> {
        let of = |group: &&Group| -> Vec<Sample> {
            let pairs = group.answers.iter().zip(&group.advantages);
            pairs
                .map(|(answer, advantage)| Sample {
                    ids: [&group.prompt[..], &answer.tokens].concat(),
                    prompt: group.prompt.len(),
                    old: answer.logprobs.clone(),
                    reference: Vec::new(),
                    advantage: *advantage,
                })
                .collect()
        };
        groups.iter().flat_map(of).collect()
    }

    /// Fills in the reference's log-probabilities, where they are needed.
    fn price(&mut self, samples: &mut [Sample]) -> Result<()> {
        let Some(reference) = &mut self.reference else { return Ok(()) };
        std::mem::swap(reference, &mut self.trainer.params);
        let known = policy::log_probabilities(&mut self.trainer, samples);
        std::mem::swap(reference, &mut self.trainer.params);
        for (sample, known) in samples.iter_mut().zip(known?) {
            sample.reference = known;
        }
        Ok(())
    }
}

/// All that the result depends on.
fn settings(with: &Policy) -> Value {
    json!({
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
        "aggregate": with.aggregate,
        "credit": with.credit,
        "thinking": format!("{:?}", with.thinking),
        "profile": format!("{:?}", with.profile),
        "temperature": with.temperature,
        "max_tokens": with.max_tokens,
        "length": with.length,
        "tokens": with.tokens,
        "seed": with.seed,
    })
}

/// Where the table of a rollout lies.
fn table(out: &Path, step: u64) -> PathBuf {
    out.join("rollouts").join(format!("step-{step:06}.parquet"))
}
