//! What each benchmark of each run is: the header of the report.

use std::collections::{BTreeMap, BTreeSet};

use heedful_benchmarks::sheet::Cut;
use heedful_benchmarks::thinking::Counts;
use heedful_benchmarks::verifiable::PLAN;
use serde::Serialize;
use serde_json::Value;

use super::input::{Bench, Loaded, pairs};
use super::profiles::Profiles;

/// Keys of the configuration that say what was compared, or that follow from the responses.
const OWN: [&str; 7] =
    ["benchmark", "dataset", "metrics", "decided", "resamples", "profile", "prefilled"];

/// Settings that tell runs apart and are meant to differ.
const MEANT: [&str; 2] = ["generation.model", "generation.policy"];

/// One benchmark in all runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Benchmark {
    /// Its name.
    pub name: String,
    /// The run that others are compared with.
    pub base: usize,
    /// One a run; none where it was not measured.
    pub runs: Vec<Option<Facts>>,
}

/// One benchmark of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// The artifact's id.
    pub id: String,
    /// The artifact's folder.
    pub path: String,
    /// Digest of the items.
    pub dataset: String,
    /// What else was set, by key: profile, judge, template, thinking policy, and how the responses
    /// were made.
    pub settings: BTreeMap<String, String>,
    /// The responses: a file's path, or an artifact's id.
    pub responses: String,
    /// The files that it was made from.
    pub inputs: Vec<String>,
    /// The version of the code that scored it.
    pub code: String,
    /// The seed of intervals.
    pub seed: u64,
    /// Independent items: clusters of rows.
    pub clusters: usize,
    /// Rows.
    pub items: usize,
    /// Rows without a response.
    pub missing: usize,
    /// Constraints on which nobody could tell.
    pub undecided: usize,
    /// How the reasoning blocks stood.
    pub states: Counts,
    /// The first metric apart for cut and whole responses, where the responses tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncation: Option<Cut>,
    /// Both profiles, for verifiable instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profiles: Option<Profiles>,
}

impl Facts {
    fn of(loaded: &Loaded) -> Facts {
        let (manifest, rows) = (&loaded.read.artifact.manifest, &loaded.read.sheet.rows);
        let mut states = Counts::default();
        for state in rows.iter().filter_map(|row| row.thinking) {
            states.add(state, false);
        }
        states.irregular = loaded.profiles.as_ref().map_or(0, |profiles| profiles.irregular);
        let clusters: BTreeSet<&str> = rows.iter().map(|row| row.cluster.as_str()).collect();
        let marks = rows.iter().flat_map(|row| &row.marks);
        Facts {
            id: manifest.id.clone(),
            path: loaded.read.artifact.path.display().to_string(),
            dataset: loaded.read.config("dataset").unwrap_or_else(|| "unknown".to_owned()),
            settings: settings(&manifest.config),
            responses: match (manifest.parents.first(), manifest.inputs.last()) {
                (Some(artifact), _) => artifact.clone(),
                (None, input) => input.map(|input| input.name.clone()).unwrap_or_default(),
            },
            inputs: manifest.inputs.iter().map(|input| input.name.clone()).collect(),
            code: manifest.revision.version.clone(),
            seed: manifest.seed,
            clusters: clusters.len(),
            items: rows.len(),
            missing: rows.iter().filter(|row| row.response.is_none()).count(),
            undecided: marks.filter(|mark| mark.met.is_none()).count(),
            states,
            truncation: loaded.read.sheet.cut(0, PLAN),
            profiles: loaded.profiles.clone(),
        }
    }
}

/// The configuration as texts, `generation` by its own keys.
fn settings(config: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    for (key, value) in config.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            (_, Value::Null) => {}
            ("generation", Value::Object(inner)) => {
                // How it was sampled stands one level below.
                let sampling = inner.get("sampling").and_then(Value::as_object);
                let told = inner.iter().filter(|(key, _)| *key != "sampling");
                for (key, value) in told.chain(sampling.into_iter().flatten()) {
                    if !value.is_null() {
                        found.insert(format!("generation.{key}"), text(value));
                    }
                }
            }
            (own, _) if OWN.contains(&own) => {}
            _ => {
                found.insert(key.clone(), text(value));
            }
        }
    }
    if config.get("prefilled") == Some(&Value::Bool(true)) {
        let thinking = found.entry("thinking".to_owned()).or_default();
        thinking.push_str(", opening tag prefilled");
    }
    found
}

/// Whether runs are compared for this setting, so that it is no reason not to.
pub(super) fn is_meant(key: &str) -> bool {
    MEANT.contains(&key)
}

pub(super) fn benchmarks(benches: &[Bench]) -> Vec<Benchmark> {
    let one = |bench: &Bench| Benchmark {
        name: bench.name.clone(),
        base: bench.base,
        runs: bench.cells.iter().map(|cell| cell.as_ref().map(Facts::of)).collect(),
    };
    benches.iter().map(one).collect()
}

/// What differs between the runs beside the responses.
pub(super) fn differences(
    benches: &[Bench],
    facts: &[Benchmark],
    letters: &[String],
) -> Vec<String> {
    let mut found = Vec::new();
    for (bench, benchmark) in benches.iter().zip(facts) {
        let of = &benchmark.name;
        let runs: Vec<(&str, &Facts)> = (letters.iter().zip(&benchmark.runs))
            .filter_map(|(letter, facts)| Some((letter.as_str(), facts.as_ref()?)))
            .collect();
        for (letter, _) in letters.iter().zip(&benchmark.runs).filter(|(_, facts)| facts.is_none())
        {
            found.push(format!("{of}: {letter} was not measured"));
        }
        let mut compare = |name: &str, value: &dyn Fn(&Facts) -> Option<String>| {
            let values: Vec<Option<String>> = runs.iter().map(|(_, facts)| value(facts)).collect();
            if values.iter().any(|value| *value != values[0]) {
                let told = runs.iter().zip(&values).map(|((letter, _), value)| match value {
                    Some(value) => format!("{letter} has {value}"),
                    None => format!("{letter} tells none"),
                });
                let told: Vec<String> = told.collect();
                found.push(format!("{of}: the {name} differs: {}", told.join(", ")));
            }
        };
        compare("dataset", &|facts| Some(facts.dataset.clone()));
        let keys: BTreeSet<&String> = runs.iter().flat_map(|(_, f)| f.settings.keys()).collect();
        for key in keys {
            if !is_meant(key) {
                let name = match key.as_str() {
                    "profile_version" => "profile".to_owned(),
                    "thinking" => "thinking policy".to_owned(),
                    other => other.replace("generation.", "generation's "),
                };
                compare(&name, &|facts| facts.settings.get(key).cloned());
            }
        }
        compare("number of missing responses", &|facts| Some(facts.missing.to_string()));
        for (run, sheet) in bench.others() {
            let (shared, all) = (pairs(bench.base(), sheet).len(), sheet.rows.len());
            let (base, run) = (&letters[bench.base], &letters[run]);
            if shared < all.max(bench.base().rows.len()) {
                found.push(format!("{of}: {run} shares {shared} rows with {base}, not all"));
            }
        }
    }
    found
}

/// `A` to `Z`, then `R26` and so on.
pub(super) fn letter(at: usize) -> String {
    match u8::try_from(at) {
        Ok(at @ 0..26) => char::from(b'A' + at).to_string(),
        _ => format!("R{at}"),
    }
}
