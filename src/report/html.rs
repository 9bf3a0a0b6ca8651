//! The report as one HTML page that needs nothing else.

mod tables;

use std::path::Path;

use askama::Template;
use heedful_benchmarks::{Error, Result};

use super::chart::{self, Drawn};
use super::embed::link;
use super::facts::{Facts, is_meant};
use super::markdown::{first, notes};
use super::words::{points, probability, value};
use super::{Headline, Report};
use tables::{Drawing, HeatView, PartsView};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    title: String,
    setups: Vec<Setup>,
    rows: Vec<Row>,
    gaps: Vec<Gap>,
    profiles: Vec<[String; 6]>,
    notes: Vec<String>,
    heats: Vec<HeatView>,
    parts: Vec<PartsView>,
    curves: Vec<Drawing>,
    links: Vec<(String, String, String)>,
    recompute: Vec<String>,
    exports: Vec<String>,
    data: String,
}

/// Where the figures of a benchmark come from: a line a fact, a cell a run.
struct Setup {
    benchmark: String,
    lines: Vec<SetupLine>,
}

struct SetupLine {
    name: String,
    cells: Vec<Short>,
    differs: bool,
}

/// A text, and its beginning where that will do.
struct Short {
    text: String,
    whole: String,
}

/// A metric of the headline.
struct Row {
    benchmark: Option<String>,
    metric: String,
    cells: Vec<Cell>,
    tied: String,
}

#[derive(Default)]
struct Cell {
    value: String,
    interval: String,
    bar: String,
    delta: String,
    range: String,
    class: &'static str,
    told: &'static str,
}

/// A difference in full.
struct Gap {
    metric: String,
    runs: String,
    cells: [String; 7],
    class: &'static str,
    inferior: &'static str,
}

/// Facts that every run has of its own.
const OWN: [&str; 3] = ["artifact", "responses", "undecided constraints"];

impl Report {
    /// The page; all text from runs is escaped by the template, or is JSON that no element ends in.
    ///
    /// # Errors
    /// A template that fails, which would be a fault of ours.
    pub fn html(&self) -> Result<String> {
        let names: Vec<&str> = self.runs.iter().map(|run| run.name.as_str()).collect();
        let page = Page {
            report: self,
            title: names.join(" · "),
            setups: setups(self),
            rows: rows(self),
            gaps: gaps(self),
            profiles: profiles(self),
            notes: told(self),
            heats: tables::heats(self),
            parts: tables::parts(self),
            curves: curves(self),
            links: links(self)?,
            recompute: recompute(self),
            exports: exports(self),
            data: self.embedded(),
        };
        page.render().map_err(|e| Error::Setting(format!("the page cannot be made: {e}")))
    }
}

impl Page<'_> {
    fn count(&self, kind: &str) -> usize {
        self.report.flips.iter().filter(|flip| flip.kind == kind).count()
    }

    fn three(&self) -> bool {
        self.report.runs.len() > 2
    }

    fn method(&self) -> String {
        self.report.method()
    }
}

/// What was won or lost beyond chance, as a class of the page.
pub(super) fn class(difference: f64, significant: bool) -> &'static str {
    match (significant, difference > 0.0) {
        (false, _) => "",
        (true, true) => "up",
        (true, false) => "down",
    }
}

