//! x ← factor · x, value by value.

use crate::device::Device;
use crate::error::Result;
use crate::gpu::{self, args};
use crate::simd::{Level, multiversion};
use crate::split::BLOCK;
use crate::tensor::ViewMut;

/// Multiplies `x` by `factor`.
///
/// # Errors
/// A buffer of another type than f32, or bf16 on a card.
pub fn forward(dev: &Device, x: ViewMut, factor: f32) -> Result<()> {
    match dev {
        Device::Gpu(gpu) => {
            let x = gpu::floats(x)?;
            let grid = gpu::spread(gpu, x.len(), x.dtype());
            gpu.launch("scale", "scale", &[x.dtype()], grid, args![x, factor, x.len() as u64])?;
        }
        Device::Cpu(cpu) => {
            let (x, level) = (x.f32()?, Level::best());
            cpu.chunks(x, BLOCK, |_, x| product(level, x, factor));
        }
    }
    Ok(())
}

multiversion! {
    fn product<const FMA: bool>(x: &mut [f32], factor: f32) {
        x.iter_mut().for_each(|x| *x *= factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::{near, schedules, tensor, values_of};
    use crate::tensor::Dtype;
    use crate::testing::{close, device, same_on_any_threads, values};

    #[test]
    fn parity() {
        for n in [0, 1, 17, 40_001] {
            let x = values(1, n);
            let mut y = x.clone();
            forward(&device(), ViewMut::F32(&mut y), -0.3).unwrap();
            assert!(y.iter().zip(&x).all(|(y, x)| *y == -0.3 * x));
        }
    }

    #[test]
    fn nan_passes_and_threads_do_not_matter() {
        same_on_any_threads(|dev| {
            let mut x = values(1, 50_001);
            x[7] = f32::NAN;
            forward(dev, ViewMut::F32(&mut x), 2.5).unwrap();
            assert!(x[7].is_nan());
            x
        });
    }

    #[test]
    fn other_types_are_refused() {
        assert!(forward(&device(), ViewMut::U32(&mut [1]), 2.0).is_err());
    }

    #[test]
    fn cards() {
        for (dtype, off) in [(Dtype::F32, 1e-7), (Dtype::Bf16, 4e-3)] {
            for (first, count) in [(0, 1), (0, 100_003), (1, 4096)] {
                let given = near(dtype, &values(1, first + count));
                let found = schedules(dtype, |dev| {
                    let mut x = tensor(dev, dtype, &given);
                    forward(dev, x.part_mut(first..first + count), -0.3).unwrap();
                    values_of(dev, &x)
                });
                assert_eq!(found[..first], given[..first]);
                let expected = given[first..].iter().map(|v| f64::from(*v) * f64::from(-0.3f32));
                close("x", &found[first..], &expected.collect::<Vec<_>>(), 0.0, off);
            }
        }
    }
}
