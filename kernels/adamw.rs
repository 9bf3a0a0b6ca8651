//! One step of AdamW (Loshchilov and Hutter 2019), in the order of `torch.optim.AdamW`:
//!
//! p ← p·(1 - lr·λ); m ← m + (1 - β₁)(g - m); v ← β₂·v + (1 - β₂)·g²;
//! p ← p - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε).

use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::gpu::{self, Gpu, args};
use crate::simd::{Level, fma, multiversion};
use crate::split::{BLOCK, Rows, by_rows};
use crate::tensor::{Dtype, View, ViewMut};
use half::bf16;

/// What a step needs to know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the mean of gradients, β₁.
    pub beta1: f64,
    /// Decay of the mean of squared gradients, β₂.
    pub beta2: f64,
    /// Added to the root, outside it.
    pub eps: f64,
    /// Decoupled weight decay, λ.
    pub weight_decay: f64,
    /// Number of this step, from 1.
    pub step: u64,
    /// Multiplies the gradients first: what clipping by the global norm asks for, 1 for none.
    pub grad_scale: f64,
}

/// Updates `params`, and the moments `m` and `v`, by `grads`. All have the same length.
///
/// # Errors
/// Lengths that differ, step 0, buffers of other types than f32, or bf16 for a card's gradients.
pub fn step(
    dev: &Device,
    params: ViewMut,
    m: ViewMut,
    v: ViewMut,
    grads: View,
    with: &Step,
) -> Result<()> {
    copied(dev, params, None, m, v, grads, None, with)
}

/// The same, and writes the new parameters in bf16 to `copy`, what a model computes with; the
/// gradients are multiplied with the first value of `factor` too, as [`crate::norm::clip`] left it:
/// where that is NaN, nothing changes.
///
/// # Errors
/// As [`step`]; another length or type of `copy`, an empty `factor`.
#[expect(clippy::too_many_arguments, reason = "an op names its buffers one by one")]
pub fn copied(
    dev: &Device,
    params: ViewMut,
    copy: Option<ViewMut>,
    m: ViewMut,
    v: ViewMut,
    grads: View,
    factor: Option<View>,
    with: &Step,
) -> Result<()> {
    length("adamw", "m", m.len(), params.len())?;
    length("adamw", "v", v.len(), params.len())?;
    length("adamw", "grads", grads.len(), params.len())?;
    let copies = copy.as_ref().map_or(params.len(), ViewMut::len);
    length("adamw", "copy", copies, params.len())?;
    check(factor, with)?;
    match dev {
        Device::Gpu(gpu) => card(gpu, (params, copy), (m, v), grads, factor, &Factors::new(with)),
        Device::Cpu(cpu) => {
            let (params, copy) = (params.f32()?, copy.map(ViewMut::bf16).transpose()?);
            let Some(with) = Factors::new(with).times(factor)? else { return Ok(()) };
            host(cpu, params, m.f32()?, v.f32()?, grads.f32()?, &with);
            let pairs = copy.into_iter().flatten().zip(params);
            pairs.for_each(|(copy, p)| *copy = bf16::from_f32(*p));
            Ok(())
        }
    }
}

pub(crate) fn check(factor: Option<View>, with: &Step) -> Result<()> {
    if factor.is_some_and(View::is_empty) {
        return Err(Error::argument("adamw", "a factor of no values"));
    }
    if with.step == 0 {
        return Err(Error::argument("adamw", "steps are counted from 1, not 0"));
    }
    Ok(())
}

fn card(
    gpu: &Gpu,
    (params, copy): (ViewMut, Option<ViewMut>),
    (m, v): (ViewMut, ViewMut),
    grads: View,
    factor: Option<View>,
    with: &Factors,
) -> Result<()> {
    let (grads, params) = (gpu::floats(grads)?, gpu::of(params, Dtype::F32)?);
    let (m, v) = (gpu::of(m, Dtype::F32)?, gpu::of(v, Dtype::F32)?);
    let copy = copy.map(|copy| gpu::of(copy, Dtype::Bf16)).transpose()?;
    let factor = factor.map(|factor| gpu::of(factor, Dtype::F32)).transpose()?;
    let Factors { grad, decay, toward1, beta2, toward2, root, eps, rate } = *with;
    let count = params.len() as u64;
    let arguments: &[_] = args![
        params, copy, m, v, grads, factor, grad, decay, toward1, beta2, toward2, root, eps, rate,
        count
    ];
    let grid = gpu::spread(gpu, params.len(), Dtype::F32);
    gpu.launch("adamw", "adamw", &[grads.dtype()], grid, arguments)
}

