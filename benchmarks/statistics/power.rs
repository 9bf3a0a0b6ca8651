//! How small a difference the data could have shown.

use super::Z95;
use super::bootstrap::Cluster;

/// The 80 % quantile of the standard normal distribution.
const Z80: f64 = 0.841_621_233_572_914_3;

/// The standard error of the ratio Σ gain / Σ size over independent clusters, by linearisation.
/// `None` with fewer than two clusters.
pub fn standard_error(clusters: &[Cluster]) -> Option<f64> {
    let n = clusters.len() as f64;
    let size: f64 = clusters.iter().map(|c| c.size).sum();
    if clusters.len() < 2 || size == 0.0 {
        return None;
    }
    let ratio = clusters.iter().map(|c| c.gain).sum::<f64>() / size;
    let residual = |c: &Cluster| c.gain - ratio * c.size;
    let squares: f64 = clusters.iter().map(|c| residual(c).powi(2)).sum();
    Some((squares * n / (n - 1.0)).sqrt() / size)
}

/// The smallest true difference found in 80 % of repetitions by a two-sided test at 5 %.
pub fn detectable(clusters: &[Cluster]) -> Option<f64> {
    standard_error(clusters).map(|error| (Z95 + Z80) * error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_single_items_it_is_the_standard_error_of_the_mean() {
        let (gains, error, detected) = include!("expected/power.in");
        let clusters: Vec<Cluster> = gains.iter().map(|&gain| Cluster::of(gain, 1)).collect();
        assert!((standard_error(&clusters).unwrap() - error).abs() < 1e-12);
        assert!((detectable(&clusters).unwrap() - detected).abs() < 1e-9);
    }

    #[test]
    fn one_cluster_has_no_error() {
        assert_eq!(standard_error(&[Cluster::of(1, 1)]), None);
    }
}
