//! Buffers of a card and parts of them.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use super::board::Board;
use crate::error::{Error, Result};
use crate::tensor::Dtype;

/// Memory of a card, given back when dropped.
pub struct Buffer {
    board: Arc<dyn Board>,
    address: u64,
    len: usize,
    dtype: Dtype,
}

/// A part of a buffer.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    address: u64,
    len: usize,
    dtype: Dtype,
    lent: PhantomData<&'a ()>,
}

/// A part of a buffer, to write.
#[derive(Debug)]
pub struct SpanMut<'a>(pub(crate) Span<'a>);

impl Buffer {
    /// A buffer of `len` zeros.
    ///
    /// # Errors
    /// No memory.
    pub(crate) fn zeros(board: &Arc<dyn Board>, dtype: Dtype, len: usize) -> Result<Buffer> {
        let bytes = len.checked_mul(dtype.bytes()).filter(|bytes| *bytes <= isize::MAX as usize);
        let bytes = bytes.ok_or_else(|| {
            Error::Device(format!("a buffer of {len} {dtype} is larger than any memory"))
        })?;
        let address = if bytes == 0 { 0 } else { board.take(bytes)? };
        Ok(Buffer { board: Arc::clone(board), address, len, dtype })
    }

    /// All of it.
    pub(crate) fn span(&self) -> Span<'_> {
        Span { address: self.address, len: self.len, dtype: self.dtype, lent: PhantomData }
    }

    /// All of it, to write.
    pub(crate) fn span_mut(&mut self) -> SpanMut<'_> {
        SpanMut(Span { address: self.address, len: self.len, dtype: self.dtype, lent: PhantomData })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.len > 0 {
            self.board.give(self.address, self.len * self.dtype.bytes());
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} {} at {:#x})", self.len, self.dtype, self.address)
    }
}

impl<'a> Span<'a> {
    /// Where it begins on the card.
    pub fn address(self) -> u64 {
        self.address
    }

    /// How many values it has.
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// What it holds.
    pub fn dtype(self) -> Dtype {
        self.dtype
    }

    /// Bytes of it.
    pub(crate) fn bytes(self) -> usize {
        self.len * self.dtype.bytes()
    }

    /// A part of it.
    ///
    /// # Panics
    /// A range that is not inside.
    pub(crate) fn slice(self, range: Range<usize>) -> Span<'a> {
        assert!(
            range.start <= range.end && range.end <= self.len,
            "{range:?} of a buffer of {}",
            self.len
        );
        let address = self.address + (range.start * self.dtype.bytes()) as u64;
        Span { address, len: range.len(), ..self }
    }
}
