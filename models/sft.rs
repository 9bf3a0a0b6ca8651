//! A supervised training in a folder: steps, evaluation, metrics, and a state to resume from.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::feed::Feed;
use crate::metrics::Metrics;
use crate::state::{self, Progress};
use crate::trainer::{Trainer, Update};

/// How a training goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Where its metrics and its state lie.
    pub folder: PathBuf,
    /// Batches of an update.
    pub accumulate: usize,
    /// Updates between evaluations; 0 evaluates at the end alone.
    pub evaluate_every: u64,
    /// Updates between states; 0 writes one at the end alone.
    pub save_every: u64,
    /// The configuration in words: a state of another one is not resumed.
    pub settings: String,
}

/// What is told of each update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// The update.
    pub update: Update,
    /// Tokens that went through the model in a second.
    pub speed: f64,
    /// Mean loss on the held-out batches, where this update was evaluated.
    pub dev_loss: Option<f64>,
}

impl Run {
    fn state(&self) -> PathBuf {
        self.folder.join("state.safetensors")
    }
}

/// Trains for the steps of the trainer's schedule, from the state in the folder where there is one.
/// `watch` sees each update and may break off, which writes no state. Returns the updates that were
/// made before this call.
///
/// # Errors
/// A state of other data or another configuration; whatever stops a step; of the system.
pub fn train(
    trainer: &mut Trainer,
    feed: &mut Feed,
    dev: &[Batch],
    run: &Run,
    mut watch: impl FnMut(&Line) -> ControlFlow<()>,
) -> Result<u64> {
    std::fs::create_dir_all(&run.folder).map_err(|e| Error::io(&run.folder, e))?;
    if run.accumulate == 0 {
        return Err(Error::argument("an update of 0 batches"));
    }
    if run.state().exists() {
        resume(trainer, feed, run)?;
    }
    let (done, steps) = (trainer.optimizer.step, trainer.schedule.steps);
    let mut metrics = Metrics::open(&run.folder, done)?;
    let due = |every: u64, step: u64| step == steps || (every > 0 && step.is_multiple_of(every));
    trainer.clear()?;
    while trainer.optimizer.step < steps {
        let began = Instant::now();
        let batches = (0..run.accumulate).map(|_| feed.next_batch());
        let update = trainer.step(&batches.collect::<Result<Vec<_>>>()?)?;
        let speed = update.tokens as f64 / began.elapsed().as_secs_f64();
        let evaluated = !dev.is_empty() && due(run.evaluate_every, update.step);
        let dev_loss = if evaluated { Some(trainer.loss(dev)?) } else { None };
        let line = Line { update, speed, dev_loss };
        put(&mut metrics, &line)?;
        if watch(&line).is_break() {
            break;
        }
        if due(run.save_every, update.step) {
            state::save(&run.state(), trainer, &progress(trainer, feed, run))?;
        }
    }
    Ok(done)
}

fn put(metrics: &mut Metrics, line: &Line) -> Result<()> {
    let Update { step, loss, rate, norm, tokens, counted } = line.update;
    let mut values =
        vec![("loss", loss), ("lr", rate), ("grad_norm", norm), ("tokens_per_s", line.speed)];
    values.extend(line.dev_loss.map(|loss| ("dev_loss", loss)));
    let counts = [("tokens", tokens as u64), ("counted_tokens", counted as u64)];
    metrics.put(step, &values, &counts)
}

fn progress(trainer: &Trainer, feed: &Feed, run: &Run) -> Progress {
    let place = feed.place();
    Progress {
        step: trainer.optimizer.step,
        epoch: place.epoch,
        batch: place.batch,
        data: format!("{:016x}", feed.digest()),
        settings: run.settings.clone(),
    }
}

fn resume(trainer: &mut Trainer, feed: &mut Feed, run: &Run) -> Result<()> {
    let path = run.state();
    let found = state::load(&path, trainer)?;
    let now = progress(trainer, feed, run);
    same(&path, "data", &found.data, &now.data)?;
    same(&path, "configuration", &found.settings, &now.settings)?;
    feed.go(found.place())
}

fn same(path: &Path, what: &str, found: &str, now: &str) -> Result<()> {
    if found == now {
        return Ok(());
    }
    Err(Error::file(path, format!("a training with {what} {found}, not {now}")))
}

#[cfg(test)]
#[path = "sft_tests.rs"]
mod tests;
