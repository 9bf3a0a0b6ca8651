//! Sums in double precision that stay on the device until the host asks for them.
//!
//! A sum is two words of a u32 buffer, the bits of a 64-bit float, the low word first; a new buffer
//! of zeros holds sums of 0. On a card, ops add to them in an order that depends on shapes alone.

use crate::copy::read_u32;
use crate::device::Device;
use crate::error::{Error, Result, length};
use crate::gpu::{self, Arg, Gpu, Grid, Span, args};
use crate::tensor::{Dtype, View, ViewMut};

/// Words of `count` sums.
pub const fn words(count: usize) -> usize {
    2 * count
}

/// Waits for all work before and reads the sums.
///
/// # Errors
/// A buffer of another type; of the driver, and of the work before.
pub fn read(dev: &Device, sums: View) -> Result<Vec<f64>> {
    let words = read_u32(dev, sums)?;
    let one = |[low, high]: &[u32; 2]| f64::from_bits(u64::from(*high) << 32 | u64::from(*low));
    Ok(words.as_chunks().0.iter().map(one).collect())
}

/// Adds `values` to sums on the host.
pub(crate) fn add_here(op: &'static str, sums: ViewMut, values: &[f64]) -> Result<()> {
    length(op, "sums", sums.len(), words(values.len()))?;
    for (sum, value) in sums.u32()?.as_chunks_mut().0.iter_mut().zip(values) {
        let [low, high]: [u32; 2] = *sum;
        let bits = (f64::from_bits(u64::from(high) << 32 | u64::from(low)) + value).to_bits();
        *sum = [bits as u32, (bits >> 32) as u32];
    }
    Ok(())
}

/// `count` sums on a card, where doubles must lie on eight bytes.
///
/// # Errors
/// Another length or type, an address that cuts a double.
pub(crate) fn on_card<'a>(op: &'static str, sums: ViewMut<'a>, count: usize) -> Result<Span<'a>> {
    length(op, "sums", sums.len(), words(count))?;
    let sums = gpu::of(sums, Dtype::U32)?;
    if sums.address() % 8 == 0 {
        return Ok(sums);
    }
    Err(Error::argument(op, "sums begin in the middle of a 64-bit float"))
}

/// Blocks that share the work on `count` tokens, and the scratch for their sums of `kinds` kinds.
///
/// # Errors
/// No memory.
pub(crate) fn shared(gpu: &Gpu, count: usize, kinds: usize) -> Result<(Grid, Arg)> {
    let blocks = count.div_ceil(256).min(gpu.facts().processors as usize * 2);
    Ok((Grid::row(blocks, 256), gpu.scratch(blocks * kinds * 8)?))
}

/// Adds to sums of a card the rows of sums, one a block, that a launch over `grid` left.
///
/// # Errors
/// Of the launch.
pub(crate) fn add(gpu: &Gpu, to: Span<'_>, rows: Arg, grid: Grid) -> Result<()> {
    let (blocks, kinds) = (grid.blocks[0], to.len() as u32 / 2);
    if blocks == 0 {
        return Ok(());
    }
    gpu.launch("sums", "sums", &[], Grid::row(1, 32 * kinds), args![to, rows, blocks, kinds])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::{schedules, tensor};
    use crate::testing::device;

    #[test]
    fn on_the_host() {
        let dev = device();
        let mut sums = dev.zeros(Dtype::U32, words(2)).unwrap();
        add_here("test", sums.view_mut(), &[0.1, -2e300]).unwrap();
        add_here("test", sums.view_mut(), &[0.2, 1.0]).unwrap();
        assert_eq!(read(&dev, sums.view()).unwrap(), [0.1 + 0.2, -2e300]);
        assert!(add_here("test", sums.view_mut(), &[0.1]).is_err());
    }

    #[test]
    fn cards() {
        for (blocks, kinds) in [(1, 1), (3, 7), (70, 2)] {
            let found = schedules(Dtype::F32, |dev| {
                let Device::Gpu(gpu) = dev else { unreachable!("it is a card") };
                let value = |at: usize| at as f64 / 3.0 - 5.0;
                let bits = (0..blocks * kinds).map(|at| value(at).to_bits());
                let halves = bits.flat_map(|bits| [bits as u32, (bits >> 32) as u32]);
                let rows = gpu::testing::ids(dev, &halves.collect::<Vec<_>>());
                let rows = gpu::of(rows.view(), Dtype::U32).unwrap().into();
                let mut sums = dev.zeros(Dtype::U32, words(kinds)).unwrap();
                for _ in 0..2 {
                    let to = on_card("test", sums.view_mut(), kinds).unwrap();
                    add(gpu, to, rows, Grid::row(blocks, 256)).unwrap();
                }
                let sums = read(dev, sums.view()).unwrap();
                for (kind, sum) in sums.iter().enumerate() {
                    let expected: f64 = (0..blocks).map(|b| 2.0 * value(b * kinds + kind)).sum();
                    assert!((sum - expected).abs() < 1e-9, "{kind}: {sum} {expected}");
                }
                sums.iter().map(|sum| *sum as f32).collect()
            });
            assert_eq!(found.len(), kinds);
        }
        schedules(Dtype::F32, |dev| {
            let mut sums = gpu::testing::ids(dev, &[0; 4]);
            assert!(on_card("test", sums.part_mut(1..3), 1).is_err());
            assert!(on_card("test", tensor(dev, Dtype::F32, &[0.0; 2]).view_mut(), 1).is_err());
            vec![0.0]
        });
    }
}
