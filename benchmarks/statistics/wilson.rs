//! Wilson's score interval of a rate (Wilson 1927), without continuity correction.

use super::{Interval, Z95};

/// The 95 % interval of `correct` out of `total`; everything when there is nothing to judge by.
pub fn wilson(correct: u64, total: u64) -> Interval {
    if total == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let n = total as f64;
    let rate = correct as f64 / n;
    let z2 = Z95 * Z95;
    let centre = (rate + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let spread = rate * (1.0 - rate) / n + z2 / (4.0 * n * n);
    let half = Z95 / (1.0 + z2 / n) * spread.sqrt();
    let low = if correct == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if correct == total { 1.0 } else { (centre + half).min(1.0) };
    Interval { low, high }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_statsmodels() {
        for (correct, total, low, high) in include!("expected/wilson.in") {
            let got = wilson(correct, total);
            assert!((got.low - low).abs() < 1e-12, "{correct}/{total}: {got:?}, not {low}");
            assert!((got.high - high).abs() < 1e-12, "{correct}/{total}: {got:?}, not {high}");
        }
    }

    #[test]
    fn nothing_tells_nothing() {
        assert_eq!(wilson(0, 0), Interval { low: 0.0, high: 1.0 });
    }
}
