//! What can go wrong when a benchmark's files are read or its items compiled.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// The result of everything in this crate that can be refused.
pub type Result<T> = std::result::Result<T, Error>;

/// A refusal: it names the file, the line and what is wrong with it.
#[derive(Debug, Error)]
pub enum Error {
    /// The file cannot be opened, read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line that cannot be taken.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The file as a whole cannot be used.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A table or an artifact that cannot be used.
    #[error(transparent)]
    Data(#[from] heedful_datasets::Error),
    /// A setting that makes no sense.
    #[error("{0}")]
    Setting(String),
}

impl Error {
    /// An error of the system about `path`.
    pub fn file(path: &Path, source: std::io::Error) -> Error {
        Error::File { path: path.to_owned(), source }
    }

    /// A problem with one line of `path`, counted from 1.
    pub fn line(path: &Path, line: u64, problem: impl Into<String>) -> Error {
        Error::Line { path: path.to_owned(), line, problem: problem.into() }
    }

    /// A problem with `path` as a whole.
    pub fn content(path: &Path, problem: impl Into<String>) -> Error {
        Error::Content { path: path.to_owned(), problem: problem.into() }
    }
}
