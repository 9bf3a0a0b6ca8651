//! The training loop: updates, evaluation on held-back pairs, early stopping, and going on after a
//! kill with the same results.
//!
//! Weights are kept at every evaluation in `state.safetensors`, the best ones in
//! `best.safetensors`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use heedful_models::batch::Batch;
use heedful_models::classifier::Labels;
use heedful_models::counter::Counter;
use heedful_models::metrics::Metrics;
use heedful_models::scorer;
use heedful_models::state::{self, Progress};
use heedful_models::trainer::Trainer;
use serde_json::Value;

use super::classifier::odds;
use crate::error::{Error, Result};

/// What is learned from a unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    /// Whether this sequence is a yes, and what that counts.
    Label(usize, bool, f32),
    /// That the first sequence is better than the second.
    Better(usize, usize),
}

/// A training.
pub struct Fit<'a> {
    /// Where states and metrics lie.
    pub folder: PathBuf,
    /// The questions' tokens.
    pub sequences: &'a [Vec<u32>],
    /// Learned from: all of one kind.
    pub train: Vec<Unit>,
    /// Evaluated on.
    pub dev: Vec<Unit>,
    /// Passes over the units.
    pub epochs: u64,
    /// Units of an update.
    pub batch: usize,
    /// Updates between evaluations; 0 is a pass.
    pub evaluate_every: u64,
    /// Evaluations without a better one before it ends.
    pub patience: u64,
    /// Of the order.
    pub seed: u64,
    /// What else a state must agree with.
    pub settings: String,
    /// The digest of the data.
    pub data: String,
}

type Values = Vec<(&'static str, f64)>;

/// What is told of each update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Its number, from 1.
    pub step: u64,
    /// The mean loss of its units.
    pub loss: f64,
    /// That of the dev units, where it was evaluated.
    pub dev_loss: Option<f64>,
}

/// How a training ended.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Ended {
    /// Updates that were made.
    pub steps: u64,
    /// Of these, before this run.
    pub resumed: u64,
    /// The update whose weights are kept.
    pub best_step: u64,
    /// Their loss on the dev units.
    pub best_loss: f64,
}

