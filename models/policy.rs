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
use heedful_kernels::{Device, Dtype, Tensor, View, copy, ratio, sums};

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::lm_head::{Slopes, TokenLoss, Tokens};
use crate::trainer::Trainer;
use crate::workspace::Limits;

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
    let (Limits { tokens, sequences, .. }, share) = (trainer.work.limits, trainer.share);
    let mut buffers = match trainer.policy.take() {
        Some(buffers) => buffers,
        None => Buffers::new(&trainer.device, tokens, sequences)?,
    };
    let nothing = vec![0; buffers.sums.len()];
    copy::write_u32(&trainer.device, buffers.sums.view_mut(), &nothing)?;
    for range in packed(samples, tokens, share)? {
        let some = &samples[range];
        let mut loss = Loss::new(&trainer.device, &mut buffers, some, samples, objective)?;
        trainer.accumulate(&batch(some, share)?, &mut loss)?;
    }
    let totals = Totals::read(&trainer.device, buffers.sums.view())?;
    trainer.policy = Some(buffers);
    Ok((totals, totals.entropy))
}

/// ln π of every response's tokens under the trainer's present parameters, nats.
///
/// # Errors
/// A sample that does not fit a batch; of an op.
pub fn log_probabilities(trainer: &mut Trainer, samples: &[Sample]) -> Result<Vec<Vec<f32>>> {
    let mut all = Vec::with_capacity(samples.len());
    for range in packed(samples, trainer.work.limits.tokens, trainer.share)? {
        trainer.predict(&batch(&samples[range.clone()], trainer.share)?)?;
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

    /// Tokens of the prompt that samples of it can share: its last one predicts each sample's
    /// first, so it stays with them.
    fn shared(&self) -> usize {
        self.prompt.saturating_sub(1)
    }

    /// Whether it is of the same prompt.
    fn follows(&self, other: &Sample) -> bool {
        self.prompt == other.prompt && self.ids.get(..self.prompt) == other.ids.get(..self.prompt)
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
fn packed(samples: &[Sample], most: usize, share: bool) -> Result<Vec<Range<usize>>> {
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
        let follows = share && at > from && sample.follows(&samples[at - 1]);
        let more = if follows { len - sample.shared() } else { len };
        if tokens + more > most {
            ranges.push(from..at);
            (from, tokens) = (at, len);
        } else {
            tokens += more;
        }
    }
    if from < samples.len() {
        ranges.push(from..samples.len());
    }
    Ok(ranges)
}

fn batch(samples: &[Sample], share: bool) -> Result<Batch> {
    let mut batch = Batch::new();
    let mut prefix = [0, 0];
    for (at, sample) in samples.iter().enumerate() {
        let counts = |at| if at < sample.prompt { 0.0 } else { 1.0 };
        let weights: Vec<f32> = (0..sample.ids.len()).map(counts).collect();
        let shared = if share { sample.shared() } else { 0 };
        if shared > 0 && (at == 0 || !sample.follows(&samples[at - 1])) {
            prefix = [batch.ids.len() as u32, shared as u32];
            batch.push(&sample.ids[..shared], &weights[..shared])?;
        }
        let prefix = if shared > 0 { prefix } else { [0, 0] };
        batch.push_behind(prefix, &sample.ids[shared..], &weights[shared..])?;
    }
    Ok(batch)
}

/// What a loss knows of the tokens of a batch, on the device.
#[derive(Debug)]
pub struct Buffers {
    /// `[T]` of each token: ln π_old, ln π_ref, A, w.
    old: Tensor,
    reference: Tensor,
    advantage: Tensor,
    weight: Tensor,
    /// `[T]`: ρ of each token, or of its sequence.
    log_ratio: Tensor,
    /// `[B + 1]`: where responses begin among the counted tokens.
    starts: Tensor,
    /// What a gathering comes to.
    sums: Tensor,
}

impl Buffers {
    /// Buffers for batches of so many tokens and sequences.
    ///
    /// # Errors
    /// No memory on the card.
    fn new(dev: &Device, tokens: usize, sequences: usize) -> Result<Buffers> {
        let f32s = || dev.zeros(Dtype::F32, tokens);
        Ok(Buffers {
            old: f32s()?,
            reference: f32s()?,
            advantage: f32s()?,
            weight: f32s()?,
            log_ratio: f32s()?,
            starts: dev.zeros(Dtype::U32, sequences + 1)?,
            sums: dev.zeros(Dtype::U32, sums::words(surrogate::KINDS))?,
        })
    }
}

/// The loss of one batch, whose counted tokens are its responses' in order.
struct Loss<'a> {
    objective: &'a Objective,
    buffers: &'a mut Buffers,
    sequences: usize,
    priced: bool,
}

impl<'a> Loss<'a> {
    /// The loss of these samples, which are some of all; sums are added to those of `buffers`.
    fn new(
        dev: &Device,
        buffers: &'a mut Buffers,
        samples: &[Sample],
        all: &[Sample],
        objective: &'a Objective,
    ) -> Result<Loss<'a>> {
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
        let old: Vec<f32> = samples.iter().flat_map(|sample| &sample.old).copied().collect();
        let reference: Vec<f32> =
            samples.iter().flat_map(|sample| &sample.reference).copied().collect();
        let mut starts = vec![0];
        starts.extend(samples.iter().scan(0, |at, sample| {
            *at += sample.len() as u32;
            Some(*at)
        }));
        let Buffers { old: a, reference: b, advantage: c, weight: d, .. } = &mut *buffers;
        let advantage = spread(&|sample| sample.advantage);
        let weight = spread(&|sample| weight(sample) as f32);
        for (to, from) in [(a, &old), (b, &reference), (c, &advantage), (d, &weight)] {
            copy::write_f32(dev, to.part_mut(0..from.len()), from)?;
        }
        copy::write_u32(dev, buffers.starts.part_mut(0..starts.len()), &starts)?;
        let (sequences, priced) = (samples.len(), !reference.is_empty());
        Ok(Loss { objective, buffers, sequences, priced })
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
        let Buffers { log_ratio, old, starts, .. } = &mut *self.buffers;
        let (all, starts) = (0..logp.len(), starts.part(0..self.sequences + 1));
        let (out, old) = (log_ratio.part_mut(all.clone()), old.part(all));
        Ok(ratio::sequences(dev, out, logp, old, starts)?)
    }

    fn slopes(
        &mut self,
        dev: &Device,
        rows: Range<usize>,
        at: Tokens<'_>,
        to: Slopes<'_>,
    ) -> Result<()> {
        let Buffers { old, reference, advantage, weight, log_ratio, sums, .. } = &mut *self.buffers;
        if self.objective.ratio == Ratio::Token {
            let (out, old) = (log_ratio.part_mut(rows.clone()), old.part(rows.clone()));
            ratio::tokens(dev, out, at.logp, old)?;
        }
        let weight = weight.part(rows.clone());
        let tokens = surrogate::Tokens {
            logp: at.logp,
            log_ratio: log_ratio.part(rows.clone()),
            reference: self.priced.then(|| reference.part(rows.clone())),
            advantage: advantage.part(rows),
            weight,
        };
        surrogate::accumulate(dev, to.dlogp, sums.view_mut(), tokens, self.objective.clip)?;
        let worth = self.objective.entropy;
        surrogate::entropy(dev, to.dentropy, sums.view_mut(), at.entropy, weight, worth)?;
        Ok(())
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
