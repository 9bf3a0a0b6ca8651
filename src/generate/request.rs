//! What is asked of an OpenAI-compatible server: the body of a request, and its digest.

use heedful_datasets::digest;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Request;
use crate::error::{Error, Result};

/// How to sample; what is `None` is left to the server.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Sampling {
    /// The model's name at the server.
    pub model: String,
    /// Temperature.
    pub temperature: Option<f64>,
    /// Nucleus.
    pub top_p: Option<f64>,
    /// The most tokens to write.
    pub max_tokens: Option<u32>,
    /// Texts that end a response.
    pub stop: Vec<String>,
    /// The seed of sample 0; sample i has this plus i.
    pub seed: Option<u64>,
    /// Further keys of the body.
    pub extra: Map<String, Value>,
}

/// Keys of the body that are not for `extra`.
const OURS: [&str; 4] = ["model", "messages", "stream", "n"];

impl Sampling {
    /// Refuses keys in `extra` that are set elsewhere.
    ///
    /// # Errors
    /// The key.
    pub fn check(&self) -> Result<()> {
        match OURS.iter().find(|key| self.extra.contains_key(**key)) {
            Some(key) => Err(Error::usage(format!("--extra: the key `{key}` is not for it"))),
            None => Ok(()),
        }
    }

    /// The body of `request`.
    pub fn body(&self, request: &Request) -> Value {
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(self.model));
        body.insert("messages".to_owned(), json!(request.messages));
        let mut set = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(key.to_owned(), value);
            }
        };
        set("temperature", self.temperature.map(Value::from));
        set("top_p", self.top_p.map(Value::from));
        set("max_tokens", self.max_tokens.map(Value::from));
        set("stop", Some(json!(self.stop)).filter(|_| !self.stop.is_empty()));
        let seed = self.seed.map(|seed| seed.wrapping_add(u64::from(request.sample)));
        set("seed", seed.map(Value::from));
        body.extend(self.extra.clone());
        Value::Object(body)
    }
}

/// The digest by which a response is kept: 32 hexadecimal digits of BLAKE3 over the body and the
/// number of the sample. No address is in it, and no key.
pub fn digest(body: &Value, sample: u32) -> String {
    digest::id_of(&json!({"body": body, "sample": sample}))
}

/// The name of a request in a batch: the digest of its body, its sample and its row's key.
pub fn custom_id(body: &Value, request: &Request) -> String {
    digest::id_of(&json!({"body": body, "sample": request.sample, "key": request.key}))
}

#[cfg(test)]
mod tests {
    use heedful_models::chat::Message;

    use super::*;

    fn request(key: &str, sample: u32) -> Request {
        Request { row: 0, key: key.to_owned(), messages: vec![Message::user("p")], sample }
    }

    #[test]
    fn the_body_holds_what_was_asked_and_no_more() {
        let plain = Sampling { model: "m".to_owned(), ..Sampling::default() };
        let messages = json!([{"role": "user", "content": "p"}]);
        assert_eq!(plain.body(&request("a", 0)), json!({"model": "m", "messages": messages}));
        let full = Sampling {
            temperature: Some(0.7),
            max_tokens: Some(5),
            stop: vec!["x".to_owned()],
            seed: Some(40),
            extra: json!({"min_p": 0.1}).as_object().cloned().unwrap(),
            ..plain
        };
        let expected = json!({"model": "m", "messages": messages, "temperature": 0.7,
            "max_tokens": 5, "stop": ["x"], "seed": 42, "min_p": 0.1});
        assert_eq!(full.body(&request("a", 2)), expected);
        let extra = json!({"n": 3}).as_object().cloned().unwrap();
        assert!(Sampling { extra, ..full }.check().is_err());
    }

    #[test]
    fn digests_tell_samples_apart_and_rows_only_in_batches() {
        let sampling = Sampling { model: "m".to_owned(), ..Sampling::default() };
        let body = sampling.body(&request("a", 0));
        assert_eq!(digest(&body, 0).len(), 32);
        assert_ne!(digest(&body, 0), digest(&body, 1));
        assert_eq!(body, sampling.body(&request("b", 0)));
        assert_ne!(custom_id(&body, &request("a", 0)), custom_id(&body, &request("b", 0)));
    }
}
