//! `heedful ablate`: variants of a recipe, compared.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::run::{self, Which};
use crate::error::{Error, Result};
use crate::place::Place;
use crate::run::ablate;

/// Run variants of a recipe and compare them in one report.
///
/// Stages that variants have in common run once. The grid names the variants and what is other in
/// each; the first is what the others are compared with, paired by prompt.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful ablate --only default,control --seeds 1,2,3
  heedful ablate recipes/smollm2.toml --grid grid.toml --out out/ablation")]
pub(super) struct Ablate {
    #[command(flatten)]
    which: Which,
    /// Variants, in TOML: `[[variant]]` with `name` and `set` (see recipes/ablation.toml); by
    /// default the embedded grid.
    #[arg(long, value_name = "FILE")]
    grid: Option<PathBuf>,
    /// Only these variants, by commas.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<String>,
    /// Each variant with each of these seeds, by commas; by default the recipe's.
    #[arg(long, value_delimiter = ',', value_name = "LIST", conflicts_with = "seed")]
    seeds: Vec<u64>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Ablate {
    pub(super) fn run(self, place: Place, quiet: bool) -> Result<bool> {
        let mut grid = ablate::read(self.grid.as_deref())?;
        if let Some(name) =
            self.only.iter().find(|name| !grid.variant.iter().any(|one| one.name == **name))
        {
            return Err(Error::usage(format!("--only {name}: no such variant")));
        }
        if !self.only.is_empty() {
            grid.variant.retain(|one| self.only.contains(&one.name));
        }
        let (recipe, folder) = self.which.read(&[])?;
        let seeds = if self.seeds.is_empty() { vec![recipe.seed] } else { self.seeds.clone() };
        let mut rows = Vec::new();
        for seed in seeds {
            let mut first = None;
            for variant in &grid.variant {
                if !quiet {
                    eprintln!("== {}, seed {seed}", variant.name);
                }
                let mut set = variant.set.clone();
                set.push(format!("seed={seed}"));
                let (recipe, _) = self.which.read(&set)?;
                let cycle = run::cycle(&recipe, place)?;
                let results = folder.join(format!("{}-{seed}", variant.name));
                let found = run::watched(&cycle, &folder, &results, None, quiet)?;
                rows.push(ablate::row(variant, &found, first.as_ref())?);
                first.get_or_insert(found);
                ablate::write(&folder, &rows)?;
            }
        }
        let page = ablate::write(&folder, &rows)?;
        if self.json {
            super::print_json(&json!({"report": page, "rows": rows}))?;
        } else {
            super::print(&format!("{}report {}\n", text(&rows), page.display()))?;
        }
        Ok(true)
    }
}

/// The table for a terminal.
fn text(rows: &[ablate::Row]) -> String {
    let mut text = String::from(
        "| variant | seed | before | after | gain [95 %] | greedy gain [95 %] |\n\
         |---|---:|---:|---:|---:|---:|\n",
    );
    for row in rows {
        let mut cells = vec![row.variant.clone(), row.seed.to_string()];
        cells.extend([row.test.sampled.before, row.test.sampled.after].map(|x| format!("{x:.1}")));
        for gain in [&row.test.sampled, &row.test.greedy] {
            let (low, high) = (gain.interval.low, gain.interval.high);
            cells.push(format!("{:+.1} [{low:+.1}, {high:+.1}]", gain.gain_points));
        }
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}
