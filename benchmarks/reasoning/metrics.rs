//! Avg@k, pass@k and maj@k over the samples of items, with intervals, and by category and level.
//!
//! Each is a mean over items of a number in [0, 1]. Intervals are 95 % percentile intervals of the
//! bootstrap over whole items, for the samples of one item hang together; where every item has the
//! same number, an interval has no width.

use std::collections::BTreeMap;

use serde::Serialize;

use super::check::Sample;
use super::gather::Judged;
use crate::answer::{Grade, equivalent};
use crate::error::{Error, Result};
use crate::metrics::Rate;
use crate::statistics::bootstrap::{Cluster, Plan, intervals, statistic};

/// The draws behind the intervals of one run.
pub const PLAN: Plan = Plan { resamples: 2_000, seed: 0 };

/// A mean over items with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// The mean; 0 of nothing.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// The figures of some items.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// How many items.
    pub items: u64,
    /// Avg@k: the share of right samples.
    pub average: Figure,
    /// pass@n by n: how likely one of n samples at least is right. For n = 1, 2, 4, … and k.
    pub pass: BTreeMap<u32, Figure>,
    /// maj@k: how likely the answer with the most votes is the right one.
    pub majority: Figure,
}

/// Samples that were cut off, and the others: the share of right ones in each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Truncation {
    /// Right ones among those that ended by themselves.
    pub completed: Rate,
    /// Right ones among those that were cut off.
    pub truncated: Rate,
    /// Those that were cut off among all.
    pub cap_hit: Rate,
}

/// The figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// k: samples of each item.
    pub samples: u32,
    /// Over all items.
    pub all: Figures,
    /// By category, of items that have one.
    pub per_category: BTreeMap<String, Figures>,
    /// By level, of items that have one.
    pub per_level: BTreeMap<String, Figures>,
    /// Responses that hold no answer.
    pub unanswered: u64,
    /// Samples that no response was given for.
    pub absent: u64,
    /// `None` where no response tells why it ended.
    pub truncation: Option<Truncation>,
}

/// What a metric makes of one item.
type Measure = Box<dyn Fn(&[Sample]) -> f64>;

/// Computes everything from `items` and from nothing else.
///
/// # Errors
/// Items with different numbers of samples.
pub fn compute(items: &[Judged], plan: Plan) -> Result<Metrics> {
    let samples = items.first().map_or(0, |item| item.samples.len());
    if let Some(odd) = items.iter().find(|item| item.samples.len() != samples) {
        let (key, count) = (&odd.key, odd.samples.len());
        let problem = format!("item {key} has {count} samples, the first item {samples}");
        return Err(Error::Setting(problem));
    }
    let all = || items.iter().flat_map(|item| &item.samples);
    let absent = all().filter(|sample| sample.line.is_none()).count() as u64;
    let mute = |sample: &&Sample| sample.line.is_some() && sample.grade == Grade::Missing;
    let unanswered = all().filter(mute).count() as u64;
    let everyone: Vec<&Judged> = items.iter().collect();
    Ok(Metrics {
        samples: samples as u32,
        all: figures(&everyone, samples, plan),
        per_category: table(items, samples, plan, |item| item.category.as_ref()),
        per_level: table(items, samples, plan, |item| item.level.as_ref()),
        unanswered,
        absent,
        truncation: truncation(items, plan),
    })
}

fn table<'a>(
    items: &'a [Judged],
    samples: usize,
    plan: Plan,
    group: impl Fn(&'a Judged) -> Option<&'a String>,
) -> BTreeMap<String, Figures> {
    let mut groups: BTreeMap<&String, Vec<&Judged>> = BTreeMap::new();
    for item in items {
        if let Some(name) = group(item) {
            groups.entry(name).or_default().push(item);
        }
    }
    let one = |(name, items): (&String, Vec<_>)| (name.clone(), figures(&items, samples, plan));
    groups.into_iter().map(one).collect()
}

fn figures(items: &[&Judged], samples: usize, plan: Plan) -> Figures {
    let figure = |measure: &Measure| {
        let values: Vec<f64> = items.iter().map(|item| measure(&item.samples)).collect();
        mean(&values, plan)
    };
    let mut pass = BTreeMap::new();
    for n in sizes(samples) {
        let measure: Measure = Box::new(move |samples| pass_of(samples, n));
        pass.insert(n as u32, figure(&measure));
    }
    let average: Measure = Box::new(average);
    let majority: Measure = Box::new(majority);
    Figures {
        items: items.len() as u64,
        average: figure(&average),
        pass,
        majority: figure(&majority),
    }
}

/// 1, 2, 4, … up to `samples`, and `samples` itself.
pub(super) fn sizes(samples: usize) -> Vec<usize> {
    let doubled = std::iter::successors(Some(1), |n| Some(n * 2));
    let mut sizes: Vec<usize> = doubled.take_while(|n| *n < samples).collect();
    sizes.extend((samples > 0).then_some(samples));
    sizes
}

