//! Whole models against the figures that `tests/oracles/make_tiny_models.py` recorded.

use std::path::Path;
use std::sync::LazyLock;

use heedful_kernels::{Device, Dtype, View, sums};
use serde_json::Value;

use crate::batch::Batch;
use crate::classifier::Labels;
use crate::config::{self, Config, Head};
use crate::counter::Counter;
use crate::error::Result;
use crate::lm_head::{CrossEntropy, Slopes, TokenLoss, Tokens};
use crate::optimizer::{Decay, Settings};
use crate::params::{Entry, Layout};
use crate::schedule::{Schedule, Shape};
use crate::trainer::Trainer;
use crate::transformer::Transformer;
use crate::workspace::{Keep, Limits};

pub(crate) static RECORD: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../tests/oracles/tiny_models.json");
    serde_json::from_str(text).unwrap()
});

pub(crate) const MODELS: [&str; 5] =
    ["llama-tied", "llama-untied", "llama3-rope", "qwen2", "qwen3"];

const LIMITS: Limits = Limits { tokens: 28, sequences: 3, rows: 7, keep: Keep::Layers };

const SCHEDULE: Schedule =
    Schedule { rate: 1e-2, warmup: 2, steps: 10, shape: Shape::Cosine, floor: 0.0 };

pub(crate) fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

pub(crate) fn ids() -> Vec<u32> {
    floats(&RECORD["ids"]).into_iter().map(|id| id as u32).collect()
}

/// The recorded sequences `range`. `weights[i]` of the record is what the prediction after token i
/// counts, ours what the prediction of token i counts.
fn batch_of(range: std::ops::Range<usize>, weights: &[f64]) -> Batch {
    let (mut batch, mut at) = (Batch::new(), 0);
    for (number, length) in floats(&RECORD["lengths"]).into_iter().enumerate() {
        let tokens = at..at + length as usize;
        at = tokens.end;
        if range.contains(&number) {
            let before = |i: usize| if i == tokens.start { 0.0 } else { weights[i - 1] as f32 };
            let weights: Vec<f32> = tokens.clone().map(before).collect();
            batch.push(&ids()[tokens], &weights).unwrap();
        }
    }
    batch
}

fn weighted(range: std::ops::Range<usize>) -> Batch {
    batch_of(range, &floats(&RECORD["weights"]))
}

/// Every prediction counts.
fn unweighted() -> Batch {
    batch_of(0..3, &[1.0; 28])
}

pub(crate) fn config(name: &str) -> Config {
    let value = &RECORD["models"][name]["config"];
    config::parse(Path::new("config.json"), value).unwrap().0
}

/// As `weights` in the script.
pub(crate) fn fill(entry: &Entry, values: &mut [f32]) {
    let counter = Counter::named(&entry.name);
    let reach = (1.2 * (3.0 / *entry.shape.last().unwrap() as f64).sqrt()) as f32;
    for (at, value) in values.iter_mut().enumerate() {
        let u = counter.uniform(at as u64);
        *value = match &entry.name {
            name if name.ends_with("norm.weight") => 1.0 + 0.5 * u,
            name if name.ends_with("bias") => 0.5 * u,
            name if name.contains("proj") => u * reach,
            _ => u,
        };
    }
}

fn trainer(name: &str, head: Head, threads: usize, limits: Limits) -> Trainer {
    let device = Device::cpu(threads).unwrap();
    let model = Transformer::new(&device, &config(name), head, 16).unwrap();
    let mut params = device.zeros(Dtype::F32, model.layout.len()).unwrap();
    let flat = params.view_mut().f32().unwrap();
    model.layout.tensors.iter().for_each(|entry| fill(entry, &mut flat[entry.range.clone()]));
    let settings =
        Settings { beta2: 0.95, weight_decay: 0.1, decay: Decay::Matrices, ..Settings::default() };
    Trainer::new(device, model, params, limits, SCHEDULE, settings).unwrap()
}

fn language(name: &str) -> Trainer {
    trainer(name, Head::Lm, 2, LIMITS)
}

/// Gradients of the weighted cross-entropy over these batches, and the loss.
fn cross_entropy(trainer: &mut Trainer, batches: &[Batch]) -> (Vec<f32>, f64) {
    let total = batches.iter().map(Batch::weight).sum();
    let mut sum = trainer.device.zeros(Dtype::U32, sums::words(1)).unwrap();
    trainer.clear().unwrap();
    for batch in batches {
        let weights = View::F32(&batch.weights);
        trainer.accumulate(batch, &mut CrossEntropy::new(weights, total, sum.view_mut())).unwrap();
    }
    let loss = sums::read(&trainer.device, sum.view()).unwrap()[0];
    (trainer.grads.view().f32().unwrap().to_vec(), loss)
}

