//! A training under way: rollouts, rewards, updates, and what a run that goes on must know.

use std::path::PathBuf;
use std::time::Instant;

use heedful_kernels::Tensor;
use heedful_models::config::Head;
use heedful_models::counter::Counter;
use heedful_models::metrics::Metrics;
use heedful_models::policy::{self, Sample};
use heedful_models::schedule::Schedule;
use heedful_models::state::{self, Progress};
use heedful_models::trainer::Trainer;
use heedful_models::transformer::Transformer;
use heedful_models::workspace::Limits;
use heedful_models::{Checkpoint, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::curriculum::{Chooser, Place};
use super::gates::Lengths;
use super::hindsight::Ladders;
use super::judge::Judge;
use super::reward::{self, Terms};
use super::rollout::{Answer, Sampler};
use super::tally::{self, Seconds, Tally};
use super::tasks::Task;
use super::tripwire::Wires;
use super::{Group, Line, Policy, advantages, dump, settings};
use crate::error::{Error, Result};

/// A training under way.
pub(super) struct Run<'a, 'j> {
    with: &'a Policy,
    tasks: &'a [Task],
    judge: Option<&'j mut (dyn Judge + 'j)>,
    sampler: Sampler,
    pub(super) trainer: Trainer,
    /// The parameters that it began with, where leaving them has a price. Their log-probabilities
    /// are computed once a rollout.
    reference: Option<Tensor>,
    settings: Value,
    chooser: Chooser,
    lengths: Lengths,
    ladders: Option<Ladders>,
    wires: Option<Wires>,
}

/// What the choices of a run depend on, beside its parameters.
#[derive(Serialize, Deserialize)]
struct Memory {
    place: Place,
    lengths: Lengths,
}

