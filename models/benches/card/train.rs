//! Training: supervised steps, and whole GRPO steps from the first sampled token to the update.

use std::time::Instant;

use heedful_kernels::{Device, Dtype, sample, surrogate};
use heedful_models::batch::Batch;
use heedful_models::config::Head;
use heedful_models::engine::{Engine, Settings, Weights};
use heedful_models::generate::{Event, Options, Request, run};
use heedful_models::optimizer::{self, States};
use heedful_models::params::Initial;
use heedful_models::policy::{self, Average, Objective, Ratio, Sample};
use heedful_models::schedule::{Schedule, Shape};
use heedful_models::trainer::Trainer;
use heedful_models::transformer::Transformer;
use heedful_models::workspace::{Keep, Limits};
use heedful_models::{Config, Result};
use serde_json::{Value, json};

use crate::shapes::{drawn, ids};

/// How large a supervised step is.
pub(crate) struct Size {
    pub(crate) sequences: usize,
    pub(crate) length: usize,
    /// Tokens of a batch whose gradients are added up.
    pub(crate) micro: usize,
    pub(crate) steps: usize,
}

/// 32,768 tokens.
pub(crate) const SIZE: Size = Size { sequences: 32, length: 1024, micro: 16_384, steps: 5 };

/// For the emulator.
pub(crate) const TINY: Size = Size { sequences: 2, length: 6, micro: 6, steps: 1 };

/// From so many parameters on states are kept in 8 bits: in f32 they are more than a card of 80 GB
/// has.
const LARGE: usize = 4_000_000_000;

/// A trainer of drawn weights.
pub(crate) fn trainer(
    dev: Device,
    config: &Config,
    head: Head,
    limits: Limits,
    positions: usize,
) -> Result<Trainer> {
    let model = Transformer::new(&dev, config, head, positions)?;
    let states = if model.layout.len() < LARGE { States::Full } else { States::Eight };
    let params = match states {
        States::Full => drawn(&dev, config, head, Dtype::F32)?.into(),
        States::Eight => Initial::Split {
            weights: drawn(&dev, config, head, Dtype::Bf16)?,
            residual: dev.zeros(Dtype::U8, model.layout.len())?,
        },
    };
    let schedule =
        Schedule { rate: 1e-6, warmup: 0, steps: 1000, shape: Shape::Constant, floor: 0.0 };
    let settings = optimizer::Settings { states, ..optimizer::Settings::default() };
    Trainer::new(dev, model, params, limits, schedule, settings)
}

/// Rows of logits held at once: the weights' gradient of the head is not read too often then.
const ROWS: usize = 2048;

