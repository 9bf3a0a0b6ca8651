//! Rotary position embedding: the table of cosines and sines (Su et al. 2021), in single precision
//! step by step as transformers computes it (`modeling_rope_utils`), and the rotation of one head.
//!
//! Pairs are half-split: value i of a head turns with value i + D/2, by position · θ^(-2i/D).

use crate::copy::write_f32;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::tensor::{Dtype, Tensor};

/// Most values of a table: 2²⁸ is a gigabyte, and 2 million positions of heads of 256.
const LIMIT: usize = 1 << 28;

/// Widest head.
const WIDEST: usize = 1 << 16;

/// What the frequencies are made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frequencies {
    /// Width of a head, D; even.
    pub head_dim: usize,
    /// Base, θ.
    pub theta: f64,
    /// How they are stretched.
    pub scaling: Scaling,
}

/// How frequencies are stretched beyond the context of the first training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scaling {
    /// Not at all.
    None,
    /// All frequencies divided by this factor.
    Linear(f64),
    /// Llama 3: low frequencies divided, high ones kept, those between blended.
    Llama3 {
        /// Division of the low frequencies.
        factor: f64,
        /// Wavelengths above context / this are divided.
        low: f64,
        /// Wavelengths below context / this are kept.
        high: f64,
        /// The context of the first training.
        context: f64,
    },
}

/// Cosines and sines of every position and pair, `[positions,D/2]` each.
#[derive(Debug)]
pub struct Table {
    pub(crate) cos: Tensor,
    pub(crate) sin: Tensor,
    head_dim: usize,
    positions: usize,
}

impl Table {
    /// The table of positions 0 to `positions` - 1.
    ///
    /// # Errors
    /// A head width of 0 or odd; a base or a factor that is not positive and finite; so many
    /// positions that the table would not fit; no memory on the card.
    pub fn new(dev: &Device, frequencies: &Frequencies, positions: usize) -> Result<Table> {
        let half = frequencies.head_dim / 2;
        let inverse = inverse(frequencies, positions)?;
        let (mut cos, mut sin) = (vec![0.0; positions * half], vec![0.0; positions * half]);
        let rows = cos.chunks_exact_mut(half).zip(sin.chunks_exact_mut(half));
        for (position, (cos, sin)) in rows.enumerate() {
            for ((cos, sin), frequency) in cos.iter_mut().zip(sin).zip(&inverse) {
                let (s, c) = f64::from(position as f32 * frequency).sin_cos();
                (*cos, *sin) = (c as f32, s as f32);
            }
        }
        let head_dim = frequencies.head_dim;
        Ok(Table { cos: moved(dev, cos)?, sin: moved(dev, sin)?, head_dim, positions })
    }

    /// Width of the heads that it turns.
    pub fn head_dim(&self) -> usize {
        self.head_dim
    }

    /// Positions that it holds.
    pub fn positions(&self) -> usize {
        self.positions
    }
}

/// A buffer of the device with these values.
fn moved(dev: &Device, values: Vec<f32>) -> Result<Tensor> {
    match dev {
        Device::Cpu(_) => Ok(Tensor::from_f32(values)),
        Device::Gpu(gpu) => {
            let mut buffer = Tensor::on_card(gpu.zeros(Dtype::F32, values.len())?);
            write_f32(dev, buffer.view_mut(), &values)?;
            Ok(buffer)
        }
    }
}

/// The D/2 angles of a step of one position.
fn inverse(frequencies: &Frequencies, positions: usize) -> Result<Vec<f32>> {
    let Frequencies { head_dim, theta, scaling } = *frequencies;
    if head_dim == 0 || !head_dim.is_multiple_of(2) {
        return Err(Error::argument("rope", format!("head width {head_dim} is not even")));
    }
    if head_dim > WIDEST {
        return Err(Error::argument("rope", format!("head width {head_dim} is above {WIDEST}")));
    }
    if positions.checked_mul(head_dim / 2).is_none_or(|n| n > LIMIT) {
        let problem = format!("{positions} positions of heads of {head_dim} are too many");
        return Err(Error::argument("rope", problem));
    }
    let factors = match scaling {
        Scaling::None => [theta, 1.0, 1.0, 1.0, 1.0],
        Scaling::Linear(factor) => [theta, factor, 1.0, 1.0, 1.0],
        Scaling::Llama3 { factor, low, high, context } => [theta, factor, low, high, context],
    };
    if let Some(bad) = factors.iter().find(|v| !(v.is_finite() && **v > 0.0)) {
        let problem = format!("{bad} is no base or factor of {frequencies:?}");
        return Err(Error::argument("rope", problem));
    }
    if matches!(scaling, Scaling::Llama3 { low, high, .. } if low >= high) {
        return Err(Error::argument("rope", format!("low is not below high in {scaling:?}")));
    }
    let plain = (0..head_dim / 2).map(|i| {
        let exponent = (2 * i) as f32 / head_dim as f32;
        1.0 / theta.powf(f64::from(exponent)) as f32
    });
    Ok(plain.map(|frequency| stretched(frequency, scaling)).collect())
}

fn stretched(frequency: f32, scaling: Scaling) -> f32 {
    match scaling {
        Scaling::None => frequency,
        Scaling::Linear(factor) => frequency / factor as f32,
        Scaling::Llama3 { factor, low, high, context } => {
            let wavelength = (2.0 * std::f64::consts::PI) as f32 / frequency;
            let divided = frequency / factor as f32;
            if wavelength > (context / low) as f32 {
                divided
            } else if wavelength < (context / high) as f32 {
                frequency
            } else {
                let smooth = (context as f32 / wavelength - low as f32) / (high - low) as f32;
                (1.0 - smooth) * frequency / factor as f32 + smooth * frequency
            }
        }
    }
}

