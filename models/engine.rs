//! A model that generates: weights, a cache of keys and values, and the pass over new tokens.

#[cfg(test)]
mod blocks_tests;
mod forward;
mod staged;
mod step;
#[cfg(test)]
mod tests;
mod weights;

use heedful_kernels::{Device, Dtype, Tensor};

use crate::cache::Cache;
use crate::config::{Config, Head};
use crate::error::{Error, Result};
use crate::transformer::Transformer;

use staged::Staged;
pub(crate) use staged::Told;
pub(crate) use step::Step;
pub use weights::{Keep, Weights};

/// How a model generates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Sequences that run at once.
    pub slots: usize,
    /// Tokens of prompts that go through the model at once.
    pub prefill: usize,
    /// Tokens of the longest sequence, prompt and answer; 0 is the model's context.
    pub positions: usize,
    /// Tokens that the cache holds at most; 0 is as many as the slots can use. Fewer make slots
    /// wait.
    pub cached: usize,
    /// What keys and values are kept in on the host: f32 or bf16.
    pub kept: Dtype,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { slots: 16, prefill: 256, positions: 0, cached: 0, kept: Dtype::F32 }
    }
}

/// A model that generates.
#[derive(Debug)]
pub struct Engine<'w> {
    pub(crate) model: Transformer,
    pub(crate) weights: Weights<'w>,
    pub(crate) settings: Settings,
    pub(crate) cache: Cache,
    work: Work,
}

/// What a pass writes; so many rows as go through at once.
#[derive(Debug)]
struct Work {
    /// `[T, C]`: before and after attention.
    x: [Tensor; 2],
    /// `[T, C]`.
    normed: Tensor,
    /// `[T, C]`: what a block adds.
    delta: Tensor,
    /// `[T, W]`.
    qkv: Tensor,
    /// `[T, W]`, before the norms of heads; empty where there are none.
    raw: Tensor,
    /// [T, heads · D].
    attention: Tensor,
    /// `[T, 2F]`.
    gate_up: Tensor,
    /// `[T, F]`.
    act: Tensor,
    /// `[T]`, and [T, heads + kv_heads] where heads are normed.
    rstd: [Tensor; 2],
    /// [slots, C]: rows whose logits are wanted.
    last: Tensor,
    /// [slots, V].
    logits: Tensor,
    /// What a step is told, on a card.
    staged: Staged,
}

impl<'w> Engine<'w> {
    /// A model that generates, with weights of the same shape. The cache is made by the first run.
    ///
    /// # Errors
    /// Settings of zero, more positions than the model has, weights of another model.
    pub fn new(
        dev: &Device,
        weights: Weights<'w>,
        config: &Config,
        settings: Settings,
    ) -> Result<Engine<'w>> {
        let positions = if settings.positions == 0 { config.context } else { settings.positions };
        if settings.slots == 0 || settings.prefill == 0 {
            return Err(Error::argument(format!("an engine of {settings:?}")));
        }
        if !matches!(settings.kept, Dtype::F32 | Dtype::Bf16) {
            return Err(Error::argument("keys and values are kept in f32 or bf16"));
        }
        let model = Transformer::new(dev, config, Head::Lm, positions)?;
        weights.check(&model.layout)?;
        // A card keeps them in the type that it computes in.
        let kept = if matches!(dev, Device::Gpu(_)) { dev.float() } else { settings.kept };
        let settings = Settings { positions, kept, ..settings };
        let work = Work::new(dev, config, &settings)?;
        Ok(Engine { model, weights, settings, cache: Cache::new(settings.kept), work })
    }

    /// The shape.
    pub fn config(&self) -> &Config {
        &self.model.config
    }

    /// How it generates.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl Work {
    fn new(dev: &Device, config: &Config, settings: &Settings) -> Result<Work> {
        let rows = settings.prefill.max(settings.slots);
        let zeros = |count: usize, width: usize| dev.zeros(dev.float(), count * width);
        let f32s = |count: usize, width: usize| dev.zeros(Dtype::F32, count * width);
        let heads = config.heads + config.kv_heads;
        let normed_rows = if config.qk_norm { rows } else { 0 };
        Ok(Work {
            x: [zeros(rows, config.width)?, zeros(rows, config.width)?],
            normed: zeros(rows, config.width)?,
            delta: zeros(rows, config.width)?,
            qkv: zeros(rows, config.qkv_width())?,
            raw: zeros(normed_rows, config.qkv_width())?,
            attention: zeros(rows, config.attention_width())?,
            gate_up: zeros(rows, 2 * config.ffn)?,
            act: zeros(rows, config.ffn)?,
            rstd: [f32s(rows, 1)?, f32s(normed_rows, heads)?],
            last: zeros(settings.slots, config.width)?,
            logits: zeros(settings.slots, config.vocab)?,
            staged: Staged::default(),
        })
    }
}
