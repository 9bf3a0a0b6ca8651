//! How well probabilities tell two classes apart, and whether they mean what they say.
//!
//! Every measure takes a weight for each item, so that a resample is a vector of counts. Items are
//! sorted by score once.

use serde::Serialize;

use super::Interval;
use super::bootstrap::{self, Plan};

/// Bins of the reliability diagram, of equal width (Guo et al. 2017 take 15; with a few thousand
/// items 10 are less noisy).
pub const BINS: usize = 10;

/// One judged item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item {
    /// The probability of the positive class.
    pub score: f32,
    /// Whether it is positive.
    pub truth: bool,
    /// Items of one cluster are drawn together.
    pub cluster: u32,
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// Its interval by the bootstrap over clusters.
    #[serde(flatten)]
    pub interval: Interval,
}

/// A bin of the reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Items.
    pub count: u64,
    /// Their mean score.
    pub score: f64,
    /// The share of positives.
    pub positive: f64,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measures {
    /// Items.
    pub items: u64,
    /// Positive ones.
    pub positives: u64,
    /// The share on the right side of one half.
    pub accuracy: Figure,
    /// The harmonic mean of precision and recall of the positive class.
    pub f1: Figure,
    /// The chance that a positive item scores above a negative one, ties counted half; null where
    /// there is one class only.
    pub auroc: Option<Figure>,
    /// The mean distance of score and share of positives over the bins, by items.
    pub ece: Figure,
    /// The bins from 0 to 1.
    pub bins: Vec<Bin>,
}

/// The measures of these items; `None` without any.
pub fn measures(items: &[Item], plan: Plan) -> Option<Measures> {
    let mut sorted = items.to_vec();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
    let clusters = items.iter().map(|item| item.cluster as usize + 1).max()?;
    let whole = vec![1; clusters];
    let figure = |of: fn(&[Item], &[u32]) -> f64| -> Option<Figure> {
        let value = of(&sorted, &whole);
        let interval = bootstrap::statistic(clusters, plan, |weights| of(&sorted, weights))?;
        Some(Figure { value, interval })
    };
    let positives = items.iter().filter(|item| item.truth).count();
    let both = positives > 0 && positives < items.len();
    Some(Measures {
        items: items.len() as u64,
        positives: positives as u64,
        accuracy: figure(accuracy)?,
        f1: figure(f1)?,
        auroc: if both { figure(auroc) } else { None },
        ece: figure(ece)?,
        bins: bins(&sorted, &whole).map(Bin::of).to_vec(),
    })
}

fn weight(item: &Item, weights: &[u32]) -> f64 {
    f64::from(weights[item.cluster as usize])
}

/// The share of items whose score is on the right side of one half.
pub fn accuracy(items: &[Item], weights: &[u32]) -> f64 {
    let (mut right, mut all) = (0.0, 0.0);
    for item in items {
        let weight = weight(item, weights);
        all += weight;
        right += if (item.score >= 0.5) == item.truth { weight } else { 0.0 };
    }
    right / f64::max(all, 1.0)
}

/// 2 TP / (2 TP + FP + FN); 0 where nothing is positive.
pub fn f1(items: &[Item], weights: &[u32]) -> f64 {
    let (mut hits, mut misses) = (0.0, 0.0);
    for item in items {
        match (item.score >= 0.5, item.truth) {
            (true, true) => hits += 2.0 * weight(item, weights),
            (false, false) => {}
            _ => misses += weight(item, weights),
        }
    }
    if hits + misses > 0.0 { hits / (hits + misses) } else { 0.0 }
}

/// The area under the ROC curve of items sorted by score; one half where a class is missing.
pub fn auroc(items: &[Item], weights: &[u32]) -> f64 {
    let (mut below, mut won, mut positive) = (0.0, 0.0, 0.0);
    for ties in items.chunk_by(|a, b| a.score == b.score) {
        let of = |truth: bool| -> f64 {
            ties.iter().filter(|item| item.truth == truth).map(|item| weight(item, weights)).sum()
        };
        let (good, bad) = (of(true), of(false));
        won += good * (below + bad / 2.0);
        below += bad;
        positive += good;
    }
    if positive * below > 0.0 { won / (positive * below) } else { 0.5 }
}

/// The expected calibration error over [`BINS`] bins.
pub fn ece(items: &[Item], weights: &[u32]) -> f64 {
    let bins = bins(items, weights);
    let all: f64 = bins.iter().map(|[count, ..]| count).sum();
    let off: f64 = bins.iter().map(|[_, score, positive]| (score - positive).abs()).sum();
    off / all.max(1.0)
}

/// Count, sum of scores and positives of each bin.
fn bins(items: &[Item], weights: &[u32]) -> [[f64; 3]; BINS] {
    let mut bins = [[0.0; 3]; BINS];
    for item in items {
        let weight = weight(item, weights);
        let at = (item.score * BINS as f32) as usize;
        let bin = &mut bins[at.min(BINS - 1)];
        bin[0] += weight;
        bin[1] += weight * f64::from(item.score);
        bin[2] += if item.truth { weight } else { 0.0 };
    }
    bins
}

impl Bin {
    fn of([count, score, positive]: [f64; 3]) -> Bin {
        let each = count.max(1.0);
        Bin { count: count as u64, score: score / each, positive: positive / each }
    }
}

