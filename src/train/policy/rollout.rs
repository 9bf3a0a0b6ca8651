//! Samples of the present policy, and their tables.

use std::path::Path;

use heedful_datasets::flat::{Cell, Kind, Writer};
use heedful_kernels::{Device, Dtype, sample};
use heedful_models::chat::{self, Message, Template};
use heedful_models::engine::{Engine, Settings, Weights};
use heedful_models::generate::{self, Event, Finish, Options, Overlong, Request};
use heedful_models::trainer::Trainer;
use heedful_models::{Checkpoint, Tokenizer};

use super::reward::Task;
use super::{Group, Policy, table};
use crate::error::{Error, Result};
use crate::generate::local;

/// Sequences that are sampled at once.
const SLOTS: usize = 64;

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// Its text, without the token that ends it.
    pub(super) text: String,
    /// Its tokens, with that one.
    pub(super) tokens: Vec<u32>,
    /// ln π of each when it was sampled.
    pub(super) logprobs: Vec<f32>,
    /// Whether the limit cut it.
    pub(super) cut: bool,
}

impl Answer {
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }
}

/// The policy, ready to sample.
pub(super) struct Sampler {
    engine: Engine,
    tokenizer: Tokenizer,
    template: Template,
    options: Options,
    group: u32,
    seed: u64,
}

impl Sampler {
    pub(super) fn new(with: &Policy, checkpoint: &Checkpoint, device: &Device) -> Result<Sampler> {
        let settings = Settings { slots: SLOTS, positions: with.length, ..Settings::default() };
        let weights = Weights::load(device, checkpoint, Dtype::F32)?;
        let sampling =
            sample::Settings { temperature: with.temperature, ..sample::Settings::PLAIN };
        sampling.check().map_err(|e| Error::usage(e.to_string()))?;
        let options = Options {
            sampling,
            seed: 0,
            max_tokens: with.max_tokens,
            stop_tokens: checkpoint.config().eos.clone(),
            stop_strings: Vec::new(),
            overlong: Overlong::Refuse,
        };
        Ok(Sampler {
            engine: Engine::new(device, weights, checkpoint.config(), settings)?,
            tokenizer: checkpoint.tokenizer()?,
            template: local::template(checkpoint)?,
            options,
            group: with.group,
            seed: with.seed,
        })
    }

    /// Samples from the trainer's present parameters from now on.
    pub(super) fn set(&mut self, trainer: &Trainer) -> Result<()> {
        let Trainer { device, model, params, .. } = trainer;
        let weights = Weights::of(device, &model.layout, params.view(), Dtype::F32)?;
        Ok(self.engine.set_weights(weights)?)
    }

    /// The tokens of each chosen prompt and its samples, which depend on the seed, the step and the
    /// prompt alone.
    pub(super) fn run(
        &mut self,
        device: &Device,
        tasks: &[Task],
        chosen: &[usize],
        step: u64,
    ) -> Result<Vec<(Vec<u32>, Vec<Answer>)>> {
        let mut requests = Vec::with_capacity(chosen.len());
        for &task in chosen {
            let Task { name, prompt, .. } = &tasks[task];
            let turn = [Message::user(prompt)];
            let text = self.template.render(&turn, &chat::Options::generation())?;
            let prompt = self.tokenizer.encode(&text)?;
            requests.push(Request { name: name.clone(), prompt, samples: 0..self.group });
        }
        // Chance of another step is another stream.
        self.options.seed = self.seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let empty = Answer { text: String::new(), tokens: vec![], logprobs: vec![], cut: false };
        let mut answers = vec![vec![empty; self.group as usize]; chosen.len()];
        let Sampler { engine, tokenizer, options, .. } = self;
        generate::run(device, engine, Some(tokenizer), &requests, options, &mut |event| {
            if let Event::Finished(done) = event {
                answers[done.request][done.sample as usize] = Answer {
                    text: done.text,
                    tokens: done.tokens,
                    logprobs: done.logprobs,
                    cut: done.finish == Finish::Length,
                };
            }
            Ok(())
        })?;
        Ok(requests.into_iter().map(|request| request.prompt).zip(answers).collect())
    }
}

const COLUMNS: [(&str, Kind); 9] = [
    ("key", Kind::Text),
    ("level", Kind::Int),
    ("prompt", Kind::Text),
    ("sample", Kind::Int),
    ("response", Kind::Text),
    ("tokens", Kind::Int),
    ("finish_reason", Kind::Text),
    ("reward", Kind::Float),
    ("advantage", Kind::Float),
];

/// Writes the table of a rollout.
pub(super) fn write(out: &Path, step: u64, tasks: &[Task], groups: &[Group]) -> Result<()> {
    let path = table(out, step);
    let folder = path.parent().unwrap_or(out);
    std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    let part = path.with_extension("part");
    let mut writer = Writer::create(&part, &COLUMNS)?;
    for group in groups {
        let task = &tasks[group.task];
        for (sample, answer) in group.answers.iter().enumerate() {
            writer.push(&[
                Cell::Text(&task.name),
                Cell::Int(task.level as i64),
                Cell::Text(&task.prompt),
                Cell::Int(sample as i64),
                Cell::Text(&answer.text),
                Cell::Int(answer.len() as i64),
                Cell::Text(if answer.cut { "length" } else { "stop" }),
                Cell::Float(group.rewards[sample]),
                Cell::Float(group.advantages[sample]),
            ])?;
        }
    }
    writer.finish()?;
    std::fs::rename(&part, &path).map_err(|e| Error::io(&path, e))
}
