//! `config.json` to a `Config`. A switch that the forward pass does not know is an error.

use std::path::Path;

use serde_json::Value;

use super::check::{CONTEXT, FFN, HEAD_DIM, HEADS, LABELS, LAYERS, VOCAB, WIDTH};
use super::keys::Keys;
use super::{Config, Family, rope};
use crate::error::{Error, Result};

/// What a checkpoint is for, as its first architecture says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// A language model.
    Causal,
    /// A classifier over whole texts.
    Classify,
}

/// A family of `config.json`; Mistral is a Llama whose window must not be in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Llama,
    Mistral,
    Qwen2,
    Qwen3,
}

const KINDS: [(&str, &str, Kind); 4] = [
    ("Llama", "llama", Kind::Llama),
    ("Mistral", "mistral", Kind::Mistral),
    ("Qwen2", "qwen2", Kind::Qwen2),
    ("Qwen3", "qwen3", Kind::Qwen3),
];

/// The shape, and the number of labels of a classifier.
pub(crate) fn parse(path: &Path, value: &Value) -> Result<(Config, Option<usize>)> {
    let keys = Keys::of(path, value)?;
    let (kind, task) = architecture(path, keys)?;
    switches(keys, kind)?;
    let config = shape(keys, kind, task)?;
    window(keys, kind, &config)?;
    config.check().map_err(|problem| Error::file(path, problem))?;
    let labels = match task {
        Task::Causal => None,
        Task::Classify => Some(labels(keys)?),
    };
    Ok((config, labels))
}

fn architecture(path: &Path, keys: Keys<'_>) -> Result<(Kind, Task)> {
    let list = keys.get("architectures").and_then(Value::as_array);
    if let Some(name) = list.and_then(|list| list.first()) {
        let parts = name.as_str().and_then(|name| {
            let (_, _, kind) = KINDS.iter().find(|(stem, _, _)| name.starts_with(stem))?;
            let stem = KINDS.iter().find(|(_, _, other)| other == kind)?.0;
            match &name[stem.len()..] {
                "ForCausalLM" => Some((*kind, Task::Causal)),
                "ForSequenceClassification" => Some((*kind, Task::Classify)),
                _ => None,
            }
        });
        let wanted = "is not supported: Llama, Mistral, Qwen2 and Qwen3 …ForCausalLM and \
                      …ForSequenceClassification are";
        return parts.ok_or_else(|| keys.refuse("architectures", wanted));
    }
    let model = keys.text("model_type")?;
    let model = model.ok_or_else(|| {
        Error::file(path, "has neither `architectures` nor `model_type`: of which family is it?")
    })?;
    let kind = KINDS.iter().find(|(_, name, _)| *name == model);
    let kind = kind.ok_or_else(|| {
        keys.refuse("model_type", "is not supported: llama, mistral, qwen2 and qwen3 are")
    })?;
    Ok((kind.2, Task::Causal))
}

/// Refuses what the forward pass does not do.
fn switches(keys: Keys<'_>, kind: Kind) -> Result<()> {
    for key in ["hidden_act", "hidden_activation"] {
        if !matches!(keys.text(key)?, None | Some("silu" | "swish")) {
            return Err(keys.refuse(key, "is not supported: silu is"));
        }
    }
    for key in
        ["mlp_bias", "attention_bias", "rope_interleaved", "use_qk_norm", "add_cross_attention"]
    {
        if keys.flag(key)? == Some(true) {
            return Err(keys.refuse(key, "is not supported"));
        }
    }
    for key in ["num_experts", "num_local_experts", "n_routed_experts"] {
        if !matches!(keys.get(key).map(Value::as_u64), None | Some(Some(0))) {
            return Err(keys.refuse(key, "mixtures of experts are not supported"));
        }
    }
    for key in ["quantization_config", "compression_config"] {
        if keys.get(key).is_some() {
            return Err(keys.refuse(key, "quantised folders are not supported (GGUF files are)"));
        }
    }
    // Qwen2 has its biases without being asked; a file that denies them is of another model.
    if kind == Kind::Qwen2 && keys.flag("qkv_bias")? == Some(false) {
        return Err(keys.refuse("qkv_bias", "is not supported for Qwen2"));
    }
    if let Some(layers) = keys.get("layer_types") {
        let full = |layer: &Value| layer.as_str() == Some("full_attention");
        if !layers.as_array().is_some_and(|layers| layers.iter().all(full)) {
            return Err(keys.refuse("layer_types", "is not supported: full_attention is"));
        }
    }
    Ok(())
}

