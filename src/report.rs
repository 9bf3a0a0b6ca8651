//! The stage `report`: scores × scores → Markdown, one HTML page, JSON, and a decision.

mod compare;
mod facts;
mod flips;
mod html;
mod markdown;

pub use compare::{Delta, Headline, Line};
pub use facts::Facts;
pub use flips::{Flip, Side, Verdicts};

use std::path::PathBuf;

use heedful_benchmarks::metrics::Metric;
use heedful_benchmarks::scores::{self, Scores};
use heedful_benchmarks::statistics::bootstrap::Plan;
use heedful_benchmarks::{Error, Result};
use serde::Serialize;

/// What to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Scores artifacts: the first is what the others are compared with.
    pub runs: Vec<PathBuf>,
    /// The metrics whose significant fall is a finding.
    pub guard: Vec<Metric>,
    /// The draws behind paired intervals.
    pub plan: Plan,
}

/// The draws behind paired intervals, unless told otherwise.
pub const PLAN: Plan = Plan { resamples: 10_000, seed: 0 };

/// A comparison; every figure in it is computed from the rows of the artifacts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The runs, the baseline first.
    pub runs: Vec<Facts>,
    /// Why the figures may not be comparable: one line a difference. Empty when all agree.
    pub differences: Vec<String>,
    /// The four accuracies.
    pub headline: Vec<Headline>,
    /// One sentence a run and metric.
    pub verdicts: Vec<String>,
    /// By the group of the rule.
    pub families: Vec<Line>,
    /// By the rule.
    pub instructions: Vec<Line>,
    /// Items with another verdict on some instruction.
    pub flips: Vec<Flip>,
    /// Guarded metrics that fell significantly.
    pub findings: Vec<String>,
    /// The number of resamples.
    pub resamples: u32,
    /// The seed of the resamples.
    pub seed: u64,
}

/// Reads the artifacts and compares them.
///
/// # Errors
/// Fewer than one run, an artifact that cannot be read, or runs that share no item.
pub fn run(config: &Config) -> Result<Report> {
    if config.runs.is_empty() {
        return Err(Error::Setting("no scores to report on: give one artifact or more".to_owned()));
    }
    let runs: Vec<Scores> = config.runs.iter().map(|p| scores::read(p)).collect::<Result<_>>()?;
    report(&runs, config)
}

fn report(runs: &[Scores], config: &Config) -> Result<Report> {
    let facts: Vec<Facts> = runs.iter().enumerate().map(|(at, s)| Facts::new(at, s)).collect();
    let pairs = compare::pair(runs)?;
    let headline = compare::headline(runs, &facts, &pairs, config.plan);
    Ok(Report {
        differences: facts::differences(&facts),
        verdicts: compare::verdicts(&facts, &headline),
        families: compare::families(runs, &pairs),
        instructions: compare::instructions(runs, &pairs),
        flips: flips::flips(runs, &pairs),
        findings: compare::findings(&facts, &headline, &config.guard),
        runs: facts,
        headline,
        resamples: config.plan.resamples,
        seed: config.plan.seed,
    })
}

#[cfg(test)]
mod tests;
