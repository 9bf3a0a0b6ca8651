//! A board of tests: the same kernels on the host, under a chosen schedule.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::collections::BTreeMap;
use std::sync::Mutex;

pub use heedful_simt::Schedule;

use super::arena::Arena;
use super::board::{Arg, Board, Facts, Form, Grid, Kernel, Product};
use super::sources::{self, Source};
use crate::error::{Error, Result};
use crate::tensor::Dtype;

/// Where buffers begin.
const ALIGNED: usize = 256;

const GIVEN: &str = "a buffer was given back";

/// The emulated board.
#[derive(Debug)]
pub struct Emulated {
    facts: Facts,
    schedule: Schedule,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Refuses what a card of this memory would. Addresses are the allocator's, so that a
    /// sanitizer sees where buffers end.
    arena: Arena,
    /// The arena's offset of every address.
    offsets: BTreeMap<u64, u64>,
    scratch: Option<Scratch>,
    /// What the step does that is recorded now.
    recording: Option<Vec<String>>,
    /// What each recorded step did, by its key.
    recorded: BTreeMap<u64, Vec<String>>,
    /// How many times a step was done under a key.
    repeated: u64,
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
            return Err(Error::Device(format!("the host has no {bytes} bytes left")));
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
        let state = State {
            arena: Arena::new(memory),
            offsets: BTreeMap::new(),
            scratch: None,
            recording: None,
            recorded: BTreeMap::new(),
            repeated: 0,
        };
        Emulated { facts, schedule, state: Mutex::new(state) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// How many steps were done that a card records and repeats.
    pub fn repeated(&self) -> u64 {
        self.state().repeated
    }

    /// Refuses what a card's recording cannot repeat.
    fn not_recording(&self, what: &str) -> Result<()> {
        match self.state().recording {
            Some(_) => Err(Error::Device(format!("{what} while a step is recorded"))),
            None => Ok(()),
        }
    }
}

impl State {
    /// Notes what a recorded step does.
    fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(done) = &mut self.recording {
            done.push(what());
        }
    }

    /// An argument, with a place in scratch memory by its distance from the beginning: that memory
    /// is elsewhere each time.
    fn told(&self, argument: &Arg) -> String {
        match (argument, &self.scratch) {
            (Arg::Address(at), Some(scratch))
                if (0..scratch.bytes as u64).contains(&at.wrapping_sub(scratch.address)) =>
            {
                format!("scratch + {}", at - scratch.address)
            }
            _ => format!("{argument:?}"),
        }
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
        // A card looks for the kernel in its file alone.
        let named = |source: Source| source.text.contains(&format!(" {}(", kernel.name));
        if !sources::of(kernel.source).is_some_and(named) {
            let Kernel { source, name } = kernel;
            return Err(Error::Device(format!("{source}.cu has no kernel {name}")));
        }
        let mut state = self.state();
        if state.recording.is_some() {
            let told: Vec<String> = arguments.iter().map(|a| state.told(a)).collect();
            state.note(|| format!("{} on {grid:?} with {}", kernel.name, told.join(", ")));
        }
        drop(state);
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
        self.state().note(|| format!("{product:?}"));
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
        self.not_recording("memory is taken")?;
        let mut state = self.state();
        let offset = state.arena.take(bytes as u64)?;
        // SAFETY: the size is not 0, since empty buffers take nothing.
        let data = unsafe { alloc_zeroed(layout(bytes)) };
        if data.is_null() {
            state.arena.give(offset);
            return Err(state.arena.shortage(bytes as u64));
        }
        state.offsets.insert(data as u64, offset);
        Ok(data as u64)
    }

    fn give(&self, address: u64, bytes: usize) {
        let mut state = self.state();
        state.note(|| GIVEN.to_owned());
        let offset = state.offsets.remove(&address).expect("it was taken and not given yet");
        state.arena.give(offset);
        // SAFETY: it came from `take` with this size and is given once.
        unsafe { dealloc(address as *mut u8, layout(bytes)) }
    }

    fn write(&self, to: u64, from: &[u8]) -> Result<()> {
        self.not_recording("a buffer is written")?;
        // SAFETY: the caller's buffer has as many bytes.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to as *mut u8, from.len()) }
        Ok(())
    }

    fn read(&self, from: u64, to: &mut [u8]) -> Result<()> {
        self.not_recording("a buffer is read")?;
        // SAFETY: the caller's buffer has as many bytes.
        unsafe { std::ptr::copy_nonoverlapping(from as *const u8, to.as_mut_ptr(), to.len()) }
        Ok(())
    }

    fn copy(&self, to: u64, from: u64, bytes: usize) -> Result<()> {
        super::board::apart(to, from, bytes)?;
        self.state().note(|| format!("{bytes} bytes from {from:#x} to {to:#x}"));
        // SAFETY: both buffers have as many bytes and lie apart.
        unsafe { std::ptr::copy_nonoverlapping(from as *const u8, to as *mut u8, bytes) }
        Ok(())
    }

