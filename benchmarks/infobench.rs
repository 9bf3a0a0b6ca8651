//! InFoBench (Qin et al. 2024, arXiv 2401.03601): each instruction is decomposed into yes-or-no
//! questions, and the figure is the share of questions that a judge answers with yes.
//!
//! The judge is asked in one growing conversation an instance, which ends at the first reply that
//! is neither yes nor no. That reply counts as no, and the questions after it are left out of the
//! figure. Figures equal those of the official code (qinyiwei/InfoBench at 557fba0) on the same
//! replies.

mod aggregate;
mod conversation;
mod items;
mod sheet;
#[cfg(test)]
mod tests;

use crate::catalogue::{Benchmark, Scoring};

pub use aggregate::{Statistics, aggregate};
pub use conversation::{Answer, PROMPT_VERSION, Role, Step, Turn, next, parse, score};
pub use items::{Item, Items, Question, load};
pub use sheet::sheet;

/// What it is.
pub static ABOUT: Benchmark = Benchmark {
    name: "infobench",
    title: "InFoBench: 500 instructions decomposed into 2,250 yes-or-no questions",
    version: "qinyiwei/InfoBench 557fba0; our own question to the judge",
    source: "https://github.com/qinyiwei/InfoBench; arXiv 2401.03601",
    licence: "MIT",
    scoring: Scoring::Judge,
    metrics: &["drfr", "complete"],
    headline: "drfr",
    data: "the dataset kqsong/InFoBench as JSON Lines",
    file: "infobench/GPT4_output.jsonl",
    command: "heedful eval infobench --items FILE --responses FILE --judge-replies FILE",
};
