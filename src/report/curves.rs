//! Figures over the steps of a training, where runs are its checkpoints.

use std::path::Path;

use heedful_benchmarks::{Error, Result};
use serde::Serialize;
use serde_json::Value;

use super::compare::Headline;
use super::input::{Grid, Source};

/// Fewer points make no curve.
const FEWEST: usize = 3;

/// What stands before the number of a step in names.
const WORDS: [&str; 4] = ["step", "checkpoint", "ckpt", "iter"];

/// A metric over steps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// Of which benchmark.
    pub benchmark: String,
    /// Which.
    pub metric: String,
    /// Its best value.
    pub best: f64,
    /// One a training: checkpoints whose names differ in the step alone.
    pub series: Vec<Series>,
}

/// The checkpoints of one training, or a training's own metrics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// The training.
    pub name: String,
    /// In order of steps.
    pub points: Vec<Point>,
}

/// A value at a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The step.
    pub step: u64,
    /// The value.
    pub value: f64,
    /// Its 95 % interval, where it has one.
    pub interval: Option<[f64; 2]>,
}

/// The training that a name is of, and the step: of `sft-step-000200` `sft` and 200.
pub(super) fn step_of(name: &str) -> Option<(String, u64)> {
    let lower = name.to_ascii_lowercase();
    let (at, word) = WORDS
        .iter()
        .filter_map(|word| Some((lower.rfind(word)?, *word)))
        .max_by_key(|(at, word)| at + word.len())?;
    let rest = &name[at + word.len()..];
    let digits = rest.trim_start_matches(['-', '_', '=']);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let step = digits[..end].parse().ok()?;
    let before = name[..at].trim_end_matches(['-', '_', '.', '/']);
    // `global_step_200`: the word goes with it.
    let before = before.strip_suffix("global").unwrap_or(before);
    let after = &digits[end..];
    let named = format!("{}{after}", before.trim_end_matches(['-', '_', '.', '/']));
    Some((named, step))
}

/// The training and step of each run: by its name, else by the model that made its responses.
pub(super) fn steps(grid: &Grid) -> Vec<Option<(String, u64)>> {
    let by_model = |run: usize| {
        let told = grid.benches.iter().filter_map(|bench| bench.cells[run].as_ref());
        told.filter_map(|loaded| loaded.read.generation()?.get("policy")?.as_str())
            .find_map(step_of)
    };
    let of = |(run, name): (usize, &String)| step_of(name).or_else(|| by_model(run));
    grid.runs.iter().enumerate().map(of).collect()
}

/// Every metric of which a training has three checkpoints or more.
pub(super) fn curves(steps: &[Option<(String, u64)>], headline: &[Headline]) -> Vec<Curve> {
    let curve = |line: &Headline| {
        let mut series: Vec<Series> = Vec::new();
        for (step, figure) in steps.iter().zip(&line.figures) {
            let (Some((name, step)), Some(figure)) = (step, figure) else { continue };
            let interval = Some([figure.low, figure.high]);
            let point = Point { step: *step, value: figure.value, interval };
            match series.iter_mut().find(|series| series.name == *name) {
                Some(there) => there.points.push(point),
                None => series.push(Series { name: name.clone(), points: vec![point] }),
            }
        }
        series.retain(|series| series.points.len() >= FEWEST);
        series.iter_mut().for_each(|series| series.points.sort_by_key(|point| point.step));
        let (benchmark, metric) = (line.benchmark.clone(), line.metric.clone());
        (!series.is_empty()).then_some(Curve { benchmark, metric, best: line.best, series })
    };
    headline.iter().filter_map(curve).collect()
}

/// The reward of trainings, from their `metrics.jsonl`.
///
/// # Errors
/// A file that cannot be read, a line that is no JSON, or no line with a step and a reward.
pub(super) fn rewards(sources: &[Source]) -> Result<Vec<Series>> {
    sources.iter().map(reward).collect()
}

fn reward(source: &Source) -> Result<Series> {
    let path = match source.path.is_dir() {
        true => source.path.join("metrics.jsonl"),
        false => source.path.clone(),
    };
    let text = std::fs::read_to_string(&path).map_err(|e| Error::file(&path, e))?;
    let mut points = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let row: Value =
            serde_json::from_str(text).map_err(|e| Error::line(&path, line, e.to_string()))?;
        if let (Some(step), Some(value)) = (row["step"].as_u64(), row["reward"].as_f64()) {
            points.push(Point { step, value, interval: None });
        }
    }
    if points.is_empty() {
        return Err(Error::content(&path, "no line has `step` and `reward`"));
    }
    points.sort_by_key(|point| point.step);
    Ok(Series { name: source.name.clone().unwrap_or_else(|| name_of(&path)), points })
}

/// The folder's name.
fn name_of(path: &Path) -> String {
    let folder = path.parent().and_then(Path::file_name);
    folder.unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
