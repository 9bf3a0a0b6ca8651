//! A card that kernels are launched on by name, and what its buffers are.
//!
//! Work is put into one stream, in order; a call returns before its work is done, and only reading
//! a buffer waits. Behind [`Board`] is a CUDA card or, in tests, the emulator, so everything above
//! it, launches and indexing included, runs without a card.

pub mod arena;
pub mod board;
pub mod cuda;
#[cfg(any(test, feature = "simt"))]
pub mod emulated;
pub mod found;
pub mod sources;
pub mod span;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use crate::device::Device;
use crate::error::{Error, Result};
use crate::tensor::{Dtype, View, ViewMut};

use cuda::Cuda;

pub use board::{Arg, Board, Facts, Form, Grid, Kernel, Product, args};
pub use span::{Buffer, Span};

/// A card, and what it computes in.
#[derive(Debug, Clone)]
pub struct Gpu {
    board: Arc<dyn Board>,
    float: Dtype,
}

impl Gpu {
    /// A board whose activations and weights are kept in `float`: bf16, or f32 for tests.
    ///
    /// # Errors
    /// A type that is not of floats.
    pub fn new(board: Arc<dyn Board>, float: Dtype) -> Result<Gpu> {
        match float {
            Dtype::F32 | Dtype::Bf16 => Ok(Gpu { board, float }),
            other => Err(Error::Device(format!("activations are f32 or bf16, not {other}"))),
        }
    }

    /// What activations and weights are kept in.
    pub fn float(&self) -> Dtype {
        self.float
    }

    /// What the board is.
    pub fn facts(&self) -> &Facts {
        self.board.facts()
    }

    /// The board.
    pub fn board(&self) -> &dyn Board {
        &*self.board
    }

    /// A buffer of `len` zeros.
    ///
    /// # Errors
    /// No memory, told with what was asked for, what is there and which setting to lower.
    pub fn zeros(&self, dtype: Dtype, len: usize) -> Result<Buffer> {
        Buffer::zeros(&self.board, dtype, len)
    }

    /// Puts a kernel into the stream. `source` is its `.cu` file without the ending; its name is
    /// `name`, with the types of `dtypes` after it: `rmsnorm_forward_bf16`. A grid of no blocks
    /// is no launch.
    ///
    /// # Errors
    /// A kernel that cannot be compiled or launched.
    pub(crate) fn launch(
        &self,
        source: &'static str,
        name: &str,
        dtypes: &[Dtype],
        grid: Grid,
        arguments: &[Arg],
    ) -> Result<()> {
        if grid.blocks.contains(&0) {
            return Ok(());
        }
        let mut name = name.to_owned();
        dtypes.iter().for_each(|dtype| name += &format!("_{dtype}"));
        self.board.launch(&Kernel { source, name }, grid, arguments)
    }

    /// A buffer of `bytes` that holds until the next call, for sums of blocks.
    ///
    /// # Errors
    /// No memory.
    pub(crate) fn scratch(&self, bytes: usize) -> Result<Arg> {
        self.board.scratch(bytes).map(Arg::Address)
    }
}

/// The card of this number, with activations and weights in `float`. All that a process opens of
/// one card share its memory.
///
/// # Errors
/// A library that is missing, with what to install; no such card; no memory.
pub fn open(card: usize, float: Dtype) -> Result<Device> {
    static OPEN: Mutex<BTreeMap<usize, Weak<Cuda>>> = Mutex::new(BTreeMap::new());
    let mut known = OPEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let board = match known.get(&card).and_then(Weak::upgrade) {
        Some(board) => board,
        None => {
            let settings = cuda::Settings { card, ..cuda::Settings::default() };
            let board = Arc::new(Cuda::open(settings)?);
            known.insert(card, Arc::downgrade(&board));
            board
        }
    };
    Ok(Device::Gpu(Gpu::new(board, float)?))
}

/// A view, to read or to write, of what may be a card's buffer.
pub(crate) trait Lent<'a> {
    /// The part of the card's buffer.
    ///
    /// # Errors
    /// A view of the host's memory.
    fn span(self) -> Result<Span<'a>>;
}

impl<'a> Lent<'a> for View<'a> {
    fn span(self) -> Result<Span<'a>> {
        match self {
            View::Card(span) => Ok(span),
            other => Err(Error::Place { dtype: other.dtype(), wanted: "the card" }),
        }
    }
}

impl<'a> Lent<'a> for ViewMut<'a> {
    fn span(self) -> Result<Span<'a>> {
        match self {
            ViewMut::Card(span) => Ok(span.0),
            other => Err(Error::Place { dtype: other.read().dtype(), wanted: "the card" }),
        }
    }
}

/// The part of a card's buffer of this type that a view shows.
///
/// # Errors
/// A view of the host's memory; another type.
pub(crate) fn of<'a>(view: impl Lent<'a>, expected: Dtype) -> Result<Span<'a>> {
    let span = view.span()?;
    if span.dtype() == expected {
        return Ok(span);
    }
    Err(Error::Dtype { found: span.dtype(), expected })
}

/// A view of floats, f32 or bf16: its type decides which kernel runs.
///
/// # Errors
/// A view of the host's memory, or of no floats.
pub(crate) fn floats<'a>(view: impl Lent<'a>) -> Result<Span<'a>> {
    let span = view.span()?;
    match span.dtype() {
        Dtype::F32 | Dtype::Bf16 => Ok(span),
        found => Err(Error::Dtype { found, expected: Dtype::Bf16 }),
    }
}

/// Blocks of a launch whose threads go over `count` values in steps of the whole grid, sixteen
/// bytes at once: as many as keep the card busy, and no more than there is work for.
pub(crate) fn spread(gpu: &Gpu, count: usize, dtype: Dtype) -> Grid {
    let each = 256 * 16 / dtype.bytes();
    let most = gpu.facts().processors as usize * 16;
    Grid::row(count.div_ceil(each).min(most), 256)
}

/// A block a row of `width` values: threads for sixteen bytes each, whole warps, up to 512.
pub(crate) fn rows(count: usize, width: usize, dtype: Dtype) -> Grid {
    let threads = (width * dtype.bytes()).div_ceil(16).next_multiple_of(32).clamp(32, 512);
    Grid::row(count, threads as u32)
}
