//! The stage `report`: scores × scores → Markdown, one HTML page, JSON, and a decision.

mod chart;
mod compare;
mod curves;
mod decide;
mod embed;
mod facts;
mod flips;
mod html;
mod input;
mod markdown;
mod profiles;
mod tables;
mod words;

pub use compare::{Delta, Headline};
pub use curves::{Curve, Point, Series};
pub use decide::Condition;
pub use facts::{Benchmark, Facts};
pub use flips::{Flip, Side, Verdict};
pub use input::Source;
pub use profiles::Profiles;
pub use tables::{Change, Heat, Joint, Line, Part, Parts};

use heedful_benchmarks::statistics::bootstrap::Plan;
use heedful_benchmarks::{Error, Result};
use serde::Serialize;

use input::Grid;

/// What to compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Scores artifacts; those of one run name are one run, and the run named first is what the
    /// others are compared with.
    pub runs: Vec<Source>,
    /// The metrics, as `METRIC` or `BENCHMARK.METRIC`, whose significant fall is a finding.
    pub guard: Vec<String>,
    /// What is a finding where it holds for some run.
    pub fail_if: Vec<Condition>,
    /// How far below the base a run may be and still be called not inferior, as a share of the
    /// metric's best value.
    pub margin: Option<f64>,
    /// Trainings whose reward is drawn over steps: `metrics.jsonl` or its folder.
    pub metrics: Vec<Source>,
    /// The draws behind intervals.
    pub plan: Plan,
    /// The command that asked for it, for the page.
    pub command: String,
}

impl Config {
    /// Compares `runs`, without guards.
    pub fn of(runs: Vec<Source>) -> Config {
        Config {
            runs,
            guard: Vec::new(),
            fail_if: Vec::new(),
            margin: None,
            metrics: Vec::new(),
            plan: PLAN,
            command: String::new(),
        }
    }
}

/// The draws behind paired intervals, unless told otherwise.
pub const PLAN: Plan = Plan { resamples: 10_000, seed: 0 };

/// The draws behind the interval of one run's figure: those of `eval`, which tells the same.
fn alone(plan: Plan) -> Plan {
    Plan { resamples: plan.resamples.min(crate::outcome::PLAN.resamples), ..plan }
}

/// A comparison; every figure in it is computed from the rows of the artifacts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The runs, the baseline first.
    pub runs: Vec<Run>,
    /// Where the figures of each benchmark come from.
    pub benchmarks: Vec<Benchmark>,
    /// Why the figures may not be comparable: one line a difference. Empty when all agree.
    pub differences: Vec<String>,
    /// The metrics of all benchmarks.
    pub headline: Vec<Headline>,
    /// One sentence a run and metric, and what cannot be told apart.
    pub verdicts: Vec<String>,
    /// By kind of constraint.
    pub constraints: Vec<Heat>,
    /// By part of the items.
    pub parts: Vec<Parts>,
    /// Over the steps of trainings.
    pub curves: Vec<Curve>,
    /// The reward of trainings.
    pub rewards: Vec<Series>,
    /// Items with another verdict on some constraint.
    pub flips: Vec<Flip>,
    /// Guarded metrics that fell significantly, and conditions that hold.
    pub findings: Vec<String>,
    /// The margin of non-inferiority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The number of resamples.
    pub resamples: u32,
    /// The seed of the resamples.
    pub seed: u64,
    /// The version of the code that made the report.
    pub version: String,
    /// The command that asked for it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub command: String,
    #[serde(skip)]
    items: Vec<embed::Items>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// `A`, `B` and so on.
    pub letter: String,
    /// The run's name.
    pub name: String,
    /// The step of its training, where its name or its model's tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
}

/// Reads the artifacts and compares them.
///
/// # Errors
/// No artifact, one that cannot be read, two of the same run and benchmark, runs that share no
/// item, or a guard or condition on a figure that is not there.
pub fn run(config: &Config) -> Result<Report> {
    if config.runs.is_empty() {
        return Err(Error::Setting("no scores to report on: give one artifact or more".to_owned()));
    }
    if let Some(margin) = config.margin.filter(|margin| !(0.0..1.0).contains(margin)) {
        return Err(Error::Setting(format!("--margin {margin}: expected 0 to 1, as 0.02")));
    }
    let grid = Grid::read(&config.runs)?;
    let letters: Vec<String> = (0..grid.runs.len()).map(facts::letter).collect();
    let steps = curves::steps(&grid);
    let benchmarks = facts::benchmarks(&grid.benches);
    let headline = compare::headline(&grid.benches, config.margin, config.plan)?;
    let mut findings = decide::guarded(&letters, &headline, &config.guard)?;
    findings.extend(decide::conditions(&letters, &headline, &config.fail_if)?);
    let named = grid.runs.iter().zip(&letters).zip(&steps);
    let runs = named.map(|((name, letter), step)| Run {
        letter: letter.clone(),
        name: name.clone(),
        step: step.as_ref().map(|(_, step)| *step),
    });
    Ok(Report {
        runs: runs.collect(),
        differences: facts::differences(&grid.benches, &benchmarks, &letters),
        verdicts: words::verdicts(&letters, &headline, config.margin),
        constraints: tables::heat(&grid.benches, config.plan),
        parts: tables::parts(&grid.benches, config.plan),
        curves: curves::curves(&steps, &headline),
        rewards: curves::rewards(&config.metrics)?,
        flips: flips::flips(&grid.benches),
        items: embed::items(&grid.benches),
        benchmarks,
        headline,
        findings,
        margin: config.margin,
        resamples: config.plan.resamples,
        seed: config.plan.seed,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: config.command.clone(),
    })
}

#[cfg(test)]
mod tests;
