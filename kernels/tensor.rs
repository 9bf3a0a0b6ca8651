//! Buffers and views of them. A buffer is flat; shapes are the ops' own.

use std::fmt;
use std::ops::Range;

use half::bf16;

use crate::error::{Error, Result};
use crate::gpu::span::{Buffer, Span, SpanMut};
use crate::pages::Pages;

/// What a buffer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// 32-bit floats.
    F32,
    /// 16-bit floats with the exponent of f32.
    Bf16,
    /// Token ids, positions, offsets.
    U32,
    /// Codes of optimizer states that are kept in 8 bits.
    U8,
}

/// A buffer of one device.
#[derive(Debug)]
pub struct Tensor {
    memory: Memory,
}

#[derive(Debug)]
enum Memory {
    F32(Pages<f32>),
    Bf16(Pages<bf16>),
    U32(Pages<u32>),
    U8(Pages<u8>),
    Card(Buffer),
}

/// A part of a buffer, to read.
#[derive(Debug, Clone, Copy)]
pub enum View<'a> {
    /// 32-bit floats on the host.
    F32(&'a [f32]),
    /// bf16 on the host.
    Bf16(&'a [bf16]),
    /// Ids on the host.
    U32(&'a [u32]),
    /// Codes on the host.
    U8(&'a [u8]),
    /// Anything on a card.
    Card(Span<'a>),
}

/// A part of a buffer, to write.
#[derive(Debug)]
pub enum ViewMut<'a> {
    /// 32-bit floats on the host.
    F32(&'a mut [f32]),
    /// bf16 on the host.
    Bf16(&'a mut [bf16]),
    /// Ids on the host.
    U32(&'a mut [u32]),
    /// Codes on the host.
    U8(&'a mut [u8]),
    /// Anything on a card.
    Card(SpanMut<'a>),
}

impl Dtype {
    /// Bytes of one value.
    pub const fn bytes(self) -> usize {
        match self {
            Dtype::F32 | Dtype::U32 => 4,
            Dtype::Bf16 => 2,
            Dtype::U8 => 1,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dtype::F32 => "f32",
            Dtype::Bf16 => "bf16",
            Dtype::U32 => "u32",
            Dtype::U8 => "u8",
        })
    }
}

impl Tensor {
    /// A buffer of zeros on the host, whose memory is taken on the first touch.
    pub(crate) fn zeros(dtype: Dtype, len: usize) -> Tensor {
        let memory = match dtype {
            Dtype::F32 => Memory::F32(Pages::zeros(len)),
            Dtype::Bf16 => Memory::Bf16(Pages::zeros(len)),
            Dtype::U32 => Memory::U32(Pages::zeros(len)),
            Dtype::U8 => Memory::U8(Pages::zeros(len)),
        };
        Tensor { memory }
    }

    /// A buffer of a card.
    pub(crate) fn on_card(buffer: Buffer) -> Tensor {
        Tensor { memory: Memory::Card(buffer) }
    }

    /// A buffer on the host with these values.
    pub fn from_f32(values: Vec<f32>) -> Tensor {
        Tensor { memory: Memory::F32(values.into()) }
    }

    /// A buffer on the host with these values.
    pub fn from_bf16(values: Vec<bf16>) -> Tensor {
        Tensor { memory: Memory::Bf16(values.into()) }
    }

    /// A buffer on the host with these values.
    pub fn from_u32(values: Vec<u32>) -> Tensor {
        Tensor { memory: Memory::U32(values.into()) }
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it holds.
    pub fn dtype(&self) -> Dtype {
        self.view().dtype()
    }

    /// All of it, to read.
    pub fn view(&self) -> View<'_> {
        match &self.memory {
            Memory::F32(values) => View::F32(values),
            Memory::Bf16(values) => View::Bf16(values),
            Memory::U32(values) => View::U32(values),
            Memory::U8(values) => View::U8(values),
            Memory::Card(buffer) => View::Card(buffer.span()),
        }
    }

    /// All of it, to write.
    pub fn view_mut(&mut self) -> ViewMut<'_> {
        match &mut self.memory {
            Memory::F32(values) => ViewMut::F32(values),
            Memory::Bf16(values) => ViewMut::Bf16(values),
            Memory::U32(values) => ViewMut::U32(values),
            Memory::U8(values) => ViewMut::U8(values),
            Memory::Card(buffer) => ViewMut::Card(buffer.span_mut()),
        }
    }

    /// These values of it, to read.
    ///
    /// # Panics
    /// A range that is not inside.
    pub fn part(&self, range: Range<usize>) -> View<'_> {
        self.view().slice(range)
    }

    /// These values of it, to write.
    ///
    /// # Panics
    /// A range that is not inside.
    pub fn part_mut(&mut self, range: Range<usize>) -> ViewMut<'_> {
        self.view_mut().slice(range)
    }
}

impl<'a> View<'a> {
    /// How many values it shows.
    pub fn len(self) -> usize {
        match self {
            View::F32(values) => values.len(),
            View::Bf16(values) => values.len(),
            View::U32(values) => values.len(),
            View::U8(values) => values.len(),
            View::Card(span) => span.len(),
        }
    }

    /// Whether it shows none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// What it shows.
    pub fn dtype(self) -> Dtype {
        match self {
            View::F32(_) => Dtype::F32,
            View::Bf16(_) => Dtype::Bf16,
            View::U32(_) => Dtype::U32,
            View::U8(_) => Dtype::U8,
            View::Card(span) => span.dtype(),
        }
    }

    /// A part of it.
    ///
    /// # Panics
    /// A range that is not inside.
    pub fn slice(self, range: Range<usize>) -> View<'a> {
        match self {
            View::F32(values) => View::F32(&values[range]),
            View::Bf16(values) => View::Bf16(&values[range]),
            View::U32(values) => View::U32(&values[range]),
            View::U8(values) => View::U8(&values[range]),
            View::Card(span) => View::Card(span.slice(range)),
        }
    }

    /// Its 32-bit floats.
    ///
    /// # Errors
    /// It holds something else.
    pub fn f32(self) -> Result<&'a [f32]> {
        match self {
            View::F32(values) => Ok(values),
            other => Err(not_here(other, Dtype::F32)),
        }
    }

    /// Its bf16 values.
    ///
    /// # Errors
    /// It holds something else.
    pub fn bf16(self) -> Result<&'a [bf16]> {
        match self {
            View::Bf16(values) => Ok(values),
            other => Err(not_here(other, Dtype::Bf16)),
        }
    }

    /// Its ids.
    ///
    /// # Errors
    /// It holds something else.
    pub fn u32(self) -> Result<&'a [u32]> {
        match self {
            View::U32(values) => Ok(values),
            other => Err(not_here(other, Dtype::U32)),
        }
    }
}

