//! FollowBench (Jiang et al. 2024, arXiv 2310.20410): instructions that grow by one constraint a
//! level, five levels, in English and Chinese.
//!
//! Three figures: HSR, the share of answers of a level that satisfy all constraints; SSR, the mean
//! share of constraints satisfied; CSL, how many levels are satisfied in a row from the first. Most
//! answers are for a judge, some 150 for rules, those of the category *example* for a template.
//! The official figures are those of the repository's code, faults included.

mod figures;
mod items;
mod judge;
mod literal;
mod rules;
mod sheet;
mod template;
#[cfg(test)]
mod tests;
mod verdict;

use crate::catalogue::{Benchmark, Scoring};

pub use figures::{CategoryFigures, Figures, Rates, aggregate, weighted};
pub use items::{Category, How, Item, Items, Language, load, load_category};
pub use judge::{PROMPT_VERSION, marks, parse, reply, request};
pub use rules::Rule;
pub use sheet::{Decided, sheet};
pub use template::matches;
pub use verdict::{Verdict, decide};

/// What the English set is.
pub static ABOUT: Benchmark = Benchmark {
    name: "followbench",
    title: "FollowBench: 944 English instructions, six categories, up to five constraints",
    version: "YJiangcm/FollowBench 6278f4c; our own question to the judge",
    source: "https://github.com/YJiangcm/FollowBench; arXiv 2310.20410",
    licence: "Apache-2.0",
    scoring: Scoring::Judge,
    metrics: &["hsr", "ssr", "csl"],
    headline: "hsr",
    data: "the folder data of the source",
    file: "followbench/data",
    command: "heedful eval followbench --items data --responses FILE --judge-replies FILE",
};

/// What the Chinese set is.
pub static ABOUT_CHINESE: Benchmark = Benchmark {
    name: "followbench-zh",
    title: "FollowBench: the Chinese instructions",
    data: "the folder data_zh of the source",
    file: "followbench/data_zh",
    command: "heedful eval followbench-zh --items data_zh --responses FILE --judge-replies FILE",
    ..ABOUT
};
