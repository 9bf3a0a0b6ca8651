//! IFBench (Pyatkin et al. 2025, arXiv 2507.02833): constraints that nobody trains on.

use crate::catalogue::{Benchmark, Scoring};
use crate::published;

/// What it is.
pub static ABOUT: Benchmark = Benchmark {
    name: "ifbench",
    title: "IFBench: 300 prompts with 1 or 2 of 58 constraints outside IFEval",
    version: "allenai/IFBench db69a6f (2026-08-19), NLTK 3.9.1, syllapy 0.8.0",
    source: "https://github.com/allenai/IFBench; arXiv 2507.02833",
    licence: "code Apache-2.0, data ODC-BY-1.0",
    scoring: Scoring::Rules,
    metrics: &["prompt_strict", "inst_strict", "prompt_loose", "inst_loose"],
    headline: "prompt_loose",
    data: "data/IFBench_test.jsonl of the source",
    hub: Some(&published::IFBENCH),
    file: "ifbench/IFBench_test.jsonl",
    command: "heedful eval ifbench --prompts IFBench_test.jsonl --responses FILE",
};

#[cfg(test)]
mod tests;
