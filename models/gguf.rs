//! GGUF: llama.cpp's single-file checkpoints, versions 2 and 3, little-endian.
//!
//! Source: `docs/gguf.md` of github.com/ggml-org/ggml. The reader is our own, since a file is not
//! trusted: every count is held against the bytes that are left before anything is allocated, and
//! no tensor shares bytes with another.

#[cfg(test)]
pub(crate) mod build;
mod dequant;
#[cfg(test)]
mod hostile;
mod meta;
mod model;
mod read;
mod shape;
mod vocab;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use self::dequant::Kind;
use self::meta::Value;
pub use self::model::Model;
use crate::error::{Error, Result};
use crate::files::Bytes;

/// A tensor as the file tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Info {
    kind: Kind,
    /// The shape, outermost first: the file has it the other way round.
    shape: Vec<usize>,
    /// Where its bytes lie in the file.
    bytes: Range<usize>,
}

/// What a file says before its tensors' bytes.
#[derive(Debug)]
pub(crate) struct Head {
    meta: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Info>,
}

/// One file, mapped, its head read and found sound.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    map: Bytes,
    head: Head,
}

impl File {
    fn parse(path: &Path, map: Bytes) -> Result<File> {
        let head = read::head(&map).map_err(|problem| Error::file(path, problem))?;
        Ok(File { path: path.to_owned(), map, head })
    }

    /// An error about this file.
    fn refuse(&self, problem: impl Into<String>) -> Error {
        Error::file(&self.path, problem)
    }
}

/// Reads the head of a file that lies in memory: what a fuzzer drives. Gives how many keys and
/// tensors it has.
///
/// # Errors
/// What is unsound about it.
pub fn check(bytes: &[u8]) -> std::result::Result<(usize, usize), String> {
    read::head(bytes).map(|head| (head.meta.len(), head.tensors.len()))
}

#[cfg(test)]
#[path = "gguf_tests.rs"]
mod tests;
