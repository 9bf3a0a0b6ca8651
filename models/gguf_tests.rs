use std::path::Path;

use serde_json::Value as Json;

use super::build::Builder;
use super::*;
use crate::checkpoint::Checkpoint;
use crate::config::{Family, RopeScaling};
use crate::files::Bytes;
use crate::fixture::{self, FAMILIES, config, values};
use crate::names;

fn bytes(hex: &Json) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn open(file: &Builder) -> Result<Model> {
    Model::parse(Path::new("a.gguf"), Bytes::Held(file.finish()))
}

fn refused(file: &Builder, words: &str) {
    let said = open(file).unwrap_err().to_string();
    assert!(said.contains(words) && said.contains("a.gguf"), "no `{words}` in: {said}");
}

#[test]
fn every_type_is_dequantised_to_the_bit() {
    let rows = fixture::recorded("gguf_blocks.json");
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for row in rows {
        let kind = (0..31).filter_map(|number| Kind::of(number).ok());
        let kind = kind.into_iter().find(|kind| row["type"] == kind.name()).unwrap();
        let (blocks, expected) = (bytes(&row["blocks"]), bytes(&row["f32"]));
        let mut out = vec![0.0; expected.len() / 4];
        kind.to_f32(&blocks, &mut out);
        for (at, (found, expected)) in out.iter().zip(expected.as_chunks::<4>().0).enumerate() {
            let expected = f32::from_le_bytes(*expected);
            assert_eq!(found.to_bits(), expected.to_bits(), "{} {at}: {found}", kind.name());
        }
        if let Some(kept) = kind.blocks() {
            let mut held = heedful_kernels::Blocks::new(kept, out.len());
            held.extend(&blocks);
            let mut found = vec![0.0; held.len()];
            held.view().widen(0, &mut found);
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&found), bits(&out), "{}", kind.name());
        }
    }
}

#[test]
fn every_family_is_read_by_hugging_faces_names() {
    for (family, tied) in FAMILIES.into_iter().flat_map(|f| [(f, true), (f, false)]) {
        let config = config(family, tied);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        std::fs::write(&path, fixture::gguf(&config).finish()).unwrap();
        let model = Checkpoint::open(&path).unwrap();
        let mut expected = config.clone();
        expected.pad = None;
        assert_eq!(*model.config(), expected);
        assert_eq!(model.notes(), [""; 0]);
        for (name, shape) in names::all(&config, None) {
            let mut out = vec![0.0; shape.iter().product()];
            model.read_f32(&name, &mut out).unwrap();
            assert_eq!(out, values(&name, out.len()), "{family:?} {name}");
            let mut rounded = vec![half::bf16::ZERO; out.len()];
            model.read_bf16(&name, &mut rounded).unwrap();
            assert!(rounded.iter().zip(&out).all(|(a, b)| a.to_f32() == *b), "{name}");
        }
        assert_eq!(model.chat_template().unwrap().as_deref(), Some("{{ messages }}"));
        assert_eq!(model.special().unwrap().eos.as_deref(), Some("</s>"));
        let text = "<s>é</s>";
        assert_eq!(model.tokenizer().unwrap().encode(text).unwrap().len(), 4);
        // A folder that holds it alone is as good as its name.
        assert_eq!(Checkpoint::open(folder.path()).unwrap().config(), model.config());
    }
}

#[test]
fn llama_3_stretching_is_found_again() {
    let mut shape = config(Family::Llama, true);
    shape.rope_theta = 500_000.0;
    let half = shape.head_dim / 2;
    let divisors: Vec<f32> = (0..half)
        .map(|at| {
            let length = std::f64::consts::TAU * 500_000f64.powf(at as f64 / half as f64);
            let smooth = ((8192.0 / length - 1.0) / 3.0).clamp(0.0, 1.0);
            (1.0 / ((1.0 - smooth) / 8.0 + smooth)) as f32
        })
        .collect();
    let mut file = fixture::gguf(&shape);
    file.f32s(shape::ROPE_FACTORS, &[half], &divisors);
    let expected = RopeScaling::Llama3 { factor: 8.0, low: 1.0, high: 4.0, context: 8192.0 };
    assert_eq!(open(&file).unwrap().config().rope_scaling, expected);
    let mut file = fixture::gguf(&shape);
    file.f32s(shape::ROPE_FACTORS, &[half], &[1.0, 2.0, 3.0, f32::NAN]);
    refused(&file, "no divisors of Llama 3");
}

#[test]
fn what_is_not_supported_is_named() {
    let base = fixture::gguf(&config(Family::Llama, true));
    type Change = fn(&mut Builder) -> &mut Builder;
    let cases: [(Change, &str); 6] = [
        (|file| file.u32("llama.expert_count", 8), "`llama.expert_count` = 8"),
        (|file| file.text("llama.rope.scaling.type", "yarn"), "`llama.rope.scaling.type` = yarn"),
        (|file| file.u32("llama.rope.dimension_count", 4), "`llama.rope.dimension_count` = 4"),
        (|file| file.u32("llama.attention.sliding_window", 16), "sliding_window` = 16"),
        (|file| file.u32("llama.attention.value_length", 16), "value_length` = 16"),
        (|file| file.tensor("x", &[256], 10, &[0; 84]), "tensor `x` is Q2_K"),
    ];
    for (change, words) in cases {
        let mut file = base.clone();
        change(&mut file);
        refused(&file, words);
    }
    let mut other = Builder::new();
    refused(other.text("general.architecture", "gpt2"), "`general.architecture` = gpt2");
}

/// A tokenizer of the recorded ones, through a file's metadata.
fn tokenizer(kind: &str, recorded: &Json) -> crate::Tokenizer {
    let list =
        |key: &str| -> Vec<String> { serde_json::from_value(recorded[key].clone()).unwrap() };
    let (tokens, merges, special) = (list("tokens"), list("merges"), list("special"));
    let kinds: Vec<i32> =
        tokens.iter().map(|token| if special.contains(token) { 3 } else { 1 }).collect();
    let mut file = Builder::new();
    file.text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", kind)
        .texts("tokenizer.ggml.tokens", tokens.iter().map(String::as_str))
        .texts("tokenizer.ggml.merges", merges.iter().map(String::as_str))
        .i32s("tokenizer.ggml.token_type", &kinds)
        .u32("tokenizer.ggml.bos_token_id", 0);
    let file = File::parse(Path::new("a.gguf"), Bytes::Held(file.finish())).unwrap();
    vocab::tokenizer(&file).unwrap()
}

#[test]
fn every_kind_of_tokenizer_agrees_with_transformers() {
    let recorded = fixture::recorded("tokenizers.json");
    for kind in ["gpt-2", "smollm", "llama-bpe", "qwen2"] {
        let ours = tokenizer(kind, &recorded[kind]);
        crate::tokenizer::tests::agrees(kind, &ours, &recorded[kind]["cases"]);
    }
}

#[test]
fn tokenizers_that_are_not_supported_are_named() {
    let make = |model: &str, pre: &str| {
        let mut file = Builder::new();
        file.text("tokenizer.ggml.model", model).text("tokenizer.ggml.pre", pre);
        let file = File::parse(Path::new("a.gguf"), Bytes::Held(file.finish())).unwrap();
        vocab::tokenizer(&file).unwrap_err().to_string()
    };
    assert!(make("llama", "default").contains("`tokenizer.ggml.model` = llama"));
    assert!(make("gpt2", "tekken").contains("`tokenizer.ggml.pre` = tekken"));
    assert!(make("gpt2", "qwen2").contains("`tokenizer.ggml.tokens`"));
}
