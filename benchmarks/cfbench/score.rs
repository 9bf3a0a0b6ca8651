//! What one judged item is worth.

use serde::Serialize;

use super::items::{Criterion, Priority};
use super::number::{mean, round2};
use super::parse::{Reading, State};

/// What the share of criteria has to exceed, in each of the rules of PSR.
const ENOUGH: f64 = 0.8;

/// The three figures of one item.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Score {
    /// The share of marks worth 1, in [0, 1], rounded to hundredths.
    pub csr: f64,
    /// 1 if `csr` is 1, else 0.
    pub isr: f64,
    /// 1 if the priorities are met, else 0.
    pub psr: f64,
}

/// The official score of `reading`, a reply about `criteria`.
///
/// CSR is the mean of the marks, whichever there are. PSR is 0 of an unread reply; of a fallback it
/// is whether CSR exceeds 0.8. Of one that was read it is 0 if a primary criterion is not met, else
/// 1 if there is no secondary one; else whether ½ + ½ · (share of secondary ones met, rounded to
/// hundredths) exceeds 0.8, or CSR does where there is no primary one.
pub fn score(criteria: &[Criterion], reading: &Reading) -> Score {
    let marks: Vec<f64> = reading.marks.iter().map(|mark| one(mark.met)).collect();
    let csr = rounded_mean(&marks);
    let met = match reading.state {
        State::Unread => false,
        State::Fallback => csr > ENOUGH,
        State::Read => priorities(criteria, reading, csr),
    };
    Score { csr, isr: one(csr >= 1.0), psr: one(met) }
}

fn priorities(criteria: &[Criterion], reading: &Reading, csr: f64) -> bool {
    let of = |priority| {
        let pairs = criteria.iter().zip(&reading.marks);
        pairs.filter(move |(c, _)| c.priority == priority).map(|(_, mark)| mark.met)
    };
    let secondary: Vec<f64> = of(Priority::Secondary).map(one).collect();
    if of(Priority::Primary).any(|met| !met) {
        return false;
    }
    if of(Priority::Primary).next().is_none() {
        return csr > ENOUGH;
    }
    secondary.is_empty() || 0.5 + 0.5 * rounded_mean(&secondary) > ENOUGH
}

fn rounded_mean(values: &[f64]) -> f64 {
    mean(values).map_or(0.0, round2)
}

fn one(met: bool) -> f64 {
    f64::from(u8::from(met))
}
