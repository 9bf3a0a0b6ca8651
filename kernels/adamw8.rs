//! One step of AdamW in seven bytes a parameter: a weight of bf16 and 8 bits more, both moments in
//! 8 bits, a gradient of bf16. The formulas are those of [`crate::adamw`].
//!
//! - A weight is the upper 24 bits of a 32-bit float: its bf16, rounded to the nearest, and one
//!   signed byte that says where between two of bf16's values it lies. So it has 16 bits of
//!   precision, and what the model reads is the bf16 alone.
//! - Moments are kept by blocks of 256 with two scales of f32, the largest of the block being 1.875
//!   times its scale. A mean is a small float of 1 sign, 4 exponent and 3 mantissa bits: from 2⁻¹⁷
//!   of the scale on, in even steps below 2⁻¹⁴. A mean square is one of 5 exponent and 3 mantissa
//!   bits, from 2⁻³¹ on; a smaller one is kept as that, never as 0, since steps divide by its root.
//!   Two codes lie 1/16 to 1/8 of their value apart.
//! - What lies between two codes, and between two weights, becomes the one or the other by chance,
//!   so that its expectation is right: moments that change by a thousandth a step would never leave
//!   a code by rounding to the nearest. The chance comes from the step and the place alone.

use half::bf16;

use crate::adamw::{Factors, Step, check};
use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::gpu::{self, Gpu, Grid, args};
use crate::split::{Rows, by_rows};
use crate::tensor::{Dtype, View, ViewMut};

/// Parameters that share their moments' scales.
pub const BLOCK: usize = 256;

/// Scales that so many parameters need: two a block.
pub const fn scales(params: usize) -> usize {
    2 * params.div_ceil(BLOCK)
}

/// What is kept of N parameters between steps. Zeros are the state before the first step, of
/// weights that are bf16 to the bit. Blocks count from the first value.
#[derive(Debug)]
pub struct State<'a> {
    /// `[N]` u8: what the weights have beyond bf16.
    pub residual: ViewMut<'a>,
    /// `[N]` u8: mean of gradients.
    pub m: ViewMut<'a>,
    /// `[N]` u8: mean of squared gradients.
    pub v: ViewMut<'a>,
    /// [`scales`] of f32: of the mean, then of the mean square, block by block.
    pub scales: ViewMut<'a>,
}

/// Updates `params`, bf16, and their state by `grads`, f32 or bf16, which are multiplied with the
/// first value of `factor` too, as [`crate::norm::clip`] left it: where that is NaN, nothing
/// changes.
///
/// # Errors
/// Lengths that do not fit, step 0, buffers of other types, an empty `factor`.
pub fn step(
    dev: &Device,
    params: ViewMut,
    state: State,
    grads: View,
    factor: Option<View>,
    with: &Step,
) -> Result<()> {
    const OP: &str = "adamw8";
    let count = params.len();
    length(OP, "residual", state.residual.len(), count)?;
    length(OP, "m", state.m.len(), count)?;
    length(OP, "v", state.v.len(), count)?;
    length(OP, "scales", state.scales.len(), scales(count))?;
    length(OP, "grads", grads.len(), count)?;
    check(factor, with)?;
    let mut factors = Factors::new(with);
    factors.root = 1.0 / factors.root;
    let seed = mixed(with.step as u32, with.step >> 32);
    match dev {
        Device::Gpu(gpu) => card(gpu, params, state, grads, factor, &factors, seed),
        Device::Cpu(cpu) => {
            let Some(factors) = factors.times(factor)? else { return Ok(()) };
            let state = Host {
                params: params.bf16()?,
                residual: bytes(state.residual)?,
                m: bytes(state.m)?,
                v: bytes(state.v)?,
                scales: state.scales.f32()?,
            };
            match grads {
                View::Bf16(grads) => state.step(cpu, |at| grads[at].to_f32(), &factors, seed),
                grads => {
                    let grads = grads.f32()?;
                    state.step(cpu, |at| grads[at], &factors, seed);
                }
            }
            Ok(())
        }
    }
}

