//! Transformers over the ops: load, tokenise, chat, sample, differentiate, save.
//!
//! Dense decoders of the Llama, Qwen2 and Qwen3 families, one code path by configuration.

pub mod chat;
pub mod config;
pub mod error;

pub use config::{Config, Family, RopeScaling};
pub use error::{Error, Result};
