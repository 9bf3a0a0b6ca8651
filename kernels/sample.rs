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
//!
//! [`forward`] takes rows from the host and waits; [`later`] takes them from the device and leaves
//! there what was wrong, so that several steps can run without the host.

mod card;
#[cfg(test)]
mod card_tests;
mod cut;
mod row;
#[cfg(test)]
mod tests;

use std::sync::Mutex;

use crate::copy::read_u32;
use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::simd::{Level, exp, multiversion};
use crate::tensor::{View, ViewMut};
use cut::Cut;
pub use row::{ROW, Row, Settings};

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

/// Why a row is no distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    /// The logit of this token is NaN.
    Nan(u32),
    /// The logit of this token is plus infinity.
    Infinite(u32),
    /// Every logit is minus infinity.
    Nothing,
}

impl Problem {
    /// What [`later`] leaves: a word that tells the kind, and a token.
    fn words(self) -> (u32, u32) {
        match self {
            Problem::Nan(token) => (1, token),
            Problem::Infinite(token) => (2, token),
            Problem::Nothing => (3, 0),
        }
    }

    fn read(kind: u32, token: u32) -> Problem {
        match kind {
            1 => Problem::Nan(token),
            2 => Problem::Infinite(token),
            _ => Problem::Nothing,
        }
    }

    fn error(self, row: usize) -> Error {
        let problem = match self {
            Problem::Nan(token) => format!("the logit of token {token} is NaN"),
            Problem::Infinite(token) => format!("the logit of token {token} is inf"),
            Problem::Nothing => "every logit is -inf".to_owned(),
        };
        Error::argument("sample", format!("row {row}: {problem}"))
    }
}

/// Chooses a token a row.
///
/// `tokens` `[B]` u32, `logp` `[B]` f32; `scratch` `[B, V]` is overwritten by the host and may be
/// empty on a card; `logits` `[B, V]`; `seen` [B, `seen_words(V)`] u32, which may be empty where no
/// row has a repetition penalty.
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
    if rows.is_empty() {
        length("sample", "tokens", tokens.len(), 0)?;
        return length("sample", "logp", logp.len(), 0);
    }
    let count = rows.len();
    let vocab = check((&tokens, &logp), logits, count)?;
    if !seen.is_empty() || rows.iter().any(|row| row.settings.repetition != 1.0) {
        length("sample", "seen", seen.len(), count * seen_words(vocab))?;
    }
    rows.iter().try_for_each(|row| row.settings.check())?;
    match dev {
        Device::Gpu(gpu) => card::forward(gpu, tokens, logp, logits, seen, rows),
        Device::Cpu(cpu) => {
            length("sample", "scratch", scratch.len(), logits.len())?;
            let (tokens, logp) = (tokens.u32()?, logp.f32()?);
            let chosen = host(cpu, scratch.f32()?, logits.f32()?, seen.u32()?, rows);
            for (at, outcome) in chosen.into_iter().enumerate() {
                (tokens[at], logp[at]) = outcome.map_err(|problem| problem.error(at))?;
            }
            Ok(())
        }
    }
}

/// The same where `rows` `[B, ROW]` u32 lie on the device, see [`Row::words`]. `told` `[B]` u32
/// becomes 0 for a row that is a distribution; for another it tells what is wrong, the token is the
/// one whose logit is wrong, or 0, and the log-probability is NaN: [`verdict`] makes an error of
/// it. Without `seen`, penalties do nothing.
///
/// # Errors
/// Lengths that do not fit; on the host, settings that make no sense.
#[expect(clippy::too_many_arguments, reason = "an op names its buffers one by one")]
pub fn later(
    dev: &Device,
    tokens: ViewMut,
    logp: ViewMut,
    told: ViewMut,
    scratch: ViewMut,
    logits: View,
    seen: View,
    rows: View,
) -> Result<()> {
    let count = told.len();
    length("sample", "rows", rows.len(), count * ROW)?;
    if count == 0 {
        return Ok(());
    }
    let vocab = check((&tokens, &logp), logits, count)?;
    if !seen.is_empty() {
        length("sample", "seen", seen.len(), count * seen_words(vocab))?;
    }
    match dev {
        Device::Gpu(gpu) => card::later(gpu, (tokens, logp, told), logits, seen, rows),
        Device::Cpu(cpu) => {
            length("sample", "scratch", scratch.len(), logits.len())?;
            let (tokens, logp, told) = (tokens.u32()?, logp.f32()?, told.u32()?);
            let rows: Vec<Row> = rows.u32()?.as_chunks().0.iter().map(Row::read).collect();
            rows.iter().try_for_each(|row| row.settings.check())?;
            let chosen = host(cpu, scratch.f32()?, logits.f32()?, seen.u32()?, &rows);
            for (at, outcome) in chosen.into_iter().enumerate() {
                (told[at], tokens[at], logp[at]) = match outcome {
                    Ok((token, logp)) => (0, token, logp),
                    Err(problem) => {
                        let (kind, token) = problem.words();
                        (kind, token, f32::NAN)
                    }
                };
            }
            Ok(())
        }
    }
}

/// Reads what [`later`] told of each row, after all work before it.
///
/// # Errors
/// The first row that was no distribution; of the device.
pub fn verdict(dev: &Device, told: View, tokens: View) -> Result<()> {
    length("sample", "tokens", tokens.len(), told.len())?;
    let told = read_u32(dev, told)?;
    match told.iter().position(|kind| *kind != 0) {
        None => Ok(()),
        Some(row) => Err(Problem::read(told[row], read_u32(dev, tokens)?[row]).error(row)),
    }
}

/// The vocabulary.
fn check((tokens, logp): (&ViewMut, &ViewMut), logits: View, count: usize) -> Result<usize> {
    length("sample", "tokens", tokens.len(), count)?;
    length("sample", "logp", logp.len(), count)?;
    let vocab = logits.len() / count;
    length("sample", "logits", logits.len(), count * vocab)?;
    if vocab == 0 || u32::try_from(vocab).is_err() {
        return Err(Error::argument("sample", format!("a vocabulary of {vocab}")));
    }
    Ok(vocab)
}

/// A row's token and its log-probability.
type Chosen = std::result::Result<(u32, f32), Problem>;

fn host(cpu: &Cpu, scratch: &mut [f32], logits: &[f32], seen: &[u32], rows: &[Row]) -> Vec<Chosen> {
    let vocab = logits.len() / rows.len();
    let words = seen_words(vocab);
    let chosen = Mutex::new(vec![Ok((0, 0.0)); rows.len()]);
    cpu.chunks(scratch, vocab, |at, scores| {
        let seen = if seen.is_empty() { seen } else { &seen[at * words..][..words] };
        let outcome = choose(scores, &logits[at * vocab..][..vocab], seen, &rows[at]);
        chosen.lock().expect("no other row panics")[at] = outcome;
    });
    chosen.into_inner().expect("no row panicked")
}

/// The token of one row and its log-probability; `scores` `[V]` is scratch.
fn choose(scores: &mut [f32], logits: &[f32], seen: &[u32], row: &Row) -> Chosen {
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
fn largest(values: &[f32]) -> std::result::Result<f32, Problem> {
    let (most, fine) = survey(Level::best(), values);
    if !fine {
        let bad = values.iter().position(|v| v.is_nan() || *v == f32::INFINITY).unwrap_or_default();
        let token = bad as u32;
        let nan = values[bad].is_nan();
        return Err(if nan { Problem::Nan(token) } else { Problem::Infinite(token) });
    }
    if most == f32::NEG_INFINITY { Err(Problem::Nothing) } else { Ok(most) }
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
