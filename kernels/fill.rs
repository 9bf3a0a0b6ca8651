//! `x = value`, of any shape.

use crate::device::Device;
use crate::error::Result;
use crate::tensor::ViewMut;

/// Values that one block takes.
const BLOCK: usize = 1 << 18;

/// Sets every value of `x`.
///
/// # Errors
/// A buffer of another type than f32.
pub fn forward(dev: &Device, x: ViewMut, value: f32) -> Result<()> {
    match dev {
        Device::Gpu(_) => return Err(crate::gpu::not_yet("fill")),
        Device::Cpu(cpu) => cpu.chunks(x.f32()?, BLOCK, |_, x| x.fill(value)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    #[test]
    fn parity() {
        let dev = Device::cpu(2).unwrap();
        let mut x = Tensor::from_f32(vec![f32::NAN; 2 * BLOCK + 3]);
        forward(&dev, x.part_mut(1..2 * BLOCK + 3), 0.5).unwrap();
        let x = x.view().f32().unwrap();
        assert!(x[0].is_nan() && x[1..].iter().all(|&v| v == 0.5));
        assert!(forward(&dev, Tensor::from_u32(vec![1]).view_mut(), 0.0).is_err());
    }
}
