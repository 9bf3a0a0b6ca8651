//! Zip archives, written entry by entry: deflated, without clock, the same bytes for the same
//! content.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use crate::error::{Error, Result};

/// An archive that is being written.
pub(super) struct Writer {
    path: PathBuf,
    out: BufWriter<File>,
    directory: Vec<u8>,
    written: u64,
    entries: u16,
}

/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// The first day that the format can tell.
const DAY: u16 = 1 << 5 | 1;

impl Writer {
    /// An archive in the new file `path`.
    ///
    /// # Errors
    /// A disk that refuses.
    pub(super) fn create(path: &Path) -> Result<Writer> {
        let file = File::create(path).map_err(|e| Error::file(path, e))?;
        let (path, out) = (path.to_owned(), BufWriter::new(file));
        Ok(Writer { path, out, directory: Vec::new(), written: 0, entries: 0 })
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// A disk that refuses; what needs the 64 bits that are not written: more than 65,534 entries,
    /// 4 GiB, or a name of 64 KiB.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let io = |e| Error::file(&self.path, e);
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).map_err(io)?;
        let packed = encoder.finish().map_err(io)?;
        let mut crc = Crc::new();
        crc.update(content);
        let large = |what: &str| {
            let problem = format!("{what} too many for an archive without ZIP64");
            Error::content(&self.path, problem)
        };
        let narrow = |n: u64| u32::try_from(n).map_err(|_| large("bytes"));
        let length = u16::try_from(name.len()).map_err(|_| large("bytes of a name"))?;
        let offset = narrow(self.written)?;
        let entries = self.entries.checked_add(1).filter(|n| *n < u16::MAX);
        self.entries = entries.ok_or_else(|| large("entries"))?;
        let mut head = Vec::new();
        head.extend([20, UTF8, 8, 0, DAY].iter().flat_map(|n: &u16| n.to_le_bytes()));
        let sizes = [crc.sum(), narrow(packed.len() as u64)?, narrow(content.len() as u64)?];
        head.extend(sizes.iter().flat_map(|n| n.to_le_bytes()));
        head.extend([length, 0].iter().flat_map(|n| n.to_le_bytes()));
        let parts: [&[u8]; 4] = [b"PK\x03\x04", &head, name.as_bytes(), &packed];
        for part in parts {
            self.out.write_all(part).map_err(io)?;
            self.written += part.len() as u64;
        }
        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(&head);
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        Ok(())
    }

    /// Writes the directory.
    ///
    /// # Errors
    /// As [`Writer::add`].
    pub(super) fn finish(mut self) -> Result<()> {
        let narrow = |n: u64| u32::try_from(n).ok();
        let (size, offset) = (narrow(self.directory.len() as u64), narrow(self.written));
        let (Some(size), Some(offset)) = (size, offset) else {
            return Err(Error::content(&self.path, "is too large for an archive without ZIP64"));
        };
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        end.extend([self.entries, self.entries].iter().flat_map(|n| n.to_le_bytes()));
        end.extend([size, offset].iter().flat_map(|n| n.to_le_bytes()));
        end.extend([0, 0]);
        let io = |e| Error::file(&self.path, e);
        self.out.write_all(&self.directory).map_err(io)?;
        self.out.write_all(&end).map_err(io)?;
        self.out.flush().map_err(io)
    }
}
