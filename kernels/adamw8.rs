//! One step of AdamW in seven bytes a parameter: a weight of bf16 and 8 bits more, both moments in
//! 8 bits, a gradient of bf16. The formulas are those of [`crate::adamw`].
//!
//! - A weight is the upper 24 bits of a 32-bit float: its bf16, rounded to the nearest, and one
//!   signed byte that says where between two of bf16's values it lies. So it has 16 bits of
//!   precision, and what the model reads is the bf16 alone.
//! - Moments are kept by blocks of 256 with two scales of f32, a bit more than half of what is the
//!   largest of the block. A mean is a small float of 1 sign, 4 exponent and 3 mantissa bits: from
//!   2⁻¹⁷ of the scale on, in even steps below 2⁻¹⁴. A mean square has 8 bits of exponent and
//!   mantissa, of the latter as many as the smallest of the block allows: 5 where that is 2⁻⁷ of
//!   the largest or more, 4 from 2⁻¹⁵ on, else 3; the two lowest bits of the scale say which. Below
//!   2⁻³¹ it is kept as that, never as 0, since steps divide by its root.
//! - What lies between two codes, and between two weights, becomes the one or the other by chance,
//!   so that its expectation is right: moments that change by a thousandth a step would never leave
//!   a code by rounding to the nearest. The chance comes from the step and the place alone. That of
//!   weights and mean squares goes on from step to step by the golden ratio, so that what is added
//!   too much is soon taken back; that of means is new each step, else they come out too small.
//!
//! After 500 steps at a rate of 1e-6 the cosine to what f32 does is 0.9996 where gradients of a
//! block differ by 4, 0.9992 where they differ by 64. What is missing is for the most part the
//! rounding of mean squares.

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
    let chance = Chance::new(with.step);
    match dev {
        Device::Gpu(gpu) => card(gpu, params, state, grads, factor, &factors, chance),
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
                View::Bf16(grads) => state.step(cpu, |at| grads[at].to_f32(), &factors, chance),
                grads => {
                    let grads = grads.f32()?;
                    state.step(cpu, |at| grads[at], &factors, chance);
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

/// What the chances of a step are made from.
#[derive(Debug, Clone, Copy)]
struct Chance {
    /// Well mixed bits of the step.
    seed: u32,
    /// The lower bits of its number.
    turn: u32,
}

impl Chance {
    fn new(step: u64) -> Chance {
        Chance { seed: mixed(step as u32, step >> 32), turn: step as u32 }
    }

    /// Of a place's weight, below 256, and of its mean and its mean square, below 4096.
    fn at(self, at: u64) -> [u32; 3] {
        let own = mixed(0, at);
        let weight = own.wrapping_add(self.turn.wrapping_mul(159)) & 255;
        let square = (own >> 8).wrapping_add(self.turn.wrapping_mul(2531)) & 4095;
        [weight, (own ^ self.seed).wrapping_mul(0x846c_a68b) >> 20, square]
    }
}

/// The upper bits of a ratio, `bits` of its mantissa among them; twelve random bits decide between
/// the two nearest.
fn rounded(ratio: f32, random: u32, bits: u32) -> u32 {
    (ratio.to_bits() + ((2 * random + 1) << (10 - bits))) >> (23 - bits)
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
        rounded(ratio, random, 3).saturating_sub(896)
    };
    code.min(127) as u8 | ((mean.to_bits() >> 31) << 7) as u8
}

/// Bits of mantissa that a scale says its mean squares have, and what is below their code 0.
fn fineness(scale: f32) -> (u32, u32) {
    let bits = 3 + (scale.to_bits() & 3);
    (bits, (128 << bits) - 256)
}

fn square_of(code: u8, scale: f32) -> f32 {
    let (bits, below) = fineness(scale);
    if code == 0 { 0.0 } else { f32::from_bits((u32::from(code) + below) << (23 - bits)) * scale }
}

fn code_of_square(square: f32, (scale, inverse): (f32, f32), random: u32) -> u8 {
    let (bits, below) = fineness(scale);
    let code = rounded(square * inverse, random, bits).saturating_sub(below);
    if square == 0.0 { 0 } else { code.clamp(1, 255) as u8 }
}

/// A scale of means and the inverse of it; nothing for hardly any.
fn scales_of(largest: f32) -> (f32, f32) {
    if largest >= 1e-36 { (largest / 1.875, 1.875 / largest) } else { (0.0, 0.0) }
}

/// A scale of mean squares and the inverse of it, by the largest and the smallest above 0.
fn scales_of_squares(largest: f32, least: f32) -> (f32, f32) {
    if largest < 1e-36 {
        return (0.0, 0.0);
    }
    // Nothing is as fine where the largest is infinite: their ratio is 0, or no number.
    let ratio = least / largest;
    let (finer, top) = match () {
        () if ratio >= 1.0 / 128.0 => (2, 1.968_75),
        () if ratio >= 1.0 / 32_768.0 => (1, 1.937_5),
        () => (0, 1.875),
    };
    let scale = f32::from_bits((largest / top).to_bits() & !3 | finer);
    (scale, 1.0 / scale)
}

struct Host<'a> {
    params: &'a mut [bf16],
    residual: &'a mut [u8],
    m: &'a mut [u8],
    v: &'a mut [u8],
    scales: &'a mut [f32],
}

