use serde_json::json;

use super::*;
use crate::config::{Head, RopeScaling, to_json};

fn read(value: &Value) -> Result<(Config, Option<usize>)> {
    parse(Path::new("config.json"), value)
}

/// The least that a Llama says, with some keys set; null takes a key away.
fn with(changes: Value) -> Value {
    let mut value = json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64,
        "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "max_position_embeddings": 8192, "vocab_size": 1000,
    });
    let map = value.as_object_mut().unwrap();
    for (key, change) in changes.as_object().unwrap() {
        map.insert(key.clone(), change.clone());
    }
    value
}

#[test]
fn defaults_are_those_of_transformers() {
    let (config, labels) = read(&with(json!({}))).unwrap();
    assert_eq!((config.kv_heads, config.head_dim, config.tied, labels), (4, 16, false, None));
    assert_eq!((config.norm_eps, config.rope_theta), (1e-6, 10_000.0));
    assert_eq!((config.bos, &config.eos[..], config.pad), (Some(1), &[2][..], None));
    let (config, _) = read(&with(json!({"bos_token_id": null, "eos_token_id": null}))).unwrap();
    assert_eq!((config.bos, config.eos), (None, vec![]));
    let (config, _) = read(&with(json!({"architectures": ["Qwen3ForCausalLM"]}))).unwrap();
    assert_eq!((config.head_dim, config.qk_norm, config.qkv_bias), (128, true, false));
    assert_eq!((config.bos, config.eos), (None, vec![]));
    let (config, _) = read(&with(json!({"architectures": ["Qwen2ForCausalLM"]}))).unwrap();
    assert_eq!((config.family, config.qk_norm, config.qkv_bias), (Family::Qwen2, false, true));
    let (config, _) = read(&with(json!({"architectures": null, "model_type": "qwen3"}))).unwrap();
    assert_eq!(config.family, Family::Qwen3);
}

