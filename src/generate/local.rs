//! Responses by a checkpoint on this machine.
//!
//! The engine runs on a thread of its own and sends what ends; this one keeps the journal, so that
//! no sample waits for the disk.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use heedful_benchmarks::finish::FinishReason;
use heedful_kernels::sample;
use heedful_models::chat::{self, Template};
use heedful_models::config::Generation;
use heedful_models::engine::{Engine, Keep, Settings as Slots, Weights};
use heedful_models::generate::{self as models, Completion, Event, Finish, Options, Progress};
use heedful_models::{Checkpoint, Error as ModelError};

use super::{Done, Request, Response, answer};
use crate::error::{Error, Result};
use crate::place::Place;

/// Responses that go to the journal together at most.
const BATCH: usize = 64;
/// How long a response waits for others.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a checkpoint answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The checkpoint: a folder or a GGUF file.
    pub model: PathBuf,
    /// How tokens are chosen.
    pub sampling: sample::Settings,
    /// What chance depends on, with prompt, sample and position.
    pub seed: u64,
    /// Tokens of a response at most.
    pub max_tokens: usize,
    /// Strings that end a response.
    pub stop: Vec<String>,
    /// Reasoning on or off, for templates that know it.
    pub thinking: Option<bool>,
    /// What happens to prompts that leave no room.
    pub overlong: models::Overlong,
    /// What matrices are kept in.
    pub weights: Keep,
    /// Slots and cache; none of it changes a response, but `kept` does.
    pub slots: Slots,
    /// Where the model runs.
    pub place: Place,
}

/// What was asked for, else what the checkpoint's makers sample with, else its plain distribution.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Asked {
    /// Divides the logits; 0 is greedy.
    pub temperature: Option<f32>,
    /// Keeps so many.
    pub top_k: Option<u32>,
    /// Keeps this mass.
    pub top_p: Option<f32>,
    /// Keeps what is this likely beside the likeliest.
    pub min_p: Option<f32>,
    /// Divides the logits of what was said.
    pub repetition: Option<f32>,
}

impl Asked {
    /// All of them decided.
    pub fn over(self, generation: &Generation) -> sample::Settings {
        let plain = sample::Settings::PLAIN;
        let greedy = (generation.do_sample == Some(false)).then_some(0.0);
        let float = |value: Option<f64>| value.map(|value| value as f32);
        let made = greedy.or(float(generation.temperature)).unwrap_or(plain.temperature);
        let top_k = generation.top_k.and_then(|k| u32::try_from(k).ok());
        let repetition = float(generation.repetition_penalty).unwrap_or(plain.repetition);
        sample::Settings {
            temperature: self.temperature.unwrap_or(made),
            top_k: self.top_k.or(top_k).unwrap_or(plain.top_k),
            top_p: self.top_p.or(float(generation.top_p)).unwrap_or(plain.top_p),
            min_p: self.min_p.or(float(generation.min_p)).unwrap_or(plain.min_p),
            repetition: self.repetition.unwrap_or(repetition),
        }
    }
}

