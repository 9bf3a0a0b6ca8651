//! Transformers over the ops: load, tokenise, chat, sample, differentiate, save.
//!
//! Dense decoders of the Llama, Qwen2 and Qwen3 families, one code path by configuration.

pub mod checkpoint;
pub mod config;
pub mod error;
mod files;
#[cfg(test)]
mod fixture;
pub mod fuzz;
pub mod gguf;
pub mod names;
pub mod pull;
pub mod safetensors;
pub mod save;
pub mod tokenizer;
mod values;

pub use checkpoint::Checkpoint;
pub use config::{Config, Family, RopeScaling};
pub use error::{Error, Result};
pub use pull::resolve;
pub use tokenizer::Tokenizer;
