//! Event files that TensorBoard reads: scalars by tag and step.
//!
//! A record is its length (u64), the length's checksum, the data, the data's checksum, all little
//! endian; checksums are CRC-32C, rotated and shifted (TFRecord). The data is an `Event` of
//! tensorflow's `event.proto`, of which four fields are needed.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// CRC-32C (Castagnoli), reflected, of each byte.
const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
    !bytes.iter().fold(!0, step)
}

fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A record around `data`.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let parts: [&[u8]; 4] =
        [&length, &masked(&length).to_le_bytes(), data, &masked(data).to_le_bytes()];
    parts.concat()
}

/// Number of a field and how it is written: 0 varint, 1 eight bytes, 2 with its length, 5 four.
fn key(out: &mut Vec<u8>, field: u8, wire: u8) {
    out.push(field << 3 | wire);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes(out: &mut Vec<u8>, field: u8, value: &[u8]) {
    key(out, field, 2);
    varint(out, value.len() as u64);
    out.extend(value);
}

/// `Event`: wall_time = 1.
fn event(time: f64) -> Vec<u8> {
    let mut out = Vec::new();
    key(&mut out, 1, 1);
    out.extend(time.to_le_bytes());
    out
}

/// `Event` with file_version = 3, the first of a file.
fn version(time: f64) -> Vec<u8> {
    let mut out = event(time);
    bytes(&mut out, 3, b"brain.Event:2");
    out
}

/// `Event` with step = 2 and summary = 5, whose values = 1 have tag = 1 and simple_value = 2.
fn scalars(time: f64, step: u64, values: &[(&str, f64)]) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, number) in values {
        let mut value = Vec::new();
        bytes(&mut value, 1, tag.as_bytes());
        key(&mut value, 2, 5);
        value.extend((*number as f32).to_le_bytes());
        bytes(&mut summary, 1, &value);
    }
    let mut out = event(time);
    key(&mut out, 2, 0);
    varint(&mut out, step);
    bytes(&mut out, 5, &summary);
    out
}

/// An event file.
#[derive(Debug)]
pub struct Events {
    file: File,
    path: PathBuf,
}

impl Events {
    /// A new file in `folder`, named after `time`, seconds since 1970; the folder is made.
    ///
    /// # Errors
    /// Of the system.
    pub fn create(folder: &Path, time: f64) -> Result<Events> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        let name = format!("events.out.tfevents.{time:.6}.heedful");
        let path = folder.join(name);
        let file = File::create(&path).map_err(|e| Error::io(&path, e))?;
        let mut events = Events { file, path };
        events.put(&version(time))?;
        Ok(events)
    }

    /// Appends values of a step; `time` in seconds since 1970.
    ///
    /// # Errors
    /// Of the system.
    pub fn scalars(&mut self, time: f64, step: u64, values: &[(&str, f64)]) -> Result<()> {
        self.put(&scalars(time, step, values))
    }

    fn put(&mut self, event: &[u8]) -> Result<()> {
        self.file.write_all(&record(event)).map_err(|e| Error::io(&self.path, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_published_ones() {
        // RFC 3720, appendix B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&ascending), 0x46dd_794e);
    }

    #[test]
    fn a_step_is_these_bytes() {
        let expected = [
            &[0x09][..],
            &1.5f64.to_le_bytes(),
            &[0x10, 0xac, 0x02],
            &[0x2a, 13, 0x0a, 11, 0x0a, 4],
            b"loss",
            &[0x15],
            &0.25f32.to_le_bytes(),
        ];
        assert_eq!(scalars(1.5, 300, &[("loss", 0.25)]), expected.concat());
    }

    #[test]
    fn a_file_is_a_chain_of_records() {
        let folder = tempfile::tempdir().unwrap();
        let mut events = Events::create(folder.path(), 1_700_000_000.5).unwrap();
        events.scalars(2.0, 1, &[("a", 1.0), ("b", -2.0)]).unwrap();
        let file = std::fs::read(&events.path).unwrap();
        // As tensorboard's own writer begins a file at this time.
        assert_eq!(file[..8], 24u64.to_le_bytes());
        let (mut rest, mut count) = (&file[..], 0);
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            assert_eq!(rest[8..12], masked(&rest[..8]).to_le_bytes());
            let data = &rest[12..12 + length];
            assert_eq!(rest[12 + length..16 + length], masked(data).to_le_bytes());
            rest = &rest[16 + length..];
            count += 1;
        }
        assert_eq!(count, 2);
    }
}
