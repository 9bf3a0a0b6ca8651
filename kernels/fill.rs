//! `x = value`, of any shape.

use crate::device::Device;
use crate::error::Result;
use crate::gpu::{self, args};
use crate::tensor::ViewMut;

/// Values that one block takes.
const BLOCK: usize = 1 << 18;

/// Sets every value of `x`.
///
/// # Errors
/// A buffer of another type than f32, or bf16 on a card.
pub fn forward(dev: &Device, x: ViewMut, value: f32) -> Result<()> {
    match dev {
        Device::Gpu(gpu) => {
            let x = gpu::floats(x)?;
            if value.to_bits() == 0 && !x.is_empty() {
                return gpu.board().clear(x.address(), x.bytes());
            }
            let grid = gpu::spread(gpu, x.len(), x.dtype());
            gpu.launch("fill", "fill", &[x.dtype()], grid, args![x, value, x.len() as u64])?;
        }
        Device::Cpu(cpu) => cpu.chunks(x.f32()?, BLOCK, |_, x| x.fill(value)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::{near, schedules, tensor, values_of};
    use crate::tensor::{Dtype, Tensor};

    #[test]
    fn parity() {
        let dev = Device::cpu(2).unwrap();
        let mut x = Tensor::from_f32(vec![f32::NAN; 2 * BLOCK + 3]);
        forward(&dev, x.part_mut(1..2 * BLOCK + 3), 0.5).unwrap();
        let x = x.view().f32().unwrap();
        assert!(x[0].is_nan() && x[1..].iter().all(|&v| v == 0.5));
        assert!(forward(&dev, Tensor::from_u32(vec![1]).view_mut(), 0.0).is_err());
    }

    #[test]
    fn cards() {
        for dtype in [Dtype::F32, Dtype::Bf16] {
            for (value, first, count) in [(0.0, 1, 7), (0.3, 0, 40_003), (0.3, 3, 999)] {
                let found = schedules(dtype, |dev| {
                    let mut x = tensor(dev, dtype, &vec![7.0; first + count + 1]);
                    forward(dev, x.part_mut(first..first + count), value).unwrap();
                    values_of(dev, &x)
                });
                let value = near(dtype, &[value])[0];
                let inside = first..first + count;
                let expected = |at| if inside.contains(&at) { value } else { 7.0 };
                assert!(found.iter().enumerate().all(|(at, v)| *v == expected(at)));
            }
        }
    }
}
