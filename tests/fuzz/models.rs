//! Arbitrary bytes to the readers of checkpoints.

use proptest::prelude::*;
use proptest::sample::Index;

use super::fuzz;

/// A sound file of safetensors: two tensors of two types.
fn safetensors() -> Vec<u8> {
    let header = r#"{"__metadata__":{"format":"pt"},
        "a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
        "b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + 32, 1);
    bytes
}

/// A GGUF file of a few keys of all kinds and one tensor.
fn gguf() -> Vec<u8> {
    fn text(bytes: &mut Vec<u8>, text: &str) {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend([1u64, 3].map(u64::to_le_bytes).concat());
    text(&mut bytes, "general.architecture");
    bytes.extend(8u32.to_le_bytes());
    text(&mut bytes, "llama");
    text(&mut bytes, "llama.block_count");
    bytes.extend([4u32, 1].map(u32::to_le_bytes).concat());
    text(&mut bytes, "tokenizer.ggml.tokens");
    bytes.extend([9u32, 8].map(u32::to_le_bytes).concat());
    bytes.extend(2u64.to_le_bytes());
    text(&mut bytes, "a");
    text(&mut bytes, "b");
    text(&mut bytes, "token_embd.weight");
    bytes.extend(2u32.to_le_bytes());
    bytes.extend([32u64, 2].map(u64::to_le_bytes).concat());
    bytes.extend(8u32.to_le_bytes());
    bytes.extend(0u64.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(32) + 2 * 34, 0);
    bytes
}

/// Drives a reader with bent, cut and arbitrary bytes.
fn bend(
    name: &str,
    whole: Vec<u8>,
    read: fn(Vec<u8>) -> heedful_models::Result<usize>,
    check: fn(&[u8]) -> bool,
) {
    assert!(check(&whole), "{name}: the file to be bent is not sound");
    let edit = (any::<Index>(), any::<u8>());
    let bent = (prop::collection::vec(edit, 1..5), prop::option::weighted(0.2, any::<Index>()));
    let bent = bent.prop_map(move |(edits, cut)| {
        let mut bytes = whole.clone();
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
        bytes
    });
    let strategy = prop_oneof![6 => bent, 1 => prop::collection::vec(any::<u8>(), 0..300)];
    fuzz(name, &strategy, |bytes| {
        prop_assert_eq!(check(&bytes), check(&bytes));
        let length = bytes.len();
        match read(bytes) {
            // What is claimed is there: reading it all takes no more than the file has.
            Ok(claimed) => prop_assert!(claimed <= 8 * length),
            Err(error) => prop_assert!(error.to_string().len() < 4000),
        }
        Ok(())
    });
}

#[test]
fn any_safetensors_are_read_or_refused() {
    let check = |bytes: &[u8]| heedful_models::safetensors::check(bytes).is_ok();
    bend("safetensors", safetensors(), heedful_models::fuzz::safetensors, check);
}

#[test]
fn any_gguf_is_read_or_refused() {
    let check = |bytes: &[u8]| heedful_models::gguf::check(bytes).is_ok();
    bend("GGUF", gguf(), heedful_models::fuzz::gguf, check);
}
