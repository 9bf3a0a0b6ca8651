//! The stages of heedful, one file each, and its command line.

pub mod evaluate;
pub mod report;
pub mod verify;
