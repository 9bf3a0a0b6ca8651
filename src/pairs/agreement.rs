//! Sample agreement: do the other samples of a soft constraint say the same of a response?
//!
//! The other samples are those that other ladders have for the same constraint. Where these are
//! fewer than [`ENOUGH`] on a side, they are the samples of other numbers in its own ladder. With
//! n₁ positive and n₀ negative ones, of which d₁(w) and d₀(w) hold the word w, a response with the
//! distinct words W scores
//!
//! ```text
//! s(W) = Σ_{w ∈ W} log (d₁(w) + 1)/(n₁ + 2) − log (d₀(w) + 1)/(n₀ + 2)
//! ```
//!
//! Its side agrees where it is positive and s > 0, or negative and s < 0. Words are runs of
//! alphanumeric characters in lower case. Nothing but responses and sides is looked at.

use std::collections::HashMap;

use rayon::prelude::*;

/// Moves when an outcome can.
pub(super) const VERSION: u32 = 1;

/// The fewest samples on each side that are asked.
pub(super) const ENOUGH: u32 = 3;

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
        let score = if elsewhere.iter().all(|n| *n >= ENOUGH) {
            let df = |word: usize| minus(all[word], among(Some(word), &|_| true));
            score(&words[at], elsewhere, df)
        } else if beside.iter().all(|n| *n >= ENOUGH) {
            score(&words[at], beside, |word| among(Some(word), &others))
        } else {
            return None;
        };
        Some(if sample.positive { score > 0.0 } else { score < 0.0 })
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

fn score(words: &[usize], n: Sides, df: impl Fn(usize) -> Sides) -> f64 {
    let rate = |d: u32, n: u32| (f64::from(d) + 1.0) / (f64::from(n) + 2.0);
    let ratio = |d: Sides| (rate(d[1], n[1]) / rate(d[0], n[0])).ln();
    words.iter().map(|&word| ratio(df(word))).sum()
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
        for ladder in 0..4 {
            samples.push(sample(ladder, 0, true, "Alas, an end."));
            samples.push(sample(ladder, 0, false, "Fine, a start."));
        }
        samples.push(sample(4, 0, true, "A fine start."));
        samples.push(sample(4, 0, false, "ALAS!"));
        let agreed = of_class(&samples);
        assert!(agreed[..8].iter().all(|agrees| *agrees == Some(true)), "{agreed:?}");
        assert_eq!(agreed[8..], [Some(false), Some(false)]);
    }

    #[test]
    fn a_lone_ladder_asks_its_other_samples_and_few_are_not_asked() {
        let positive = ["a sad song", "sad and grey", "so sad", "sad, sad day", "a gay day"];
        let negative = ["a song", "green and grey", "so so", "a day", "a sad day"];
        let of = |side: bool, texts: &[&'static str]| -> Vec<Sample<'static>> {
            let one = |(text, number): (&&'static str, u32)| sample(7, number, side, text);
            texts.iter().zip(0..).map(one).collect()
        };
        let samples = [of(true, &positive), of(false, &negative)].concat();
        let agreed = of_class(&samples);
        assert_eq!(agreed[..4], [Some(true); 4]);
        assert_eq!((agreed[4], agreed[9]), (Some(false), Some(false)));
        let few = [of(true, &positive[..3]), of(false, &negative[..3])].concat();
        assert_eq!(of_class(&few), [None; 6], "two others a side are too few");
    }

    #[test]
    fn the_formula_by_hand() {
        // n₁ = 3, n₀ = 4; one word in 2 of the positive and 1 of the negative ones.
        let by_hand = ((3.0_f64 / 5.0) / (2.0 / 6.0)).ln();
        assert!((score(&[0], [4, 3], |_| [1, 2]) - by_hand).abs() < 1e-12);
    }
}