/// The temperature T > 0 that makes σ(x / T) likeliest for these (x, truth): a line search over
/// ln T, for the likelihood is concave in 1 / T.
pub fn temperature(logits: &[(f32, bool)]) -> f64 {
    let loss = |log: f64| -> f64 {
        let scale = (-log).exp();
        let one = |&(x, truth): &(f32, bool)| {
            let x = f64::from(x) * scale * if truth { 1.0 } else { -1.0 };
            (-x.abs()).exp().ln_1p() + (-x).max(0.0)
        };
        logits.iter().map(one).sum()
    };
    // Beyond these a probability is 0, 1 or one half anyhow.
    let (mut low, mut high) = ((0.05f64).ln(), (20.0f64).ln());
    let golden = (5.0f64.sqrt() - 1.0) / 2.0;
    for _ in 0..60 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if loss(a) <= loss(b) { high = b } else { low = a }
    }
    f64::midpoint(low, high).exp()
}

/// The a and b that make σ(a·x + b) likeliest for these (x, truth), by Newton's method with a small
/// ridge, so that classes that come apart have an end as well (Platt 1999).
pub fn platt(logits: &[(f32, bool)]) -> [f64; 2] {
    const RIDGE: f64 = 1e-3;
    let loss = |[a, b]: [f64; 2]| -> f64 {
        let one = |&(x, truth): &(f32, bool)| {
            let lead = (a * f64::from(x) + b) * if truth { 1.0 } else { -1.0 };
            (-lead.abs()).exp().ln_1p() + (-lead).max(0.0)
        };
        logits.iter().map(one).sum::<f64>() + RIDGE * (a * a + b * b) / 2.0
    };
    let mut at = [0.0; 2];
    for _ in 0..100 {
        let [a, b] = at;
        let (mut slope, mut bend) = ([RIDGE * a, RIDGE * b], [RIDGE, 0.0, RIDGE]);
        for &(x, truth) in logits {
            let x = f64::from(x);
            let p = 1.0 / (1.0 + (-(a * x + b)).exp());
            let (off, w) = (p - f64::from(u8::from(truth)), p * (1.0 - p));
            slope = [slope[0] + off * x, slope[1] + off];
            bend = [bend[0] + w * x * x, bend[1] + w * x, bend[2] + w];
        }
        let scale = bend[0] * bend[2] - bend[1] * bend[1];
        let step = [
            (bend[2] * slope[0] - bend[1] * slope[1]) / scale,
            (bend[0] * slope[1] - bend[1] * slope[0]) / scale,
        ];
        // A whole step may go too far; the loss is convex, so a shorter one does not.
        let by = |share: f64| [a - share * step[0], b - share * step[1]];
        let now = loss(at);
        let shares = (0..40).map(|halvings| 0.5f64.powi(halvings));
        let Some(next) = shares.map(by).find(|next| loss(*next) < now) else { break };
        at = next;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(rows: &[(f32, bool)]) -> Vec<Item> {
        let item = |(at, &(score, truth)): (usize, &(f32, bool))| Item {
            score,
            truth,
            cluster: at as u32,
        };
        rows.iter().enumerate().map(item).collect()
    }

    const PLAN: Plan = Plan { resamples: 200, seed: 3 };

    /// Expected values by scikit-learn's definitions, worked out by hand.
    #[test]
    fn measures_of_six_items() {
        let rows =
            [(0.9, true), (0.8, false), (0.8, true), (0.4, true), (0.3, false), (0.05, false)];
        let found = measures(&items(&rows), PLAN).expect("items");
        assert!((found.accuracy.value - 4.0 / 6.0).abs() < 1e-12);
        assert!((found.f1.value - 2.0 / 3.0).abs() < 1e-12);
        // Of the nine pairs one is a tie and one is turned round.
        assert!((found.auroc.expect("two classes").value - 7.5 / 9.0).abs() < 1e-12);
        let ece = (0.1 + (1.6 - 1.0) + 0.6 + 0.3 + 0.05) / 6.0;
        assert!((found.ece.value - ece).abs() < 1e-6, "{} {ece}", found.ece.value);
        assert_eq!((found.items, found.positives), (6, 3));
        assert_eq!(found.bins.iter().map(|bin| bin.count).sum::<u64>(), 6);
        let Interval { low, high } = found.accuracy.interval;
        assert!(low < found.accuracy.value && found.accuracy.value < high);
    }

    #[test]
    fn one_class_has_no_curve_and_nothing_has_no_measure() {
        let found = measures(&items(&[(0.9, true), (0.2, true)]), PLAN).expect("items");
        assert_eq!((found.auroc, found.accuracy.value), (None, 0.5));
        assert_eq!(measures(&[], PLAN), None);
    }

    #[test]
    fn a_line_undoes_scale_and_shift() {
        // At x = 1 three of four are positive, at x = 3 one of four: ln 3 = a + b, -ln 3 = 3a + b.
        let rows = |x: f32, good: usize| (0..40).map(move |at| (x, at % 4 < good));
        let logits: Vec<(f32, bool)> = rows(1.0, 3).chain(rows(3.0, 1)).collect();
        let [a, b] = platt(&logits);
        let log = 3.0f64.ln();
        assert!((a + log).abs() < 1e-3 && (b - 2.0 * log).abs() < 1e-3, "{a} {b}");
        let apart: Vec<(f32, bool)> = (0..9).map(|at| (at as f32, at > 4)).collect();
        let [a, b] = platt(&apart);
        assert!(a.is_finite() && a > 1.0 && b < 0.0, "{a} {b}");
    }

    #[test]
    fn the_temperature_undoes_a_scale() {
        // Scores of ±2 that are right in 3 of 4 cases: their true logit is ±ln 3.
        let logits: Vec<(f32, bool)> = (0..400)
            .map(|at| (if at % 2 == 0 { 2.0 } else { -2.0 }, (at % 2 == 0) == (at % 8 < 6)))
            .collect();
        let right = logits.iter().filter(|(x, truth)| (*x > 0.0) == *truth).count();
        assert_eq!(right, 300);
        assert!((temperature(&logits) - 2.0 / 3.0f64.ln()).abs() < 1e-6);
    }
}
