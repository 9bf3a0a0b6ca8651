//! IFEval (Zhou et al. 2023, arXiv 2311.07911).

use crate::catalogue::{Benchmark, Scoring};
use crate::published;

/// What it is.
pub static ABOUT: Benchmark = Benchmark {
    name: "ifeval",
    title: "IFEval: 541 prompts with 1 to 3 of 25 verifiable instructions",
    version: "google-research 26d8ccdab, letters as they are given (2025)",
    source: "https://github.com/google-research/google-research, \
             instruction_following_eval; arXiv 2311.07911",
    licence: "Apache-2.0",
    scoring: Scoring::Rules,
    metrics: &["prompt_strict", "inst_strict", "prompt_loose", "inst_loose"],
    headline: "prompt_strict",
    data: "instruction_following_eval/data/input_data.jsonl of the source",
    hub: Some(&published::IFEVAL),
    file: "ifeval/input_data.jsonl",
    command: "heedful eval ifeval --prompts input_data.jsonl --responses FILE",
};

#[cfg(test)]
mod tests;
