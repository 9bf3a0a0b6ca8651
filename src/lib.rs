//! The stages of heedful, one file each, and its command line.

pub mod constraints;
