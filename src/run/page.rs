//! The report of a cycle as one HTML page that needs nothing else.

use std::path::Path;

use askama::Template;
use serde_json::Value;

use super::compare::{Gain, Line};
use super::ifeval::{Measured, Official};
use super::outcome::Outcome;
use super::plan::{Plan, State};
use crate::error::{Error, Result};

/// A table as it is shown.
struct Table {
    title: &'static str,
    about: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A curve over rollouts, drawn in a box of [`WIDTH`] by [`HEIGHT`].
struct Curve {
    name: String,
    points: String,
    low: String,
    high: String,
    last: String,
}

/// A prompt with an answer before and after.
struct Example {
    prompt: String,
    sides: [(String, bool); 2],
}

/// A bar of the reliability diagram.
struct Bar {
    x: String,
    y: String,
    size: String,
    count: u64,
}

#[derive(Template)]
#[template(path = "run.html")]
struct Page<'a> {
    found: &'a Outcome,
    left_out: &'a [String],
    tables: Vec<Table>,
    curves: Vec<Curve>,
    bars: Vec<Bar>,
    examples: Vec<Example>,
}

const WIDTH: f64 = 260.0;
const HEIGHT: f64 = 90.0;

/// Examples that are shown.
const EXAMPLES: usize = 8;

/// The page.
///
/// # Errors
/// Metrics that cannot be read.
pub(super) fn page(found: &Outcome, plan: &Plan) -> Result<String> {
    let policy = plan.stages.iter().find(|stage| stage.name == "policy");
    let mut tables: Vec<Table> = match &found.ifeval {
        Some(Official::Measured(measured)) => vec![official(measured)],
        _ => Vec::new(),
    };
    tables.extend([
        gains(
            "Held-out prompts by level",
            "All constraints of a prompt satisfied, in percent.",
            found.comparison.levels.iter(),
        ),
        gains(
            "Constraints",
            "Each alone, on held-out prompts and held-out families, in percent.",
            found.comparison.constraints.iter(),
        ),
    ]);
    tables.extend(found.reward.as_ref().map(judges));
    tables.extend(found.reward.as_ref().map(truths));
    tables.push(stages(plan)?);
    let curves = policy.map_or(Ok(Vec::new()), |stage| curves(&stage.path))?;
    let bars = found.reward.as_ref().map_or_else(Vec::new, bars);
    let left_out = &plan.left_out;
    let page = Page { found, left_out, tables, curves, bars, examples: examples(found) };
    page.render().map_err(|e| Error::usage(format!("the page cannot be made: {e}")))
}

impl Page<'_> {
    fn one(&self, value: &f64) -> String {
        format!("{value:.1}")
    }

    fn points(&self, value: &f64) -> String {
        format!("{value:+.1}")
    }
}

fn official(found: &Measured) -> Table {
    Table {
        title: "IFEval",
        about: found.about(),
        head: Measured::HEAD.map(str::to_owned).to_vec(),
        rows: found.rows().into_iter().map(|row| row.to_vec()).collect(),
    }
}

fn cells(gain: &Gain) -> [String; 4] {
    let Gain { before, after, gain_points, interval, .. } = gain;
    [
        format!("{before:.1}"),
        format!("{after:.1}"),
        format!("{gain_points:+.1}"),
        format!("{:+.1} … {:+.1}", interval.low, interval.high),
    ]
}

fn gains<'a>(
    title: &'static str,
    about: &'static str,
    lines: impl Iterator<Item = &'a Line>,
) -> Table {
    let head = [
        "",
        "prompts",
        "sampled before",
        "after",
        "gain",
        "95 %",
        "greedy before",
        "after",
        "gain",
        "95 %",
    ];
    let row = |line: &Line| {
        let start = [line.name.clone(), line.sampled.prompts.to_string()];
        let gains = [&line.sampled, &line.greedy].into_iter().flat_map(cells);
        start.into_iter().chain(gains).collect()
    };
    let (about, head) = (about.to_owned(), head.map(str::to_owned).to_vec());
    Table { title, about, head, rows: lines.map(row).collect() }
}

/// The classifier beside its baselines.
fn judges(measures: &Value) -> Table {
    let mut rows = Vec::new();
    let number = |value: &Value| value.as_f64().map_or("–".to_owned(), |x| format!("{x:.3}"));
    for (judge, parts) in measures["measures"].as_object().into_iter().flatten() {
        for (part, against) in parts.as_object().into_iter().flatten() {
            for what in ["labels", "truth"] {
                let found = &against[what];
                if found.is_null() {
                    continue;
                }
                let mut row = vec![judge.clone(), part.clone(), what.to_owned()];
                row.push(found["items"].to_string());
                row.extend(
                    ["accuracy", "auroc", "f1", "ece"].map(|key| number(&found[key]["value"])),
                );
                let ranks = &measures["groups"][judge];
                row.extend(["tau", "position"].map(|key| number(&ranks[key]["value"])));
                rows.push(row);
            }
        }
    }
    let head =
        ["judge", "part", "against", "pairs", "accuracy", "AUROC", "F1", "ECE", "τ-b", "position"];
    Table {
        title: "Reward classifier",
        about: "Parts: dev stops the training; of seeds (instructions) and families (constraints) \
                nothing was learned. τ-b and position consistency are of graded groups."
            .to_owned(),
        head: head.map(str::to_owned).to_vec(),
        rows,
    }
}

