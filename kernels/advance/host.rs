//! The host's version: one sequence after the other.

use super::{Log, NONE, Next, SEQUENCE, Sampled, Sequence, State};
use crate::decode::{self, BLOCK};
use crate::error::{Error, Result};
use crate::sample;
use crate::tensor::View;

/// Where the position is among the words of a sampled row.
const POSITION: usize = sample::ROW - 1;

pub(super) fn forward(
    next: Next,
    log: Log,
    sampled: Sampled,
    stops: View,
    table: View,
) -> Result<()> {
    let (ids, positions, slots) = (next.ids.u32()?, next.positions.u32()?, next.slots.u32()?);
    let (rows, chances) = (next.rows.u32()?, next.chances.u32()?);
    let (seen, ended) = (next.seen.u32()?, next.ended.u32()?);
    let sequences = next.sequences.u32()?;
    let (log_tokens, log_logp) = (log.tokens.u32()?, log.logp.f32()?);
    let (tokens, logp) = (sampled.tokens.u32()?, sampled.logp.f32()?);
    let (told, stops, table) = (sampled.told.u32()?, stops.u32()?, table.u32()?);
    let (count, words) = (ids.len(), seen.len() / ids.len());
    for (at, own) in sequences.as_chunks_mut::<SEQUENCE>().0.iter_mut().enumerate() {
        let mut sequence = Sequence::read(own)?;
        let runs = sequence.state == State::Runs;
        let (token, logp) = if runs { (tokens[at], logp[at]) } else { (NONE, 0.0) };
        let line = sequence.line as usize * count + at;
        if line < log_tokens.len() {
            (log_tokens[line], log_logp[line]) = (token, logp);
            sequence.line += 1;
        }
        if runs {
            sequence.length += 1;
            chances[at * sample::ROW + POSITION] += 1;
            if words > 0 {
                let set = &mut seen[at * words..][..words];
                let word = set.get_mut(token as usize / 32).ok_or_else(|| {
                    Error::argument("advance", format!("token {token} of {}", words * 32))
                })?;
                *word |= 1 << (token % 32);
            }
            let row = &mut rows[at * decode::ROW..][..decode::ROW];
            let tail = row[3];
            sequence.state = if told[at] != 0 {
                State::Wrong
            } else if stops.contains(&token) {
                State::Stopped
            } else if sequence.length >= sequence.limit {
                State::Full
            } else if tail >= sequence.room {
                State::Waits
            } else {
                State::Runs
            };
            if sequence.state == State::Runs {
                let entry = row[2] as usize + tail as usize / BLOCK;
                let block = *table.get(entry).ok_or_else(|| {
                    let problem =
                        format!("the tail of row {at} ends at {entry} of {}", table.len());
                    Error::argument("advance", problem)
                })?;
                ids[at] = token;
                positions[at] = row[1] + tail;
                slots[at] = block * BLOCK as u32 + tail % BLOCK as u32;
                row[3] = tail + 1;
            } else {
                ended[0] += 1;
            }
        }
        *own = sequence.words();
    }
    Ok(())
}
