//! The stage `data demonstrate`: conversations and prompts of the grammar, which the embedded model
//! was trained on.

use std::path::Path;

use heedful_datasets::grammar::{Demonstrations, MOST, Recipe, Split};
use heedful_datasets::groups::{self, Written};

use crate::error::{Error, Result};
use crate::whole;

/// The recipe of the embedded model's text.
const EMBEDDED: &str = include_str!("../recipes/demonstrations.toml");

/// What is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Instructions with answers that obey some of their constraints.
    Demonstrations,
    /// Ladders of instructions alone, of one split, with their levels from the first number to the
    /// second; level 0 asks for nothing.
    Prompts(Split, usize, usize),
}

/// The graded groups that are to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Groups {
    /// Of the prompts.
    pub split: Split,
    /// Constraints of each.
    pub size: usize,
    /// How many.
    pub wanted: u64,
}

/// The recipe in the file at `path`; the embedded one without.
///
/// # Errors
/// A file that cannot be read, or is no recipe.
pub fn recipe(path: Option<&Path>) -> Result<Recipe> {
    let Some(path) = path else {
        return Recipe::parse(EMBEDDED).map_err(|e| Error::usage(e.to_string()));
    };
    let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    Recipe::parse(&text).map_err(|e| Error::usage(format!("{}: {e}", path.display())))
}

/// Writes `rows` draws from the number `first` on as JSON Lines to `out`, or to standard output
/// where that is `-`. The same arguments give the same bytes.
///
/// # Errors
/// A recipe that cannot be used; a file that cannot be written.
pub fn write(
    recipe: Recipe,
    seed: u64,
    what: What,
    first: u64,
    rows: u64,
    out: &Path,
) -> Result<()> {
    let usage = |e: heedful_datasets::grammar::Error| Error::usage(e.to_string());
    let drawn = Demonstrations::new(recipe, seed).map_err(usage)?;
    let last = first
        .checked_add(rows)
        .ok_or_else(|| Error::usage(format!("{rows} rows from number {first} on")))?;
    whole::write(out, |mut out| {
        match what {
            What::Demonstrations => drawn.write_jsonl(&mut out, first..last),
            What::Prompts(split, low, high) => {
                drawn.write_prompts(&mut out, split, low..=high, first..last)
            }
        }
        .map_err(usage)
    })
}

/// Writes graded groups of prompts from the number `first` on as JSON Lines to `out`, or to
/// standard output where that is `-`. The same arguments give the same bytes.
///
/// # Errors
/// A recipe or a size that cannot be used; a file that cannot be written; prompts that
/// give too few.
pub fn groups(
    recipe: Recipe,
    seed: u64,
    Groups { split, size, wanted }: Groups,
    first: u64,
    out: &Path,
) -> Result<Written> {
    if !(2..=MOST).contains(&size) {
        return Err(Error::usage(format!("--size {size}: expected 2 to {MOST}")));
    }
    let drawn = Demonstrations::new(recipe, seed).map_err(|e| Error::usage(e.to_string()))?;
    // Few prompts give none; where most do, the recipe has no such groups.
    let tries = wanted.saturating_mul(8).saturating_add(100).min(1 << 40) as usize;
    whole::write(out, |out| {
        let make = |at: usize| drawn.group(split, first.saturating_add(at as u64), size);
        Ok(groups::write(out, wanted, 0..tries, make)?)
    })
}
