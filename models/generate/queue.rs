//! Continuous batching: admit, prefill, decode, sample, again.

mod ahead;

use heedful_kernels::{Device, Dtype, Tensor, View, copy, sample};

use self::ahead::Ahead;
use super::sequence::{Prompt, Sample, longest, used};
use super::{Completion, Event, Finish, Options, Progress, Request};
use crate::cache::blocks_of;
use crate::engine::{Engine, Step};
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;

/// All that a run has in hand.
pub(super) struct Queue<'a, 'w> {
    dev: &'a Device,
    engine: &'a mut Engine<'w>,
    tokenizer: Option<&'a Tokenizer>,
    requests: &'a [Request],
    options: &'a Options,
    /// The first request that was not looked at yet.
    next: usize,
    /// Prompts by slot of this list; empty ones are free.
    prompts: Vec<Option<Prompt<'a>>>,
    /// The prompt whose samples are being started.
    open: Option<usize>,
    /// Samples in the order of their prompts, so that neighbours share blocks.
    running: Vec<Sample<'a>>,
    step: Step,
    rows: Vec<sample::Row>,
    seen: Vec<u32>,
    /// `seen` on a card.
    kept_seen: Option<Tensor>,
    /// `[slots]` each: what was chosen.
    tokens: Tensor,
    logprobs: Tensor,
    scratch: Tensor,
    /// On a card.
    ahead: Option<Ahead>,
    progress: Progress,
}

impl<'a, 'w> Queue<'a, 'w> {
    /// Makes the cache large enough; nothing runs yet.
    ///
    /// # Errors
    /// A request that does not fit into the cache even alone.
    pub(super) fn new(
        dev: &'a Device,
        engine: &'a mut Engine<'w>,
        tokenizer: Option<&'a Tokenizer>,
        requests: &'a [Request],
        options: &'a Options,
    ) -> Result<Queue<'a, 'w>> {
        let settings = engine.settings;
        let limit = if settings.cached == 0 { usize::MAX } else { blocks_of(settings.cached) };
        let (mut most, mut samples) = (0, 0);
        for request in requests.iter().filter(|request| !request.samples.is_empty()) {
            let prompt = used(request, options, settings.positions).len();
            let answer = longest(options, settings.positions, prompt);
            // The last token of an answer is not attended to.
            let blocks = blocks_of(prompt) + blocks_of(answer - 1);
            if blocks > limit {
                let name = &request.name;
                let problem = format!("{name}: {blocks} blocks of tokens, the cache has {limit}");
                return Err(Error::argument(problem));
            }
            most = most.max(blocks);
            samples += request.samples.len();
        }
        let slots = settings.slots.min(samples);
        let (layers, shape) = (engine.config().layers, engine.model.shape);
        engine.cache.reserve(dev, layers, shape, most.saturating_mul(slots).min(limit))?;
        let vocab = engine.config().vocab;
        let on_card = matches!(dev, Device::Gpu(_));
        let words = slots * sample::seen_words(vocab);
        let kept_seen = on_card.then(|| dev.zeros(Dtype::U32, words)).transpose()?;
        let (tokens, logprobs) = (dev.zeros(Dtype::U32, slots)?, dev.zeros(Dtype::F32, slots)?);
        let scratch = dev.zeros(Dtype::F32, if on_card { 0 } else { slots * vocab })?;
        let ahead = Ahead::new(dev, engine, options, slots)?;
        Ok(Queue {
            dev,
            engine,
            tokenizer,
            requests,
            options,
            next: 0,
            prompts: Vec::new(),
            open: None,
            running: Vec::new(),
            step: Step::default(),
            rows: Vec::new(),
            seen: Vec::new(),
            kept_seen,
            tokens,
            logprobs,
            scratch,
            ahead,
            progress: Progress::default(),
        })
    }

    /// Fills free slots and moves every sample by a token, or by some where nothing is new and the
    /// device is a card. False when all is done.
    pub(super) fn step(&mut self, on: &mut dyn FnMut(Event) -> Result<()>) -> Result<bool> {
        let fresh = self.admit()?;
        if self.running.is_empty() {
            return Ok(false);
        }
        let started = self.running.iter().all(|sample| !sample.tokens.is_empty());
        if started
            && fresh.is_empty()
            && let Some(mut ahead) = self.ahead.take()
        {
            self.run_ahead(&mut ahead, on)?;
            self.ahead = Some(ahead);
            return Ok(true);
        }
        self.prefill(&fresh)?;
        self.decode()?;
        let (tokens, logprobs) = self.choose()?;
        self.push(&tokens, &logprobs, on)?;
        self.tell(on)?;
        Ok(true)
    }

    /// Tells how far the run is.
    fn tell(&mut self, on: &mut dyn FnMut(Event) -> Result<()>) -> Result<()> {
        self.progress.running = self.running.len() as u64;
        on(Event::Progress(self.progress))
    }