/// The factors of the update, computed in double precision as torch does.
#[derive(Clone, Copy)]
pub(crate) struct Factors {
    pub grad: f32,
    pub decay: f32,
    pub toward1: f32,
    pub beta2: f32,
    pub toward2: f32,
    pub root: f32,
    pub eps: f32,
    pub rate: f32,
}

impl Factors {
    pub(crate) fn new(with: &Step) -> Factors {
        let correction = |beta: f64| 1.0 - beta.powf(with.step as f64);
        Factors {
            grad: with.grad_scale as f32,
            decay: (1.0 - with.lr * with.weight_decay) as f32,
            toward1: (1.0 - with.beta1) as f32,
            beta2: with.beta2 as f32,
            toward2: (1.0 - with.beta2) as f32,
            root: correction(with.beta2).sqrt() as f32,
            eps: with.eps as f32,
            rate: -(with.lr / correction(with.beta1)) as f32,
        }
    }

    /// With a factor of the host for the gradients; nothing where it is NaN.
    pub(crate) fn times(mut self, factor: Option<View>) -> Result<Option<Factors>> {
        let Some(factor) = factor else { return Ok(Some(self)) };
        self.grad *= factor.f32()?[0];
        Ok((!self.grad.is_nan()).then_some(self))
    }
}

fn host(cpu: &Cpu, p: &mut [f32], m: &mut [f32], v: &mut [f32], grads: &[f32], with: &Factors) {
    let level = Level::best();
    let out = (Rows::new(p, 1), Rows::new(m, 1), Rows::new(v, 1));
    by_rows(cpu, BLOCK, out, |range, (p, m, v)| update(level, p, m, v, &grads[range], *with));
}

