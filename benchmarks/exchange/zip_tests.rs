//! Archives made by hand, whole and hostile.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::*;

/// An entry: name, method, packed bytes, size told, CRC-32 told.
type Raw<'a> = (&'a str, u16, Vec<u8>, u32, u32);

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn entry<'a>(name: &'a str, method: u16, bytes: &[u8]) -> Raw<'a> {
    let packed = match method {
        0 => bytes.to_vec(),
        8 => deflated(bytes),
        _ => zstd::stream::encode_all(bytes, 3).unwrap(),
    };
    (name, method, packed, bytes.len() as u32, crc(bytes))
}

fn archive(entries: &[Raw<'_>]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, method, packed, size, crc) in entries {
        let offset = out.len() as u32;
        let mut common = Vec::new();
        common.extend([20u16, 0, *method, 0, 33].iter().flat_map(|n| n.to_le_bytes()));
        let numbers = [*crc, packed.len() as u32, *size];
        common.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(packed);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, count) = (out.len() as u32, entries.len() as u16);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].iter().flat_map(|n| n.to_le_bytes()));
    out.extend([directory.len() as u32, start].iter().flat_map(|n| n.to_le_bytes()));
    out.extend([0, 0]);
    out
}

/// Every entry of the archive `bytes`.
fn read_within(bytes: &[u8], limits: Limits) -> Result<Vec<(String, Vec<u8>)>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.eval");
    std::fs::write(&path, bytes).unwrap();
    let archive = Archive::open(&path, limits)?;
    archive.entries().iter().map(|e| Ok((e.name.clone(), archive.read(e)?))).collect()
}

fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    read_within(bytes, Limits::default())
}

