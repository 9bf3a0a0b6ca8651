//! Transformers over the ops: load, tokenise, chat, sample, differentiate, save.
//!
//! Dense decoders of the Llama, Qwen2 and Qwen3 families, one code path by configuration.

pub mod backward;
pub mod batch;
pub mod cache;
pub mod chat;
pub mod checkpoint;
pub mod classifier;
pub mod config;
pub mod counter;
pub mod dialogue;
pub mod embedded;
pub mod engine;
pub mod error;
pub mod feed;
mod files;
pub mod forward;
pub mod fresh;
pub mod fuzz;
pub mod generate;
pub mod gguf;
pub mod lm_head;
pub mod metrics;
pub mod names;
pub mod optimizer;
pub mod packing;
pub mod params;
pub mod phase;
pub mod policy;
pub mod pull;
pub mod safetensors;
pub mod save;
pub mod schedule;
pub mod scorer;
pub mod sft;
pub mod state;
mod stops;
pub mod tensorboard;
pub mod tokenizer;
pub mod trainer;
pub mod transformer;
mod values;
pub mod workspace;

#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod card_tests;
#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod eight_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod parity_tests;

pub use checkpoint::Checkpoint;
pub use config::{Config, Family, RopeScaling};
pub use error::{Error, Result};
pub use pull::resolve;
pub use tokenizer::Tokenizer;
