//! Paired differences: intervals, tests, corrections, and the decision.

use std::collections::{BTreeMap, HashMap};

use heedful_benchmarks::metrics::{Metric, Rate, family};
use heedful_benchmarks::score::{Judged, Outcome};
use heedful_benchmarks::scores::Scores;
use heedful_benchmarks::statistics::bootstrap::{Cluster, Plan, interval};
use heedful_benchmarks::statistics::mcnemar::mcnemar;
use heedful_benchmarks::statistics::multiplicity::{benjamini_hochberg, holm};
use heedful_benchmarks::statistics::power::{detectable, standard_error};
use heedful_benchmarks::{Error, Result};
use heedful_constraints::Profile;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::Facts;

/// The level of all decisions.
const LEVEL: f64 = 0.05;

/// One accuracy of all runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Headline {
    /// Which.
    pub metric: Metric,
    /// One a run.
    pub rates: Vec<Rate>,
    /// One a run but the first.
    pub deltas: Vec<Delta>,
}

/// A run less the baseline, over the items that both have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Delta {
    /// The difference of the rates.
    pub difference: f64,
    /// The lower end of its 95 % interval: paired bootstrap over prompts, percentile.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Exact McNemar at prompt level; at instruction level a z-test with the standard error
    /// clustered by prompt.
    pub p: f64,
    /// The same after Holm's correction over all runs and metrics of the table.
    pub p_holm: f64,
    /// Units that only this run follows.
    pub won: u64,
    /// Units that only the baseline follows.
    pub lost: u64,
    /// Prompts compared.
    pub prompts: usize,
    /// The smallest true difference that a test at 5 % finds in 80 % of repetitions.
    pub detectable: Option<f64>,
}

/// One rule or family of all runs, strict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The rule or the family.
    pub name: String,
    /// Strict rates, one a run, with Wilson's intervals.
    pub strict: Vec<Rate>,
    /// Loose rates.
    pub loose: Vec<Rate>,
    /// Strict, against the baseline: difference, p, p after Benjamini and Hochberg.
    pub deltas: Vec<(f64, f64, f64)>,
}

/// For each run but the first: pairs of item indices (baseline, run).
pub(super) type Pairs = Vec<Vec<(usize, usize)>>;

/// Pairs the items of every run with those of the first, by key and prompt.
///
/// # Errors
/// A run that shares no item with the first.
pub(super) fn pair(runs: &[Scores]) -> Result<Pairs> {
    let name = |item: &Judged| (item.key.clone(), item.prompt.clone());
    let mut base: HashMap<(String, String), usize> = HashMap::new();
    for (at, item) in runs[0].items.iter().enumerate() {
        base.entry(name(item)).or_insert(at);
    }
    runs[1..]
        .iter()
        .map(|run| {
            let same = |(at, item): (usize, &Judged)| {
                let first = *base.get(&name(item))?;
                let ids = |item: &Judged| -> Vec<String> {
                    item.outcomes.iter().map(|o| o.id.clone()).collect()
                };
                (ids(item) == ids(&runs[0].items[first])).then_some((first, at))
            };
            let pairs: Vec<_> = run.items.iter().enumerate().filter_map(same).collect();
            match pairs.is_empty() {
                true => {
                    Err(Error::content(&run.artifact.path, "shares no item with the first run"))
                }
                false => Ok(pairs),
            }
        })
        .collect()
}

pub(super) fn headline(
    runs: &[Scores],
    facts: &[Facts],
    pairs: &Pairs,
    plan: Plan,
) -> Vec<Headline> {
    let mut table: Vec<Headline> = Metric::ALL
        .into_iter()
        .map(|metric| Headline {
            metric,
            rates: facts.iter().map(|run| run.metrics.get(metric)).collect(),
            deltas: runs[1..]
                .iter()
                .zip(pairs)
                .map(|(run, pairs)| delta(metric, &runs[0], run, pairs, plan))
                .collect(),
        })
        .collect();
    let ps: Vec<f64> = table.iter().flat_map(|line| &line.deltas).map(|delta| delta.p).collect();
    let deltas = table.iter_mut().flat_map(|line| &mut line.deltas);
    for (delta, adjusted) in deltas.zip(holm(&ps)) {
        delta.p_holm = adjusted;
    }
    table
}

