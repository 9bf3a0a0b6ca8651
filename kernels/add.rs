//! y ← y + x, value by value.

use crate::device::Device;
use crate::error::{Result, length};
use crate::gpu::{self, args};
use crate::simd::{Level, multiversion};
use crate::split::BLOCK;
use crate::tensor::{View, ViewMut};

/// Adds `x` to `y`.
///
/// # Errors
/// Lengths that differ; buffers of other types than f32.
pub fn forward(dev: &Device, y: ViewMut, x: View) -> Result<()> {
    length("add", "x", x.len(), y.len())?;
    match dev {
        Device::Gpu(gpu) => {
            let y = gpu::floats(y)?;
            let (x, grid) = (gpu::of(x, y.dtype())?, gpu::spread(gpu, y.len(), y.dtype()));
            gpu.launch("add", "add", &[y.dtype()], grid, args![y, x, y.len() as u64])?;
        }
        Device::Cpu(cpu) => {
            let (y, x, level) = (y.f32()?, x.f32()?, Level::best());
            cpu.chunks(y, BLOCK, |at, y| sum(level, y, &x[at * BLOCK..][..y.len()]));
        }
    }
    Ok(())
}

multiversion! {
    fn sum<const FMA: bool>(y: &mut [f32], x: &[f32]) {
        y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dtype;
    use crate::gpu::testing::{near, schedules, tensor, values_of};
    use crate::testing::{device, same_on_any_threads, values};

    #[test]
    fn parity() {
        for n in [0, 1, 17, 40_001] {
            let (a, b) = (values(1, n), values(2, n));
            let mut y = a.clone();
            forward(&device(), ViewMut::F32(&mut y), View::F32(&b)).unwrap();
            assert!(y.iter().zip(&a).zip(&b).all(|((y, a), b)| *y == a + b));
        }
    }

    #[test]
    fn cards() {
        for dtype in [Dtype::F32, Dtype::Bf16] {
            // Parts of a buffer of parameters begin anywhere.
            for (count, x_at, y_at) in [(1, 0, 0), (9, 0, 1), (4096, 1, 0), (4097, 3, 3)] {
                let (a, b) = (near(dtype, &values(1, count)), near(dtype, &values(2, count)));
                let behind = |at: usize, values: &[f32]| [&[5.0; 3][..at], values].concat();
                let found = schedules(dtype, |dev| {
                    let mut y = tensor(dev, dtype, &behind(y_at, &a));
                    let x = tensor(dev, dtype, &behind(x_at, &b));
                    forward(dev, y.part_mut(y_at..y_at + count), x.part(x_at..x_at + count))
                        .unwrap();
                    values_of(dev, &y)
                });
                let sums: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
                assert_eq!(found, behind(y_at, &near(dtype, &sums)), "{count} {dtype}");
            }
        }
    }

    #[test]
    fn cards_go_over_many_values() {
        for dtype in [Dtype::F32, Dtype::Bf16] {
            let (a, b) = (near(dtype, &values(1, 100_003)), near(dtype, &values(2, 100_003)));
            let found = schedules(dtype, |dev| {
                let (mut y, x) = (tensor(dev, dtype, &a), tensor(dev, dtype, &b));
                forward(dev, y.view_mut(), x.view()).unwrap();
                values_of(dev, &y)
            });
            let sums: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
            assert_eq!(found, near(dtype, &sums));
        }
    }

    #[test]
    fn threads() {
        same_on_any_threads(|dev| {
            let mut y = values(1, 50_001);
            forward(dev, ViewMut::F32(&mut y), View::F32(&values(2, 50_001))).unwrap();
            y
        });
    }

    #[test]
    fn lengths_are_checked() {
        let (mut y, x) = ([1.0; 3], [1.0; 2]);
        let error = forward(&device(), ViewMut::F32(&mut y), View::F32(&x)).unwrap_err();
        assert_eq!(error.to_string(), "add: x has 2 values, not 3");
        assert_eq!(y, [1.0; 3]);
    }
}
