//! `heedful data demonstrate`: text of the grammar.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use heedful_datasets::grammar::Split;

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
  heedful data demonstrate --prompts test --rows 500 --out test.jsonl")]
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
        let what = match self.prompts {
            None => What::Demonstrations,
            Some(Part::Train) => What::Prompts(Split::Train),
            Some(Part::Dev) => What::Prompts(Split::Dev),
            Some(Part::Test) => What::Prompts(Split::Test),
            Some(Part::HeldOut) => What::Prompts(Split::HeldOut),
        };
        demonstrate::write(recipe, self.seed, what, self.first, self.rows, &self.out)?;
        Ok(true)
    }
}