fn setups(report: &Report) -> Vec<Setup> {
    let setup = |benchmark: &super::Benchmark| {
        let of = |name: &str, value: &dyn Fn(&Facts) -> String| {
            let cells: Vec<String> = benchmark
                .runs
                .iter()
                .map(|run| run.as_ref().map(value).unwrap_or_default())
                .collect();
            let there: Vec<&String> = cells
                .iter()
                .zip(&benchmark.runs)
                .filter_map(|(c, r)| r.as_ref().map(|_| c))
                .collect();
            let alike = OWN.contains(&name) || is_meant(name);
            let differs = !alike && there.iter().any(|cell| *cell != there[0]);
            let short = |text: String| {
                let hex = text.len() >= 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
                let shown = if hex { first(&text).to_owned() } else { text.clone() };
                Short { text: if shown.is_empty() { "–".to_owned() } else { shown }, whole: text }
            };
            SetupLine {
                name: name.replace("generation.", "generation: "),
                cells: cells.into_iter().map(short).collect(),
                differs,
            }
        };
        let mut keys: Vec<&String> =
            benchmark.runs.iter().flatten().flat_map(|facts| facts.settings.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut lines = vec![
            of("artifact", &|facts| facts.id.clone()),
            of("dataset", &|facts| facts.dataset.clone()),
            of("rows", &|facts| facts.items.to_string()),
            of("independent items", &|facts| facts.clusters.to_string()),
            of("missing responses", &|facts| facts.missing.to_string()),
            of("undecided constraints", &|facts| facts.undecided.to_string()),
            of("responses", &|facts| facts.responses.clone()),
        ];
        for key in keys {
            lines.push(of(key, &|facts| facts.settings.get(key).cloned().unwrap_or_default()));
        }
        lines.push(of("seed of intervals", &|facts| facts.seed.to_string()));
        lines.push(of("scored by heedful", &|facts| facts.code.clone()));
        Setup { benchmark: benchmark.name.clone(), lines }
    };
    report.benchmarks.iter().map(setup).collect()
}

fn rows(report: &Report) -> Vec<Row> {
    let mut last = None;
    let row = |line: &Headline| {
        let first = last.as_ref() != Some(&line.benchmark);
        last = Some(line.benchmark.clone());
        let tied: Vec<&str> = line.tied.iter().map(|at| report.runs[*at].letter.as_str()).collect();
        Row {
            benchmark: first.then(|| line.benchmark.clone()),
            metric: line.metric.clone(),
            cells: (0..report.runs.len()).map(|run| cell(line, run)).collect(),
            tied: tied.join(", "),
        }
    };
    report.headline.iter().map(row).collect()
}

fn cell(line: &Headline, run: usize) -> Cell {
    let Some(figure) = line.figures[run] else {
        return Cell { value: "–".to_owned(), ..Cell::default() };
    };
    let best = line.best;
    let mut cell = Cell {
        value: value(figure.value, best),
        interval: format!("{} – {}", value(figure.low, best), value(figure.high, best)),
        bar: chart::bar(figure.value, figure.low, figure.high, best),
        ..Cell::default()
    };
    if let Some(delta) = run.checked_sub(1).and_then(|at| line.deltas[at]) {
        let paired = &delta.paired;
        cell.delta = points(paired.difference, best);
        cell.range = format!("{} … {}", points(paired.low, best), points(paired.high, best));
        cell.class = class(paired.difference, delta.is_significant());
        cell.told = match cell.class {
            "up" => "▲",
            "down" => "▼",
            _ => "",
        };
    }
    cell
}

fn gaps(report: &Report) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for line in &report.headline {
        for (run, delta) in (1..).zip(&line.deltas) {
            let Some(delta) = delta else { continue };
            let (paired, best) = (&delta.paired, line.best);
            let smallest = paired.detectable.map(|smallest| value(smallest, best));
            gaps.push(Gap {
                metric: super::words::named(line),
                runs: format!("{} − {}", report.runs[run].letter, report.runs[line.base].letter),
                cells: [
                    points(paired.difference, best),
                    format!("{} … {}", points(paired.low, best), points(paired.high, best)),
                    probability(paired.p),
                    probability(delta.p_holm),
                    format!("{} / {}", paired.won, paired.lost),
                    paired.clusters.to_string(),
                    smallest.unwrap_or_else(|| "–".to_owned()),
                ],
                class: class(paired.difference, delta.is_significant()),
                inferior: report.margin.map_or("", |margin| delta.inferior(margin * best)),
            });
        }
    }
    gaps
}

/// Every benchmark of every run, with its letter.
fn measured(report: &Report) -> impl Iterator<Item = (&str, &str, &Facts)> {
    report.benchmarks.iter().flat_map(|benchmark| {
        let runs = report.runs.iter().zip(&benchmark.runs);
        runs.filter_map(|(run, facts)| {
            Some((run.letter.as_str(), benchmark.name.as_str(), facts.as_ref()?))
        })
    })
}

