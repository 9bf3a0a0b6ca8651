//! A `Config` as `config.json`: keys that transformers 4 and 5 and vLLM read.

use serde_json::{Map, Value, json};

use super::generation::one_or_list;
use super::{Config, Family, RopeScaling};

/// What stands on top of the decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// The LM head: `…ForCausalLM`.
    Lm,
    /// A score of so many labels: `…ForSequenceClassification`. One label is a logit of its own
    /// (`regression`, read as a reward), two or more are a softmax.
    Score(usize),
}

/// `config.json`; `dtype` is `float32` or `bfloat16`.
pub(crate) fn to_json(config: &Config, head: Head, dtype: &str) -> Value {
    let (stem, model) = match config.family {
        Family::Llama => ("Llama", "llama"),
        Family::Qwen2 => ("Qwen2", "qwen2"),
        Family::Qwen3 => ("Qwen3", "qwen3"),
    };
    let task = match head {
        Head::Lm => "ForCausalLM",
        Head::Score(_) => "ForSequenceClassification",
    };
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("architectures", json!([format!("{stem}{task}")]));
    put("model_type", json!(model));
    put("vocab_size", json!(config.vocab));
    put("hidden_size", json!(config.width));
    put("intermediate_size", json!(config.ffn));
    put("num_hidden_layers", json!(config.layers));
    put("num_attention_heads", json!(config.heads));
    put("num_key_value_heads", json!(config.kv_heads));
    put("head_dim", json!(config.head_dim));
    put("max_position_embeddings", json!(config.context));
    put("hidden_act", json!("silu"));
    put("rms_norm_eps", short(config.norm_eps));
    put("rope_theta", json!(config.rope_theta));
    put("rope_scaling", scaling(config.rope_scaling));
    put("attention_dropout", json!(0.0));
    match config.family {
        Family::Llama => {
            put("attention_bias", json!(false));
            put("mlp_bias", json!(false));
        }
        Family::Qwen2 => {
            put("use_sliding_window", json!(false));
        }
        Family::Qwen3 => {
            put("attention_bias", json!(false));
            put("use_sliding_window", json!(false));
        }
    }
    put("tie_word_embeddings", json!(config.tied));
    put("bos_token_id", json!(config.bos));
    put("eos_token_id", one_or_list(&config.eos).unwrap_or(Value::Null));
    // A classifier finds the last token of a text by what is not padding.
    let pad = config.pad.or(config.eos.first().copied());
    put("pad_token_id", json!(if head == Head::Lm { config.pad } else { pad }));
    if let Head::Score(labels) = head {
        let name = |at: usize| format!("LABEL_{at}");
        let ids: Map<String, Value> =
            (0..labels).map(|at| (at.to_string(), json!(name(at)))).collect();
        let labelled: Map<String, Value> = (0..labels).map(|at| (name(at), json!(at))).collect();
        put("id2label", Value::Object(ids));
        put("label2id", Value::Object(labelled));
        let problem = if labels == 1 { "regression" } else { "single_label_classification" };
        put("problem_type", json!(problem));
    }
    put("use_cache", json!(true));
    put("torch_dtype", json!(dtype));
    Value::Object(map)
}

/// An f32 by its shortest decimal, not by that of its double.
fn short(value: f32) -> Value {
    value.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

fn scaling(scaling: RopeScaling) -> Value {
    match scaling {
        RopeScaling::None => Value::Null,
        RopeScaling::Linear(factor) => json!({"rope_type": "linear", "factor": factor}),
        RopeScaling::Llama3 { factor, low, high, context } => json!({
            "rope_type": "llama3",
            "factor": factor,
            "low_freq_factor": low,
            "high_freq_factor": high,
            "original_max_position_embeddings": context as u64,
        }),
    }
}
