//! `heedful models` over files that lie: a refusal that names the file, in little memory.

use std::path::Path;

use crate::util::{arg, file, folder, heedful};

/// KiB of address space: far below what the files claim.
const MEMORY: u64 = 2 << 20;

/// `heedful models show PATH`, which must be refused with these words.
fn refused(path: &Path, words: &[&str]) {
    heedful(["models", "show", &arg(path)]).memory(MEMORY).refused(words);
}

#[test]
fn gguf_files_that_claim_the_world_are_refused() {
    let folder = folder();
    let head = |tensors: u64, keys: u64| {
        let counts = [tensors.to_le_bytes(), keys.to_le_bytes()].concat();
        [&b"GGUF\x03\0\0\0"[..], &counts].concat()
    };
    let endless = (1u64 << 60).to_le_bytes();
    let list = [&[1, 0, 0, 0, 0, 0, 0, 0, b'k', 9, 0, 0, 0, 8, 0, 0, 0][..], &endless].concat();
    let cases = [
        (head(1 << 60, 0), "claims 0 keys and 1152921504606846976 tensors"),
        (head(0, 1 << 60), "claims 1152921504606846976 keys"),
        ([head(0, 1), endless.to_vec()].concat(), "1152921504606846976 bytes of 0"),
        ([head(0, 1), list].concat(), "a list of 1152921504606846976 values"),
    ];
    for (bytes, words) in cases {
        refused(&file(folder.path(), "model.gguf", bytes), &["model.gguf", words]);
    }
}

#[test]
fn folders_that_claim_the_world_are_refused() {
    let folder = folder();
    let config = |layers: u64| {
        format!(
            r#"{{"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "vocab_size": 1000,
                "intermediate_size": 128, "num_hidden_layers": {layers},
                "num_attention_heads": 4, "max_position_embeddings": 128}}"#
        )
    };
    file(folder.path(), "config.json", config(1 << 40));
    refused(folder.path(), &["config.json", "`num_hidden_layers` = 1099511627776"]);
    file(folder.path(), "config.json", config(2));
    refused(folder.path(), &["holds neither model.safetensors nor"]);
    let bytes = [&(1u64 << 63).to_le_bytes()[..], b"{}"].concat();
    file(folder.path(), "model.safetensors", bytes);
    refused(folder.path(), &["model.safetensors", "9223372036854775808"]);
}

#[test]
fn names_that_are_none_say_how_they_would_be() {
    let no_model = heedful(["models", "show", "nobody/nothing"]);
    no_model.refused(&["`heedful models pull nobody/nothing` would fetch it"]);
    heedful(["models", "pull", "../etc"]).refused(&["`../etc` is no name of a model"]);
}
