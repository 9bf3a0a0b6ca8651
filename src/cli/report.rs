//! `heedful report`: runs compared, as a page, as Markdown, as JSON, and as a decision.

use std::path::{Path, PathBuf};

use clap::Args;
use heedful_benchmarks::metrics::Metric;

use crate::error::{Error, Result};
use crate::report::{self, Config, PLAN};
use crate::whole;

/// Compare runs by their scores; the first is the baseline.
///
/// Prints Markdown. Exits 1 when a metric named by `--guard` fell significantly in some run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful report runs/base-1a2b3c4d5e6f runs/tuned-6f5e4d3c2b1a --html report.html
  heedful report runs/base-* runs/tuned-* --guard prompt_strict --guard inst_loose --json")]
pub(super) struct Report {
    /// Scores artifacts, as `heedful eval --out` writes them.
    #[arg(required = true, value_name = "SCORES")]
    runs: Vec<PathBuf>,
    /// Write one self-contained page.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the Markdown to a file in place of standard output.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Print one JSON object in place of Markdown.
    #[arg(long)]
    json: bool,
    /// A metric whose significant fall is a finding: prompt_strict, inst_strict, prompt_loose or
    /// inst_loose; may be repeated.
    #[arg(long, value_name = "METRIC")]
    guard: Vec<Metric>,
}

impl Report {
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        let report = report::run(&Config { runs: self.runs, guard: self.guard, plan: PLAN })?;
        if let Some(path) = &self.html {
            save(path, &report.html()?)?;
        }
        if let Some(path) = &self.markdown {
            save(path, &report.markdown())?;
        }
        if self.json {
            super::print_json(&report)?;
        } else if self.markdown.is_none() {
            super::print(&report.markdown())?;
        }
        for finding in report.findings.iter().filter(|_| !quiet) {
            eprintln!("heedful: {finding}");
        }
        Ok(report.findings.is_empty())
    }
}

/// Writes `text` as the file at `path`.
fn save(path: &Path, text: &str) -> Result<()> {
    whole::write(path, |out| out.write_all(text.as_bytes()).map_err(|e| Error::io(path, e)))
}
