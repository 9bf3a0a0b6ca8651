//! What the classifier is measured beside, on the same pairs and in the same run.

use heedful_benchmarks::statistics::binary;
use serde::{Deserialize, Serialize};

use super::classifier::Question;
use super::linear::{Features, Linear};
use super::pairs::Pair;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// The share of positives, whatever the question.
    Majority,
    /// Logistic regression on the response's length.
    Length,
    /// Logistic regression on the response's words, alone and with the constraint.
    Words,
    /// The same backbone with one score, trained to put the better response of two above the
    /// other; a logistic curve fitted on dev makes it a probability.
    BradleyTerry,
}

impl Baseline {
    /// All of them.
    pub const ALL: [Baseline; 4] =
        [Baseline::Majority, Baseline::Length, Baseline::Words, Baseline::BradleyTerry];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        ["majority", "length", "words", "bradley-terry"][self as usize]
    }
}

/// A baseline that needs no model.
pub enum Simple {
    /// The share of positives.
    Majority(f32),
    /// A regression.
    Linear(Box<Linear>),
}

impl Simple {
    /// Fits one to these pairs; `None` for one that needs a model.
    pub fn fit(which: Baseline, pairs: &[&Pair], weights: [f32; 2], seed: u64) -> Option<Simple> {
        let positives: f32 = pairs.iter().filter(|pair| pair.label).map(|_| weights[1]).sum();
        let negatives: f32 = pairs.iter().filter(|pair| !pair.label).map(|_| weights[0]).sum();
        let rows = || -> Vec<(Question<'_>, bool, f32)> {
            let row = |pair: &&'_ Pair| weights[usize::from(pair.label)];
            pairs.iter().map(|pair| (pair.question(), pair.label, row(pair))).collect()
        };
        let linear = |features| Simple::Linear(Box::new(Linear::fit(features, &rows(), seed)));
        match which {
            Baseline::Majority => Some(Simple::Majority(positives / (positives + negatives))),
            Baseline::Length => Some(linear(Features::Length)),
            Baseline::Words => Some(linear(Features::Words)),
            Baseline::BradleyTerry => None,
        }
    }

    /// The probability of each question's yes.
    pub fn score(&self, questions: &[Question<'_>]) -> Vec<f32> {
        match self {
            Simple::Majority(share) => vec![*share; questions.len()],
            Simple::Linear(linear) => questions.iter().map(|q| linear.score(q)).collect(),
        }
    }
}

/// Couples of a positive and a negative of one rung: the first with the first and so on.
pub fn couples(pairs: &[Pair], part: &[usize]) -> Vec<(usize, usize)> {
    let mut rungs = std::collections::BTreeMap::<&str, [Vec<usize>; 2]>::new();
    for &at in part {
        let sides = rungs.entry(&pairs[at].rung).or_default();
        sides[usize::from(pairs[at].label)].push(at);
    }
    let coupled = rungs.into_values().flat_map(|[worse, better]| better.into_iter().zip(worse));
    let mut all: Vec<(usize, usize)> = coupled.collect();
    all.sort_unstable();
    all
}

/// Scores as probabilities, by a curve that was fitted to others.
pub fn curve(scores: &[f32], [a, b]: [f64; 2]) -> Vec<f32> {
    let one = |x: &f32| super::classifier::sigmoid((a * f64::from(*x) + b) as f32);
    scores.iter().map(one).collect()
}

/// The curve for these scores.
pub fn fit_curve(scores: &[f32], pairs: &[&Pair]) -> [f64; 2] {
    let rows = scores.iter().zip(pairs).map(|(score, pair)| (*score, pair.label));
    binary::platt(&rows.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(rung: &str, label: bool) -> Pair {
        Pair {
            group: rung.to_owned(),
            rung: rung.to_owned(),
            instruction: String::new(),
            constraint: "c".to_owned(),
            response: "r".to_owned(),
            label,
            id: String::new(),
            soft: false,
            truth: None,
        }
    }

    #[test]
    fn couples_are_of_one_rung() {
        let pairs =
            [("a", true), ("b", false), ("a", false), ("a", true), ("b", true), ("b", true)]
                .map(|(rung, label)| pair(rung, label));
        assert_eq!(couples(&pairs, &[0, 1, 2, 3, 4, 5]), [(0, 2), (4, 1)]);
        assert_eq!(couples(&pairs, &[0, 1]), []);
    }

    #[test]
    fn the_majority_is_a_share() {
        let pairs = [true, false, false, false].map(|label| pair("a", label));
        let pairs: Vec<&Pair> = pairs.iter().collect();
        let scores = |weights| {
            let fitted = Simple::fit(Baseline::Majority, &pairs, weights, 0);
            fitted.unwrap().score(&[pairs[0].question()])[0]
        };
        assert_eq!((scores([1.0, 1.0]), scores([1.0, 3.0])), (0.25, 0.5));
        assert!(Simple::fit(Baseline::BradleyTerry, &pairs, [1.0; 2], 0).is_none());
    }
}
