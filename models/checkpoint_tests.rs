use std::fs;

use serde_json::json;

use super::*;
use crate::config::Family;
use crate::fixture::{self, config, fill, values, writer};

/// A folder to be spoilt: a tied Llama in two shards or more, or in one file.
fn made(shard: u64) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    writer(config(Family::Llama, true)).shard(shard).write(&path, fill).unwrap();
    (folder, path)
}

/// Opens a checkpoint that must be refused, in words that hold all of `words`.
fn refused(path: &Path, words: &[&str]) {
    let said = Checkpoint::open(path).unwrap_err().to_string();
    assert!(words.iter().all(|word| said.contains(word)), "{words:?} not in: {said}");
}

/// Sets a key of a JSON file.
fn set(path: &Path, key: &str, value: Value) {
    let mut json: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    json[key] = value;
    fs::write(path, json.to_string()).unwrap();
}

#[test]
fn shapes_are_held_against_the_configuration() {
    let cases = [
        ("vocab_size", json!(265), "`model.embed_tokens.weight` is [264, 32], and [265, 32]"),
        ("num_hidden_layers", json!(3), "`model.layers.2.input_layernorm.weight` [32] is not"),
        ("num_hidden_layers", json!(1), "`model.layers.1.input_layernorm.weight` is a part"),
        ("intermediate_size", json!(32), "`model.layers.0.mlp.gate_proj.weight` is [64, 32]"),
        ("num_key_value_heads", json!(4), "k_proj.weight` is [16, 32], and [32, 32]"),
        ("tie_word_embeddings", json!(false), "`lm_head.weight` [264, 32] is not there"),
        ("num_hidden_layers", json!(1u64 << 40), "`num_hidden_layers` = 1099511627776"),
        ("hidden_size", json!(1u64 << 40), "`hidden_size` = 1099511627776"),
        ("architectures", json!(["Qwen2ForCausalLM"]), "q_proj.bias` [32] is not there"),
    ];
    for (key, value, words) in cases {
        let (_folder, path) = made(u64::MAX);
        set(&path.join("config.json"), key, value);
        refused(&path, &[words, "model"]);
    }
}

#[test]
fn what_is_too_much_is_noted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    writer(config(Family::Llama, false)).write(&path, fill).unwrap();
    set(&path.join("config.json"), "tie_word_embeddings", json!(true));
    let model = Checkpoint::open(&path).unwrap();
    assert_eq!(model.notes(), ["tensor `lm_head.weight` is not used"]);
    // Biases that the family has not would change what it says.
    let path = folder.path().join("other");
    writer(config(Family::Qwen2, false)).write(&path, fill).unwrap();
    set(&path.join("config.json"), "architectures", json!(["LlamaForCausalLM"]));
    refused(&path, &["k_proj.bias` is a part that this configuration has not"]);
}

#[test]
fn an_index_names_shards_beside_it_and_nothing_else() {
    let index = "model.safetensors.index.json";
    let norm = "model.norm.weight";
    let cases = [
        (json!("../model/model-00001-of-00003.safetensors"), "../model"),
        (json!("/etc/model.safetensors"), "/etc/model.safetensors"),
        (json!("..\\a.safetensors"), "a.safetensors"),
        (json!(index), index),
        (json!("none.safetensors"), "`none.safetensors`, which is not there"),
        (json!("model-00001-of-00003.safetensors"), "`model.norm.weight` is not in"),
        (json!(3), "is in 3"),
    ];
    for (value, words) in cases {
        let (_folder, path) = made(40_000);
        let mut json: Value = serde_json::from_slice(&fs::read(path.join(index)).unwrap()).unwrap();
        assert_eq!(json["weight_map"][norm], "model-00002-of-00003.safetensors");
        json["weight_map"][norm] = value;
        fs::write(path.join(index), json.to_string()).unwrap();
        refused(&path, &[words]);
    }
    for text in ["", "[]", "{\"weight_map\": {}}", "{\"weight_map\": 3}"] {
        let (_folder, path) = made(40_000);
        fs::write(path.join(index), text).unwrap();
        refused(&path, &[index]);
    }
    let (_folder, path) = made(40_000);
    fs::remove_file(path.join("model-00002-of-00003.safetensors")).unwrap();
    refused(&path, &["`model-00002-of-00003.safetensors`, which is not there"]);
    // An index that calls itself a shard is no shard.
    fs::copy(path.join(index), path.join("model-00002-of-00003.safetensors")).unwrap();
    refused(&path, &["model-00002-of-00003.safetensors"]);
}

