//! Files that lie: an error each, never a panic, never memory for what is only claimed.

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::files::Bytes;

/// A file with this header and so many bytes of data.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 7);
    bytes
}

/// A header with one tensor.
fn one(dtype: &str, shape: &str, offsets: &str) -> String {
    format!(r#"{{"a": {{"dtype": "{dtype}", "shape": {shape}, "data_offsets": {offsets}}}}}"#)
}

fn refused(bytes: Vec<u8>, words: &str) {
    let said = File::parse(Path::new("a.safetensors"), Bytes::Held(bytes)).unwrap_err().to_string();
    assert!(said.contains(words) && said.contains("a.safetensors"), "no `{words}` in: {said}");
    assert!(said.len() < 1000, "a message of {} bytes", said.len());
}

#[test]
fn headers_that_lie_about_their_length() {
    refused(vec![], "less than 8 bytes");
    refused(vec![1; 7], "less than 8 bytes");
    for length in [1 << 63, u64::MAX, (1 << 63) - 1, 100_000_001] {
        let mut bytes = file("{}", 0);
        bytes[..8].copy_from_slice(&u64::to_le_bytes(length));
        refused(bytes, &format!("a header of {length} bytes"));
    }
    let mut bytes = file("{}", 0);
    bytes[..8].copy_from_slice(&3u64.to_le_bytes());
    refused(bytes, "is cut off");
    refused(file("", 0), "does not begin with `{`");
}

#[test]
fn headers_that_are_no_tensors() {
    for (header, words) in [
        ("[]", "does not begin"),
        (" {}", "does not begin"),
        ("{", "bad header"),
        ("{\"a\": 1}", "bad header"),
        ("{\"a\": {}}", "missing field `dtype`"),
        ("{}x", "bad header"),
        ("{\"a\": {\"dtype\": \"F32\", \"shape\": [], \"data_offsets\": [0, 4], \"b\": 1}}", "`b`"),
    ] {
        refused(file(header, 4), words);
    }
    let deep = format!("{{\"a\": {}", "[".repeat(100_000));
    refused(file(&deep, 0), "bad header");
    let deep = format!("{{\"__metadata__\": {}", "[".repeat(100_000));
    refused(file(&deep, 0), "bad header");
    refused(file("{}\u{0}", 0), "bad header");
    let mut bytes = file("{\"a\": 1}", 0);
    bytes[10] = 0xFF;
    refused(bytes, "bad header");
}

#[test]
fn shapes_that_lie() {
    let cases = [
        ("F32", "[2]", "[0, 4]", 4, "has 4 bytes; F32 [2] takes 8"),
        ("F32", "[4294967296, 4294967296]", "[0, 4]", 4, "too many values"),
        ("F32", "[9223372036854775807, 2, 0]", "[0, 0]", 0, "too many values"),
        ("F32", "[18446744073709551615]", "[0, 4]", 4, "too many values"),
        ("F32", "[18446744073709551616]", "[0, 4]", 4, "bad header"),
        ("F32", "[-1]", "[0, 4]", 4, "bad header"),
        ("F32", "[1.5]", "[0, 4]", 4, "bad header"),
        ("F32", "[1,1,1,1,1,1,1,1,1]", "[0, 4]", 4, "9 dimensions"),
        ("F4", "[3]", "[0, 1]", 1, "no whole number of bytes"),
        ("F33", "[1]", "[0, 4]", 4, "unknown type `F33`"),
    ];
    for (dtype, shape, offsets, data, words) in cases {
        refused(file(&one(dtype, shape, offsets), data), words);
    }
}

#[test]
fn offsets_that_lie() {
    let cases = [
        ("[0, 8]", 4, "has offsets [0, 8] of 4 bytes"),
        ("[4, 0]", 4, "has offsets [4, 0]"),
        ("[18446744073709551612, 18446744073709551615]", 4, "has offsets"),
        ("[9223372036854775808, 9223372036854775812]", 4, "has offsets"),
        ("[4, 8]", 8, "lies after a gap"),
        ("[0, 4]", 5, "has 1 bytes that are no tensor's"),
    ];
    for (offsets, data, words) in cases {
        refused(file(&one("F32", "[1]", offsets), data), words);
    }
    let entry = |name: &str, from: usize, to: usize| {
        format!(
            r#""{name}": {{"dtype":"U8","shape":[{}],"data_offsets":[{from},{to}]}}"#,
            to - from
        )
    };
    let two = |a: &str, b: &str| format!("{{{a}, {b}}}");
    refused(file(&two(&entry("a", 0, 4), &entry("b", 2, 6)), 6), "`b` overlaps another");
    refused(file(&two(&entry("a", 0, 4), &entry("b", 0, 4)), 4), "`b` overlaps another");
    refused(file(&two(&entry("a", 0, 4), &entry("a", 4, 8)), 8), "has tensor `a` twice");
}

#[test]
fn sound_files_are_read() {
    assert_eq!(check(&file("{}", 0)), Ok(0));
    assert_eq!(check(&file("{\"__metadata__\": {\"format\": \"pt\"}}   ", 0)), Ok(0));
    assert_eq!(check(&file(&one("F32", "[]", "[0, 4]"), 4)), Ok(1));
    assert_eq!(check(&file(&one("F32", "[0, 3]", "[0, 0]"), 0)), Ok(1));
    // A type that is known and not read: seen, and refused when asked for.
    let bytes = file(&one("I64", "[2]", "[0, 16]"), 16);
    let file = File::parse(Path::new("a"), Bytes::Held(bytes)).unwrap();
    assert_eq!(file.tensors()["a"].shape, [2]);
    let error = file.read_f32("a", &mut [0.0; 2]).unwrap_err().to_string();
    assert!(error.contains("is I64; F32, F16 and BF16 are read"), "{error}");
}

/// A sound file of three tensors.
fn whole() -> Vec<u8> {
    let header = r#"{"__metadata__":{"format":"pt"},
        "a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
        "b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},
        "c":{"dtype":"F16","shape":[1,2],"data_offsets":[32,36]}}"#;
    file(header, 36)
}

/// So many cases, and no file of failures.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn any_bent_file_is_read_or_refused(
        bends in prop::collection::vec((any::<Index>(), 0u8..8), 0..4),
        cut in prop::option::weighted(0.3, any::<Index>()),
        tail in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let mut bytes = whole();
        for (at, bit) in bends {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
            bytes.extend(tail);
        }
        let length = bytes.len();
        if let Ok(claimed) = crate::fuzz::safetensors(bytes) {
            // What is claimed is there: reading it all takes no more than the file has.
            prop_assert!(claimed <= 8 * length);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut framed = ((bytes.len() / 2) as u64).to_le_bytes().to_vec();
        framed.extend(&bytes);
        prop_assert!(check(&bytes).is_err() || bytes.len() >= 10);
        let _ = check(&framed);
    }
}