/// A weight as bf16 and the byte beyond, each the nearest: as accurate as this state can be.
pub fn split(weight: f32) -> (bf16, u8) {
    let exact = if weight.is_finite() { 128 } else { 0 };
    cut(weight, exact)
}

/// The weight that bf16 and the byte beyond it are.
pub fn join(weight: bf16, residual: u8) -> f32 {
    let beyond = i32::from(residual as i8) << 8;
    f32::from_bits((u32::from(weight.to_bits()) << 16).wrapping_add_signed(beyond))
}

/// The upper 24 bits of a weight to which `chance`, below 256, was added in the last place.
fn cut(weight: f32, chance: u32) -> (bf16, u8) {
    let bits = if weight.is_nan() { f32::NAN.to_bits() } else { weight.to_bits() + chance };
    let high = (((bits >> 8) + 128) >> 8) as u16;
    (bf16::from_bits(high), (bits >> 8) as u8)
}

/// Well mixed bits of a step and a place.
fn mixed(seed: u32, at: u64) -> u32 {
    let mut x = (at as u32).wrapping_mul(0x9e37_79b1);
    x ^= seed ^ ((at >> 32) as u32).wrapping_mul(0x85eb_ca77);
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

fn rounded(ratio: f32, random: u32) -> u32 {
    (ratio.to_bits() + (random << 8) + 128) >> 20
}

fn mean_of(code: u8, scale: f32) -> f32 {
    let size = u32::from(code & 127);
    let value = match size {
        0 => 0.0,
        1..8 => size as f32 * TINY * scale,
        _ => f32::from_bits((size + 896) << 20) * scale,
    };
    if code & 128 != 0 { -value } else { value }
}

/// 2⁻¹⁷, the smallest mean that has a code.
const TINY: f32 = 1.0 / 131_072.0;

fn code_of_mean(mean: f32, inverse: f32, random: u32) -> u8 {
    let ratio = mean.abs() * inverse;
    let code = if ratio < 8.0 * TINY {
        (ratio / TINY + random as f32 / 4096.0) as u32
    } else {
        rounded(ratio, random).saturating_sub(896)
    };
    code.min(127) as u8 | ((mean.to_bits() >> 31) << 7) as u8
}

fn square_of(code: u8, scale: f32) -> f32 {
    if code == 0 { 0.0 } else { f32::from_bits((u32::from(code) + 768) << 20) * scale }
}

fn code_of_square(square: f32, inverse: f32, random: u32) -> u8 {
    let code = rounded(square * inverse, random).saturating_sub(768);
    if square == 0.0 { 0 } else { code.clamp(1, 255) as u8 }
}

/// A block's scale and the inverse of it; nothing for hardly any.
fn scales_of(largest: f32) -> (f32, f32) {
    if largest >= 1e-36 { (largest / 1.875, 1.875 / largest) } else { (0.0, 0.0) }
}

struct Host<'a> {
    params: &'a mut [bf16],
    residual: &'a mut [u8],
    m: &'a mut [u8],
    v: &'a mut [u8],
    scales: &'a mut [f32],
}

