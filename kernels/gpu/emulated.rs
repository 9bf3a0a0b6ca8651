//! A board of tests: the same kernels on the host, under a chosen schedule.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::sync::Mutex;

pub use heedful_simt::Schedule;

use super::board::{Arg, Board, Facts, Form, Grid, Kernel, Product};
use crate::error::{Error, Result};
use crate::tensor::Dtype;

/// Where buffers begin.
const ALIGNED: usize = 256;

/// The emulated board.
#[derive(Debug)]
pub struct Emulated {
    facts: Facts,
    schedule: Schedule,
    /// Bytes taken, and the scratch memory.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    scratch: Option<Scratch>,
}

/// An allocation of just its bytes, so that the address sanitizer knows where it ends.
#[derive(Debug)]
struct Scratch {
    address: u64,
    bytes: usize,
}

impl Scratch {
    /// Filled with NaN, since what was there before means nothing.
    fn new(bytes: usize) -> Result<Scratch> {
        let bytes = bytes.max(1);
        // SAFETY: the size is not 0.
        let data = unsafe { alloc(layout(bytes)) };
        if data.is_null() {
            return Err(Error::Memory { asked: bytes as u64, left: 0 });
        }
        // SAFETY: it has as many bytes.
        unsafe { data.write_bytes(0xff, bytes) };
        Ok(Scratch { address: data as u64, bytes })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this size.
        unsafe { dealloc(self.address as *mut u8, layout(self.bytes)) }
    }
}

impl Emulated {
    /// A board of few multiprocessors, so that small inputs take several rounds of blocks.
    pub fn new(schedule: Schedule) -> Emulated {
        Emulated::with_memory(schedule, 1 << 32)
    }

    /// The same with so many bytes of memory.
    pub fn with_memory(schedule: Schedule, memory: u64) -> Emulated {
        let facts =
            Facts { name: "emulated".to_owned(), capability: (8, 0), processors: 3, memory };
        Emulated { facts, schedule, state: Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, ALIGNED).expect("buffers are smaller than the address space")
}

impl Board for Emulated {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn launch(&self, kernel: &Kernel, grid: Grid, arguments: &[Arg]) -> Result<()> {
        let bytes: Vec<Vec<u8>> = arguments
            .iter()
            .map(|argument| match *argument {
                Arg::Address(value) | Arg::U64(value) => value.to_ne_bytes().to_vec(),
                Arg::U32(value) => value.to_ne_bytes().to_vec(),
                Arg::F32(value) => value.to_ne_bytes().to_vec(),
            })
            .collect();
        let bytes: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        let grid = heedful_simt::Grid {
            blocks: grid.blocks,
            threads: [grid.threads, 1, 1],
            shared: grid.shared,
        };
        // SAFETY: ops check that buffers are as long as their kernels read and write; what they
        // get wrong, the tests that run under the address sanitizer find.
        let outcome = unsafe { heedful_simt::launch(&kernel.name, grid, &bytes, self.schedule) };
        outcome.map_err(Error::Device)
    }

    fn product(&self, product: &Product) -> Result<()> {
        let crate::gemm::Shape { m, n, k } = product.shape;
        let (a, b) = (read(product.a, m * k)?, read(product.b, k * n)?);
        let mut out = if product.add { read(product.out, m * n)? } else { vec![0.0; m * n] };
        for i in 0..m {
            for j in 0..n {
                let term = |l: usize| match product.form {
                    Form::Nt => a[i * k + l] * b[j * k + l],
                    Form::Nn => a[i * k + l] * b[l * n + j],
                    Form::Tn => a[l * m + i] * b[l * n + j],
                };
                out[i * n + j] += (0..k).map(term).sum::<f32>();
            }
        }
        write(product.out, &out)
    }

    fn take(&self, bytes: usize) -> Result<u64> {
        let mut state = self.state();
        let left = (self.facts.memory as usize).saturating_sub(state.taken);
        if bytes > left {
            return Err(Error::Memory { asked: bytes as u64, left: left as u64 });
        }
        state.taken += bytes;
        // SAFETY: the size is not 0, since empty buffers take nothing.
        let data = unsafe { alloc_zeroed(layout(bytes)) };
        if data.is_null() {
            return Err(Error::Memory { asked: bytes as u64, left: left as u64 });
        }
        Ok(data as u64)
    }

