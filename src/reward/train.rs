//! The stage `train reward`: pairs to a classifier and its measures.
//!
//! The folder holds `train.json` (the resolved settings), `metrics.jsonl` with TensorBoard's
//! events, states to go on from, `measures.json`, and at the end the checkpoint in `model`; the
//! same for the Bradley-Terry baseline in `bradley-terry`, without a model.

use std::path::PathBuf;

use heedful_benchmarks::statistics::binary;
use heedful_datasets::groups::{self, Group};
use heedful_kernels::View;
use heedful_models::config::Head;
use heedful_models::save::{self, Dtype, Writer};
use heedful_models::schedule::{Schedule, Shape};
use heedful_models::trainer::Trainer;
use heedful_models::transformer::Transformer;
use heedful_models::workspace::{Keep, Limits};
use heedful_models::{Checkpoint, Tokenizer, params};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::baselines::{self, Baseline, Simple};
use super::classifier::{self, Card, Classifier, Question};
use super::fit::{self, Ended, Fit, Line, Unit};
use super::outcome::{self, Outcome};
use super::pairs::{self, Pair};
use super::split::{Parts, Split};
use super::template::{self, Template};
use crate::error::{Error, Result};
use crate::place::Place;

/// What a training of a classifier is.
#[derive(Debug, Clone, PartialEq)]
pub struct Reward {
    /// The backbone.
    pub model: PathBuf,
    /// Pairs.
    pub data: Vec<PathBuf>,
    /// Whether pairs that a rule decides are left out.
    pub soft_only: bool,
    /// Graded groups to rank.
    pub groups: Vec<PathBuf>,
    /// The folder of the training.
    pub out: PathBuf,
    /// How questions are written.
    pub template: Template,
    /// Passes over the pairs at most.
    pub epochs: u64,
    /// Pairs of an update.
    pub batch: usize,
    /// Tokens that go through the model at once.
    pub tokens: usize,
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
    /// Whether both labels count the same in all.
    pub balance: bool,
    /// What is kept apart.
    pub split: Split,
    /// Updates between evaluations; 0 is a pass.
    pub evaluate_every: u64,
    /// Evaluations without a better one before it ends.
    pub patience: u64,
    /// What to measure beside it.
    pub baselines: Vec<Baseline>,
    /// Of fresh weights and of the order.
    pub seed: u64,
    /// How the checkpoint is written.
    pub dtype: Dtype,
    /// One label in place of two, as TRL wants it.
    pub one_label: bool,
    /// Where the model runs.
    pub place: Place,
}

/// Trains, or goes on with what was begun in the same folder. `watch` sees each update of the
/// classifier and then those of Bradley and Terry, and how many there will be at most.
///
/// # Errors
/// Settings, pairs or a backbone that cannot be used; a folder that is finished or of another
/// training; of the system.
pub fn train(with: &Reward, mut watch: impl FnMut(&Line, u64)) -> Result<Outcome> {
    let model = with.out.join("model");
    if model.exists() {
        return Err(Error::usage(format!("{}: is there already", model.display())));
    }
    let Reward { tokens, template, batch, epochs, .. } = with;
    // Two questions must go through at once, for Bradley and Terry.
    if *batch == 0 || *epochs == 0 || 2 * template.length > *tokens {
        let length = template.length;
        let problem =
            format!("{epochs} passes in updates of {batch}, questions of {length} tokens");
        return Err(Error::usage(format!("{problem} in batches of {tokens}")));
    }
    let run = Run::new(with)?;
    crate::train::note(&with.out, &run.settings)?;
    let (mut trainer, training) =
        run.learn(Head::Score(2), run.labels(), with.out.clone(), &mut watch)?;
    let temperature = run.temperature(&mut trainer)?;
    let made = run.keep(&trainer, temperature)?;
    drop(trainer);
    let mut found = Outcome::new(&run, temperature, training);
    let mut classifier = Classifier::open(&made, with.place)?;
    found.judge(&run, outcome::CLASSIFIER, &mut |questions| classifier.score(questions))?;
    let (asked, seconds) = classifier.spent();
    found.pairs_per_s = asked as f64 / seconds;
    drop(classifier);
    for &baseline in &with.baselines {
        run.beside(baseline, &mut found, &mut watch)?;
    }
    found.model.clone_from(&model);
    found.write(&with.out)?;
    std::fs::rename(&made, &model).map_err(|e| Error::io(&model, e))?;
    Ok(found)
}

