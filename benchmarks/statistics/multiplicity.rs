//! Corrections for many tests at once: Holm (family-wise) and Benjamini-Hochberg (false discovery).

/// Holm's adjusted p-values, in the order given.
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let n = ps.len();
    let mut adjusted = vec![0.0; n];
    let mut running: f64 = 0.0;
    for (rank, at) in ascending(ps).into_iter().enumerate() {
        running = running.max(ps[at] * (n - rank) as f64).min(1.0);
        adjusted[at] = running;
    }
    adjusted
}

/// Benjamini and Hochberg's adjusted p-values, in the order given.
pub fn benjamini_hochberg(ps: &[f64]) -> Vec<f64> {
    let n = ps.len();
    let mut adjusted = vec![0.0; n];
    let mut running: f64 = 1.0;
    for (rank, at) in ascending(ps).into_iter().enumerate().rev() {
        running = running.min(ps[at] * n as f64 / (rank + 1) as f64);
        adjusted[at] = running;
    }
    adjusted
}

fn ascending(ps: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|&a, &b| ps[a].total_cmp(&ps[b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-12, "{got}, not {expected}");
        }
    }

    #[test]
    fn agrees_with_statsmodels() {
        let (ps, by_holm, by_bh) = include!("expected/multiplicity.in");
        near(&holm(&ps), &by_holm);
        near(&benjamini_hochberg(&ps), &by_bh);
    }

    #[test]
    fn no_test_no_value() {
        assert!(holm(&[]).is_empty());
        assert!(benjamini_hochberg(&[]).is_empty());
    }
}
