//! `heedful constraints`: what can be asked for, and what is wrong with a dataset that asks.

mod catalogue;
mod check;
mod layout;
mod literal;

pub use catalogue::{list, show};
pub use check::{CheckOptions, check};
