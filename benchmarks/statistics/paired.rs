//! Two runs over the same clusters: the difference of their ratios, its interval and its test.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::Interval;
use super::bootstrap::{self, Cluster, Plan};
use super::mcnemar::mcnemar;
use super::power::{detectable, standard_error};

/// What one cluster adds in the run that is compared with, and in the run that is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pair {
    /// The run compared with.
    pub base: Cluster,
    /// The run compared.
    pub run: Cluster,
}

/// Σ gain / Σ size of the run less that of the base.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Paired {
    /// The difference.
    pub difference: f64,
    /// The lower end of its 95 % interval: whole clusters drawn anew, both runs together.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Two-sided. Exact McNemar where each cluster is one yes or no, else a z-test with the
    /// standard error over clusters.
    pub p: f64,
    /// Clusters that gained.
    pub won: u64,
    /// Clusters that lost.
    pub lost: u64,
    /// Clusters compared.
    pub clusters: usize,
    /// The smallest true difference that a test at 5 % finds in 80 % of repetitions; none with
    /// one cluster, or where no cluster changed and nothing tells the spread.
    pub detectable: Option<f64>,
}

/// Compares; `None` where either run has nothing in any cluster.
pub fn compare(pairs: &[Pair], plan: Plan) -> Option<Paired> {
    let [base, run] = totals(pairs);
    if base.size <= 0.0 || run.size <= 0.0 {
        return None;
    }
    let drawn = interval(pairs, plan)?;
    let (won, lost) = changed(pairs);
    let difference = run.gain / run.size - base.gain / base.size;
    let pull = influence(pairs, base, run);
    let single = |c: &Cluster| c.size == 1.0 && (c.gain == 0.0 || c.gain == 1.0);
    let p = match pairs.iter().all(|pair| single(&pair.base) && single(&pair.run)) {
        true => mcnemar(won, lost),
        false => z_test(difference, &pull),
    };
    Some(Paired {
        difference,
        low: drawn.low,
        high: drawn.high,
        p,
        won,
        lost,
        clusters: pairs.len(),
        detectable: detectable(&pull).filter(|smallest| *smallest > 0.0),
    })
}

fn totals(pairs: &[Pair]) -> [Cluster; 2] {
    let sum = |of: fn(&Pair) -> Cluster| Cluster {
        gain: pairs.iter().map(|pair| of(pair).gain).sum(),
        size: pairs.iter().map(|pair| of(pair).size).sum(),
    };
    [sum(|pair| pair.base), sum(|pair| pair.run)]
}

fn interval(pairs: &[Pair], plan: Plan) -> Option<Interval> {
    if pairs.iter().all(|pair| pair.base.size == pair.run.size) {
        let gained =
            |pair: &Pair| Cluster { gain: pair.run.gain - pair.base.gain, size: pair.run.size };
        return bootstrap::interval(&pairs.iter().map(gained).collect::<Vec<_>>(), plan);
    }
    bootstrap::statistic(pairs.len(), plan, |counts| {
        let mut sums = [0.0; 4];
        for (Pair { base, run }, &count) in pairs.iter().zip(counts).filter(|(_, n)| **n > 0) {
            let values = [base.gain, base.size, run.gain, run.size];
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value * f64::from(count));
        }
        let ratio = |gain: f64, size: f64| if size > 0.0 { gain / size } else { 0.0 };
        ratio(sums[2], sums[3]) - ratio(sums[0], sums[1])
    })
}

/// Clusters whose ratio rose, and whose ratio fell.
fn changed(pairs: &[Pair]) -> (u64, u64) {
    let ratio = |c: Cluster| if c.size > 0.0 { c.gain / c.size } else { 0.0 };
    let mut counts = (0, 0);
    for pair in pairs {
        counts.0 += u64::from(ratio(pair.run) > ratio(pair.base));
        counts.1 += u64::from(ratio(pair.run) < ratio(pair.base));
    }
    counts
}

