//! Variants of one recipe side by side: what each part of it brings.
//!
//! Variants share a folder, so that a stage that two of them have in common runs once. The first
//! variant is what the others are compared with, paired by prompt.

use std::path::{Path, PathBuf};

use askama::Template;
use serde::{Deserialize, Serialize};

use super::compare::{Gain, Line, compare};
use super::ifeval::{Change, Official};
use super::outcome::Outcome;
use crate::error::{Error, Result};
use crate::whole;

/// The grid of `heedful ablate` without a file.
pub const GRID: &str = include_str!("../../recipes/ablation.toml");

/// Variants of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// The variants; the first is what the others are compared with.
    pub variant: Vec<Variant>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// What is other in it, as `--set` takes it.
    #[serde(default)]
    pub set: Vec<String>,
}

/// What came of a variant with one seed.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The variant.
    pub variant: String,
    /// What is other in it.
    pub set: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// Held-out prompts, before and after.
    pub test: Line,
    /// Held-out families.
    pub held_out: Option<Line>,
    /// Sound answers to bare instructions.
    pub tripwire: Option<Line>,
    /// After this variant less after the first one, of the same seed; none for the first.
    pub beside: Option<Line>,
    /// IFEval before and after, where the recipe asks for it.
    pub ifeval: Option<Official>,
    /// Seconds of its stages, shared ones included.
    pub seconds: f64,
    /// Its report.
    pub report: PathBuf,
}

/// Reads a grid; without a path the embedded one.
///
/// # Errors
/// A file that cannot be read, no variant, or a name that stands twice or is no plain one.
pub fn read(path: Option<&Path>) -> Result<Grid> {
    let (text, name) = match path {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
            (text, path.display().to_string())
        }
        None => (GRID.to_owned(), "the embedded grid".to_owned()),
    };
    let refuse = |problem: String| Error::usage(format!("{name}: {problem}"));
    let grid: Grid = toml::from_str(&text).map_err(|e| refuse(e.to_string()))?;
    if grid.variant.is_empty() {
        return Err(refuse("no variant".to_owned()));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    for (at, one) in grid.variant.iter().enumerate() {
        let twice = grid.variant[..at].iter().any(|other| other.name == one.name);
        if twice || one.name.is_empty() || !one.name.chars().all(plain) {
            return Err(refuse(format!(
                "variant `{}`: no name, or one that stands twice",
                one.name
            )));
        }
    }
    Ok(grid)
}

/// The row of a variant beside the first one of its seed.
pub fn row(variant: &Variant, found: &Outcome, first: Option<&Outcome>) -> Result<Row> {
    let line = |name: &str| found.comparison.sets.get(name).cloned();
    let beside =
        first.and_then(|first| compare(&first.rows()[1], &found.rows()[1]).sets.remove("test"));
    Ok(Row {
        variant: variant.name.clone(),
        set: variant.set.clone(),
        seed: found.seed,
        test: line("test").ok_or_else(|| Error::usage("no held-out prompt was answered"))?,
        held_out: line("held_out"),
        tripwire: line("bare"),
        beside,
        ifeval: found.ifeval.clone(),
        seconds: found.stage_seconds,
        report: found.report.clone(),
    })
}

#[derive(Template)]
#[template(path = "ablation.html")]
struct Page<'a> {
    rows: &'a [Row],
}

impl Page<'_> {
    fn gain(&self, gain: &Gain) -> String {
        let Gain { gain_points, interval, .. } = gain;
        format!("{gain_points:+.1} [{:+.1}, {:+.1}]", interval.low, interval.high)
    }

    /// IFEval's strict accuracy of prompts.
    fn official(&self, row: &Row) -> String {
        let measured = match &row.ifeval {
            None => return "–".to_owned(),
            Some(Official::LeftOut { .. }) => return "left out".to_owned(),
            Some(Official::Measured(measured)) => measured,
        };
        let gain = |Change { gain_points, interval, .. }: &Change| {
            format!("{gain_points:+.1} [{:+.1}, {:+.1}]", interval.low, interval.high)
        };
        measured.metrics.get("prompt_strict").map_or("–".to_owned(), gain)
    }

    fn one(&self, value: &f64) -> String {
        format!("{value:.1}")
    }
}

/// Writes `ablation.json` and `ablation.html` into `out`; gives the page's path.
///
/// # Errors
/// Of the system.
pub fn write(out: &Path, rows: &[Row]) -> Result<PathBuf> {
    let json = serde_json::to_string_pretty(rows)
        .map_err(|e| Error::usage(format!("the figures cannot be written: {e}")))?;
    let html = Page { rows }.render();
    let html = html.map_err(|e| Error::usage(format!("the page cannot be made: {e}")))?;
    let page = out.join("ablation.html");
    for (path, text) in [(out.join("ablation.json"), json + "\n"), (page.clone(), html)] {
        whole::write(&path, |to| to.write_all(text.as_bytes()).map_err(|e| Error::io(&path, e)))?;
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::recipe;

    #[test]
    fn the_embedded_grid_is_of_the_quick_start() {
        let grid = read(None).unwrap();
        assert_eq!((grid.variant[0].name.as_str(), grid.variant[0].set.len()), ("default", 0));
        for variant in &grid.variant {
            recipe::read(None, &variant.set).unwrap();
        }
    }

    #[test]
    fn a_name_twice_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grid.toml");
        for text in ["variant = []", "[[variant]]\nname = 'a'\n[[variant]]\nname = 'a'"] {
            std::fs::write(&path, text).unwrap();
            assert!(read(Some(&path)).is_err());
        }
    }
}
