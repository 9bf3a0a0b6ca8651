//! Published tests, and those of our own making: items, judging, metrics, statistics.

pub mod answer;
pub mod answered;
pub mod asked;
pub mod catalogue;
pub mod cfbench;
pub mod complexbench;
pub mod error;
pub mod exchange;
pub mod fields;
pub mod finish;
pub mod followbench;
pub mod ifbench;
pub mod ifeval;
pub mod infobench;
pub mod items;
pub mod join;
pub mod lines;
pub mod made;
pub mod metrics;
pub mod objects;
pub mod published;
pub mod reasoning;
pub mod responses;
pub mod score;
pub mod scores;
pub mod sheet;
pub mod statistics;
pub mod thinking;
pub mod truncation;
pub mod verifiable;

pub use error::{Error, Result};
