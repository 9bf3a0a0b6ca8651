//! Reasoning: questions with one right answer, several samples each, checked by the grader.
//!
//! A policy that learns to follow instructions shall not forget how to reason. Items are read from
//! files in the layouts of GSM8K (Cobbe et al. 2021), MATH (Hendrycks et al. 2021), AIME, GPQA
//! (Rein et al. 2023) and MMLU-Pro (Wang et al. 2024), or made by [`own`], which needs no file. A
//! sample's reasoning block is removed, and its final answer compared by [`crate::answer`].

pub mod change;
pub mod check;
mod csv;
mod draw;
pub mod gather;
pub mod items;
pub mod layout;
pub mod metrics;
pub mod own;
pub mod prompt;
pub mod sheet;
#[cfg(test)]
mod tests;

use crate::catalogue::{Benchmark, Scoring};

/// What it is.
pub static ABOUT: Benchmark = Benchmark {
    name: "reasoning",
    title: "Reasoning: 336 items of our own in arithmetic, logic and science, or a file of others",
    version: "heedful, prompt 1; answers compared by the grader of the cycle",
    source: "made by code with its answers; files in the layouts of GSM8K, MATH, AIME, GPQA, \
             MMLU-Pro",
    licence: "Apache-2.0; of files, their own",
    scoring: Scoring::Answers,
    metrics: &["avg", "pass@k", "maj@k"],
    headline: "avg",
    data: "part of the program; or --items FILE",
    hub: None,
    file: "",
    command: "heedful eval reasoning --responses FILE",
};
