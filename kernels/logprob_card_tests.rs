//! Tests of log-probabilities and their gradients on an emulated card.

use super::*;
use crate::Tensor;
use crate::gpu::testing::SCHEDULES;
use crate::gpu::testing::{emulated, ids, near, schedules, tensor, values_of};
use crate::testing::{close, values, wide};

/// logp, entropy and lse of all rows.
fn reference(logits: &[f64], targets: &[u32]) -> [Vec<f64>; 3] {
    let vocab = logits.len() / targets.len();
    let mut out = [Vec::new(), Vec::new(), Vec::new()];
    for (row, target) in logits.chunks(vocab).zip(targets) {
        let peak = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lse = peak + row.iter().map(|x| (x - peak).exp()).sum::<f64>().ln();
        out[0].push(row[*target as usize] - lse);
        out[1].push(row.iter().map(|x| -(x - lse) * (x - lse).exp()).sum());
        out[2].push(lse);
    }
    out
}

fn input(dtype: Dtype, tokens: usize, vocab: usize) -> (Vec<f32>, Vec<u32>) {
    let logits = values(1, tokens * vocab).into_iter().enumerate();
    // Rising along a row, so that the largest grows again and again.
    let logits: Vec<f32> = logits.map(|(i, v)| v * 6.0 + (i % vocab) as f32 / 900.0).collect();
    (near(dtype, &logits), (0..tokens).map(|t| (t * 7 % vocab) as u32).collect())
}

fn run(dev: &Device, logits: &Tensor, targets: &[u32]) -> [Tensor; 3] {
    let mut out = [0, 1, 2].map(|_| dev.zeros(Dtype::F32, targets.len()).unwrap());
    let targets = ids(dev, targets);
    let [logp, entropy, lse] = &mut out;
    let (a, b, c) = (logp.view_mut(), entropy.view_mut(), lse.view_mut());
    forward(dev, a, b, c, logits.view(), targets.view()).unwrap();
    out
}

fn run_back(dev: &Device, logits: &[f32], targets: &[u32], slopes: &[f32]) -> Vec<f32> {
    let mut out = tensor(dev, dev.float(), logits);
    let [_, entropy, lse] = run(dev, &out, targets);
    let (dlogp, dentropy) = slopes.split_at(targets.len());
    let [dlogp, dentropy] = [dlogp, dentropy].map(|v| tensor(dev, Dtype::F32, v));
    let given = dentropy.len() == dlogp.len();
    let entropy = given.then(|| (entropy.view(), dentropy.view()));
    let targets = ids(dev, targets);
    let to = out.view_mut();
    backward(dev, to, lse.view(), targets.view(), dlogp.view(), entropy).unwrap();
    values_of(dev, &out)
}

const SHAPES: [(usize, usize); 6] = [(1, 1), (3, 5), (2, 64), (5, 333), (2, 9000), (1, 20_001)];

#[test]
fn log_probabilities() {
    for dtype in [Dtype::F32, Dtype::Bf16] {
        for (tokens, vocab) in SHAPES {
            let (logits, targets) = input(dtype, tokens, vocab);
            let found = schedules(dtype, |dev| {
                let logits = tensor(dev, dtype, &logits);
                run(dev, &logits, &targets).map(|tensor| values_of(dev, &tensor)).concat()
            });
            let expected = reference(&wide(&logits), &targets).concat();
            close("logp, entropy, lse", &found, &expected, 1e-5, 5e-6);
        }
    }
}

#[test]
fn gradients() {
    for (dtype, off) in [(Dtype::F32, 2e-5), (Dtype::Bf16, 4e-3)] {
        for (tokens, vocab) in SHAPES {
            let (logits, targets) = input(dtype, tokens, vocab);
            let mut slopes = values(2, 2 * tokens);
            if tokens > 2 {
                (slopes[0], slopes[tokens], slopes[tokens + 1]) = (0.0, 0.0, 0.0);
            }
            for given in [tokens, 2 * tokens] {
                let slopes = &slopes[..given];
                let found = schedules(dtype, |dev| run_back(dev, &logits, &targets, slopes));
                let wide = wide(&logits);
                let [_, entropy, lse] = reference(&wide, &targets);
                let mut expected = Vec::new();
                for (at, row) in wide.chunks(vocab).enumerate() {
                    let dlogp = f64::from(slopes[at]);
                    let dh = slopes.get(tokens + at).map_or(0.0, |v| f64::from(*v));
                    for (i, x) in row.iter().enumerate() {
                        let log = x - lse[at];
                        let here = if i == targets[at] as usize { dlogp } else { 0.0 };
                        expected.push(here - log.exp() * (dlogp + dh * (log + entropy[at])));
                    }
                }
                close("dlogits", &found, &expected, 2e-6, off);
            }
        }
    }
}

#[test]
fn masked_logits_nan_and_targets_that_are_not_there() {
    let (low, nan) = (f32::NEG_INFINITY, f32::NAN);
    let logits = [low, 1.0, low, 1.0, nan, 1.0, 2.0, 3.0, -400.0, 0.0, -400.0, 0.0];
    let logits = [&logits[..], &[1.0; 4], &[nan; 4]].concat();
    let targets = [1, 0, 1, 4, u32::MAX];
    for dtype in [Dtype::F32, Dtype::Bf16] {
        let dev = emulated(SCHEDULES[0], dtype);
        let [logp, entropy, lse] = run(&dev, &tensor(&dev, dtype, &logits), &targets);
        let [logp, entropy, lse] = [logp, entropy, lse].map(|tensor| values_of(&dev, &tensor));
        let half = 2.0f64.ln();
        close("logp", &[logp[0], logp[2]], &[-half, -half], 1e-6, 0.0);
        close("entropy", &[entropy[0], entropy[2]], &[half, half], 1e-6, 0.0);
        assert!(logp[1].is_nan() && entropy[1].is_nan() && lse[1].is_nan());
        assert!(logp[3].is_nan() && logp[4].is_nan());
        close("lse", &lse[3..4], &[1.0 + 4.0f64.ln()], 1e-6, 0.0);
        let slopes = [1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0];
        let back = run_back(&dev, &logits, &targets, &slopes);
        close("dlogits", &back[..4], &[0.0, 0.5, 0.0, -0.5], 1e-6, 0.0);
        assert!(back[4..8].iter().any(|v| v.is_nan()));
        assert!(back[12..16].iter().all(|v| v.is_nan()), "a target that is not there");
        assert_eq!(back[16..], [0.0; 4], "no slopes, whatever the logits");
    }
}
