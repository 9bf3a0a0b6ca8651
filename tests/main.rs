//! One integration binary over the real command line.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod benchmarks;
mod data_build;
mod doctor;
mod embedded;
mod eval;
mod fuzz;
mod generate;
mod hostile;
mod judges;
mod make;
mod models;
mod pairs;
mod policy;
mod pull;
mod reward;
mod run;
mod suites;
mod tidy;
mod train;
mod util;
mod verify;
