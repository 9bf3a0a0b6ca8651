//! The second stage of sums over tokens on a card: to += Σ rows, in an order that depends on the
//! shape alone. The first stage is each op's own; the host needs neither.
//!
//! `to` is `[C]` f32 or bf16, the rows are `[R,C]` f32 in scratch memory.

use crate::error::Result;
use crate::gpu::{Arg, Gpu, Grid, Span, args};

/// Adds the sum of `count` rows of f32 to `to`.
///
/// # Errors
/// Of the launch.
pub(crate) fn add(gpu: &Gpu, to: Span<'_>, rows: Arg, count: u32) -> Result<()> {
    let grid = Grid::row(to.len().div_ceil(32), 256);
    gpu.launch("sum_rows", "sum_rows", &[to.dtype()], grid, args![to, rows, count, to.len() as u32])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::floats;
    use crate::gpu::testing::{near, schedules, tensor, values_of};
    use crate::testing::{close, values};
    use crate::{Device, Dtype};

    #[test]
    fn parity() {
        for (count, width) in [(1, 1), (9, 40), (3, 257), (100, 32)] {
            for grads in [Dtype::F32, Dtype::Bf16] {
                let (old, rows) = (values(1, width), values(2, count * width));
                let found = schedules(Dtype::F32, |dev| {
                    let Device::Gpu(gpu) = dev else { unreachable!("it is a card") };
                    let (mut to, rows) = (tensor(dev, grads, &old), tensor(dev, Dtype::F32, &rows));
                    let rows = floats(rows.view()).unwrap();
                    add(gpu, floats(to.view_mut()).unwrap(), rows.into(), count as u32).unwrap();
                    values_of(dev, &to)
                });
                let old = near(grads, &old);
                let sum = |column: usize| -> f64 {
                    let rows = (0..count).map(|row| f64::from(rows[row * width + column]));
                    f64::from(old[column]) + rows.sum::<f64>()
                };
                let expected: Vec<f64> = (0..width).map(sum).collect();
                let rounding = if grads == Dtype::F32 { 1e-6 } else { 4e-3 };
                close("sum", &found, &expected, 1e-5, rounding);
            }
        }
    }
}
