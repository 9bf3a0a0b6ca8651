//! Values of the host to a device and back. Floats are f32 on the host whatever the device keeps
//! them in: going to bf16 rounds to the nearest, ties to even.

use half::bf16;

use crate::device::Device;
use crate::error::{Error, Result, length};
use crate::tensor::{Dtype, View, ViewMut};

/// Writes floats.
///
/// # Errors
/// Another length, a buffer that holds no floats; of the driver.
pub fn write_f32(dev: &Device, to: ViewMut, from: &[f32]) -> Result<()> {
    length("write", "to", to.len(), from.len())?;
    match (dev, to) {
        (_, ViewMut::F32(to)) => to.copy_from_slice(from),
        (_, ViewMut::Bf16(to)) => {
            to.iter_mut().zip(from).for_each(|(to, v)| *to = bf16::from_f32(*v));
        }
        (Device::Gpu(gpu), ViewMut::Card(to)) => match to.0.dtype() {
            Dtype::F32 => write_bytes(gpu, to.0.address(), from.iter().map(|v| v.to_ne_bytes()))?,
            Dtype::Bf16 => {
                let rounded = from.iter().map(|v| bf16::from_f32(*v).to_ne_bytes());
                write_bytes(gpu, to.0.address(), rounded)?;
            }
            found => return Err(Error::Dtype { found, expected: Dtype::F32 }),
        },
        (_, other) => {
            return Err(Error::Dtype { found: other.read().dtype(), expected: Dtype::F32 });
        }
    }
    Ok(())
}

/// Writes ids.
///
/// # Errors
/// Another length, a buffer that holds no ids; of the driver.
pub fn write_u32(dev: &Device, to: ViewMut, from: &[u32]) -> Result<()> {
    length("write", "to", to.len(), from.len())?;
    match (dev, to) {
        (Device::Gpu(gpu), ViewMut::Card(to)) if to.0.dtype() == Dtype::U32 => {
            write_bytes(gpu, to.0.address(), from.iter().map(|v| v.to_ne_bytes()))
        }
        (_, to) => {
            to.u32()?.copy_from_slice(from);
            Ok(())
        }
    }
}

/// Reads floats, after all work before it.
///
/// # Errors
/// A buffer that holds no floats; of the driver, and of the work before.
pub fn read_f32(dev: &Device, from: View) -> Result<Vec<f32>> {
    match (dev, from) {
        (_, View::F32(from)) => Ok(from.to_vec()),
        (_, View::Bf16(from)) => Ok(from.iter().map(|v| v.to_f32()).collect()),
        (Device::Gpu(gpu), View::Card(span)) => {
            let mut bytes = vec![0; span.bytes()];
            match span.dtype() {
                Dtype::F32 => {
                    read_bytes(gpu, span.address(), &mut bytes)?;
                    Ok(bytes.as_chunks().0.iter().map(|b| f32::from_ne_bytes(*b)).collect())
                }
                Dtype::Bf16 => {
                    read_bytes(gpu, span.address(), &mut bytes)?;
                    let values = bytes.as_chunks().0.iter();
                    Ok(values.map(|b| bf16::from_ne_bytes(*b).to_f32()).collect())
                }
                found => Err(Error::Dtype { found, expected: Dtype::F32 }),
            }
        }
        (_, other) => Err(Error::Dtype { found: other.dtype(), expected: Dtype::F32 }),
    }
}

/// Reads ids, after all work before it.
///
/// # Errors
/// A buffer that holds no ids; of the driver, and of the work before.
pub fn read_u32(dev: &Device, from: View) -> Result<Vec<u32>> {
    match (dev, from) {
        (Device::Gpu(gpu), View::Card(span)) if span.dtype() == Dtype::U32 => {
            let mut bytes = vec![0; span.bytes()];
            read_bytes(gpu, span.address(), &mut bytes)?;
            Ok(bytes.as_chunks().0.iter().map(|b| u32::from_ne_bytes(*b)).collect())
        }
        (_, from) => Ok(from.u32()?.to_vec()),
    }
}

/// The bytes of a buffer, little-endian, after all work before it.
///
/// # Errors
/// Of the driver, and of the work before.
pub fn bytes(dev: &Device, from: View) -> Result<Vec<u8>> {
    Ok(match (dev, from) {
        (Device::Gpu(gpu), View::Card(span)) => {
            let mut bytes = vec![0; span.bytes()];
            read_bytes(gpu, span.address(), &mut bytes)?;
            bytes
        }
        (_, View::F32(from)) => from.iter().flat_map(|v| v.to_le_bytes()).collect(),
        (_, View::Bf16(from)) => from.iter().flat_map(|v| v.to_le_bytes()).collect(),
        (_, View::U32(from)) => from.iter().flat_map(|v| v.to_le_bytes()).collect(),
        (_, View::U8(from)) => from.to_vec(),
        (_, View::Card(span)) => {
            return Err(Error::Place { dtype: span.dtype(), wanted: "the host" });
        }
    })
}

