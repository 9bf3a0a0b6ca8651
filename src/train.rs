//! The stage `train sft`: a checkpoint and conversations to a checkpoint that talks like them.
//!
//! The folder of a training holds `train.json` (the resolved settings), `metrics.jsonl`, the events
//! for TensorBoard, `state.safetensors` to go on from, and at the end the checkpoint in `model`.

mod examples;
pub mod policy;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use heedful_kernels::{Device, View};
use heedful_models::config::Head;
use heedful_models::feed::{Feed, Packing};
use heedful_models::optimizer::{self, Decay, States};
use heedful_models::save::{Dtype, Writer};
use heedful_models::schedule::{Schedule, Shape};
use heedful_models::sft::{self, Line, Run};
use heedful_models::trainer::Trainer;
use heedful_models::transformer::Transformer;
use heedful_models::workspace::{Keep, Limits};
use heedful_models::{Checkpoint, params};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::place::Place;
pub use examples::Counts;

/// What a supervised training is.
#[derive(Debug, Clone, PartialEq)]
pub struct Sft {
    /// The checkpoint to start from.
    pub model: PathBuf,
    /// Rows to learn from: `messages`, or `prompt` and `completion`.
    pub data: Vec<PathBuf>,
    /// Rows to evaluate on.
    pub dev: Option<PathBuf>,
    /// The folder of the training.
    pub out: PathBuf,
    /// Updates; by default as many as the epochs have.
    pub steps: Option<u64>,
    /// Passes over the data.
    pub epochs: u64,
    /// The highest learning rate.
    pub rate: f64,
    /// How it goes on after the warm-up.
    pub shape: Shape,
    /// Updates over which it rises.
    pub warmup: u64,
    /// Weight decay of matrices.
    pub weight_decay: f64,
    /// Gradients of a larger norm are scaled down to it; 0 never.
    pub clip: f64,
    /// Tokens of a batch.
    pub tokens: usize,
    /// Batches of an update.
    pub accumulate: usize,
    /// Longer sequences are cut.
    pub length: usize,
    /// How sequences are put into batches.
    pub packing: Packing,
    /// What the forward pass keeps.
    pub keep: Keep,
    /// What the optimizer keeps of a parameter.
    pub states: States,
    /// Of the order of the data.
    pub seed: u64,
    /// Updates between evaluations.
    pub evaluate_every: u64,
    /// Updates between states.
    pub save_every: u64,
    /// How the checkpoint is written.
    pub dtype: Dtype,
    /// Where the model runs.
    pub place: Place,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Updates in all.
    pub steps: u64,
    /// Those made by an earlier run.
    pub resumed: u64,
    /// The last update of this run.
    pub last: Option<Line>,
    /// What the data were.
    pub counts: Counts,
    /// The checkpoint.
    pub model: PathBuf,
}

