//! The global norm of gradients, √Σ g², for clipping.

use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::gpu::{self, Gpu, Grid, Span, args};
use crate::simd::{Level, multiversion};
use crate::sums;
use crate::tensor::{Dtype, View, ViewMut};

/// Gradients whose squares one partial sum takes.
const BLOCK: usize = 65_536;

/// Words of scratch that [`global`] needs for this many gradients: a 64-bit float a block.
pub const fn scratch(grads: usize) -> usize {
    2 * grads.div_ceil(BLOCK)
}

/// √Σ g² over `grads`, summed in double precision by blocks of fixed size and then in an order
/// that their number fixes. `partial` is scratch: u32, [`scratch`] words or more, whose two words a
/// block hold the bits of its sum. A card, which takes f32 or bf16, is waited for.
///
/// # Errors
/// Too little scratch, buffers of other types.
pub fn global(dev: &Device, partial: ViewMut, grads: View) -> Result<f64> {
    let partial = enough(partial, grads.len())?;
    match dev {
        Device::Gpu(gpu) => {
            let partial = on_card(gpu, None, partial, grads, f64::INFINITY)?;
            let mut bytes = [0; 8];
            if !partial.is_empty() {
                gpu.board().read(partial.address(), &mut bytes)?;
            }
            Ok(f64::from_ne_bytes(bytes))
        }
        Device::Cpu(cpu) => Ok(host(cpu, partial.u32()?, grads.f32()?)),
    }
}

/// Sets the two values of `factor`, f32: what gradients are multiplied with so that their norm is
/// not above `most`, as `torch.nn.utils.clip_grad_norm_` has it, and the norm. The factor is NaN
/// where the norm is not finite, and the optimizers then change nothing. Nothing waits for a card.
///
/// # Errors
/// As [`global`]; another length of `factor`, a limit that is not above 0.
pub fn clip(
    dev: &Device,
    factor: ViewMut,
    partial: ViewMut,
    grads: View,
    most: Option<f64>,
) -> Result<()> {
    length("norm", "factor", factor.len(), 2)?;
    let most = most.unwrap_or(f64::INFINITY);
    if most.is_nan() || most <= 0.0 {
        return Err(Error::argument("norm", format!("{most} as the largest norm")));
    }
    let partial = enough(partial, grads.len())?;
    match dev {
        Device::Gpu(gpu) => {
            let factor = gpu::of(factor, Dtype::F32)?;
            on_card(gpu, Some(factor), partial, grads, most)?;
        }
        Device::Cpu(cpu) => {
            let (factor, norm) = (factor.f32()?, host(cpu, partial.u32()?, grads.f32()?));
            factor[0] = if norm.is_finite() { scale(norm, most) } else { f32::NAN };
            factor[1] = norm as f32;
        }
    }
    Ok(())
}

fn scale(norm: f64, most: f64) -> f32 {
    (most / (norm + 1e-6)).min(1.0) as f32
}

fn enough(partial: ViewMut<'_>, grads: usize) -> Result<ViewMut<'_>> {
    let (found, needed) = (partial.len(), scratch(grads));
    if found < needed {
        let problem = format!("{found} words of scratch are fewer than {needed}");
        return Err(Error::argument("norm", problem));
    }
    Ok(partial.slice(0..needed))
}

/// Leaves the norm in the first part and returns all of them.
fn on_card<'a>(
    gpu: &Gpu,
    factor: Option<Span<'_>>,
    partial: ViewMut<'a>,
    grads: View,
    most: f64,
) -> Result<Span<'a>> {
    let (grads, blocks) = (gpu::floats(grads)?, partial.len() / 2);
    let partial = sums::on_card("norm", partial, blocks)?;
    let arguments = args![partial, grads, grads.len() as u64];
    gpu.launch("norm", "norm_squares", &[grads.dtype()], Grid::row(blocks, 512), arguments)?;
    let arguments = args![factor, partial, blocks as u32, most.to_bits()];
    let threads = blocks.next_multiple_of(32).clamp(32, 1024) as u32;
    gpu.launch("norm", "norm_finish", &[], Grid::row(1, threads), arguments)?;
    Ok(partial)
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
    use crate::gpu::testing::{ids, near, schedules, tensor, values_of};
    use crate::testing::{close, device, same_on_any_threads, values, wide};

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

    /// The norm, and the factor and the norm of clipping, of all values from the first on.
    fn all(dev: &Device, grads: &[f32], first: usize, most: Option<f64>) -> Vec<f32> {
        let grads = tensor(dev, dev.float(), grads);
        let grads = grads.part(first..grads.len());
        let mut partial = ids(dev, &vec![7; scratch(grads.len()) + 2]);
        let mut factor = dev.zeros(Dtype::F32, 2).unwrap();
        let norm = global(dev, partial.view_mut(), grads).unwrap();
        clip(dev, factor.view_mut(), partial.view_mut(), grads, most).unwrap();
        [vec![norm as f32], values_of(dev, &factor)].concat()
    }

    #[test]
    fn cards_and_clipping() {
        for dtype in [Dtype::F32, Dtype::Bf16] {
            let few = [(0, 0), (1, 1), (0, 1003), (1, 999)];
            let limits = [None, Some(0.5), Some(1e6)];
            let cases = few.into_iter().flat_map(|case| limits.map(|most| (case, most)));
            for ((first, count), most) in cases.chain([((0, 65_537), Some(0.5))]) {
                let grads = near(dtype, &values(1, first + count));
                let norm = wide(&grads[first..]).iter().map(|v| v * v).sum::<f64>().sqrt();
                let factor = most.map_or(1.0, |most| f64::from(scale(norm, most)));
                let expected = [norm, factor, norm];
                let found = schedules(dtype, |dev| all(dev, &grads, first, most));
                close("card", &found, &expected, 0.0, 1e-6);
                close("host", &all(&device(), &grads, first, most), &expected, 0.0, 1e-6);
            }
            for bad in [f32::NAN, f32::INFINITY] {
                let run = |dev: &Device| all(dev, &[0.0, 1.0, bad, 2.0], 1, Some(1.0));
                let host = run(&device());
                assert!(!host[0].is_finite() && host[1].is_nan() && !host[2].is_finite());
                // Under every schedule the same bits, NaN too.
                let found = schedules(dtype, run);
                assert!(!found[0].is_finite() && found[1].is_nan() && !found[2].is_finite());
            }
        }
    }
}