/// How true labels and classifier are, where the truth is known.
fn truths(measures: &Value) -> Table {
    let percent =
        |value: &Value| value.as_f64().map_or("–".to_owned(), |x| format!("{:.1}", 100.0 * x));
    let row = |(id, one): (&String, &Value)| {
        vec![
            id.clone(),
            one["pairs"].to_string(),
            one["satisfied"].to_string(),
            percent(&one["labels"]),
            percent(&one["judge"]),
        ]
    };
    Table {
        title: "Labels and classifier against the truth",
        about: "Where a rule or the grammar knows it, on pairs that nothing was learned from."
            .to_owned(),
        head: ["constraint", "pairs", "satisfied", "labels true", "classifier true"]
            .map(str::to_owned)
            .to_vec(),
        rows: measures["truth"].as_object().into_iter().flatten().map(row).collect(),
    }
}

fn stages(plan: &Plan) -> Result<Table> {
    let mut rows = Vec::new();
    for (at, stage) in plan.stages.iter().enumerate() {
        let seconds = match plan.state(at)? {
            State::Done { seconds } => format!("{seconds:.1}"),
            _ => "–".to_owned(),
        };
        let (name, id) = (stage.name.to_owned(), stage.id[..12].to_owned());
        rows.push(vec![name, stage.size.clone(), seconds, id]);
    }
    let head = ["stage", "size", "seconds", "id"].map(str::to_owned).to_vec();
    let about = "Seconds are those of the run that made it.".to_owned();
    Ok(Table { title: "Stages", about, head, rows })
}

/// The metrics that are drawn, and what they are called.
const DRAWN: [(&str, &str); 12] = [
    ("reward", "reward"),
    ("reward_hard", "reward, hard"),
    ("reward_soft", "reward, soft"),
    ("satisfied", "constraints satisfied"),
    ("all_satisfied", "prompts satisfied"),
    ("reward_std", "std within groups"),
    ("kept", "share of groups kept"),
    ("clipped", "share of tokens clipped"),
    ("kl", "KL to the reference"),
    ("entropy", "entropy"),
    ("length", "tokens of an answer"),
    ("grad_norm", "gradient norm"),
];

fn curves(folder: &Path) -> Result<Vec<Curve>> {
    let path = folder.join("metrics.jsonl");
    let text = std::fs::read_to_string(&path).map_err(|e| Error::io(&path, e))?;
    let lines: Vec<Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let curve = |(key, name): &(&str, &str)| {
        let point = |line: &Value| Some((line["step"].as_f64()?, line[*key].as_f64()?));
        let points: Vec<(f64, f64)> = lines.iter().filter_map(point).collect();
        let (first, last) = (points.first()?, points.last()?);
        let all = || points.iter().map(|(_, y)| *y);
        let (low, high) = (all().fold(f64::MAX, f64::min), all().fold(f64::MIN, f64::max));
        let (wide, tall) = ((last.0 - first.0).max(1.0), (high - low).max(1e-9));
        let place = |(x, y): &(f64, f64)| {
            let x = WIDTH * (x - first.0) / wide;
            format!("{x:.1},{:.1}", HEIGHT - HEIGHT * (y - low) / tall)
        };
        let points = points.iter().map(place).collect::<Vec<_>>().join(" ");
        let [low, high, last] = [low, high, last.1].map(|value| format!("{value:.3}"));
        Some(Curve { name: (*name).to_owned(), points, low, high, last })
    };
    Ok(DRAWN.iter().filter_map(curve).collect())
}

/// The classifier's reliability on instructions that nothing was learned from.
fn bars(measures: &Value) -> Vec<Bar> {
    let bins = &measures["measures"]["classifier"]["seeds"]["labels"]["bins"];
    let bar = |bin: &Value| {
        let (count, score) = (bin["count"].as_u64()?, bin["score"].as_f64()?);
        let positive = bin["positive"].as_f64()?;
        (count > 0).then(|| Bar {
            x: format!("{:.1}", 200.0 * score),
            y: format!("{:.1}", 200.0 - 200.0 * positive),
            size: format!("{:.1}", 2.0 + (count as f64).sqrt() / 3.0),
            count,
        })
    };
    bins.as_array().into_iter().flatten().filter_map(bar).collect()
}

/// The likeliest answers to the first prompts on which before and after differ, of each kind.
fn examples(found: &Outcome) -> Vec<Example> {
    let [before, after] = found.rows();
    let greedy = |row: &&super::evaluate::Row| row.sample.is_none() && row.set == "test";
    let mut shown = Vec::new();
    let mut left = [EXAMPLES - 3, 3];
    for was in before.iter().filter(greedy) {
        let Some(now) = after.iter().filter(greedy).find(|row| row.key == was.key) else {
            continue;
        };
        let side = usize::from(was.good());
        if was.good() == now.good() || left[side] == 0 {
            continue;
        }
        left[side] -= 1;
        let sides = [was, now].map(|row| (row.response.clone(), row.good()));
        shown.push(Example { prompt: was.prompt.clone(), sides });
    }
    shown
}
