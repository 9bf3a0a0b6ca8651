//! Items: questions, their options where there are any, and the right answers.

use std::collections::HashSet;
use std::path::Path;

use super::csv;
use super::layout::{self, Layout};
use crate::error::{Error, Result};
use crate::lines::objects;

/// The most options that a question may have: the grader knows the letters A to J.
pub const MOST_OPTIONS: usize = 10;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name: what the file calls it, else the number of its line.
    pub key: String,
    /// The question, without options.
    pub question: String,
    /// The texts of the options, A first; none where any answer may be given.
    pub options: Vec<String>,
    /// The right answer; the letter of the right option where there are options.
    pub answer: String,
    /// What it is about, if told.
    pub category: Option<String>,
    /// How hard it is, if told.
    pub level: Option<String>,
    /// The line that it came from, from 1; of items that were made, their number.
    pub line: u64,
}

/// The items of one file, or those that were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    /// In the order of the file.
    pub list: Vec<Item>,
    /// The layout of the file; `None` of items that were made.
    pub layout: Option<Layout>,
    /// Blake3 over keys, questions, options and answers, in hexadecimal.
    pub digest: String,
    /// Keys that an earlier item has too.
    pub repeated_keys: Vec<String>,
    /// Keys of items whose question and options an earlier item has too.
    pub repeated_questions: Vec<String>,
    /// Keys of items with another option that reads as the right one does.
    pub ambiguous: Vec<String>,
}

/// How a file is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Its layout; `None` takes the one that the keys of the first row tell.
    pub layout: Option<Layout>,
    /// The seed of the order of options, where the file has none.
    pub seed: u64,
}

/// Reads a file of one JSON object a line, a JSON array, a Parquet file, or a table whose name ends
/// in `.csv`.
///
/// # Errors
/// A file that cannot be read, or that holds no row; a layout that the keys do not tell; a row
/// that lacks a key of its layout, or has a value there that cannot be.
pub fn load(path: &Path, reading: Reading) -> Result<Items> {
    let (mut list, mut known) = (Vec::new(), reading.layout);
    let mut each = |line, row: &_| {
        let layout = match known {
            Some(layout) => layout,
            None => *known.insert(Layout::of(row)?),
        };
        list.push(layout::item(layout, row, line, reading.seed)?);
        Ok(())
    };
    if csv::is_named(path) {
        csv::objects(path, &mut each)?;
    } else {
        objects(path, &mut each)?;
    }
    if list.is_empty() {
        return Err(Error::content(path, "no question in it"));
    }
    Ok(gather(list, known))
}

/// Items with their digest and what is odd about them.
pub(super) fn gather(list: Vec<Item>, layout: Option<Layout>) -> Items {
    let mut hasher = blake3::Hasher::new();
    let (mut keys, mut questions) = (HashSet::new(), HashSet::new());
    let mut items = Items {
        list: Vec::new(),
        layout,
        digest: String::new(),
        repeated_keys: Vec::new(),
        repeated_questions: Vec::new(),
        ambiguous: Vec::new(),
    };
    for item in &list {
        let Item { key, question, options, answer, .. } = item;
        let row = serde_json::json!([key, question, options, answer]).to_string();
        hasher.update(&(row.len() as u64).to_le_bytes()).update(row.as_bytes());
        if !keys.insert(key) {
            items.repeated_keys.push(key.clone());
        }
        if !questions.insert((question, options)) {
            items.repeated_questions.push(key.clone());
        }
        let right = item.right_option();
        if right.is_some_and(|right| options.iter().filter(|o| o.trim() == right).count() > 1) {
            items.ambiguous.push(key.clone());
        }
    }
    items.digest = hasher.finalize().to_hex().to_string();
    items.list = list;
    items
}

impl Item {
    /// The text of the right option, where there are options.
    pub fn right_option(&self) -> Option<&str> {
        let letter = self.answer.chars().next()?;
        let mut letters = ('A'..='J').zip(&self.options);
        letters.find(|(other, _)| *other == letter).map(|(_, option)| option.trim())
    }
}
