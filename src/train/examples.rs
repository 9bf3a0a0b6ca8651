//! Rows to sequences: conversations by the checkpoint's template, plain prompts as they are.

use std::path::PathBuf;

use heedful_datasets::error::{Fault, FaultKind};
use heedful_datasets::rows::{self, Row};
use heedful_models::chat::{Message, Options, Template};
use heedful_models::dialogue::{self, Encoding};
use heedful_models::feed::Example;
use heedful_models::{Checkpoint, Tokenizer};
use rayon::prelude::*;
use serde_json::{Map, Value};

use crate::error::Result;

/// What became of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Sequences to learn from.
    pub examples: u64,
    /// Their tokens.
    pub tokens: u64,
    /// Tokens whose prediction counts.
    pub counted: u64,
    /// Sequences that were cut to the longest that is taken.
    pub cut: u64,
    /// Rows of which a cut left nothing to learn.
    pub dropped: u64,
    /// Assistant's turns that the template shows otherwise once they are history.
    pub turns_left_out: u64,
}

/// What a row became.
struct Made {
    /// None where a cut left nothing to learn.
    example: Option<Example>,
    cut: bool,
    left_out: usize,
}

impl Counts {
    fn add(&mut self, made: Made, examples: &mut Vec<Example>) {
        self.cut += u64::from(made.cut);
        self.turns_left_out += made.left_out as u64;
        let Some(example) = made.example else {
            self.dropped += 1;
            return;
        };
        self.tokens += example.ids.len() as u64;
        let learned = example.weights.iter().skip(1).filter(|&&weight| weight > 0.0);
        self.counted += learned.count() as u64;
        examples.push(example);
    }
}

/// Rows that are read before they are encoded.
const TOGETHER: usize = 4096;

/// Makes sequences for one checkpoint.
pub(super) struct Encoder {
    tokenizer: Tokenizer,
    template: Option<Template>,
    bos: Option<u32>,
    eos: Vec<u32>,
    longest: usize,
}

impl Encoder {
    /// For sequences of up to `longest` tokens.
    pub(super) fn new(checkpoint: &Checkpoint, longest: usize) -> Result<Encoder> {
        let special = checkpoint.special()?;
        let (bos, eos) = (special.bos.unwrap_or_default(), special.eos.unwrap_or_default());
        let template = checkpoint.chat_template()?;
        let template = template.map(|source| Template::compile(&source, &bos, &eos)).transpose()?;
        let config = checkpoint.config();
        let tokenizer = checkpoint.tokenizer()?;
        let (bos, eos) = (config.bos, config.eos.clone());
        Ok(Encoder { tokenizer, template, bos, eos, longest })
    }

    /// All rows of these files, in their order.
    pub(super) fn read(&self, files: &[PathBuf]) -> Result<(Vec<Example>, Counts)> {
        let (mut examples, mut counts) = (Vec::new(), Counts::default());
        for path in files {
            let mut rows = rows::open_strict(path)?;
            loop {
                let some: Vec<Row> =
                    rows.by_ref().take(TOGETHER).collect::<std::result::Result<_, _>>()?;
                if some.is_empty() {
                    break;
                }
                let encode = |row: &Row| self.example(&row.object);
                let made: Vec<_> = some.par_iter().map(encode).collect();
                for (row, made) in some.iter().zip(made) {
                    match made {
                        Ok(made) => counts.add(made, &mut examples),
                        Err(fault) => rows.refuse(&row.place, fault)?,
                    }
                }
            }
        }
        counts.examples = examples.len() as u64;
        Ok((examples, counts))
    }

    fn example(&self, row: &Map<String, Value>) -> std::result::Result<Made, Fault> {
        let (mut example, left_out) = match (row.get("messages"), row.get("prompt")) {
            (Some(messages), _) => self.conversation("messages", turns("messages", messages)?)?,
            (None, Some(Value::String(prompt))) => match completion(row)? {
                (_, Value::String(answer)) => (self.plain(prompt, answer)?, 0),
                (key, other) => {
                    return Err(Fault::wrong_type(key, other, "a string as the prompt is"));
                }
            },
            (None, Some(prompt)) => {
                let mut messages = turns("prompt", prompt)?;
                match completion(row)? {
                    (_, Value::String(answer)) => messages.push(Message::assistant(answer)),
                    (key, answer) => messages.extend(turns(key, answer)?),
                }
                self.conversation("prompt", messages)?
            }
            (None, None) => {
                let problem = "has neither `messages` nor `prompt` and `completion`";
                return Err(Fault::of(FaultKind::Missing, problem));
            }
        };
        let cut = example.ids.len() > self.longest;
        let kept = dialogue::cut(&mut example, self.longest);
        Ok(Made { example: kept.then_some(example), cut, left_out })
    }

    fn encoding(&self) -> Encoding<'_> {
        Encoding { tokenizer: &self.tokenizer, eos: &self.eos, bos: self.bos }
    }

    fn plain(&self, prompt: &str, answer: &str) -> std::result::Result<Example, Fault> {
        let example = dialogue::completion(&self.encoding(), prompt, answer);
        example.map_err(|e| Fault::of(FaultKind::BadValue, e.to_string()))
    }

    fn conversation(
        &self,
        key: &str,
        messages: Vec<Message>,
    ) -> std::result::Result<(Example, usize), Fault> {
        let bad = |problem: String| Fault::at(FaultKind::BadValue, key, "", problem);
        let Some(template) = &self.template else {
            return Err(bad("is a conversation, and the checkpoint has no chat template".into()));
        };
        let made =
            dialogue::conversation(&self.encoding(), template, &messages, &Options::default());
        let (example, turns) = made.map_err(|e| bad(e.to_string()))?;
        Ok((example, turns.left_out))
    }
}

/// What answers the prompt of a row.
fn completion(row: &Map<String, Value>) -> std::result::Result<(&str, &Value), Fault> {
    let keys = ["completion", "response"];
    let found = keys.iter().find_map(|key| Some((*key, row.get(*key)?)));
    found.ok_or_else(|| Fault::missing("completion"))
}

fn turns(key: &str, value: &Value) -> std::result::Result<Vec<Message>, Fault> {
    let wrong = |value: &Value| Fault::wrong_type(key, value, "a list of {role, content}");
    let turns = value.as_array().filter(|turns| !turns.is_empty()).ok_or_else(|| wrong(value))?;
    let turn = |turn: &Value| match turn.as_object() {
        Some(object) if object.get("role").is_some_and(Value::is_string) => {
            // A table has all keys in every turn; a template asks whether one is there.
            let there = object.iter().filter(|(_, value)| !value.is_null());
            Ok(Message(there.map(|(key, value)| (key.clone(), value.clone())).collect()))
        }
        _ => Err(wrong(turn)),
    };
    turns.iter().map(turn).collect()
}
