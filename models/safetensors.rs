//! safetensors: eight bytes of length, a JSON header, then the tensors' bytes without a gap.
//!
//! Source: the format's description in github.com/huggingface/safetensors. The reader is our own,
//! since a file is not trusted: the header is read strictly (no name twice), every shape is checked
//! against its bytes, and nothing is allocated by what a file merely claims.

mod folder;
mod header;
#[cfg(test)]
mod hostile;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use half::bf16;

pub use self::folder::Folder;
pub(crate) use self::folder::{INDEX, SINGLE, shard_names};
use crate::error::{Error, Result};
use crate::files::Bytes;
use crate::values::Plain;

/// A tensor as the header tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// The type, in the format's own words: `F32`, `BF16`, ….
    pub dtype: String,
    /// The shape, outermost first.
    pub shape: Vec<usize>,
    /// Where its bytes lie in the file.
    bytes: Range<usize>,
}

/// One file, mapped, its header read and found sound.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    bytes: Bytes,
    tensors: BTreeMap<String, Info>,
}

impl Info {
    /// How many values it has.
    pub fn values(&self) -> usize {
        // The product was found to fit when the header was read.
        self.shape.iter().product()
    }
}

impl File {
    /// Opens a file and checks all that its header says.
    ///
    /// # Errors
    /// A file that cannot be read, or that is not sound.
    pub fn open(path: &Path) -> Result<File> {
        File::parse(path, crate::files::map(path)?)
    }

    /// Checks a file that lies in memory; `path` is what errors call it.
    pub(crate) fn parse(path: &Path, bytes: Bytes) -> Result<File> {
        let tensors = header::parse(&bytes).map_err(|problem| Error::file(path, problem))?;
        Ok(File { path: path.to_owned(), bytes, tensors })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its tensors, by name.
    pub fn tensors(&self) -> &BTreeMap<String, Info> {
        &self.tensors
    }

    /// Reads a tensor as f32; `out` has as many values as the tensor.
    ///
    /// # Errors
    /// No such tensor, another number of values, or a type other than F32, F16 and BF16.
    pub fn read_f32(&self, name: &str, out: &mut [f32]) -> Result<()> {
        let (plain, range) = self.plain(name, out.len())?;
        plain.to_f32(&self.bytes[range.clone()], out);
        self.bytes.forget(range);
        Ok(())
    }

    /// Reads a tensor as bf16, rounded to the nearest; `out` has as many values as the tensor.
    ///
    /// # Errors
    /// No such tensor, another number of values, or a type other than F32, F16 and BF16.
    pub fn read_bf16(&self, name: &str, out: &mut [bf16]) -> Result<()> {
        let (plain, range) = self.plain(name, out.len())?;
        plain.to_bf16(&self.bytes[range.clone()], out);
        self.bytes.forget(range);
        Ok(())
    }

    fn plain(&self, name: &str, wanted: usize) -> Result<(Plain, Range<usize>)> {
        let refuse =
            |problem: String| Error::file(&self.path, format!("tensor `{name}` {problem}"));
        let info = self.tensors.get(name).ok_or_else(|| refuse("is not there".to_owned()))?;
        let plain = match info.dtype.as_str() {
            "F32" => Plain::F32,
            "F16" => Plain::F16,
            "BF16" => Plain::Bf16,
            other => return Err(refuse(format!("is {other}; F32, F16 and BF16 are read"))),
        };
        if info.values() != wanted {
            return Err(refuse(format!("has {} values, not {wanted}", info.values())));
        }
        Ok((plain, info.bytes.clone()))
    }
}

/// Reads the header of a file that lies in memory: what a fuzzer drives.
///
/// # Errors
/// What is unsound about it.
pub fn check(bytes: &[u8]) -> std::result::Result<usize, String> {
    header::parse(bytes).map(|tensors| tensors.len())
}
