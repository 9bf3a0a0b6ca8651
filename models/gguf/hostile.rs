//! Files that lie: an error each, never a panic, never memory for what is only claimed.

use proptest::prelude::*;
use proptest::sample::Index;

use super::build::{Builder, text};
use super::meta::{LIST, TEXT};
use super::*;
use crate::config::Family;
use crate::fixture;

/// Lengths that no file has.
const ENDLESS: [u64; 5] = [1 << 60, 1 << 63, u64::MAX, u64::MAX - 7, (1 << 61) + 1];

fn refused(bytes: &[u8], words: &str) {
    let said = check(bytes).unwrap_err();
    assert!(said.contains(words), "no `{words}` in: {said}");
    assert!(said.len() < 1000, "a message of {} bytes", said.len());
}

/// A file of one value.
fn value(kind: u32, bytes: &[u8]) -> Vec<u8> {
    Builder::new().raw("key", kind, bytes).finish()
}

#[test]
fn what_is_no_gguf() {
    refused(b"", "is cut off");
    refused(b"GGUF", "is cut off");
    refused(b"GGML\x03\0\0\0", "does not begin with `GGUF`");
    refused(b"GGUF\0\0\0\x03", "big-endian");
    refused(b"GGUF\x01\0\0\0", "version 1");
    refused(b"GGUF\x04\0\0\0", "version 4");
    let sound = Builder::new().finish();
    assert_eq!(check(&sound), Ok((0, 0)));
    let mut second = sound;
    second[4] = 2;
    assert_eq!(check(&second), Ok((0, 0)));
}

#[test]
fn counts_that_lie() {
    for count in ENDLESS {
        for at in [8, 16] {
            let mut bytes = Builder::new().finish();
            bytes[at..at + 8].copy_from_slice(&count.to_le_bytes());
            refused(&bytes, &format!("{count}"));
        }
    }
    for at in [8, 16] {
        let mut bytes = Builder::new().finish();
        bytes[at..at + 8].copy_from_slice(&60_000u64.to_le_bytes());
        refused(&bytes, "is cut off");
    }
}

#[test]
fn lengths_that_lie() {
    for length in ENDLESS {
        let size = length.to_le_bytes();
        refused(&value(TEXT, &size), &format!("{length} bytes of"));
        for kind in [0, 1, 5, 6, 7, TEXT, LIST, 10, 12] {
            let list = [&kind.to_le_bytes()[..], &size].concat();
            refused(&value(LIST, &list), &format!("a list of {length} values"));
        }
        // A key's own name, which is the first thing after the counts.
        let mut bytes = Builder::new().u32("key", 1).finish();
        bytes[24..32].copy_from_slice(&size);
        refused(&bytes, &format!("{length} bytes of"));
    }
    let name = "n".repeat(65_536);
    refused(&Builder::new().u32(&name, 1).finish(), "a name of 65536 bytes");
}

#[test]
fn values_that_are_none() {
    refused(&value(13, &[0; 8]), "unknown kind 13");
    refused(&value(7, &[2]), "a truth of 2");
    let bad = [&3u64.to_le_bytes()[..], b"a\xFFb"].concat();
    refused(&value(TEXT, &bad), "not UTF-8");
    refused(&value(LIST, &[99, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]), "a list of unknown kind 99");
    let nest = |depth: usize| {
        let one = [&LIST.to_le_bytes()[..], &1u64.to_le_bytes()].concat();
        let mut list = one.repeat(depth);
        list.extend([0, 0, 0, 0]);
        list.extend(0u64.to_le_bytes());
        value(LIST, &list)
    };
    assert_eq!(check(&nest(3)), Ok((1, 0)));
    refused(&nest(4), "more than 4 deep");
    refused(&nest(100_000), "more than 4 deep");
    refused(&Builder::new().u32("a", 1).u32("a", 2).finish(), "has key `a` twice");
    for alignment in [0, 3, 1 << 30] {
        let bytes = Builder::new().u32("general.alignment", alignment).finish();
        refused(&bytes, "no power of two");
    }
}

#[test]
fn tensors_that_lie() {
    let claim = |shape: &[u64], kind, at| {
        Builder::new().claim("a", shape, kind, at).tensor("b", &[8], 0, &[0; 32]).finish()
    };
    refused(&claim(&[16], 0, 32), "tensor `a` has 64 bytes at 32, beyond");
    refused(&claim(&[1 << 60], 0, 32), "tensor `a` has 4611686018427387904 bytes");
    refused(&claim(&[1 << 62], 0, 32), "too much to count");
    refused(&claim(&[1 << 32, 1 << 32], 0, 32), "too much to count");
    refused(&claim(&[0], 0, 32), "a dimension of no sense");
    refused(&claim(&[1; 5], 0, 32), "has 5 dimensions");
    refused(&claim(&[], 0, 32), "has 0 dimensions");
    refused(&claim(&[8], 0, u64::MAX - 31), "beyond");
    refused(&claim(&[8], 0, 1 << 63), "beyond");
    refused(&claim(&[8], 0, 7), "is not aligned to 32");
    refused(&claim(&[8], 8, 32), "no whole Q8_0 blocks");
    refused(&claim(&[256], 11, 0), "is Q3_K, which is not read");
    refused(&claim(&[256], 77, 0), "is of unknown type 77");
    refused(&claim(&[8], 0, 0), "overlaps");
    let twice = Builder::new().f32s("a", &[8], &[0.0; 8]).f32s("a", &[8], &[0.0; 8]).finish();
    refused(&twice, "has tensor `a` twice");
    let mut cut = Builder::new().f32s("a", &[8], &[0.0; 8]).finish();
    cut.pop();
    refused(&cut, "beyond the 31 that are there");
    let mut name = vec![];
    text(&mut name, "blk.0.attn_q.weight");
    assert_eq!(name.len(), 27);
}

/// A sound file, small: a Llama of one narrow layer with its tokenizer.
fn whole() -> Vec<u8> {
    let mut config = fixture::config(Family::Llama, true);
    (config.layers, config.width, config.ffn, config.head_dim) = (1, 2, 2, 2);
    (config.heads, config.kv_heads) = (1, 1);
    fixture::gguf(&config).finish()
}

/// Opens what may be no file and reads all of it; gives whether it was sound.
fn read_all(bytes: Vec<u8>) -> bool {
    let length = bytes.len();
    // What is claimed is there: reading it all takes no more than the file has.
    crate::fuzz::gguf(bytes).inspect(|claimed| assert!(*claimed <= 8 * length)).is_ok()
}

#[test]
fn every_cut_is_refused() {
    let whole = whole();
    assert!(read_all(whole.clone()));
    for length in (0..whole.len()).step_by(37) {
        refused(&whole[..length], "");
    }
}

/// So many cases, and no file of failures.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn any_bent_file_is_read_or_refused(
        bends in prop::collection::vec((any::<Index>(), any::<u8>(), 0u8..3), 1..5),
    ) {
        let mut bytes = whole();
        for (at, with, how) in bends {
            // Two thirds of the bends are in the first thousand bytes, where counts and sizes are.
            let at = at.index(if how < 2 { 1000 } else { bytes.len() });
            bytes[at] = if how == 0 { with } else { bytes[at] ^ 1 << (with % 8) };
        }
        read_all(bytes);
    }
}