/// The mean of `values` with its interval.
pub(super) fn mean(values: &[f64], plan: Plan) -> Figure {
    let count = values.len().max(1) as f64;
    let value = values.iter().sum::<f64>() / count;
    let drawn = |counts: &[u32]| {
        values.iter().zip(counts).map(|(value, n)| value * f64::from(*n)).sum::<f64>() / count
    };
    let interval = statistic(values.len(), plan, drawn);
    let (low, high) = interval.map_or((value, value), |found| (found.low, found.high));
    Figure { value, low, high }
}

/// The share of right samples.
pub(super) fn average(samples: &[Sample]) -> f64 {
    right(samples) as f64 / samples.len().max(1) as f64
}

/// pass@n of one item.
pub(super) fn pass_of(samples: &[Sample], n: usize) -> f64 {
    pass_at(samples.len(), right(samples), n)
}

fn right(samples: &[Sample]) -> usize {
    samples.iter().filter(|sample| sample.grade == Grade::Right).count()
}

/// How likely `k` of `n` samples, drawn without replacement, hold one at least of the `right`
/// ones: 1 − C(n − right, k) / C(n, k), the unbiased estimate of pass@k (Chen et al. 2021, arXiv
/// 2107.03374). A product of n − right + 1, … factors below 1, so nothing overflows; `k` above
/// `n` is taken as `n`.
pub fn pass_at(n: usize, right: usize, k: usize) -> f64 {
    let (right, k) = (right.min(n), k.min(n));
    if n - right < k {
        return 1.0;
    }
    let factor = |i: usize| 1.0 - k as f64 / i as f64;
    1.0 - (n - right + 1..=n).map(factor).product::<f64>()
}

/// How likely a vote of the samples is right.
///
/// Each answer has the vote of every sample whose answer is equivalent to it under the grader; a
/// sample without an answer has none. Of several answers with the most votes one is taken by lot,
/// and what is returned is the expectation over that: the share of right samples among those of
/// the leading answers, each of which has equally many. No order of samples matters.
pub fn majority(samples: &[Sample]) -> f64 {
    let mut ballots: BTreeMap<&str, Ballot> = BTreeMap::new();
    for sample in samples {
        if let Some(answer) = sample.answer.as_deref() {
            let ballot = ballots.entry(answer).or_default();
            ballot.samples += 1;
            ballot.right += u32::from(sample.grade == Grade::Right);
        }
    }
    let ballots: Vec<(&str, Ballot)> = ballots.into_iter().collect();
    let mut votes: Vec<u32> = ballots.iter().map(|(_, ballot)| ballot.samples).collect();
    for (at, (answer, ballot)) in ballots.iter().enumerate() {
        for (other, (second, more)) in ballots.iter().enumerate().skip(at + 1) {
            if equivalent(answer, second) {
                votes[at] += more.samples;
                votes[other] += ballot.samples;
            }
        }
    }
    let most = votes.iter().copied().max().unwrap_or(0);
    let leading = votes.iter().zip(&ballots).filter(|(votes, _)| **votes == most);
    let (right, total) = leading.fold((0, 0), |(right, total), (_, (_, ballot))| {
        (right + ballot.right, total + ballot.samples)
    });
    f64::from(right) / f64::from(total.max(1))
}

/// Samples with one and the same text of an answer.
#[derive(Debug, Clone, Copy, Default)]
struct Ballot {
    samples: u32,
    right: u32,
}

/// Whole and cut responses apart; samples without a response, or that do not tell why they ended,
/// are in neither.
fn truncation(items: &[Judged], plan: Plan) -> Option<Truncation> {
    let samples = items.iter().flat_map(|item| &item.samples);
    if samples.clone().all(|sample| sample.truncated.is_none()) {
        return None;
    }
    let rows: Vec<[Cluster; 3]> = items
        .iter()
        .map(|item| {
            let mut row = [Cluster::default(); 3];
            let told = |sample: &&Sample| sample.line.is_some() && sample.truncated.is_some();
            for sample in item.samples.iter().filter(told) {
                let cut = sample.truncated == Some(true);
                let part = &mut row[usize::from(cut)];
                part.gain += f64::from(u8::from(sample.grade == Grade::Right));
                part.size += 1.0;
                row[2].gain += f64::from(u8::from(cut));
                row[2].size += 1.0;
            }
            row
        })
        .collect();
    let drawn = intervals(&rows, plan);
    let [completed, truncated, cap_hit] = std::array::from_fn(|column| {
        let sum = |(gain, size), row: &[Cluster; 3]| {
            (gain + row[column].gain as u64, size + row[column].size as u64)
        };
        let (gain, size) = rows.iter().fold((0, 0), sum);
        let mut rate = Rate::new(gain, size);
        if let Some(interval) = drawn.as_ref().filter(|_| size > 0).map(|drawn| drawn[column]) {
            (rate.low, rate.high) = (interval.low, interval.high);
        }
        rate
    });
    Some(Truncation { completed, truncated, cap_hit })
}