impl Host<'_> {
    fn step(self, cpu: &Cpu, grads: impl Fn(usize) -> f32 + Sync, with: &Factors, chance: Chance) {
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
                part.block(block * BLOCK, &grads, with, chance);
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
            part.block(whole * BLOCK, &grads, with, chance);
        }
    }

    /// A block whose first value is the one at `first` of all.
    fn block(self, first: usize, grads: &impl Fn(usize) -> f32, with: &Factors, chance: Chance) {
        let (mut means, mut squares, mut weights) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let (mut largest, mut largest_square, mut least_square) = (0.0f32, 0.0f32, f32::INFINITY);
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
            if square > 0.0 {
                least_square = least_square.min(square);
            }
            (means[at], squares[at]) = (mean, square);
        }
        let by_mean = scales_of(largest);
        let by_square = scales_of_squares(largest_square, least_square);
        (self.scales[0], self.scales[1]) = (by_mean.0, by_square.0);
        for at in 0..self.params.len() {
            let [of_weight, of_mean, of_square] = chance.at((first + at) as u64);
            self.m[at] = code_of_mean(means[at], by_mean.1, of_mean);
            self.v[at] = code_of_square(squares[at], by_square, of_square);
            (self.params[at], self.residual[at]) = cut(weights[at], of_weight);
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
    chance: Chance,
) -> Result<()> {
    let (params, grads) = (gpu::of(params, Dtype::Bf16)?, gpu::floats(grads)?);
    let residual = gpu::of(state.residual, Dtype::U8)?;
    let (m, v) = (gpu::of(state.m, Dtype::U8)?, gpu::of(state.v, Dtype::U8)?);
    let scales = gpu::of(state.scales, Dtype::F32)?;
    let factor = factor.map(|factor| gpu::of(factor, Dtype::F32)).transpose()?;
    let Factors { grad, decay, toward1, beta2, toward2, root, eps, rate } = *with;
    let Chance { seed, turn } = chance;
    let count = params.len() as u64;
    let arguments: &[_] = args![
        params, residual, m, v, scales, grads, factor, grad, decay, toward1, beta2, toward2, root,
        eps, rate, seed, turn, count
    ];
    let most = gpu.facts().processors as usize * 16;
    let grid = Grid::row(params.len().div_ceil(8 * BLOCK).min(most), 256);
    gpu.launch("adamw8", "adamw8", &[grads.dtype()], grid, arguments)
}

#[cfg(test)]
#[path = "adamw8_tests.rs"]
mod tests;
