//! What a card has to offer: memory, launches by name, products, and reading back.

use std::fmt;

use super::span::Span;
use crate::error::{Error, Result};
use crate::gemm::Shape;
use crate::tensor::Dtype;

/// A card, or what stands for one. Work is done in the order of the calls.
pub trait Board: fmt::Debug + Send + Sync {
    /// What it is.
    fn facts(&self) -> &Facts;

    /// Puts a kernel into the stream.
    ///
    /// # Errors
    /// A kernel that is not there, cannot be compiled or does not fit the card.
    fn launch(&self, kernel: &Kernel, grid: Grid, arguments: &[Arg]) -> Result<()>;

    /// Puts a product of matrices into the stream.
    ///
    /// # Errors
    /// Types or shapes that the library does not know.
    fn product(&self, product: &Product) -> Result<()>;

    /// Takes memory, filled with zeros; its address is a multiple of 256.
    ///
    /// # Errors
    /// No memory, told with what was asked for, what is there and which setting to lower.
    fn take(&self, bytes: usize) -> Result<u64>;

    /// Gives memory back; what is in the stream may still use it.
    fn give(&self, address: u64, bytes: usize);

    /// Writes bytes of the host.
    ///
    /// # Errors
    /// Of the driver.
    fn write(&self, to: u64, from: &[u8]) -> Result<()>;

    /// Waits for the stream and reads.
    ///
    /// # Errors
    /// Of the driver, and of any work before.
    fn read(&self, from: u64, to: &mut [u8]) -> Result<()>;

    /// Puts a copy within the card into the stream.
    ///
    /// # Errors
    /// Buffers that overlap; of the driver.
    fn copy(&self, to: u64, from: u64, bytes: usize) -> Result<()>;

    /// Puts filling with zero bytes into the stream.
    ///
    /// # Errors
    /// Of the driver.
    fn clear(&self, to: u64, bytes: usize) -> Result<()>;

    /// Memory that lasts until the next call: for sums of blocks.
    ///
    /// # Errors
    /// No memory.
    fn scratch(&self, bytes: usize) -> Result<u64>;

    /// Waits until the stream is done.
    ///
    /// # Errors
    /// Of any work in it.
    fn wait(&self) -> Result<()>;

    /// Enters a phase (rollout, training): what is taken from now on belongs to it, and all of it
    /// has been given back when the next one begins, which gets the same memory. `None`: what is
    /// taken now stays, whatever phases come. Forgets all recordings where the phase changes.
    ///
    /// # Errors
    /// Buffers of another phase that live, told with their bytes.
    fn phase(&self, name: Option<&'static str>) -> Result<()>;

    /// Does `work`, which the board may record under this key and then repeat without calling it.
    /// As if it were called each time, as long as: it does nothing but launches, products, copies
    /// and clearing; the buffers that it uses live on; and neither their addresses nor any other
    /// argument or grid depend on anything but the key. What differs from one time to the next
    /// (positions, ids, lengths) has to be read from buffers. Nothing else uses the board
    /// meanwhile.
    ///
    /// # Errors
    /// Of the work; work that takes, gives, reads, writes or waits while it is recorded.
    fn record(&self, key: u64, work: &mut dyn FnMut() -> Result<()>) -> Result<()>;

    /// Forgets what was recorded: buffers have moved or were given back.
    fn forget(&self);
}

/// What a board is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its name.
    pub name: String,
    /// Compute capability: 9, 0 is an H100.
    pub capability: (u32, u32),
    /// Multiprocessors.
    pub processors: u32,
    /// Bytes of memory that may be taken.
    pub memory: u64,
}

/// A kernel and where its source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// Its file, without the ending.
    pub source: &'static str,
    /// Its name in it.
    pub name: String,
}

/// A grid, its blocks, and the bytes of shared memory that each gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Blocks along x, y, z.
    pub blocks: [u32; 3],
    /// Threads of a block, along x.
    pub threads: u32,
    /// Bytes of dynamic shared memory.
    pub shared: u32,
}

impl Grid {
    /// Blocks along x alone, without shared memory.
    pub fn row(blocks: usize, threads: u32) -> Grid {
        let blocks = u32::try_from(blocks).unwrap_or(u32::MAX);
        Grid { blocks: [blocks, 1, 1], threads, shared: 0 }
    }

    /// With so many bytes of dynamic shared memory.
    pub fn sharing(self, shared: u32) -> Grid {
        Grid { shared, ..self }
    }
}

/// An argument of a kernel, of the size that its parameter has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arg {
    /// A pointer; 0 is none.
    Address(u64),
    /// `unsigned`.
    U32(u32),
    /// `unsigned long long`.
    U64(u64),
    /// `float`.
    F32(f32),
}

impl From<Span<'_>> for Arg {
    fn from(span: Span<'_>) -> Arg {
        Arg::Address(span.address())
    }
}

impl From<Option<Span<'_>>> for Arg {
    fn from(span: Option<Span<'_>>) -> Arg {
        Arg::Address(span.map_or(0, Span::address))
    }
}

impl From<u32> for Arg {
    fn from(value: u32) -> Arg {
        Arg::U32(value)
    }
}

impl From<u64> for Arg {
    fn from(value: u64) -> Arg {
        Arg::U64(value)
    }
}

impl From<f32> for Arg {
    fn from(value: f32) -> Arg {
        Arg::F32(value)
    }
}

/// The arguments of a launch, each turned into an [`Arg`]. A `usize` is an `unsigned`: ops check
/// that it fits.
#[macro_export]
#[doc(hidden)]
macro_rules! launch_arguments {
    ($($value:expr),* $(,)?) => { &[$($crate::gpu::Arg::from($value)),*] };
}

pub use crate::launch_arguments as args;

/// Which of the two factors is transposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// A `[M,K]` times the transpose of B `[N,K]`.
    Nt,
    /// A `[M,K]` times B `[K,N]`.
    Nn,
    /// The transpose of A `[K,M]` times B `[K,N]`.
    Tn,
}

/// A product of matrices, each row after row. Sums are taken in f32.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Product {
    /// Which factor is transposed.
    pub form: Form,
    /// M, N, K.
    pub shape: Shape,
    /// Whether the product is added to what `out` holds.
    pub add: bool,
    /// `[M,N]`: address and type.
    pub out: (u64, Dtype),
    /// The first factor.
    pub a: (u64, Dtype),
    /// The second factor.
    pub b: (u64, Dtype),
}

/// Refuses a copy whose ends overlap: a card may do its parts in any order.
///
/// # Errors
/// They overlap.
pub(crate) fn apart(to: u64, from: u64, bytes: usize) -> Result<()> {
    if to.abs_diff(from) >= bytes as u64 {
        return Ok(());
    }
    Err(Error::Device(format!("a copy of {bytes} bytes from {from:#x} to {to:#x} overlaps itself")))
}
