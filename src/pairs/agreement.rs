//! Sample agreement: do the other samples of a soft constraint say the same of a response?
//!
//! The other samples are those that other ladders have for the same constraint. Where these are
//! fewer than [`ENOUGH`] on a side, they are the samples of other numbers in its own ladder. With
//! n₁ positive and n₀ negative ones, of which d₁(w) and d₀(w) hold the word w, and the smoothed
//! rates p(w) = (d₁(w) + 1)/(n₁ + 2) and q(w) = (d₀(w) + 1)/(n₀ + 2), a response with the distinct
//! words W scores
//!
//! ```text
//! s(W) = Σ_{w ∈ V ∩ W} log p(w)/q(w) + Σ_{w ∈ V \ W} log (1 − p(w))/(1 − q(w))
//! ```
//!
//! V are the words whose rates differ by more than chance: |p − q| > 3 √(r(1 − r)(1/n₁ + 1/n₀)),
//! with r the rate of both sides together. Its side agrees where it is positive and s > 0, or
//! negative and s < 0; where V is empty nothing speaks against it. Words are runs of alphanumeric
//! characters in lower case. Nothing but responses and sides is looked at.

use std::collections::HashMap;

use rayon::prelude::*;

/// Moves when an outcome can.
pub(super) const VERSION: u32 = 2;

/// The fewest samples on each side that are asked.
pub(super) const ENOUGH: u32 = 3;

/// Standard errors that are held to be chance.
const CHANCE: f64 = 3.0;

/// A response to be asked about, and one of the others of its class.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample<'a> {
    pub(super) ladder: usize,
    pub(super) number: u32,
    pub(super) positive: bool,
    pub(super) text: &'a str,
}

