//! Why an op refused its arguments.

use thiserror::Error;

use crate::gpu::arena::Shortage;
use crate::tensor::Dtype;

/// The result of an op.
pub type Result<T> = std::result::Result<T, Error>;

/// A call that cannot be, told before anything was written.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum Error {
    /// A buffer whose length does not fit the others.
    #[error("{op}: {name} has {found} values, not {expected}")]
    Length {
        /// The op.
        op: &'static str,
        /// The argument.
        name: &'static str,
        /// Values that it has.
        found: usize,
        /// Values that it must have.
        expected: usize,
    },
    /// A buffer of another type than the op takes on this device.
    #[error("a buffer of {expected} is wanted here, not of {found}")]
    Dtype {
        /// What it holds.
        found: Dtype,
        /// What it must hold.
        expected: Dtype,
    },
    /// A buffer that lies elsewhere.
    #[error("a buffer of {dtype} on {wanted} is wanted here")]
    Place {
        /// What it holds.
        dtype: Dtype,
        /// Where it should be.
        wanted: &'static str,
    },
    /// No room on the card.
    #[error(transparent)]
    Memory(Box<Shortage>),
    /// An argument that makes no sense.
    #[error("{op}: {problem}")]
    Argument {
        /// The op.
        op: &'static str,
        /// What is wrong, with the value.
        problem: String,
    },
    /// The device cannot be had.
    #[error("{0}")]
    Device(String),
}

impl Error {
    /// An argument that makes no sense.
    pub fn argument(op: &'static str, problem: impl Into<String>) -> Error {
        Error::Argument { op, problem: problem.into() }
    }
}

/// Refuses a buffer whose length is not `expected`.
///
/// # Errors
/// Another length.
pub fn length(op: &'static str, name: &'static str, found: usize, expected: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Length { op, name, found, expected })
}
