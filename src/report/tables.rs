//! Rates by constraint, and figures by part of the items.

use std::collections::{BTreeMap, HashMap};

use heedful_benchmarks::metrics::Rate;
use heedful_benchmarks::sheet::{Figure, Group, Mark, Row, Sheet, figure};
use heedful_benchmarks::statistics::bootstrap::Plan;
use heedful_benchmarks::statistics::multiplicity::benjamini_hochberg;
use heedful_benchmarks::statistics::paired::{self, Pair};
use serde::Serialize;

use super::input::{Bench, pairs};

/// Constraints of one benchmark, divided in one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Heat {
    /// Of which benchmark.
    pub benchmark: String,
    /// By what: `instruction`, `family`, `type`, …
    pub dimension: String,
    /// Sorted by family and name.
    pub lines: Vec<Line>,
}

/// One kind of constraint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The kind.
    pub name: String,
    /// What it belongs to, where its marks tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Satisfied, one a run, with Wilson's interval.
    pub rates: Vec<Option<Rate>>,
    /// The same by the loose reading, where there is one.
    pub loose: Vec<Option<Rate>>,
    /// Against the base, one a run.
    pub changes: Vec<Option<Change>>,
}

/// A kind of constraint in a run less the base.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// The difference of the rates.
    pub difference: f64,
    /// Exact McNemar where no cluster asks twice, else a z-test over clusters.
    pub p: f64,
    /// After Benjamini and Hochberg over all runs and lines of the table.
    pub p_bh: f64,
}

/// Items of one benchmark, divided in one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parts {
    /// Of which benchmark.
    pub benchmark: String,
    /// By what: `level`, `constraints`, `composition`, `category`, …
    pub dimension: String,
    /// The metrics' names.
    pub metrics: Vec<String>,
    /// The metrics' best values.
    pub best: Vec<f64>,
    /// Sorted, numbers by value.
    pub parts: Vec<Part>,
}

/// One part of the items.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Which.
    pub name: String,
    /// By metric, one a run.
    pub figures: Vec<Vec<Option<Figure>>>,
    /// One a run, where items are divided by how many constraints they have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joint: Vec<Option<Joint>>,
}

/// Whether failures come together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Joint {
    /// The share of items with every constraint met.
    pub all: f64,
    /// What it would be if constraints failed independently of each other: the mean over items of
    /// the product of the rates of their kinds in this run.
    pub independent: f64,
    /// Items.
    pub items: usize,
}

/// By constraint, a table a dimension in the order in which they first occur.
pub(super) fn heat(benches: &[Bench], plan: Plan) -> Vec<Heat> {
    let mut tables = Vec::new();
    for bench in benches {
        let groups = bench.sheets().flat_map(|(_, sheet)| &sheet.rows);
        let groups = groups.flat_map(|row| &row.marks).flat_map(|mark| &mark.groups);
        for dimension in dimensions(groups) {
            tables.push(of_constraints(bench, &dimension, plan));
        }
    }
    tables
}

fn dimensions<'a>(groups: impl Iterator<Item = &'a Group>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for group in groups {
        if found.iter().all(|known| *known != group.dimension) {
            found.push(group.dimension.clone());
        }
    }
    found
}

/// The first part of the dimension.
fn part<'a>(groups: &'a [Group], dimension: &str) -> Option<&'a str> {
    parts_of(groups, dimension).next()
}

fn parts_of<'a>(groups: &'a [Group], dimension: &str) -> impl Iterator<Item = &'a str> {
    groups.iter().filter(move |g| g.dimension == dimension).map(|group| group.name.as_str())
}

fn of_constraints(bench: &Bench, dimension: &str, plan: Plan) -> Heat {
    let runs = bench.cells.len();
    let mut lines: BTreeMap<(Option<String>, String), Line> = BTreeMap::new();
    for (run, sheet) in bench.sheets() {
        let mut counts: BTreeMap<(Option<&str>, &str), [u64; 4]> = BTreeMap::new();
        for mark in sheet.rows.iter().flat_map(|row| &row.marks) {
            let family = (dimension != "family").then(|| part(&mark.groups, "family")).flatten();
            for name in parts_of(&mark.groups, dimension) {
                let cell = counts.entry((family, name)).or_default();
                cell[0] += u64::from(met(mark));
                cell[1] += u64::from(mark.loose == Some(true));
                cell[2] += u64::from(mark.loose.is_some());
                cell[3] += 1;
            }
        }
        for ((family, name), [strict, loose, has_loose, total]) in counts {
            let key = (family.map(str::to_owned), name.to_owned());
            let line = lines.entry(key).or_insert_with(|| Line {
                name: name.to_owned(),
                family: family.map(str::to_owned),
                rates: vec![None; runs],
                loose: vec![None; runs],
                changes: vec![None; runs],
            });
            line.rates[run] = Some(Rate::new(strict, total));
            line.loose[run] = (has_loose == total).then(|| Rate::new(loose, total));
        }
    }
    let mut lines: Vec<Line> = lines.into_values().collect();
    changes(bench, dimension, &mut lines, plan);
    Heat { benchmark: bench.name.clone(), dimension: dimension.to_owned(), lines }
}

fn met(mark: &Mark) -> bool {
    mark.met == Some(true)
}

