//! A small model's steps on the card beside the host's: two layers with real head sizes, in f32 and
//! in bf16, from the same weights.

use heedful_kernels::{Device, Dtype, copy, surrogate};
use heedful_models::batch::Batch;
use heedful_models::classifier::Labels;
use heedful_models::config::Head;
use heedful_models::policy::{self, Average, Objective, Ratio, Sample};
use heedful_models::workspace::{Keep, Limits};
use heedful_models::{Config, Family, Result};
use serde_json::json;

use crate::place::{Place, say};
use crate::shapes::{ids, named};
use crate::train::trainer;

/// ‖card − host‖ / ‖host‖ at most, of all gradients.
fn most(float: Dtype) -> f64 {
    if float == Dtype::F32 { 1e-3 } else { 6e-2 }
}

/// Checks all; whether none failed.
pub(crate) fn all(place: &Place) -> bool {
    let mut sound = true;
    for float in [Dtype::F32, Dtype::Bf16] {
        for (family, head_dim) in [(Family::Qwen2, 64), (Family::Qwen3, 128)] {
            let config = small(family, head_dim);
            for (step, with) in [("grpo step", grpo as Step), ("classifier step", classify)] {
                let shape = format!("{family:?}, heads of {head_dim}");
                let name = json!({"kind": "parity", "op": step, "shape": shape,
                    "type": float.to_string()});
                sound &= one(place, name, &config, float, with);
            }
        }
    }
    sound
}

/// A step on a device: its loss and its gradients.
type Step = fn(Device, &Config) -> Result<(f64, Vec<f32>)>;

fn small(family: Family, head_dim: usize) -> Config {
    let plain = named("tiny").expect("it is in the list");
    let qkv_bias = family == Family::Qwen2;
    let qk_norm = family == Family::Qwen3;
    Config { family, qkv_bias, qk_norm, width: 96, heads: 3, head_dim, ..plain }
}

fn one(
    place: &Place,
    mut line: serde_json::Value,
    config: &Config,
    float: Dtype,
    step: Step,
) -> bool {
    let card = place.device(float).map_err(Into::into).and_then(|card| step(card, config));
    let host = Device::cpu(0).map_err(Into::into).and_then(|host| step(host, config));
    let mut missing = false;
    let sound = match (card, host) {
        (Ok((loss, grads)), Ok((expected, host))) => {
            let square = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
            let pairs = grads.iter().zip(&host).map(|(a, b)| f64::from(*a) - f64::from(*b));
            let off = square(&mut { pairs });
            let size = square(&mut host.iter().map(|v| f64::from(*v)));
            let error = (off / size.max(1e-30)).sqrt();
            let lost = (loss - expected).abs() / expected.abs().max(0.1);
            line["error"] = if error.is_finite() { error.into() } else { "NaN".into() };
            line["worst"] = if lost.is_finite() { lost.into() } else { "NaN".into() };
            line["values"] = grads.len().into();
            grads.len() == host.len() && size > 0.0 && error <= most(float) && lost <= most(float)
        }
        (Err(error), _) | (_, Err(error)) => {
            let why = error.to_string();
            missing = why.ends_with("does not run on a card");
            line["why"] = why.into();
            false
        }
    };
    line["verdict"] = match (sound, missing) {
        (true, _) => "passed",
        (_, true) => "MISSING",
        _ => "FAILED",
    }
    .into();
    say(&line);
    sound || missing
}

fn limits() -> Limits {
    Limits { tokens: 64, sequences: 16, rows: 10, keep: Keep::Layers }
}

fn grpo(dev: Device, config: &Config) -> Result<(f64, Vec<f32>)> {
    let mut trainer = trainer(dev, config, Head::Lm, limits(), 64)?;
    let sample = |at: u32| {
        let (prompt, answer) = (3 + at as usize % 4, 2 + (at as usize * 5) % 9);
        let near = |by: f32| (0..answer).map(|i| -4.5 - by * (i as f32 * 0.7).sin()).collect();
        let advantage = if at.is_multiple_of(2) { 1.3 } else { -0.7 };
        let (ids, old, reference) = (ids(config, at, prompt + answer), near(0.3), near(0.5));
        Sample { ids, prompt, old, reference, advantage }
    };
    let samples: Vec<Sample> = (0..7).map(sample).collect();
    let clip = surrogate::Settings { low: 0.5, high: 0.9, penalty: 0.05 };
    let objective = Objective { ratio: Ratio::Token, average: Average::Tokens, clip, entropy: 0.0 };
    let (totals, _) = policy::gather(&mut trainer, &samples, &objective)?;
    Ok((totals.loss, copy::read_f32(&trainer.device, trainer.grads.view())?))
}

fn classify(dev: Device, config: &Config) -> Result<(f64, Vec<f32>)> {
    let mut trainer = trainer(dev, config, Head::Score(1), limits(), 64)?;
    let mut batch = Batch::new();
    for at in 0..4u32 {
        let ids = ids(config, at, 5 + at as usize);
        batch.push(&ids, &vec![0.0; ids.len()])?;
    }
    let weights = [0.5, 0.25, 0.2, 0.05];
    let truth = Labels::Soft(&[1.0, 0.0, 0.3, 1.0]);
    let loss = trainer.accumulate_labels(&batch, truth, &weights)?;
    Ok((loss, copy::read_f32(&trainer.device, trainer.grads.view())?))
}