fn delta(
    metric: Metric,
    base: &Scores,
    run: &Scores,
    pairs: &[(usize, usize)],
    plan: Plan,
) -> Delta {
    let side = |scores: &Scores, at: usize| metric.cluster(&scores.items[at], scores.profile);
    let clusters: Vec<Cluster> = pairs
        .iter()
        .map(|&(a, b)| {
            let (a, b) = (side(base, a), side(run, b));
            Cluster { gain: b.gain - a.gain, size: b.size }
        })
        .collect();
    let (won, lost) = discordant(metric, base, run, pairs);
    let p = match metric {
        Metric::PromptStrict | Metric::PromptLoose => mcnemar(won, lost),
        Metric::InstStrict | Metric::InstLoose => z_test(&clusters),
    };
    let sizes: f64 = clusters.iter().map(|c| c.size).sum();
    let gains: f64 = clusters.iter().map(|c| c.gain).sum();
    let difference = gains / sizes.max(1.0);
    let (low, high) = interval(&clusters, plan).map_or((-1.0, 1.0), |i| (i.low, i.high));
    let (prompts, detectable) = (pairs.len(), detectable(&clusters));
    Delta { difference, low, high, p, p_holm: p, won, lost, prompts, detectable }
}

/// Units that only the run, and only the baseline, follows: prompts or instructions.
fn discordant(metric: Metric, base: &Scores, run: &Scores, pairs: &[(usize, usize)]) -> (u64, u64) {
    let units = |scores: &Scores, at: usize| -> Vec<bool> {
        let item = &scores.items[at];
        let follow = |o: &Outcome| o.under(scores.profile);
        match metric {
            Metric::PromptStrict | Metric::PromptLoose => {
                vec![metric.cluster(item, scores.profile).gain == 1.0]
            }
            Metric::InstStrict => item.outcomes.iter().map(|o| follow(o).strict).collect(),
            Metric::InstLoose => item.outcomes.iter().map(|o| follow(o).loose).collect(),
        }
    };
    let (mut won, mut lost) = (0, 0);
    for &(a, b) in pairs {
        for (a, b) in units(base, a).into_iter().zip(units(run, b)) {
            won += u64::from(b && !a);
            lost += u64::from(a && !b);
        }
    }
    (won, lost)
}

/// Two-sided z-test that the ratio is 0, its standard error clustered.
fn z_test(clusters: &[Cluster]) -> f64 {
    let size: f64 = clusters.iter().map(|c| c.size).sum();
    let gain: f64 = clusters.iter().map(|c| c.gain).sum();
    match standard_error(clusters) {
        Some(error) if error > 0.0 => {
            let z = (gain / size / error).abs();
            2.0 * Normal::standard().sf(z)
        }
        _ => 1.0,
    }
}

pub(super) fn instructions(runs: &[Scores], pairs: &Pairs) -> Vec<Line> {
    table(runs, pairs, |id| id)
}

pub(super) fn families(runs: &[Scores], pairs: &Pairs) -> Vec<Line> {
    table(runs, pairs, family)
}

fn table(runs: &[Scores], pairs: &Pairs, name: fn(&str) -> &str) -> Vec<Line> {
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for (at, run) in runs.iter().enumerate() {
        let mut counts: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
        for outcome in run.items.iter().flat_map(|item| &item.outcomes) {
            let followed = outcome.under(run.profile);
            let cell = counts.entry(name(&outcome.id)).or_default();
            cell[0] += u64::from(followed.strict);
            cell[1] += u64::from(followed.loose);
            cell[2] += 1;
        }
        for (name, [strict, loose, total]) in counts {
            let line = lines.entry(name.to_owned()).or_insert_with(|| Line {
                name: name.to_owned(),
                strict: vec![Rate::new(0, 0); runs.len()],
                loose: vec![Rate::new(0, 0); runs.len()],
                deltas: Vec::new(),
            });
            line.strict[at] = Rate::new(strict, total);
            line.loose[at] = Rate::new(loose, total);
        }
    }
    let mut lines: Vec<Line> = lines.into_values().collect();
    for (run, pairs) in runs[1..].iter().zip(pairs) {
        let clusters = by_name(&runs[0], run, pairs, name);
        let none = Vec::new();
        let of = |line: &Line| clusters.get(line.name.as_str()).unwrap_or(&none).as_slice();
        let ps: Vec<f64> = lines.iter().map(|line| z_or_exact(of(line))).collect();
        let adjusted = benjamini_hochberg(&ps);
        let differences: Vec<f64> = lines.iter().map(|line| ratio(of(line))).collect();
        for (at, line) in lines.iter_mut().enumerate() {
            line.deltas.push((differences[at], ps[at], adjusted[at]));
        }
    }
    lines
}

