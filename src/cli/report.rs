//! `heedful report`: runs compared, as a page, as Markdown, as JSON, and as a decision.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::{Error, Result};
use crate::report::{self, Condition, Config, PLAN, Source};
use crate::whole;

/// Compare runs by their scores, over any number of benchmarks; the run named first is the
/// baseline.
///
/// Scores of one run name are one run (`heedful eval --name`); NAME=PATH gives another name. Prints
/// Markdown. Exits 1 when a metric named by `--guard` fell significantly in some run, or a
/// condition of `--fail-if` holds.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful report runs/base-1a2b3c4d5e6f runs/tuned-6f5e4d3c2b1a --html report.html
  heedful report base=runs/scores-1a2b3c4d5e6f tuned=runs/scores-6f5e4d3c2b1a
  heedful report runs/base-* runs/tuned-* --guard prompt_strict --guard ifbench.prompt_loose
  heedful report runs/base-* runs/tuned-* --fail-if 'ifeval.prompt_strict.delta_ci_low < -0.01'
  heedful report runs/step-* --metrics rl=out/policy --html report.html")]
pub(super) struct Report {
    /// Scores artifacts, as `heedful eval --out` writes them.
    #[arg(required = true, value_name = "[NAME=]SCORES")]
    runs: Vec<Source>,
    /// Write one self-contained page.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the Markdown to a file in place of standard output.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Print one JSON object in place of Markdown.
    #[arg(long)]
    json: bool,
    /// A metric, of all benchmarks or of one, whose significant fall is a finding; may be repeated.
    #[arg(long, value_name = "[BENCHMARK.]METRIC")]
    guard: Vec<String>,
    /// A condition that is a finding where it holds for some run, as
    /// `ifeval.prompt_strict.delta_ci_low < -0.01`: BENCHMARK.METRIC and one of value, low, high,
    /// delta, delta_ci_low, delta_ci_high, p, p_holm; `<`, `<=`, `>` or `>=`; a number (shares, not
    /// percent). Of several runs the baseline's own figures are passed over; may be repeated.
    #[arg(long, value_name = "CONDITION")]
    fail_if: Vec<Condition>,
    /// Call a run not inferior where its paired interval stays above this margin below the
    /// baseline; a share of the metric's best value, as 0.02.
    #[arg(long, value_name = "SHARE")]
    margin: Option<f64>,
    /// Draw the reward of a training over steps: its `metrics.jsonl` or folder; may be repeated.
    #[arg(long, value_name = "[NAME=]PATH")]
    metrics: Vec<Source>,
}

impl Report {
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        let report = report::run(&Config {
            runs: self.runs,
            guard: self.guard,
            fail_if: self.fail_if,
            margin: self.margin,
            metrics: self.metrics,
            plan: PLAN,
            command: typed(std::env::args_os().skip(1)),
        })?;
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

/// The command line, for a shell.
fn typed(arguments: impl Iterator<Item = std::ffi::OsString>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    let quoted = |argument: std::ffi::OsString| {
        let argument = argument.to_string_lossy().into_owned();
        match !argument.is_empty() && argument.chars().all(plain) {
            true => argument,
            false => format!("'{}'", argument.replace('\'', "'\\''")),
        }
    };
    std::iter::once("heedful".to_owned()).chain(arguments.map(quoted)).collect::<Vec<_>>().join(" ")
}

/// Writes `text` as the file at `path`.
fn save(path: &Path, text: &str) -> Result<()> {
    whole::write(path, |out| out.write_all(text.as_bytes()).map_err(|e| Error::io(path, e)))
}
