//! x ← factor · x, value by value.

use crate::device::Device;
use crate::error::Result;
use crate::simd::{Level, multiversion};
use crate::split::BLOCK;
use crate::tensor::ViewMut;

/// Multiplies `x` by `factor`.
///
/// # Errors
/// A buffer of another type than f32.
pub fn forward(dev: &Device, x: ViewMut, factor: f32) -> Result<()> {
    match dev {
        Device::Gpu(_) => return Err(crate::gpu::not_yet("scale")),
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
    use crate::testing::{device, same_on_any_threads, values};

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
}
