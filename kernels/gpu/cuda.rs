//! A CUDA card as a board: one context, one stream, one slab of memory, kernels compiled at run
//! time, products by cuBLASLt.
//!
//! Nothing of CUDA is needed to build this; all libraries are found at run time.

mod cache;
mod compile;
pub(crate) mod driver;
mod graph;
pub(crate) mod library;
mod lt;
mod modules;
mod slab;
mod staging;

#[cfg(test)]
mod budget_tests;
#[cfg(test)]
mod card_tests;
#[cfg(test)]
mod fake_tests;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cudarc::driver::result;

use self::driver::{Context, Told};
use self::graph::{Graph, Graphs};
use self::lt::Lt;
use self::modules::Modules;
use self::slab::Slab;
use self::staging::Staging;
use super::board::{Arg, Board, Facts, Grid, Kernel, Product};
use crate::error::{Error, Result};

pub use self::slab::Reserve;

/// Where compiled kernels are kept, if anywhere.
pub(crate) fn cache_folder() -> Option<std::path::PathBuf> {
    cache::folder()
}

/// Which card, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Settings {
    /// The card's number, counted from 0 as the driver does.
    pub card: usize,
    /// How much of its memory is taken at the beginning, and kept.
    pub memory: Reserve,
}

/// A card. Fields are dropped in this order.
pub struct Cuda {
    facts: Facts,
    lt: Mutex<Lt>,
    graphs: Mutex<Graphs>,
    modules: Mutex<Modules>,
    staging: Mutex<Staging>,
    slab: Mutex<Slab>,
    recording: AtomicBool,
    /// A buffer was given back during a recording, which may use it.
    given: AtomicBool,
    context: Context,
}

impl Cuda {
    /// Opens a card: finds the libraries, makes a stream, and reserves memory.
    ///
    /// # Errors
    /// A library that is missing, with what to install; no such card; no memory.
    pub fn open(settings: Settings) -> Result<Cuda> {
        let context = Context::open(settings.card)?;
        let nvrtc = library::nvrtc()?;
        library::cublaslt()?;
        let mut slab = Slab::reserve(settings.memory)?;
        let lt = Lt::new(slab.take(lt::WORKSPACE)?)?;
        let card = &context.card;
        let facts = Facts {
            name: card.name.clone(),
            capability: card.capability,
            processors: card.processors,
            memory: slab.arena.left(),
        };
        Ok(Cuda {
            facts,
            lt: Mutex::new(lt),
            graphs: Mutex::default(),
            modules: Mutex::new(Modules::new(nvrtc, cache::folder())),
            staging: Mutex::new(Staging::new()?),
            slab: Mutex::new(slab),
            recording: AtomicBool::new(false),
            given: AtomicBool::new(false),
            context,
        })
    }

    /// Refuses what a recording cannot repeat.
    fn not_recording(&self, what: &str) -> Result<()> {
        match self.recording.load(Ordering::Acquire) {
            true => Err(Error::Device(format!("{what} while a step is recorded"))),
            false => Ok(()),
        }
    }

    /// Records work that was done once before, and launches it.
    fn capture(&self, key: u64, work: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        self.given.store(false, Ordering::Release);
        let recorded = {
            let _flag = Flag::raise(&self.recording);
            graph::record(&self.context, work)
        }?;
        if self.given.load(Ordering::Acquire) {
            return Err(Error::Device("a buffer was given back while a step is recorded".into()));
        }
        let launched = recorded.launch(&self.context);
        locked(&self.graphs).put(key, Graph::Ready(recorded));
        launched
    }
}

/// A flag that is up until dropped.
struct Flag<'a>(&'a AtomicBool);

impl Flag<'_> {
    fn raise(flag: &AtomicBool) -> Flag<'_> {
        flag.store(true, Ordering::Release);
        Flag(flag)
    }
}