#[test]
fn frequencies_are_read_in_both_styles() {
    let rope = |changes: Value| {
        let (config, _) = read(&with(changes)).unwrap();
        (config.rope_theta, config.rope_scaling)
    };
    let llama3 = json!({"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 8192});
    let scaled = RopeScaling::Llama3 { factor: 32.0, low: 1.0, high: 4.0, context: 8192.0 };
    assert_eq!(rope(json!({"rope_theta": 5e5, "rope_scaling": llama3})), (5e5, scaled));
    let mut newer = llama3;
    newer["rope_theta"] = json!(500_000);
    assert_eq!(rope(json!({"rope_parameters": newer})), (5e5, scaled));
    assert_eq!(rope(json!({"rope_parameters": newer, "rope_scaling": {}})), (5e5, scaled));
    let linear = json!({"type": "linear", "factor": 2.0});
    assert_eq!(rope(json!({"rope_scaling": linear})), (1e4, RopeScaling::Linear(2.0)));
    let both = json!({"rope_parameters": newer, "rope_scaling": linear, "rope_theta": 7});
    assert_eq!(rope(both), (7.0, RopeScaling::Linear(2.0)));
    let plain = json!({"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}});
    assert_eq!(rope(plain), (1e6, RopeScaling::None));
    assert_eq!(rope(json!({"rope_scaling": null, "rope_theta": 3})), (3.0, RopeScaling::None));
}

#[test]
fn windows_that_hide_nothing_are_passed_over() {
    for changes in [
        json!({"architectures": ["MistralForCausalLM"], "sliding_window": null}),
        json!({"architectures": ["MistralForCausalLM"], "sliding_window": 8192}),
        json!({"architectures": ["MistralForCausalLM"], "max_position_embeddings": 4096}),
        json!({"architectures": ["Qwen2ForCausalLM"], "sliding_window": 100,
               "use_sliding_window": false, "max_window_layers": 1}),
        json!({"layer_types": ["full_attention", "full_attention"], "pad_token_id": -1}),
    ] {
        read(&with(changes)).unwrap();
    }
}

#[test]
fn classifiers_tell_their_labels() {
    let labels = |changes: Value| {
        let mut changes = changes;
        changes["architectures"] = json!(["Qwen2ForSequenceClassification"]);
        read(&with(changes)).map(|(_, labels)| labels.unwrap())
    };
    assert_eq!(labels(json!({})).unwrap(), 2);
    assert_eq!(labels(json!({"num_labels": 1})).unwrap(), 1);
    assert_eq!(labels(json!({"id2label": {"0": "a", "1": "b", "2": "c"}})).unwrap(), 3);
    assert!(labels(json!({"id2label": {}})).is_err());
    assert!(labels(json!({"num_labels": 0})).is_err());
}

#[test]
fn what_is_not_supported_is_named_with_its_value() {
    let cases = [
        (json!({"architectures": ["GPT2LMHeadModel"]}), "`architectures` = [\"GPT2LMHeadModel\"]"),
        (json!({"architectures": ["Qwen2MoeForCausalLM"]}), "Qwen2MoeForCausalLM"),
        (json!({"architectures": ["Qwen3MoeForCausalLM"]}), "Qwen3MoeForCausalLM"),
        (json!({"architectures": ["LlamaModel"]}), "LlamaModel"),
        (json!({"architectures": null, "model_type": "gemma"}), "`model_type` = \"gemma\""),
        (json!({"architectures": null, "model_type": null}), "of which family"),
        (json!({"hidden_act": "gelu"}), "`hidden_act` = \"gelu\""),
        (json!({"mlp_bias": true}), "`mlp_bias` = true"),
        (json!({"attention_bias": true}), "`attention_bias` = true"),
        (json!({"num_local_experts": 8}), "`num_local_experts` = 8"),
        (json!({"quantization_config": {"bits": 4}}), "`quantization_config` = {\"bits\":4}"),
        (json!({"partial_rotary_factor": 0.5}), "`partial_rotary_factor` = 0.5"),
        (json!({"rope_parameters": {"partial_rotary_factor": 0.5}}), "`rope_parameters.partial"),
        (json!({"rope_scaling": {"type": "yarn"}}), "`rope_scaling.type` = \"yarn\""),
        (json!({"rope_scaling": {"rope_type": "dynamic"}}), "`rope_scaling.rope_type`"),
        (json!({"rope_scaling": {"type": "linear"}}), "has no `rope_scaling.factor`"),
        (json!({"rope_parameters": {"full_attention": {}}}), "has no `rope_parameters.rope_type`"),
        (json!({"layer_types": ["sliding_attention"]}), "`layer_types`"),
        (json!({"sliding_window": 100}), "`sliding_window` = 100"),
        (json!({"architectures": ["MistralForCausalLM"]}), "4096"),
        (
            json!({"architectures": ["Qwen3ForCausalLM"], "use_sliding_window": true,
                "sliding_window": 64}),
            "`sliding_window` = 64",
        ),
    ];
    for (changes, words) in cases {
        let said = read(&with(changes)).unwrap_err().to_string();
        assert!(said.contains(words) && said.contains("config.json"), "no `{words}` in: {said}");
    }
}

#[test]
fn sizes_of_no_sense_are_refused() {
    let cases = [
        (json!({"hidden_size": null}), "has no `hidden_size`"),
        (json!({"hidden_size": 0}), "`hidden_size` = 0"),
        (json!({"hidden_size": -4}), "`hidden_size` = -4"),
        (json!({"hidden_size": 64.5}), "`hidden_size` = 64.5"),
        (json!({"hidden_size": "64"}), "`hidden_size` = \"64\""),
        (json!({"hidden_size": 66}), "does not divide"),
        (json!({"num_hidden_layers": 1u64 << 40}), "`num_hidden_layers` = 1099511627776"),
        (json!({"vocab_size": u64::MAX}), "`vocab_size` = 18446744073709551615"),
        (json!({"num_key_value_heads": 3}), "4 heads over 3 key-value heads"),
        (json!({"head_dim": 15}), "head_dim is 15, which is odd"),
        (json!({"rms_norm_eps": 0}), "`rms_norm_eps` = 0"),
        (json!({"rms_norm_eps": 2}), "norm_eps is 2"),
        (json!({"rope_theta": 0.5}), "rope_theta is 0.5"),
        (json!({"rope_theta": "big"}), "`rope_theta` = \"big\""),
        (json!({"bos_token_id": 1000}), "token 1000 is outside a vocabulary of 1000"),
        (json!({"eos_token_id": [1, -1]}), "`eos_token_id` = [1,-1]"),
        (json!({"rope_scaling": {"type": "linear", "factor": -1}}), "`rope_scaling.factor` = -1"),
        (json!({"rope_scaling": []}), "`rope_scaling` = []"),
    ];
    for (changes, words) in cases {
        let said = read(&with(changes)).unwrap_err().to_string();
        assert!(said.contains(words) && said.len() < 400, "no `{words}` in: {said}");
    }
    assert!(read(&json!([])).is_err());
}

#[test]
fn what_is_written_is_read_again() {
    for name in ["Llama", "Qwen2", "Qwen3"] {
        let changes = json!({
            "architectures": [format!("{name}ForCausalLM")], "rms_norm_eps": 1e-5,
            "rope_theta": 5e5, "eos_token_id": [3, 4], "bos_token_id": null, "pad_token_id": 9,
            "rope_scaling": {"type": "linear", "factor": 4}, "tie_word_embeddings": true,
        });
        let (config, _) = read(&with(changes)).unwrap();
        let written = to_json(&config, Head::Lm, "float32");
        assert_eq!(read(&written).unwrap(), (config.clone(), None));
        assert_eq!(written["rms_norm_eps"], 1e-5);
        let written = to_json(&config, Head::Score(3), "float32");
        assert_eq!(read(&written).unwrap(), (config, Some(3)));
    }
}
