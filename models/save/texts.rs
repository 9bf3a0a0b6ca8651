//! The files beside the weights: shape, tokenizer, template, sampling.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::file;
use crate::checkpoint::{Checkpoint, Special};
use crate::config::{Config, Generation, Head, to_json};
use crate::error::Result;

/// What they say.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) tokenizer: String,
    pub(super) chat_template: Option<String>,
    pub(super) special: Special,
    pub(super) generation: Generation,
}

impl Texts {
    pub(super) fn of(checkpoint: &Checkpoint) -> Result<Texts> {
        Ok(Texts {
            tokenizer: checkpoint.tokenizer()?.json().to_owned(),
            chat_template: checkpoint.chat_template()?,
            special: checkpoint.special()?,
            generation: checkpoint.generation().clone(),
        })
    }

    pub(super) fn plain(tokenizer: String) -> Texts {
        let (special, generation) = (Special::default(), Generation::default());
        Texts { tokenizer, chat_template: None, special, generation }
    }

    pub(super) fn write(
        &self,
        folder: &Path,
        config: &Config,
        head: Head,
        dtype: &str,
    ) -> Result<()> {
        let json =
            |name: &str, value: &Value| file(&folder.join(name), format!("{value:#}\n").as_bytes());
        json("config.json", &to_json(config, head, dtype))?;
        file(&folder.join("tokenizer.json"), self.tokenizer.as_bytes())?;
        json("tokenizer_config.json", &self.tokenizer_config(config))?;
        json("special_tokens_map.json", &Value::Object(self.special_tokens()))?;
        if head == Head::Lm {
            json("generation_config.json", &self.generation(config).to_json())?;
        }
        Ok(())
    }

    /// The generation config, with the configuration's tokens where it names none.
    fn generation(&self, config: &Config) -> Generation {
        let mut generation = self.generation.clone();
        generation.bos = generation.bos.or(config.bos);
        generation.pad = generation.pad.or(config.pad);
        if generation.eos.is_none() && !config.eos.is_empty() {
            generation.eos = Some(config.eos.clone());
        }
        generation
    }

    fn special_tokens(&self) -> Map<String, Value> {
        let Special { bos, eos, pad, unk } = &self.special;
        // Without a filler transformers cannot batch; the end of a text is what all others use.
        let pad = pad.as_ref().or(eos.as_ref());
        let tokens = [("bos_token", bos.as_ref()), ("eos_token", eos.as_ref()), ("pad_token", pad)];
        let tokens = tokens.into_iter().chain([("unk_token", unk.as_ref())]);
        let spelled = tokens.filter_map(|(key, token)| Some((key.to_owned(), json!(token?))));
        spelled.collect()
    }

    fn tokenizer_config(&self, config: &Config) -> Value {
        let mut map = Map::new();
        map.insert("tokenizer_class".to_owned(), json!("PreTrainedTokenizerFast"));
        map.insert("model_max_length".to_owned(), json!(config.context));
        map.insert("clean_up_tokenization_spaces".to_owned(), json!(false));
        map.extend(self.special_tokens());
        if let Some(template) = &self.chat_template {
            map.insert("chat_template".to_owned(), json!(template));
        }
        Value::Object(map)
    }
}
