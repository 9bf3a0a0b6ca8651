//! Tables on disk: their schema, versions and history; recipes; seed instructions.

pub mod artifact;
pub mod card;
mod cells;
pub mod counts;
pub mod design;
pub mod digest;
pub mod error;
pub mod export;
pub mod flat;
pub mod frame;
pub mod grammar;
pub mod grams;
pub mod groups;
pub mod history;
pub mod json;
pub mod ladder;
pub mod literal;
mod lock;
pub mod manifest;
pub mod pairs;
pub mod parquet_rows;
pub mod pattern;
pub mod phrase;
pub mod preferences;
pub mod prompts;
pub mod recipe;
pub mod responses;
pub mod rows;
pub mod seeds;
pub mod sets;
mod sheet;
pub mod source;
pub mod stage;
pub mod table;
pub mod typed;

pub use error::{Error, ErrorKind, Result};
