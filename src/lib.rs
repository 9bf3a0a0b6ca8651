//! The stages of heedful, one file each, and its command line.

pub mod cli;
pub mod constraints;
pub mod error;
pub mod evaluate;
pub mod models;
pub mod progress;
pub mod report;
pub mod revision;
pub mod verify;

pub use error::{Error, Result};
