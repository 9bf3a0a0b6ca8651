//! From tokens that were just sampled to the next step, on the device: so that several steps run
//! before the host reads anything.
//!
//! A sequence takes its token into its log; then it ends (a token that stops it, as many tokens as
//! it may have, a row that was no distribution), waits (its tail has no room for another token
//! until the host gives it blocks) or goes on: the token is the next step's input, at the position
//! after the last, kept in the next place of the tail, which the next step sees too. One that has
//! ended or waits stays as it is; the step's work on it is for nothing and harms none, since what
//! it stores is stored again at its own place.
//!
//! A sequence counts its own lines of the log, so every call has the same arguments.

mod card;
mod host;
#[cfg(test)]
mod tests;

use crate::decode;
use crate::device::Device;
use crate::error::{Error, Result, length};
use crate::sample;
use crate::tensor::{View, ViewMut};

/// Words that describe a sequence: see [`Sequence::words`].
pub const SEQUENCE: usize = 5;

/// What the log holds where a sequence had ended or waited.
pub const NONE: u32 = u32::MAX;

/// Whether a sequence goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does.
    Runs,
    /// It took a token that ends it.
    Stopped,
    /// It is as long as it may be.
    Full,
    /// Its logits were no distribution: see [`sample::later`].
    Wrong,
    /// Its tail has no room for its last token.
    Waits,
}

/// What is known of a sequence beside its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    /// Tokens that it may have.
    pub limit: u32,
    /// Tokens that the blocks of its tail hold.
    pub room: u32,
    /// Tokens that it has.
    pub length: u32,
    /// Whether it goes on.
    pub state: State,
    /// Its next line of the log.
    pub line: u32,
}

/// What the next step reads, and what goes on beside it; all of it is moved.
#[derive(Debug)]
pub struct Next<'a> {
    /// `[B]` u32: the tokens.
    pub ids: ViewMut<'a>,
    /// `[B]` u32: their positions.
    pub positions: ViewMut<'a>,
    /// `[B]` u32: where their keys and values are kept.
    pub slots: ViewMut<'a>,
    /// `[B, decode::ROW]` u32: what they attend to.
    pub rows: ViewMut<'a>,
    /// `[B, sample::ROW]` u32: how they are sampled; the position moves.
    pub chances: ViewMut<'a>,
    /// [B, words] u32: ids seen; may be empty where no row has a repetition penalty.
    pub seen: ViewMut<'a>,
    /// `[B, SEQUENCE]` u32.
    pub sequences: ViewMut<'a>,
    /// One u32: how many have ended or wait; added to.
    pub ended: ViewMut<'a>,
}

/// The tokens of some steps, a line of `[B]` each. Lines beyond the last are not kept.
#[derive(Debug)]
pub struct Log<'a> {
    /// [S, B] u32; [`NONE`] where a sequence did not run.
    pub tokens: ViewMut<'a>,
    /// [S, B] f32.
    pub logp: ViewMut<'a>,
}

/// What [`sample::later`] left.
#[derive(Debug, Clone, Copy)]
pub struct Sampled<'a> {
    /// `[B]` u32.
    pub tokens: View<'a>,
    /// `[B]` f32.
    pub logp: View<'a>,
    /// `[B]` u32.
    pub told: View<'a>,
}

impl State {
    fn word(self) -> u32 {
        match self {
            State::Runs => 0,
            State::Stopped => 1,
            State::Full => 2,
            State::Wrong => 3,
            State::Waits => 4,
        }
    }
}

impl Sequence {
    /// As the words of a u32 buffer.
    pub fn words(self) -> [u32; SEQUENCE] {
        [self.limit, self.room, self.length, self.state.word(), self.line]
    }

    /// From its words.
    ///
    /// # Errors
    /// A state that is none.
    pub fn read(words: &[u32; SEQUENCE]) -> Result<Sequence> {
        let [limit, room, length, state, line] = *words;
        let state = match state {
            0 => State::Runs,
            1 => State::Stopped,
            2 => State::Full,
            3 => State::Wrong,
            4 => State::Waits,
            other => return Err(Error::argument("advance", format!("state {other}"))),
        };
        Ok(Sequence { limit, room, length, state, line })
    }
}

/// Moves all sequences by the tokens that were sampled. `stops` u32: tokens that end a sequence;
/// `table` u32: the blocks that rows point at.
///
/// # Errors
/// Lengths that do not fit, buffers of other types; on the host, a tail that points beyond the
/// table, a token beyond the ids seen. A card leaves such a sequence waiting, and such a token
/// unseen.
pub fn forward(
    dev: &Device,
    next: Next,
    log: Log,
    sampled: Sampled,
    stops: View,
    table: View,
) -> Result<()> {
    let count = next.ids.len();
    let sizes = [
        ("positions", next.positions.len(), count),
        ("slots", next.slots.len(), count),
        ("rows", next.rows.len(), count * decode::ROW),
        ("chances", next.chances.len(), count * sample::ROW),
        ("sequences", next.sequences.len(), count * SEQUENCE),
        ("ended", next.ended.len(), 1),
        ("log.logp", log.logp.len(), log.tokens.len()),
        ("tokens", sampled.tokens.len(), count),
        ("logp", sampled.logp.len(), count),
        ("told", sampled.told.len(), count),
    ];
    sizes.iter().try_for_each(|(name, found, wanted)| length("advance", name, *found, *wanted))?;
    if count == 0 {
        return Ok(());
    }
    length("advance", "log.tokens", log.tokens.len(), log.tokens.len() / count * count)?;
    length("advance", "seen", next.seen.len(), next.seen.len() / count * count)?;
    match dev {
        Device::Gpu(gpu) => card::forward(gpu, next, log, sampled, stops, table),
        Device::Cpu(_) => host::forward(next, log, sampled, stops, table),
    }
}