multiversion! {
    fn update<const FMA: bool>(
        p: &mut [f32],
        m: &mut [f32],
        v: &mut [f32],
        grads: &[f32],
        with: Factors,
    ) {
        let moments = m.iter_mut().zip(v);
        for ((p, g), (m, v)) in p.iter_mut().zip(grads).zip(moments) {
            let g = g * with.grad;
            *m = fma::<FMA>(with.toward1, g - *m, *m);
            *v = fma::<FMA>(with.toward2 * g, g, *v * with.beta2);
            let denominator = v.sqrt() / with.root + with.eps;
            *p = fma::<FMA>(with.rate, *m / denominator, *p * with.decay);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::{near, schedules, tensor, values_of};
    use crate::testing::{close, device, same_on_any_threads, values, wide};

    const WITH: Step = Step {
        lr: 0.01,
        beta1: 0.9,
        beta2: 0.99,
        eps: 1e-8,
        weight_decay: 0.1,
        step: 1,
        grad_scale: 0.5,
    };

    /// Ten steps on the gradients of ten seeds, in double precision, from the paper's formulas.
    fn reference(params: &mut [f64], with: &Step) {
        let (mut m, mut v) = (vec![0.0; params.len()], vec![0.0; params.len()]);
        for t in 1..=10 {
            let grads = wide(&values(100 + t, params.len()));
            for i in 0..params.len() {
                let g = grads[i] * with.grad_scale;
                m[i] = with.beta1 * m[i] + (1.0 - with.beta1) * g;
                v[i] = with.beta2 * v[i] + (1.0 - with.beta2) * g * g;
                let mean = m[i] / (1.0 - with.beta1.powi(t as i32));
                let square: f64 = v[i] / (1.0 - with.beta2.powi(t as i32));
                params[i] -= with.lr * with.weight_decay * params[i];
                params[i] -= with.lr * mean / (square.sqrt() + with.eps);
            }
        }
    }

    fn ten_steps(dev: &Device, params: &mut [f32]) {
        let (mut m, mut v) = (vec![0.0; params.len()], vec![0.0; params.len()]);
        for t in 1..=10 {
            let grads = values(100 + t, params.len());
            let (m, v) = (ViewMut::F32(&mut m), ViewMut::F32(&mut v));
            let with = Step { step: t, ..WITH };
            step(dev, ViewMut::F32(params), m, v, View::F32(&grads), &with).unwrap();
        }
    }

    #[test]
    fn parity_over_ten_steps() {
        for n in [1, 16, 37, 1000] {
            let mut params = values(1, n);
            let mut expected = wide(&params);
            ten_steps(&device(), &mut params);
            reference(&mut expected, &WITH);
            close("params", &params, &expected, 1e-6, 1e-6);
        }
    }

    #[test]
    fn a_first_step_by_hand() {
        // m = 0.1·2, v = 0.01·4; corrected 2 and 4: p = 1·(1 - 0.01·0.1) - 0.01·2/2.
        let (mut p, mut m, mut v) = ([1.0], [0.0], [0.0]);
        let views = (ViewMut::F32(&mut p), ViewMut::F32(&mut m), ViewMut::F32(&mut v));
        let with = Step { grad_scale: 1.0, ..WITH };
        step(&device(), views.0, views.1, views.2, View::F32(&[2.0]), &with).unwrap();
        close("p", &p, &[0.989], 1e-7, 0.0);
        close("m and v", &[m[0], v[0]], &[0.2, 0.04], 1e-7, 0.0);
    }

    #[test]
    fn threads() {
        same_on_any_threads(|dev| {
            let mut params = values(1, 40_001);
            ten_steps(dev, &mut params);
            params
        });
    }

    #[test]
    fn nan_stays_where_it_is() {
        let (mut p, mut m, mut v) = ([1.0; 2], [0.0; 2], [0.0; 2]);
        let views = (ViewMut::F32(&mut p), ViewMut::F32(&mut m), ViewMut::F32(&mut v));
        let grads = View::F32(&[f32::NAN, 1.0]);
        step(&device(), views.0, views.1, views.2, grads, &WITH).unwrap();
        assert!(p[0].is_nan() && p[1].is_finite());
    }

    #[test]
    fn lengths_and_the_step_are_checked() {
        let (mut p, mut m, mut v) = ([1.0; 2], [0.0; 2], [0.0; 2]);
        let mut call = |n: usize, with: &Step| {
            let (m, v) = (ViewMut::F32(&mut m[..n]), ViewMut::F32(&mut v));
            step(&device(), ViewMut::F32(&mut p), m, v, View::F32(&[1.0; 2]), with)
        };
        assert!(call(1, &WITH).is_err());
        assert!(call(2, &Step { step: 0, ..WITH }).is_err());
        assert_eq!(p, [1.0; 2]);
    }

    /// Three steps on a part that begins at `first`, the last one with a factor that is NaN.
    fn on_a_part(dev: &Device, grads: Dtype, first: usize, count: usize) -> Vec<f32> {
        let mut params = tensor(dev, Dtype::F32, &values(1, first + count));
        let [mut m, mut v] = [0, 1].map(|_| dev.zeros(Dtype::F32, count).unwrap());
        let mut copy = dev.zeros(Dtype::Bf16, count).unwrap();
        for (t, factor) in [(1, 1.0), (2, 0.5), (3, f32::NAN)] {
            // Gradients lie in a buffer of their own: at times aligned where parameters are not.
            let skipped = if count.is_multiple_of(4) { 0 } else { first };
            let g = tensor(dev, grads, &near(Dtype::Bf16, &values(100 + t, skipped + count)));
            let factor = tensor(dev, Dtype::F32, &[factor, 7.0]);
            let with = Step { step: t, ..WITH };
            let (g, factor) = (g.part(skipped..skipped + count), Some(factor.view()));
            let (to, also) = (params.part_mut(first..first + count), Some(copy.view_mut()));
            copied(dev, to, also, m.view_mut(), v.view_mut(), g, factor, &with).unwrap();
        }
        [params, copy, m, v].map(|tensor| values_of(dev, &tensor)).concat()
    }

    #[test]
    fn cards() {
        for (first, count) in [(0, 1), (0, 5000), (1, 333), (4, 1026), (1, 64)] {
            let host = on_a_part(&device(), Dtype::F32, first, count);
            let (params, rest) = host.split_at(first + count);
            close("copy", &rest[..count], &wide(&params[first..]), 0.0, 4e-3);
            assert_ne!(params[first..], values(1, first + count)[first..]);
            for grads in [Dtype::F32, Dtype::Bf16] {
                let found = schedules(grads, |dev| on_a_part(dev, grads, first, count));
                let (a, b) = (found.split_at(first + count), host.split_at(first + count));
                close("params", a.0, &wide(b.0), 1e-7, 1e-6);
                assert_eq!(
                    a.1[..count],
                    near(Dtype::Bf16, &a.0[first..]),
                    "rounded to the nearest"
                );
                close("m and v", &a.1[count..], &wide(&b.1[count..]), 1e-9, 1e-6);
            }
        }
    }
}