    fn give(&self, address: u64, bytes: usize) {
        self.state().taken -= bytes;
        // SAFETY: it came from `take` with this size and is given once.
        unsafe { dealloc(address as *mut u8, layout(bytes)) }
    }

    fn write(&self, to: u64, from: &[u8]) -> Result<()> {
        // SAFETY: the caller's buffer has as many bytes.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to as *mut u8, from.len()) }
        Ok(())
    }

    fn read(&self, from: u64, to: &mut [u8]) -> Result<()> {
        // SAFETY: the caller's buffer has as many bytes.
        unsafe { std::ptr::copy_nonoverlapping(from as *const u8, to.as_mut_ptr(), to.len()) }
        Ok(())
    }

    fn copy(&self, to: u64, from: u64, bytes: usize) -> Result<()> {
        // SAFETY: both buffers have as many bytes; they may overlap.
        unsafe { std::ptr::copy(from as *const u8, to as *mut u8, bytes) }
        Ok(())
    }

    fn clear(&self, to: u64, bytes: usize) -> Result<()> {
        // SAFETY: the buffer has as many bytes.
        unsafe { std::ptr::write_bytes(to as *mut u8, 0, bytes) }
        Ok(())
    }

    fn scratch(&self, bytes: usize) -> Result<u64> {
        let scratch = Scratch::new(bytes)?;
        let address = scratch.address;
        self.state().scratch = Some(scratch);
        Ok(address)
    }

    fn wait(&self) -> Result<()> {
        Ok(())
    }
}

/// Values of a buffer, widened.
fn read((address, dtype): (u64, Dtype), len: usize) -> Result<Vec<f32>> {
    match dtype {
        Dtype::F32 => {
            // SAFETY: the op checked that the buffer has as many values.
            Ok(unsafe { std::slice::from_raw_parts(address as *const f32, len) }.to_vec())
        }
        Dtype::Bf16 => {
            // SAFETY: the same.
            let values = unsafe { std::slice::from_raw_parts(address as *const half::bf16, len) };
            Ok(values.iter().map(|value| value.to_f32()).collect())
        }
        other => Err(Error::Dtype { found: other, expected: Dtype::F32 }),
    }
}

fn write((address, dtype): (u64, Dtype), values: &[f32]) -> Result<()> {
    match dtype {
        Dtype::F32 => {
            // SAFETY: the op checked that the buffer has as many values.
            let to = unsafe { std::slice::from_raw_parts_mut(address as *mut f32, values.len()) };
            to.copy_from_slice(values);
        }
        Dtype::Bf16 => {
            let first = address as *mut half::bf16;
            // SAFETY: the same.
            let to = unsafe { std::slice::from_raw_parts_mut(first, values.len()) };
            to.iter_mut().zip(values).for_each(|(to, v)| *to = half::bf16::from_f32(*v));
        }
        other => return Err(Error::Dtype { found: other, expected: Dtype::F32 }),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use crate::gpu::testing::{emulated, tensor};
    use crate::gpu::{Grid, args, floats};
    use crate::{Device, Dtype};

    /// Adds `count` values of scratch memory to a buffer, however many they have.
    fn add_beyond(dev: &Device, values: usize, scratch: usize, count: u64) {
        let Device::Gpu(gpu) = dev else { unreachable!("it is a card") };
        let mut y = tensor(dev, Dtype::F32, &vec![1.0; values]);
        let (y, x) = (floats(y.view_mut()).unwrap(), gpu.scratch(scratch * 4).unwrap());
        gpu.launch("add", "add", &[Dtype::F32], Grid::row(1, 256), args![y, x, count]).unwrap();
    }

    #[test]
    fn buffers_are_as_long_as_asked() {
        for schedule in Schedule::ALL {
            add_beyond(&emulated(schedule, Dtype::F32), 1001, 1001, 1001);
        }
    }

    #[test]
    #[ignore = "it writes one value too many: for the sanitizer, by scripts/sanitize.sh"]
    fn planted_beyond_a_buffer() {
        add_beyond(&emulated(Schedule::Greedy, Dtype::F32), 1000, 1001, 1001);
    }

    #[test]
    #[ignore = "it reads one value too many: for the sanitizer, by scripts/sanitize.sh"]
    fn planted_beyond_scratch() {
        add_beyond(&emulated(Schedule::Greedy, Dtype::F32), 1001, 1000, 1001);
    }
}
