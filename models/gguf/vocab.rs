//! The tokenizer of a file's metadata, as a `tokenizer.json`: byte-level BPE by its `pre` kinds.

use serde_json::{Map, Value, json};

use super::File;
use crate::checkpoint::Special;
use crate::error::Result;
use crate::tokenizer::Tokenizer;

/// Numbers of the kinds of tokens.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const UNUSED: i64 = 5;

/// Words of GPT-4's pattern, with so many digits a piece.
fn pattern(digits: &str) -> String {
    let begin = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    let end = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    format!("{begin}{digits}{end}")
}

/// How a text is cut before the merges: one of `tokenizer.ggml.pre`'s values.
struct Cut {
    normalizer: Value,
    pre: Value,
    /// Whole words of the vocabulary are taken before any merge.
    whole: bool,
    /// A text begins with the token for it, unless the file says otherwise.
    bos: bool,
}

fn byte_level(use_regex: bool) -> Value {
    json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
           "use_regex": use_regex})
}

fn split(digits: &str) -> Value {
    let split = json!({"type": "Split", "pattern": {"Regex": pattern(digits)},
                       "behavior": "Isolated", "invert": false});
    json!({"type": "Sequence", "pretokenizers": [split, byte_level(false)]})
}

fn cut(kind: &str) -> Option<Cut> {
    let plain = |pre| Cut { normalizer: Value::Null, pre, whole: false, bos: false };
    Some(match kind {
        "default" | "gpt2" | "gpt-2" => plain(byte_level(true)),
        "smollm" => {
            let digits = json!({"type": "Digits", "individual_digits": true});
            plain(json!({"type": "Sequence", "pretokenizers": [digits, byte_level(true)]}))
        }
        "llama3" | "llama-v3" | "llama-bpe" => {
            Cut { whole: true, bos: true, ..plain(split(r"\p{N}{1,3}")) }
        }
        "qwen2" => Cut { normalizer: json!({"type": "NFC"}), ..plain(split(r"\p{N}")) },
        _ => return None,
    })
}

/// Builds the tokenizer.
pub(super) fn tokenizer(file: &File) -> Result<Tokenizer> {
    let model = file.text("tokenizer.ggml.model")?;
    if model != Some("gpt2") {
        let found = model.unwrap_or("absent");
        let known = "gpt2 is (byte-level BPE); else take the Hugging Face folder";
        let problem = format!("`tokenizer.ggml.model` = {found}: is not supported, {known}");
        return Err(file.refuse(problem));
    }
    let pre = file.text("tokenizer.ggml.pre")?.unwrap_or("default");
    let cut = cut(pre).ok_or_else(|| {
        let known = "default, gpt-2, smollm, llama-bpe and qwen2 are";
        file.refuse(format!("`tokenizer.ggml.pre` = {pre}: is not supported, {known}"))
    })?;
    let need = |key: &str| file.refuse(format!("has no `{key}`"));
    let key = "tokenizer.ggml.tokens";
    let tokens = file.texts(key)?.ok_or_else(|| need(key))?;
    let key = "tokenizer.ggml.merges";
    let merges = file.texts(key)?.ok_or_else(|| need(key))?;
    let kinds = kinds(file, tokens.len())?;
    let (mut vocab, mut added) = (Map::new(), Vec::new());
    for (id, (token, kind)) in tokens.iter().zip(&kinds).enumerate() {
        if *kind == UNUSED {
            continue;
        }
        if vocab.insert((*token).to_owned(), json!(id)).is_some() {
            return Err(file.refuse(format!("token `{token}` comes twice, at {id} again")));
        }
        if matches!(*kind, CONTROL | USER_DEFINED) {
            added.push(json!({"id": id, "content": token, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": *kind == CONTROL}));
        }
    }
    let merges: Option<Vec<Value>> = merges.iter().map(|merge| pair(merge)).collect();
    let merges = merges.ok_or_else(|| file.refuse(format!("`{key}` has one that is no pair")))?;
    let bos = file.truth("tokenizer.ggml.add_bos_token")?.unwrap_or(cut.bos);
    let json = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": cut.normalizer,
        "pre_tokenizer": cut.pre,
        "post_processor": if bos { begun(file, &tokens)? } else { byte_level(true) },
        "decoder": byte_level(true),
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null,
            "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false,
            "byte_fallback": false, "ignore_merges": cut.whole, "vocab": vocab, "merges": merges,
        },
    });
    Tokenizer::parse(json.to_string())
        .map_err(|problem| file.refuse(format!("tokenizer: {problem}")))
}

/// The kind of each token; all are plain where the file does not say.
fn kinds(file: &File, tokens: usize) -> Result<Vec<i64>> {
    let key = "tokenizer.ggml.token_type";
    let Some(list) = file.list(key)? else { return Ok(vec![1; tokens]) };
    if list.count != tokens {
        let count = list.count;
        return Err(file.refuse(format!("`{key}` has {count} values for {tokens} tokens")));
    }
    file.integers(list).ok_or_else(|| file.refuse(format!("`{key}` is no list of whole numbers")))
}

/// The two sides of a merge. The space between them is the first after the first letter.
fn pair(merge: &str) -> Option<Value> {
    let first = merge.chars().next()?.len_utf8();
    let at = first + merge[first..].find(' ')?;
    let (left, right) = (&merge[..at], &merge[at + 1..]);
    (!right.is_empty()).then(|| json!([left, right]))
}

/// The post-processor that puts the token that begins a text before it.
fn begun(file: &File, tokens: &[&str]) -> Result<Value> {
    let key = "tokenizer.ggml.bos_token_id";
    let id = file.token_id(key)?.ok_or_else(|| file.refuse(format!("has no `{key}`")))?;
    let token = tokens.get(id as usize);
    let token = token.ok_or_else(|| file.refuse(format!("`{key}` = {id}: is no token")))?;
    let special = json!({"SpecialToken": {"id": token, "type_id": 0}});
    let a = json!({"Sequence": {"id": "A", "type_id": 0}});
    let b = json!({"Sequence": {"id": "B", "type_id": 1}});
    let second = json!({"SpecialToken": {"id": token, "type_id": 1}});
    let template = json!({
        "type": "TemplateProcessing",
        "single": [special, a],
        "pair": [special, a, second, b],
        "special_tokens": {*token: {"id": token, "ids": [id], "tokens": [token]}},
    });
    Ok(json!({"type": "Sequence", "processors": [byte_level(true), template]}))
}

/// The special tokens by their part.
pub(super) fn special(file: &File) -> Result<Special> {
    let tokens = file.texts("tokenizer.ggml.tokens")?.unwrap_or_default();
    let spelled = |name: &str| -> Result<Option<String>> {
        let key = format!("tokenizer.ggml.{name}_token_id");
        let Some(id) = file.token_id(&key)? else { return Ok(None) };
        let token = tokens.get(id as usize).map(|token| (*token).to_owned());
        token.map(Some).ok_or_else(|| file.refuse(format!("`{key}` = {id}: is no token")))
    };
    Ok(Special {
        bos: spelled("bos")?,
        eos: spelled("eos")?,
        pad: spelled("padding")?,
        unk: spelled("unknown")?,
    })
}
