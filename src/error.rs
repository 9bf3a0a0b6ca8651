//! What stops a stage: an error of a crate below, a setting that makes no sense, or the system.

use std::io;
use std::path::Path;

use thiserror::Error;

/// The result of a stage.
pub type Result<T> = std::result::Result<T, Error>;

/// A refusal or failure, printed once, by `main`.
#[derive(Debug, Error)]
pub enum Error {
    /// Of a dataset, a recipe or an artifact.
    #[error(transparent)]
    Data(#[from] heedful_datasets::Error),
    /// Of a benchmark's files.
    #[error(transparent)]
    Benchmark(#[from] heedful_benchmarks::Error),
    /// Of a rule or its arguments.
    #[error(transparent)]
    Constraint(#[from] heedful_constraints::Error),
    /// Of a model, its files or a training.
    #[error(transparent)]
    Model(#[from] heedful_models::Error),
    /// Of the system.
    #[error("{name}: {source}")]
    Io {
        /// The file, or what the stream is called.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// Options that do not go together, or a value that cannot be.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// An error of the system about `path`.
    pub fn io(path: &Path, source: io::Error) -> Error {
        Error::Io { name: path.display().to_string(), source }
    }

    /// An error of the system about standard output.
    pub fn stdout(source: io::Error) -> Error {
        Error::Io { name: "standard output".to_owned(), source }
    }

    /// A value or a combination of options that cannot be.
    pub fn usage(problem: impl Into<String>) -> Error {
        Error::Usage(problem.into())
    }

    /// Whether the reader of our output has gone, which is no failure of ours.
    pub fn is_closed_pipe(&self) -> bool {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = source {
            if error
                .downcast_ref::<io::Error>()
                .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
            {
                return true;
            }
            source = error.source();
        }
        false
    }
}
