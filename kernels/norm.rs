//! The global norm of gradients, √Σ g², for clipping.

use crate::device::{Cpu, Device};
use crate::error::{Error, Result};
use crate::simd::{Level, multiversion};
use crate::tensor::{View, ViewMut};

/// Gradients whose squares one partial sum takes.
const BLOCK: usize = 65_536;

/// Words of scratch that [`global`] needs for this many gradients: a 64-bit float a block.
pub const fn scratch(grads: usize) -> usize {
    2 * grads.div_ceil(BLOCK)
}

/// √Σ g² over `grads`, summed in double precision by blocks of fixed size and then in their order.
/// `partial` is scratch: u32, [`scratch`] words or more, whose two words a block hold the bits of
/// its sum.
///
/// # Errors
/// Too little scratch, buffers of other types.
pub fn global(dev: &Device, partial: ViewMut, grads: View) -> Result<f64> {
    let (found, needed) = (partial.len(), scratch(grads.len()));
    if found < needed {
        let problem = format!("{found} words of scratch are fewer than {needed}");
        return Err(Error::argument("norm", problem));
    }
    match dev {
        Device::Gpu(_) => return Err(crate::gpu::not_yet("norm")),
        Device::Cpu(cpu) => Ok(host(cpu, &mut partial.u32()?[..needed], grads.f32()?)),
    }
}

fn host(cpu: &Cpu, partial: &mut [u32], grads: &[f32]) -> f64 {
    let level = Level::best();
    cpu.chunks(partial, 2, |at, words| {
        let block = &grads[at * BLOCK..grads.len().min((at + 1) * BLOCK)];
        let bits = squares(level, block).to_bits();
        words.copy_from_slice(&[bits as u32, (bits >> 32) as u32]);
    });
    let sum = |words: &[u32]| f64::from_bits(u64::from(words[1]) << 32 | u64::from(words[0]));
    partial.chunks_exact(2).map(sum).sum::<f64>().sqrt()
}

multiversion! {
    fn squares<const FMA: bool>(grads: &[f32]) -> f64 {
        let mut sums = [0.0f64; 16];
        let (blocks, rest) = grads.as_chunks::<16>();
        for block in blocks {
            for l in 0..16 {
                let wide = f64::from(block[l]);
                sums[l] += wide * wide;
            }
        }
        for (v, sum) in rest.iter().zip(&mut sums) {
            *sum += f64::from(*v) * f64::from(*v);
        }
        sums.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{device, same_on_any_threads, values, wide};

    fn norm(dev: &Device, grads: &[f32]) -> f64 {
        let mut partial = vec![7; scratch(grads.len()) + 1];
        global(dev, ViewMut::U32(&mut partial), View::F32(grads)).unwrap()
    }

    #[test]
    fn parity() {
        for n in [0, 1, 15, 16, 65_536, 65_537, 200_003] {
            let grads = values(1, n);
            let expected = wide(&grads).iter().map(|v| v * v).sum::<f64>().sqrt();
            assert!((norm(&device(), &grads) - expected).abs() <= 1e-12 * expected);
        }
    }

    #[test]
    fn what_f32_could_not_hold() {
        assert_eq!(norm(&device(), &[3e30, 4e30]), {
            let (a, b) = (f64::from(3e30f32), f64::from(4e30f32));
            (a * a + b * b).sqrt()
        });
        assert!(norm(&device(), &[1.0, f32::NAN]).is_nan());
        assert_eq!(norm(&device(), &[f32::INFINITY]), f64::INFINITY);
    }

    #[test]
    fn threads() {
        same_on_any_threads(|dev| {
            let bits = norm(dev, &values(3, 300_000)).to_bits();
            vec![f32::from_bits(bits as u32), f32::from_bits((bits >> 32) as u32)]
        });
    }

    #[test]
    fn scratch_is_checked() {
        assert!(global(&device(), ViewMut::U32(&mut [0]), View::F32(&[1.0])).is_err());
        assert!(global(&device(), ViewMut::F32(&mut [0.0; 2]), View::F32(&[1.0])).is_err());
    }
}