#[test]
fn folders_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path(), &["holds neither config.json nor a .gguf file"]);
    refused(&folder.path().join("none"), &["none"]);
    for name in ["a.gguf", "b.gguf"] {
        fs::write(folder.path().join(name), "GGUF").unwrap();
    }
    refused(folder.path(), &["holds 2 .gguf files"]);
    refused(&folder.path().join("a.gguf"), &["a.gguf", "is cut off"]);
    fs::create_dir(folder.path().join("config.json")).unwrap();
    refused(folder.path(), &["config.json", "is not a plain file"]);
    let (_folder, path) = made(u64::MAX);
    fs::remove_file(path.join("model.safetensors")).unwrap();
    refused(&path, &["holds neither model.safetensors nor model.safetensors.index.json"]);
    fs::write(path.join("model.safetensors"), "").unwrap();
    refused(&path, &["model.safetensors", "is empty"]);
}

#[test]
fn texts_end_where_the_generation_config_says() {
    let (_folder, path) = made(u64::MAX);
    set(&path.join("generation_config.json"), "eos_token_id", json!([1, 3]));
    assert_eq!(Checkpoint::open(&path).unwrap().config().eos, [1, 3]);
    set(&path.join("generation_config.json"), "eos_token_id", json!(264));
    refused(&path, &["token 264 is outside a vocabulary of 264"]);
    fs::remove_file(path.join("generation_config.json")).unwrap();
    assert_eq!(Checkpoint::open(&path).unwrap().config().eos, [1]);
}

#[test]
fn templates_are_found_where_they_may_be() {
    let (_folder, path) = made(u64::MAX);
    let told = path.join("tokenizer_config.json");
    let template = || Checkpoint::open(&path).unwrap().chat_template().unwrap();
    let list = json!([{"name": "rag", "template": "r"}, {"name": "default", "template": "d"}]);
    set(&told, "chat_template", list);
    assert_eq!(template().as_deref(), Some("d"));
    set(&told, "chat_template", json!([{"name": "rag", "template": "r"}]));
    assert!(Checkpoint::open(&path).unwrap().chat_template().is_err());
    set(&told, "chat_template", json!(null));
    assert_eq!(template(), None);
    fs::write(path.join("chat_template.json"), "{\"chat_template\": \"j\"}").unwrap();
    assert_eq!(template().as_deref(), Some("j"));
    fs::write(path.join("chat_template.jinja"), "{{ x }}").unwrap();
    assert_eq!(template().as_deref(), Some("{{ x }}"));
    set(&told, "bos_token", json!({"content": "<b>", "lstrip": false}));
    assert_eq!(Checkpoint::open(&path).unwrap().special().unwrap().bos.as_deref(), Some("<b>"));
    set(&told, "bos_token", json!(7));
    assert!(Checkpoint::open(&path).unwrap().special().is_err());
    fs::remove_file(&told).unwrap();
    let special = Checkpoint::open(&path).unwrap().special().unwrap();
    assert_eq!(special.eos.as_deref(), Some("</s>"));
}

#[test]
fn a_tokenizer_has_no_more_tokens_than_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let mut small = config(Family::Llama, true);
    small.vocab = 259;
    writer(small).write(&path, fill).unwrap();
    let error = Checkpoint::open(&path).unwrap().tokenizer().unwrap_err().to_string();
    assert!(error.contains("has 260 tokens, its model 259"), "{error}");
}