    /// Starts samples while there is room for them; tells which prompts are new.
    fn admit(&mut self) -> Result<Vec<usize>> {
        let mut fresh = Vec::new();
        while self.running.len() < self.engine.settings.slots {
            let Some(at) = self.open.or_else(|| self.admit_prompt(&mut fresh)) else { break };
            self.open = Some(at);
            let prompt = self.prompts[at].as_mut().expect("an open prompt is in the list");
            let limit = longest(self.options, self.engine.settings.positions, prompt.ids.len());
            let Some(blocks) = self.engine.cache.take(limit - 1) else { break };
            let vocab = self.engine.config().vocab;
            let sample = prompt.start(at, blocks, vocab, (self.tokenizer, self.options));
            self.running.extend(sample);
            if prompt.waiting.is_empty() {
                self.open = None;
            }
        }
        // Samples of one prompt are neighbours: prompts keep their place while they have samples.
        self.running.sort_by_key(|sample| sample.prompt);
        Ok(fresh)
    }

    /// Takes the next request that wants samples, if there is room for its prompt.
    fn admit_prompt(&mut self, fresh: &mut Vec<usize>) -> Option<usize> {
        let requests = self.requests;
        while requests.get(self.next)?.samples.is_empty() {
            self.next += 1;
        }
        let request = &requests[self.next];
        let positions = self.engine.settings.positions;
        let ids = used(request, self.options, positions);
        let answer = longest(self.options, positions, ids.len());
        // Room for one sample too, else a prompt could wait for itself.
        if blocks_of(ids.len()) + blocks_of(answer - 1) > self.engine.cache.free() {
            return None;
        }
        let blocks = self.engine.cache.take(ids.len())?;
        let prompt = Prompt::new(self.next, request, ids, blocks);
        let free = self.prompts.iter().position(Option::is_none);
        let at = free.unwrap_or_else(|| {
            self.prompts.push(None);
            self.prompts.len() - 1
        });
        self.prompts[at] = Some(prompt);
        self.next += 1;
        fresh.push(at);
        Some(at)
    }

    /// Puts new prompts through the model, a bounded number of tokens at a time.
    fn prefill(&mut self, fresh: &[usize]) -> Result<()> {
        let chunk = self.engine.settings.prefill;
        self.step.clear();
        let mut ended = Vec::new();
        for &at in fresh {
            let mut start = 0;
            loop {
                let prompt = self.prompts[at].as_ref().expect("a new prompt is in the list");
                let count = (prompt.ids.len() - start).min(chunk - self.step.len());
                self.step.prompt(&prompt.ids[start..start + count], start, &prompt.blocks);
                start += count;
                let whole = start == prompt.ids.len();
                if whole {
                    self.step.want();
                    ended.push(at);
                }
                if self.step.len() == chunk {
                    self.flush(&mut ended)?;
                }
                if whole {
                    break;
                }
            }
        }
        self.flush(&mut ended)
    }

    /// Runs the tokens of prompts that were gathered, and keeps the logits of those that ended.
    fn flush(&mut self, ended: &mut Vec<usize>) -> Result<()> {
        if self.step.len() == 0 {
            return Ok(());
        }
        self.engine.forward(self.dev, &self.step)?;
        self.progress.prompt_tokens += self.step.len() as u64;
        let vocab = self.engine.config().vocab;
        for (row, at) in ended.drain(..).enumerate() {
            let logits = self.engine.logits();
            let mut kept = self.dev.zeros(logits.dtype(), vocab)?;
            let row = logits.part(row * vocab..(row + 1) * vocab);
            copy::part(self.dev, kept.view_mut(), row)?;
            let prompt = self.prompts[at].as_mut().expect("a new prompt is in the list");
            prompt.logits = Some(kept);
        }
        self.step.clear();
        Ok(())
    }

    /// Logits of the next token of every running sample, in their order. Those that just started
    /// take their prompt's.
    fn decode(&mut self) -> Result<()> {
        self.gather(|sample| &sample.blocks[..blocks_of(sample.tokens.len())]);
        if self.step.len() > 0 {
            self.engine.forward(self.dev, &self.step)?;
        }
        // Logits came for the samples that go on: spread them, from the end, among the new ones.
        let vocab = self.engine.config().vocab;
        let logits = self.engine.logits();
        let mut row = self.step.len();
        for (at, sample) in self.running.iter().enumerate().rev() {
            if sample.tokens.is_empty() {
                let prompt = self.prompts[sample.prompt].as_ref().expect("it has a sample");
                let kept = prompt.logits.as_ref().expect("its prompt went through the model");
                let row = logits.part_mut(at * vocab..(at + 1) * vocab);
                copy::part(self.dev, row, kept.view())?;
            } else {
                row -= 1;
                copy::row(self.dev, logits.view_mut(), vocab, row, at)?;
            }
        }
        Ok(())
    }

