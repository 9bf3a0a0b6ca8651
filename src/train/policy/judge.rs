//! Who decides whether soft constraints are satisfied.

use crate::error::{Error, Result};
use crate::reward::classifier::Classifier;
pub use crate::reward::classifier::Question;

/// A judge of soft constraints.
pub trait Judge {
    /// The probability of each question's yes, in [0, 1] and in their order.
    ///
    /// # Errors
    /// Of the judge.
    fn score(&mut self, questions: &[Question<'_>]) -> Result<Vec<f32>>;
}

impl Judge for Classifier {
    fn score(&mut self, questions: &[Question<'_>]) -> Result<Vec<f32>> {
        Classifier::score(self, questions)
    }
}

/// Asks, and holds the judge to its contract.
pub(super) fn ask(judge: &mut dyn Judge, questions: &[Question<'_>]) -> Result<Vec<f32>> {
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    let scores = judge.score(questions)?;
    if scores.len() == questions.len() && scores.iter().all(|p| (0.0..=1.0).contains(p)) {
        return Ok(scores);
    }
    let (found, wanted) = (scores.len(), questions.len());
    Err(Error::usage(format!("{found} scores in [0, 1] for {wanted} questions of the judge")))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A judge by a function.
    pub(crate) struct By<F>(pub(crate) F);

    impl<F: FnMut(&Question<'_>) -> f32> Judge for By<F> {
        fn score(&mut self, questions: &[Question<'_>]) -> Result<Vec<f32>> {
            Ok(questions.iter().map(&mut self.0).collect())
        }
    }

    #[test]
    fn scores_that_are_no_probabilities_are_refused() {
        let question = Question { instruction: "i", constraint: "c", response: "r" };
        assert_eq!(ask(&mut By(|_: &Question<'_>| 0.25), &[question]).unwrap(), [0.25]);
        for bad in [f32::NAN, -0.1, 1.5] {
            assert!(ask(&mut By(|_: &Question<'_>| bad), &[question]).is_err());
        }
    }
}