fn profiles(report: &Report) -> Vec<[String; 6]> {
    let mut rows = Vec::new();
    for (letter, benchmark, facts) in measured(report) {
        for (metric, [official, corrected]) in facts.profiles.iter().flat_map(|p| &p.accuracies) {
            rows.push([
                letter.to_owned(),
                benchmark.to_owned(),
                metric.clone(),
                value(official.rate, 1.0),
                value(corrected.rate, 1.0),
                points(corrected.rate - official.rate, 1.0),
            ]);
        }
    }
    rows
}

fn told(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for (letter, benchmark, facts) in measured(report) {
        lines.extend(notes(facts).into_iter().map(|note| format!("{letter}, {benchmark}: {note}")));
        let disputed = facts.profiles.iter().flat_map(|profiles| &profiles.disputed);
        let disputed: Vec<String> = disputed.map(|(id, count)| format!("{id} {count}")).collect();
        if !disputed.is_empty() {
            let rules = disputed.join(", ");
            lines.push(format!(
                "{letter}, {benchmark}: verdicts on which profiles differ: {rules}."
            ));
        }
    }
    lines
}

/// Held-out figures over steps, with the reward of trainings on the same axis.
fn curves(report: &Report) -> Vec<Drawing> {
    let rewards = || {
        report.rewards.iter().enumerate().map(|(at, series)| Drawn {
            label: format!("reward, {}", series.name),
            colour: 7 - at % 3,
            dashed: true,
            points: series.points.iter().map(|p| (p.step as f64, p.value, None)).collect(),
        })
    };
    let draw = |name: String, drawn: Vec<Drawn>, best: f64| {
        // At the checkpoints, where there are any; the rewards' steps are many.
        let whole = drawn.iter().any(|line| !line.dashed);
        let told = drawn.iter().filter(|line| !(whole && line.dashed));
        let mut ticks: Vec<f64> = told.flat_map(|line| &line.points).map(|p| p.0).collect();
        ticks.sort_by(f64::total_cmp);
        ticks.dedup();
        let ticks: Vec<(f64, String)> = ticks.into_iter().map(|x| (x, x.to_string())).collect();
        let about = format!("{name} over steps. {}", chart::told(&drawn, best));
        Drawing { svg: chart::lines(&about, &ticks, &drawn, best), name }
    };
    let mut drawings: Vec<Drawing> = report
        .curves
        .iter()
        .map(|curve| {
            let lines = curve.series.iter().enumerate().map(|(at, series)| Drawn {
                label: if series.name.is_empty() {
                    curve.metric.clone()
                } else {
                    series.name.clone()
                },
                colour: at,
                dashed: false,
                points: series
                    .points
                    .iter()
                    .map(|p| (p.step as f64, p.value, p.interval))
                    .collect(),
            });
            let mut lines: Vec<Drawn> = lines.collect();
            if curve.best == 1.0 {
                lines.extend(rewards());
            }
            draw(format!("{}.{}", curve.benchmark, curve.metric), lines, curve.best)
        })
        .collect();
    if drawings.is_empty() && !report.rewards.is_empty() {
        drawings.push(draw("reward".to_owned(), rewards().collect(), 1.0));
    }
    drawings
}

/// Tables as data behind links: title, file name, address.
fn links(report: &Report) -> Result<Vec<(String, String, String)>> {
    let mut links = Vec::new();
    let mut add = |title: String, name: String, kind: &str, text: &str| {
        links.push((title, name, link(kind, text)));
    };
    add("headline.csv".to_owned(), "headline.csv".to_owned(), "text/csv", &report.headline_csv());
    for (benchmark, table) in report.items_csv() {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name = format!("{}-items.csv", benchmark.chars().map(plain).collect::<String>());
        add(name.clone(), name, "text/csv", &table);
    }
    // Without the texts, which the page holds once already.
    let figures = Report { flips: Vec::new(), ..report.clone() };
    let figures = serde_json::to_string(&figures)
        .map_err(|e| Error::Setting(format!("the figures cannot be written as JSON: {e}")))?;
    let name = "report.json".to_owned();
    add("report.json (without items)".to_owned(), name, "application/json", &figures);
    Ok(links)
}