/// The median of a supervised step's seconds.
pub(crate) fn time(dev: Device, config: &Config, size: &Size) -> Result<Value> {
    let rows = ROWS.min(size.micro);
    let limits = Limits { tokens: size.micro, sequences: size.micro, rows, keep: Keep::Layers };
    let mut trainer = trainer(dev, config, Head::Lm, limits, size.length)?;
    let each = size.micro / size.length;
    let mut batches = Vec::new();
    for first in (0..size.sequences).step_by(each) {
        let mut batch = Batch::new();
        for at in first..size.sequences.min(first + each) {
            batch.push(&ids(config, at as u32, size.length), &vec![1.0; size.length])?;
        }
        batches.push(batch);
    }
    let mut losses = vec![trainer.step(&batches)?.loss];
    let mut seconds = Vec::new();
    for _ in 0..size.steps {
        let begin = Instant::now();
        losses.push(trainer.step(&batches)?.loss);
        if let Device::Gpu(gpu) = &trainer.device {
            gpu.board().wait()?;
        }
        seconds.push(begin.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let (median, tokens) = (seconds[seconds.len() / 2], size.sequences * size.length);
    Ok(json!({"seconds": median, "least": seconds[0], "most": seconds[seconds.len() - 1],
        "steps": size.steps, "tokens": tokens, "tokens_per_s": tokens as f64 / median,
        "params": trainer.params.len(), "losses": losses}))
}

/// How large a GRPO step is.
pub(crate) struct Groups {
    pub(crate) prompts: usize,
    pub(crate) samples: usize,
    pub(crate) prompt: usize,
    pub(crate) completion: usize,
    pub(crate) micro: usize,
}

/// What the targets are counted for, with so many of the prompts.
pub(crate) fn groups(prompts: usize) -> Groups {
    Groups { prompts, samples: 16, prompt: 512, completion: 1024, micro: 12_288 }
}

/// For the emulator.
pub(crate) const TINY_GROUPS: Groups =
    Groups { prompts: 2, samples: 2, prompt: 4, completion: 3, micro: 14 };

/// The seconds of a GRPO step: one epoch, no reference, old log-probabilities from sampling.
pub(crate) fn grpo(dev: Device, config: &Config, size: &Groups) -> Result<Value> {
    let length = size.prompt + size.completion;
    let rows = ROWS.min(size.micro);
    let limits = Limits { tokens: size.micro, sequences: size.micro, rows, keep: Keep::Layers };
    let mut trainer = trainer(dev, config, Head::Lm, limits, length)?;
    // The kernels are compiled and the products planned by a step of one prompt.
    let begin = Instant::now();
    let small = Groups { prompts: 1, completion: size.completion.min(64), ..*size };
    let warm = sampled(&trainer, config, &small)?;
    policy::update(&mut trainer, &warm, &objective())?;
    let warmed = begin.elapsed().as_secs_f64();
    let begin = Instant::now();
    let samples = sampled(&trainer, config, size)?;
    let rollout = begin.elapsed().as_secs_f64();
    let update = policy::update(&mut trainer, &samples, &objective())?;
    if let Device::Gpu(gpu) = &trainer.device {
        gpu.board().wait()?;
    }
    let whole = begin.elapsed().as_secs_f64();
    let answered: usize = samples.iter().map(Sample::len).sum();
    let tokens: usize = samples.iter().map(|sample| sample.ids.len()).sum();
    Ok(json!({"seconds": whole, "rollout_seconds": rollout, "update_seconds": whole - rollout,
        "warm_up_seconds": warmed, "prompts": size.prompts, "samples": size.samples,
        "prompt": size.prompt, "completion": size.completion, "sampled_tokens": answered,
        "decode_tokens_per_s": answered as f64 / rollout,
        "train_tokens_per_s": tokens as f64 / (whole - rollout),
        "loss": update.totals.loss, "norm": update.norm, "tokens": update.totals.tokens,
        "mean_ratio": update.totals.ratio / update.totals.tokens.max(1) as f64}))
}

fn objective() -> Objective {
    let clip = surrogate::Settings { low: 0.2, high: 0.28, penalty: 0.0 };
    Objective { ratio: Ratio::Token, average: Average::Tokens, clip, entropy: 0.0 }
}

/// Samples of all prompts under the trainer's parameters, with advantages that differ in a group.
fn sampled(trainer: &Trainer, config: &Config, size: &Groups) -> Result<Vec<Sample>> {
    let dev = &trainer.device;
    let slots = size.prompts * size.samples;
    let positions = size.prompt + size.completion;
    let weights = Weights::of(dev, &trainer.model.layout, trainer.params.view(), dev.float())?;
    let prefill = 8192.min(size.prompts * size.prompt);
    // Prompts once, answers a sample; blocks of 32 tokens may be begun.
    let cached = size.prompts * (size.prompt + 32) + slots * (size.completion + 32);
    let settings = Settings { slots, prefill, positions, cached, kept: dev.float() };
    let mut engine = Engine::new(dev, weights, config, settings)?;
    let request = |at: u32| Request {
        name: format!("{at}"),
        prompt: ids(config, at, size.prompt),
        samples: 0..size.samples as u32,
    };
    let requests: Vec<Request> = (0..size.prompts as u32).map(request).collect();
    let sampling = sample::Settings::PLAIN;
    let options = Options { sampling, max_tokens: size.completion, ..Options::default() };
    let mut samples = Vec::with_capacity(slots);
    run(dev, &mut engine, None, &requests, &options, &mut |event| {
        if let Event::Finished(done) = event {
            let mut ids = requests[done.request].prompt.clone();
            ids.extend(&done.tokens);
            let advantage = if done.sample.is_multiple_of(2) { 1.0 } else { -1.0 };
            let (prompt, old) = (size.prompt, done.logprobs);
            samples.push(Sample { ids, prompt, old, reference: Vec::new(), advantage });
        }
        Ok(())
    })?;
    Ok(samples)
}
