//! Sentences, words and the language of a text, exactly as the published scorers find them.
//!
//! The data files come from `scripts/`; NOTICE names their sources.

mod clitics;
#[cfg(test)]
pub(crate) mod goldens;
pub mod langdetect;
pub mod marked_sentences;
mod profiles;
#[cfg(test)]
mod properties;
pub mod punkt;
mod punkt_tables;
pub mod syllables;
pub mod tagger;
mod tagger_table;
pub mod tokenize;
pub mod twister;
