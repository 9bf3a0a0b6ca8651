//! `heedful build`: a recipe made into a dataset.

use std::path::{Path, PathBuf};

use clap::Args;
use heedful_datasets::recipe::{self, Amount};
use heedful_datasets::stage::{self, Built};
use serde_json::{Value, json};

use crate::error::Result;
use crate::{progress, revision};

/// Build a multi-constraint dataset from a recipe.
///
/// Without a recipe, the embedded one is built. The same recipe gives the same id and the same
/// bytes; where its artifact is there already, no work is done. A build that is killed leaves no
/// artifact, and a rerun completes it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful build                                  the embedded recipe, into ./out
  heedful build --init > my.toml                 the same recipe, commented, to change
  heedful build my.toml --out data --json        one line {id, path, rows, levels, ...}")]
pub(super) struct Build {
    /// The recipe, in TOML.
    #[arg(value_name = "RECIPE")]
    recipe: Option<PathBuf>,
    /// The folder that artifacts go into.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// Print a commented recipe that builds as it is, and do nothing else.
    #[arg(long, conflicts_with_all = ["recipe", "json"])]
    init: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Build {
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        if self.init {
            super::print(recipe::DEFAULT)?;
            return Ok(true);
        }
        let recipe = match &self.recipe {
            Some(path) => recipe::read(path)?,
            None => recipe::parse(recipe::DEFAULT, "the embedded recipe", Path::new(""))?,
        };
        let total = match recipe.amount {
            Amount::Rows(n) | Amount::Drawings(n) => n,
        };
        let bar = progress::bar("build", Some(total), quiet);
        let tick = |done: stage::Progress| {
            bar.set_position(match done.amount {
                Amount::Rows(_) => done.rows.min(total),
                Amount::Drawings(_) => done.drawings,
            });
        };
        let built = stage::build(&recipe, &self.out, revision::current(), &tick)?;
        bar.finish_and_clear();
        let summary = summary(&built);
        if self.json {
            super::print_json(&summary)?;
        } else {
            super::print(&text(&built, &summary))?;
        }
        Ok(true)
    }
}

fn summary(built: &Built) -> Value {
    let manifest = &built.artifact.manifest;
    let count = |key: &str| manifest.counts.get(key).cloned().unwrap_or_default();
    json!({
        "id": manifest.id,
        "rows": manifest.rows,
        "levels": count("levels"),
        "splits": count("splits"),
        "path": built.artifact.path,
        "found": built.found,
    })
}

fn text(built: &Built, summary: &Value) -> String {
    let done = if built.found { "found" } else { "built" };
    let path = built.artifact.path.display();
    let id = &built.artifact.manifest.id;
    let (rows, levels) = (&summary["rows"], &summary["levels"]);
    let splits = &summary["splits"];
    format!("{done} {path}\nid {id}\nrows {rows}\nlevels {levels}\nsplits {splits}\n")
}
