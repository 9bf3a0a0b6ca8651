//! Where ops run, chosen at run time.
//!
//! Work on the host is cut into blocks whose bounds depend on the shapes alone, never on the number
//! of threads: so the same input gives the same bits on one thread or many.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::team::Team;
use crate::tensor::{Dtype, Tensor};

/// The device of a model and of all its buffers.
#[derive(Debug)]
pub enum Device {
    /// The host: f32 activations, f32 or bf16 weights.
    Cpu(Cpu),
    /// A card: bf16 activations and weights, sums in f32.
    Gpu(Gpu),
}

/// The host and its threads.
#[derive(Debug)]
pub struct Cpu {
    team: Option<Team>,
    threads: usize,
}

impl Device {
    /// The host with `threads` threads; 0 takes one a core.
    ///
    /// # Errors
    /// Threads that the system does not give.
    pub fn cpu(threads: usize) -> Result<Device> {
        Ok(Device::Cpu(Cpu::new(threads)?))
    }

    /// A buffer of `len` zeros.
    ///
    /// # Errors
    /// No memory on the card.
    pub fn zeros(&self, dtype: Dtype, len: usize) -> Result<Tensor> {
        match self {
            Device::Cpu(_) => Ok(Tensor::zeros(dtype, len)),
            Device::Gpu(gpu) => gpu.zeros(dtype, len).map(Tensor::on_card),
        }
    }

    /// What activations and weights are kept in.
    pub fn float(&self) -> Dtype {
        match self {
            Device::Cpu(_) => Dtype::F32,
            Device::Gpu(gpu) => gpu.float(),
        }
    }
}

impl Cpu {
    /// The host with `threads` threads; 0 takes one a core. With one thread nothing is started and
    /// all work runs on the caller's.
    ///
    /// # Errors
    /// Threads that the system does not give.
    pub fn new(threads: usize) -> Result<Cpu> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if threads == 0 { cores() } else { threads };
        let team = (threads > 1).then(|| Team::new(threads - 1)).transpose();
        let team = team.map_err(|e| Error::Device(format!("{threads} threads: {e}")))?;
        Ok(Cpu { team, threads })
    }

    /// How many threads it uses.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Calls `work` with each block of `block` items out of `items`, the last one maybe shorter, on
    /// any thread and in any order.
    pub fn blocks(&self, items: usize, block: usize, work: impl Fn(Range<usize>) + Sync) {
        let count = items.div_ceil(block.max(1));
        let range = |at: usize| at * block..items.min((at + 1) * block);
        match &self.team {
            Some(team) if count > 1 => team.run(count, &|at| work(range(at))),
            _ => (0..count).for_each(|at| work(range(at))),
        }
    }

    /// Calls `work(i, chunk)` with each chunk of `size` values out of `data`, the last one maybe
    /// shorter, on any thread and in any order.
    pub fn chunks<T: Send>(
        &self,
        data: &mut [T],
        size: usize,
        work: impl Fn(usize, &mut [T]) + Sync,
    ) {
        let len = data.len();
        let first = First(data.as_mut_ptr());
        self.blocks(len, size.max(1), |range| {
            let first = &first;
            // SAFETY: blocks lie inside the data, have no value in common, and each is visited
            // once.
            let chunk = unsafe {
                std::slice::from_raw_parts_mut(first.0.add(range.start), range.end - range.start)
            };
            work(range.start / size.max(1), chunk);
        });
    }
}

/// The first value of what is cut into chunks.
struct First<T>(*mut T);

// SAFETY: each thread makes a slice of values of its own from it.
unsafe impl<T: Send> Sync for First<T> {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_item_is_visited_once_by_any_number_of_threads() {
        for threads in [1, 2, 3] {
            let cpu = Cpu::new(threads).unwrap();
            for (items, block) in [(0, 4), (1, 4), (8, 4), (9, 4), (5, 1), (3, 0)] {
                let seen: Vec<AtomicUsize> = (0..items).map(|_| AtomicUsize::new(0)).collect();
                if block > 0 {
                    cpu.blocks(items, block, |range| {
                        range.for_each(|at| _ = seen[at].fetch_add(1, Ordering::Relaxed));
                    });
                    assert!(seen.iter().all(|n| n.load(Ordering::Relaxed) == 1));
                }
                let mut data = vec![0; items];
                cpu.chunks(&mut data, block, |at, chunk| {
                    chunk.iter_mut().for_each(|v| *v += at + 1);
                });
                let expected: Vec<usize> = (0..items).map(|i| i / block.max(1) + 1).collect();
                assert_eq!(data, expected);
            }
        }
    }
}