impl Host<'_> {
    fn step(self, cpu: &Cpu, grads: impl Fn(usize) -> f32 + Sync, with: &Factors, seed: u32) {
        let whole = self.params.len() / BLOCK;
        let (params, last) = self.params.split_at_mut(whole * BLOCK);
        let (residual, last_residual) = self.residual.split_at_mut(whole * BLOCK);
        let (m, last_m) = self.m.split_at_mut(whole * BLOCK);
        let (v, last_v) = self.v.split_at_mut(whole * BLOCK);
        let (scales, last_scales) = self.scales.split_at_mut(whole * 2);
        let weights = (Rows::new(params, BLOCK), Rows::new(residual, BLOCK));
        let moments = (Rows::new(m, BLOCK), Rows::new(v, BLOCK), Rows::new(scales, 2));
        by_rows(cpu, 64, (weights, moments), |range, ((params, residual), (m, v, scales))| {
            for (at, block) in range.enumerate() {
                let inside = at * BLOCK..(at + 1) * BLOCK;
                let part = Host {
                    params: &mut params[inside.clone()],
                    residual: &mut residual[inside.clone()],
                    m: &mut m[inside.clone()],
                    v: &mut v[inside],
                    scales: &mut scales[2 * at..2 * at + 2],
                };
                part.block(block * BLOCK, &grads, with, seed);
            }
        });
        if !last.is_empty() {
            let part = Host {
                params: last,
                residual: last_residual,
                m: last_m,
                v: last_v,
                scales: last_scales,
            };
            part.block(whole * BLOCK, &grads, with, seed);
        }
    }

    /// A block whose first value is the one at `first` of all.
    fn block(self, first: usize, grads: &impl Fn(usize) -> f32, with: &Factors, seed: u32) {
        let (mut means, mut squares, mut weights) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let (mut largest, mut largest_square) = (0.0f32, 0.0f32);
        for at in 0..self.params.len() {
            let grad = grads(first + at) * with.grad;
            let mean = mean_of(self.m[at], self.scales[0]);
            let mean = with.toward1.mul_add(grad - mean, mean);
            let square = square_of(self.v[at], self.scales[1]) * with.beta2;
            let square = (with.toward2 * grad).mul_add(grad, square);
            let denominator = square.sqrt().mul_add(with.root, with.eps);
            let weight = join(self.params[at], self.residual[at]) * with.decay;
            weights[at] = with.rate.mul_add(mean / denominator, weight);
            (largest, largest_square) = (largest.max(mean.abs()), largest_square.max(square));
            (means[at], squares[at]) = (mean, square);
        }
        let (by_mean, by_square) = (scales_of(largest), scales_of(largest_square));
        (self.scales[0], self.scales[1]) = (by_mean.0, by_square.0);
        for at in 0..self.params.len() {
            let random = mixed(seed, (first + at) as u64);
            self.m[at] = code_of_mean(means[at], by_mean.1, random >> 8 & 0xfff);
            self.v[at] = code_of_square(squares[at], by_square.1, random >> 20);
            (self.params[at], self.residual[at]) = cut(weights[at], random & 255);
        }
    }
}

fn bytes(view: ViewMut<'_>) -> Result<&mut [u8]> {
    match view {
        ViewMut::U8(values) => Ok(values),
        other => Err(Error::Dtype { found: other.read().dtype(), expected: Dtype::U8 }),
    }
}

fn card(
    gpu: &Gpu,
    params: ViewMut,
    state: State,
    grads: View,
    factor: Option<View>,
    with: &Factors,
    seed: u32,
) -> Result<()> {
    let (params, grads) = (gpu::of(params, Dtype::Bf16)?, gpu::floats(grads)?);
    let residual = gpu::of(state.residual, Dtype::U8)?;
    let (m, v) = (gpu::of(state.m, Dtype::U8)?, gpu::of(state.v, Dtype::U8)?);
    let scales = gpu::of(state.scales, Dtype::F32)?;
    let factor = factor.map(|factor| gpu::of(factor, Dtype::F32)).transpose()?;
    let Factors { grad, decay, toward1, beta2, toward2, root, eps, rate } = *with;
    let count = params.len() as u64;
    let arguments: &[_] = args![
        params, residual, m, v, scales, grads, factor, grad, decay, toward1, beta2, toward2, root,
        eps, rate, seed, count
    ];
    let most = gpu.facts().processors as usize * 16;
    let grid = Grid::row(params.len().div_ceil(8 * BLOCK).min(most), 256);
    gpu.launch("adamw8", "adamw8", &[grads.dtype()], grid, arguments)
}

#[cfg(test)]
#[path = "adamw8_tests.rs"]
mod tests;
