//! ComplexBench (Wen et al. 2024, arXiv 2407.03978): instructions composed of constraints, each
//! split into yes-or-no questions that depend on one another.
//!
//! A question without a rule goes to a judge. For one with a rule a model extracts what is scored,
//! the *objects*, and the rule decides. A question counts as satisfied only if those that it
//! depends on are satisfied too. Figures equal those of the official code (thu-coai/ComplexBench at
//! 749f457) on the same replies.

mod aggregate;
mod items;
mod reply;
mod request;
mod rule;
mod score;
#[cfg(test)]
mod tests;

pub use aggregate::{Coherence, Reading, Statistics, aggregate, rely};
pub use items::{Item, Items, Question, generations, load};
pub use reply::{Answer, Extraction, extract, parse};
pub use request::{PROMPT_VERSION, request};
pub use rule::{Fault, FaultKind, Verdict, decide};
pub use score::{Judgement, Scored, score};
