//! What training changed: two runs over the same items, compared item by item.

use std::collections::BTreeMap;

use serde::Serialize;

use super::check::Sample;
use super::gather::Judged;
use super::metrics::{Figure, average, majority, mean, pass_of, sizes};
use crate::error::{Error, Result};
use crate::statistics::bootstrap::Plan;

/// Differences, after less before, of means over items; below 0 is what was lost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// How many items.
    pub items: u64,
    /// Of Avg@k.
    pub average: Figure,
    /// Of pass@n by n, up to the smaller number of samples.
    pub pass: BTreeMap<u32, Figure>,
    /// Of maj@k; each run has its own k.
    pub majority: Figure,
}

/// Compares `after` with `before`. Each item is its own control: a resample of the bootstrap draws
/// it in both runs.
///
/// # Errors
/// Runs whose items are not the same in the same order.
pub fn compare(before: &[Judged], after: &[Judged], plan: Plan) -> Result<Change> {
    if before.len() != after.len() {
        let (before, after) = (before.len(), after.len());
        return Err(Error::Setting(format!("{before} items before and {after} after")));
    }
    if let Some((old, new)) = before.iter().zip(after).find(|(old, new)| old.key != new.key) {
        let problem = format!("item {} before stands where {} is after", old.key, new.key);
        return Err(Error::Setting(problem));
    }
    let difference = |of: &dyn Fn(&[Sample]) -> f64| {
        let pairs = before.iter().zip(after);
        let values: Vec<f64> =
            pairs.map(|(old, new)| of(&new.samples) - of(&old.samples)).collect();
        mean(&values, plan)
    };
    let fewest = before.iter().chain(after).map(|item| item.samples.len()).min().unwrap_or(0);
    let pass = sizes(fewest).into_iter();
    Ok(Change {
        items: before.len() as u64,
        average: difference(&average),
        pass: pass.map(|n| (n as u32, difference(&|samples| pass_of(samples, n)))).collect(),
        majority: difference(&majority),
    })
}