impl Fit<'_> {
    /// Updates of a pass.
    pub fn pass(&self) -> u64 {
        self.train.len().div_ceil(self.batch) as u64
    }

    /// Trains; at the end the trainer has the best parameters.
    ///
    /// # Errors
    /// A state of another training; whatever stops a step; of the system.
    pub fn run(&self, trainer: &mut Trainer, mut watch: impl FnMut(&Line)) -> Result<Ended> {
        let (state, best_path) = (self.path("state"), self.path("best"));
        std::fs::create_dir_all(&self.folder).map_err(|e| Error::io(&self.folder, e))?;
        trainer.clear()?;
        let resumed = if state.exists() { self.resume(trainer, &state)? } else { 0 };
        let mut metrics = Metrics::open(&self.folder, resumed)?;
        let mut known = evaluations(&self.folder)?;
        let last = self.epochs * self.pass();
        let every = if self.evaluate_every == 0 { self.pass() } else { self.evaluate_every };
        let (mut step, mut order) = (resumed, (u64::MAX, Vec::new()));
        while step < last && !self.is_over(&known) {
            let epoch = step / self.pass();
            if order.0 != epoch {
                order = (epoch, self.order(epoch));
            }
            let (mut values, counts) = self.step(trainer, step, &order.1)?;
            step += 1;
            let due = step.is_multiple_of(every) || step == last;
            let dev_loss = if due { Some(self.loss(trainer, &self.dev)?) } else { None };
            values.extend(dev_loss.map(|loss| ("dev_loss", loss)));
            metrics.put(step, &values, &counts)?;
            if let Some(loss) = dev_loss {
                if best(&known).is_none_or(|(_, least)| loss < least) {
                    state::save(&best_path, trainer, &self.progress(step))?;
                }
                known.push((step, loss));
                state::save(&state, trainer, &self.progress(step))?;
            }
            watch(&Line { step, loss: values[0].1, dev_loss });
        }
        let (best_step, best_loss) =
            best(&known).ok_or_else(|| Error::usage("a training of no update"))?;
        state::load(&best_path, trainer)?;
        Ok(Ended { steps: step, resumed, best_step, best_loss })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.safetensors"))
    }

    fn progress(&self, step: u64) -> Progress {
        let (data, settings) = (self.data.clone(), self.settings.clone());
        Progress { step, epoch: 0, batch: 0, data, settings }
    }

    fn resume(&self, trainer: &mut Trainer, path: &Path) -> Result<u64> {
        let found = state::load(path, trainer)?;
        let now = self.progress(found.step);
        if found == now {
            return Ok(found.step);
        }
        let what = if found.data == now.data { "settings" } else { "pairs" };
        Err(Error::usage(format!("{}: a training with other {what}", path.display())))
    }

    fn is_over(&self, known: &[(u64, f64)]) -> bool {
        let Some((step, _)) = best(known) else { return false };
        let since = known.iter().filter(|(at, _)| *at > step).count() as u64;
        since >= self.patience
    }

    /// The order of the units in a pass.
    fn order(&self, epoch: u64) -> Vec<usize> {
        Counter::named("reward").split(self.seed).split(epoch).order(self.train.len())
    }

    /// One update, on the units whose turn it is: what it was, the loss first.
    fn step(
        &self,
        trainer: &mut Trainer,
        step: u64,
        order: &[usize],
    ) -> Result<(Values, [(&'static str, u64); 2])> {
        let began = Instant::now();
        let at = (step % self.pass()) as usize;
        let turn = order.iter().skip(at * self.batch).take(self.batch);
        let units: Vec<Unit> = turn.map(|&at| self.train[at]).collect();
        let total: f32 = units.iter().map(Unit::weight).sum();
        let mut loss = 0.0;
        for part in self.batches(&units, trainer.work.limits.tokens) {
            loss += self.accumulate(trainer, &part, total)?;
        }
        let (rate, norm) = trainer.update()?;
        let tokens = units.iter().map(|unit| self.tokens(unit)).sum::<usize>() as u64;
        let speed = tokens as f64 / began.elapsed().as_secs_f64();
        let values =
            vec![("loss", loss), ("lr", rate), ("grad_norm", norm), ("tokens_per_s", speed)];
        Ok((values, [("tokens", tokens), ("units", units.len() as u64)]))
    }

    fn accumulate(&self, trainer: &mut Trainer, units: &[Unit], total: f32) -> Result<f64> {
        let batch = self.batch_of(units)?;
        let weights: Vec<f32> = units.iter().map(|unit| unit.weight() / total).collect();
        let classes: Vec<u32> = (units.iter())
            .filter_map(|unit| match unit {
                Unit::Label(_, yes, _) => Some(u32::from(*yes)),
                Unit::Better(..) => None,
            })
            .collect();
        let truth = match units {
            [Unit::Better(..), ..] => Labels::Preferences,
            _ => Labels::Classes(&classes),
        };
        Ok(trainer.accumulate_labels(&batch, truth, &weights)?)
    }

    /// The mean loss of units by weight.
    fn loss(&self, trainer: &mut Trainer, units: &[Unit]) -> Result<f64> {
        let (mut sum, mut total) = (0.0, 0.0);
        for part in self.batches(units, trainer.work.limits.tokens) {
            let found = logits(trainer, &self.batch_of(&part)?)?;
            let mut found = found.into_iter();
            for unit in &part {
                let mut next = || f64::from(found.next().unwrap_or(f32::NAN));
                let lead = match unit {
                    Unit::Label(_, true, _) => next(),
                    Unit::Label(_, false, _) => -next(),
                    Unit::Better(..) => next() - next(),
                };
                let weight = f64::from(unit.weight());
                sum += weight * ((-lead.abs()).exp().ln_1p() + (-lead).max(0.0));
                total += weight;
            }
        }
        Ok(sum / total)
    }

    fn batch_of(&self, units: &[Unit]) -> Result<Batch> {
        let mut batch = Batch::new();
        for at in units.iter().flat_map(Unit::sequences) {
            let ids = &self.sequences[at];
            batch.push(ids, &vec![0.0; ids.len()])?;
        }
        Ok(batch)
    }

    fn tokens(&self, unit: &Unit) -> usize {
        unit.sequences().map(|at| self.sequences[at].len()).sum()
    }

    /// Units in their order, as many together as have room for `tokens`.
    fn batches(&self, units: &[Unit], tokens: usize) -> Vec<Vec<Unit>> {
        let (mut all, mut held) = (Vec::<Vec<Unit>>::new(), 0);
        for unit in units {
            let length = self.tokens(unit);
            match all.last_mut() {
                Some(batch) if held + length <= tokens => {
                    batch.push(*unit);
                    held += length;
                }
                _ => {
                    all.push(vec![*unit]);
                    held = length;
                }
            }
        }
        all
    }
}

impl Unit {
    fn weight(&self) -> f32 {
        match self {
            Unit::Label(_, _, weight) => *weight,
            Unit::Better(..) => 1.0,
        }
    }

    fn sequences(&self) -> impl Iterator<Item = usize> {
        let (first, second) = match *self {
            Unit::Label(at, ..) => (at, None),
            Unit::Better(better, worse) => (better, Some(worse)),
        };
        std::iter::once(first).chain(second)
    }
}

/// The log-odds of each sequence of a batch.
fn logits(trainer: &mut Trainer, batch: &Batch) -> Result<Vec<f32>> {
    let sequences = batch.size().sequences;
    let scores = trainer.scores(batch)?;
    Ok(scores.chunks_exact(scores.len() / sequences.max(1)).map(odds).collect())
}

/// The log-odds of these sequences by the trainer's present parameters.
///
/// # Errors
/// Of an op.
pub fn score(trainer: &mut Trainer, sequences: &[Vec<u32>]) -> Result<Vec<f32>> {
    let mut all = vec![0.0; sequences.len()];
    for part in scorer::batches(sequences, trainer.work.limits.tokens) {
        let mut batch = Batch::new();
        for &at in &part {
            batch.push(&sequences[at], &vec![0.0; sequences[at].len()])?;
        }
        for (&at, found) in part.iter().zip(logits(trainer, &batch)?) {
            all[at] = found;
        }
    }
    Ok(all)
}

/// The first evaluation with the least loss.
fn best(known: &[(u64, f64)]) -> Option<(u64, f64)> {
    known.iter().copied().reduce(|a, b| if b.1 < a.1 { b } else { a })
}

/// The evaluations that the metrics tell of.
fn evaluations(folder: &Path) -> Result<Vec<(u64, f64)>> {
    let path = folder.join("metrics.jsonl");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io(&path, e)),
    };
    let told = |line: &str| -> Option<(u64, f64)> {
        let line: Value = serde_json::from_str(line).ok()?;
        Some((line.get("step")?.as_u64()?, line.get("dev_loss")?.as_f64()?))
    };
    Ok(text.lines().filter_map(told).collect())
}
