//! Turns the knobs until the measured text lies in every bound.

use crate::bound::Bound;
use crate::demand::Unit;
use crate::draw::Rng;
use crate::text::Text;
use crate::units::measure;

use super::clash::limited;
use super::compose::{Knobs, build, first_knobs};
use super::document::{Document, Slot};
use super::filler::Pool;
use super::wants::Wants;

/// How often the knobs are turned for one text.
const TURNS: usize = 8;

/// A text made to `wants`; `round` varies its size. Whether it fits is for the checks to say.
pub(super) fn compose(wants: &Wants, round: usize, rng: &mut Rng) -> String {
    let mut knobs = first_knobs(wants, round, rng);
    let mut pool = Pool::new(wants, knobs.distinct, rng);
    let mut best = String::new();
    if pool.is_empty() {
        return best;
    }
    for _ in 0..TURNS {
        let mut document = build(wants, &knobs, &mut pool, rng);
        best = document.render();
        let stretched = match wants.range(Unit::Characters) {
            Some(range) => stretch(range.bound, &mut document, &mut pool, &mut best),
            None => true,
        };
        let distinct = knobs.distinct;
        if turn(wants, &mut knobs, &best) && stretched {
            return best;
        }
        if knobs.distinct != distinct {
            pool = Pool::new(wants, knobs.distinct, rng);
        }
    }
    best
}

/// How far `found` lies outside `bound`: positive when there are too many.
fn excess(found: u64, bound: Bound) -> i64 {
    if found > bound.high {
        (found - bound.high).min(1 << 40) as i64
    } else if found < bound.low {
        -((bound.low - found).min(1 << 40) as i64)
    } else {
        0
    }
}

fn less(knob: usize, excess: i64) -> usize {
    (knob as i64 - excess).clamp(1, 400_000) as usize
}

/// Moves the knobs by what was measured; true when nothing had to move.
fn turn(wants: &Wants, knobs: &mut Knobs, text: &str) -> bool {
    let view = Text::new(text);
    let mut settled = true;
    for (unit, range) in &wants.counts {
        let off = match unit {
            Unit::Words
            | Unit::Sentences
            | Unit::Lines
            | Unit::UniqueWords
            | Unit::CapitalWords => excess(measure(*unit, &view), range.bound),
            _ => 0,
        };
        if off == 0 {
            continue;
        }
        settled = false;
        match unit {
            Unit::Words => knobs.words = less(knobs.words, off),
            Unit::Sentences => {
                knobs.sentences = less(knobs.sentences, off);
                if wants.range(Unit::Words).is_none() {
                    knobs.words = knobs.words.max(knobs.sentences * 3);
                }
            }
            Unit::Lines if off < 0 => knobs.breaks += off.unsigned_abs() as usize,
            Unit::Lines => knobs.breaks = knobs.breaks.saturating_sub(off as usize),
            Unit::CapitalWords if off > 0 => knobs.words = less(knobs.words, off),
            Unit::UniqueWords if off > 0 => knobs.distinct = less(knobs.distinct, off),
            Unit::UniqueWords if limited(range.bound) && knobs.words > range.bound.low as usize => {
                knobs.distinct = less(knobs.distinct, off);
                knobs.words += 8;
            }
            _ if off < 0 && wants.range(Unit::Words).is_none() => {
                knobs.words = less(knobs.words, off - 4)
            }
            _ => {}
        }
    }
    turn_letters(wants, knobs, &view) && settled
}

fn turn_letters(wants: &Wants, knobs: &mut Knobs, view: &Text<'_>) -> bool {
    let mut settled = true;
    for (letter, range) in &wants.letters {
        let found = view.lower().chars().filter(|c| c == letter).count() as u64;
        let off = excess(found, range.bound);
        if off == 0 {
            continue;
        }
        settled = false;
        if let Some((_, n)) = knobs.rich.iter_mut().find(|(known, _)| known == letter) {
            let step = if limited(range.bound) && off.abs() > 2 { off / 2 } else { off };
            *n = (*n as i64 - step).clamp(0, 20_000) as usize;
            if knobs.words < *n * 2 && wants.range(Unit::Words).is_none() {
                knobs.words = *n * 2;
            }
        }
    }
    settled
}

/// Brings the characters into their bound by exchanging filler words for longer or shorter ones;
/// false where that was not enough.
fn stretch(bound: Bound, document: &mut Document, pool: &mut Pool, text: &mut String) -> bool {
    let found = measure(Unit::Characters, &Text::new(text));
    let mut off = excess(found, bound);
    if off == 0 {
        return true;
    }
    let sentences = document.sentences.iter_mut();
    for slot in sentences.flat_map(|sentence| sentence.slots.iter_mut()) {
        if off == 0 {
            break;
        }
        let Slot::Filled(word) = slot else { continue };
        let (len, first) = (word.chars().count() as i64, word.chars().next());
        let wanted = (len - off).clamp(2, 9);
        let fits = |gap: i64| {
            move |fill: &super::filler::Fill| {
                fill.chars as i64 == gap && fill.text.chars().next() == first && fill.words == 1
            }
        };
        let exact = pool.find(fits(wanted));
        let fill = exact.or_else(|| pool.find(fits((len - off.signum()).clamp(2, 9))));
        if let Some(fill) = fill {
            off += fill.chars as i64 - len;
            *slot = Slot::Filled(fill.text);
        }
    }
    if off != 0 {
        trim_words(document, off);
    }
    *text = document.render();
    bound.holds(measure(Unit::Characters, &Text::new(text)))
}

/// Drops filler words, or repeats some, while the characters are far off.
fn trim_words(document: &mut Document, off: i64) {
    let mut left = off;
    let count = document.sentences.len().max(1);
    let mut i = 0;
    while left.abs() > 3 && i < 40_000 {
        let sentence = &mut document.sentences[i % count];
        i += 1;
        let place = sentence.slots.len().saturating_sub(1);
        let Some(Slot::Filled(word)) = sentence.slots.get(place).cloned() else { continue };
        let size = word.chars().count() as i64 + 1;
        if left > 0 && place > 1 {
            sentence.slots.pop();
            left -= size;
        } else if left < 0 {
            let room = (-left - 1).max(2);
            if size > room + 1 {
                break;
            }
            sentence.slots.push(Slot::Filled(word));
            left += size;
        }
    }
}
