//! The cluster bootstrap: whole prompts are drawn with replacement, never single instructions.
//!
//! Each block of resamples has its own ChaCha8 stream, so the result depends on the seed alone
//! and not on the number of threads.

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Interval;

/// One prompt: what it adds to the numerator and to the denominator.
///
/// For a rate, `gain` is the number followed; for a paired difference, that of the second run less
/// that of the first. Whole numbers add up exactly, in any order.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cluster {
    /// Added to the numerator.
    pub gain: f64,
    /// Added to the denominator.
    pub size: f64,
}

impl Cluster {
    /// Of counts.
    pub fn of(gain: i32, size: u32) -> Cluster {
        Cluster { gain: f64::from(gain), size: f64::from(size) }
    }
}

/// How often to draw, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The number of resamples.
    pub resamples: u32,
    /// The seed of the ChaCha8 streams.
    pub seed: u64,
}

const BLOCK: u32 = 64;

/// The 95 % percentile interval of Σ gain / Σ size; `None` without clusters.
pub fn interval(clusters: &[Cluster], plan: Plan) -> Option<Interval> {
    let columns: Vec<[Cluster; 1]> = clusters.iter().map(|&c| [c]).collect();
    intervals(&columns, plan).map(|[one]| one)
}

/// The intervals of several ratios over the same draws of clusters; `None` without clusters.
pub fn intervals<const N: usize>(rows: &[[Cluster; N]], plan: Plan) -> Option<[Interval; N]> {
    if rows.is_empty() || plan.resamples == 0 || u32::try_from(rows.len()).is_err() {
        return None;
    }
    let drawn: Vec<[f64; N]> = draws(plan, |rng| resample(rows, rng));
    Some(std::array::from_fn(|column| percentile(drawn.iter().map(|row| row[column]).collect())))
}

/// The 95 % percentile interval of any statistic: `of` gets how often each of the clusters was
/// drawn. `None` without clusters.
pub fn statistic(
    clusters: usize,
    plan: Plan,
    of: impl Fn(&[u32]) -> f64 + Sync,
) -> Option<Interval> {
    if clusters == 0 || plan.resamples == 0 || u32::try_from(clusters).is_err() {
        return None;
    }
    let drawn = draws(plan, |rng| {
        let mut counts = vec![0; clusters];
        (0..clusters).for_each(|_| counts[place(clusters, rng)] += 1);
        of(&counts)
    });
    Some(percentile(drawn))
}

/// All resamples, each block of them from a stream of its own.
fn draws<T: Send>(plan: Plan, one: impl Fn(&mut ChaCha8Rng) -> T + Sync) -> Vec<T> {
    let blocks: Vec<Vec<T>> = (0..plan.resamples.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
            rng.set_stream(u64::from(block));
            let count = BLOCK.min(plan.resamples - block * BLOCK);
            (0..count).map(|_| one(&mut rng)).collect()
        })
        .collect();
    blocks.into_iter().flatten().collect()
}

/// One of `count` places.
fn place(count: usize, rng: &mut ChaCha8Rng) -> usize {
    // A 32-bit multiply-shift: its bias, count / 2^32, is far below the resampling error.
    ((u64::from(rng.next_u32()) * count as u64) >> 32) as usize
}

fn resample<const N: usize>(rows: &[[Cluster; N]], rng: &mut ChaCha8Rng) -> [f64; N] {
    let mut gains = [0.0; N];
    let mut sizes = [0.0; N];
    for _ in 0..rows.len() {
        for (column, cluster) in rows[place(rows.len(), rng)].iter().enumerate() {
            gains[column] += cluster.gain;
            sizes[column] += cluster.size;
        }
    }
    std::array::from_fn(|column| ratio(gains[column], sizes[column]))
}

/// 0 of nothing.
fn ratio(gain: f64, size: f64) -> f64 {
    if size > 0.0 { gain / size } else { 0.0 }
}

fn percentile(mut values: Vec<f64>) -> Interval {
    values.sort_unstable_by(f64::total_cmp);
    Interval { low: quantile(&values, 0.025), high: quantile(&values, 0.975) }
}

/// The quantile of sorted values with linear interpolation between neighbours (numpy's default).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { resamples: 10_000, seed: 7 };

    fn clusters() -> (Vec<Cluster>, f64, f64) {
        let (rows, low, high) = include!("expected/bootstrap.in");
        let cluster = |&(gain, size): &(i32, u32)| Cluster::of(gain, size);
        (rows.iter().map(cluster).collect(), low, high)
    }

    #[test]
    fn agrees_with_scipy_within_the_resampling_error() {
        let (clusters, low, high) = clusters();
        let got = interval(&clusters, PLAN).unwrap();
        assert!((got.low - low).abs() < 0.004, "{got:?}, not {low}");
        assert!((got.high - high).abs() < 0.004, "{got:?}, not {high}");
    }

    #[test]
    fn depends_on_the_seed_and_not_on_threads() {
        let (clusters, ..) = clusters();
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let alone = one.install(|| interval(&clusters, PLAN));
        assert_eq!(alone, interval(&clusters, PLAN));
        assert_ne!(alone, interval(&clusters, Plan { seed: 8, ..PLAN }));
    }

    #[test]
    fn a_statistic_of_counts_is_the_same_draw() {
        let (clusters, ..) = clusters();
        let rate = |counts: &[u32]| {
            let sum = |of: fn(&Cluster) -> f64| -> f64 {
                clusters.iter().zip(counts).map(|(c, &n)| of(c) * f64::from(n)).sum()
            };
            sum(|c| c.gain) / sum(|c| c.size)
        };
        let (one, two) = (statistic(clusters.len(), PLAN, rate), interval(&clusters, PLAN));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert!((one.low - two.low).abs() < 1e-12 && (one.high - two.high).abs() < 1e-12);
    }

    #[test]
    fn nothing_drawn_from_nothing() {
        assert_eq!(interval(&[], PLAN), None);
        assert_eq!(statistic(0, PLAN, |_| 0.0), None);
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[5.0], 0.975), 5.0);
    }
}
