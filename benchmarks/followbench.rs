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
mod template;
#[cfg(test)]
mod tests;
mod verdict;

pub use figures::{CategoryFigures, Figures, Rates, aggregate, weighted};
pub use items::{Category, How, Item, Items, Language, load, load_category};
pub use judge::{PROMPT_VERSION, parse, request};
pub use rules::Rule;
pub use template::matches;
pub use verdict::{Verdict, decide};
