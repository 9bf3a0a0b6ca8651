//! The digest of a model's files.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::embedded;
use crate::error::{Error, Result};

/// BLAKE3 of a file; of a folder that of the lines `digest  name`, sorted by name, of the files
/// directly in it. Hidden files are passed over.
///
/// # Errors
/// A file that cannot be read.
pub fn digest(path: &Path) -> Result<String> {
    if embedded::is(path) {
        return Ok(embedded::digest());
    }
    if !path.is_dir() {
        return file(path);
    }
    let io = |source| Error::io(path, source);
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(path).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && !name.starts_with('.') {
            files.push((name, path));
        }
    }
    files.sort();
    let mut all = blake3::Hasher::new();
    for (name, path) in files {
        all.update(format!("{}  {name}\n", file(&path)?).as_bytes());
    }
    Ok(all.finalize().to_hex().to_string())
}

fn file(path: &Path) -> Result<String> {
    let io = |source| Error::io(path, source);
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path).map_err(io)?).map_err(io)?;
    Ok(hasher.finalize().to_hex().to_string())
}