fn refused(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn each_method_gives_the_bytes_back() {
    let long = "a text of some length, ".repeat(9000).into_bytes();
    let entries: Vec<Raw<'_>> =
        [("a", 0, &b"stored"[..]), ("b/c", 8, &long), ("d", 93, &long), ("e", 8, b"")]
            .map(|(name, method, bytes)| entry(name, method, bytes))
            .into();
    let made = archive(&entries);
    let found = read(&made).unwrap();
    assert_eq!(found.len(), 4);
    assert_eq!(found[0], ("a".to_owned(), b"stored".to_vec()));
    assert!(found[1].1 == long && found[2].1 == long && found[3].1.is_empty());
    // A comment, even one that looks like an end, is no part of it.
    let mut commented = made.clone();
    let at = commented.len() - 2;
    commented[at..].copy_from_slice(&24u16.to_le_bytes());
    commented.extend(b"PK\x05\x06 and some more text\0");
    assert_eq!(commented.len(), made.len() + 24);
    assert_eq!(read(&commented).unwrap(), found);
}

#[test]
fn what_is_cut_anywhere_is_refused() {
    let made = archive(&[entry("a", 8, b"some text"), entry("b", 93, b"more of it")]);
    for end in 0..made.len() {
        assert!(refused(&made[..end]).contains("x.eval: no whole zip archive"), "{end}");
    }
}

#[test]
fn a_changed_byte_never_goes_unseen() {
    let text = "a text that is longer than a few bytes";
    let made = archive(&[entry("a", 8, text.as_bytes()), entry("b", 93, text.as_bytes())]);
    let whole = read(&made).unwrap();
    for at in 0..made.len() {
        for bit in 0..8 {
            let mut changed = made.clone();
            changed[at] ^= 1 << bit;
            if let Ok(found) = read(&changed) {
                // Heads and dates are not believed and so may change; content may not.
                let same = found.iter().all(|(_, bytes)| bytes == text.as_bytes());
                assert!(same && found.len() <= whole.len(), "byte {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn lying_sizes_are_refused() {
    let zeros = vec![0; 1 << 20];
    for method in [0, 8, 93] {
        let mut short = entry("bomb", method, &zeros);
        short.3 = 1000;
        let said = refused(&archive(&[short]));
        assert!(said.contains("`bomb`") && said.contains("unpacks to more"), "{said}");
        let mut long = entry("a", method, &zeros);
        long.3 += 1;
        assert!(refused(&archive(&[long])).contains("unpacks to 1048576"));
        let mut other = entry("a", method, &zeros);
        other.4 ^= 1;
        assert!(refused(&archive(&[other])).contains("CRC-32"));
    }
}

#[test]
fn limits_hold_before_anything_is_unpacked() {
    let zeros = vec![0; 1 << 20];
    let made = archive(&[entry("a", 93, &zeros), entry("b", 8, b"x")]);
    let said = |limits| read_within(&made, limits).unwrap_err().to_string();
    let limits = Limits::default();
    let small = said(Limits { entry: 1 << 19, ..limits });
    assert!(small.contains("`a`") && small.contains("the limit is 524288"), "{small}");
    assert!(said(Limits { entries: 1, ..limits }).contains("2 entries"));
    assert!(said(Limits { directory: 10, ..limits }).contains("limits are"));
}

#[test]
fn other_methods_locks_and_places_are_refused() {
    let mut other = entry("a", 0, b"text");
    other.1 = 14;
    assert!(refused(&archive(&[other])).contains("method 14"));
    let made = archive(&[entry("a", 0, b"text")]);
    let at = memchr::memmem::find(&made, b"PK\x01\x02").unwrap();
    let changed = |offset: usize, bytes: &[u8]| {
        let mut changed = made.clone();
        changed[at + offset..at + offset + bytes.len()].copy_from_slice(bytes);
        refused(&changed)
    };
    assert!(changed(8, &[1]).contains("encrypted"));
    assert!(changed(42, &[1]).contains("does not begin where"));
    assert!(changed(42, &[0xf0, 0xff, 0xff, 0xff]).contains("is not in its"));
    assert!(changed(46, &[0xff]).contains("no UTF-8"));
    assert!(changed(28, &[0xff, 0xff]).contains("ends in entry 0"));
    assert!(refused(b"PK\x03\x04 and nothing").contains("it has no end"));
    assert!(read(&archive(&[])).unwrap().is_empty());
}

#[test]
fn numbers_of_64_bits_are_read() {
    let made = archive(&[entry("a", 0, b"text")]);
    let at = memchr::memmem::find(&made, b"PK\x01\x02").unwrap();
    let end = memchr::memmem::find(&made, b"PK\x05\x06").unwrap();
    // The directory's entry with its sizes in a ZIP64 field, and a ZIP64 end.
    let mut entry = made[at..end].to_vec();
    entry[20..28].fill(0xff);
    entry[30..32].copy_from_slice(&20u16.to_le_bytes());
    entry.extend([1, 0, 16, 0]);
    entry.extend([4u64, 4].iter().flat_map(|n| n.to_le_bytes()));
    let mut wide = made[..at].to_vec();
    wide.extend(&entry);
    let record = wide.len() as u64;
    wide.extend(b"PK\x06\x06");
    wide.extend(44u64.to_le_bytes());
    wide.extend([0; 12]);
    let numbers = [1, 1, entry.len() as u64, at as u64];
    wide.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
    wide.extend(b"PK\x06\x07\0\0\0\0");
    wide.extend(record.to_le_bytes());
    wide.extend(1u32.to_le_bytes());
    wide.extend(b"PK\x05\x06\0\0\0\0");
    wide.extend([0xff; 12]);
    wide.extend([0, 0]);
    assert_eq!(read(&wide).unwrap(), [("a".to_owned(), b"text".to_vec())]);
}

#[test]
fn entries_that_share_their_bytes_are_refused() {
    let text = vec![7; 4000];
    let mut made = archive(&[entry("a", 0, &text), entry("b", 8, b"")]);
    // The directory's second entry is made to be the first one's bytes.
    let at = memchr::memmem::rfind(&made, b"PK\x01\x02").unwrap();
    for (place, number) in [(16, crc(&text)), (20, 4000), (24, 4000), (42, 0)] {
        made[at + place..at + place + 4].copy_from_slice(&number.to_le_bytes());
    }
    made[at + 10] = 0;
    let said = refused(&made);
    assert!(said.contains("its entries have 8060 bytes in its"), "{said}");
}

#[test]
fn all_entries_together_keep_to_a_limit() {
    let made = archive(&[entry("a", 8, &[0; 600]), entry("b", 8, &[0; 600])]);
    let within = |all| read_within(&made, Limits { all, ..Limits::default() });
    assert!(within(1200).is_ok());
    let said = within(1199).unwrap_err().to_string();
    assert!(said.contains("unpacks to 1200 bytes, the limit is 1199"), "{said}");
}