/// By rule or family: what each prompt gained on it.
fn by_name<'a>(
    base: &'a Scores,
    run: &Scores,
    pairs: &[(usize, usize)],
    name: fn(&str) -> &str,
) -> BTreeMap<&'a str, Vec<Cluster>> {
    let strict = |o: &Outcome, profile: Profile| i32::from(o.under(profile).strict);
    let mut clusters: BTreeMap<&str, Vec<Cluster>> = BTreeMap::new();
    for &(a, b) in pairs {
        let (a, b) = (&base.items[a].outcomes, &run.items[b].outcomes);
        let mut here: BTreeMap<&str, Cluster> = BTreeMap::new();
        for (a, b) in a.iter().zip(b) {
            let cell = here.entry(name(&a.id)).or_default();
            cell.gain += f64::from(strict(b, run.profile) - strict(a, base.profile));
            cell.size += 1.0;
        }
        for (name, cluster) in here {
            clusters.entry(name).or_default().push(cluster);
        }
    }
    clusters
}

/// Exact McNemar where no prompt asks twice, else the clustered z-test.
fn z_or_exact(clusters: &[Cluster]) -> f64 {
    if clusters.iter().any(|cluster| cluster.size > 1.0) {
        return z_test(clusters);
    }
    let count = |gain: f64| clusters.iter().filter(|cluster| cluster.gain == gain).count() as u64;
    mcnemar(count(1.0), count(-1.0))
}

fn ratio(clusters: &[Cluster]) -> f64 {
    let size: f64 = clusters.iter().map(|c| c.size).sum();
    clusters.iter().map(|c| c.gain).sum::<f64>() / size.max(1.0)
}

/// One sentence for each run and metric.
pub(super) fn verdicts(facts: &[Facts], headline: &[Headline]) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, run) in facts.iter().enumerate().skip(1) {
        for line in headline {
            let delta = &line.deltas[at - 1];
            let (base, name, metric) = (&facts[0].letter, &run.letter, line.metric.name());
            let apart = delta.low > 0.0 || delta.high < 0.0;
            let what = match (apart && delta.p_holm < LEVEL, delta.difference > 0.0) {
                (true, true) => format!("{name} beats {base} on {metric}"),
                (true, false) => format!("{name} falls behind {base} on {metric}"),
                (false, _) => format!("{name} and {base} do not differ significantly on {metric}"),
            };
            let [difference, low, high] =
                [delta.difference, delta.low, delta.high].map(|x| format!("{:+.1}", 100.0 * x));
            let p = super::markdown::probability(delta.p_holm);
            let smallest = delta.detectable.map_or(String::new(), |smallest| {
                format!("; smallest difference found with 80 % power {:.1}", 100.0 * smallest)
            });
            lines.push(format!(
                "{what}: {difference} points (95 % interval {low} … {high}, p {p} after Holm, {} \
                 prompts{smallest}).",
                delta.prompts
            ));
        }
    }
    lines
}

/// The guarded metrics that fell: the paired interval lies below 0, or the test says so.
pub(super) fn findings(facts: &[Facts], headline: &[Headline], guard: &[Metric]) -> Vec<String> {
    let mut findings = Vec::new();
    for line in headline.iter().filter(|line| guard.contains(&line.metric)) {
        for (run, delta) in facts[1..].iter().zip(&line.deltas) {
            let fell = delta.high < 0.0 || (delta.p < LEVEL && delta.difference < 0.0);
            if fell {
                let points = 100.0 * delta.difference;
                let p = super::markdown::probability(delta.p);
                findings.push(format!(
                    "{} fell by {:.1} points from {} to {} (95 % interval {:+.1} … {:+.1}, p {p})",
                    line.metric.name(),
                    -points,
                    facts[0].letter,
                    run.letter,
                    100.0 * delta.low,
                    100.0 * delta.high,
                ));
            }
        }
    }
    findings
}
