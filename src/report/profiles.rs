//! What only verifiable instructions have: two profiles side by side, and errors of rules.

use std::collections::BTreeMap;

use heedful_benchmarks::metrics::{Metric, Rate, compute};
use heedful_benchmarks::scores::Scores;
use heedful_benchmarks::verifiable::PLAN;
use heedful_constraints::Profile;
use serde::Serialize;

/// The figures under both profiles.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profiles {
    /// The four accuracies under both profiles, official first.
    pub accuracies: Vec<(String, [Rate; 2])>,
    /// Instructions on which the profiles differ, by rule.
    pub disputed: BTreeMap<String, u64>,
    /// Instructions with an error in place of a verdict.
    pub errors: usize,
    /// Responses with odd reasoning tags.
    pub irregular: u64,
}

impl Profiles {
    pub(super) fn of(scores: &Scores) -> Profiles {
        let items = &scores.items;
        let outcomes = || items.iter().flat_map(|item| &item.outcomes);
        let mut disputed = BTreeMap::new();
        for outcome in outcomes().filter(|o| o.official != o.corrected) {
            *disputed.entry(outcome.id.clone()).or_default() += 1;
        }
        let both = [Profile::Official, Profile::Corrected].map(|p| compute(items, p, PLAN));
        let rates =
            |metric: Metric| (metric.name().to_owned(), both.each_ref().map(|m| m.get(metric)));
        Profiles {
            accuracies: Metric::ALL.map(rates).into(),
            disputed,
            errors: outcomes().filter(|o| o.error.is_some()).count(),
            irregular: items.iter().filter(|item| item.irregular).count() as u64,
        }
    }
}
