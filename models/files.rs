//! Files as they are met: limits before they are read, maps of those that are large.

use std::fs::File;
use std::io::Read as _;
use std::ops::{Deref, Range};
use std::path::Path;

use memmap2::Mmap;
use serde_json::Value;

use crate::error::{Error, Result};

/// Bytes of a JSON file that describes a model; real ones have some thousand.
pub(crate) const JSON_LIMIT: u64 = 16 << 20;

/// The bytes of a file: mapped from the disk, part of the program, or held.
#[derive(Debug)]
pub(crate) enum Bytes {
    Mapped(Mmap),
    Static(&'static [u8]),
    Held(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::Static(bytes) => bytes,
            Bytes::Held(bytes) => bytes,
        }
    }
}

impl Bytes {
    /// Lets go of what a map holds of these bytes in memory; read again, they come from the file. A
    /// tensor is read once, and its file would stay in memory beside it.
    pub(crate) fn forget(&self, range: Range<usize>) {
        #[cfg(unix)]
        if let Bytes::Mapped(map) = self {
            let advice = memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: the map is read-only and of a file, so that no byte of it is lost: the next
            // reader faults it in. A system that declines changes nothing.
            let _ = unsafe { map.unchecked_advise_range(advice, range.start, range.len()) };
        }
    }
}

/// Opens a plain file; a folder, pipe or device is refused.
pub(crate) fn open(path: &Path) -> Result<(File, u64)> {
    let about = std::fs::metadata(path).map_err(|source| Error::io(path, source))?;
    if !about.is_file() {
        return Err(Error::file(path, "is not a plain file"));
    }
    let file = File::open(path).map_err(|source| Error::io(path, source))?;
    Ok((file, about.len()))
}

/// All bytes of a file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let (file, length) = open(path)?;
    if length > limit {
        return Err(Error::file(path, format!("has {length} bytes, at most {limit} are read")));
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(|source| Error::io(path, source))?;
    Ok(bytes)
}

/// A file as UTF-8 text.
pub(crate) fn text(path: &Path, limit: u64) -> Result<String> {
    String::from_utf8(read(path, limit)?).map_err(|error| {
        Error::file(path, format!("is not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
    })
}

/// A file as one JSON value.
pub(crate) fn json(path: &Path, limit: u64) -> Result<Value> {
    let bytes = read(path, limit)?;
    serde_json::from_slice(&bytes).map_err(|error| Error::file(path, error.to_string()))
}

/// A file as a JSON value, `None` where there is no such file.
pub(crate) fn json_if_there(path: &Path, limit: u64) -> Result<Option<Value>> {
    if path.exists() { json(path, limit).map(Some) } else { Ok(None) }
}

/// The bytes of a file, mapped.
pub(crate) fn map(path: &Path) -> Result<Bytes> {
    let (file, length) = open(path)?;
    if length == 0 {
        return Err(Error::file(path, "is empty"));
    }
    // SAFETY: the map is read-only and private to us. That nobody shortens the file while it is
    // open is what every reader of checkpoints relies on; its bytes are plain numbers, of which
    // any value is sound.
    let map = unsafe { Mmap::map(&file) }.map_err(|source| Error::io(path, source))?;
    Ok(Bytes::Mapped(map))
}
