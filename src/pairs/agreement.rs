//! Sample agreement: do the other samples of a soft constraint say the same of a response?
//!
//! The other samples are those that other ladders have for the same constraint. Of n₁ positive and
//! n₀ negative ones, d₁(w) and d₀(w) hold the word w. A word tells the sides apart where its rates
//! differ by [`TELLING`] standard errors or more:
//!
//! ```text
//! |d₁/n₁ − d₀/n₀| ≥ 3 √(p (1 − p) (1/n₁ + 1/n₀))    with p = (d₁ + d₀ + 1)/(n₁ + n₀ + 2)
//! ```
//!
//! A response with the distinct words W scores
//!
//! ```text
//! s(W) = Σ log (d₁(w) + 1)/(n₁ + 2) − log (d₀(w) + 1)/(n₀ + 2)    over w ∈ W that tell
//! ```
//!
//! Its side agrees where it is positive and s > 0, or negative and s ≤ 0: that a response obeys
//! what it was not asked for needs a sign. Where no word of other ladders tells, the samples of
//! other numbers in its own ladder are asked; where none of these does either, nobody knows.
//!
//! Words are runs of alphanumeric characters in lower case. All other words are left out: there are
//! so many that their small differences, which are chance, drown the signs. Nothing but responses
//! and sides is looked at.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

/// Moves when an outcome can.
pub(super) const VERSION: u32 = 1;

/// How many standard errors the rates of a word that tells are apart.
const TELLING: f64 = 3.0;

/// A response to be asked about, and one of the others of its class.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample<'a> {
    pub(super) ladder: usize,
    pub(super) number: u32,
    pub(super) positive: bool,
    pub(super) text: &'a str,
}

/// For each class of samples, whether the side of each agrees; `None` where nobody knows.
pub(super) fn agreement(classes: &[Vec<Sample<'_>>]) -> Vec<Vec<Option<bool>>> {
    classes.par_iter().map(|samples| of_class(samples)).collect()
}

/// Counts of the negative and of the positive side.
type Sides = [u32; 2];

/// How many samples there are, and how many of them hold each word.
#[derive(Clone)]
struct Counts {
    n: Sides,
    words: Vec<Sides>,
}

impl Counts {
    fn of(words: usize) -> Counts {
        Counts { n: [0; 2], words: vec![[0; 2]; words] }
    }

    fn add(&mut self, sample: &Sample<'_>, words: &[usize]) {
        let side = usize::from(sample.positive);
        self.n[side] += 1;
        words.iter().for_each(|&word| self.words[word][side] += 1);
    }

    fn remove(&mut self, sample: &Sample<'_>, words: &[usize]) {
        let side = usize::from(sample.positive);
        self.n[side] -= 1;
        words.iter().for_each(|&word| self.words[word][side] -= 1);
    }

    /// What each word that tells adds to a score, and 0 for the others; `None` where none tells.
    fn weights(&self) -> Option<Vec<f64>> {
        if self.n.contains(&0) {
            return None;
        }
        let weights: Vec<f64> = self.words.iter().map(|d| weight(*d, self.n)).collect();
        weights.iter().any(|weight| *weight != 0.0).then_some(weights)
    }
}

fn weight(d: Sides, n: Sides) -> f64 {
    let ([d0, d1], [n0, n1]) = (d.map(f64::from), n.map(f64::from));
    let p = (d0 + d1 + 1.0) / (n0 + n1 + 2.0);
    let error = (p * (1.0 - p) * (1.0 / n0 + 1.0 / n1)).sqrt();
    if (d1 / n1 - d0 / n0).abs() < TELLING * error {
        return 0.0;
    }
    (((d1 + 1.0) / (n1 + 2.0)) / ((d0 + 1.0) / (n0 + 2.0))).ln()
}

fn of_class(samples: &[Sample<'_>]) -> Vec<Option<bool>> {
    let mut numbers = HashMap::new();
    let words: Vec<Vec<usize>> =
        samples.iter().map(|sample| distinct(sample.text, &mut numbers)).collect();
    let mut all = Counts::of(numbers.len());
    let mut ladders: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, sample) in samples.iter().enumerate() {
        all.add(sample, &words[at]);
        ladders.entry(sample.ladder).or_default().push(at);
    }
    let mut agreed = vec![None; samples.len()];
    let mut say = |at: usize, weights: &[f64]| {
        let score: f64 = words[at].iter().map(|&word| weights[word]).sum();
        agreed[at] = Some(samples[at].positive == (score > 0.0));
    };
    for own in ladders.values() {
        own.iter().for_each(|&at| all.remove(&samples[at], &words[at]));
        if let Some(weights) = all.weights() {
            own.iter().for_each(|&at| say(at, &weights));
        } else {
            for &at in own {
                let mut beside = Counts::of(numbers.len());
                let number = samples[at].number;
                let others = own.iter().filter(|&&other| samples[other].number != number);
                others.for_each(|&other| beside.add(&samples[other], &words[other]));
                if let Some(weights) = beside.weights() {
                    say(at, &weights);
                }
            }
        }
        own.iter().for_each(|&at| all.add(&samples[at], &words[at]));
    }
    agreed
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
        samples.push(sample(12, 1, true, "Neither."));
        samples.push(sample(12, 1, false, "Neither."));
        let agreed = of_class(&samples);
        assert!(agreed[..24].iter().all(|agrees| *agrees == Some(true)), "{agreed:?}");
        assert_eq!(agreed[24..], [false, false, false, true].map(Some));
    }

    #[test]
    fn a_lone_ladder_asks_its_other_samples_and_few_tell_nothing() {
        let of = |side: bool, texts: &[&'static str]| -> Vec<Sample<'static>> {
            let one = |(text, number): (&&'static str, u32)| sample(7, number, side, text);
            texts.iter().zip(0..).map(one).collect()
        };
        let positive = [["a sad song"; 9].as_slice(), &["a gay day"]].concat();
        let negative = [&["a sad day"], ["a song"; 9].as_slice()].concat();
        let agreed = of_class(&[of(true, &positive), of(false, &negative)].concat());
        assert_eq!(agreed[..9], [Some(true); 9]);
        assert_eq!(agreed[9..11], [Some(false); 2]);
        assert_eq!(agreed[11..], [Some(true); 9]);
        let few = [of(true, &positive[..4]), of(false, &negative[1..5])].concat();
        assert_eq!(of_class(&few), [None; 8], "three others a side are too few");
    }

    #[test]
    fn the_formula_by_hand() {
        let by_hand = ((13.0_f64 / 17.0) / (2.0 / 22.0)).ln();
        assert!((weight([1, 12], [20, 15]) - by_hand).abs() < 1e-12);
        // 4 of 20 against 6 of 15 are 1.3 standard errors apart.
        assert_eq!(weight([4, 6], [20, 15]), 0.0);
    }
}
