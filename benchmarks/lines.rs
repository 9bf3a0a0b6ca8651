//! JSON Lines, read a line at a time in bounded memory; gzip is recognised by its first two bytes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};

/// The longest line taken, in bytes.
pub const LONGEST: usize = 32 << 20;

const BUFFER: usize = 1 << 18;

/// The lines of one file that are not blank.
pub struct Lines {
    reader: Box<dyn BufRead + Send>,
    path: PathBuf,
    line: u64,
}

/// What one read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A line, with its number from 1.
    Line(u64),
    /// A line longer than [`LONGEST`], passed over, with its number from 1.
    TooLong(u64),
    /// No more lines.
    End,
}

impl Lines {
    /// Opens `path`; `-` is standard input.
    ///
    /// # Errors
    /// A file that cannot be opened or read.
    pub fn open(path: &Path) -> Result<Lines> {
        if path == Path::new("-") {
            return Lines::new(Box::new(BufReader::with_capacity(BUFFER, stdin())), path);
        }
        let file = File::open(path).map_err(|e| Error::file(path, e))?;
        Lines::new(Box::new(BufReader::with_capacity(BUFFER, file)), path)
    }

    /// The lines of `reader`, which errors will call `path`.
    ///
    /// # Errors
    /// A reader that fails at once.
    pub fn new(mut reader: Box<dyn BufRead + Send>, path: &Path) -> Result<Lines> {
        let head = reader.fill_buf().map_err(|e| Error::file(path, e))?;
        if head.starts_with(&[0x1f, 0x8b]) {
            let plain = MultiGzDecoder::new(reader);
            reader = Box::new(BufReader::with_capacity(BUFFER, plain));
        }
        Ok(Lines { reader, path: path.to_owned(), line: 0 })
    }

    /// The name under which errors speak of this file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends the next line that is not blank to `buffer`, its end left off.
    ///
    /// # Errors
    /// A reader that fails, a broken gzip stream among them.
    pub fn take(&mut self, buffer: &mut Vec<u8>) -> Result<Taken> {
        loop {
            let from = buffer.len();
            let mut limited = (&mut self.reader).take(LONGEST as u64 + 1);
            let got = limited.read_until(b'\n', buffer).map_err(|e| Error::file(&self.path, e))?;
            if got == 0 {
                return Ok(Taken::End);
            }
            self.line += 1;
            if got > LONGEST && buffer.last() != Some(&b'\n') {
                buffer.truncate(from);
                self.pass_over()?;
                return Ok(Taken::TooLong(self.line));
            }
            if buffer.last() == Some(&b'\n') {
                buffer.pop();
            }
            if !buffer[from..].trim_ascii().is_empty() {
                return Ok(Taken::Line(self.line));
            }
            buffer.truncate(from);
        }
    }

    /// The error for a line that was too long.
    pub fn too_long(&self, line: u64) -> Error {
        Error::line(&self.path, line, format!("the line is longer than {LONGEST} bytes"))
    }

    /// Calls `each` with the number and the bytes of every line that is not blank.
    ///
    /// # Errors
    /// A reader that fails, a line that is too long, or what `each` returns.
    pub fn for_each(mut self, mut each: impl FnMut(&Path, u64, &[u8]) -> Result<()>) -> Result<()> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            match self.take(&mut buffer)? {
                Taken::Line(line) => each(&self.path, line, &buffer)?,
                Taken::TooLong(line) => return Err(self.too_long(line)),
                Taken::End => return Ok(()),
            }
        }
    }

    fn pass_over(&mut self) -> Result<()> {
        loop {
            let chunk = self.reader.fill_buf().map_err(|e| Error::file(&self.path, e))?;
            let (used, ended) = match memchr::memchr(b'\n', chunk) {
                Some(at) => (at + 1, true),
                None => (chunk.len(), chunk.is_empty()),
            };
            self.reader.consume(used);
            if ended {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    fn lines(bytes: Vec<u8>) -> Lines {
        Lines::new(Box::new(Cursor::new(bytes)), Path::new("test")).unwrap()
    }

    fn all(mut lines: Lines) -> Vec<(Taken, Vec<u8>)> {
        let mut out = Vec::new();
        loop {
            let mut buffer = Vec::new();
            match lines.take(&mut buffer).unwrap() {
                Taken::End => return out,
                taken => out.push((taken, buffer)),
            }
        }
    }

    #[test]
    fn blank_lines_count_but_are_not_given() {
        let got = all(lines(b"\n{}\r\n\n  \n[]".to_vec()));
        assert_eq!(got, [(Taken::Line(2), b"{}\r".to_vec()), (Taken::Line(5), b"[]".to_vec())]);
    }

    #[test]
    fn gzip_is_recognised_and_a_broken_one_is_an_error() {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&b"{\"a\":1}\n".repeat(1000)).unwrap();
        let packed = gz.finish().unwrap();
        assert_eq!(all(lines(packed.clone())).len(), 1000);
        let mut cut = lines(packed[..packed.len() - 12].to_vec());
        let failed = (0..2000).any(|_| cut.take(&mut Vec::new()).is_err());
        assert!(failed);
    }

    #[test]
    fn a_long_line_is_passed_over() {
        let mut bytes = vec![b'x'; LONGEST + 10];
        bytes.extend_from_slice(b"\n{}\n");
        let got = all(lines(bytes));
        assert_eq!(got, [(Taken::TooLong(1), vec![]), (Taken::Line(2), b"{}".to_vec())]);
    }
}