/// Each tensor's gradient has the recorded norm and sums under random signs. The root mean square
/// of the sums' errors estimates the norm of the error.
fn same_gradients(what: &str, layout: &Layout, grads: &[f32], expected: &Value) {
    assert_eq!(layout.tensors.len(), expected.as_object().unwrap().len(), "{what}");
    for entry in &layout.tensors {
        let expected = floats(&expected[&entry.name]);
        let grads = &grads[entry.range.clone()];
        let norm = grads.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
        let name = format!("{what} {}", entry.name);
        assert!((norm / expected[0] - 1.0).abs() < 1e-4, "{name}: {norm}, not {}", expected[0]);
        let errors = expected[1..].iter().enumerate().map(|(at, expected)| {
            let signs = Counter::named(&format!("{at}/{}", entry.name));
            let signed = |(i, &g): (usize, &f32)| {
                f64::from(if signs.uniform(i as u64) < 0.0 { -g } else { g })
            };
            grads.iter().enumerate().map(signed).sum::<f64>() - expected
        });
        let error = errors.map(|e| e * e).sum::<f64>() / (expected.len() - 1) as f64;
        assert!(error.sqrt() < 1e-4 * expected[0], "{name}: off by {}", error.sqrt() / expected[0]);
    }
}

/// All values within 1e-4 of the largest.
fn close(what: &str, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0f64, |all, v| all.max(v.abs()));
    for (at, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(error < 1e-4 * largest, "{what} at {at}: {found}, not {expected}");
    }
}

#[test]
fn logits_are_those_of_transformers() {
    for name in MODELS {
        let mut trainer = trainer(name, Head::Lm, 2, Limits { rows: 28, ..LIMITS });
        let mut batch = unweighted();
        batch.rows = (0..28).collect();
        batch.targets = vec![0; 28];
        batch.weights = vec![1.0; 28];
        let logits = trainer.logits(&batch).unwrap();
        close(name, &logits, &floats(&RECORD["models"][name]["logits"]));
    }
}

#[test]
fn gradients_of_the_weighted_cross_entropy_are_those_of_torch() {
    for name in MODELS {
        let mut trainer = language(name);
        let (grads, loss) = cross_entropy(&mut trainer, &[weighted(0..3)]);
        let expected = &RECORD["models"][name];
        assert!((loss / expected["loss"].as_f64().unwrap() - 1.0).abs() < 1e-5, "{name}: {loss}");
        same_gradients(name, &trainer.model.layout, &grads, &expected["gradients"]);
        let again = trainer.loss(&[weighted(0..1), weighted(1..3)]).unwrap();
        assert!((again / loss - 1.0).abs() < 1e-6, "{name}: {again}, not {loss}");
    }
}

/// A loss known by its slopes alone.
struct Outside<'a> {
    dlogp: &'a [f32],
    dentropy: &'a [f32],
    seen: usize,
}

impl TokenLoss for Outside<'_> {
    fn uses_entropy(&self) -> bool {
        true
    }

    fn slopes(
        &mut self,
        _: &Device,
        rows: std::ops::Range<usize>,
        at: Tokens<'_>,
        to: Slopes<'_>,
    ) -> Result<()> {
        assert_eq!(
            (rows.start, at.logp.len(), at.entropy.len()),
            (self.seen, rows.len(), rows.len())
        );
        self.seen = rows.end;
        to.dlogp.f32()?.copy_from_slice(&self.dlogp[rows.clone()]);
        to.dentropy.f32()?.copy_from_slice(&self.dentropy[rows]);
        Ok(())
    }
}

#[test]
fn slopes_from_outside_give_the_gradients_of_torch() {
    for name in MODELS {
        let mut trainer = language(name);
        let batch = unweighted();
        let values = |name: &str| -> Vec<f32> {
            (0..25).map(|at| Counter::named(name).uniform(at)).collect()
        };
        let (dlogp, dentropy) = (values("dlogp"), values("dentropy"));
        let mut loss = Outside { dlogp: &dlogp, dentropy: &dentropy, seen: 0 };
        trainer.accumulate(&batch, &mut loss).unwrap();
        assert_eq!(loss.seen, 25);
        let expected = &RECORD["models"][name]["outside"];
        close(name, &trainer.work.logp(&trainer.device).unwrap(), &floats(&expected["logp"]));
        close(name, &trainer.work.entropy(&trainer.device).unwrap(), &floats(&expected["entropy"]));
        let grads = trainer.grads.view().f32().unwrap();
        same_gradients(name, &trainer.model.layout, grads, &expected["gradients"]);
    }
}

