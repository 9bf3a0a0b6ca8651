//! Logistic regression on few features or on bags of words: what a classifier must beat.

use heedful_models::counter::Counter;

use super::classifier::{Question, sigmoid};

/// Slots that words are hashed into.
const SLOTS: usize = 1 << 18;

/// Passes over the examples.
const PASSES: u64 = 12;

/// What is seen of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Features {
    /// The logarithm of the response's length, and its square.
    Length,
    /// The words of the response, each alone and together with the constraint.
    Words,
}

/// A regression.
pub struct Linear {
    features: Features,
    weights: Vec<f32>,
}

impl Linear {
    /// Fits (question, label, weight) by AdaGrad (Duchi et al. 2011) in an order that depends on
    /// the seed alone.
    pub fn fit(features: Features, rows: &[(Question<'_>, bool, f32)], seed: u64) -> Linear {
        let mut weights = vec![0.0f32; SLOTS];
        let mut squares = vec![1e-6f32; SLOTS];
        let seen: Vec<Vec<(usize, f32)>> =
            rows.iter().map(|(question, ..)| features.of(question)).collect();
        for pass in 0..PASSES {
            let order = Counter::named("linear").split(seed).split(pass).order(rows.len());
            for at in order {
                let (_, label, weight) = rows[at];
                let target = f32::from(u8::from(label));
                let off = (sigmoid(dot(&weights, &seen[at])) - target) * weight;
                for &(slot, value) in &seen[at] {
                    // A little decay: most words stand in few responses.
                    let slope = off * value + 1e-5 * weights[slot];
                    squares[slot] += slope * slope;
                    weights[slot] -= 0.1 * slope / squares[slot].sqrt();
                }
            }
        }
        Linear { features, weights }
    }

    /// The probability of a yes.
    pub fn score(&self, question: &Question<'_>) -> f32 {
        sigmoid(dot(&self.weights, &self.features.of(question)))
    }
}

fn dot(weights: &[f32], seen: &[(usize, f32)]) -> f32 {
    seen.iter().map(|&(slot, value)| weights[slot] * value).sum()
}

impl Features {
    /// Slots and values; the first is the constant.
    fn of(self, question: &Question<'_>) -> Vec<(usize, f32)> {
        let mut seen = vec![(0, 1.0)];
        match self {
            Features::Length => {
                let length = (1.0 + question.response.chars().count() as f32).ln() - 5.0;
                seen.extend([(1, length), (2, length * length)]);
            }
            Features::Words => {
                let response = question.response.to_lowercase();
                let mut words: Vec<&str> = response.split(|c: char| !c.is_alphanumeric()).collect();
                words.sort_unstable();
                words.dedup();
                let constraint = question.constraint.to_lowercase();
                seen.push((slot("", &constraint), 1.0));
                // Long responses weigh no more than short ones.
                let each = 1.0 / (words.len().max(1) as f32).sqrt();
                for word in words {
                    seen.push((slot("", word), each));
                    seen.push((slot(&constraint, word), each));
                }
            }
        }
        seen
    }
}

fn slot(constraint: &str, word: &str) -> usize {
    let mut hasher = blake3::Hasher::new();
    hasher.update(constraint.as_bytes()).update(b"\0").update(word.as_bytes());
    let mut head = [0; 8];
    head.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    // The first slots are the constant and the lengths.
    8 + u64::from_le_bytes(head) as usize % (SLOTS - 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_what_lengths_do_not() {
        let texts: Vec<(String, bool)> = (0..200)
            .map(|at| (format!("the dog {} w{at}", ["runs", "rests"][at % 2]), at % 2 == 0))
            .collect();
        let question = |response| Question { instruction: "", constraint: "Be quick.", response };
        let rows: Vec<_> =
            texts.iter().map(|(text, label)| (question(text.as_str()), *label, 1.0)).collect();
        let right = |features| {
            let fitted = Linear::fit(features, &rows[..100], 1);
            let good = |(question, label, _): &&(Question<'_>, bool, f32)| {
                (fitted.score(question) > 0.5) == *label
            };
            rows[100..].iter().filter(good).count()
        };
        assert_eq!(right(Features::Words), 100);
        // `rests` is one letter longer than `runs`, and numbers are of two lengths.
        let longer = Linear::fit(Features::Length, &rows, 1);
        let scores = [longer.score(&question("ab")), longer.score(&question("abcdefgh"))];
        assert!(scores.iter().all(|p| (0.0..=1.0).contains(p)));
    }
}
