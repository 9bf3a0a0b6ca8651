//! Fractions of small whole numbers, exact.

use std::ops::{Add, Div, Mul, Sub};

/// A fraction in lowest terms, its denominator above 0. Made of what templates draw, which is
/// small: products stay far below the limits of `i64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ratio {
    pub(super) above: i64,
    pub(super) below: i64,
}

/// The greatest common divisor, at least 1.
pub(super) fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

impl Ratio {
    /// `above` divided by `below`, which is not 0.
    pub(super) fn new(above: i64, below: i64) -> Ratio {
        let by = gcd(above, below) * below.signum();
        Ratio { above: above / by, below: below / by }
    }

    /// The whole number, where it is one.
    pub(super) fn whole(self) -> Option<i64> {
        (self.below == 1).then_some(self.above)
    }

    /// As a fraction: `3/4`, or `2` where it is whole.
    pub(super) fn fraction(self) -> String {
        match self.below {
            1 => self.above.to_string(),
            below => format!("{}/{below}", self.above),
        }
    }

    /// As a decimal with at most `places` places; `None` where it needs more.
    pub(super) fn decimal(self, places: u32) -> Option<String> {
        let scale = 10i64.pow(places);
        let scaled = (self * Ratio::from(scale)).whole()?;
        let (whole, part) = (scaled.abs() / scale, scaled.abs() % scale);
        let sign = if scaled < 0 { "-" } else { "" };
        let part = format!("{part:0width$}", width = places as usize);
        let part = part.trim_end_matches('0');
        Some(match part {
            "" => format!("{sign}{whole}"),
            part => format!("{sign}{whole}.{part}"),
        })
    }
}

impl From<i64> for Ratio {
    fn from(whole: i64) -> Ratio {
        Ratio { above: whole, below: 1 }
    }
}

impl Add for Ratio {
    type Output = Ratio;

    fn add(self, other: Ratio) -> Ratio {
        let above = self.above * other.below + other.above * self.below;
        Ratio::new(above, self.below * other.below)
    }
}

impl Sub for Ratio {
    type Output = Ratio;

    fn sub(self, other: Ratio) -> Ratio {
        let above = self.above * other.below - other.above * self.below;
        Ratio::new(above, self.below * other.below)
    }
}

impl Mul for Ratio {
    type Output = Ratio;

    fn mul(self, other: Ratio) -> Ratio {
        Ratio::new(self.above * other.above, self.below * other.below)
    }
}

impl Div for Ratio {
    type Output = Ratio;

    /// Templates divide by nothing that is 0.
    fn div(self, other: Ratio) -> Ratio {
        Ratio::new(self.above * other.below, self.below * other.above)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_exact() {
        let r = Ratio::new;
        assert_eq!(r(1, 2) + r(1, 3), r(5, 6));
        assert_eq!(r(1, 2) - r(1, 3), r(-1, -6));
        assert_eq!(r(-2, 4), r(1, -2));
        assert_eq!(r(2, 3) / r(-4, 9), r(-3, 2));
        assert_eq!(r(6, 4).fraction(), "3/2");
        assert_eq!(r(-6, 3).fraction(), "-2");
        assert_eq!(r(-5, 4).decimal(2), Some("-1.25".to_owned()));
        assert_eq!(r(21, 20).decimal(3), Some("1.05".to_owned()));
        assert_eq!(r(100, 1).decimal(2), Some("100".to_owned()));
        assert_eq!(r(1, 8).decimal(2), None);
        assert_eq!(gcd(0, 0), 1);
    }
}
