//! Log-ratios ρ = ln π − ln π_old of tokens, or their means over sequences (GSPO: Zheng et al.
//! 2025).
//!
//! `logp`, `old` and `out` are `[N]` of f32, nats. `starts` `[S+1]` u32 says where each sequence
//! begins and, at its end, N: sequence s is tokens `starts[s]..starts[s + 1]`.

use crate::device::Device;
use crate::error::{Error, Result, length};
use crate::gpu::{self, Grid, args};
use crate::tensor::{Dtype, View, ViewMut};

/// Sets `out` to ρ of each token.
///
/// # Errors
/// Lengths that differ, buffers of other types than f32.
pub fn tokens(dev: &Device, out: ViewMut, logp: View, old: View) -> Result<()> {
    lengths(out.len(), logp, old)?;
    match dev {
        Device::Gpu(gpu) => {
            let (out, count) = (gpu::of(out, Dtype::F32)?, logp.len() as u32);
            let (logp, old) = (gpu::of(logp, Dtype::F32)?, gpu::of(old, Dtype::F32)?);
            let grid = Grid::row(out.len().div_ceil(256), 256);
            gpu.launch("ratio", "ratio_tokens", &[], grid, args![out, logp, old, count])?;
        }
        Device::Cpu(_) => {
            let pairs = logp.f32()?.iter().zip(old.f32()?);
            out.f32()?.iter_mut().zip(pairs).for_each(|(out, (new, old))| *out = new - old);
        }
    }
    Ok(())
}

/// Sets `out` to the mean of ρ over the sequence that a token is of, summed in double precision.
/// A card takes what `starts` says as far as there are tokens.
///
/// # Errors
/// Lengths that differ, buffers of other types; on the host, starts that fall or do not go from 0
/// to N.
pub fn sequences(dev: &Device, out: ViewMut, logp: View, old: View, starts: View) -> Result<()> {
    lengths(out.len(), logp, old)?;
    if starts.is_empty() {
        return Err(Error::argument("ratio", "starts say not even where the tokens end"));
    }
    match dev {
        Device::Gpu(gpu) => {
            let (out, count) = (gpu::of(out, Dtype::F32)?, logp.len() as u32);
            let (logp, old) = (gpu::of(logp, Dtype::F32)?, gpu::of(old, Dtype::F32)?);
            let starts = gpu::of(starts, Dtype::U32)?;
            let grid = Grid::row(starts.len() - 1, 256);
            let arguments = args![out, logp, old, starts, count];
            gpu.launch("ratio", "ratio_sequences", &[], grid, arguments)?;
        }
        Device::Cpu(_) => {
            let (out, logp, old, starts) = (out.f32()?, logp.f32()?, old.f32()?, starts.u32()?);
            let ends = (starts[0] as usize, starts[starts.len() - 1] as usize);
            if ends != (0, out.len()) || !starts.is_sorted() {
                let problem = format!("starts do not rise from 0 to {}", out.len());
                return Err(Error::argument("ratio", problem));
            }
            for pair in starts.windows(2) {
                let range = pair[0] as usize..pair[1] as usize;
                let pairs = logp[range.clone()].iter().zip(&old[range.clone()]);
                let sum: f64 = pairs.map(|(new, old)| f64::from(*new) - f64::from(*old)).sum();
                let count = range.len();
                out[range].fill((sum / count as f64) as f32);
            }
        }
    }
    Ok(())
}

fn lengths(count: usize, logp: View, old: View) -> Result<()> {
    length("ratio", "logp", logp.len(), count)?;
    length("ratio", "old", old.len(), count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::{ids, schedules, tensor, values_of};
    use crate::testing::{close, device, values};

    fn run(dev: &Device, logp: &[f32], old: &[f32], starts: &[u32]) -> Vec<f32> {
        let [logp, old] = [logp, old].map(|v| tensor(dev, Dtype::F32, v));
        let starts = ids(dev, starts);
        let [mut each, mut means] = [0, 1].map(|_| dev.zeros(Dtype::F32, logp.len()).unwrap());
        tokens(dev, each.view_mut(), logp.view(), old.view()).unwrap();
        sequences(dev, means.view_mut(), logp.view(), old.view(), starts.view()).unwrap();
        [values_of(dev, &each), values_of(dev, &means)].concat()
    }

    #[test]
    fn parity() {
        for starts in [&[0, 1][..], &[0, 3, 3, 700, 1000], &[0, 257]] {
            let count = starts[starts.len() - 1] as usize;
            let (logp, old) = (values(1, count), values(2, count));
            let each: Vec<f32> = logp.iter().zip(&old).map(|(new, old)| new - old).collect();
            let mut expected: Vec<f64> = each.iter().map(|v| f64::from(*v)).collect();
            for pair in starts.windows(2) {
                let range = pair[0] as usize..pair[1] as usize;
                let sum = |v: &[f32]| v[range.clone()].iter().map(|v| f64::from(*v)).sum::<f64>();
                let mean = (sum(&logp) - sum(&old)) / range.len() as f64;
                expected.extend(std::iter::repeat_n(mean, range.len()));
            }
            close("host", &run(&device(), &logp, &old, starts), &expected, 1e-7, 1e-6);
            let found = schedules(Dtype::F32, |dev| run(dev, &logp, &old, starts));
            close("card", &found, &expected, 1e-7, 1e-6);
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut out = [7.0; 3];
        let mut call = |starts: &[u32], count: usize| {
            let (from, starts) = (View::F32(&[1.0, 2.0, 3.0][..count]), View::U32(starts));
            sequences(&device(), ViewMut::F32(&mut out), from, from, starts).is_err()
        };
        assert!(call(&[], 3) && call(&[1, 3], 3) && call(&[0, 2], 3) && call(&[0, 3, 2, 3], 3));
        assert!(call(&[0, 3], 2) && !call(&[0, 3], 3));
    }

    #[test]
    fn a_card_reads_no_further_than_there_are_tokens() {
        let found = schedules(Dtype::F32, |dev| run(dev, &[1.0, 3.0], &[0.0; 2], &[0, 1, 9, 12]));
        assert_eq!(found, [1.0, 3.0, 1.0, 3.0]);
    }
}
