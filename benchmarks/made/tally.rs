//! Counts of what was given up, by reason.

use std::collections::BTreeMap;

/// How often each thing happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// Once more.
    pub(super) fn add(&mut self, reason: &'static str) {
        self.add_many(reason, 1);
    }

    /// `n` times more.
    pub(super) fn add_many(&mut self, reason: &'static str, n: u64) {
        *self.0.entry(reason).or_default() += n;
    }

    /// All that another has counted.
    pub(super) fn take(&mut self, other: &Tally) {
        for (reason, n) in &other.0 {
            self.add_many(reason, *n);
        }
    }

    /// By reason.
    pub(super) fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.0
    }
}
