//! Names and shapes of a model's tensors, as Hugging Face's folders have them.

use crate::config::Config;

/// The embedding.
pub const EMBEDDING: &str = "model.embed_tokens.weight";
/// The last norm.
pub const FINAL_NORM: &str = "model.norm.weight";
/// The LM head; absent where it is the embedding.
pub const LM_HEAD: &str = "lm_head.weight";
/// The head of a classifier.
pub const SCORE: &str = "score.weight";

/// A tensor of a layer: `model.layers.3.self_attn.q_proj.weight`.
pub fn layer(index: usize, part: &str) -> String {
    format!("model.layers.{index}.{part}")
}

/// Every tensor that a model of this shape has, in a fixed order: layers, norm, embedding, head.
///
/// `labels` is the number of a classifier's labels; a classifier has no LM head.
pub fn all(config: &Config, labels: Option<usize>) -> Vec<(String, Vec<usize>)> {
    let (width, ffn) = (config.width, config.ffn);
    let (q, kv) = (config.attention_width(), config.kv_heads * config.head_dim);
    let mut parts = vec![
        ("input_layernorm.weight", vec![width]),
        ("self_attn.q_proj.weight", vec![q, width]),
        ("self_attn.k_proj.weight", vec![kv, width]),
        ("self_attn.v_proj.weight", vec![kv, width]),
    ];
    if config.qkv_bias {
        parts.push(("self_attn.q_proj.bias", vec![q]));
        parts.push(("self_attn.k_proj.bias", vec![kv]));
        parts.push(("self_attn.v_proj.bias", vec![kv]));
    }
    if config.qk_norm {
        parts.push(("self_attn.q_norm.weight", vec![config.head_dim]));
        parts.push(("self_attn.k_norm.weight", vec![config.head_dim]));
    }
    parts.push(("self_attn.o_proj.weight", vec![width, q]));
    parts.push(("post_attention_layernorm.weight", vec![width]));
    parts.push(("mlp.gate_proj.weight", vec![ffn, width]));
    parts.push(("mlp.up_proj.weight", vec![ffn, width]));
    parts.push(("mlp.down_proj.weight", vec![width, ffn]));
    let mut all = Vec::with_capacity(config.layers * parts.len() + 4);
    for index in 0..config.layers {
        all.extend(parts.iter().map(|(part, shape)| (layer(index, part), shape.clone())));
    }
    all.push((FINAL_NORM.to_owned(), vec![width]));
    all.push((EMBEDDING.to_owned(), vec![config.vocab, width]));
    match labels {
        Some(labels) => all.push((SCORE.to_owned(), vec![labels, width])),
        None if !config.tied => all.push((LM_HEAD.to_owned(), vec![config.vocab, width])),
        None => {}
    }
    all
}