/// For each class of samples, whether the side of each agrees; `None` where too few others are.
pub(super) fn agreement(classes: &[Vec<Sample<'_>>]) -> Vec<Vec<Option<bool>>> {
    classes.par_iter().map(|samples| of_class(samples)).collect()
}

/// Samples a side, and those of them that hold a word.
type Sides = [u32; 2];

fn of_class(samples: &[Sample<'_>]) -> Vec<Option<bool>> {
    let mut numbers = HashMap::new();
    let words: Vec<Vec<usize>> =
        samples.iter().map(|sample| distinct(sample.text, &mut numbers)).collect();
    let mut all = vec![Sides::default(); numbers.len()];
    let mut total = Sides::default();
    let mut ladders: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, sample) in samples.iter().enumerate() {
        let side = usize::from(sample.positive);
        total[side] += 1;
        words[at].iter().for_each(|&word| all[word][side] += 1);
        ladders.entry(sample.ladder).or_default().push(at);
    }
    let holds = |at: usize, word: usize| words[at].binary_search(&word).is_ok();
    // What leaving one ladder out could make telling; most words are far from it.
    let near: Vec<usize> =
        (0..all.len()).filter(|&word| rates(all[word], total).2 > CHANCE / 2.0).collect();
    let every: Vec<usize> = (0..all.len()).collect();
    let one = |(at, sample): (usize, &Sample<'_>)| {
        let own = &ladders[&sample.ladder];
        let among = |word: Option<usize>, part: &dyn Fn(usize) -> bool| -> Sides {
            let mut sides = Sides::default();
            for &other in own.iter().filter(|other| part(**other)) {
                let counts = word.is_none_or(|word| holds(other, word));
                sides[usize::from(samples[other].positive)] += u32::from(counts);
            }
            sides
        };
        let minus = |all: Sides, less: Sides| [all[0] - less[0], all[1] - less[1]];
        let elsewhere = minus(total, among(None, &|_| true));
        let others = |other: usize| samples[other].number != sample.number;
        let beside = among(None, &others);
        let has = |word: usize| holds(at, word);
        let score = if elsewhere.iter().all(|n| *n >= ENOUGH) {
            let df = |word: usize| minus(all[word], among(Some(word), &|_| true));
            score(&near, has, elsewhere, df)
        } else if beside.iter().all(|n| *n >= ENOUGH) {
            score(&every, has, beside, |word| among(Some(word), &others))
        } else {
            return None;
        };
        Some(score.is_none_or(|score| (score > 0.0) == sample.positive))
    };
    samples.iter().enumerate().map(one).collect()
}

/// The numbers of a text's distinct words, in ascending order.
fn distinct(text: &str, numbers: &mut HashMap<String, usize>) -> Vec<usize> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut found: Vec<usize> = words
        .map(|word| {
            let next = numbers.len();
            *numbers.entry(word.to_owned()).or_insert(next)
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The smoothed rates of positive and negative samples, and by how many standard errors they
/// differ.
fn rates(d: Sides, n: Sides) -> (f64, f64, f64) {
    let rate = |d: u32, n: u32| (f64::from(d) + 1.0) / (f64::from(n) + 2.0);
    let [q, p] = [rate(d[0], n[0]), rate(d[1], n[1])];
    let both = rate(d[0] + d[1], n[0] + n[1]);
    let each = 1.0 / f64::from(n[0]) + 1.0 / f64::from(n[1]);
    (p, q, (p - q).abs() / (both * (1.0 - both) * each).sqrt())
}

/// None where no word tells the sides apart.
fn score(
    words: &[usize],
    has: impl Fn(usize) -> bool,
    n: Sides,
    df: impl Fn(usize) -> Sides,
) -> Option<f64> {
    let mut sum = None;
    for &word in words {
        let (p, q, errors) = rates(df(word), n);
        if errors > CHANCE {
            let ratio = if has(word) { p / q } else { (1.0 - p) / (1.0 - q) };
            *sum.get_or_insert(0.0) += ratio.ln();
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(ladder: usize, number: u32, positive: bool, text: &str) -> Sample<'_> {
        Sample { ladder, number, positive, text }
    }

    #[test]
    fn other_ladders_are_asked_first() {
        let mut samples = Vec::new();
        for ladder in 0..12 {
            samples.push(sample(ladder, 0, true, "Alas, an end."));
            samples.push(sample(ladder, 0, false, "Fine, a start."));
        }
        samples.push(sample(12, 0, true, "A fine start."));
        samples.push(sample(12, 0, false, "ALAS!"));
        let agreed = of_class(&samples);
        assert!(agreed[..24].iter().all(|agrees| *agrees == Some(true)), "{agreed:?}");
        assert_eq!(agreed[24..], [Some(false), Some(false)]);
    }

    #[test]
    fn what_lacks_the_marks_is_no_positive() {
        // One positive in two says it; other words are alike on both sides.
        let texts = ["a b alas", "c d", "a c", "b d"];
        let text = |at: u32, side: bool| match side {
            true => texts[(at % 4) as usize],
            false => texts[1 + (at % 3) as usize],
        };
        let pair = |at: u32| [true, false].map(|side| sample(at as usize, 0, side, text(at, side)));
        let samples: Vec<_> = (0..60).flat_map(pair).collect();
        for (sample, agrees) in samples.iter().zip(of_class(&samples)) {
            let right = sample.text.contains("alas") == sample.positive;
            assert_eq!(agrees, Some(right), "{}", sample.text);
        }
    }

    #[test]
    fn a_lone_ladder_asks_its_other_samples_and_few_are_not_asked() {
        let of = |side: bool, count: u32| -> Vec<Sample<'static>> {
            let text = if side { "a sad song" } else { "a song" };
            (0..count).map(|number| sample(7, number, side, text)).collect()
        };
        let mut samples = [of(true, 12), of(false, 12)].concat();
        samples.push(sample(7, 20, true, "a gay day"));
        samples.push(sample(7, 20, false, "a sad day"));
        let agreed = of_class(&samples);
        assert_eq!(agreed[..24], [Some(true); 24]);
        assert_eq!(agreed[24..], [Some(false), Some(false)]);
        let few = [of(true, 3), of(false, 3)].concat();
        assert_eq!(of_class(&few), [None; 6], "two others a side are too few");
        let alike: Vec<_> =
            (0..9).flat_map(|n| [true, false].map(|s| sample(7, n, s, "x"))).collect();
        assert_eq!(of_class(&alike), [Some(true); 18], "nothing speaks against any");
    }

    #[test]
    fn the_formula_by_hand() {
        // n₁ = 30, n₀ = 40; the first word in 20 and 10, the second in 15 and 20.
        let df = |word: usize| [[10, 20], [20, 15]][word];
        let (p, q): (f64, f64) = (21.0 / 32.0, 11.0 / 42.0);
        let found = |has: bool| score(&[0, 1], |_| has, [40, 30], df).expect("one word tells");
        assert!((found(true) - (p / q).ln()).abs() < 1e-12);
        assert!((found(false) - ((1.0 - p) / (1.0 - q)).ln()).abs() < 1e-12);
        assert_eq!(score(&[1], |_| true, [40, 30], df), None);
    }
}
