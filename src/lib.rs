//! The stages of heedful, one file each, and its command line.

pub mod asked;
pub mod best;
pub mod cli;
pub mod constraints;
pub mod contest;
pub mod demonstrate;
pub mod doctor;
pub mod error;
pub mod evaluate;
pub mod generate;
pub mod groups;
pub mod header;
pub mod judge;
pub mod judged;
pub mod models;
pub mod outcome;
pub mod pairs;
pub mod place;
pub mod progress;
pub mod published;
pub mod reasoning;
pub mod report;
pub mod revision;
pub mod reward;
pub mod run;
pub mod score;
pub mod train;
pub mod verify;
pub mod whole;

pub use error::{Error, Result};