fn shape(keys: Keys<'_>, kind: Kind, task: Task) -> Result<Config> {
    let width = keys.need("hidden_size", WIDTH)?;
    let heads = keys.need("num_attention_heads", HEADS)?;
    let head_dim = match keys.size("head_dim", HEAD_DIM)? {
        Some(head_dim) => head_dim,
        None if kind == Kind::Qwen3 => 128,
        None if !width.is_multiple_of(heads) => {
            return Err(keys.refuse("hidden_size", "does not divide by `num_attention_heads`"));
        }
        None => width / heads,
    };
    let context = keys.need("max_position_embeddings", CONTEXT)?;
    let (rope_theta, rope_scaling) = rope::read(keys, context)?;
    // 1e-6 is the default of all four; a folder that was written by transformers names it.
    let norm_eps = keys.positive("rms_norm_eps")?.unwrap_or(1e-6) as f32;
    // A classifier has no LM head, so that none is missing. All four are untied unless they say so.
    let tied = task == Task::Classify || keys.flag("tie_word_embeddings")?.unwrap_or(false);
    // Llama and Mistral begin with 1 and end with 2 where a file does not say null.
    let old = matches!(kind, Kind::Llama | Kind::Mistral);
    Ok(Config {
        family: match kind {
            Kind::Llama | Kind::Mistral => Family::Llama,
            Kind::Qwen2 => Family::Qwen2,
            Kind::Qwen3 => Family::Qwen3,
        },
        vocab: keys.need("vocab_size", VOCAB)?,
        width,
        layers: keys.need("num_hidden_layers", LAYERS)?,
        heads,
        kv_heads: keys.size("num_key_value_heads", HEADS)?.unwrap_or(heads),
        head_dim,
        ffn: keys.need("intermediate_size", FFN)?,
        context,
        norm_eps,
        rope_theta,
        rope_scaling,
        qkv_bias: kind == Kind::Qwen2,
        qk_norm: kind == Kind::Qwen3,
        tied,
        bos: if keys.has("bos_token_id") || !old { keys.token("bos_token_id")? } else { Some(1) },
        eos: match keys.tokens("eos_token_id")? {
            Some(eos) => eos,
            None if keys.has("eos_token_id") || !old => Vec::new(),
            None => vec![2],
        },
        // Some files say -1 for none.
        pad: match keys.get("pad_token_id") {
            Some(value) if value.as_i64() == Some(-1) => None,
            _ => keys.token("pad_token_id")?,
        },
    })
}

/// Refuses a sliding window that hides a part of the context.
fn window(keys: Keys<'_>, kind: Kind, config: &Config) -> Result<()> {
    let used = match kind {
        Kind::Llama | Kind::Mistral => true,
        Kind::Qwen2 | Kind::Qwen3 => keys.flag("use_sliding_window")? == Some(true),
    };
    // transformers takes 4096 for a Mistral that says nothing; the newer ones say null.
    if kind == Kind::Mistral && !keys.has("sliding_window") && config.context > 4096 {
        let none = keys.missing("sliding_window");
        return Err(Error::argument(format!("{none}, and none stands for 4096: not supported")));
    }
    match keys.size("sliding_window", usize::MAX)? {
        Some(window) if used && window < config.context => {
            Err(keys.refuse("sliding_window", "is smaller than the context: not supported"))
        }
        _ => Ok(()),
    }
}

/// Labels of a classifier: as many as `id2label` has, else `num_labels`, else 2.
fn labels(keys: Keys<'_>) -> Result<usize> {
    let named = keys.under("id2label", "id2label.")?;
    if named.is_some() {
        let count = keys.get("id2label").and_then(Value::as_object).map_or(0, |map| map.len());
        return match count {
            1..=LABELS => Ok(count),
            _ => Err(keys.refuse("id2label", &format!("1 to {LABELS} labels are wanted"))),
        };
    }
    Ok(keys.size("num_labels", LABELS)?.unwrap_or(2))
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
