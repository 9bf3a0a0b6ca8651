//! What a run is: the header of the report.

use std::collections::BTreeMap;

use heedful_benchmarks::metrics::{Metric, Metrics, Rate, compute};
use heedful_benchmarks::scores::Scores;
use heedful_benchmarks::thinking::Counts;
use heedful_benchmarks::truncation::{Truncation, truncation};
use heedful_benchmarks::verifiable::PLAN;
use heedful_constraints::Profile;
use serde::Serialize;
use serde_json::Value;

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// `A`, `B` and so on.
    pub letter: String,
    /// The run's name.
    pub name: String,
    /// The artifact's id.
    pub id: String,
    /// The artifact's folder.
    pub path: String,
    /// The benchmark.
    pub benchmark: String,
    /// Digest of the items.
    pub dataset: String,
    /// The profile's name and version.
    pub profile: String,
    /// The thinking policy.
    pub thinking: String,
    /// The responses: a file's path, or an artifact's id.
    pub responses: String,
    /// The version of the code that scored it.
    pub code: String,
    /// The number of items.
    pub items: usize,
    /// Items without a response.
    pub missing: usize,
    /// Instructions with an error in place of a verdict.
    pub errors: usize,
    /// How the reasoning blocks stood.
    pub states: Counts,
    /// Scores apart for cut and whole responses, where the responses tell.
    pub truncation: Option<Truncation>,
    /// The figures under the profile that it was scored with.
    pub metrics: Metrics,
    /// The four accuracies under both profiles, official first.
    pub profiles: Vec<(String, [Rate; 2])>,
    /// Instructions on which the profiles differ, by rule.
    pub disputed: BTreeMap<String, u64>,
}

impl Facts {
    /// The facts of `scores`; figures computed from its rows.
    pub(super) fn new(at: usize, scores: &Scores) -> Facts {
        let manifest = &scores.artifact.manifest;
        let config = |key: &str| match manifest.config.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => "unknown".to_owned(),
        };
        let thinking = match manifest.config.get("prefilled") {
            Some(Value::Bool(true)) => format!("{}, opening tag prefilled", config("thinking")),
            _ => config("thinking"),
        };
        let items = &scores.items;
        let mut states = Counts::default();
        for item in items {
            if let Some(state) = item.thinking {
                states.add(state, item.irregular);
            }
        }
        let outcomes = || items.iter().flat_map(|item| &item.outcomes);
        let mut disputed = BTreeMap::new();
        for outcome in outcomes().filter(|o| o.official != o.corrected) {
            *disputed.entry(outcome.id.clone()).or_default() += 1;
        }
        let metrics = compute(items, scores.profile, PLAN);
        let under = |profile| match profile == scores.profile {
            true => metrics.clone(),
            false => compute(items, profile, PLAN),
        };
        let both = [under(Profile::Official), under(Profile::Corrected)];
        let rates =
            |metric: Metric| (metric.name().to_owned(), both.each_ref().map(|m| m.get(metric)));
        Facts {
            letter: letter(at),
            name: manifest.name.clone(),
            id: manifest.id.clone(),
            path: scores.artifact.path.display().to_string(),
            benchmark: config("benchmark"),
            dataset: config("dataset"),
            profile: config("profile_version"),
            thinking,
            responses: match (manifest.parents.first(), manifest.inputs.last()) {
                (Some(artifact), _) => artifact.clone(),
                (None, input) => input.map(|input| input.name.clone()).unwrap_or_default(),
            },
            code: manifest.revision.version.clone(),
            items: items.len(),
            missing: items.iter().filter(|item| item.response.is_none()).count(),
            errors: outcomes().filter(|o| o.error.is_some()).count(),
            states,
            truncation: truncation(items, scores.profile),
            profiles: Metric::ALL.map(rates).into(),
            metrics,
            disputed,
        }
    }
}

/// What differs between the runs beside the responses.
pub(super) fn differences(runs: &[Facts]) -> Vec<String> {
    type Field = (&'static str, fn(&Facts) -> &str);
    let fields: [Field; 4] = [
        ("benchmark", |run| &run.benchmark),
        ("dataset", |run| &run.dataset),
        ("profile", |run| &run.profile),
        ("thinking policy", |run| &run.thinking),
    ];
    let mut differences = Vec::new();
    for (name, field) in fields {
        if runs.iter().any(|run| field(run) != field(&runs[0])) {
            let values: Vec<String> =
                runs.iter().map(|run| format!("{} has {}", run.letter, field(run))).collect();
            differences.push(format!("the {name} differs: {}", values.join(", ")));
        }
    }
    for run in runs.iter().filter(|run| run.missing > 0) {
        differences.push(format!("{} lacks {} responses", run.letter, run.missing));
    }
    differences
}

/// `A` to `Z`, then `R26` and so on.
fn letter(at: usize) -> String {
    match u8::try_from(at) {
        Ok(at @ 0..26) => char::from(b'A' + at).to_string(),
        _ => format!("R{at}"),
    }
}
