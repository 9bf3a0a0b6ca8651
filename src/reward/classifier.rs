//! A trained classifier that answers questions.

use std::path::{Path, PathBuf};
use std::time::Instant;

use heedful_models::scorer::Scorer;
use heedful_models::{Checkpoint, Tokenizer};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::template::{self, Template};
use crate::error::{Error, Result};
use crate::place::Place;

/// The file beside the weights.
pub const FILE: &str = "reward.json";

/// Tokens that go through the model at once.
const TOKENS: usize = 4096;

/// Does the response satisfy the constraint?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// What was to be done, without its constraints where that is known.
    pub instruction: &'a str,
    /// The constraint, as a prompt says it.
    pub constraint: &'a str,
    /// The answer, without its reasoning.
    pub response: &'a str,
}

/// What `reward.json` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The template's version.
    pub template: String,
    /// How questions are written.
    #[serde(flatten)]
    pub input: Template,
    /// What the difference of the scores is divided by.
    pub temperature: f64,
}

/// A classifier.
pub struct Classifier {
    tokenizer: Tokenizer,
    scorer: Scorer,
    card: Card,
    path: PathBuf,
    asked: u64,
    seconds: f64,
}

impl Classifier {
    /// The classifier in the folder `path`, there.
    ///
    /// # Errors
    /// No classifier with a `reward.json`, or one of another template.
    pub fn open(path: &Path, place: Place) -> Result<Classifier> {
        let file = path.join(FILE);
        let text = std::fs::read_to_string(&file).map_err(|e| Error::io(&file, e))?;
        let refuse = |problem: String| Error::usage(format!("{}: {problem}", file.display()));
        let card: Card = serde_json::from_str(&text).map_err(|e| refuse(e.to_string()))?;
        if card.template != template::VERSION {
            let (found, known) = (&card.template, template::VERSION);
            return Err(refuse(format!("the template `{found}`: this version knows `{known}`")));
        }
        let sound = card.temperature.is_finite() && card.temperature > 0.0;
        if !sound || card.input.length > TOKENS {
            let Card { input, temperature, .. } = card;
            let problem = format!("a length of {} at a temperature of {temperature}", input.length);
            return Err(refuse(problem));
        }
        let checkpoint = Checkpoint::open(path)?;
        let device = place.open()?;
        let scorer = Scorer::open(device, &checkpoint, card.input.length, TOKENS)?;
        if !(1..=2).contains(&scorer.labels()) {
            return Err(refuse(format!("a classifier of {} labels", scorer.labels())));
        }
        let (tokenizer, path) = (checkpoint.tokenizer()?, path.to_owned());
        Ok(Classifier { tokenizer, scorer, card, path, asked: 0, seconds: 0.0 })
    }

    /// The probability of each question's yes, in [0, 1] and in their order.
    ///
    /// # Errors
    /// A constraint that is too long for the template, weights that give no number.
    pub fn score(&mut self, questions: &[Question<'_>]) -> Result<Vec<f32>> {
        let scale = (1.0 / self.card.temperature) as f32;
        let logits = self.logits(questions)?;
        Ok(logits.into_iter().map(|logit| sigmoid(logit * scale)).collect())
    }

    /// The log-odds of each question's yes, before the temperature.
    fn logits(&mut self, questions: &[Question<'_>]) -> Result<Vec<f32>> {
        let began = Instant::now();
        let encode = |question: &Question<'_>| self.card.input.encode(&self.tokenizer, question);
        let sequences = questions.par_iter().map(encode).collect::<Result<Vec<_>>>()?;
        let scores = self.scorer.score(&sequences)?;
        let logits: Vec<f32> = scores.chunks_exact(self.scorer.labels()).map(odds).collect();
        self.asked += questions.len() as u64;
        self.seconds += began.elapsed().as_secs_f64();
        if logits.iter().all(|logit| logit.is_finite()) {
            return Ok(logits);
        }
        Err(Error::usage(format!("{}: scores that are no numbers", self.path.display())))
    }

    /// Questions that were answered, and the seconds that they took.
    pub fn spent(&self) -> (u64, f64) {
        (self.asked, self.seconds)
    }
}

/// The log-odds of the second label, or of the only one.
pub(crate) fn odds(scores: &[f32]) -> f32 {
    match scores {
        [no, yes] => yes - no,
        [only, ..] => *only,
        [] => f32::NAN,
    }
}

/// 1 / (1 + e⁻ˣ)
pub(crate) fn sigmoid(x: f32) -> f32 {
    let small = (-x.abs()).exp();
    if x >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}
