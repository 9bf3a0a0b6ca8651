//! Runs of words that benchmark prompts hold, to keep their like out of training data.

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Fault, Result};
use crate::rows::{self, Row};

/// Digests of every run of `n` words seen.
pub struct Grams {
    n: usize,
    seen: HashSet<u64>,
}

impl Grams {
    /// Nothing seen yet; runs have `n` words.
    pub fn new(n: usize) -> Grams {
        Grams { n: n.max(1), seen: HashSet::new() }
    }

    /// Adds the prompts of a file: rows with `prompt`, `instruction`, `question` or `messages`.
    ///
    /// # Errors
    /// A file that cannot be read, or a row without any of these keys.
    pub fn add_file(&mut self, path: &Path) -> Result<()> {
        for row in rows::open_strict(path)? {
            let row = row?;
            for text in texts(&row)? {
                self.add(text);
            }
        }
        Ok(())
    }

    /// Adds the runs of `text`; a shorter text is one run.
    pub fn add(&mut self, text: &str) {
        self.seen.extend(runs(text, self.n));
    }

    /// Whether `text` shares a run with what was seen.
    pub fn touches(&self, text: &str) -> bool {
        !self.seen.is_empty() && runs(text, self.n).iter().any(|run| self.seen.contains(run))
    }
}

/// What a row asks: its `prompt`, `instruction`, `question` and `messages`.
///
/// # Errors
/// A row without any of these keys.
pub fn texts(row: &Row) -> Result<Vec<&str>> {
    let mut texts = Vec::new();
    for key in ["prompt", "instruction", "question", "messages"] {
        match row.object.get(key) {
            Some(Value::String(text)) => texts.push(text.as_str()),
            Some(Value::Array(messages)) => {
                let contents = messages.iter().filter_map(|message| message.get("content"));
                texts.extend(contents.filter_map(Value::as_str));
            }
            _ => {}
        }
    }
    match texts.is_empty() {
        true => Err(Error::row(row.place.clone(), Fault::missing("prompt"))),
        false => Ok(texts),
    }
}

/// Digests of every run of `n` words of `text`, whatever their case and what stands between them;
/// of a shorter text, the digest of all its words.
pub fn runs(text: &str, n: usize) -> Vec<u64> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        return Vec::new();
    }
    words.windows(n.min(words.len())).map(digest).collect()
}

fn digest(words: &[String]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for word in words {
        hasher.update(word.as_bytes());
        hasher.update(b" ");
    }
    let mut head = [0; 8];
    head.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_run_is_found_across_case_and_punctuation() {
        let mut grams = Grams::new(4);
        grams.add("Write a story about two foxes, please.");
        assert!(grams.touches("Now: STORY about - two foxes!"));
        assert!(!grams.touches("A story of two foxes about nothing."));
        assert!(!grams.touches("foxes"));
        grams.add("Hello there");
        assert!(grams.touches("hello there"));
    }
}
