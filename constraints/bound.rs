//! A closed range of counts, and how near a count comes to it.

use std::fmt;

use crate::args::Reader;
use crate::error::Result;

/// The counts from `low` to `high`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bound {
    /// The smallest accepted count.
    pub low: u64,
    /// The largest accepted count; `u64::MAX` stands for no limit.
    pub high: u64,
}

impl Bound {
    /// Every count.
    pub const ANY: Bound = Bound { low: 0, high: u64::MAX };
    /// No occurrence at all.
    pub const NONE: Bound = Bound { low: 0, high: 0 };

    /// `n` or more.
    pub const fn at_least(n: u64) -> Bound {
        Bound { low: n, high: u64::MAX }
    }

    /// `n` or fewer.
    pub const fn at_most(n: u64) -> Bound {
        Bound { low: 0, high: n }
    }

    /// `n` and nothing else.
    pub const fn exactly(n: u64) -> Bound {
        Bound { low: n, high: n }
    }

    /// `low` to `high`, both included.
    pub const fn between(low: u64, high: u64) -> Bound {
        Bound { low, high }
    }

    /// Fewer than `n`; `None` for `n = 0`, which no count can satisfy.
    pub const fn less_than(n: u64) -> Option<Bound> {
        match n.checked_sub(1) {
            Some(high) => Some(Bound::at_most(high)),
            None => None,
        }
    }

    /// Whether `count` is accepted.
    pub const fn holds(self, count: u64) -> bool {
        self.low <= count && count <= self.high
    }

    /// Whether no count is accepted.
    pub const fn is_empty(self) -> bool {
        self.low > self.high
    }

    /// The counts that both accept; may be empty.
    pub fn and(self, other: Bound) -> Bound {
        Bound { low: self.low.max(other.low), high: self.high.min(other.high) }
    }

    /// How near `count` is: 1 inside, else the ratio of the count and the bound that it misses.
    pub fn degree(self, count: u64) -> f32 {
        if self.holds(count) {
            1.0
        } else if count < self.low {
            (count as f64 / self.low as f64) as f32
        } else if self.high == 0 {
            1.0 / (1.0 + count as f32)
        } else {
            (self.high as f64 / count as f64) as f32
        }
    }

    /// The bound that `relation` and `n` (and `m` for "between") spell, as in the `count:*` rules.
    ///
    /// # Errors
    /// A relation that is not one of the four, an `m` that is missing, left over or below `n`.
    pub fn read(args: &Reader<'_>) -> Result<Bound> {
        let n = args.count("n")?;
        let relation = args.text("relation")?;
        let m = args.count_if_any("m")?;
        if relation != "between" && m.is_some() {
            return Err(args.fault("m", "only goes with the relation \"between\""));
        }
        match (relation, m) {
            ("at least", _) => Ok(Bound::at_least(n)),
            ("at most", _) => Ok(Bound::at_most(n)),
            ("exactly", _) => Ok(Bound::exactly(n)),
            ("between", None) => Err(args.fault("m", "is missing: \"between\" needs two bounds")),
            ("between", Some(m)) if m < n => Err(args.fault("m", "is below `n`")),
            ("between", Some(m)) => Ok(Bound::between(n, m)),
            _ => Err(args.fault(
                "relation",
                "is none of \"at least\", \"at most\", \"exactly\", \"between\"",
            )),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.low, self.high) {
            (0, u64::MAX) => write!(f, "any number"),
            (low, u64::MAX) => write!(f, "at least {low}"),
            (low, high) if low == high => write!(f, "exactly {low}"),
            (0, high) => write!(f, "at most {high}"),
            (low, high) => write!(f, "{low} to {high}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degree_falls_with_the_distance() {
        let bound = Bound::between(10, 20);
        assert_eq!(bound.degree(15), 1.0);
        assert!(bound.degree(9) > bound.degree(5));
        assert!(bound.degree(21) > bound.degree(40));
        assert_eq!(bound.degree(0), 0.0);
        assert!(Bound::NONE.degree(1) > Bound::NONE.degree(2));
    }

    #[test]
    fn nothing_is_less_than_zero() {
        assert_eq!(Bound::less_than(0), None);
        assert_eq!(Bound::less_than(3), Some(Bound::at_most(2)));
    }
}