/// Trains, or goes on with what was begun in the same folder. `watch` sees each update and how many
/// there will be.
///
/// # Errors
/// Settings, rows or a checkpoint that cannot be used; a folder that is finished or of another
/// training; of the system.
pub fn sft(with: &Sft, mut watch: impl FnMut(&Line, u64)) -> Result<Summary> {
    let model = with.out.join("model");
    if model.exists() {
        return Err(Error::usage(format!("{}: is there already", model.display())));
    }
    if with.length == 0 || with.length > with.tokens || with.accumulate == 0 {
        let Sft { length, tokens, accumulate, .. } = with;
        let problem = format!("sequences of {length} in {accumulate} batches of {tokens} tokens");
        return Err(Error::usage(problem));
    }
    let checkpoint = Checkpoint::open(&with.model)?;
    if checkpoint.labels().is_some() {
        let problem = format!("{}: a classifier does not talk", with.model.display());
        return Err(Error::usage(problem));
    }
    let device = with.place.open()?;
    let encoder = examples::Encoder::new(&checkpoint, with.length)?;
    let (train, counts) = encoder.read(&with.data)?;
    let mut feed = Feed::new(train, with.tokens, with.packing, with.seed)?;
    let dev = match &with.dev {
        Some(path) => {
            let (dev, _) = encoder.read(std::slice::from_ref(path))?;
            Feed::new(dev, with.tokens, Packing::InOrder, 0)?.epoch()?
        }
        None => Vec::new(),
    };
    let per_epoch = feed.batches() as u64;
    let steps = (per_epoch * with.epochs).div_ceil(with.accumulate as u64);
    let steps = with.steps.unwrap_or(steps);
    let mut trainer = trainer(with, device, &checkpoint, steps)?;
    let settings = settings(with, steps);
    note(&with.out, &settings)?;
    let run = Run {
        folder: with.out.clone(),
        accumulate: with.accumulate,
        evaluate_every: with.evaluate_every,
        save_every: with.save_every,
        settings: settings.to_string(),
    };
    let mut last = None;
    let resumed = sft::train(&mut trainer, &mut feed, &dev, &run, |line| {
        watch(line, steps);
        last = Some(*line);
        ControlFlow::Continue(())
    })?;
    let values = trainer.values()?;
    let read =
        |name: &str, out: &mut [f32]| trainer.model.layout.read(View::F32(&values), name, out);
    Writer::like(&checkpoint)?.dtype(with.dtype).write(&model, read)?;
    Ok(Summary { steps, resumed, last, counts, model })
}

fn trainer(with: &Sft, device: Device, checkpoint: &Checkpoint, steps: u64) -> Result<Trainer> {
    let model = Transformer::new(&device, checkpoint.config(), Head::Lm, with.length)?;
    let params = params::load_for(&device, checkpoint, &model.layout, with.seed, with.states)?;
    let rows = (CHUNK / model.config.vocab).clamp(64, 4096);
    let limits = Limits { tokens: with.tokens, sequences: with.tokens, rows, keep: with.keep };
    let schedule =
        Schedule { rate: with.rate, warmup: with.warmup, steps, shape: with.shape, floor: 0.0 };
    let optimizer = adamw(with.weight_decay, with.clip, with.states);
    Ok(Trainer::new(device, model, params, limits, schedule, optimizer)?)
}

/// AdamW whose weight decay falls on matrices; a clip of 0 does not clip.
pub(crate) fn adamw(weight_decay: f64, clip: f64, states: States) -> optimizer::Settings {
    let clip = (clip != 0.0).then_some(clip);
    let decay = Decay::Matrices;
    optimizer::Settings { weight_decay, decay, clip, states, ..Default::default() }
}

/// Notes 8-bit states among the settings of a training; the usual ones leave no trace.
pub(crate) fn tell(states: States, settings: &mut Value) {
    if states == States::Eight {
        settings["states"] = "8bit".into();
    }
}

/// Logits that are held at a time: 32 MiB, a hundred rows and more of a large vocabulary.
const CHUNK: usize = 8 << 20;

/// All that the result depends on.
fn settings(with: &Sft, steps: u64) -> Value {
    let mut settings = json!({
        "model": with.model,
        "data": with.data,
        "dev": with.dev,
        "steps": steps,
        "rate": with.rate,
        "schedule": format!("{:?}", with.shape).to_lowercase(),
        "warmup": with.warmup,
        "weight_decay": with.weight_decay,
        "clip": with.clip,
        "tokens": with.tokens,
        "accumulate": with.accumulate,
        "length": with.length,
        "packing": match with.packing {
            Packing::FirstFit => "first-fit",
            Packing::InOrder => "in-order",
        },
        "seed": with.seed,
    });
    tell(with.states, &mut settings);
    with.place.tell(&mut settings);
    settings
}

/// Writes the settings, unless the folder has a state, whose settings they then are or must be.
pub(crate) fn note(folder: &Path, settings: &Value) -> Result<()> {
    let path = folder.join("train.json");
    if folder.join("state.safetensors").exists() && path.exists() {
        return Ok(());
    }
    let write = || {
        std::fs::create_dir_all(folder)?;
        std::fs::write(&path, format!("{settings:#}\n"))
    };
    write().map_err(|e| Error::io(&path, e))
}
