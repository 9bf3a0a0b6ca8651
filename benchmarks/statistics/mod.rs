//! Intervals, paired tests and corrections for many tests.
//!
//! Expected values in the tests were made with scipy 1.x and statsmodels by
//! `benchmarks/peer/statistics.py`.

pub mod agreement;
pub mod binary;
pub mod bootstrap;
pub mod mcnemar;
pub mod multiplicity;
pub mod paired;
pub mod power;
pub mod ranking;
pub mod wilson;

/// The two-sided 95 % quantile of the standard normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// A closed interval of a rate or of a difference of rates.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}
