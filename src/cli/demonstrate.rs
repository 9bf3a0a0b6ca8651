//! `heedful data demonstrate`: text of the grammar.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use heedful_datasets::grammar::{MOST, Split};

use crate::demonstrate::{self, Groups, What};
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
  heedful data demonstrate --prompts train --levels 0-2 --rows 500 --out ladders.jsonl
  heedful data demonstrate --groups 50 --size 5 --out groups.jsonl")]
pub(super) struct Demonstrate {
    /// The recipe, in TOML (see recipes/demonstrations.toml); by default the embedded one.
    #[arg(value_name = "RECIPE")]
    recipe: Option<PathBuf>,
    /// How many rows; of prompts, how many ladders.
    #[arg(long, value_name = "N", required_unless_present = "groups", conflicts_with = "groups")]
    rows: Option<u64>,
    /// The number of the first.
    #[arg(long, value_name = "N", default_value_t = 0)]
    first: u64,
    /// Of all draws.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write prompts of this split, a row a level, and no answers. With --groups, the split that
    /// their prompts are of; by default `test`.
    #[arg(long, value_enum, value_name = "SPLIT")]
    prompts: Option<Part>,
    /// Levels of the prompts: the lowest and the highest; 0 asks for nothing.
    #[arg(long, value_name = "LOW-HIGH", default_value = "1-5", requires = "prompts")]
    #[arg(value_parser = levels)]
    levels: (usize, usize),
    /// Write so many graded groups: a prompt's first constraints, and as many answers, of which
    /// each obeys one more than the one before.
    #[arg(long, value_name = "N", conflicts_with = "levels")]
    groups: Option<u64>,
    /// Constraints, and answers, of a group: 2 to 5.
    #[arg(long, value_name = "K", default_value_t = MOST, requires = "groups")]
    size: usize,
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
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        let recipe = demonstrate::recipe(self.recipe.as_deref())?;
        if let Some(wanted) = self.groups {
            let split = self.prompts.map_or(Split::Test, Part::split);
            let groups = Groups { split, size: self.size, wanted };
            let written = demonstrate::groups(recipe, self.seed, groups, self.first, &self.out)?;
            if !quiet {
                eprintln!("{} groups; {} prompts left out", written.groups, written.left_out);
            }
            return Ok(true);
        }
        let (low, high) = self.levels;
        let what = match self.prompts {
            None => What::Demonstrations,
            Some(part) => What::Prompts(part.split(), low, high),
        };
        let rows = self.rows.unwrap_or(0);
        demonstrate::write(recipe, self.seed, what, self.first, rows, &self.out)?;
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