/// Answers `requests`; `done` gets the responses in the order in which they end, `tick` how far it
/// is.
///
/// # Errors
/// A checkpoint that cannot be loaded or has no chat template, a prompt that is refused, what
/// `done` returns.
pub fn run(
    settings: &Settings,
    requests: &[Request],
    done: Done<'_>,
    tick: &mut dyn FnMut(Progress),
) -> Result<()> {
    let device = settings.place.open()?;
    let checkpoint = Checkpoint::open(&settings.model)?;
    let tokenizer = checkpoint.tokenizer()?;
    let template = template(&checkpoint)?;
    let groups = groups(requests);
    let prompts = (groups.iter())
        .map(|group| {
            let first = &requests[group.start];
            let options =
                chat::Options { thinking: settings.thinking, ..chat::Options::generation() };
            let text = template.render(&first.messages, &options)?;
            let samples = first.sample..first.sample + group.len() as u32;
            Ok(models::Request {
                name: first.key.clone(),
                prompt: tokenizer.encode(&text)?,
                samples,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let weights = Weights::load(&device, &checkpoint, settings.weights)?;
    let mut engine = Engine::new(&device, weights, checkpoint.config(), settings.slots)?;
    let options = options(settings, &checkpoint);
    let (send, receive) = sync_channel(4 * BATCH);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| {
            // Owned by this thread, so that its end is the end of the stream.
            let send = send;
            let mut on = |event| {
                send.send(event).map_err(|_| ModelError::argument("nobody takes the responses"))
            };
            models::run(&device, &mut engine, Some(&tokenizer), &prompts, &options, &mut on)
        });
        let kept = keep(receive, &groups, requests, done, tick);
        let ran = running.join().expect("the engine does not panic");
        kept.and(ran.map_err(Error::from))
    })
}

/// The checkpoint's chat template.
pub(crate) fn template(checkpoint: &Checkpoint) -> Result<Template> {
    let source = checkpoint.chat_template()?.ok_or_else(|| {
        Error::usage(format!("{}: no chat template", checkpoint.path().display()))
    })?;
    let special = checkpoint.special()?;
    let text = |token: Option<String>| token.unwrap_or_default();
    Ok(Template::compile(&source, &text(special.bos), &text(special.eos))?)
}

fn options(settings: &Settings, checkpoint: &Checkpoint) -> Options {
    let mut stop_tokens = checkpoint.config().eos.clone();
    stop_tokens.extend(checkpoint.generation().eos.iter().flatten());
    stop_tokens.sort_unstable();
    stop_tokens.dedup();
    Options {
        sampling: settings.sampling,
        seed: settings.seed,
        max_tokens: settings.max_tokens,
        stop_tokens,
        stop_strings: settings.stop.clone(),
        overlong: settings.overlong,
    }
}

/// Requests of one row whose samples follow each other.
fn groups(requests: &[Request]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        let follows = at
            .checked_sub(1)
            .map(|before| &requests[before])
            .is_some_and(|before| before.row == request.row && before.sample + 1 == request.sample);
        match groups.last_mut() {
            Some(group) if follows => group.end += 1,
            _ => groups.push(at..at + 1),
        }
    }
    groups
}

/// Hands responses on as they come, some at a time.
fn keep(
    events: Receiver<Event>,
    groups: &[Range<usize>],
    requests: &[Request],
    done: Done<'_>,
    tick: &mut dyn FnMut(Progress),
) -> Result<()> {
    let (mut waiting, mut last) = (Vec::new(), Instant::now());
    for event in events {
        match event {
            Event::Finished(completion) => {
                let first = &requests[groups[completion.request].start];
                let number = groups[completion.request].start;
                let number = number + (completion.sample - first.sample) as usize;
                waiting.push(response(&requests[number], completion));
            }
            Event::Progress(progress) => tick(progress),
        }
        if waiting.len() >= BATCH || (!waiting.is_empty() && last.elapsed() > PATIENCE) {
            done(std::mem::take(&mut waiting))?;
            last = Instant::now();
        }
    }
    if waiting.is_empty() { Ok(()) } else { done(waiting) }
}

fn response(request: &Request, completion: Completion) -> Response {
    let count = |count: usize| u32::try_from(count).ok();
    Response {
        row: request.row,
        key: request.key.clone(),
        sample: request.sample,
        reasoning: answer::inline(&completion.text),
        finish: match completion.finish {
            Finish::Stop => FinishReason::Stop,
            Finish::Length => FinishReason::Length,
        },
        prompt_tokens: count(completion.prompt_tokens),
        tokens: count(completion.tokens.len()),
        logprob: Some(completion.logprob()),
        text: completion.text,
        logprobs: Some(completion.logprobs),
        ids: Some(completion.tokens),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(row: usize, sample: u32) -> Request {
        Request { row, key: row.to_string(), messages: Vec::new(), sample }
    }

    #[test]
    fn samples_that_follow_each_other_are_one_group() {
        let requests = [(0, 0), (0, 1), (0, 3), (1, 4), (1, 5), (2, 0)];
        let requests: Vec<Request> = requests.map(|(row, sample)| request(row, sample)).into();
        assert_eq!(groups(&requests), [0..2, 2..3, 3..5, 5..6]);
        assert!(groups(&[]).is_empty());
    }

    #[test]
    fn what_was_asked_goes_before_what_the_checkpoint_says() {
        let made = Generation {
            do_sample: Some(true),
            temperature: Some(0.6),
            top_k: Some(20),
            repetition_penalty: Some(1.05),
            ..Generation::default()
        };
        let asked = Asked { temperature: Some(0.0), min_p: Some(0.1), ..Asked::default() };
        let found = asked.over(&made);
        assert_eq!((found.temperature, found.top_k, found.top_p), (0.0, 20, 1.0));
        assert_eq!((found.min_p, found.repetition), (0.1, 1.05));
        let greedy = Generation { do_sample: Some(false), ..made };
        assert_eq!(Asked::default().over(&greedy).temperature, 0.0);
        let none = Generation::default();
        assert_eq!(Asked::default().over(&none), sample::Settings::PLAIN);
    }
}
