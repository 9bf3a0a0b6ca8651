//! Scoring: a classifier over sequences of 512 tokens, a score each read back.

use std::time::Instant;

use heedful_kernels::{Device, copy};
use heedful_models::batch::Batch;
use heedful_models::config::Head;
use heedful_models::transformer::Transformer;
use heedful_models::workspace::{Keep, Limits, Workspace};
use heedful_models::{Config, Error, Result, classifier, forward};
use serde_json::{Value, json};

use crate::shapes::{drawn, ids};

/// Sequences of a batch, their tokens, and how often.
pub(crate) struct Size {
    pub(crate) sequences: usize,
    pub(crate) length: usize,
    pub(crate) rounds: usize,
}

/// 32,768 tokens a batch.
pub(crate) const SIZE: Size = Size { sequences: 64, length: 512, rounds: 9 };

/// For the emulator.
pub(crate) const TINY: Size = Size { sequences: 2, length: 6, rounds: 1 };

/// The median of a batch's seconds, its scores read.
pub(crate) fn time(dev: &Device, config: &Config, size: &Size) -> Result<Value> {
    let head = Head::Score(1);
    let model = Transformer::new(dev, config, head, size.length)?;
    let params = drawn(dev, config, head, dev.float())?;
    let tokens = size.sequences * size.length;
    let limits = Limits { tokens, sequences: size.sequences, rows: 1, keep: Keep::Inputs };
    let mut work = Workspace::new(dev, &model, limits)?;
    let mut seconds = Vec::new();
    for round in 0..size.rounds + 2 {
        let mut batch = Batch::new();
        for at in 0..size.sequences {
            let seed = (round * size.sequences + at) as u32;
            batch.push(&ids(config, seed, size.length), &vec![0.0; size.length])?;
        }
        let begin = Instant::now();
        work.load(dev, &model, &batch)?;
        forward::forward(dev, &model, &params, &mut work)?;
        let scores = copy::read_f32(dev, classifier::forward(dev, &model, &params, &mut work)?)?;
        // The first two compile and plan.
        if round >= 2 {
            seconds.push(begin.elapsed().as_secs_f64());
        }
        if scores.len() != size.sequences || !scores.iter().all(|score| score.is_finite()) {
            return Err(Error::Argument(format!("scores that are none: {scores:?}")));
        }
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    Ok(json!({"seconds": median, "least": seconds[0], "most": seconds[seconds.len() - 1],
        "rounds": size.rounds, "sequences": size.sequences, "length": size.length,
        "pairs_per_s": size.sequences as f64 / median}))
}
