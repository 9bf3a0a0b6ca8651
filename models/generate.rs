//! Many samples of many prompts: a queue before a fixed number of slots.
//!
//! A sample that ends makes room for the next at once. A prompt goes through the model once; its
//! samples share its keys and values and the logits of its last token. What a sample is depends on
//! the weights, its prompt, the options, the seed and its number alone: not on the slots, nor on
//! the order of the prompts, nor on threads.

#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod card_tests;
mod queue;
mod sequence;
#[cfg(test)]
mod smollm2_tests;
#[cfg(test)]
mod tests;

use std::ops::Range;

use heedful_kernels::{Device, sample};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;

/// Tokens that each sample takes on a card between two looks of the host, at most: what [`run`]
/// tells of them, it tells at once.
pub const AHEAD: usize = 8;

/// A prompt and which samples of it are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What errors call it: the row it comes from.
    pub name: String,
    /// Its tokens; one at least.
    pub prompt: Vec<u32>,
    /// Numbers of the samples.
    pub samples: Range<u32>,
}

/// How all requests of a run are answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How tokens are chosen.
    pub sampling: sample::Settings,
    /// What chance depends on, with the prompt, the sample and the position.
    pub seed: u64,
    /// Tokens of an answer at most; the model's context may end it before.
    pub max_tokens: usize,
    /// Tokens that end an answer; they are its last one.
    pub stop_tokens: Vec<u32>,
    /// Strings that end an answer; its text ends before the first. They want a tokenizer.
    pub stop_strings: Vec<String>,
    /// What happens to prompts that leave no room for an answer.
    pub overlong: Overlong,
}

/// What happens to a prompt that is as long as the longest sequence, or longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlong {
    /// The run is refused, and names it.
    Refuse,
    /// Its beginning is cut off, so that there is room for `max_tokens` (for half the context if
    /// they are more).
    KeepEnd,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// A stop token or string.
    Stop,
    /// As long as it may be.
    Length,
}

/// A sample that ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// Which request, from 0.
    pub request: usize,
    /// Which sample of it.
    pub sample: u32,
    /// Tokens of the prompt as it was used.
    pub prompt_tokens: usize,
    /// All tokens that were sampled, with the stop token and with those that spell a stop string.
    pub tokens: Vec<u32>,
    /// Of each, ln p under the model: of its logits as they are, before penalty, temperature and
    /// cuts.
    pub logprobs: Vec<f32>,
    /// The text without special tokens, the stop token and the stop string; nothing without a
    /// tokenizer.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
}

/// What a run tells while it goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A sample ended.
    Finished(Completion),
    /// All slots have moved by a token.
    Progress(Progress),
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Tokens of prompts that went through the model.
    pub prompt_tokens: u64,
    /// Tokens that were sampled.
    pub tokens: u64,
    /// Samples that ended.
    pub finished: u64,
    /// Samples that are running.
    pub running: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            sampling: sample::Settings::PLAIN,
            seed: 0,
            max_tokens: 256,
            stop_tokens: Vec::new(),
            stop_strings: Vec::new(),
            overlong: Overlong::Refuse,
        }
    }
}

impl Completion {
    /// ln p of the whole answer: the sum of its tokens'.
    pub fn logprob(&self) -> f64 {
        self.logprobs.iter().map(|&logprob| f64::from(logprob)).sum()
    }
}

/// Answers all requests; `on` hears of every sample as it ends, in no fixed order.
///
/// # Errors
/// Before anything runs: options that make no sense, a prompt that is empty, too long, or has
/// tokens that the model has not; the request is named. While it runs: logits that are NaN, and
/// what `on` returns, which ends the run.
pub fn run(
    dev: &Device,
    engine: &mut Engine,
    tokenizer: Option<&Tokenizer>,
    requests: &[Request],
    options: &Options,
    on: &mut dyn FnMut(Event) -> Result<()>,
) -> Result<()> {
    check(engine, tokenizer, requests, options)?;
    let mut queue = queue::Queue::new(dev, engine, tokenizer, requests, options)?;
    while queue.step(on)? {}
    Ok(())
}

fn check(
    engine: &Engine,
    tokenizer: Option<&Tokenizer>,
    requests: &[Request],
    options: &Options,
) -> Result<()> {
    options.sampling.check()?;
    if options.max_tokens == 0 {
        return Err(Error::argument("an answer of at most 0 tokens"));
    }
    if options.stop_strings.iter().any(String::is_empty) {
        return Err(Error::argument("an empty stop string"));
    }
    if !options.stop_strings.is_empty() && tokenizer.is_none() {
        return Err(Error::argument("stop strings want a tokenizer"));
    }
    let (vocab, positions) = (engine.config().vocab, engine.settings().positions);
    for Request { name, prompt, .. } in requests {
        if prompt.is_empty() {
            return Err(Error::argument(format!("{name}: an empty prompt")));
        }
        if let Some(id) = prompt.iter().find(|id| **id as usize >= vocab) {
            return Err(Error::argument(format!("{name}: token {id} of {vocab}")));
        }
        if prompt.len() >= positions && options.overlong == Overlong::Refuse {
            let found = prompt.len();
            let problem = format!("{name}: a prompt of {found} tokens, the context is {positions}");
            return Err(Error::argument(problem));
        }
    }
    if positions < 2 {
        return Err(Error::argument(format!("a context of {positions} tokens")));
    }
    Ok(())
}
