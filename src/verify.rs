//! The stage `verify`: responses against constraints, as a stream.
//!
//! Input is read in chunks of bounded size, each chunk is judged on all threads of the pool, and
//! written in the order of the input before the next is read.

mod cache;
pub mod data;
pub mod rows;
pub mod shard;

pub use shard::Shard;

/// Told how many rows have been read so far, after every chunk.
pub type Progress<'a> = &'a dyn Fn(u64);

/// The largest number of rows held at once.
const CHUNK_ROWS: usize = 4096;

/// The size in bytes at which a chunk is closed.
const CHUNK_BYTES: usize = 8 << 20;
