//! Log-probability of a target token under each row of logits, and the entropy of the row:
//! logp = x at the target - lse, lse = ln Σ eˣ, entropy = lse - Σ p·x, p = e^(x - lse).
//!
//! `logits` is `[T,V]`, `targets` is `[T]` u32, the rest is `[T]`.

use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::gpu::{self, Gpu, Grid, args};
use crate::simd::{EXP_LOW, LANES, Level, exp_below_88, fma, max, multiversion, total};
use crate::split::{Rows, by_rows, rows};
use crate::tensor::{Dtype, View, ViewMut};

/// Logits between two looks at the largest: they stay in the first cache.
const RUN: usize = 2048;

/// Sets `logp`, `entropy` and `lse`. A card reads logits of f32 or bf16, the rest is f32; a target
/// beyond the vocabulary, which it cannot tell, gets a log-probability of NaN there.
///
/// # Errors
/// Lengths that do not fit, a target beyond the vocabulary, buffers of other types.
pub fn forward(
    dev: &Device,
    logp: ViewMut,
    entropy: ViewMut,
    lse: ViewMut,
    logits: View,
    targets: View,
) -> Result<()> {
    let tokens = targets.len();
    length("logprob", "logp", logp.len(), tokens)?;
    length("logprob", "entropy", entropy.len(), tokens)?;
    length("logprob", "lse", lse.len(), tokens)?;
    match dev {
        Device::Gpu(gpu) => forward_card(gpu, (logp, entropy, lse), logits, targets)?,
        Device::Cpu(cpu) => {
            let (targets, vocab) = known(targets, logits.len())?;
            let (logits, level) = (logits.f32()?, Level::best());
            let outputs = (Rows::new(logp.f32()?, 1), Rows::new(entropy.f32()?, 1));
            let outputs = (outputs, Rows::new(lse.f32()?, 1));
            by_rows(cpu, rows(vocab), outputs, |tokens, ((logp, entropy), lse)| {
                for (at, token) in tokens.enumerate() {
                    let row = &logits[token * vocab..][..vocab];
                    (lse[at], entropy[at]) = summary(level, row);
                    logp[at] = row[targets[token] as usize] - lse[at];
                }
            });
        }
    }
    Ok(())
}

/// Turns `logits` into their gradients, in place:
/// p · (-dlogp - dentropy · (x - lse + entropy)), and + dlogp at the target. `entropy` holds the
/// entropies and their gradients. A row whose gradients are 0 becomes 0, whatever its logits. On a
/// card the row of a target beyond the vocabulary becomes NaN otherwise.
///
/// # Errors
/// As [`forward`].
pub fn backward(
    dev: &Device,
    logits: ViewMut,
    lse: View,
    targets: View,
    dlogp: View,
    entropy: Option<(View, View)>,
) -> Result<()> {
    let tokens = targets.len();
    length("logprob", "lse", lse.len(), tokens)?;
    length("logprob", "dlogp", dlogp.len(), tokens)?;
    if let Some((entropy, dentropy)) = entropy {
        length("logprob", "entropy", entropy.len(), tokens)?;
        length("logprob", "dentropy", dentropy.len(), tokens)?;
    }
    match dev {
        Device::Gpu(gpu) => backward_card(gpu, logits, lse, targets, dlogp, entropy)?,
        Device::Cpu(cpu) => {
            let (targets, _) = known(targets, logits.len())?;
            let entropy = entropy.map(|(h, dh)| Ok((h.f32()?, dh.f32()?))).transpose()?;
            backward_host(cpu, logits.f32()?, lse.f32()?, targets, dlogp.f32()?, entropy);
        }
    }
    Ok(())
}

/// V, of which there are `logits` in all.
fn vocabulary(tokens: usize, logits: usize) -> Result<usize> {
    let vocab = logits.checked_div(tokens).unwrap_or(0);
    length("logprob", "logits", logits, tokens * vocab)?;
    Ok(vocab)
}

/// The targets, all below V, and V.
fn known(targets: View<'_>, logits: usize) -> Result<(&[u32], usize)> {
    let targets = targets.u32()?;
    let vocab = vocabulary(targets.len(), logits)?;
    match targets.iter().find(|target| **target as usize >= vocab) {
        Some(target) => {
            let problem = format!("target {target} is not below {vocab}");
            Err(Error::argument("logprob", problem))
        }
        None => Ok((targets, vocab)),
    }
}

