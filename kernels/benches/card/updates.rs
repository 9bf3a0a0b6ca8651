//! What is between log-probabilities and new weights: ratios, losses, advantages, norms, AdamW.

use heedful_kernels::{
    Dtype, Result, Tensor, adamw, adamw8, advantage, copy, likelihood, norm, ratio, sums, surrogate,
};

use crate::dims::Dims;
use crate::op::{Op, Work};
use crate::side::Side;

/// All of them with their names.
pub(crate) const OPS: [(&str, crate::op::Make<Dims>); 12] = [
    ("likelihood::backward", likelihoods),
    ("ratio::tokens", ratios),
    ("ratio::sequences", means),
    ("surrogate::accumulate", clipped),
    ("surrogate::entropy", entropies),
    ("advantage::group, deviation", deviation),
    ("advantage::group, leave one out", one_out),
    ("norm::global", global),
    ("norm::clip", clip),
    ("adamw::step", adam),
    ("adamw::copied", adam_copied),
    ("adamw8::step", adam8),
];

fn likelihoods(on: Side, d: &Dims) -> Result<Op> {
    let n = d.tokens;
    let held = [on.out_whole(n)?, on.words(&[0; 2])?, on.whole(1, n)?, on.positive(2, n)?];
    Ok(Op::telling(Work::Bytes(12 * n), &["dlogp"], held, move |dev, held| {
        let [dlogp, loss, logp, weights] = held;
        copy::write_u32(dev, loss.view_mut(), &[0; 2])?;
        let (dlogp, sum, logp) = (dlogp.view_mut(), loss.view_mut(), logp.view());
        likelihood::backward(dev, dlogp, sum, logp, weights.view(), n as f64)?;
        sums::read(dev, loss.view())
    }))
}

fn ratios(on: Side, d: &Dims) -> Result<Op> {
    let n = d.tokens;
    let held = [on.out_whole(n)?, on.whole(1, n)?, on.whole(2, n)?];
    Ok(Op::new(Work::Bytes(12 * n), &["out"], held, |dev, [out, logp, old]| {
        ratio::tokens(dev, out.view_mut(), logp.view(), old.view())
    }))
}

fn means(on: Side, d: &Dims) -> Result<Op> {
    let n = d.tokens;
    let starts: Vec<u32> = (0..n).step_by(11).map(|at| at as u32).chain([n as u32]).collect();
    let held = [on.out_whole(n)?, on.whole(1, n)?, on.whole(2, n)?, on.words(&starts)?];
    Ok(Op::new(Work::Bytes(12 * n), &["out"], held, |dev, [out, logp, old, starts]| {
        ratio::sequences(dev, out.view_mut(), logp.view(), old.view(), starts.view())
    }))
}

fn entropies(on: Side, d: &Dims) -> Result<Op> {
    let n = d.tokens;
    let [slopes, totals] = [on.out_whole(n)?, on.words(&ZEROS)?];
    let held = [slopes, totals, on.positive(1, n)?, on.positive(2, n)?];
    Ok(Op::telling(Work::Bytes(12 * n), &["dentropy"], held, |dev, held| {
        let [slopes, totals, entropy, weight] = held;
        copy::write_u32(dev, totals.view_mut(), &ZEROS)?;
        let (slopes, sums, entropy) = (slopes.view_mut(), totals.view_mut(), entropy.view());
        surrogate::entropy(dev, slopes, sums, entropy, weight.view(), 0.01)?;
        sums::read(dev, totals.view())
    }))
}

/// Sums of a surrogate before a call.
const ZEROS: [u32; sums::words(surrogate::KINDS)] = [0; sums::words(surrogate::KINDS)];

fn clipped(on: Side, d: &Dims) -> Result<Op> {
    let n = d.tokens;
    let [dlogp, totals] = [on.out_whole(n)?, on.words(&ZEROS)?];
    let [logp, ratio, reference] = [on.whole(1, n)?, on.whole(2, n)?, on.whole(3, n)?];
    let [advantage, weight] = [on.whole(4, n)?, on.positive(5, n)?];
    let held = [dlogp, totals, logp, ratio, reference, advantage, weight];
    let settings = surrogate::Settings { low: 0.2, high: 0.28, penalty: 0.05 };
    Ok(Op::telling(Work::Bytes(24 * n), &["dlogp"], held, move |dev, held| {
        let [dlogp, totals, logp, ratio, reference, advantage, weight] = held;
        let tokens = surrogate::Tokens {
            logp: logp.view(),
            log_ratio: ratio.view(),
            reference: Some(reference.view()),
            advantage: advantage.view(),
            weight: weight.view(),
        };
        copy::write_u32(dev, totals.view_mut(), &ZEROS)?;
        surrogate::accumulate(dev, dlogp.view_mut(), totals.view_mut(), tokens, settings)?;
        sums::read(dev, totals.view())
    }))
}

