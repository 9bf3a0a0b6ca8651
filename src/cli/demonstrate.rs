//! `heedful data demonstrate`: text of the grammar.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use heedful_datasets::grammar::{MOST, Split};

use crate::demonstrate::{self, What};
use crate::error::Result;

/// Write conversations of the small grammar that the embedded model was trained on, as JSON Lines.
///
/// Instructions ask for 0 to 5 constraints; the answers obey part of them, as the rules' own checks
/// decide. Row n depends on the recipe, the seed and n alone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful data demonstrate --rows 100000 --out train.jsonl
  heedful data demonstrate --rows 2000 --first 100000 --out dev.jsonl
  heedful data demonstrate --prompts test --rows 500 --out test.jsonl
  heedful data demonstrate --prompts train --levels 0-2 --rows 500 --out ladders.jsonl")]
pub(super) struct Demonstrate {
    /// The recipe, in TOML (see recipes/demonstrations.toml); by default the embedded one.
    #[arg(value_name = "RECIPE")]
    recipe: Option<PathBuf>,
    /// How many rows; of prompts, how many ladders.
    #[arg(long, value_name = "N")]
    rows: u64,
    /// The number of the first.
    #[arg(long, value_name = "N", default_value_t = 0)]
    first: u64,
    /// Of all draws.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write prompts of this split, a row a level, and no answers.
    #[arg(long, value_enum, value_name = "SPLIT")]
    prompts: Option<Part>,
    /// Levels of the prompts: the lowest and the highest; 0 asks for nothing.
    #[arg(long, value_name = "LOW-HIGH", default_value = "1-5", requires = "prompts")]
    #[arg(value_parser = levels)]
    levels: (usize, usize),
    /// Where the rows go; `-` is standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Part {
    Train,
    Dev,
    Test,
    HeldOut,
}

impl Demonstrate {
    pub(super) fn run(self) -> Result<bool> {
        let recipe = demonstrate::recipe(self.recipe.as_deref())?;
        let (low, high) = self.levels;
        let what = match self.prompts {
            None => What::Demonstrations,
            Some(part) => What::Prompts(part.split(), low, high),
        };
        demonstrate::write(recipe, self.seed, what, self.first, self.rows, &self.out)?;
        Ok(true)
    }
}

impl Part {
    fn split(self) -> Split {
        match self {
            Part::Train => Split::Train,
            Part::Dev => Split::Dev,
            Part::Test => Split::Test,
            Part::HeldOut => Split::HeldOut,
        }
    }
}

/// `0-3` or `2`.
fn levels(text: &str) -> std::result::Result<(usize, usize), String> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let number = |part: &str| part.parse().map_err(|_| format!("`{part}` is no level"));
    match (number(low)?, number(high)?) {
        (low, high) if low <= high && high <= MOST => Ok((low, high)),
        _ => Err(format!("levels go up, from 0 to {MOST}")),
    }
}