#[test]
fn a_checkpoint_within_the_program_is_read() {
    let (_folder, path) = made(u64::MAX);
    // A test may leak what a program would embed.
    let text = |name: &str| -> &'static str { fs::read_to_string(path.join(name)).unwrap().leak() };
    let files = Embedded {
        name: "embedded",
        config: text("config.json"),
        tokenizer: text("tokenizer.json"),
        tokenizer_config: text("tokenizer_config.json"),
        weights: fs::read(path.join("model.safetensors")).unwrap().leak(),
    };
    let model = Checkpoint::embedded(files).unwrap();
    let mut out = vec![0.0; 32];
    model.read_f32(names::FINAL_NORM, &mut out).unwrap();
    assert_eq!(out, values(names::FINAL_NORM, 32));
    assert_eq!(model.tokenizer().unwrap().decode(&[101]).unwrap(), "a");
    assert!(model.chat_template().unwrap().is_some());
    let error = Checkpoint::embedded(Embedded { weights: b"abc", ..files }).unwrap_err();
    assert!(error.to_string().contains("embedded"), "{error}");
}

#[test]
fn reading_checks_names_and_lengths() {
    let (_folder, path) = made(u64::MAX);
    let model = Checkpoint::open(&path).unwrap();
    assert!(model.has(names::EMBEDDING) && !model.has(names::LM_HEAD));
    for (name, count, words) in
        [(names::FINAL_NORM, 31, "has 32 values, not 31"), ("none", 1, "`none` is not there")]
    {
        let error = model.read_f32(name, &mut vec![0.0; count]).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        let error = model.read_bf16(name, &mut vec![bf16::ZERO; count]).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

/// SmolLM2-135M-Instruct as GGUF, where HEEDFUL_SMOLLM2 names it.
fn smollm2() -> Option<PathBuf> {
    let path = std::env::var_os("HEEDFUL_SMOLLM2").map(PathBuf::from);
    if path.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "HEEDFUL_SMOLLM2 is not set");
        eprintln!("SKIPPED: HEEDFUL_SMOLLM2 names no GGUF file of SmolLM2-135M-Instruct");
    }
    path
}

#[test]
fn smollm2_is_read_as_transformers_reads_it() {
    let Some(path) = smollm2() else { return };
    let model = Checkpoint::open(&path).unwrap();
    let config = model.config();
    assert_eq!((config.layers, config.width, config.heads, config.kv_heads), (30, 576, 9, 3));
    assert_eq!((config.vocab, config.ffn, config.tied, config.context), (49152, 1536, true, 8192));
    assert_eq!((config.bos, &config.eos[..], config.rope_theta), (Some(1), &[2][..], 100_000.0));
    let recorded = fixture::recorded("smollm2_weights.json");
    for (name, shape) in names::all(config, None) {
        let row = &recorded[&name];
        assert_eq!(row["shape"], json!(shape), "{name}");
        let mut out = vec![0.0; shape.iter().product()];
        model.read_f32(&name, &mut out).unwrap();
        for (at, value) in
            row["places"].as_array().unwrap().iter().zip(row["values"].as_array().unwrap())
        {
            let found = out[at.as_u64().unwrap() as usize];
            assert_eq!(found, value.as_f64().unwrap() as f32, "{name} at {at}");
        }
        let sum: f64 = out.iter().map(|value| f64::from(value.abs())).sum();
        let expected = row["sum"].as_f64().unwrap();
        assert!((sum - expected).abs() <= 1e-9 * expected + 1e-6, "{name}: {sum}, not {expected}");
    }
    let tokenizer = model.tokenizer().unwrap();
    let cases = &fixture::recorded("tokenizers.json")["smollm2"]["cases"];
    crate::tokenizer::tests::agrees("smollm2", &tokenizer, cases);
}
