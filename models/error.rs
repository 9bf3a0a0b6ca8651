//! What stops the loading, running or saving of a model.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The result of anything with a model.
pub type Result<T> = std::result::Result<T, Error>;

/// A refusal or failure.
#[derive(Debug, Error)]
pub enum Error {
    /// Of the system, about a file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that is not what it should be.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the key and the value.
        problem: String,
    },
    /// An argument that makes no sense.
    #[error("{0}")]
    Argument(String),
    /// Of an op.
    #[error(transparent)]
    Kernel(#[from] heedful_kernels::Error),
}

impl Error {
    /// An error of the system about `path`.
    pub fn io(path: &Path, source: io::Error) -> Error {
        Error::Io { path: path.to_owned(), source }
    }

    /// A file that is not what it should be.
    pub fn file(path: &Path, problem: impl Into<String>) -> Error {
        Error::File { path: path.to_owned(), problem: problem.into() }
    }

    /// An argument that makes no sense.
    pub fn argument(problem: impl Into<String>) -> Error {
        Error::Argument(problem.into())
    }
}
