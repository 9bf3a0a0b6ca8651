//! Benchmarks of our own making: instructions with constraints of two priorities, asked all at
//! once, step after step, by a condition, or nested, with a witness for what rules decide.
//!
//! `make` builds one from a recipe; the rest reads and scores it. Figures are those of CFBench
//! (CSR, ISR, PSR) and ComplexBench (DRFR with dependencies), by the same functions. Questions with
//! a rule are decided by it, those without by a judge.

mod build;
mod card;
mod clean;
mod compose;
mod condition;
mod decide;
mod figures;
mod item;
mod judge;
mod load;
mod make;
mod near;
mod pool;
mod prompt;
mod recipe;
mod sheet;
mod steps;
mod tally;
#[cfg(test)]
mod tests;

use crate::catalogue::{Benchmark, Scoring};

pub use decide::{decide_rules, parts, settle};
pub use figures::{Figures, aggregate};
pub use item::{Composition, Decoy, How, Item, Question};
pub use judge::{PROMPT_VERSION, about, parse, request};
pub use load::{Items, load};
pub use make::{Made, Progress, STAGE, make, plan};
pub use recipe::{DEFAULT, Resolved, parse as parse_recipe, read as read_recipe};
pub use sheet::sheet;

/// What it is.
pub static ABOUT: Benchmark = Benchmark {
    name: "made",
    title: "Made by `heedful benchmarks make`: composed by And, Chain, Selection, Nested",
    version: "heedful, the artifact's id; CFBench's and ComplexBench's figures",
    source: "a recipe: rules and soft types of this program",
    licence: "Apache-2.0",
    scoring: Scoring::Judge,
    metrics: &["psr", "csr", "isr", "drfr"],
    headline: "psr",
    data: "the folder that `heedful benchmarks make` wrote",
    hub: None,
    file: "",
    command: "heedful eval made --items out/benchmark-… --responses FILE --judge-replies FILE",
};
