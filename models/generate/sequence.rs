//! What runs: prompts with their blocks, and their samples.

use heedful_kernels::philox::{self, Place};
use heedful_kernels::{Tensor, sample};

use super::{Completion, Finish, Options, Overlong, Request};
use crate::error::Result;
use crate::stops::Watch;
use crate::tokenizer::Tokenizer;

/// A prompt that went through the model, or is about to.
#[derive(Debug)]
pub(super) struct Prompt<'a> {
    /// Which request.
    pub(super) request: usize,
    pub(super) name: &'a str,
    /// As it is used.
    pub(super) ids: &'a [u32],
    /// What chance knows it by.
    pub(super) digest: u64,
    /// Where its keys and values are.
    pub(super) blocks: Vec<u32>,
    /// Of its last token; kept until the last sample has started.
    pub(super) logits: Option<Tensor>,
    /// Samples that did not start yet.
    pub(super) waiting: std::ops::Range<u32>,
    /// Samples that run.
    pub(super) running: u32,
}

/// A sample that runs.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    /// Where its prompt is in the queue's list.
    pub(super) prompt: usize,
    pub(super) number: u32,
    /// Where its own keys and values are; all that it may ever need.
    pub(super) blocks: Vec<u32>,
    pub(super) tokens: Vec<u32>,
    logprobs: Vec<f32>,
    /// Ids of prompt and answer, for the repetition penalty.
    pub(super) seen: Vec<u32>,
    watch: Option<Watch<'a>>,
}

/// The part of a prompt that is used: all, or its end if that was asked for.
pub(super) fn used<'a>(request: &'a Request, options: &Options, positions: usize) -> &'a [u32] {
    let ids = &request.prompt[..];
    if ids.len() < positions || options.overlong == Overlong::Refuse {
        return ids;
    }
    let room = options.max_tokens.min(positions / 2);
    &ids[ids.len() - (positions - room)..]
}

/// Tokens of an answer at most, after a prompt of so many.
pub(super) fn longest(options: &Options, positions: usize, prompt: usize) -> usize {
    options.max_tokens.min(positions - prompt)
}

impl<'a> Prompt<'a> {
    pub(super) fn new(
        at: usize,
        request: &'a Request,
        ids: &'a [u32],
        blocks: Vec<u32>,
    ) -> Prompt<'a> {
        Prompt {
            request: at,
            name: &request.name,
            ids,
            digest: philox::digest(ids),
            blocks,
            logits: None,
            waiting: request.samples.clone(),
            running: 0,
        }
    }

    /// Starts its next sample, if one is left.
    pub(super) fn start(
        &mut self,
        at: usize,
        blocks: Vec<u32>,
        vocab: usize,
        (tokenizer, options): (Option<&'a Tokenizer>, &'a Options),
    ) -> Option<Sample<'a>> {
        let number = self.waiting.next()?;
        self.running += 1;
        let mut seen = Vec::new();
        if options.sampling.repetition != 1.0 {
            seen.resize(sample::seen_words(vocab), 0);
            self.ids.iter().for_each(|&id| sample::see(&mut seen, id));
        }
        let strings = &options.stop_strings[..];
        let watch = tokenizer.filter(|_| !strings.is_empty());
        let watch = watch.map(|tokenizer| Watch::new(tokenizer, strings));
        let (tokens, logprobs) = (Vec::new(), Vec::new());
        Some(Sample { prompt: at, number, blocks, tokens, logprobs, seen, watch })
    }
}

impl Sample<'_> {
    /// Where the chance of its next token comes from.
    pub(super) fn place(&self, seed: u64, prompt: &Prompt) -> Place {
        let position = self.tokens.len() as u32;
        Place { seed, prompt: prompt.digest, sample: self.number, position }
    }

    /// Takes a token; tells how the sample ended if it did, with its text if that is known.
    pub(super) fn push(
        &mut self,
        id: u32,
        logprob: f32,
        limit: usize,
        options: &Options,
    ) -> Result<Option<(Finish, Option<String>)>> {
        self.tokens.push(id);
        self.logprobs.push(logprob);
        if !self.seen.is_empty() {
            sample::see(&mut self.seen, id);
        }
        let stopped = options.stop_tokens.contains(&id);
        if let Some(watch) = &mut self.watch {
            let mut cut = if stopped { None } else { watch.push(id)? };
            if cut.is_none() && (stopped || self.tokens.len() == limit) {
                cut = watch.finish()?;
            }
            if cut.is_some() {
                return Ok(Some((Finish::Stop, cut)));
            }
        }
        let full = self.tokens.len() == limit;
        let finish = if stopped { Finish::Stop } else { Finish::Length };
        Ok((stopped || full).then_some((finish, None)))
    }

    /// What it came to.
    pub(super) fn complete(
        self,
        prompt: &Prompt,
        finish: Finish,
        text: Option<String>,
        (tokenizer, options): (Option<&Tokenizer>, &Options),
    ) -> Result<Completion> {
        let last = self.tokens.last().filter(|id| options.stop_tokens.contains(id));
        let spoken = &self.tokens[..self.tokens.len() - usize::from(last.is_some())];
        let text = match (text, tokenizer) {
            (Some(text), _) => text,
            (None, Some(tokenizer)) => tokenizer.decode(spoken)?,
            (None, None) => String::new(),
        };
        Ok(Completion {
            request: prompt.request,
            sample: self.number,
            prompt_tokens: prompt.ids.len(),
            tokens: self.tokens,
            logprobs: self.logprobs,
            text,
            finish,
        })
    }
}
