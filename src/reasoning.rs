//! The stage `evaluate` of questions with one right answer: samples × answers → figures.

use std::path::PathBuf;

use heedful_benchmarks::answered::Removal;
use heedful_benchmarks::join;
use heedful_benchmarks::reasoning::check::Setting;
use heedful_benchmarks::reasoning::gather::{Judged, evaluate};
use heedful_benchmarks::reasoning::items::{self, Items, Reading};
use heedful_benchmarks::reasoning::layout::Layout;
use heedful_benchmarks::reasoning::metrics::{Figures, Metrics, PLAN, compute};
use heedful_benchmarks::reasoning::{ABOUT, own, prompt, sheet};
use heedful_benchmarks::responses;
use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::outcome::Scored;

/// What to check and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The items; none for those of our own.
    pub items: Option<PathBuf>,
    /// The layout of the items' file; none to tell by its keys.
    pub layout: Option<Layout>,
    /// The responses: several to an item are its samples.
    pub responses: PathBuf,
    /// How reasoning is removed.
    pub removal: Removal,
}

/// The seed of the items of our own, and of the order of options that files leave open.
const SEED: u64 = 0;

/// The items to ask.
///
/// # Errors
/// A file that cannot be taken.
pub fn items(path: Option<&std::path::Path>, layout: Option<Layout>) -> Result<Items> {
    match path {
        None => Ok(own::items(SEED)),
        Some(path) => Ok(items::load(path, Reading { layout, seed: SEED })?),
    }
}

/// Checks the responses.
///
/// # Errors
/// Files that cannot be taken; more samples than may be.
pub fn score(config: &Config) -> Result<Scored> {
    let items = items(config.items.as_deref(), config.layout)?;
    let responses = responses::read(&config.responses)?;
    let Removal { thinking, prefilled } = config.removal.clone();
    let found = evaluate(&items, &responses, &Setting { thinking, prefilled, samples: None })?;
    let absent = |item: &Judged| item.samples.iter().all(|sample| sample.line.is_none());
    if let (true, Some(first), Some(item)) =
        (found.items.iter().all(absent), responses.first(), items.list.first())
    {
        let named = (first.key.as_deref(), first.prompt.as_deref());
        return Ok(join::nothing(
            &config.responses,
            responses.len(),
            named,
            (&item.key, &prompt::text(item)),
        )?);
    }
    let metrics = compute(&found.items, PLAN)?;
    let mut figures = Map::new();
    figures.insert("figures".to_owned(), json!(metrics));
    if let Some(layout) = items.layout {
        figures.insert("layout".to_owned(), Value::from(layout.name()));
    }
    Ok(Scored {
        benchmark: ABOUT.name,
        figures,
        judging: None,
        dataset: found.dataset,
        join: json!(found.report),
        thinking: found.thinking,
        tables: tables(&metrics),
        sheet: sheet::sheet(&items, &found.items, &responses),
    })
}

fn tables(metrics: &Metrics) -> String {
    let k = metrics.samples;
    let mut text = format!("| part | items | avg@{k} | pass@{k} | maj@{k} |\n");
    text.push_str("|---|---:|---:|---:|---:|\n");
    let mut line = |name: &str, found: &Figures| {
        let pass = found.pass.get(&k).map_or(found.average.value, |figure| figure.value);
        let shares = [found.average.value, pass, found.majority.value];
        let [average, pass, majority] = shares.map(|share| 100.0 * share);
        let n = found.items;
        text.push_str(&format!("| {name} | {n} | {average:.2} | {pass:.2} | {majority:.2} |\n"));
    };
    line("all", &metrics.all);
    for (name, found) in metrics.per_category.iter().chain(&metrics.per_level) {
        line(name, found);
    }
    if metrics.unanswered + metrics.absent > 0 {
        let (unanswered, absent) = (metrics.unanswered, metrics.absent);
        text.push_str(&format!(
            "\n{unanswered} responses without an answer, {absent} samples without a response\n"
        ));
    }
    text
}
