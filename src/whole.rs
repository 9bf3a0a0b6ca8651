//! Output that appears whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::error::{Error, Result};

const BUFFER: usize = 1 << 16;

/// Runs `stage` onto standard output where `path` is `-`, straight onto a device or a pipe that has
/// this name, else onto a file which gets its name when it is complete and on disk.
///
/// # Errors
/// Those of `stage`, and of the system; nothing of the file is left then.
pub fn write<T>(path: &Path, stage: impl FnOnce(&mut dyn Write) -> Result<T>) -> Result<T> {
    if path == Path::new("-") {
        let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
        let done = stage(&mut out)?;
        out.flush().map_err(Error::stdout)?;
        return Ok(done);
    }
    // A file renamed onto a device would take its place: for the superuser, that of the machine's.
    if is_special(path) {
        let file = File::options().write(true).open(path).map_err(|e| Error::io(path, e))?;
        let mut out = BufWriter::with_capacity(BUFFER, file);
        let done = stage(&mut out)?;
        out.flush().map_err(|e| Error::io(path, e))?;
        return Ok(done);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let file = File::create(&part).map_err(|e| Error::io(&part, e))?;
    let mut out = BufWriter::with_capacity(BUFFER, file);
    let done = stage(&mut out).inspect_err(|_| {
        // The reason for the failure is what the user needs; the rest is only litter.
        let _ = std::fs::remove_file(&part);
    })?;
    let file = out.into_inner().map_err(|e| Error::io(&part, e.into_error()))?;
    file.sync_all().map_err(|e| Error::io(&part, e))?;
    std::fs::rename(&part, path).map_err(|e| Error::io(path, e))?;
    Ok(done)
}

/// Whether `path` is there and is neither a file nor a folder: a device, a pipe, a socket.
fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_pipe_is_written_and_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe).unwrap()
        });
        write(&pipe, |out| out.write_all(b"row").map_err(Error::stdout)).unwrap();
        assert_eq!(reader.join().unwrap(), b"row");
        assert!(is_special(&pipe) && !is_special(folder.path()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_stage_leaves_nothing_and_a_whole_one_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        let failed: Result<()> = write(&path, |out| {
            out.write_all(b"half").unwrap();
            Err(Error::usage("no more"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let n = write(&path, |out| {
            out.write_all(b"all").unwrap();
            Ok(3)
        });
        assert_eq!((n.unwrap(), std::fs::read(&path).unwrap()), (3, b"all".to_vec()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
