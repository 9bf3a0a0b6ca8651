//! Tiny checkpoints for tests: a shape of each family, weights by name, a tokenizer of bytes.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::config::{Config, Family, Generation, RopeScaling};
use crate::error::Result;
use crate::gguf::build::Builder;
use crate::names;
use crate::save::Writer;

/// All families.
pub(crate) const FAMILIES: [Family; 3] = [Family::Llama, Family::Qwen2, Family::Qwen3];

/// A shape of a family: grouped heads, which in Qwen3 are wider than the model divided by them.
pub(crate) fn config(family: Family, tied: bool) -> Config {
    Config {
        family,
        vocab: 264,
        width: 32,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        head_dim: if family == Family::Qwen3 { 16 } else { 8 },
        ffn: 64,
        context: 128,
        norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: RopeScaling::None,
        qkv_bias: family == Family::Qwen2,
        qk_norm: family == Family::Qwen3,
        tied,
        bos: Some(0),
        eos: vec![1],
        pad: Some(2),
    }
}

/// Values in [-1, 1) that depend on a tensor's name and nothing else; exact in bf16.
pub(crate) fn values(name: &str, count: usize) -> Vec<f32> {
    let mut state = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        ((state >> 56) as f32 - 128.0) / 128.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Fills a buffer with a tensor's values: what a writer asks for.
pub(crate) fn fill(name: &str, out: &mut [f32]) -> Result<()> {
    out.copy_from_slice(&values(name, out.len()));
    Ok(())
}

/// GPT-2's letter of each byte.
pub(crate) fn letters() -> Vec<char> {
    let plain = |byte: u32| matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut next = 0x100..;
    let letter = |byte| if plain(byte) { byte } else { next.next().unwrap_or_default() };
    (0..256).map(letter).filter_map(char::from_u32).collect()
}

/// The special tokens of [`tokenizer`], ids 0 to 2, and a word that is not special, id 3.
pub(crate) const SPECIAL: [&str; 4] = ["<s>", "</s>", "<pad>", "<think>"];

/// A `tokenizer.json` of bytes: 260 tokens, no merges.
pub(crate) fn tokenizer() -> String {
    let mut vocab = Map::new();
    let letters = letters();
    let tokens = SPECIAL.iter().map(ToString::to_string).chain(letters.iter().map(char::to_string));
    vocab.extend(tokens.enumerate().map(|(id, token)| (token, json!(id))));
    let added = SPECIAL.iter().enumerate().map(|(id, token)| {
        json!({"id": id, "content": token, "single_word": false, "lstrip": false,
               "rstrip": false, "normalized": false, "special": id < 3})
    });
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
                       "use_regex": true});
    json!({
        "version": "1.0", "truncation": {"max_length": 2, "strategy": "LongestFirst", "stride": 0,
        "direction": "Right"}, "padding": null, "added_tokens": added.collect::<Vec<Value>>(),
        "normalizer": null, "pre_tokenizer": bytes, "post_processor": null, "decoder": bytes,
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "fuse_unk": false,
                  "continuing_subword_prefix": null, "end_of_word_suffix": null,
                  "byte_fallback": false, "vocab": vocab, "merges": []},
    })
    .to_string()
}

/// A writer of a shape with the fixture's tokenizer, a template and a generation config.
pub(crate) fn writer(config: Config) -> Writer {
    let token = |id: usize| Some(SPECIAL[id].to_owned());
    let special =
        crate::checkpoint::Special { bos: token(0), eos: token(1), pad: token(2), unk: None };
    let sampling = Generation { temperature: Some(0.5), top_k: Some(20), ..Generation::default() };
    let template = "{% for m in messages %}{{ m['content'] }}</s>{% endfor %}".to_owned();
    Writer::new(config, tokenizer())
        .special(special)
        .chat_template(Some(template))
        .generation(sampling)
}

/// The same as a GGUF file, q and k of Llama with their rotary pairs side by side.
pub(crate) fn gguf(config: &Config) -> Builder {
    gguf_of(config, &|_| None)
}

/// A type of blocks: its number, and how many scales and bytes of numbers it has.
pub(crate) type Blocks = (u32, usize, usize);

