//! The page's tables by constraint and by part of the items.

use super::class;
use crate::report::chart::{self, Drawn};
use crate::report::words::{percent, points, probability, value};
use crate::report::{Heat, Line, Parts, Report};

/// Fewer than this tell little, and are hatched.
const FEW: u64 = 10;

/// A name and its drawing.
pub(super) struct Drawing {
    pub(super) name: String,
    pub(super) svg: String,
}

/// Rates by constraint.
pub(super) struct HeatView {
    pub(super) benchmark: String,
    pub(super) dimension: String,
    /// Some letter stands for the base.
    pub(super) base: String,
    pub(super) lines: Vec<HeatLine>,
}

pub(super) struct HeatLine {
    pub(super) name: String,
    /// It stands for all of its family, which follow.
    pub(super) heading: bool,
    pub(super) total: u64,
    pub(super) cells: Vec<HeatCell>,
}

#[derive(Default)]
pub(super) struct HeatCell {
    pub(super) rate: String,
    pub(super) change: String,
    pub(super) title: String,
    pub(super) class: String,
    /// How deep its colour is, in percent.
    pub(super) level: String,
}

/// Figures by part of the items.
pub(super) struct PartsView {
    pub(super) benchmark: String,
    pub(super) dimension: String,
    pub(super) metrics: Vec<String>,
    pub(super) joint: bool,
    pub(super) lines: Vec<PartLine>,
    pub(super) drawing: Option<Drawing>,
}

pub(super) struct PartLine {
    pub(super) name: String,
    pub(super) cells: Vec<(String, String)>,
}

/// Tables of instructions with their families as headings; of everything else as they are.
pub(super) fn heats(report: &Report) -> Vec<HeatView> {
    let has = |table: &Heat, dimension: &str| {
        let same =
            |other: &&Heat| other.benchmark == table.benchmark && other.dimension == dimension;
        report.constraints.iter().find(same)
    };
    let mut views = Vec::new();
    for table in &report.constraints {
        if table.dimension == "family" && has(table, "instruction").is_some() {
            continue;
        }
        let families = has(table, "family").filter(|_| table.dimension == "instruction");
        let mut lines = Vec::new();
        let mut last = None;
        for line in &table.lines {
            if let (Some(families), Some(family)) = (families, &line.family)
                && last != Some(family)
            {
                last = Some(family);
                let heading = families.lines.iter().find(|other| other.name == *family);
                lines.extend(heading.map(|heading| heat_line(heading, true)));
            }
            lines.push(heat_line(line, false));
        }
        let base = report.benchmarks.iter().find(|b| b.name == table.benchmark);
        let base = base.map_or(0, |benchmark| benchmark.base);
        views.push(HeatView {
            benchmark: table.benchmark.clone(),
            dimension: table.dimension.clone(),
            base: report.runs[base].letter.clone(),
            lines,
        });
    }
    views
}

fn heat_line(line: &Line, heading: bool) -> HeatLine {
    let short = |name: &str| match (&line.family, name.split_once(':')) {
        // The family is above.
        (Some(family), Some((group, rest))) if group == family => rest.to_owned(),
        _ => name.to_owned(),
    };
    let runs = 0..line.rates.len();
    HeatLine {
        name: short(&line.name),
        heading,
        total: line.rates.iter().flatten().map(|rate| rate.total).max().unwrap_or(0),
        cells: runs.map(|run| heat_cell(line, run)).collect(),
    }
}