/// Writes what [`bytes`] gave.
///
/// # Errors
/// Another length; of the driver.
pub fn set_bytes(dev: &Device, to: ViewMut, from: &[u8]) -> Result<()> {
    length("bytes", "to", to.len() * to.read().dtype().bytes(), from.len())?;
    match (dev, to) {
        (Device::Gpu(gpu), ViewMut::Card(to)) => {
            return write_bytes(gpu, to.0.address(), from.iter().map(|byte| [*byte]));
        }
        (_, ViewMut::F32(to)) => {
            let values = from.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b));
            to.iter_mut().zip(values).for_each(|(to, v)| *to = v);
        }
        (_, ViewMut::Bf16(to)) => {
            let values = from.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b));
            to.iter_mut().zip(values).for_each(|(to, v)| *to = v);
        }
        (_, ViewMut::U32(to)) => {
            let values = from.as_chunks().0.iter().map(|b| u32::from_le_bytes(*b));
            to.iter_mut().zip(values).for_each(|(to, v)| *to = v);
        }
        (_, ViewMut::U8(to)) => to.copy_from_slice(from),
        (_, ViewMut::Card(to)) => {
            return Err(Error::Place { dtype: to.0.dtype(), wanted: "the host" });
        }
    }
    Ok(())
}

/// Copies a buffer of the same type on the same device.
///
/// # Errors
/// Another length, type or place; of the driver.
pub fn part(dev: &Device, to: ViewMut, from: View) -> Result<()> {
    length("copy", "to", to.len(), from.len())?;
    match (dev, to, from) {
        (Device::Gpu(gpu), ViewMut::Card(to), View::Card(from)) => {
            if to.0.dtype() != from.dtype() {
                return Err(Error::Dtype { found: to.0.dtype(), expected: from.dtype() });
            }
            if from.is_empty() {
                return Ok(());
            }
            gpu.board().copy(to.0.address(), from.address(), from.bytes())
        }
        (_, ViewMut::U32(to), from) => {
            to.copy_from_slice(from.u32()?);
            Ok(())
        }
        (_, to, from) => {
            to.f32()?.copy_from_slice(from.f32()?);
            Ok(())
        }
    }
}

/// Copies row `from` of a buffer of rows of `width` floats over row `to`.
///
/// # Errors
/// Of the driver; a buffer of other types than floats.
///
/// # Panics
/// Rows that are not inside.
pub fn row(dev: &Device, rows: ViewMut, width: usize, from: usize, to: usize) -> Result<()> {
    if from == to {
        return Ok(());
    }
    match (dev, rows) {
        (Device::Gpu(gpu), ViewMut::Card(rows)) => {
            let at = |row: usize| rows.0.slice(row * width..(row + 1) * width);
            gpu.board().copy(at(to).address(), at(from).address(), at(from).bytes())
        }
        (_, rows) => {
            rows.f32()?.copy_within(from * width..(from + 1) * width, to * width);
            Ok(())
        }
    }
}

fn write_bytes<const N: usize>(
    gpu: &crate::Gpu,
    to: u64,
    from: impl Iterator<Item = [u8; N]>,
) -> Result<()> {
    let bytes: Vec<u8> = from.flatten().collect();
    if bytes.is_empty() { Ok(()) } else { gpu.board().write(to, &bytes) }
}

fn read_bytes(gpu: &crate::Gpu, from: u64, to: &mut [u8]) -> Result<()> {
    if to.is_empty() { Ok(()) } else { gpu.board().read(from, to) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::{SCHEDULES, emulated};

    #[test]
    fn values_come_back() {
        let values = [1.0, -2.5, 1e-3, 3.0e38, 0.1];
        let near = values.map(|v| bf16::from_f32(v).to_f32());
        for (dtype, expected) in [(Dtype::F32, values), (Dtype::Bf16, near)] {
            for dev in [Device::cpu(1).unwrap(), emulated(SCHEDULES[0], dtype)] {
                let mut floats = dev.zeros(dtype, 7).unwrap();
                write_f32(&dev, floats.part_mut(1..6), &values).unwrap();
                let back = read_f32(&dev, floats.view()).unwrap();
                assert_eq!((back[0], &back[1..6], back[6]), (0.0, &expected[..], 0.0));
                assert!(read_u32(&dev, floats.view()).is_err());
                assert!(write_f32(&dev, floats.view_mut(), &values).is_err(), "another length");
                let mut ids = dev.zeros(Dtype::U32, 3).unwrap();
                write_u32(&dev, ids.part_mut(0..2), &[7, u32::MAX]).unwrap();
                assert_eq!(read_u32(&dev, ids.view()).unwrap(), [7, u32::MAX, 0]);
                assert!(write_f32(&dev, ids.view_mut(), &[0.0; 3]).is_err());
                let mut other = dev.zeros(dtype, 7).unwrap();
                let kept = bytes(&dev, floats.view()).unwrap();
                set_bytes(&dev, other.view_mut(), &kept).unwrap();
                assert_eq!(read_f32(&dev, other.view()).unwrap(), back);
                assert!(set_bytes(&dev, other.view_mut(), &kept[1..]).is_err());
            }
        }
    }
}
