//! Sampling: logits `[B, V]` to tokens `[B]` and their log-probabilities `[B]`.
//!
//! Each row goes through what transformers calls processors and warpers, in its order:
//! repetition penalty (l > 0: l / r, else l · r, once for each id seen), temperature (l / t), top-k
//! (l ≥ the k-th largest: ties with it stay), top-p (the shortest prefix, by falling probability,
//! whose mass reaches p of what top-k left), min-p (probability ≥ p times the largest). The draw is
//! by the inverse of the cumulated probabilities in the order of ids.
//!
//! Ties: greedy takes the lowest id; top-p keeps lower ids first. Minus infinity forbids a token;
//! NaN and plus infinity are errors. Nothing is sorted but the few scores around top-p's border.
//!
//! The log-probability is the token's under the model: the log-softmax of the logits as they came,
//! before penalty, temperature and cuts.

mod cut;
#[cfg(test)]
mod tests;

use std::sync::Mutex;

use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::philox::Place;
use crate::simd::{Level, exp, multiversion};
use crate::tensor::{View, ViewMut};
use cut::Cut;

/// How one row's token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Divides the logits; 0 takes the largest (greedy) and ignores the cuts.
    pub temperature: f32,
    /// Keeps this many of the largest, and ties with the last; 0 keeps all.
    pub top_k: u32,
    /// Keeps the most probable up to this mass; 1 keeps all.
    pub top_p: f32,
    /// Keeps what is at least this times as probable as the most probable; 0 keeps all.
    pub min_p: f32,
    /// Divides positive and multiplies negative logits of ids seen before; 1 does nothing.
    pub repetition: f32,
}

/// One row: how it is sampled, and where its chance comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// How.
    pub settings: Settings,
    /// Seed, prompt, sample, position.
    pub place: Place,
}

impl Settings {
    /// The largest logit, always.
    pub const GREEDY: Settings =
        Settings { temperature: 0.0, top_k: 0, top_p: 1.0, min_p: 0.0, repetition: 1.0 };

    /// The model's own distribution.
    pub const PLAIN: Settings = Settings { temperature: 1.0, ..Settings::GREEDY };

    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// Names the setting and its value.
    pub fn check(&self) -> Result<()> {
        let wrong = |name: &str, value: f32, want: &str| {
            Err(Error::argument("sample", format!("{name} is {value}, not {want}")))
        };
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            return wrong("temperature", self.temperature, "a finite number ≥ 0");
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return wrong("top-p", self.top_p, "in (0, 1]");
        }
        if !(self.min_p >= 0.0 && self.min_p <= 1.0) {
            return wrong("min-p", self.min_p, "in [0, 1]");
        }
        if !(self.repetition > 0.0 && self.repetition.is_finite()) {
            return wrong("repetition penalty", self.repetition, "a finite number > 0");
        }
        Ok(())
    }
}

/// Words of the set of ids seen by one row, of a vocabulary of `vocab`: a bit an id.
pub fn seen_words(vocab: usize) -> usize {
    vocab.div_ceil(32)
}

/// Puts `id` into a set of ids.
///
/// # Panics
/// An id beyond the set.
pub fn see(set: &mut [u32], id: u32) {
    set[id as usize / 32] |= 1 << (id % 32);
}

/// Chooses a token a row.
///
/// `tokens` `[B]` u32, `logp` `[B]`; `scratch` `[B, V]` is overwritten; `logits` `[B, V]`; `seen`
/// [B, `seen_words(V)`] u32, which may be empty where no row has a repetition penalty.
///
/// # Errors
/// Lengths that do not fit, settings that make no sense, a row with NaN or plus infinity or with
/// nothing but minus infinity: the row is named.
pub fn forward(
    dev: &Device,
    tokens: ViewMut,
    logp: ViewMut,
    scratch: ViewMut,
    logits: View,
    seen: View,
    rows: &[Row],
) -> Result<()> {
    length("sample", "tokens", tokens.len(), rows.len())?;
    length("sample", "logp", logp.len(), rows.len())?;
    length("sample", "scratch", scratch.len(), logits.len())?;
    if rows.is_empty() {
        return Ok(());
    }
    let vocab = logits.len() / rows.len();
    length("sample", "logits", logits.len(), rows.len() * vocab)?;
    if vocab == 0 || u32::try_from(vocab).is_err() {
        return Err(Error::argument("sample", format!("a vocabulary of {vocab}")));
    }
    if !seen.is_empty() || rows.iter().any(|row| row.settings.repetition != 1.0) {
        length("sample", "seen", seen.len(), rows.len() * seen_words(vocab))?;
    }
    rows.iter().try_for_each(|row| row.settings.check())?;
    match dev {
        Device::Gpu(_) => return Err(crate::gpu::not_yet("sample")),
        Device::Cpu(cpu) => {
            let outputs = (tokens.u32()?, logp.f32()?);
            host(cpu, outputs, scratch.f32()?, logits.f32()?, seen.u32()?, rows)
        }
    }
}

