//! McNemar's exact test on paired yes/no outcomes (two-sided binomial test at one half).

use statrs::distribution::{Binomial, DiscreteCDF};

/// The p-value for `won` pairs that only the second run solved and `lost` that only the first did.
pub fn mcnemar(won: u64, lost: u64) -> f64 {
    let discordant = won + lost;
    if discordant == 0 {
        return 1.0;
    }
    let binomial = Binomial::new(0.5, discordant).expect("one half is a probability");
    (2.0 * binomial.cdf(won.min(lost))).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_statsmodels() {
        for (won, lost, p) in include!("expected/mcnemar.in") {
            let got = mcnemar(won, lost);
            assert!((got - p).abs() < 1e-10 * p.max(1e-3), "{won}, {lost}: {got}, not {p}");
        }
    }

    #[test]
    fn no_discordant_pair_tells_nothing() {
        assert_eq!(mcnemar(0, 0), 1.0);
    }
}
