//! Transformers over the ops: load, tokenise, chat, sample, differentiate, save.
//!
//! Dense decoders of the Llama, Qwen2 and Qwen3 families, one code path by configuration.

pub mod backward;
pub mod batch;
pub mod chat;
pub mod checkpoint;
pub mod classifier;
pub mod config;
pub mod counter;
pub mod dialogue;
pub mod error;
pub mod feed;
pub mod forward;
pub mod lm_head;
pub mod metrics;
pub mod optimizer;
pub mod packing;
pub mod params;
pub mod schedule;
pub mod sft;
pub mod state;
pub mod tensorboard;
pub mod trainer;
pub mod transformer;
pub mod workspace;

#[cfg(test)]
mod parity_tests;

pub use config::{Config, Family, RopeScaling};
pub use error::{Error, Result};
