//! Which scores stay: a border (value, id) found by selection, not by sorting.

use std::cmp::Ordering;

use super::{Settings, mass};

/// Scores above `value` stay, and those equal to it whose id is at most `id`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    pub(super) value: f32,
    pub(super) id: u32,
}

/// A score and its id.
type Scored = (f32, u32);

impl Cut {
    const NONE: Cut = Cut { value: f32::NEG_INFINITY, id: u32::MAX };

    /// What top-k, top-p and min-p leave of tempered scores, whose largest is 0.
    pub(super) fn new(scores: &[f32], settings: &Settings) -> Cut {
        let k = if settings.top_k as usize >= scores.len() { 0 } else { settings.top_k as usize };
        let mut cut = Cut::NONE;
        if k > 0 || settings.top_p < 1.0 {
            // Almost always the first bound is enough, and few scores are above it.
            for bound in [-8.0, -16.0, f32::NEG_INFINITY] {
                let found = Cut::among(above(scores, bound), scores, k, settings.top_p);
                if let Some(found) = found {
                    cut = found;
                    break;
                }
            }
        }
        let least = settings.least();
        if least > cut.value { Cut { value: least, id: u32::MAX } } else { cut }
    }

    /// The border among these scores, or nothing if they are too few to tell.
    fn among(mut some: Vec<Scored>, scores: &[f32], k: usize, p: f32) -> Option<Cut> {
        let mut cut = Cut::NONE;
        if k > 0 {
            if some.len() < k {
                return None;
            }
            let (_, kth, _) = some.select_nth_unstable_by(k - 1, falling);
            cut = Cut { value: kth.0, id: u32::MAX };
            some.retain(|one| one.0 >= cut.value);
        }
        if p >= 1.0 {
            return Some(cut);
        }
        let held = weight(&some);
        let total = if k > 0 { held } else { mass(scores, 0.0) };
        let need = f64::from(p) * total;
        if held < need && some.len() < scores.len() && k == 0 {
            return None;
        }
        Some(prefix(&mut some, need))
    }
}

fn above(scores: &[f32], bound: f32) -> Vec<Scored> {
    let scored = scores.iter().zip(0..).filter(|(score, _)| **score >= bound);
    scored.map(|(&score, id)| (score, id)).collect()
}

/// Larger scores first, then lower ids.
fn falling(a: &Scored, b: &Scored) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

fn weight(some: &[Scored]) -> f64 {
    some.iter().map(|one| f64::from(one.0).exp()).sum()
}

/// The last of the shortest prefix, in falling order, whose weight reaches `need`. Each round
/// halves the part that is still in question, so the work is linear.
fn prefix(some: &mut [Scored], need: f64) -> Cut {
    let (mut low, mut high, mut done) = (0, some.len(), 0.0);
    while high - low > 32 {
        let middle = (high - low) / 2;
        some[low..high].select_nth_unstable_by(middle, falling);
        let half = weight(&some[low..low + middle]);
        if done + half >= need {
            high = low + middle;
        } else {
            done += half;
            low += middle;
        }
    }
    some[low..high].sort_unstable_by(falling);
    for one in &some[low..high] {
        done += f64::from(one.0).exp();
        if done >= need {
            return Cut { value: one.0, id: one.1 };
        }
    }
    let last = some[..high].last().expect("the largest score is among them");
    Cut { value: last.0, id: last.1 }
}
