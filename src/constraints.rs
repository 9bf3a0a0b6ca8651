//! `heedful constraints`: what can be asked for, and what is wrong with a dataset that asks.

mod catalogue;
mod check;
mod layout;
mod literal;

use std::io;

pub use catalogue::{list, show};
pub use check::{CheckOptions, check};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No rule or soft type has the id, or its arguments cannot be taken.
    #[error(transparent)]
    Constraint(#[from] heedful_constraints::Error),
    /// No soft type has the id.
    #[error("unknown soft type `{0}`")]
    UnknownSoftType(String),
    /// A file cannot be read.
    #[error(transparent)]
    Data(#[from] heedful_datasets::Error),
    /// The output cannot be written.
    #[error("output: {0}")]
    Output(#[from] io::Error),
    /// A value cannot be written as JSON.
    #[error("output: {0}")]
    Json(#[from] serde_json::Error),
}

/// The result of these stages.
pub type Result<T> = std::result::Result<T, Error>;