impl Drop for Flag<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// What a panic elsewhere left is whole: each change is one call.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Board for Cuda {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn launch(&self, kernel: &Kernel, grid: Grid, arguments: &[Arg]) -> Result<()> {
        self.context.bind()?;
        locked(&self.modules).launch(&self.context, kernel, grid, arguments)
    }

    fn product(&self, product: &Product) -> Result<()> {
        let crate::gemm::Shape { m, n, k } = product.shape;
        if m == 0 || n == 0 || (k == 0 && product.add) {
            return Ok(());
        }
        if k == 0 {
            return self.clear(product.out.0, m * n * product.out.1.bytes());
        }
        self.context.bind()?;
        locked(&self.lt).product(product, self.context.stream())
    }

    fn take(&self, bytes: usize) -> Result<u64> {
        self.not_recording("memory is taken")?;
        let address = locked(&self.slab).take(bytes)?;
        if let Err(error) = self.clear(address, bytes) {
            locked(&self.slab).give(address);
            return Err(error);
        }
        Ok(address)
    }

    fn give(&self, address: u64, _: usize) {
        self.given.store(true, Ordering::Release);
        locked(&self.slab).give(address);
    }

    fn write(&self, to: u64, from: &[u8]) -> Result<()> {
        self.not_recording("a buffer is written")?;
        if from.is_empty() {
            return Ok(());
        }
        self.context.bind()?;
        locked(&self.staging).write(&self.context, to, from)
    }

    fn read(&self, from: u64, to: &mut [u8]) -> Result<()> {
        self.not_recording("a buffer is read")?;
        if to.is_empty() {
            return Ok(());
        }
        self.context.bind()?;
        // SAFETY: the buffer on the card has as many bytes, and the target outlives the wait.
        let put = unsafe { result::memcpy_dtoh_async(to, from, self.context.stream()) };
        // Waited for whatever came of it, since the target is the caller's.
        let waited = self.context.wait();
        put.told("a read")?;
        waited
    }

    fn copy(&self, to: u64, from: u64, bytes: usize) -> Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        super::board::apart(to, from, bytes)?;
        self.context.bind()?;
        // SAFETY: both buffers have as many bytes.
        unsafe { result::memcpy_dtod_async(to, from, bytes, self.context.stream()) }.told("a copy")
    }

    fn clear(&self, to: u64, bytes: usize) -> Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        self.context.bind()?;
        // SAFETY: the buffer has as many bytes.
        unsafe { result::memset_d8_async(to, 0, bytes, self.context.stream()) }.told("clearing")
    }

    fn scratch(&self, bytes: usize) -> Result<u64> {
        let mut slab = locked(&self.slab);
        if let Some(address) = slab.scratch(bytes) {
            return Ok(address);
        }
        self.not_recording("the scratch memory grows")?;
        let address = slab.grow(bytes)?;
        drop(slab);
        // What was recorded works in the old one.
        self.forget();
        Ok(address)
    }

    fn wait(&self) -> Result<()> {
        self.not_recording("the card is waited for")?;
        self.context.bind()?;
        self.context.wait()
    }

    fn phase(&self, name: Option<&'static str>) -> Result<()> {
        self.not_recording("a phase begins")?;
        let mut slab = locked(&self.slab);
        let before = slab.arena.phase();
        slab.arena.enter(name)?;
        drop(slab);
        if before != name {
            self.forget();
        }
        Ok(())
    }

    fn record(&self, key: u64, work: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        self.not_recording("another is recorded")?;
        self.context.bind()?;
        let graphs = locked(&self.graphs);
        match graphs.get(key) {
            Some(Graph::Ready(ready)) => ready.launch(&self.context),
            Some(Graph::Seen) => {
                drop(graphs);
                self.capture(key, work)
            }
            None => {
                drop(graphs);
                work()?;
                locked(&self.graphs).put(key, Graph::Seen);
                Ok(())
            }
        }
    }

    fn forget(&self) {
        // Where it cannot be bound, nothing can be destroyed: the driver has given up.
        if self.context.bind().is_ok() {
            locked(&self.graphs).clear();
        }
    }
}

impl fmt::Debug for Cuda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cuda(card {}: {})", self.context.card.ordinal, self.facts.name)
    }
}

impl Drop for Cuda {
    fn drop(&mut self) {
        // What is in the stream uses what is dropped now. Errors have been told, or are nobody's.
        let _ = self.context.bind().and_then(|()| self.context.wait());
    }
}
