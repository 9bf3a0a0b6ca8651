//! Decoding: 256 sequences of different prompts, each with about 1,024 tokens behind it.

use std::time::Instant;

use heedful_kernels::{Device, sample};
use heedful_models::config::Head;
use heedful_models::engine::{Engine, Settings, Weights};
use heedful_models::generate::{AHEAD, Event, Options, Request, run};
use heedful_models::params::Layout;
use heedful_models::{Config, Result};
use serde_json::{Value, json};

use crate::shapes::{drawn, ids};

/// How many sequences, and what each has behind it.
pub(crate) struct Size {
    pub(crate) sequences: usize,
    pub(crate) prompt: usize,
    pub(crate) tokens: usize,
}

/// Around a context of 1,024.
pub(crate) const SIZE: Size = Size { sequences: 256, prompt: 976, tokens: 96 };

/// For the emulator.
pub(crate) const TINY: Size = Size { sequences: 3, prompt: 5, tokens: 4 };

/// The median of the steps' seconds after the first rounds of some, and what a step has to read.
pub(crate) fn time(dev: &Device, config: &Config, size: &Size) -> Result<Value> {
    let layout = Layout::new(config, Head::Lm)?;
    let params = drawn(dev, config, Head::Lm, dev.float())?;
    let weights = Weights::of(dev, &layout, params.view(), dev.float())?;
    let positions = size.prompt + size.tokens;
    let prefill = 8192.min(size.prompt * size.sequences);
    let settings =
        Settings { slots: size.sequences, prefill, positions, cached: 0, kept: dev.float() };
    let mut engine = Engine::new(dev, weights, config, settings)?;
    let request = |row: u32| Request {
        name: format!("{row}"),
        prompt: ids(config, row, size.prompt),
        samples: 0..1,
    };
    let requests: Vec<Request> = (0..size.sequences as u32).map(request).collect();
    let sampling = sample::Settings::PLAIN;
    let options = Options { sampling, max_tokens: size.tokens, ..Options::default() };
    let mut ends = Vec::with_capacity(size.tokens);
    let begin = Instant::now();
    run(dev, &mut engine, None, &requests, &options, &mut |event| {
        if let Event::Progress(_) = event {
            ends.push(begin.elapsed().as_secs_f64());
        }
        Ok(())
    })?;
    // A card tells of so many steps at once, so that any so many after each other last as long as
    // they. The first is the prompts', and the next are being recorded.
    let windows = ends.windows(AHEAD + 1).skip(AHEAD + 2);
    let mut steps: Vec<f64> = windows.map(|ends| (ends[AHEAD] - ends[0]) / AHEAD as f64).collect();
    if steps.is_empty() {
        steps.push((ends[ends.len() - 1] - ends[0]) / (ends.len() - 1) as f64);
    }
    steps.sort_by(f64::total_cmp);
    let median = steps[steps.len() / 2];
    let context = size.prompt + size.tokens / 2;
    let kept = 4 * config.kv_heads * config.head_dim * config.layers * size.sequences * context;
    // A table of embeddings that is no head too is read a few rows of.
    let read = layout.len() - if config.tied { 0 } else { layout.embedding.len() };
    Ok(json!({"seconds": median, "least": steps[0], "most": steps[steps.len() - 1],
        "steps": steps.len(), "sequences": size.sequences, "context": context,
        "tokens_per_s": size.sequences as f64 / median, "bytes": kept + 2 * read,
        "prefill_seconds": ends[0],
        "prefill_tokens_per_s": (size.sequences * size.prompt) as f64 / ends[0]}))
}
