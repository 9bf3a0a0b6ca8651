//! Samples of the present policy.

use heedful_kernels::sample;
use heedful_models::chat::{self, Message, Template};
use heedful_models::engine::{Engine, Settings, Weights};
use heedful_models::generate::{self, Event, Finish, Options, Overlong, Request};
use heedful_models::trainer::Trainer;
use heedful_models::{Checkpoint, Tokenizer, phase};

use super::Policy;
use super::tasks::Task;
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
    settings: Settings,
    tokenizer: Tokenizer,
    template: Template,
    options: Options,
    group: u32,
    seed: u64,
}

impl Sampler {
    pub(super) fn new(with: &Policy, checkpoint: &Checkpoint) -> Result<Sampler> {
        let settings = Settings { slots: SLOTS, positions: with.length, ..Settings::default() };
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
            settings,
            tokenizer: checkpoint.tokenizer()?,
            template: local::template(checkpoint)?,
            options,
            group: with.group,
            seed: with.seed,
        })
    }

    /// The tokens of each chosen prompt and its samples, which depend on the seed, the step and the
    /// prompt alone.
    pub(super) fn run(
        &mut self,
        trainer: &Trainer,
        tasks: &[Task],
        chosen: &[usize],
        step: u64,
    ) -> Result<Vec<(Vec<u32>, Vec<Answer>)>> {
        // Chance of another step is another stream.
        self.options.seed = self.seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let tasks: Vec<&Task> = chosen.iter().map(|&task| &tasks[task]).collect();
        self.answer(trainer, &tasks, self.group)
    }

    /// The likeliest answer to each of these.
    pub(super) fn greedy(&mut self, trainer: &Trainer, tasks: &[&Task]) -> Result<Vec<Answer>> {
        let sampling = sample::Settings { temperature: 0.0, ..sample::Settings::PLAIN };
        let usual = std::mem::replace(&mut self.options.sampling, sampling);
        let answers = self.answer(trainer, tasks, 1);
        self.options.sampling = usual;
        Ok(answers?.into_iter().flat_map(|(_, answers)| answers).collect())
    }

    /// The tokens of what a user says, up to where the answer begins.
    pub(super) fn encode(&self, prompt: &str) -> Result<Vec<u32>> {
        let turn = [Message::user(prompt)];
        let text = self.template.render(&turn, &chat::Options::generation())?;
        Ok(self.tokenizer.encode(&text)?)
    }

    /// Samples from the trainer's present parameters. They are lent, and keys and values live no
    /// longer than this: training needs the memory.
    fn answer(
        &self,
        trainer: &Trainer,
        tasks: &[&Task],
        samples: u32,
    ) -> Result<Vec<(Vec<u32>, Vec<Answer>)>> {
        let mut requests = Vec::with_capacity(tasks.len());
        for task in tasks {
            let (name, prompt) = (task.name.clone(), self.encode(&task.prompt)?);
            requests.push(Request { name, prompt, samples: 0..samples });
        }
        let empty = Answer { text: String::new(), tokens: vec![], logprobs: vec![], cut: false };
        let mut answers = vec![vec![empty; samples as usize]; tasks.len()];
        let Sampler { settings, tokenizer, options, .. } = self;
        let Trainer { device, model, params, .. } = trainer;
        let on = &mut |event: Event| {
            if let Event::Finished(done) = event {
                answers[done.request][done.sample as usize] = Answer {
                    text: done.text,
                    tokens: done.tokens,
                    logprobs: done.logprobs,
                    cut: done.finish == Finish::Length,
                };
            }
            Ok(())
        };
        phase::during(device, phase::ROLLOUT, || {
            let weights = Weights::of(device, &model.layout, params.view(), device.float())?;
            let mut engine = Engine::new(device, weights, &model.config, *settings)?;
            generate::run(device, &mut engine, Some(tokenizer), &requests, options, on)
        })?;
        Ok(requests.into_iter().map(|request| request.prompt).zip(answers).collect())
    }
}
