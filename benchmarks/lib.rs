//! Published tests: items, judging, metrics, statistics.

pub mod answer;
pub mod asked;
pub mod error;
pub mod fields;
pub mod finish;
pub mod ifeval;
pub mod items;
pub mod join;
pub mod lines;
pub mod metrics;
pub mod reasoning;
pub mod responses;
pub mod score;
pub mod scores;
pub mod statistics;
pub mod thinking;
pub mod truncation;

pub use error::{Error, Result};
