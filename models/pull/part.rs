//! A folder in which a model comes together; it stays after a failure, and the next try goes on.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The folder, ours alone while this lives.
pub(super) struct Part {
    path: PathBuf,
    lock: PathBuf,
    /// Released when it is closed, on a crash too.
    _held: File,
}

impl Part {
    /// Takes the hidden folder beside `target`.
    pub(super) fn take(target: &Path) -> Result<Part> {
        let hidden = |end: &str| {
            let mut name = OsString::from(".");
            name.push(target.file_name().unwrap_or_default());
            name.push(end);
            target.with_file_name(name)
        };
        let (path, lock) = (hidden(".part"), hidden(".lock"));
        std::fs::create_dir_all(&path).map_err(|source| Error::io(&path, source))?;
        let held = File::create(&lock).map_err(|source| Error::io(&lock, source))?;
        match held.try_lock() {
            Ok(()) => Ok(Part { path, lock, _held: held }),
            Err(TryLockError::WouldBlock) => {
                Err(Error::file(target, "is being pulled by another process"))
            }
            Err(TryLockError::Error(source)) => Err(Error::io(&lock, source)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the folder its name.
    pub(super) fn finish(self, target: &Path) -> Result<()> {
        std::fs::rename(&self.path, target).map_err(|source| Error::io(target, source))?;
        // A lock that stays is an empty file, taken again by whoever comes next.
        let _ = std::fs::remove_file(&self.lock);
        Ok(())
    }
}
