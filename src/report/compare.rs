//! The headline: every metric of every benchmark, with paired differences and one correction.

use std::collections::{HashMap, HashSet};

use heedful_benchmarks::sheet::{Figure, Sheet};
use heedful_benchmarks::statistics::bootstrap::{Cluster, Plan};
use heedful_benchmarks::statistics::multiplicity::holm;
use heedful_benchmarks::statistics::paired::{self, Pair, Paired};
use heedful_benchmarks::{Error, Result};
use serde::Serialize;

use super::input::{Bench, pairs};

/// The level of all decisions.
pub(super) const LEVEL: f64 = 0.05;

/// One metric of all runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Headline {
    /// Of which benchmark.
    pub benchmark: String,
    /// Which.
    pub metric: String,
    /// Its best value: 1 of a share.
    pub best: f64,
    /// One a run; none where it was not measured.
    pub figures: Vec<Option<Figure>>,
    /// The run that the differences are from: the first, or the first that was measured.
    pub base: usize,
    /// One a run but the first.
    pub deltas: Vec<Option<Delta>>,
    /// The run with the highest figure.
    pub leader: usize,
    /// The runs that are not significantly below it, itself among them: their paired interval
    /// reaches 0.
    pub tied: Vec<usize>,
    /// One a run: less the leader; none of the leader.
    pub behind: Vec<Option<Paired>>,
}

/// A run less the base, over the items that both have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Delta {
    /// The difference, its interval and its test.
    #[serde(flatten)]
    pub paired: Paired,
    /// p after Holm's correction over all runs and metrics of all benchmarks.
    pub p_holm: f64,
    /// Whether the interval's lower end is above the margin below 0; none without a margin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_inferior: Option<bool>,
}

impl Delta {
    /// What the margin of non-inferiority says.
    pub(super) fn inferior(&self, allowed: f64) -> &'static str {
        match (self.paired.low > -allowed, self.paired.high < -allowed) {
            (true, _) => "not inferior",
            (false, true) => "inferior",
            (false, false) => "may be inferior",
        }
    }

    /// Whether the interval leaves 0 out and the test agrees after correction.
    pub fn is_significant(&self) -> bool {
        let apart = self.paired.low > 0.0 || self.paired.high < 0.0;
        apart && self.p_holm < LEVEL
    }
}

/// The metrics of all benchmarks.
///
/// # Errors
/// A run that shares no item with the base.
pub(super) fn headline(
    benches: &[Bench],
    margin: Option<f64>,
    plan: Plan,
) -> Result<Vec<Headline>> {
    let mut lines = Vec::new();
    for bench in benches {
        for (run, sheet) in bench.others() {
            if pairs(bench.base(), sheet).is_empty() {
                let path = &bench.cells[run].as_ref().expect("it has a sheet").read.artifact.path;
                let problem = format!("shares no item of {} with the first run", bench.name);
                return Err(Error::content(path, problem));
            }
        }
        for metric in bench.metrics() {
            lines.push(line(bench, &metric.name, metric.best, plan));
        }
    }
    let deltas = || lines.iter().flat_map(|line: &Headline| line.deltas.iter().flatten());
    let ps: Vec<f64> = deltas().map(|delta| delta.paired.p).collect();
    let adjusted = holm(&ps);
    let mut adjusted = adjusted.into_iter();
    for line in &mut lines {
        let allowed = margin.map(|margin| margin * line.best);
        for delta in line.deltas.iter_mut().flatten() {
            delta.p_holm = adjusted.next().expect("one a difference");
            delta.not_inferior = allowed.map(|allowed| delta.paired.low > -allowed);
        }
    }
    Ok(lines)
}

fn line(bench: &Bench, name: &str, best: f64, plan: Plan) -> Headline {
    let runs = bench.cells.len();
    let place = |run: usize| {
        let sheet = bench.sheet(run)?;
        Some((sheet, sheet.metric(name)?))
    };
    let figures: Vec<Option<Figure>> = (0..runs)
        .map(|run| place(run).map(|(sheet, at)| sheet.figure(at, super::alone(plan))))
        .map(|figure| figure.filter(|figure| figure.size > 0.0))
        .collect();
    let against = |other: usize| -> Vec<Option<Paired>> {
        let one = |run: usize| (run != other).then(|| compare(place(other)?, place(run)?, plan))?;
        (0..runs).map(one).collect()
    };
    let first = figures.iter().position(Option::is_some).unwrap_or(bench.base);
    let value = |run: usize| figures[run].map_or(f64::NEG_INFINITY, |figure| figure.value);
    // Of equals the first.
    let leader = (0..runs).rev().max_by(|&a, &b| value(a).total_cmp(&value(b))).unwrap_or(first);
    let deltas = against(first);
    let behind = if leader == first { deltas.clone() } else { against(leader) };
    let ties = |run: &usize| *run == leader || behind[*run].is_some_and(|gap| gap.high >= 0.0);
    let delta = |paired: Paired| Delta { p_holm: paired.p, paired, not_inferior: None };
    Headline {
        benchmark: bench.name.clone(),
        metric: name.to_owned(),
        best,
        base: first,
        leader,
        tied: (0..runs).filter(|run| figures[*run].is_some()).filter(ties).collect(),
        deltas: deltas.into_iter().skip(1).map(|paired| paired.map(delta)).collect(),
        behind,
        figures,
    }
}

/// A metric of two sheets over the clusters that both have, each with all of its rows: one may have
/// more samples of an item than the other, and its value is that of all of them.
fn compare(base: (&Sheet, usize), run: (&Sheet, usize), plan: Plan) -> Option<Paired> {
    let others: HashMap<&str, Cluster> = run.0.clusters(run.1, |_| true).into_iter().collect();
    // Rows that are not alike are not of one item, whatever their names.
    let alike = pairs(base.0, run.0);
    let alike: HashSet<&str> =
        alike.iter().map(|(at, _)| base.0.rows[*at].cluster.as_str()).collect();
    let both = base.0.clusters(base.1, |row| alike.contains(row.cluster.as_str()));
    let clusters: Vec<Pair> = both
        .into_iter()
        .filter_map(|(name, base)| Some(Pair { base, run: *others.get(name)? }))
        .collect();
    paired::compare(&clusters, plan)
}
