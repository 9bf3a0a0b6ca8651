//! Reasoning: questions with one right answer, several samples each, checked by the grader.
//!
//! A policy that learns to follow instructions shall not forget how to reason. Items are read from
//! files in the layouts of GSM8K (Cobbe et al. 2021), MATH (Hendrycks et al. 2021), AIME, GPQA
//! (Rein et al. 2023) and MMLU-Pro (Wang et al. 2024), or made by [`own`], which needs no file. A
//! sample's reasoning block is removed, and its final answer compared by [`crate::answer`].

pub mod change;
pub mod check;
mod draw;
pub mod gather;
pub mod items;
pub mod layout;
pub mod metrics;
pub mod own;
pub mod prompt;
#[cfg(test)]
mod tests;