fn host(
    cpu: &Cpu,
    (tokens, logp): (&mut [u32], &mut [f32]),
    scratch: &mut [f32],
    logits: &[f32],
    seen: &[u32],
    rows: &[Row],
) -> Result<()> {
    let vocab = logits.len() / rows.len();
    let words = seen_words(vocab);
    let chosen = Mutex::new(vec![Ok((0, 0.0)); rows.len()]);
    cpu.chunks(scratch, vocab, |at, scores| {
        let seen = if seen.is_empty() { seen } else { &seen[at * words..][..words] };
        let outcome = choose(scores, &logits[at * vocab..][..vocab], seen, &rows[at])
            .map_err(|problem| Error::argument("sample", format!("row {at}: {problem}")));
        chosen.lock().expect("no other row panics")[at] = outcome;
    });
    let chosen = chosen.into_inner().expect("no row panicked");
    for (at, outcome) in chosen.into_iter().enumerate() {
        (tokens[at], logp[at]) = outcome?;
    }
    Ok(())
}

/// The token of one row and its log-probability; `scores` `[V]` is scratch.
fn choose(
    scores: &mut [f32],
    logits: &[f32],
    seen: &[u32],
    row: &Row,
) -> std::result::Result<(u32, f32), String> {
    let settings = &row.settings;
    let most = largest(logits)?;
    scores.copy_from_slice(logits);
    if settings.repetition != 1.0 {
        penalise(scores, seen, settings.repetition);
    }
    let best = if settings.repetition == 1.0 { most } else { largest(scores)? };
    let token = if settings.temperature == 0.0 {
        scores.iter().position(|&score| score == best).expect("the largest is one of them")
    } else {
        temper(Level::best(), scores, best, settings.temperature);
        let cut = Cut::new(scores, settings);
        weigh(Level::best(), scores, cut.value, cut.id);
        draw(scores, row.place.uniform())
    };
    let above = f64::from(logits[token] - most);
    Ok((token as u32, (above - mass(logits, most).ln()) as f32))
}

/// The largest value, which must be finite.
fn largest(values: &[f32]) -> std::result::Result<f32, String> {
    let (most, fine) = survey(Level::best(), values);
    if !fine {
        let bad = values.iter().position(|v| v.is_nan() || *v == f32::INFINITY).unwrap_or_default();
        return Err(format!("the logit of token {bad} is {}", values[bad]));
    }
    if most == f32::NEG_INFINITY {
        return Err("every logit is -inf".to_owned());
    }
    Ok(most)
}

fn penalise(scores: &mut [f32], seen: &[u32], penalty: f32) {
    for (word, &bits) in seen.iter().enumerate() {
        let mut bits = bits;
        while bits != 0 {
            let id = word * 32 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            if let Some(score) = scores.get_mut(id) {
                *score = if *score < 0.0 { *score * penalty } else { *score / penalty };
            }
        }
    }
}

/// The index whose share of the cumulated weights holds `u` of the total. Some weight is positive.
fn draw(weights: &[f32], u: f64) -> usize {
    let target = u * weights.chunks(BLOCK).map(block_sum).sum::<f64>();
    let mut below = 0.0;
    let mut last = 0;
    for (block, part) in weights.chunks(BLOCK).enumerate() {
        let above = below + block_sum(part);
        if above > below {
            let mut sum = below;
            for (at, &weight) in part.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
                last = block * BLOCK + at;
                sum += f64::from(weight);
                if above > target && sum > target {
                    return last;
                }
            }
            // The block's sum reached the target and the one in order, by rounding, did not.
            if above > target {
                return last;
            }
        }
        below = above;
    }
    last
}

const LANES: usize = 16;
const BLOCK: usize = 64;

/// The sum of up to `BLOCK` values, in an order that does not depend on the vector width.
#[inline(always)]
fn block_sum(values: &[f32]) -> f64 {
    let mut lanes = [0.0f32; LANES];
    for part in values.chunks(LANES) {
        for (lane, value) in lanes.iter_mut().zip(part) {
            *lane += value;
        }
    }
    lanes.iter().map(|&lane| f64::from(lane)).sum()
}

multiversion! {
    /// The largest value, and whether all are below plus infinity.
    fn survey<const FMA: bool>(values: &[f32]) -> (f32, bool) {
        let mut most = [f32::NEG_INFINITY; LANES];
        let mut bad = [0u32; LANES];
        for part in values.chunks(LANES) {
            for (at, &value) in part.iter().enumerate() {
                most[at] = if value > most[at] { value } else { most[at] };
                bad[at] |= u32::from(value.is_nan() | (value == f32::INFINITY));
            }
        }
        let most = most.iter().fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a });
        (most, bad.iter().all(|&lane| lane == 0))
    }
}

multiversion! {
    /// Σ exp(value − most).
    fn mass_of<const FMA: bool>(values: &[f32], most: f32) -> f64 {
        let mut total = 0.0;
        for part in values.chunks(BLOCK) {
            let mut weights = [0.0f32; BLOCK];
            for (weight, &value) in weights.iter_mut().zip(part) {
                *weight = exp::<FMA>(value - most);
            }
            total += block_sum(&weights);
        }
        total
    }
}

multiversion! {
    /// (score − best) / temperature.
    fn temper<const FMA: bool>(scores: &mut [f32], best: f32, temperature: f32) {
        for score in scores {
            *score = (*score - best) / temperature;
        }
    }
}

multiversion! {
    /// exp(score) where it is above (value, id), else 0.
    fn weigh<const FMA: bool>(scores: &mut [f32], value: f32, id: u32) {
        for (at, score) in scores.iter_mut().enumerate() {
            let kept = (*score > value) | ((*score == value) & (at as u32 <= id));
            *score = if kept { exp::<FMA>(*score) } else { 0.0 };
        }
    }
}

/// Σ exp(value − most).
fn mass(values: &[f32], most: f32) -> f64 {
    mass_of(Level::best(), values, most)
}
