//! Zip archives, read entry by entry: stored, deflated or zstd (method 93), with ZIP64.
//!
//! An archive comes from outside, so nothing that it says of itself is believed: offsets are held
//! to the file, sizes to a limit, and what an entry unpacks to must have the length and the CRC-32
//! that the directory tells.

use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::Crc;
use flate2::read::DeflateDecoder;

use crate::error::{Error, Result};

/// What a reader does within.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The largest directory in bytes.
    pub(super) directory: u64,
    /// The most entries.
    pub(super) entries: u64,
    /// The largest entry in bytes, unpacked.
    pub(super) entry: u64,
    /// The most bytes of all entries together, unpacked.
    pub(super) all: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { directory: 256 << 20, entries: 1 << 20, entry: 256 << 20, all: 2 << 30 }
    }
}

/// The bytes that an archive begins with: of an entry, or of the end of an empty one.
pub(super) const MAGIC: [&[u8; 4]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// The most that zstd may keep to look back at, as a power of two.
const WINDOW: u32 = 27;

/// An entry as the directory tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name.
    pub(super) name: String,
    method: u16,
    flags: u16,
    crc: u32,
    packed: u64,
    size: u64,
    offset: u64,
}

/// An open archive.
#[derive(Debug)]
pub(super) struct Archive {
    path: PathBuf,
    file: File,
    length: u64,
    limits: Limits,
    entries: Vec<Entry>,
}

/// Where the directory lies, as the end of an archive tells.
struct Directory {
    offset: u64,
    size: u64,
    entries: u64,
}

impl Archive {
    /// Opens `path` and reads its directory.
    ///
    /// # Errors
    /// A file that cannot be read, is no whole archive, or is over a limit.
    pub(super) fn open(path: &Path, limits: Limits) -> Result<Archive> {
        let file = File::open(path).map_err(|e| Error::file(path, e))?;
        let length = file.metadata().map_err(|e| Error::file(path, e))?.len();
        let mut archive =
            Archive { path: path.to_owned(), file, length, limits, entries: Vec::new() };
        let directory = archive.directory()?;
        if directory.entries > limits.entries || directory.size > limits.directory {
            let Directory { entries, size, .. } = directory;
            return Err(archive.broken(format!(
                "its directory tells of {entries} entries in {size} bytes, limits are {} and {}",
                limits.entries, limits.directory
            )));
        }
        let bytes = archive.bytes(directory.offset, directory.size, "its directory")?;
        archive.entries =
            read_directory(&bytes, directory.entries).map_err(|problem| archive.broken(problem))?;
        archive.sums()?;
        Ok(archive)
    }

    /// All entries together must fit into the file, and into the limit when they are unpacked: many
    /// of them may share their bytes, or each be small enough.
    fn sums(&self) -> Result<()> {
        let sum = |of: fn(&Entry) -> u64| self.entries.iter().map(of).fold(0, u64::saturating_add);
        let (packed, size) = (sum(|entry| entry.packed.saturating_add(LOCAL)), sum(|e| e.size));
        if packed > self.length {
            let length = self.length;
            return Err(self.broken(format!("its entries have {packed} bytes in its {length}")));
        }
        if size > self.limits.all {
            let all = self.limits.all;
            return Err(self.broken(format!("unpacks to {size} bytes, the limit is {all}")));
        }
        Ok(())
    }

    /// The entries in the order of the directory. A name may stand twice: the last one counts.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The content of `entry`.
    ///
    /// # Errors
    /// An entry that is locked, packed by another method, over the limit, or that does not unpack
    /// to what the directory tells.
    pub(super) fn read(&self, entry: &Entry) -> Result<Vec<u8>> {
        let fail = |problem: String| self.problem(entry, problem);
        if entry.flags & 1 != 0 {
            return Err(fail("is encrypted".to_owned()));
        }
        let limit = self.limits.entry;
        if entry.size > limit || entry.packed > limit {
            let Entry { size, packed, .. } = entry;
            return Err(fail(format!("{packed} bytes for {size}, the limit is {limit}")));
        }
        let head = self.bytes(entry.offset, LOCAL, "an entry's head")?;
        if !head.starts_with(MAGIC[0]) {
            return Err(fail("does not begin where the directory says".to_owned()));
        }
        let skip = LOCAL + u64::from(u16_at(&head, 26)) + u64::from(u16_at(&head, 28));
        let start = entry.offset.saturating_add(skip);
        let packed = self.bytes(start, entry.packed, "an entry")?;
        unpack(entry, &packed).map_err(fail)
    }

    /// A problem with what `entry` holds.
    pub(super) fn problem(&self, entry: &Entry, problem: impl std::fmt::Display) -> Error {
        let name: String = entry.name.chars().take(80).collect();
        Error::content(&self.path, format!("entry `{name}`: {problem}"))
    }

    fn broken(&self, problem: impl std::fmt::Display) -> Error {
        Error::content(&self.path, format!("no whole zip archive: {problem}"))
    }

