//! The policy's objective over sampled responses: GRPO and its kin, as settings of one loss.
//!
//! | | ratio | average |
//! |---|---|---|
//! | GRPO (Shao et al. 2024) | token | over a response's tokens, then over responses |
//! | Dr. GRPO (Liu et al. 2025) | token | sum over tokens, divided by a constant length |
//! | DAPO (Yu et al. 2025) | token | over all tokens of the update |
//! | GSPO (Zheng et al. 2025) | sequence | as GRPO |

use std::ops::Range;

use heedful_kernels::surrogate::{self, Totals};
use heedful_kernels::{Device, View, copy};

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::lm_head::{Slopes, TokenLoss, Tokens};
use crate::trainer::Trainer;

/// What π / π_old is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ratio {
    /// Each token.
    Token,
    /// The geometric mean over a response's tokens.
    Sequence,
}

/// How tokens are averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// Over each response's tokens, then over responses.
    Sequences,
    /// Over all tokens of the update.
    Tokens,
    /// Sums over tokens, divided by responses times this length.
    Constant(u32),
}

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// What ratios are taken over.
    pub ratio: Ratio,
    /// How tokens are averaged.
    pub average: Average,
    /// Clipping, and the penalty for leaving the reference.
    pub clip: surrogate::Settings,
    /// What a nat of the mean entropy is worth.
    pub entropy: f32,
}

/// A response with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Prompt and response.
    pub ids: Vec<u32>,
    /// Tokens of the prompt.
    pub prompt: usize,
    /// ln π_old of each token of the response, nats.
    pub old: Vec<f32>,
    /// ln π_ref of them; empty where there is no penalty.
    pub reference: Vec<f32>,
    /// Its advantage.
    pub advantage: f32,
}

/// What an update came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// Of its tokens.
    pub totals: Totals,
    /// Σ of their entropies, nats.
    pub entropy: f64,
    /// The learning rate.
    pub rate: f64,
    /// Global norm of the gradients before clipping.
    pub norm: f64,
}

/// One update by these samples: packed in their order into batches, whose gradients are added up.
///
/// # Errors
/// A sample that has no response, does not fit a batch, or whose values do not fit its tokens; of
/// an op.
pub fn update(trainer: &mut Trainer, samples: &[Sample], objective: &Objective) -> Result<Update> {
    let (totals, entropy) = gather(trainer, samples, objective)?;
    let (rate, norm) = trainer.update()?;
    Ok(Update { totals, entropy, rate, norm })
}

/// Adds the gradients of these samples, and returns the totals and the entropies' sum.
///
/// # Errors
/// As [`update`].
pub fn gather(
    trainer: &mut Trainer,
    samples: &[Sample],
    objective: &Objective,
) -> Result<(Totals, f64)> {
    samples.iter().try_for_each(|sample| sample.check(objective))?;
    let (mut totals, mut entropy) = (Totals::default(), 0.0);
    for range in packed(samples, trainer.work.limits.tokens)? {
        let mut loss = Loss::new(&samples[range.clone()], samples, objective);
        trainer.accumulate(&batch(&samples[range])?, &mut loss)?;
        totals.add(&loss.totals);
        entropy += loss.entropy;
    }
    Ok((totals, entropy))
}

/// ln π of every response's tokens under the trainer's present parameters, nats.
///
/// # Errors
/// A sample that does not fit a batch; of an op.
pub fn log_probabilities(trainer: &mut Trainer, samples: &[Sample]) -> Result<Vec<Vec<f32>>> {
    let mut all = Vec::with_capacity(samples.len());
    for range in packed(samples, trainer.work.limits.tokens)? {
        trainer.predict(&batch(&samples[range.clone()])?)?;
        let found = trainer.work.logp(&trainer.device)?;
        let mut left = &found[..];
        for sample in &samples[range] {
            let (own, rest) = left.split_at(sample.len());
            all.push(own.to_vec());
            left = rest;
        }
    }
    Ok(all)
}

impl Sample {
    /// Tokens of the response.
    pub fn len(&self) -> usize {
        self.ids.len().saturating_sub(self.prompt)
    }

    /// Whether there is no response.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn check(&self, objective: &Objective) -> Result<()> {
        let (len, old, reference) = (self.len(), self.old.len(), self.reference.len());
        let penalised = objective.clip.penalty > 0.0;
        let sound = old == len && (reference == len || (!penalised && reference == 0));
        if sound && len > 0 && self.prompt > 0 && self.advantage.is_finite() {
            return Ok(());
        }
        let Sample { prompt, advantage, .. } = self;
        Err(Error::argument(format!(
            "a response of {len} tokens to {prompt}, with {old} log-probabilities, {reference} of \
             the reference, and an advantage of {advantage}"
        )))
    }
}

