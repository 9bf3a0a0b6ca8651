//! Tables on disk: their schema, versions and history; recipes; seed instructions.

pub mod artifact;
pub mod card;
mod cells;
pub mod counts;
pub mod design;
pub mod digest;
pub mod error;
pub mod grams;
pub mod json;
pub mod ladder;
mod lock;
pub mod manifest;
pub mod parquet_rows;
pub mod pattern;
pub mod phrase;
pub mod recipe;
pub mod rows;
pub mod seeds;
pub mod sets;
pub mod source;
pub mod stage;
pub mod table;

pub use error::{Error, ErrorKind, Result};