#[test]
fn classifiers_are_those_of_torch() {
    for name in MODELS {
        for labels in [1, 2] {
            let mut trainer = trainer(name, Head::Score(labels), 2, LIMITS);
            let expected = &RECORD["models"][name]["classifiers"][labels - 1];
            let batch = unweighted();
            close(name, &trainer.scores(&batch).unwrap(), &floats(&expected["scores"]));
            let truth = match labels {
                1 => Labels::Soft(&[0.3, 1.0, 0.0]),
                _ => Labels::Classes(&[1, 0, 1]),
            };
            let loss = trainer.accumulate_labels(&batch, truth, &[1.0 / 3.0; 3]).unwrap();
            let wanted = expected["loss"].as_f64().unwrap();
            assert!((loss / wanted - 1.0).abs() < 1e-5, "{name}: {loss}, not {wanted}");
            let grads = trainer.grads.view().f32().unwrap();
            let what = format!("{name} {labels}");
            same_gradients(&what, &trainer.model.layout, grads, &expected["gradients"]);
        }
    }
}

#[test]
fn ten_steps_of_adamw_are_those_of_torch() {
    for name in MODELS {
        let mut trainer = language(name);
        let expected = &RECORD["models"][name]["training"];
        let [losses, norms, rates] = ["losses", "norms", "rates"].map(|key| floats(&expected[key]));
        for at in 0..10 {
            let update = trainer.step(&[weighted(0..3)]).unwrap();
            assert!((update.loss / losses[at] - 1.0).abs() < 1e-4, "{name} {at}: {update:?}");
            assert!((update.norm / norms[at] - 1.0).abs() < 1e-3, "{name} {at}: {update:?}");
            assert!((update.rate - rates[at]).abs() < 1e-12, "{name} {at}: {update:?}");
        }
    }
}

#[test]
fn threads_and_recomputation_do_not_change_a_bit() {
    for name in MODELS {
        let batches = [weighted(0..2), weighted(2..3)];
        let expected = cross_entropy(&mut trainer(name, Head::Lm, 1, LIMITS), &batches);
        for (threads, keep) in [(2, Keep::Layers), (3, Keep::Inputs), (1, Keep::Inputs)] {
            let mut trainer = trainer(name, Head::Lm, threads, Limits { keep, ..LIMITS });
            assert!(cross_entropy(&mut trainer, &batches) == expected, "{name} {threads} {keep:?}");
        }
    }
}

#[test]
fn several_batches_give_the_gradients_of_one() {
    for name in MODELS {
        let mut trainer = language(name);
        let (whole, loss) = cross_entropy(&mut trainer, &[weighted(0..3)]);
        let (parts, sum) = cross_entropy(&mut trainer, &[0..1, 1..2, 2..3].map(weighted));
        assert!((loss - sum).abs() < 1e-6 * loss, "{name}: {loss} {sum}");
        let square = |values: &mut dyn Iterator<Item = f32>| -> f64 {
            values.map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt()
        };
        let error = square(&mut whole.iter().zip(&parts).map(|(a, b)| a - b));
        let norm = square(&mut whole.iter().copied());
        assert!(error < 1e-6 * norm, "{name}: {}", error / norm);
    }
}

#[test]
fn schedules_are_those_of_transformers() {
    let shapes =
        [("constant", Shape::Constant), ("linear", Shape::Linear), ("cosine", Shape::Cosine)];
    for (name, shape) in shapes {
        let schedule = Schedule { rate: 1.0, shape, ..SCHEDULE };
        // After the last step transformers' cosine rises again; ours stays.
        for (step, expected) in floats(&RECORD["schedules"][name]).into_iter().take(11).enumerate()
        {
            assert!((schedule.at(step as u64) - expected).abs() < 1e-12, "{name} {step}");
        }
    }
}

#[test]
fn a_batch_that_does_not_fit_is_refused() {
    let mut trainer = language("qwen3");
    let good = weighted(0..3);
    assert!(trainer.step(std::slice::from_ref(&good)).is_ok());
    let bad: [fn(&mut Batch); 7] = [
        |batch| batch.ids[3] = 61,
        |batch| batch.targets[0] = u32::MAX,
        |batch| batch.positions[3] = 16,
        |batch| batch.starts[1] = batch.starts[2],
        |batch| batch.rows[0] = 99,
        |batch| batch.weights.clear(),
        |batch| batch.push(&[1], &[0.0]).unwrap(),
    ];
    for spoil in bad {
        let mut batch = good.clone();
        spoil(&mut batch);
        assert!(trainer.loss(&[batch]).is_err());
    }
    assert!(trainer.step(&[batch_of(0..3, &[0.0; 28])]).is_err());
}