    fn clear(&self, to: u64, bytes: usize) -> Result<()> {
        self.state().note(|| format!("{bytes} bytes of 0 to {to:#x}"));
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
        self.not_recording("the card is waited for")
    }

    fn phase(&self, name: Option<&'static str>) -> Result<()> {
        self.not_recording("a phase begins")?;
        let mut state = self.state();
        if state.arena.phase() != name {
            state.recorded.clear();
        }
        state.arena.enter(name)
    }

    /// Does the work each time, and refuses it where a card that repeats what it recorded would do
    /// something else.
    fn record(&self, key: u64, work: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        self.not_recording("another is recorded")?;
        self.state().recording = Some(Vec::new());
        let outcome = work();
        let mut state = self.state();
        let done = state.recording.take().expect("it was begun above");
        outcome?;
        state.repeated += 1;
        if done.iter().any(|what| what == GIVEN) {
            return Err(Error::Device(format!("{GIVEN} while a step is recorded")));
        }
        let Some(known) = state.recorded.get(&key) else {
            state.recorded.insert(key, done);
            return Ok(());
        };
        if *known == done {
            return Ok(());
        }
        let at = known.iter().zip(&done).position(|(known, now)| known != now);
        let at = at.unwrap_or(known.len().min(done.len()));
        let what = |all: &[String]| all.get(at).map_or("nothing", String::as_str).to_owned();
        let (known, done) = (what(known), what(&done));
        Err(Error::Device(format!("step {key:#x} did {known} as number {at}, now {done}")))
    }

    fn forget(&self) {
        self.state().recorded.clear();
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
    use std::sync::Arc;

    use super::*;
    use crate::Device;
    use crate::gpu::testing::{emulated, tensor};
    use crate::gpu::{Gpu, args, floats};

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

    #[test]
    fn phases_and_memory_are_a_cards() {
        let board = Arc::new(Emulated::with_memory(Schedule::RoundRobin, 4096));
        let gpu = Gpu::new(board, Dtype::F32).unwrap();
        let stays = gpu.zeros(Dtype::F32, 256).unwrap();
        gpu.board().phase(Some("rollout")).unwrap();
        let cache = gpu.zeros(Dtype::U8, 3000).unwrap();
        assert!(gpu.board().phase(Some("training")).is_err());
        let error = gpu.zeros(Dtype::U8, 1).unwrap_err().to_string();
        let told = "no room on the card: 1 KiB are asked for by phase rollout, 0 KiB of 4 KiB are \
                    left, 0 KiB in one piece; 1 KiB stay, phase rollout holds 3 KiB, ";
        assert!(error.starts_with(told), "{error}");
        drop(cache);
        gpu.board().phase(Some("training")).unwrap();
        assert!(gpu.zeros(Dtype::U8, 3072).is_ok());
        drop(stays);
        assert!(gpu.zeros(Dtype::U8, 4096).is_ok());
        let mut times = 0;
        for _ in 0..3 {
            gpu.board()
                .record(7, &mut || {
                    times += 1;
                    Ok(())
                })
                .unwrap();
        }
        assert_eq!(times, 3);
    }

    #[test]
    fn what_a_card_would_repeat_must_be_the_same() {
        let dev = emulated(Schedule::Greedy, Dtype::F32);
        let Device::Gpu(gpu) = &dev else { unreachable!("it is a card") };
        let board = gpu.board();
        let mut y = tensor(&dev, Dtype::F32, &[1.0; 9]);
        let y = floats(y.view_mut()).unwrap();
        let add = |count: u64| {
            let x = gpu.scratch(count as usize * 4)?;
            gpu.launch("add", "add", &[Dtype::F32], Grid::row(1, 256), args![y, x, count])
        };
        for _ in 0..3 {
            board.record(1, &mut || add(9)).unwrap();
        }
        board.record(2, &mut || add(8)).unwrap();
        let error = board.record(1, &mut || add(8)).unwrap_err().to_string();
        assert!(error.contains("step 0x1 did add_f32 on "), "{error}");
        assert!(error.contains("U64(9) as number 0, now add_f32"), "{error}");
        assert!(board.record(1, &mut || Ok(())).is_err(), "less than before");
        board.forget();
        board.record(1, &mut || add(8)).unwrap();
        let at = board.take(256).unwrap();
        let refused =
            |work: &mut dyn FnMut() -> Result<()>| board.record(3, work).unwrap_err().to_string();
        assert!(refused(&mut || board.write(at, &[1])).contains("a buffer is written"));
        assert!(refused(&mut || board.read(at, &mut [1])).contains("a buffer is read"));
        assert!(refused(&mut || board.take(1).map(drop)).contains("memory is taken"));
        assert!(refused(&mut || board.wait()).contains("the card is waited for"));
        assert!(refused(&mut || board.phase(None)).contains("a phase begins"));
        assert!(refused(&mut || board.record(4, &mut || Ok(()))).contains("another is recorded"));
        let mut given = false;
        let give = &mut || {
            (!std::mem::replace(&mut given, true)).then(|| board.give(at, 256));
            Ok(())
        };
        assert!(refused(give).contains("a buffer was given back"));
    }
}