impl<'a> ViewMut<'a> {
    /// The same part, to read.
    pub fn read(&self) -> View<'_> {
        match self {
            ViewMut::F32(values) => View::F32(values),
            ViewMut::Bf16(values) => View::Bf16(values),
            ViewMut::U32(values) => View::U32(values),
            ViewMut::U8(values) => View::U8(values),
            ViewMut::Card(span) => View::Card(span.0),
        }
    }

    /// How many values it shows.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether it shows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same part, lent on.
    pub fn lend(&mut self) -> ViewMut<'_> {
        match self {
            ViewMut::F32(values) => ViewMut::F32(values),
            ViewMut::Bf16(values) => ViewMut::Bf16(values),
            ViewMut::U32(values) => ViewMut::U32(values),
            ViewMut::U8(values) => ViewMut::U8(values),
            ViewMut::Card(span) => ViewMut::Card(SpanMut(span.0)),
        }
    }

    /// A part of it.
    ///
    /// # Panics
    /// A range that is not inside.
    pub fn slice(self, range: Range<usize>) -> ViewMut<'a> {
        match self {
            ViewMut::F32(values) => ViewMut::F32(&mut values[range]),
            ViewMut::Bf16(values) => ViewMut::Bf16(&mut values[range]),
            ViewMut::U32(values) => ViewMut::U32(&mut values[range]),
            ViewMut::U8(values) => ViewMut::U8(&mut values[range]),
            ViewMut::Card(span) => ViewMut::Card(SpanMut(span.0.slice(range))),
        }
    }

    /// The first `at` values and the rest.
    ///
    /// # Panics
    /// Fewer than `at` values.
    pub fn split_at(self, at: usize) -> (ViewMut<'a>, ViewMut<'a>) {
        match self {
            ViewMut::F32(values) => {
                let (first, rest) = values.split_at_mut(at);
                (ViewMut::F32(first), ViewMut::F32(rest))
            }
            ViewMut::Bf16(values) => {
                let (first, rest) = values.split_at_mut(at);
                (ViewMut::Bf16(first), ViewMut::Bf16(rest))
            }
            ViewMut::U32(values) => {
                let (first, rest) = values.split_at_mut(at);
                (ViewMut::U32(first), ViewMut::U32(rest))
            }
            ViewMut::U8(values) => {
                let (first, rest) = values.split_at_mut(at);
                (ViewMut::U8(first), ViewMut::U8(rest))
            }
            ViewMut::Card(SpanMut(span)) => {
                let (first, rest) = (span.slice(0..at), span.slice(at..span.len()));
                (ViewMut::Card(SpanMut(first)), ViewMut::Card(SpanMut(rest)))
            }
        }
    }

    /// Its 32-bit floats.
    ///
    /// # Errors
    /// It holds something else.
    pub fn f32(self) -> Result<&'a mut [f32]> {
        match self {
            ViewMut::F32(values) => Ok(values),
            other => Err(not_here(other.read(), Dtype::F32)),
        }
    }

    /// Its bf16 values.
    ///
    /// # Errors
    /// It holds something else.
    pub fn bf16(self) -> Result<&'a mut [bf16]> {
        match self {
            ViewMut::Bf16(values) => Ok(values),
            other => Err(not_here(other.read(), Dtype::Bf16)),
        }
    }

    /// Its ids.
    ///
    /// # Errors
    /// It holds something else.
    pub fn u32(self) -> Result<&'a mut [u32]> {
        match self {
            ViewMut::U32(values) => Ok(values),
            other => Err(not_here(other.read(), Dtype::U32)),
        }
    }
}

/// Why a view is not a slice of `expected` on the host.
fn not_here(view: View<'_>, expected: Dtype) -> Error {
    match view {
        View::Card(span) => Error::Place { dtype: span.dtype(), wanted: "the host" },
        other => Error::Dtype { found: other.dtype(), expected },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_tells_what_it_holds() {
        let mut ids = Tensor::from_u32(vec![1, 2, 3]);
        assert_eq!((ids.len(), ids.dtype()), (3, Dtype::U32));
        assert_eq!(ids.part(1..3).u32().unwrap(), [2, 3]);
        ids.part_mut(0..1).u32().unwrap()[0] = 9;
        assert_eq!(ids.view().u32().unwrap(), [9, 2, 3]);
        let error = ids.view().f32().unwrap_err().to_string();
        assert_eq!(error, "a buffer of f32 is wanted here, not of u32");
        assert!(ids.view_mut().bf16().is_err());
    }
}
