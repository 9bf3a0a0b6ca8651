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
mod sheet;
#[cfg(test)]
mod tests;

use crate::catalogue::{Benchmark, Scoring};

pub use aggregate::{Coherence, Reading, Statistics, aggregate, rely};
pub use items::{Item, Items, Question, generations, load};
pub use reply::{Answer, Extraction, extract, is_extraction, parse, parse_strictly};
pub use request::{PROMPT_VERSION, request};
pub use rule::{Fault, FaultKind, Verdict, decide};
pub use score::{Judgement, Scored, score};
pub use sheet::sheet;

/// What it is.
pub static ABOUT: Benchmark = Benchmark {
    name: "complexbench",
    title: "ComplexBench: 1,150 Chinese instructions composed by And, Chain, Selection, Nested",
    version: "thu-coai/ComplexBench 749f457; our own questions to judge and extractor",
    source: "https://github.com/thu-coai/ComplexBench; arXiv 2407.03978",
    licence: "MIT",
    scoring: Scoring::Judge,
    metrics: &["drfr", "instances"],
    headline: "drfr",
    data: "data/data_final.json of the source",
    hub: None,
    file: "complexbench/data_final.json",
    command: "heedful eval complexbench --items data_final.json --responses FILE \
              --judge-replies FILE",
};