fn forward_card(
    gpu: &Gpu,
    (logp, entropy, lse): (ViewMut, ViewMut, ViewMut),
    logits: View,
    targets: View,
) -> Result<()> {
    let (logits, targets) = (gpu::floats(logits)?, gpu::of(targets, Dtype::U32)?);
    let (dtype, tokens) = (logits.dtype(), targets.len());
    let vocab = vocabulary(tokens, logits.len())?;
    let (logp, entropy) = (gpu::of(logp, Dtype::F32)?, gpu::of(entropy, Dtype::F32)?);
    let lse = gpu::of(lse, Dtype::F32)?;
    let arguments = args![logp, entropy, lse, logits, targets, vocab as u32];
    gpu.launch("logprob", "logprob_forward", &[dtype], wide_rows(tokens, vocab, dtype), arguments)
}

fn backward_card(
    gpu: &Gpu,
    logits: ViewMut,
    lse: View,
    targets: View,
    dlogp: View,
    entropy: Option<(View, View)>,
) -> Result<()> {
    let (logits, targets) = (gpu::floats(logits)?, gpu::of(targets, Dtype::U32)?);
    let (dtype, tokens) = (logits.dtype(), targets.len());
    let vocab = vocabulary(tokens, logits.len())?;
    let (lse, dlogp) = (gpu::of(lse, Dtype::F32)?, gpu::of(dlogp, Dtype::F32)?);
    let f32s = |view| gpu::of(view, Dtype::F32);
    let entropy = entropy.map(|(h, dh)| Ok((f32s(h)?, f32s(dh)?))).transpose()?;
    let (h, dh) = entropy.unzip();
    let arguments = args![logits, lse, targets, dlogp, h, dh, vocab as u32];
    gpu.launch("logprob", "logprob_backward", &[dtype], wide_rows(tokens, vocab, dtype), arguments)
}

/// A block a row, of up to 1,024 threads: a row is long.
fn wide_rows(tokens: usize, vocab: usize, dtype: Dtype) -> Grid {
    let threads = (vocab * dtype.bytes()).div_ceil(16).next_multiple_of(32).clamp(32, 1024);
    Grid::row(tokens, threads as u32)
}

fn backward_host(
    cpu: &Cpu,
    logits: &mut [f32],
    lse: &[f32],
    targets: &[u32],
    dlogp: &[f32],
    entropy: Option<(&[f32], &[f32])>,
) {
    let (level, vocab) = (Level::best(), logits.len().checked_div(targets.len()).unwrap_or(0));
    by_rows(cpu, rows(vocab), Rows::new(logits, vocab), |tokens, logits| {
        for (row, token) in logits.chunks_exact_mut(vocab).zip(tokens) {
            let (h, dh) = entropy.map_or((0.0, 0.0), |(h, dh)| (h[token], dh[token]));
            if dlogp[token] == 0.0 && dh == 0.0 {
                row.fill(0.0);
                continue;
            }
            if dh == 0.0 {
                gradient(level, row, lse[token], dlogp[token]);
            } else {
                gradient_with_entropy(level, row, lse[token], dlogp[token], (h, dh));
            }
            row[targets[token] as usize] += dlogp[token];
        }
    });
}

multiversion! {
    /// Logarithm of the sum of eˣ, and entropy, in one pass: the sums are of e^(x - largest) so far
    /// and are scaled down when the largest grows.
    fn summary<const FMA: bool>(row: &[f32]) -> (f32, f32) {
        let (mut peak, mut sum, mut weighted) = (f32::NEG_INFINITY, 0.0, 0.0);
        for run in row.chunks(RUN) {
            let highest = max(run);
            if highest > peak {
                let shift = (peak - highest).max(EXP_LOW);
                let factor = exp_below_88::<FMA>(peak - highest);
                weighted = factor * (weighted + shift * sum);
                sum *= factor;
                peak = highest;
            }
            let (s, w) = sums::<FMA>(run, peak);
            sum += s;
            weighted += w;
        }
        let log = sum.ln();
        (peak + log, log - weighted / sum)
    }
}