/// The same, but with blocks of the types that `kind` gives by llama.cpp's names. What they say is
/// a matter of chance.
pub(crate) fn gguf_of(config: &Config, kind: &dyn Fn(&str) -> Option<Blocks>) -> Builder {
    let arch = match config.family {
        Family::Llama => "llama",
        Family::Qwen2 => "qwen2",
        Family::Qwen3 => "qwen3",
    };
    let key = |name: &str| format!("{arch}.{name}");
    let mut file = Builder::new();
    file.text("general.architecture", arch)
        .u32(&key("block_count"), config.layers as u32)
        .u32(&key("embedding_length"), config.width as u32)
        .u32(&key("feed_forward_length"), config.ffn as u32)
        .u32(&key("context_length"), config.context as u32)
        .u32(&key("attention.head_count"), config.heads as u32)
        .u32(&key("attention.head_count_kv"), config.kv_heads as u32)
        .u32(&key("attention.key_length"), config.head_dim as u32)
        .f32(&key("attention.layer_norm_rms_epsilon"), config.norm_eps)
        .f32(&key("rope.freq_base"), config.rope_theta as f32);
    let letters: Vec<String> = letters().into_iter().map(String::from).collect();
    let tokens: Vec<&str> = SPECIAL.into_iter().chain(letters.iter().map(String::as_str)).collect();
    let kinds: Vec<i32> =
        (0..tokens.len()).map(|id| [3, 3, 3, 4].get(id).copied().unwrap_or(1)).collect();
    file.text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "gpt-2")
        .texts("tokenizer.ggml.tokens", tokens.into_iter())
        .i32s("tokenizer.ggml.token_type", &kinds)
        .texts("tokenizer.ggml.merges", [].into_iter())
        .text("tokenizer.chat_template", "{{ messages }}");
    for (name, id) in [("bos", config.bos), ("eos", config.eos.first().copied())] {
        file.u32(&format!("tokenizer.ggml.{name}_token_id"), id.unwrap());
    }
    for (name, shape) in names::all(config, None) {
        let values = values(&name, shape.iter().product());
        let there = theirs(&name);
        if let Some((number, scales, numbers)) = kind(&there) {
            let scale = |value: f32| half::f16::from_f32(value / 16.0).to_le_bytes();
            let block = |values: &[f32]| -> Vec<u8> {
                let scales = values[..scales].iter().flat_map(|value| scale(*value));
                scales.chain(values[..numbers].iter().map(|v| (v * 128.0) as i8 as u8)).collect()
            };
            let blocks: Vec<u8> = values.chunks(32).flat_map(block).collect();
            file.tensor(&there, &shape, number, &blocks);
            continue;
        }
        let rotary = there.contains("attn_q.") || there.contains("attn_k.");
        let values = match config.family {
            Family::Llama if rotary => interleave(&values, shape[0], config.head_dim),
            _ => values,
        };
        file.f32s(&there, &shape, &values);
    }
    file
}

/// llama.cpp's name of a tensor.
fn theirs(name: &str) -> String {
    let pairs = [
        ("model.layers.", "blk."),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"),
        ("self_attn.k_norm", "attn_k_norm"),
        ("input_layernorm", "attn_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
        ("model.norm", "output_norm"),
        ("model.embed_tokens", "token_embd"),
        ("lm_head", "output"),
    ];
    pairs.iter().fold(name.to_owned(), |name, (ours, theirs)| name.replace(ours, theirs))
}

/// What llama.cpp's converter does to rows: `reshape(heads, 2, D/2, columns).swapaxes(1, 2)`.
fn interleave(values: &[f32], rows: usize, head: usize) -> Vec<f32> {
    let columns = values.len() / rows;
    let mut out = Vec::with_capacity(values.len());
    for begin in (0..rows).step_by(head) {
        for pair in 0..head / 2 {
            for side in 0..2 {
                let row = begin + side * head / 2 + pair;
                out.extend(&values[row * columns..(row + 1) * columns]);
            }
        }
    }
    out
}

/// A file of `tests/oracles`.
pub(crate) fn oracle(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/oracles").join(name)
}

/// Figures that an oracle recorded.
pub(crate) fn recorded(name: &str) -> Value {
    let text = std::fs::read_to_string(oracle("recorded").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Runs an oracle with the Python that HEEDFUL_PYTHON names, if that has transformers and torch;
/// `None`, said loudly, where it has not.
pub(crate) fn ask(script: &str, args: &[&Path]) -> Option<String> {
    let found = std::env::var_os("HEEDFUL_PYTHON").filter(|python| {
        let run = Command::new(python).args(["-c", "import torch, transformers"]).output();
        run.is_ok_and(|ran| ran.status.success())
    });
    let Some(python) = found else {
        eprintln!("SKIPPED: {script}: HEEDFUL_PYTHON names no Python with transformers and torch");
        return None;
    };
    let ran = Command::new(python).arg(oracle(script)).args(args).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{script}: {out}\n{err}");
    Some(out.into_owned())
}