/// Turns one head by the angles whose cosines and sines are given, D/2 of each.
#[inline(always)]
pub(crate) fn turn<const FMA: bool>(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (first, second) = head.split_at_mut(cos.len());
    for ((a, b), (c, s)) in first.iter_mut().zip(second).zip(cos.iter().zip(sin)) {
        (*a, *b) = (*a * c - *b * s, *b * c + *a * s);
    }
}

/// Turns one head back, which is also the derivative of [`turn`].
#[inline(always)]
pub(crate) fn turn_back<const FMA: bool>(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (first, second) = head.split_at_mut(cos.len());
    for ((a, b), (c, s)) in first.iter_mut().zip(second).zip(cos.iter().zip(sin)) {
        (*a, *b) = (*a * c + *b * s, *b * c - *a * s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::{SCHEDULES, emulated, values_of};
    use crate::testing::device;

    const LLAMA: Scaling = Scaling::Llama3 { factor: 32.0, low: 1.0, high: 4.0, context: 8192.0 };

    fn table(head_dim: usize, theta: f64, scaling: Scaling, positions: usize) -> Result<Table> {
        Table::new(&device(), &Frequencies { head_dim, theta, scaling }, positions)
    }

    /// The angle of position 1 in double precision, from the papers' formulas.
    fn angle(i: usize, head_dim: usize, theta: f64, scaling: Scaling) -> f64 {
        let plain = theta.powf(-2.0 * i as f64 / head_dim as f64);
        match scaling {
            Scaling::None => plain,
            Scaling::Linear(factor) => plain / factor,
            Scaling::Llama3 { factor, low, high, context } => {
                let turns = context * plain / (2.0 * std::f64::consts::PI);
                let smooth = ((turns - low) / (high - low)).clamp(0.0, 1.0);
                plain * (smooth + (1.0 - smooth) / factor)
            }
        }
    }

    #[test]
    fn angles_follow_the_formulas() {
        for scaling in [Scaling::None, Scaling::Linear(4.0), LLAMA] {
            for (head_dim, theta) in [(2, 10_000.0), (64, 100_000.0), (96, 1e4), (128, 5e5)] {
                let half = head_dim / 2;
                let table = table(head_dim, theta, scaling, 300).unwrap();
                let (cos, sin) = (table.cos.view().f32().unwrap(), table.sin.view().f32().unwrap());
                for i in 0..half {
                    for position in [0, 1, 17, 299] {
                        let turn = position as f64 * angle(i, head_dim, theta, scaling);
                        let at = position * half + i;
                        assert!((f64::from(cos[at]) - turn.cos()).abs() < 5e-5);
                        assert!((f64::from(sin[at]) - turn.sin()).abs() < 5e-5);
                    }
                }
            }
        }
    }

    #[test]
    fn llama3_divides_blends_and_keeps() {
        let frequencies = Frequencies { head_dim: 64, theta: 5e5, scaling: LLAMA };
        let stretched = inverse(&frequencies, 1).unwrap();
        let plain = inverse(&Frequencies { scaling: Scaling::None, ..frequencies }, 1).unwrap();
        let ratios: Vec<f32> = stretched.iter().zip(&plain).map(|(s, p)| s / p).collect();
        assert_eq!((ratios[0], ratios[31]), (1.0, 1.0 / 32.0));
        assert!(ratios.iter().any(|r| (0.05..0.95).contains(r)), "none between: {ratios:?}");
        assert!(ratios.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn turning_back_undoes_turning() {
        let table = table(6, 10_000.0, Scaling::None, 9).unwrap();
        let (cos, sin) = (table.cos.part(24..27), table.sin.part(24..27));
        let (cos, sin) = (cos.f32().unwrap(), sin.f32().unwrap());
        let head = [0.5, -1.0, 2.0, 0.25, 3.0, -0.75];
        let mut turned = head;
        turn::<false>(&mut turned, cos, sin);
        assert!(turned.iter().zip(&head).any(|(a, b)| (a - b).abs() > 0.1));
        turn_back::<false>(&mut turned, cos, sin);
        assert!(turned.iter().zip(&head).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn cards() {
        let frequencies = Frequencies { head_dim: 6, theta: 1e4, scaling: LLAMA };
        let here = Table::new(&device(), &frequencies, 33).unwrap();
        let card = emulated(SCHEDULES[0], Dtype::Bf16);
        let there = Table::new(&card, &frequencies, 33).unwrap();
        assert_eq!((there.head_dim(), there.positions()), (6, 33));
        assert_eq!(values_of(&card, &there.cos), here.cos.view().f32().unwrap());
        assert_eq!(values_of(&card, &there.sin), here.sin.view().f32().unwrap());
        assert!(Table::new(&card, &frequencies, 0).is_ok());
    }

    #[test]
    fn nonsense_is_refused() {
        let fails = |head_dim, theta, scaling, positions| {
            assert!(table(head_dim, theta, scaling, positions).is_err());
        };
        fails(0, 1e4, Scaling::None, 4);
        fails(7, 1e4, Scaling::None, 4);
        fails(1 << 60, 1e4, Scaling::None, 0);
        fails(8, f64::NAN, Scaling::None, 4);
        fails(8, 0.0, Scaling::None, 4);
        fails(8, 1e4, Scaling::Linear(0.0), 4);
        fails(8, 1e4, Scaling::None, 1 << 60);
        fails(8, 1e4, Scaling::Llama3 { factor: 8.0, low: -1.0, high: 4.0, context: 1e3 }, 4);
        fails(8, 1e4, Scaling::Llama3 { factor: 8.0, low: 4.0, high: 4.0, context: 1e3 }, 4);
        assert_eq!(table(8, 1e4, Scaling::None, 0).unwrap().positions(), 0);
    }
}