impl<'a, 'j> Run<'a, 'j> {
    pub(super) fn new(
        with: &'a Policy,
        checkpoint: &Checkpoint,
        tasks: &'a [Task],
        judge: Option<&'j mut (dyn Judge + 'j)>,
    ) -> Result<Run<'a, 'j>> {
        let Policy { curriculum, questions, prompts, seed, .. } = *with;
        let chooser = Chooser::new(tasks, curriculum, questions, prompts, seed)?;
        let ladders = (with.hindsight > 0.0).then(|| Ladders::new(tasks));
        let wires = with.tripwire.as_ref().map(|wire| Wires::read(&wire.file, with)).transpose()?;
        let device = with.place.open()?;
        let model = Transformer::new(&device, checkpoint.config(), Head::Lm, with.length)?;
        let states = with.states;
        let params = params::load_for(&device, checkpoint, &model.layout, with.seed, states)?;
        let rows = (crate::train::CHUNK / model.config.vocab).clamp(64, 4096);
        let limits = Limits { tokens: with.tokens, sequences: with.tokens, rows, keep: with.keep };
        let steps = with.steps * with.updates as u64;
        let schedule =
            Schedule { rate: with.rate, warmup: with.warmup, steps, shape: with.shape, floor: 0.0 };
        let optimizer = crate::train::adamw(with.weight_decay, with.clip, states);
        let sampler = Sampler::new(with, checkpoint)?;
        let mut trainer = Trainer::new(device, model, params, limits, schedule, optimizer)?;
        trainer.share = with.share.unwrap_or(trainer.share);
        // It has room for passes; sampling comes first.
        trainer.rest()?;
        let penalised = with.objective.clip.penalty > 0.0;
        let reference = penalised.then(|| trainer.copy()).transpose()?;
        let (settings, lengths) = (settings(with), Lengths::default());
        Ok(Run {
            with,
            tasks,
            judge,
            sampler,
            trainer,
            reference,
            settings,
            chooser,
            lengths,
            ladders,
            wires,
        })
    }

    fn state(&self) -> PathBuf {
        self.with.out.join("state.safetensors")
    }

    /// Writes the state after rollout `step`.
    pub(super) fn save(&self, step: u64) -> Result<()> {
        let memory = Memory { place: self.chooser.place.clone(), lengths: self.lengths.clone() };
        let memory = serde_json::to_string(&memory)
            .map_err(|e| Error::usage(format!("the place of a training: {e}")))?;
        Ok(state::save_with(&self.state(), &self.trainer, &self.progress(step), &memory)?)
    }

    /// The place after rollout `step`: the state's epoch is the rollouts made, its batch the
    /// prompts chosen.
    fn progress(&self, step: u64) -> Progress {
        let mut digest = blake3::Hasher::new();
        for task in self.tasks {
            digest.update(format!("{}\0{}\0", task.name, task.prompt).as_bytes());
            for item in &task.items {
                digest.update(format!("{}\0", item.identity()).as_bytes());
            }
        }
        Progress {
            step: self.trainer.optimizer.step,
            epoch: step,
            batch: self.chooser.place.chosen() as usize,
            data: digest.finalize().to_hex()[..16].to_owned(),
            settings: self.settings.to_string(),
        }
    }

    /// The rollouts that an earlier run made.
    pub(super) fn resume(&mut self) -> Result<u64> {
        let path = self.state();
        crate::train::note(&self.with.out, &self.settings)?;
        self.trainer.clear()?;
        if !path.exists() {
            return Ok(0);
        }
        let found = state::load(&path, &mut self.trainer)?;
        let now = self.progress(0);
        let refuse = |problem| Err(Error::usage(format!("{}: {problem}", path.display())));
        for (what, found, now) in
            [("data", &found.data, &now.data), ("settings", &found.settings, &now.settings)]
        {
            if found != now {
                return refuse(format!("a training with {what} {found}, not {now}"));
            }
        }
        match serde_json::from_str(&state::memory(&path)?) {
            Ok(Memory { place, lengths }) => {
                (self.chooser.place, self.lengths) = (place, lengths);
                Ok(found.epoch)
            }
            Err(error) => refuse(format!("no place of a training of a policy: {error}")),
        }
    }

    /// A rollout, its rewards and its updates.
    pub(super) fn step(&mut self, step: u64, metrics: &mut Metrics) -> Result<Line> {
        let mut values = self.tripped(step)?;
        let mut seconds = Seconds::default();
        let (groups, tally) = self.rollout(step, &mut seconds)?;
        values.extend(self.chooser.end());
        let began = Instant::now();
        let kept: Vec<&Group> = groups.iter().filter(|group| group.differs()).collect();
        let more = self.hindsight(step, &groups)?;
        let parts = parts(samples(&kept), more.clone(), self.with);
        let mut done = Vec::new();
        for part in self.price(parts)? {
            done.push(policy::update(&mut self.trainer, &part, &self.with.objective)?);
        }
        self.trainer.rest()?;
        seconds.train = began.elapsed().as_secs_f64();
        let trained = samples(&kept).iter().chain(&more).map(Sample::len).sum();
        dump::write(&self.with.out, step, self.tasks, &groups)?;
        values.push(("kept", kept.len() as f64 / groups.len() as f64));
        let mut values: Vec<(String, f64)> =
            values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        values.extend(tally.values());
        values.extend(tally::updates(&done));
        values.extend(seconds.values(tally.tokens(), trained));
        let named: Vec<(&str, f64)> = values.iter().map(|(name, v)| (name.as_str(), *v)).collect();
        let tokens: usize = groups.iter().flat_map(|group| &group.answers).map(Answer::len).sum();
        let counts = [
            ("prompts", groups.len() as u64),
            ("updates", done.len() as u64),
            ("tokens", tokens as u64),
            ("relabelled", more.len() as u64),
        ];
        metrics.put(step, &named, &counts)?;
        let speed = tally.tokens() as f64 / seconds.rollout;
        Ok(Line { step, reward: tally.reward(), speed })
    }

    /// What the trip-wire says of the policy that samples this rollout, where it is its turn.
    fn tripped(&mut self, step: u64) -> Result<Vec<(&'static str, f64)>> {
        let (Some(wires), Some(set)) = (&self.wires, &self.with.tripwire) else {
            return Ok(Vec::new());
        };
        if !(step - 1).is_multiple_of(set.every) {
            return Ok(Vec::new());
        }
        wires.look(&self.trainer, &mut self.sampler, self.with)
    }

    /// Groups of samples with rewards and advantages: as many as a rollout has prompts; where more
    /// tries are allowed, those that differ are taken first.
    fn rollout(&mut self, step: u64, seconds: &mut Seconds) -> Result<(Vec<Group>, Tally)> {
        let Policy { prompts, tries, .. } = *self.with;
        let (mut groups, mut even, mut tally) = (Vec::new(), Vec::new(), Tally::default());
        for _ in 0..tries {
            let chosen = self.chooser.choose(prompts - groups.len());
            for group in self.answer(step, &chosen, seconds)? {
                tally.note(&group, self.tasks);
                let passed = group.earned.iter().filter(|earned| earned.passes()).count();
                self.chooser.note(group.task, passed, group.earned.len());
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

    fn answer(&mut self, step: u64, chosen: &[usize], seconds: &mut Seconds) -> Result<Vec<Group>> {
        let Run { with, tasks, sampler, trainer, judge, lengths, .. } = self;
        let began = Instant::now();
        let sampled = sampler.run(trainer, tasks, chosen, step)?;
        seconds.rollout += began.elapsed().as_secs_f64();
        let began = Instant::now();
        let given: Vec<(&Task, &str)> = chosen
            .iter()
            .zip(&sampled)
            .flat_map(|(&task, (_, all))| all.iter().map(move |a| (task, a.text.as_str())))
            .map(|(task, text)| (&tasks[task], text))
            .collect();
        let Policy { thinking, aggregate, credit, gates, .. } = with;
        let terms = Terms { thinking, aggregate: *aggregate, credit: *credit, gates };
        let judge = judge.as_mut().map(|judge| &mut **judge as &mut dyn Judge);
        let mut earned = reward::earn(terms, &given, lengths, judge)?.into_iter();
        seconds.reward += began.elapsed().as_secs_f64();
        let mut groups = Vec::with_capacity(chosen.len());
        for (&task, (prompt, answers)) in chosen.iter().zip(sampled) {
            let earned: Vec<_> = earned.by_ref().take(answers.len()).collect();
            let rewards: Vec<f32> = earned.iter().map(|earned| earned.reward).collect();
            let advantages = advantages(&trainer.device, with, &rewards)?;
            groups.push(Group { task, prompt, answers, earned, advantages });
        }
        Ok(groups)
    }

    /// Failed samples under the prompts that they succeed at, with the present policy's
    /// log-probabilities; those that would be too long stay out.
    fn hindsight(&mut self, step: u64, groups: &[Group]) -> Result<Vec<Sample>> {
        let Some(ladders) = &self.ladders else { return Ok(Vec::new()) };
        let luck = Counter::named("hindsight").split(self.with.seed).split(step);
        let mut samples = Vec::new();
        for (number, group) in (0..).zip(groups) {
            let device = &self.trainer.device;
            let luck = luck.split(number);
            for again in ladders.relabel(device, self.with, self.tasks, group, luck)? {
                let prompt = self.sampler.encode(&again.prompt)?;
                let answer = &group.answers[again.sample];
                if prompt.len() + answer.len() <= self.with.length {
                    samples.push(sample(&prompt, answer, again.advantage));
                }
            }
        }
        let known = policy::log_probabilities(&mut self.trainer, &samples)?;
        for (sample, known) in samples.iter_mut().zip(known) {
            sample.old = known;
        }
        Ok(samples)
    }

    /// Fills in the reference's log-probabilities, where they are needed.
    fn price(&mut self, mut parts: Vec<Vec<Sample>>) -> Result<Vec<Vec<Sample>>> {
        let Some(reference) = &mut self.reference else { return Ok(parts) };
        std::mem::swap(reference, &mut self.trainer.params);
        let all = parts.iter().map(|part| policy::log_probabilities(&mut self.trainer, part));
        let known: Vec<_> = all.collect();
        std::mem::swap(reference, &mut self.trainer.params);
        for (part, known) in parts.iter_mut().zip(known) {
            for (sample, known) in part.iter_mut().zip(known?) {
                sample.reference = known;
            }
        }
        Ok(parts)
    }
}

fn sample(prompt: &[u32], answer: &Answer, advantage: f32) -> Sample {
    Sample {
        ids: [prompt, &answer.tokens].concat(),
        prompt: prompt.len(),
        old: answer.logprobs.clone(),
        reference: Vec::new(),
        advantage,
    }
}

fn samples(groups: &[&Group]) -> Vec<Sample> {
    let of = |group: &&Group| -> Vec<Sample> {
        let pairs = group.answers.iter().zip(&group.advantages);
        pairs.map(|(answer, advantage)| sample(&group.prompt, answer, *advantage)).collect()
    };
    groups.iter().flat_map(of).collect()
}

/// The samples of each update: whole groups in their order, and the others dealt out in turn.
fn parts(groups: Vec<Sample>, others: Vec<Sample>, with: &Policy) -> Vec<Vec<Sample>> {
    let size = with.group as usize;
    let each = (groups.len() / size).div_ceil(with.updates).max(1) * size;
    let mut parts: Vec<Vec<Sample>> = groups.chunks(each).map(<[Sample]>::to_vec).collect();
    if parts.is_empty() && !others.is_empty() {
        parts.push(Vec::new());
    }
    let count = parts.len();
    for (at, sample) in others.into_iter().enumerate() {
        parts[at % count].push(sample);
    }
    parts
}