/// Fills in the differences and their tests.
fn changes(bench: &Bench, dimension: &str, lines: &mut [Line], plan: Plan) {
    // Only the test is used, not the interval.
    let plan = Plan { resamples: 1, ..plan };
    for (run, sheet) in bench.others() {
        let clusters = by_part(bench.base(), sheet, dimension);
        for line in lines.iter_mut() {
            let pairs = clusters.get(line.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            line.changes[run] = paired::compare(pairs, plan).map(|found| Change {
                difference: found.difference,
                p: found.p,
                p_bh: found.p,
            });
        }
    }
    let all = |lines: &mut [Line], then: &mut dyn FnMut(&mut Change)| {
        for change in lines.iter_mut().flat_map(|line| line.changes.iter_mut().flatten()) {
            then(change);
        }
    };
    let mut ps = Vec::new();
    all(lines, &mut |change| ps.push(change.p));
    let mut adjusted = benjamini_hochberg(&ps).into_iter();
    all(lines, &mut |change| change.p_bh = adjusted.next().expect("one a change"));
}

/// By part: what each cluster of items has in it, in both runs.
fn by_part<'a>(base: &'a Sheet, run: &Sheet, dimension: &str) -> HashMap<&'a str, Vec<Pair>> {
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    let mut found: HashMap<&str, Vec<Pair>> = HashMap::new();
    for (a, b) in pairs(base, run) {
        let (row, other) = (&base.rows[a], &run.rows[b]);
        for (a, b) in row.marks.iter().zip(&other.marks) {
            for name in parts_of(&a.groups, dimension) {
                let list = found.entry(name).or_default();
                let at = *places.entry((name, &row.cluster)).or_insert_with(|| {
                    list.push(Pair::default());
                    list.len() - 1
                });
                let pair = &mut list[at];
                for (own, mark) in [(&mut pair.base, a), (&mut pair.run, b)] {
                    own.gain += f64::from(u8::from(met(mark)));
                    own.size += 1.0;
                }
            }
        }
    }
    found
}

/// By part of the items, a table a dimension in the order in which they first occur.
pub(super) fn parts(benches: &[Bench], plan: Plan) -> Vec<Parts> {
    let plan = super::alone(plan);
    let mut tables = Vec::new();
    for bench in benches {
        let groups = bench.sheets().flat_map(|(_, sheet)| &sheet.rows);
        for dimension in dimensions(groups.flat_map(|row| &row.groups)) {
            tables.push(of_items(bench, &dimension, plan));
        }
    }
    tables
}

fn of_items(bench: &Bench, dimension: &str, plan: Plan) -> Parts {
    let rows = bench.sheets().flat_map(|(_, sheet)| &sheet.rows);
    let mut names: Vec<&str> = rows.flat_map(|row| parts_of(&row.groups, dimension)).collect();
    names.sort_by_key(|name| (name.parse::<u64>().unwrap_or(u64::MAX), *name));
    names.dedup();
    let metrics = bench.metrics();
    let of_part = |name: &str| {
        let keep = |row: &Row| parts_of(&row.groups, dimension).any(|own| own == name);
        let one = |run: usize, metric: &str| {
            let sheet = bench.sheet(run)?;
            let at = sheet.metric(metric)?;
            let clusters = sheet.clusters(at, keep);
            let clusters: Vec<_> = clusters.into_iter().map(|(_, cluster)| cluster).collect();
            (!clusters.is_empty()).then(|| figure(&clusters, sheet.metrics[at].best, plan))
        };
        let runs = 0..bench.cells.len();
        let joint = |run: usize| joint(bench.sheet(run)?, keep);
        Part {
            name: name.to_owned(),
            figures: metrics
                .iter()
                .map(|metric| runs.clone().map(|run| one(run, &metric.name)).collect())
                .collect(),
            joint: match dimension {
                "constraints" => runs.clone().map(joint).collect(),
                _ => Vec::new(),
            },
        }
    };
    Parts {
        benchmark: bench.name.clone(),
        dimension: dimension.to_owned(),
        metrics: metrics.iter().map(|metric| metric.name.clone()).collect(),
        best: metrics.iter().map(|metric| metric.best).collect(),
        parts: names.into_iter().map(of_part).collect(),
    }
}

/// All met, and what it would be if constraints failed one by one, for the rows that `keep` lets
/// through and that have marks.
fn joint(sheet: &Sheet, keep: impl Fn(&Row) -> bool) -> Option<Joint> {
    let kind = |mark: &'_ Mark| -> String {
        let finest = ["instruction", "type"].into_iter().find_map(|d| part(&mark.groups, d));
        finest.unwrap_or_default().to_owned()
    };
    let mut rates: HashMap<String, [f64; 2]> = HashMap::new();
    for mark in sheet.rows.iter().flat_map(|row| &row.marks) {
        let cell = rates.entry(kind(mark)).or_default();
        cell[0] += f64::from(u8::from(met(mark)));
        cell[1] += 1.0;
    }
    let rate = |mark: &Mark| rates.get(&kind(mark)).map_or(0.0, |[good, all]| good / all);
    let (mut items, mut all, mut independent) = (0, 0, 0.0);
    for row in sheet.rows.iter().filter(|row| !row.marks.is_empty() && keep(row)) {
        items += 1;
        all += usize::from(row.marks.iter().all(met));
        independent += row.marks.iter().map(rate).product::<f64>();
    }
    let share = |sum: f64| sum / items as f64;
    (items > 0).then(|| Joint { all: share(all as f64), independent: share(independent), items })
}
