//! The reward classifier: whether a response satisfies a constraint, as a probability.
//!
//! Pairs of a response and a constraint with a label go in; what comes out is a checkpoint in the
//! Hugging Face layout (`…ForSequenceClassification`, two labels) with a `reward.json` that says
//! how its input is written and at which temperature its probabilities are right.

pub mod baselines;
pub mod classifier;
pub mod fit;
mod linear;
pub mod measure;
pub mod outcome;
pub mod pairs;
pub mod split;
pub mod template;
pub mod train;

pub use classifier::{Classifier, Question};
pub use pairs::Pair;
