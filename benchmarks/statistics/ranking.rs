//! How well scores order the items of a group whose true order is known.

/// Kendall's τ-b of two score lists (Kendall 1945); ties in either lessen what can be reached.
/// `None` where one of the lists has no two different values.
pub fn tau_b(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mut together, mut ties_a, mut ties_b, mut pairs) = (0i64, 0i64, 0i64, 0i64);
    for i in 0..a.len() {
        for j in i + 1..a.len() {
            let sign = |x: f64, y: f64| (x > y) as i64 - (x < y) as i64;
            let (first, second) = (sign(a[i], a[j]), sign(b[i], b[j]));
            together += first * second;
            ties_a += i64::from(first == 0);
            ties_b += i64::from(second == 0);
            pairs += 1;
        }
    }
    let room = ((pairs - ties_a) as f64 * (pairs - ties_b) as f64).sqrt();
    (room > 0.0).then(|| together as f64 / room)
}

/// The share of places, from the lowest score, that hold the item which the order by `truth` has
/// there. Items that score the same stand in any order: what counts is the mean over all orders.
/// True values are to be different.
pub fn position_consistency(scores: &[f64], truth: &[f64]) -> f64 {
    let order = |values: &[f64]| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
        order
    };
    let (found, right) = (order(scores), order(truth));
    let (mut same, mut start) = (0.0, 0);
    for ties in found.chunk_by(|&i, &j| scores[i] == scores[j]) {
        let places = &right[start..start + ties.len()];
        let inside = ties.iter().filter(|item| places.contains(item)).count();
        same += inside as f64 / ties.len() as f64;
        start += ties.len();
    }
    same / scores.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of scipy.stats.kendalltau, its default variant.
    #[test]
    fn tau_as_scipy_has_it() {
        let close = |a: &[f64], b: &[f64], value: f64| {
            assert!((tau_b(a, b).expect("defined") - value).abs() < 1e-12, "{a:?} {b:?}");
        };
        close(&[1.0, 2.0, 3.0, 4.0, 5.0], &[1.0, 2.0, 3.0, 4.0, 5.0], 1.0);
        close(&[12.0, 2.0, 1.0, 12.0, 2.0], &[1.0, 4.0, 7.0, 1.0, 0.0], -0.471_404_520_791_031_7);
        close(&[1.0, 3.0, 2.0], &[1.0, 2.0, 3.0], 1.0 / 3.0);
        assert_eq!(tau_b(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(tau_b(&[], &[]), None);
    }

    #[test]
    fn places_that_agree() {
        assert_eq!(position_consistency(&[0.1, 0.5, 0.3], &[1.0, 2.0, 3.0]), 1.0 / 3.0);
        assert_eq!(position_consistency(&[0.1, 0.2, 0.3], &[1.0, 2.0, 3.0]), 1.0);
        let chance = position_consistency(&[0.5; 3], &[1.0, 2.0, 3.0]);
        assert!((chance - 1.0 / 3.0).abs() < 1e-12, "{chance}");
        let half = position_consistency(&[0.2, 0.2, 0.9], &[1.0, 2.0, 3.0]);
        assert!((half - 2.0 / 3.0).abs() < 1e-12, "{half}");
    }
}