/// Σ e^(x - peak) and Σ e^(x - peak) · (x - peak); what underflows counts as 0 in both.
#[inline(always)]
fn sums<const FMA: bool>(run: &[f32], peak: f32) -> (f32, f32) {
    let (mut sums, mut weighted) = ([0.0; LANES], [0.0; LANES]);
    let (blocks, rest) = run.as_chunks::<LANES>();
    for block in blocks {
        for l in 0..LANES {
            let (e, x) = power::<FMA>(block[l] - peak);
            sums[l] += e;
            weighted[l] = fma::<FMA>(e, x, weighted[l]);
        }
    }
    for ((v, sum), weighted) in rest.iter().zip(&mut sums).zip(&mut weighted) {
        let (e, x) = power::<FMA>(*v - peak);
        *sum += e;
        *weighted = fma::<FMA>(e, x, *weighted);
    }
    (total(sums), total(weighted))
}

/// eˣ, and x or what is below all that matters, so that their product is 0 for -inf.
#[inline(always)]
fn power<const FMA: bool>(x: f32) -> (f32, f32) {
    (exp_below_88::<FMA>(x), if x < EXP_LOW { EXP_LOW } else { x })
}

multiversion! {
    fn gradient<const FMA: bool>(row: &mut [f32], lse: f32, dlogp: f32) {
        row.iter_mut().for_each(|x| *x = -dlogp * exp_below_88::<FMA>(*x - lse));
    }
}

multiversion! {
    fn gradient_with_entropy<const FMA: bool>(
        row: &mut [f32],
        lse: f32,
        dlogp: f32,
        entropy: (f32, f32),
    ) {
        let (entropy, dentropy) = entropy;
        for x in row {
            let (p, log) = power::<FMA>(*x - lse);
            *x = p * fma::<FMA>(-dentropy, log + entropy, -dlogp);
        }
    }
}

