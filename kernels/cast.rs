//! to = from, rounded to bf16 to the nearest, ties to even: a working copy of f32 weights.

use crate::device::Device;
use crate::error::{Error, Result, length};
use crate::gpu::{self, args};
use crate::tensor::{Dtype, View, ViewMut};

/// Sets `to` (bf16) to `from` (f32).
///
/// # Errors
/// Lengths that differ; other types.
pub fn forward(dev: &Device, to: ViewMut, from: View) -> Result<()> {
    length("cast", "to", to.len(), from.len())?;
    match dev {
        Device::Cpu(_) => {
            let ViewMut::Bf16(to) = to else {
                return Err(Error::Dtype { found: to.read().dtype(), expected: Dtype::Bf16 });
            };
            let values = to.iter_mut().zip(from.f32()?);
            values.for_each(|(to, value)| *to = half::bf16::from_f32(*value));
        }
        Device::Gpu(gpu) => {
            let (to, from) = (gpu::of(to, Dtype::Bf16)?, gpu::of(from, Dtype::F32)?);
            let grid = gpu::spread(gpu, to.len(), Dtype::Bf16);
            gpu.launch("cast", "cast", &[Dtype::Bf16], grid, args![to, from, to.len() as u64])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::{near, schedules, tensor, values_of};
    use crate::testing::{device, values};

    #[test]
    fn parity() {
        for count in [1, 8, 4_099, 30_000] {
            let from = values(1, count);
            let run = |dev: &Device| {
                let mut to = dev.zeros(Dtype::Bf16, count).unwrap();
                forward(dev, to.view_mut(), tensor(dev, Dtype::F32, &from).view()).unwrap();
                values_of(dev, &to)
            };
            let expected = near(Dtype::Bf16, &from);
            assert_eq!(run(&device()), expected);
            assert_eq!(schedules(Dtype::Bf16, run), expected);
        }
    }

    #[test]
    fn parts_of_buffers_begin_anywhere() {
        let (from, count) = (values(1, 303), 300);
        for (to_at, from_at) in [(1, 0), (0, 1), (3, 3)] {
            let run = |dev: &Device| {
                let mut to = tensor(dev, Dtype::Bf16, &[5.0; 303]);
                let from = tensor(dev, Dtype::F32, &from);
                let part = to.part_mut(to_at..to_at + count);
                forward(dev, part, from.part(from_at..from_at + count)).unwrap();
                values_of(dev, &to)
            };
            let mut expected = vec![5.0; 303];
            expected[to_at..to_at + count]
                .copy_from_slice(&near(Dtype::Bf16, &from[from_at..from_at + count]));
            assert_eq!(schedules(Dtype::Bf16, run), expected);
        }
    }
}
