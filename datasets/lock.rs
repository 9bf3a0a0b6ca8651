//! One builder at a time for an artifact, and what a killed one left behind.
//!
//! A lock is a file that is locked, not one that exists, so a killed builder lets go of it. It is
//! unlinked while held; who then gets the lock of an unlinked file sees that and tries again.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

const LOCK: &str = ".lock-";
const PARTIAL: &str = ".partial-";

/// The right to build one artifact in a folder.
pub(crate) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Waits until nobody else builds the artifact `key` in `out`.
    pub(crate) fn wait(out: &Path, key: &str) -> Result<Lock> {
        let path = out.join(format!("{LOCK}{key}"));
        loop {
            let file = open(&path)?;
            file.lock().map_err(|e| Error::io(&path, e))?;
            if is_still(&path, &file) {
                return Ok(Lock { path, _file: file });
            }
        }
    }

    /// The lock, if nobody holds it.
    fn attempt(out: &Path, key: &str) -> Result<Option<Lock>> {
        let path = out.join(format!("{LOCK}{key}"));
        let file = open(&path)?;
        match file.try_lock() {
            Ok(()) if is_still(&path, &file) => Ok(Some(Lock { path, _file: file })),
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(Error::io(&path, e)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A file that cannot be removed is only litter: the next builder locks it again.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    options.open(path).map_err(|e| Error::io(path, e))
}

/// Whether `path` still leads to `file`.
#[cfg(unix)]
fn is_still(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (std::fs::metadata(path), file.metadata()) {
        (Ok(there), Ok(held)) => there.dev() == held.dev() && there.ino() == held.ino(),
        _ => false,
    }
}

/// Open files cannot be removed there.
#[cfg(not(unix))]
fn is_still(_path: &Path, _file: &File) -> bool {
    true
}

/// The hidden folder in which the artifact `key` grows.
pub(crate) fn partial(out: &Path, key: &str) -> PathBuf {
    out.join(format!("{PARTIAL}{key}"))
}

/// Removes what killed builders left in `out`; what a living one works on stays.
pub(crate) fn sweep(out: &Path) -> Result<()> {
    let mut keys = Vec::new();
    for entry in std::fs::read_dir(out).map_err(|e| Error::io(out, e))? {
        let name = entry.map_err(|e| Error::io(out, e))?.file_name();
        let Some(name) = name.to_str() else { continue };
        let key = name.strip_prefix(PARTIAL).or_else(|| name.strip_prefix(LOCK));
        if let Some(key) = key {
            keys.push(key.to_owned());
        }
    }
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        if let Some(lock) = Lock::attempt(out, &key)? {
            remove(&partial(out, &key))?;
            drop(lock);
        }
    }
    Ok(())
}

/// Removes a folder that may not be there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(path, e)),
        _ => Ok(()),
    }
}