#[cfg(test)]
#[path = "logprob_card_tests.rs"]
mod card_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, device, differences, project, same_on_any_threads, values, wide};

    const SHAPES: [(usize, usize); 5] = [(1, 1), (3, 5), (2, 64), (5, 333), (2, 5000)];

    /// logp and entropy of all rows, one after the other.
    fn reference(logits: &[f64], targets: &[u32]) -> Vec<f64> {
        let vocab = logits.len() / targets.len();
        let (mut logp, mut entropy) = (Vec::new(), Vec::new());
        for (row, target) in logits.chunks(vocab).zip(targets) {
            let peak = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let lse = peak + row.iter().map(|x| (x - peak).exp()).sum::<f64>().ln();
            logp.push(row[*target as usize] - lse);
            entropy.push(row.iter().map(|x| -(x - lse) * (x - lse).exp()).sum::<f64>());
        }
        [logp, entropy].concat()
    }

    fn input(tokens: usize, vocab: usize) -> (Vec<f32>, Vec<u32>) {
        let logits = values(1, tokens * vocab).into_iter().enumerate().map(|(i, v)| {
            // Rising in places, so that the largest grows from run to run.
            v * 6.0 + (i % vocab) as f32 / 900.0
        });
        (logits.collect(), (0..tokens).map(|t| (t * 7 % vocab) as u32).collect())
    }

    fn run(dev: &Device, logits: &[f32], targets: &[u32]) -> [Vec<f32>; 3] {
        let [mut logp, mut entropy, mut lse] = [0; 3].map(|_| vec![9.0; targets.len()]);
        forward(
            dev,
            ViewMut::F32(&mut logp),
            ViewMut::F32(&mut entropy),
            ViewMut::F32(&mut lse),
            View::F32(logits),
            View::U32(targets),
        )
        .unwrap();
        [logp, entropy, lse]
    }

    fn run_back(dev: &Device, logits: &[f32], targets: &[u32], grads: &[f32]) -> Vec<f32> {
        let [_, entropy, lse] = run(dev, logits, targets);
        let (dlogp, dentropy) = grads.split_at(targets.len());
        let mut out = logits.to_vec();
        let (lse, targets, dlogp) = (View::F32(&lse), View::U32(targets), View::F32(dlogp));
        let entropy = Some((View::F32(&entropy), View::F32(dentropy)));
        backward(dev, ViewMut::F32(&mut out), lse, targets, dlogp, entropy).unwrap();
        out
    }

    #[test]
    fn parity() {
        for (tokens, vocab) in SHAPES {
            let (logits, targets) = input(tokens, vocab);
            let [logp, entropy, _] = run(&device(), &logits, &targets);
            let expected = reference(&wide(&logits), &targets);
            close("logp, entropy", &[logp, entropy].concat(), &expected, 5e-6, 2e-6);
        }
    }

    #[test]
    fn every_level_is_close() {
        let (logits, targets) = input(1, 5000);
        let [_, entropy, lse] = run(&device(), &logits, &targets);
        for level in Level::all() {
            let (l, h) = summary(level, &logits);
            close("lse, entropy", &[l, h], &wide(&[lse[0], entropy[0]]), 2e-6, 1e-6);
        }
    }

    #[test]
    fn gradient_of_both() {
        for (tokens, vocab) in &SHAPES[..4] {
            let (logits, targets) = input(*tokens, *vocab);
            let mut grads = values(2, 2 * tokens);
            if *tokens > 2 {
                (grads[0], grads[*tokens + 1]) = (0.0, 0.0);
            }
            let found = run_back(&device(), &logits, &targets, &grads);
            let scalar = |x: &[f64]| project(&reference(x, &targets), &grads);
            close("dlogits", &found, &differences(&wide(&logits), scalar), 2e-6, 1e-5);
        }
    }

    #[test]
    fn a_row_without_gradients_becomes_zero() {
        let (logits, targets) = input(2, 40);
        let [_, _, lse] = run(&device(), &logits, &targets);
        let mut out = logits.clone();
        let dlogp = View::F32(&[0.0, 1.0]);
        let logits = ViewMut::F32(&mut out);
        backward(&device(), logits, View::F32(&lse), View::U32(&targets), dlogp, None).unwrap();
        assert!(out[..40].iter().all(|v| *v == 0.0));
        assert!(out[40..].iter().sum::<f32>().abs() < 1e-6);
        assert!(out[40 + targets[1] as usize] > 0.0);
    }

    #[test]
    fn threads() {
        let (logits, targets) = input(67, 1001);
        let grads = values(2, 134);
        same_on_any_threads(|dev| {
            let forward = run(dev, &logits, &targets).concat();
            [forward, run_back(dev, &logits, &targets, &grads)].concat()
        });
    }

    #[test]
    fn masked_logits_and_nan() {
        let (low, nan) = (f32::NEG_INFINITY, f32::NAN);
        let logits = [low, 1.0, low, 1.0, nan, 1.0, 2.0, 3.0, -400.0, 0.0, -400.0, 0.0];
        let targets = [1, 0, 1];
        let [logp, entropy, _] = run(&device(), &logits, &targets);
        let half = 2.0f64.ln();
        close("logp", &[logp[0], logp[2]], &[-half, -half], 1e-6, 0.0);
        close("entropy", &[entropy[0], entropy[2]], &[half, half], 1e-6, 0.0);
        assert!(logp[1].is_nan() && entropy[1].is_nan());
        let back = run_back(&device(), &logits, &targets, &[1.0; 6]);
        close("dlogits", &back[..4], &[0.0, 0.5, 0.0, -0.5], 1e-6, 0.0);
        assert!(back[4..8].iter().any(|v| v.is_nan()));
    }

    #[test]
    fn targets_and_lengths_are_checked() {
        let [mut logp, mut entropy, mut lse] = [[7.0; 2]; 3];
        let mut call = |logits: &[f32], targets: &[u32]| {
            let (a, b) = (ViewMut::F32(&mut logp), ViewMut::F32(&mut entropy));
            let c = ViewMut::F32(&mut lse);
            forward(&device(), a, b, c, View::F32(logits), View::U32(targets))
        };
        let error = call(&[0.0; 8], &[3, 4]).unwrap_err().to_string();
        assert_eq!(error, "logprob: target 4 is not below 4");
        assert!(call(&[0.0; 7], &[0, 1]).is_err());
        assert!(call(&[], &[0, 1]).is_err());
        assert!(call(&[0.0; 6], &[0, 1, 1]).is_err());
        assert_eq!((logp, entropy, lse), ([7.0; 2], [7.0; 2], [7.0; 2]));
    }
}