fn deviation(on: Side, d: &Dims) -> Result<Op> {
    grouped(on, d, advantage::Baseline::Mean, advantage::Scale::Deviation(1e-4))
}

fn one_out(on: Side, d: &Dims) -> Result<Op> {
    grouped(on, d, advantage::Baseline::LeaveOneOut, advantage::Scale::One)
}

fn grouped(
    on: Side,
    d: &Dims,
    baseline: advantage::Baseline,
    scale: advantage::Scale,
) -> Result<Op> {
    let (groups, size) = (d.tokens / 3, 7);
    let held = [on.out_whole(groups * size)?, on.whole(1, groups * size)?];
    let work = Work::Bytes(8 * groups * size);
    Ok(Op::telling(work, &["out"], held, move |dev, [out, rewards]| {
        let told = advantage::group(dev, out.view_mut(), rewards.view(), size, baseline, scale)?;
        Ok(vec![told as f64])
    }))
}

fn global(on: Side, d: &Dims) -> Result<Op> {
    let n = d.params;
    let partial = on.dev.zeros(Dtype::U32, norm::scratch(n))?;
    Ok(Op::telling(Work::Bytes(4 * n), &[], [partial, on.whole(1, n)?], |dev, [partial, grads]| {
        Ok(vec![norm::global(dev, partial.view_mut(), grads.view())?])
    }))
}

fn clip(on: Side, d: &Dims) -> Result<Op> {
    let n = d.params;
    let partial = on.dev.zeros(Dtype::U32, norm::scratch(n))?;
    let held = [on.out_whole(2)?, partial, on.whole(1, n)?];
    Ok(Op::new(Work::Bytes(4 * n), &["factor"], held, |dev, [factor, partial, grads]| {
        norm::clip(dev, factor.view_mut(), partial.view_mut(), grads.view(), Some(1.0))
    }))
}

const STEP: adamw::Step = adamw::Step {
    lr: 1e-3,
    beta1: 0.9,
    beta2: 0.999,
    eps: 1e-8,
    weight_decay: 0.1,
    step: 3,
    grad_scale: 0.7,
};

/// Parameters in f32, both moments and a gradient.
fn moments(on: Side, n: usize) -> Result<[Tensor; 4]> {
    Ok([on.whole(1, n)?, on.whole(2, n)?, on.positive(3, n)?, on.whole(4, n)?])
}

fn adam(on: Side, d: &Dims) -> Result<Op> {
    let n = d.params;
    Ok(Op::new(Work::Bytes(28 * n), &["p", "m", "v"], moments(on, n)?, |dev, [p, m, v, grads]| {
        adamw::step(dev, p.view_mut(), m.view_mut(), v.view_mut(), grads.view(), &STEP)
    }))
}

fn adam_copied(on: Side, d: &Dims) -> Result<Op> {
    let n = d.params;
    let [p, m, v, grads] = moments(on, n)?;
    let held = [p, on.rounded_out(n)?, m, v, grads, on.all(0.5, 1)?];
    let written = &["p", "copy", "m", "v"];
    Ok(Op::new(Work::Bytes(30 * n), written, held, |dev, [p, copy, m, v, grads, factor]| {
        let (p, copy, m, v) = (p.view_mut(), Some(copy.view_mut()), m.view_mut(), v.view_mut());
        adamw::copied(dev, p, copy, m, v, grads.view(), Some(factor.view()), &STEP)
    }))
}

/// The first step: moments are 0. What is compared are the weights that a model reads, and scales.
fn adam8(on: Side, d: &Dims) -> Result<Op> {
    let n = d.params;
    let [params, scales] = [on.rounded(1, n)?, on.dev.zeros(Dtype::F32, adamw8::scales(n))?];
    let bytes = || on.dev.zeros(Dtype::U8, n);
    let [residual, m, v] = [bytes()?, bytes()?, bytes()?];
    let held = [params, scales, residual, m, v, on.rounded(2, n)?];
    let written = &["params", "scales"];
    Ok(Op::new(
        Work::Bytes(12 * n),
        written,
        held,
        |dev, [params, scales, residual, m, v, grads]| {
            let state = adamw8::State {
                residual: residual.view_mut(),
                m: m.view_mut(),
                v: v.view_mut(),
                scales: scales.view_mut(),
            };
            adamw8::step(dev, params.view_mut(), state, grads.view(), None, &STEP)
        },
    ))
}
