//! Tables on disk: their schema, versions and history; recipes; seed instructions.

pub mod artifact;
mod cells;
pub mod digest;
pub mod error;
pub mod flat;
pub mod json;
mod lock;
pub mod manifest;
pub mod parquet_rows;
pub mod rows;
pub mod source;

pub use error::{Error, ErrorKind, Result};