/// What each cluster pulls the difference by, as single items whose mean has its standard error.
fn influence(pairs: &[Pair], base: Cluster, run: Cluster) -> Vec<Cluster> {
    let residual =
        |own: Cluster, all: Cluster| (own.gain - all.gain / all.size * own.size) / all.size;
    let pull = |pair: &Pair| residual(pair.run, run) - residual(pair.base, base);
    let count = pairs.len() as f64;
    pairs.iter().map(|pair| Cluster { gain: count * pull(pair), size: 1.0 }).collect()
}

/// Two-sided; 1 where no cluster differs from another, for nothing tells the spread then.
fn z_test(difference: f64, pull: &[Cluster]) -> f64 {
    match standard_error(pull) {
        Some(error) if error > 0.0 => 2.0 * Normal::standard().sf((difference / error).abs()),
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { resamples: 2000, seed: 0 };

    fn pair(base: (f64, f64), run: (f64, f64)) -> Pair {
        let cluster = |(gain, size)| Cluster { gain, size };
        Pair { base: cluster(base), run: cluster(run) }
    }

    #[test]
    fn single_answers_get_the_exact_test() {
        let one = |base: f64, run: f64, n: usize| vec![pair((base, 1.0), (run, 1.0)); n];
        let pairs = [one(1.0, 1.0, 36), one(0.0, 1.0, 4), one(1.0, 0.0, 18), one(0.0, 0.0, 2)];
        let found = compare(&pairs.concat(), PLAN).unwrap();
        assert_eq!((found.won, found.lost, found.clusters), (4, 18, 60));
        assert!((found.difference + 14.0 / 60.0).abs() < 1e-12);
        assert_eq!(found.p, mcnemar(4, 18));
        // d = ±1 or 0: variance (22 − 14²/60) / 59.
        let error = ((22.0 - 196.0 / 60.0) / 59.0 / 60.0_f64).sqrt();
        assert!((found.detectable.unwrap() - 2.801_585_218 * error).abs() < 1e-8);
        assert!(found.low < found.difference && found.difference < found.high);
    }

    #[test]
    fn shares_get_a_z_test_over_clusters() {
        // Three clusters of two: +1, +1, 0 of six; mean 1/3, residuals 1/3, 1/3, −2/3.
        let pairs = [(0.0, 1.0), (1.0, 2.0), (1.0, 1.0)].map(|(a, b)| pair((a, 2.0), (b, 2.0)));
        let found = compare(&pairs, PLAN).unwrap();
        let error = (6.0 / 9.0 * 1.5_f64).sqrt() / 6.0;
        let p = 2.0 * Normal::standard().sf((1.0 / 3.0) / error);
        assert!((found.p - p).abs() < 1e-12, "{} is not {p}", found.p);
        assert_eq!((found.won, found.lost), (2, 0));
    }

    #[test]
    fn sizes_may_differ_between_the_runs() {
        let pairs: Vec<Pair> =
            (0..40).map(|at| pair((f64::from(at % 2), 1.0), (f64::from(at % 3), 2.0))).collect();
        let found = compare(&pairs, PLAN).unwrap();
        // 20 of 40, and 13 × (0 + 1 + 2) of 80.
        assert!((found.difference - (39.0 / 80.0 - 0.5)).abs() < 1e-12);
        assert!(found.low < found.difference && found.difference < found.high);
        assert!(found.p > 0.5 && found.p <= 1.0);
        // Drawn by both ways alike where the sizes agree but for one that is nothing.
        let mut same = vec![pair((0.0, 1.0), (1.0, 1.0)), pair((1.0, 1.0), (1.0, 1.0))];
        let plain = compare(&same, PLAN).unwrap();
        same.push(pair((0.0, 1e-12), (0.0, 2e-12)));
        let other = compare(&same, PLAN).unwrap();
        assert!((plain.difference - other.difference).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_compared_with_nothing() {
        assert_eq!(compare(&[], PLAN), None);
        assert_eq!(compare(&[pair((0.0, 0.0), (1.0, 1.0))], PLAN), None);
        let same = compare(&[pair((1.0, 2.0), (1.0, 2.0)); 3], PLAN).unwrap();
        assert_eq!((same.difference, same.p, same.detectable), (0.0, 1.0, None));
    }
}