    /// `size` bytes from `offset`, which must lie in the file; so memory is bounded by the file.
    fn bytes(&self, offset: u64, size: u64, what: &str) -> Result<Vec<u8>> {
        if offset.checked_add(size).is_none_or(|end| end > self.length) {
            let length = self.length;
            return Err(self.broken(format!(
                "{what} of {size} bytes at {offset} is not in its {length} bytes"
            )));
        }
        let io = |e| Error::file(&self.path, e);
        let mut bytes = vec![0; usize::try_from(size).map_err(|e| self.broken(e))?];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset)).map_err(io)?;
        file.read_exact(&mut bytes).map_err(io)?;
        Ok(bytes)
    }

    /// Finds the end record: the last one whose comment reaches to the end of the file.
    fn directory(&self) -> Result<Directory> {
        let reach = self.length.min(END + u64::from(u16::MAX));
        let start = self.length - reach;
        let tail = self.bytes(start, reach, "its end")?;
        let ends = |at: &usize| {
            let rest = tail.get(*at..).unwrap_or_default();
            rest.len() as u64 >= END && rest.len() as u64 == END + u64::from(u16_at(rest, 20))
        };
        let found = memchr::memmem::rfind_iter(&tail, MAGIC[1].as_slice()).find(ends);
        let at = found.ok_or_else(|| self.broken("it has no end"))?;
        let end = &tail[at..];
        let plain = Directory {
            offset: u64::from(u32_at(end, 16)),
            size: u64::from(u32_at(end, 12)),
            entries: u64::from(u16_at(end, 10)),
        };
        let wide = plain.offset == u64::from(u32::MAX)
            || plain.size == u64::from(u32::MAX)
            || plain.entries == u64::from(u16::MAX);
        match (start + at as u64).checked_sub(LOCATOR) {
            Some(locator) if wide => self.wide_directory(locator).map(|wide| wide.unwrap_or(plain)),
            _ => Ok(plain),
        }
    }

    /// What the ZIP64 end record tells, where the locator at `at` names one.
    fn wide_directory(&self, at: u64) -> Result<Option<Directory>> {
        let locator = self.bytes(at, LOCATOR, "its locator")?;
        if !locator.starts_with(b"PK\x06\x07") {
            return Ok(None);
        }
        let end = self.bytes(u64_at(&locator, 8), WIDE_END, "its ZIP64 end")?;
        if !end.starts_with(b"PK\x06\x06") {
            return Err(self.broken("its ZIP64 end is not where its locator says"));
        }
        let (entries, size, offset) = (u64_at(&end, 32), u64_at(&end, 40), u64_at(&end, 48));
        Ok(Some(Directory { offset, size, entries }))
    }
}

/// Lengths of records without their variable parts.
const LOCAL: u64 = 30;
const END: u64 = 22;
const LOCATOR: u64 = 20;
const WIDE_END: u64 = 56;
const CENTRAL: usize = 46;

/// Little-endian numbers; what is not there is 0, and callers look at lengths first.
fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let part = bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
    part.copied().unwrap_or([0; N])
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(number(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(number(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(number(bytes, at))
}

fn read_directory(mut bytes: &[u8], count: u64) -> std::result::Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    for at in 0..count {
        let short = || format!("its directory ends in entry {at} of {count}");
        if bytes.len() < CENTRAL || !bytes.starts_with(b"PK\x01\x02") {
            return Err(short());
        }
        let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(bytes, at)));
        let rest = &bytes[CENTRAL..];
        if rest.len() < name + extra + comment {
            return Err(short());
        }
        let text = std::str::from_utf8(&rest[..name]);
        let text = text.map_err(|_| format!("the name of entry {at} is no UTF-8"))?;
        let mut entry = Entry {
            name: text.to_owned(),
            method: u16_at(bytes, 10),
            flags: u16_at(bytes, 8),
            crc: u32_at(bytes, 16),
            packed: u64::from(u32_at(bytes, 20)),
            size: u64::from(u32_at(bytes, 24)),
            offset: u64::from(u32_at(bytes, 42)),
        };
        widen(&mut entry, &rest[name..name + extra]);
        entries.push(entry);
        bytes = &rest[name + extra + comment..];
    }
    Ok(entries)
}

/// Takes from the ZIP64 field the numbers that do not fit in 32 bits.
fn widen(entry: &mut Entry, mut extra: &[u8]) {
    while extra.len() >= 4 {
        let (id, size) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let mut field = &extra[4..extra.len().min(4 + size)];
        if id == 1 {
            for slot in [&mut entry.size, &mut entry.packed, &mut entry.offset] {
                if *slot == u64::from(u32::MAX) && field.len() >= 8 {
                    *slot = u64_at(field, 0);
                    field = &field[8..];
                }
            }
        }
        extra = &extra[extra.len().min(4 + size)..];
    }
}

fn unpack(entry: &Entry, packed: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let size = entry.size;
    // One byte more than told shows that there is more, and no more than that is unpacked.
    let all = |mut reader: Box<dyn Read + '_>| -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        reader.as_mut().take(size + 1).read_to_end(&mut bytes).map(|_| bytes)
    };
    let zstd = || {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
        decoder.window_log_max(WINDOW)?;
        all(Box::new(decoder))
    };
    let unpacked = match entry.method {
        0 => all(Box::new(packed)),
        8 => all(Box::new(DeflateDecoder::new(packed))),
        93 => zstd(),
        other => return Err(format!("is packed by method {other}; known are 0, 8 and 93")),
    };
    let unpacked = unpacked.map_err(|e| format!("does not unpack: {e}"))?;
    if unpacked.len() as u64 != size {
        let found = unpacked.len() as u64;
        let found = if found > size { "more".to_owned() } else { found.to_string() };
        return Err(format!("unpacks to {found}, the directory tells of {size} bytes"));
    }
    let mut crc = Crc::new();
    crc.update(&unpacked);
    if crc.sum() != entry.crc {
        let (found, told) = (crc.sum(), entry.crc);
        return Err(format!("its CRC-32 is {found:08x}, the directory tells {told:08x}"));
    }
    Ok(unpacked)
}

#[cfg(test)]
#[path = "zip_tests.rs"]
mod tests;