/// How scores by rules are had as other tools keep them; of one sample a prompt, as these take it.
fn exports(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for benchmark in &report.benchmarks {
        let by_rules = |facts: &&Facts| facts.profiles.is_some() && facts.items == facts.clusters;
        for facts in benchmark.runs.iter().flatten().filter(by_rules) {
            for to in ["lm-eval", "inspect"] {
                let path = facts.path.trim_end_matches('/');
                let (from, out) = (quoted(path), quoted(&format!("{path}-{to}")));
                lines.push(format!("heedful data export {from} --to {to} --out {out}"));
            }
        }
    }
    lines
}

/// How each artifact is made anew.
fn recompute(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for benchmark in &report.benchmarks {
        for (run, facts) in report.runs.iter().zip(&benchmark.runs) {
            lines.extend(facts.as_ref().map(|facts| made_by(&benchmark.name, &run.name, facts)));
        }
    }
    lines
}

fn made_by(benchmark: &str, run: &str, facts: &Facts) -> String {
    let set = |key: &str| facts.settings.get(key).map(String::as_str);
    let layout = set("layout").filter(|_| facts.profiles.is_some());
    // A server's address, or the name of a checkpoint.
    let server = set("generation.policy").filter(|policy| policy.starts_with("http"));
    let asked = match server {
        Some(_) => set("generation.model"),
        None => set("generation.policy"),
    };
    let mut line = match (layout, asked) {
        (Some(layout), _) => {
            format!("heedful score {} --layout {layout}", quoted(&facts.responses))
        }
        (None, Some(model)) => format!("heedful eval {benchmark} --model {}", quoted(model)),
        (None, None) => {
            format!("heedful eval {benchmark} --responses {}", quoted(&facts.responses))
        }
    };
    let mut add =
        |option: &str, value: &str| line.push_str(&format!(" {option} {}", quoted(value)));
    let items: Vec<&String> = facts.inputs.iter().filter(|one| **one != facts.responses).collect();
    match items[..] {
        [] => {}
        [file] => add("--items", file),
        // All of a folder.
        [first, ..] => {
            let folder = Path::new(first).parent().unwrap_or(Path::new("."));
            add("--items", &folder.display().to_string());
        }
    }
    if let (Some(profile), None) = (set("profile_version"), set("layout")) {
        add("--profile", profile.split('-').next().unwrap_or(profile));
    }
    if let Some(sample) = set("sample") {
        add("--sample", sample);
    }
    if layout.is_none() && asked.is_some() {
        for (option, value) in sampling(facts) {
            add(option, value);
        }
    }
    let thinking = set("thinking").unwrap_or("none");
    let (policy, prefilled) = match thinking.split_once(", opening tag") {
        Some((policy, _)) => (policy, true),
        None => (thinking, false),
    };
    add("--thinking", policy);
    add("--name", run);
    add("--out", "runs");
    if prefilled {
        line.push_str(" --prefilled");
    }
    if let Some(judge) = set("judge") {
        match judge.strip_prefix("recorded:") {
            Some(path) => line.push_str(&format!(" --judge-replies {}", quoted(path))),
            None => {
                let judge = judge.replace(['\n', '\r'], " ");
                line.push_str(&format!(" --judge-replies REPLIES  # those of the judge: {judge}"));
            }
        }
    }
    line
}

/// How the model was asked, option by option.
fn sampling(facts: &Facts) -> impl Iterator<Item = (&'static str, &str)> {
    let set = |key: &str| facts.settings.get(key).map(String::as_str);
    let options = [
        ("--endpoint", set("generation.policy").filter(|policy| policy.starts_with("http"))),
        ("--temperature", set("generation.temperature")),
        ("--top-p", set("generation.top_p")),
        ("--max-tokens", set("generation.max_tokens")),
        ("--samples", set("generation.samples").filter(|samples| *samples != "1")),
        ("--seed", set("generation.seed")),
    ];
    options.into_iter().filter_map(|(option, value)| Some((option, value?)))
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