/// A training under way.
pub(super) struct Run<'a> {
    pub(super) with: &'a Reward,
    checkpoint: Checkpoint,
    tokenizer: Tokenizer,
    pub(super) pairs: Vec<Pair>,
    pub(super) parts: Parts,
    sequences: Vec<Vec<u32>>,
    pub(super) groups: Vec<Group>,
    settings: Value,
    digest: String,
}

impl<'a> Run<'a> {
    fn new(with: &'a Reward) -> Result<Run<'a>> {
        let checkpoint = Checkpoint::open(&with.model)?;
        let tokenizer = checkpoint.tokenizer()?;
        let mut pairs = pairs::read(&with.data)?;
        pairs.retain(|pair| pair.soft || !with.soft_only);
        if with.template.instruction && pairs.iter().any(|pair| pair.instruction.is_empty()) {
            return Err(Error::usage("--instruction: pairs without an instruction"));
        }
        let parts = with.split.part(&pairs)?;
        let mut groups = Vec::new();
        for path in &with.groups {
            groups.extend(groups::read(path)?);
        }
        let encode = |pair: &Pair| with.template.encode(&tokenizer, &pair.question());
        let sequences = pairs.par_iter().map(encode).collect::<Result<Vec<_>>>()?;
        let mut digest = blake3::Hasher::new();
        for (pair, sequence) in pairs.iter().zip(&sequences) {
            digest.update(pair.group.as_bytes()).update(pair.id.as_bytes());
            digest.update(&[u8::from(pair.label)]);
            for id in sequence {
                digest.update(&id.to_le_bytes());
            }
        }
        let digest = digest.finalize().to_hex()[..16].to_owned();
        let settings = settings(with);
        Ok(Run { with, checkpoint, tokenizer, pairs, parts, sequences, groups, settings, digest })
    }

    /// What each label counts, no and yes.
    fn weights(&self) -> [f32; 2] {
        if !self.with.balance {
            return [1.0; 2];
        }
        let train = &self.parts.train;
        let yes = train.iter().filter(|&&at| self.pairs[at].label).count();
        let [no, yes] = [train.len() - yes, yes].map(|count| count.max(1) as f32);
        [no, yes].map(|count| (no + yes) / (2.0 * count))
    }

    /// Train and dev as single questions with their labels.
    fn labels(&self) -> [Vec<Unit>; 2] {
        let weights = self.weights();
        [&self.parts.train, &self.parts.dev].map(|part| {
            let unit = |&at: &usize| {
                let label = self.pairs[at].label;
                Unit::Label(at, label, weights[usize::from(label)])
            };
            part.iter().map(unit).collect()
        })
    }

    /// Trains a fresh head on the backbone, in `folder`.
    fn learn(
        &self,
        head: Head,
        [train, dev]: [Vec<Unit>; 2],
        folder: PathBuf,
        watch: &mut dyn FnMut(&Line, u64),
    ) -> Result<(Trainer, Ended)> {
        let with = self.with;
        let fit = Fit {
            folder,
            sequences: &self.sequences,
            train,
            dev,
            epochs: with.epochs,
            batch: with.batch,
            evaluate_every: with.evaluate_every,
            patience: with.patience,
            seed: with.seed,
            settings: self.settings.to_string(),
            data: self.digest.clone(),
        };
        let steps = fit.pass() * with.epochs;
        let device = with.place.open()?;
        let config = self.checkpoint.config();
        let model = Transformer::new(&device, config, head, with.template.length)?;
        let params = params::load(&device, &self.checkpoint, &model.layout, with.seed)?;
        let (tokens, sequences) = (with.tokens, with.tokens);
        let limits = Limits { tokens, sequences, rows: 1, keep: Keep::Layers };
        let Reward { rate, warmup, shape, .. } = *with;
        let schedule = Schedule { rate, warmup, steps, shape, floor: 0.0 };
        let optimizer = crate::train::adamw(with.weight_decay, with.clip);
        let mut trainer = Trainer::new(device, model, params, limits, schedule, optimizer)?;
        let ended = fit.run(&mut trainer, |line| watch(line, steps))?;
        Ok((trainer, ended))
    }

    /// The temperature that makes the probabilities on dev likeliest.
    fn temperature(&self, trainer: &mut Trainer) -> Result<f64> {
        let logits = self.score(trainer, &self.parts.dev)?;
        let labels = self.parts.dev.iter().map(|&at| self.pairs[at].label);
        Ok(binary::temperature(&logits.into_iter().zip(labels).collect::<Vec<_>>()))
    }

    fn score(&self, trainer: &mut Trainer, part: &[usize]) -> Result<Vec<f32>> {
        let some: Vec<Vec<u32>> = part.iter().map(|&at| self.sequences[at].clone()).collect();
        fit::score(trainer, &some)
    }

    /// Writes the checkpoint under a hidden name; it gets its own when all is measured.
    fn keep(&self, trainer: &Trainer, temperature: f64) -> Result<PathBuf> {
        let with = self.with;
        let made = with.out.join(".model");
        if made.exists() {
            std::fs::remove_dir_all(&made).map_err(|e| Error::io(&made, e))?;
        }
        let card =
            Card { template: template::VERSION.to_owned(), input: with.template, temperature };
        let card = serde_json::to_string_pretty(&card).expect("a card is plain data");
        let (values, layout) = (trainer.values()?, &trainer.model.layout);
        let read = |name: &str, out: &mut [f32]| layout.read(View::F32(&values), name, out);
        let labels = if with.one_label { 1 } else { 2 };
        let writer = Writer::like(&self.checkpoint)?.head(Head::Score(labels)).dtype(with.dtype);
        let writer = writer.file(classifier::FILE, card + "\n");
        match with.one_label {
            true => writer.write(&made, save::as_one_label(read))?,
            false => writer.write(&made, read)?,
        }
        Ok(made)
    }

    /// Fits a baseline and measures it.
    fn beside(
        &self,
        which: Baseline,
        found: &mut Outcome,
        watch: &mut dyn FnMut(&Line, u64),
    ) -> Result<()> {
        let train: Vec<&Pair> = self.parts.train.iter().map(|&at| &self.pairs[at]).collect();
        let simple = Simple::fit(which, &train, self.weights(), self.with.seed);
        if let Some(simple) = simple {
            return found.judge(self, which.name(), &mut |q| Ok(simple.score(q)));
        }
        let couples = [&self.parts.train, &self.parts.dev].map(|part| {
            let couples = baselines::couples(&self.pairs, part);
            couples.into_iter().map(|(yes, no)| Unit::Better(yes, no)).collect::<Vec<_>>()
        });
        if couples.iter().any(Vec::is_empty) {
            found.left_out.push(format!("{}: no couples of one rung", which.name()));
            return Ok(());
        }
        let folder = self.with.out.join(which.name());
        let (mut trainer, _) = self.learn(Head::Score(1), couples, folder, watch)?;
        let dev: Vec<&Pair> = self.parts.dev.iter().map(|&at| &self.pairs[at]).collect();
        let curve = baselines::fit_curve(&self.score(&mut trainer, &self.parts.dev)?, &dev);
        found.judge(self, which.name(), &mut |questions| {
            let encode = |q: &Question<'_>| self.with.template.encode(&self.tokenizer, q);
            let sequences = questions.par_iter().map(encode).collect::<Result<Vec<_>>>()?;
            Ok(baselines::curve(&fit::score(&mut trainer, &sequences)?, curve))
        })
    }
}

/// All that the result depends on.
fn settings(with: &Reward) -> Value {
    let mut settings = json!({
        "model": with.model,
        "data": with.data,
        "soft_only": with.soft_only,
        "template": template::VERSION,
        "instruction": with.template.instruction,
        "length": with.template.length,
        "epochs": with.epochs,
        "batch": with.batch,
        "tokens": with.tokens,
        "rate": with.rate,
        "schedule": format!("{:?}", with.shape).to_lowercase(),
        "warmup": with.warmup,
        "weight_decay": with.weight_decay,
        "clip": with.clip,
        "balance": with.balance,
        "dev": with.split.dev,
        "seeds": with.split.seeds,
        "held_out": with.split.held_out,
        "held_out_share": with.split.held_out_share,
        "split_seed": with.split.seed,
        "evaluate_every": with.evaluate_every,
        "patience": with.patience,
        "seed": with.seed,
    });
    with.place.tell(&mut settings);
    settings
}