/// Runs of samples that fit a batch.
fn packed(samples: &[Sample], most: usize) -> Result<Vec<Range<usize>>> {
    let (mut ranges, mut from, mut tokens) = (Vec::new(), 0, 0);
    for (at, sample) in samples.iter().enumerate() {
        let len = sample.ids.len();
        if len > most || sample.is_empty() || sample.prompt == 0 {
            let prompt = sample.prompt;
            let problem = format!(
                "a sample of {len} tokens, {prompt} of them its prompt, in \
                                   batches of {most}"
            );
            return Err(Error::argument(problem));
        }
        if tokens + len > most {
            ranges.push(from..at);
            (from, tokens) = (at, 0);
        }
        tokens += len;
    }
    if from < samples.len() {
        ranges.push(from..samples.len());
    }
    Ok(ranges)
}

fn batch(samples: &[Sample]) -> Result<Batch> {
    let mut batch = Batch::new();
    for sample in samples {
        let counts = |at| if at < sample.prompt { 0.0 } else { 1.0 };
        let weights: Vec<f32> = (0..sample.ids.len()).map(counts).collect();
        batch.push(&sample.ids, &weights)?;
    }
    Ok(batch)
}

/// The loss of one batch, whose counted tokens are its responses' in order.
struct Loss<'a> {
    objective: &'a Objective,
    samples: &'a [Sample],
    /// Of each token: ln π_old, ln π_ref, A, w.
    old: Vec<f32>,
    reference: Vec<f32>,
    advantage: Vec<f32>,
    weight: Vec<f32>,
    /// Of each token, where ratios are of sequences.
    means: Vec<f32>,
    totals: Totals,
    entropy: f64,
}

impl<'a> Loss<'a> {
    fn new(samples: &'a [Sample], all: &[Sample], objective: &'a Objective) -> Loss<'a> {
        let tokens: usize = all.iter().map(Sample::len).sum();
        let weight = |sample: &Sample| match objective.average {
            Average::Sequences => 1.0 / (all.len() * sample.len()) as f64,
            Average::Tokens => 1.0 / tokens as f64,
            Average::Constant(length) => 1.0 / (all.len() as f64 * f64::from(length)),
        };
        let spread = |of: &dyn Fn(&Sample) -> f32| -> Vec<f32> {
            let each = samples.iter().map(|sample| std::iter::repeat_n(of(sample), sample.len()));
            each.flatten().collect()
        };
        Loss {
            objective,
            samples,
            old: samples.iter().flat_map(|sample| &sample.old).copied().collect(),
            reference: samples.iter().flat_map(|sample| &sample.reference).copied().collect(),
            advantage: spread(&|sample| sample.advantage),
            weight: spread(&|sample| weight(sample) as f32),
            means: Vec::new(),
            totals: Totals::default(),
            entropy: 0.0,
        }
    }
}

impl TokenLoss for Loss<'_> {
    fn uses_entropy(&self) -> bool {
        self.objective.entropy != 0.0
    }

    fn looks_ahead(&self) -> bool {
        self.objective.ratio == Ratio::Sequence
    }

    fn look(&mut self, dev: &Device, logp: View<'_>) -> Result<()> {
        let logp = copy::read_f32(dev, logp)?;
        let mut at = 0;
        for sample in self.samples {
            let range = at..at + sample.len();
            let pairs = logp[range.clone()].iter().zip(&self.old[range]);
            let sum: f64 = pairs.map(|(new, old)| f64::from(*new) - f64::from(*old)).sum();
            let mean = (sum / sample.len() as f64) as f32;
            self.means.extend(std::iter::repeat_n(mean, sample.len()));
            at += sample.len();
        }
        Ok(())
    }

    fn slopes(
        &mut self,
        dev: &Device,
        rows: Range<usize>,
        at: Tokens<'_>,
        to: Slopes<'_>,
    ) -> Result<()> {
        let (logp, entropies) = (at.logp.f32()?, at.entropy.f32()?);
        let ratios: Vec<f32> = match self.objective.ratio {
            Ratio::Token => {
                let pairs = logp.iter().zip(&self.old[rows.clone()]);
                pairs.map(|(new, old)| new - old).collect()
            }
            Ratio::Sequence => self.means[rows.clone()].to_vec(),
        };
        let reference = self.reference.get(rows.clone());
        let tokens = surrogate::Tokens {
            logp: at.logp,
            log_ratio: View::F32(&ratios),
            reference: reference.filter(|known| !known.is_empty()).map(View::F32),
            advantage: View::F32(&self.advantage[rows.clone()]),
            weight: View::F32(&self.weight[rows.clone()]),
        };
        let settings = self.objective.clip;
        let mut totals = surrogate::backward(dev, to.dlogp, tokens, settings)?;
        let worth = self.objective.entropy;
        let pairs = entropies.iter().zip(&self.weight[rows]);
        for ((entropy, weight), slope) in pairs.zip(to.dentropy.f32()?) {
            *slope = -worth * weight;
            totals.loss -= f64::from(worth) * f64::from(*weight) * f64::from(*entropy);
            self.entropy += f64::from(*entropy);
        }
        self.totals.add(&totals);
        Ok(())
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
