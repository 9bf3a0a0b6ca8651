//! `heedful benchmarks make`: a recipe made into a benchmark of our own.

use std::path::{Path, PathBuf};

use clap::Args;
use heedful_benchmarks::made::{self, Made};
use serde_json::{Value, json};

use crate::error::Result;
use crate::{progress, revision};

/// Make a benchmark from a recipe: rules, soft constraints, priorities and compositions.
///
/// Instructions ask for constraints all at once, step after step, by a condition that the prompt
/// decides, or nested. Each item has yes-or-no questions with priorities and what they rest on, and
/// a witness that every rule of the right branch accepts: no witness, no item. Families keep to
/// their share, near repeats are left out, and so are seed instructions that stand in the files
/// that the recipe names. Without a recipe, the embedded one is made. The same recipe gives the
/// same id and the same bytes; where its artifact is there already, no work is done.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful benchmarks make --init > mine.toml     a commented recipe, to change
  heedful benchmarks make mine.toml --out out    README.md, data/, cards/ and a manifest
  heedful data diff out/mine-1a2b3c4d5e6f out/mine-6f5e4d3c2b1a")]
pub(super) struct Make {
    /// The recipe, in TOML.
    #[arg(value_name = "RECIPE")]
    recipe: Option<PathBuf>,
    /// The folder that artifacts go into.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// Print a commented recipe that makes a benchmark as it is, and do nothing else.
    #[arg(long, conflicts_with_all = ["recipe", "json"])]
    init: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Make {
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        if self.init {
            super::print(made::DEFAULT)?;
            return Ok(true);
        }
        let recipe = match &self.recipe {
            Some(path) => made::read_recipe(path)?,
            None => made::parse_recipe(made::DEFAULT, "the embedded recipe", Path::new(""))?,
        };
        let bar = progress::bar("make", Some(recipe.items as u64), quiet);
        let tick = |done: made::Progress| bar.set_position(done.items as u64);
        let made = made::make(&recipe, &self.out, revision::current(), &tick)?;
        bar.finish_and_clear();
        let summary = summary(&made);
        if self.json {
            super::print_json(&summary)?;
        } else {
            super::print(&text(&made, &summary))?;
        }
        Ok(true)
    }
}

fn summary(made: &Made) -> Value {
    let manifest = &made.artifact.manifest;
    let count = |key: &str| manifest.counts.get(key).cloned().unwrap_or_default();
    let families = count("families");
    let used: Vec<u64> = families
        .as_object()
        .into_iter()
        .flat_map(|map| map.values())
        .filter_map(Value::as_u64)
        .collect();
    json!({
        "id": manifest.id,
        "items": manifest.rows,
        "compositions": count("compositions"),
        "levels": count("levels"),
        "questions": count("questions"),
        "families": used.iter().filter(|n| **n > 0).count(),
        "most_of_a_family": used.iter().max(),
        "seeds": count("seeds"),
        "seeds_left_out": count("seeds_left_out"),
        "contaminated": count("contaminated"),
        "path": made.artifact.path,
        "found": made.found,
    })
}

fn text(made: &Made, summary: &Value) -> String {
    let done = if made.found { "found" } else { "made" };
    let path = made.artifact.path.display();
    let id = &made.artifact.manifest.id;
    let mut text = format!("{done} {path}\nid {id}\n");
    for key in ["items", "compositions", "levels", "questions", "families", "most_of_a_family"] {
        text.push_str(&format!("{} {}\n", key.replace('_', " "), summary[key]));
    }
    text.push_str(&format!("seeds {}, left out {}\n", summary["seeds"], summary["seeds_left_out"]));
    for one in summary["contaminated"].as_array().into_iter().flatten() {
        let part = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        text.push_str(&format!("left out {}: found in {}\n", part("seed"), part("found_in")));
    }
    text
}
