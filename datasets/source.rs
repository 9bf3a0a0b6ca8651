//! Inputs: which format a file has, and its lines within a bounded buffer.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Fault, FaultKind, Result};

/// What a reader does within: limits that keep memory bounded.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest line in bytes.
    pub line: usize,
    /// The largest JSON array in bytes: arrays are read as a whole.
    pub array: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { line: 16 << 20, array: 64 << 20 }
    }
}

/// An opened input that is read by lines or as one text.
pub struct Stream {
    /// The name for messages.
    pub name: String,
    reader: Box<dyn BufRead + Send>,
    line: u64,
    buffer: Vec<u8>,
    limit: usize,
    ended: bool,
}

/// An input, by what it turned out to hold.
pub enum Source {
    /// Lines of JSON.
    Lines(Stream),
    /// A JSON array.
    Array(Stream),
    /// A Parquet file.
    Parquet(PathBuf),
}

/// Opens `path`, `-` being standard input, and looks at its first bytes.
///
/// # Errors
/// A file that cannot be opened, or that is empty.
pub fn open(path: &Path, limits: Limits) -> Result<Source> {
    let name = path.display().to_string();
    let raw: Box<dyn Read + Send> = if name == "-" {
        Box::new(io::stdin())
    } else {
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        let meta = file.metadata().map_err(|e| Error::io(path, e))?;
        if meta.is_dir() {
            return Err(Error::file(path, "is a folder, not a file"));
        }
        Box::new(file)
    };
    let mut reader = BufReader::with_capacity(1 << 16, raw);
    let head = peek(path, &mut reader)?;
    if head.starts_with(b"PAR1") {
        if name == "-" {
            return Err(Error::file(path, "Parquet needs a file: it is read from its end"));
        }
        return Ok(Source::Parquet(path.to_owned()));
    }
    let mut reader: Box<dyn BufRead + Send> = if head.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(reader)))
    } else {
        Box::new(reader)
    };
    let head = peek(path, &mut reader)?;
    if head.is_empty() {
        return Err(Error::file(path, "is empty"));
    }
    if path.extension().is_some_and(|e| e == "parquet") {
        return Err(Error::file(path, "is no Parquet file: it does not begin with PAR1"));
    }
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace() && !BOM.contains(byte));
    let stream =
        Stream { name, reader, line: 0, buffer: Vec::new(), limit: limits.line, ended: false };
    Ok(if first == Some(&b'[') { Source::Array(stream) } else { Source::Lines(stream) })
}

const BOM: &[u8] = &[0xef, 0xbb, 0xbf];

fn peek(path: &Path, reader: &mut impl BufRead) -> Result<Vec<u8>> {
    loop {
        match reader.fill_buf() {
            Ok(bytes) => return Ok(bytes[..bytes.len().min(4096)].to_vec()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::io(path, e)),
        }
    }
}

impl Stream {
    /// The number of the line that was read last, from 1.
    pub fn line_number(&self) -> u64 {
        self.line
    }

    /// The next line that is not blank; `None` at the end. A line over the limit is passed over
    /// without being held, so the stream can be read on after any fault.
    ///
    /// # Errors
    /// A read error, which ends the stream.
    pub fn next_line(&mut self) -> Result<Option<std::result::Result<&str, Fault>>> {
        loop {
            if self.ended {
                return Ok(None);
            }
            let over = self.fill()?;
            if self.buffer.is_empty() && self.ended && over == 0 {
                return Ok(None);
            }
            self.line += 1;
            if over > 0 {
                let problem = format!("the line has {over} bytes, the limit is {}", self.limit);
                return Ok(Some(Err(Fault::of(FaultKind::TooLong, problem))));
            }
            if self.line == 1 && self.buffer.starts_with(BOM) {
                self.buffer.drain(..BOM.len());
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        Ok(Some(std::str::from_utf8(&self.buffer).map_err(|e| {
            let at = e.valid_up_to();
            let byte = self.buffer.get(at).copied().unwrap_or_default();
            let problem = format!("no UTF-8: byte {byte:#04x} at position {at}");
            Fault::of(FaultKind::NotUtf8, problem)
        })))
    }

    /// Reads up to the line's end; gives the line's length when it is over the limit, else 0.
    fn fill(&mut self) -> Result<usize> {
        self.buffer.clear();
        let mut length = 0;
        loop {
            let bytes = match self.reader.fill_buf() {
                Ok(bytes) => bytes,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    self.ended = true;
                    return Err(Error::file(&self.name, format!("after line {}: {e}", self.line)));
                }
            };
            if bytes.is_empty() {
                self.ended = true;
                break;
            }
            let end = memchr::memchr(b'\n', bytes);
            let part = &bytes[..end.unwrap_or(bytes.len())];
            length += part.len();
            if length <= self.limit {
                self.buffer.extend_from_slice(part);
            } else {
                self.buffer.clear();
            }
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        Ok(if length > self.limit { length } else { 0 })
    }

    /// The whole text, when it is no longer than `limit` bytes.
    ///
    /// # Errors
    /// A read error, a text over the limit, bytes that are no UTF-8.
    pub fn into_text(self, limit: u64) -> Result<String> {
        let mut bytes = Vec::new();
        let mut reader = self.reader.take(limit.saturating_add(1));
        reader.read_to_end(&mut bytes).map_err(|e| Error::io(&self.name, e))?;
        if bytes.len() as u64 > limit {
            let problem = format!("a JSON array of more than {limit} bytes: give JSONL instead");
            return Err(Error::file(&self.name, problem));
        }
        if bytes.starts_with(BOM) {
            bytes.drain(..BOM.len());
        }
        String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            Error::file(&self.name, format!("no UTF-8: bad byte at position {at}"))
        })
    }
}
