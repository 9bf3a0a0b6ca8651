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
mod steps;
mod tally;
#[cfg(test)]
mod tests;

pub use decide::{decide_rules, parts, settle};
pub use figures::{Figures, aggregate};
pub use item::{Composition, Decoy, How, Item, Question};
pub use judge::{PROMPT_VERSION, parse, request};
pub use load::{Items, load};
pub use make::{Made, Progress, STAGE, make, plan};
pub use recipe::{DEFAULT, Resolved, parse as parse_recipe, read as read_recipe};