    /// The newest tokens of all samples that have one, as a step; `listed` are the blocks of a
    /// sample's own that it lists.
    fn gather(&mut self, listed: impl for<'s> Fn(&'s Sample<'a>) -> &'s [u32]) {
        let mut before = None;
        self.step.clear();
        for sample in &self.running {
            let prompt = self.prompts[sample.prompt].as_ref().expect("it has a sample");
            let Some(&id) = sample.tokens.last() else { continue };
            let prefix = match before {
                Some((at, prefix)) if at == sample.prompt => prefix,
                _ => self.step.prefix(&prompt.blocks),
            };
            before = Some((sample.prompt, prefix));
            let prefix = (prefix, prompt.ids.len());
            self.step.sample(id, prefix, listed(sample), sample.tokens.len() - 1);
        }
    }

    /// Gives every running sample its token, and hands out those that ended; tells which go on.
    fn push(
        &mut self,
        tokens: &[u32],
        logprobs: &[f32],
        on: &mut dyn FnMut(Event) -> Result<()>,
    ) -> Result<Vec<bool>> {
        let mut kept = Vec::with_capacity(tokens.len());
        self.progress.tokens += tokens.len() as u64;
        let positions = self.engine.settings.positions;
        let running = std::mem::take(&mut self.running);
        for (at, mut sample) in running.into_iter().enumerate() {
            let prompt = self.prompts[sample.prompt].as_ref().expect("it has a sample");
            let limit = longest(self.options, positions, prompt.ids.len());
            let ended = sample.push(tokens[at], logprobs[at], limit, self.options)?;
            kept.push(ended.is_none());
            match ended {
                None => self.running.push(sample),
                Some((finish, text)) => {
                    let completion = self.end(sample, finish, text)?;
                    self.progress.finished += 1;
                    on(Event::Finished(completion))?;
                }
            }
        }
        // Nobody will start from these logits again.
        for prompt in self.prompts.iter_mut().flatten().filter(|p| p.waiting.is_empty()) {
            prompt.logits = None;
        }
        Ok(kept)
    }

    /// A token and its log-probability for every running sample.
    fn choose(&mut self) -> Result<(Vec<u32>, Vec<f32>)> {
        let Queue { rows, seen, running, prompts, options, .. } = self;
        rows.clear();
        seen.clear();
        for sample in &*running {
            let prompt = prompts[sample.prompt].as_ref().expect("it has a sample");
            let place = sample.place(options.seed, prompt);
            rows.push(sample::Row { settings: options.sampling, place });
            seen.extend_from_slice(&sample.seen);
        }
        let count = rows.len();
        let vocab = self.engine.config().vocab;
        let dev = self.dev;
        let seen = match &mut self.kept_seen {
            None => View::U32(&self.seen),
            Some(kept) => {
                let all = 0..self.seen.len();
                copy::write_u32(dev, kept.part_mut(all.clone()), &self.seen)?;
                kept.part(all)
            }
        };
        // The host sorts in scratch; a card has no need of it.
        let scratch = 0..if self.scratch.is_empty() { 0 } else { count * vocab };
        let outcome = sample::forward(
            dev,
            self.tokens.part_mut(0..count),
            self.logprobs.part_mut(0..count),
            self.scratch.part_mut(scratch),
            self.engine.logits().part(0..count * vocab),
            seen,
            &self.rows,
        );
        if let Err(error) = outcome {
            return Err(self.blame(error));
        }
        let tokens = copy::read_u32(dev, self.tokens.part(0..count))?;
        Ok((tokens, copy::read_f32(dev, self.logprobs.part(0..count))?))
    }

    /// Names the sample whose logits are no distribution.
    fn blame(&mut self, error: heedful_kernels::Error) -> Error {
        let vocab = self.engine.config().vocab;
        let all = self.engine.logits().view();
        let Ok(logits) = copy::read_f32(self.dev, all) else { return error.into() };
        let bad = |row: &[f32]| {
            !row.iter().all(|v| *v < f32::INFINITY) || row.iter().all(|v| *v == f32::NEG_INFINITY)
        };
        let guilty = self.running.iter().zip(logits.chunks(vocab)).find(|(_, row)| bad(row));
        let Some((sample, _)) = guilty else { return error.into() };
        self.named(sample, &error.into())
    }

    /// An error of a sample's next token.
    fn named(&self, sample: &Sample, error: &Error) -> Error {
        let name = self.prompts[sample.prompt].as_ref().map_or("", |prompt| prompt.name);
        let (number, token) = (sample.number, sample.tokens.len());
        Error::argument(format!("{name}, sample {number}, token {token}: {error}"))
    }

    /// Gives back what a sample had, and its prompt's if it was the last.
    fn end(
        &mut self,
        mut sample: Sample<'a>,
        finish: Finish,
        text: Option<String>,
    ) -> Result<Completion> {
        self.engine.cache.give(std::mem::take(&mut sample.blocks));
        let at = sample.prompt;
        let prompt = self.prompts[at].as_mut().expect("it has a sample");
        prompt.running -= 1;
        let completion = sample.complete(prompt, finish, text, (self.tokenizer, self.options))?;
        if prompt.running == 0 && prompt.waiting.is_empty() {
            self.engine.cache.give(std::mem::take(&mut prompt.blocks));
            self.prompts[at] = None;
        }
        Ok(completion)
    }
}