fn heat_cell(line: &Line, run: usize) -> HeatCell {
    let Some(rate) = line.rates[run] else {
        return HeatCell { rate: "–".to_owned(), level: "0".to_owned(), ..HeatCell::default() };
    };
    let mut title = format!(
        "{} of {}, {} – {} %",
        rate.correct,
        rate.total,
        percent(rate.low),
        percent(rate.high)
    );
    if let Some(loose) = line.loose[run] {
        title.push_str(&format!("; loose {}", percent(loose.rate)));
    }
    let mut cell = HeatCell {
        rate: format!("{:.1}", 100.0 * rate.rate),
        // Most rates are high: squares tell them apart better.
        level: format!("{:.0}", 100.0 * rate.rate * rate.rate),
        ..HeatCell::default()
    };
    let mut classes = Vec::new();
    if rate.total < FEW {
        classes.push("few");
        title.push_str("; fewer than ten");
    }
    if let Some(change) = line.changes[run] {
        let sign = class(change.difference, change.p_bh < 0.05);
        let arrow = match sign {
            "up" => " ▲",
            "down" => " ▼",
            _ => "",
        };
        cell.change = format!("{:+.1}{arrow}", 100.0 * change.difference + 0.0);
        title.push_str(&format!("; p {}", probability(change.p)));
        title.push_str(&format!(", after Benjamini-Hochberg {}", probability(change.p_bh)));
        classes.push(sign);
    }
    cell.class = classes.join(" ");
    cell.title = title;
    cell
}

pub(super) fn parts(report: &Report) -> Vec<PartsView> {
    report.parts.iter().map(|table| parts_view(report, table)).collect()
}

fn parts_view(report: &Report, table: &Parts) -> PartsView {
    let joint = table.parts.iter().any(|part| part.joint.iter().any(Option::is_some));
    let mut lines = Vec::new();
    for part in &table.parts {
        let mut cells = Vec::new();
        for (figures, best) in part.figures.iter().zip(&table.best) {
            for figure in figures {
                cells.push(match figure {
                    None => ("–".to_owned(), String::new()),
                    Some(figure) => {
                        let [low, high] = [figure.low, figure.high].map(|x| value(x, *best));
                        let title = format!("{low} – {high}, of {}", figure.size);
                        (value(figure.value, *best), title)
                    }
                });
            }
        }
        for found in part.joint.iter().filter(|_| joint) {
            cells.push(match found {
                None => ("–".to_owned(), String::new()),
                Some(found) => {
                    let gap = points(found.all - found.independent, 1.0);
                    let title = format!("all met less this: {gap} points, {} items", found.items);
                    (percent(found.independent), title)
                }
            });
        }
        lines.push(PartLine { name: part.name.clone(), cells });
    }
    PartsView {
        benchmark: table.benchmark.clone(),
        dimension: table.dimension.clone(),
        metrics: table.metrics.clone(),
        joint,
        lines,
        drawing: drawing(report, table),
    }
}

/// The first metric over parts that have an order.
fn drawing(report: &Report, table: &Parts) -> Option<Drawing> {
    let places: Option<Vec<f64>> = table.parts.iter().map(|part| part.name.parse().ok()).collect();
    let places = places.filter(|places| places.len() > 1)?;
    let best = *table.best.first()?;
    let mut drawn = Vec::new();
    for (run, at) in report.runs.iter().zip(0..) {
        let points = places.iter().zip(&table.parts).filter_map(|(place, part)| {
            let figure = part.figures[0][at]?;
            Some((*place, figure.value, Some([figure.low, figure.high])))
        });
        let label = run.letter.clone();
        drawn.push(Drawn { label, colour: at, dashed: false, points: points.collect() });
        let independent = places.iter().zip(&table.parts).filter_map(|(place, part)| {
            let joint = (*part.joint.get(at)?)?;
            Some((*place, joint.independent, None))
        });
        let points: Vec<_> = independent.collect();
        let label = format!("{} independent", run.letter);
        drawn.push(Drawn { label, colour: at, dashed: true, points });
    }
    drawn.retain(|line| !line.points.is_empty());
    let ticks: Vec<(f64, String)> =
        places.iter().zip(&table.parts).map(|(place, part)| (*place, part.name.clone())).collect();
    let name = format!("{}.{} by {}", table.benchmark, table.metrics[0], table.dimension);
    let about = format!("{name}. {}", chart::told(&drawn, best));
    Some(Drawing { svg: chart::lines(&about, &ticks, &drawn, best), name })
}
