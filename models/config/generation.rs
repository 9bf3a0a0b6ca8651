//! `generation_config.json`: how a checkpoint's makers sample from it.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::keys::Keys;
use crate::error::Result;

/// What a checkpoint asks of sampling; `None` where it asks nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Generation {
    /// Whether to draw at all, or to take the likeliest.
    pub do_sample: Option<bool>,
    /// Division of the logits.
    pub temperature: Option<f64>,
    /// Only the k likeliest.
    pub top_k: Option<usize>,
    /// Only the likeliest that make up p.
    pub top_p: Option<f64>,
    /// Only those at least this part as likely as the likeliest.
    pub min_p: Option<f64>,
    /// Division of the logits of what was said already.
    pub repetition_penalty: Option<f64>,
    /// New tokens at most.
    pub max_new_tokens: Option<usize>,
    /// Token that begins a text.
    pub bos: Option<u32>,
    /// Tokens that end a text.
    pub eos: Option<Vec<u32>>,
    /// Token that fills a batch.
    pub pad: Option<u32>,
}

impl Generation {
    pub(crate) fn parse(path: &Path, value: &Value) -> Result<Generation> {
        let keys = Keys::of(path, value)?;
        let top_k = match keys.get("top_k") {
            // 0 stands for no limit.
            Some(value) if value.as_u64() == Some(0) => None,
            _ => keys.size("top_k", usize::MAX)?,
        };
        Ok(Generation {
            do_sample: keys.flag("do_sample")?,
            temperature: keys.number("temperature")?,
            top_k,
            top_p: keys.number("top_p")?,
            min_p: keys.number("min_p")?,
            repetition_penalty: keys.number("repetition_penalty")?,
            max_new_tokens: keys.size("max_new_tokens", usize::MAX)?,
            bos: keys.token("bos_token_id")?,
            eos: keys.tokens("eos_token_id")?,
            pad: keys.token("pad_token_id")?,
        })
    }

    /// As `generation_config.json` has it, what is not asked left out.
    pub(crate) fn to_json(&self) -> Value {
        let mut map = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            value.map(|value| map.insert(key.to_owned(), value));
        };
        put("bos_token_id", self.bos.map(Value::from));
        put("do_sample", self.do_sample.map(Value::from));
        put("eos_token_id", self.eos.as_deref().and_then(one_or_list));
        put("max_new_tokens", self.max_new_tokens.map(Value::from));
        put("min_p", self.min_p.map(Value::from));
        put("pad_token_id", self.pad.map(Value::from));
        put("repetition_penalty", self.repetition_penalty.map(Value::from));
        put("temperature", self.temperature.map(Value::from));
        put("top_k", self.top_k.map(Value::from));
        put("top_p", self.top_p.map(Value::from));
        Value::Object(map)
    }
}

/// A single token as a number, several as a list, none as nothing.
pub(super) fn one_or_list(tokens: &[u32]) -> Option<Value> {
    match tokens {
        [] => None,
        [one] => Some(json!(one)),
        many => Some(json!(many)),
    }
}
