//! `heedful data`: the history of artifacts, their soundness, and exports.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use heedful_benchmarks::{exchange, scores};
use heedful_datasets::export::{self, Layout};
use heedful_datasets::history::{self, Change, Diff};
use heedful_datasets::{artifact, frame::RowDiff, pairs, preferences};
use serde_json::{Value, json};

use super::best::Best;
use super::demonstrate::Demonstrate;
use super::groups::Groups;
use crate::error::Result;

/// List, compare, check and export artifacts; choose samples; write graded groups and text of the
/// grammar.
#[derive(Debug, Args)]
pub(super) struct Data {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Log(Log),
    Diff(Between),
    Check(Check),
    Export(Export),
    Best(Best),
    Demonstrate(Demonstrate),
    Groups(Groups),
}

/// The artifacts of a folder with their lineage, parents before children.
#[derive(Debug, Args)]
struct Log {
    /// The folder.
    #[arg(value_name = "DIR", default_value = "out")]
    folder: PathBuf,
    /// Print one JSON object an artifact.
    #[arg(long)]
    json: bool,
}

/// What differs between two artifacts: configuration, counts, rows. Exits 1 where anything does.
#[derive(Debug, Args)]
struct Between {
    /// The older one.
    before: PathBuf,
    /// The newer one.
    after: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Compare artifacts with their manifests; exits 1 and names what was changed, lost or added.
#[derive(Debug, Args)]
struct Check {
    /// The artifacts; by default all in ./out.
    #[arg(value_name = "ARTIFACT")]
    artifacts: Vec<PathBuf>,
}

/// Write the prompts, the pairs or the scores of an artifact in another tool's layout, into a new
/// folder.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful data export out/default-1a2b3c4d5e6f --to verl --out verl
  heedful data export out/default-1a2b3c4d5e6f --to ifeval --out ifeval
  heedful data export out/pairs-1a2b3c4d5e6f --to trl-preference --out preferences
  heedful data export runs/base-1a2b3c4d5e6f --to lm-eval --out results
  heedful data export runs/base-1a2b3c4d5e6f --to inspect --out logs")]
struct Export {
    /// The artifact.
    artifact: PathBuf,
    /// Of prompts: ifeval, verl, trl or open-instruct. Of pairs: trl-preference, trl-unpaired or
    /// nemo-preference. Of scores: lm-eval (results and samples of lm-evaluation-harness) or
    /// inspect (a log, .eval).
    #[arg(long, value_name = "LAYOUT")]
    to: To,
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// A layout of prompts, of pairs or of scores.
#[derive(Debug, Clone, Copy)]
enum To {
    Prompts(Layout),
    Pairs(preferences::Layout),
    Scores(exchange::Target),
}

impl std::str::FromStr for To {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<To, String> {
        let prompts = name.parse().map(To::Prompts);
        let pairs = name.parse().map(To::Pairs);
        let scores = name.parse().map(To::Scores);
        match (prompts, pairs, scores) {
            (Ok(to), _, _) | (_, Ok(to), _) | (_, _, Ok(to)) => Ok(to),
            (Err(prompts), Err(pairs), Err(scores)) => {
                Err(format!("{prompts}; of pairs: {pairs}; of scores: {scores}"))
            }
        }
    }
}

impl Data {
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        match self.command {
            Command::Log(command) => command.run(),
            Command::Diff(command) => command.run(),
            Command::Check(command) => command.run(quiet),
            Command::Export(command) => command.run(quiet),
            Command::Best(command) => command.run(),
            Command::Demonstrate(command) => command.run(quiet),
            Command::Groups(command) => command.run(quiet),
        }
    }
}

impl Log {
    fn run(self) -> Result<bool> {
        let log = history::log(&self.folder)?;
        let mut text = String::new();
        for artifact in &log.artifacts {
            let manifest = &artifact.manifest;
            if self.json {
                let line = json!({
                    "id": manifest.id,
                    "stage": manifest.stage,
                    "name": manifest.name,
                    "rows": manifest.rows,
                    "parents": manifest.parents,
                    "path": artifact.path,
                });
                text.push_str(&format!("{line}\n"));
            } else {
                let (id, stage, rows) = (&manifest.id, &manifest.stage, manifest.rows);
                let path = artifact.path.display();
                text.push_str(&format!("{id}  {stage:8}  {rows:>10} rows  {path}\n"));
                for parent in &manifest.parents {
                    text.push_str(&format!("    from {parent}\n"));
                }
            }
        }
        super::print(&text)?;
        for (path, problem) in &log.broken {
            eprintln!("heedful: {}: {problem}", path.display());
        }
        Ok(log.broken.is_empty())
    }
}

impl Between {
    fn run(self) -> Result<bool> {
        let diff = history::diff(&self.before, &self.after)?;
        if self.json {
            super::print_json(&diff_json(&diff))?;
        } else {
            super::print(&diff_text(&diff))?;
        }
        Ok(diff.is_empty())
    }
}

fn diff_json(diff: &Diff) -> Value {
    let changes = |list: &[Change]| -> Vec<Value> {
        let one = |c: &Change| json!({"key": c.key, "before": c.before, "after": c.after});
        list.iter().map(one).collect()
    };
    let rows = diff.rows.as_ref().map(|rows| {
        json!({
            "added": rows.added,
            "removed": rows.removed,
            "changed": rows.changed,
            "unchanged": rows.unchanged,
        })
    });
    json!({"config": changes(&diff.config), "counts": changes(&diff.counts), "rows": rows})
}

fn diff_text(diff: &Diff) -> String {
    let mut text = String::new();
    let shown = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
    for (title, list) in [("configuration", &diff.config), ("counts", &diff.counts)] {
        for change in list {
            let (before, after) = (shown(&change.before), shown(&change.after));
            text.push_str(&format!("{title}: {} {before} → {after}\n", change.key));
        }
    }
    if let Some(rows) = &diff.rows {
        let RowDiff { added, removed, changed, unchanged, .. } = rows;
        text.push_str(&format!(
            "rows: {added} added, {removed} removed, {changed} changed, {unchanged} the same\n"
        ));
        let examples = [
            ("+", &rows.examples_added),
            ("-", &rows.examples_removed),
            ("~", &rows.examples_changed),
        ];
        for (sign, ids) in examples {
            for id in ids {
                text.push_str(&format!("  {sign} {id}\n"));
            }
        }
    }
    text
}

impl Check {
    fn run(self, quiet: bool) -> Result<bool> {
        let mut sound = true;
        let mut artifacts = self.artifacts;
        if artifacts.is_empty() {
            let log = history::log(Path::new("out"))?;
            for (path, problem) in &log.broken {
                super::print(&format!("{}: {problem}\n", path.display()))?;
                sound = false;
            }
            artifacts = log.artifacts.into_iter().map(|artifact| artifact.path).collect();
        }
        for path in &artifacts {
            let problems = artifact::check(path)?;
            for problem in &problems {
                super::print(&format!("{}: {problem}\n", path.display()))?;
            }
            if problems.is_empty() && !quiet {
                super::print(&format!("{}: sound\n", path.display()))?;
            }
            sound &= problems.is_empty();
        }
        Ok(sound)
    }
}

impl Export {
    fn run(self, quiet: bool) -> Result<bool> {
        let to = match self.to {
            To::Prompts(to) => to,
            To::Pairs(to) => return self.run_pairs(to, quiet),
            To::Scores(to) => return self.run_scores(to),
        };
        let artifact = artifact::open(&self.artifact)?;
        let exported = export::export(&artifact, to, &self.out)?;
        for file in &exported.files {
            super::print(&format!("{}\n", file.display()))?;
        }
        if exported.without_hard > 0 && !quiet {
            let (rows, left) = (exported.rows, exported.without_hard);
            eprintln!("{rows} rows; {left} left out: no hard constraint, which the layout needs");
        }
        Ok(true)
    }

    fn run_scores(&self, to: exchange::Target) -> Result<bool> {
        for file in exchange::export(&scores::read(&self.artifact)?, to, &self.out)? {
            super::print(&format!("{}\n", file.display()))?;
        }
        Ok(true)
    }

    fn run_pairs(&self, to: preferences::Layout, quiet: bool) -> Result<bool> {
        let exported = preferences::export(&pairs::read(&self.artifact)?, to, &self.out)?;
        for file in &exported.files {
            super::print(&format!("{}\n", file.display()))?;
        }
        if !quiet {
            let preferences::Exported { rows, ties, alone, .. } = exported;
            eprintln!("{rows} rows; left out: {ties} ties, {alone} without the other half");
        }
        Ok(true)
    }
}
