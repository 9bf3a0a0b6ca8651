//! The figures of a benchmark run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::items::{Category, How, Item, Items, LEVELS};
use super::verdict::Verdict;
use crate::error::{Error, Result};

/// The rates of levels 1 to 5, in percent, rounded to hundredths as they are printed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rates {
    /// Answers that satisfy all constraints.
    pub hsr: [f64; LEVELS],
    /// Constraints satisfied, in the mean; of a template the same as `hsr`.
    pub ssr: [f64; LEVELS],
}

/// The figures of one category.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CategoryFigures {
    /// How many instructions, each with five levels.
    pub groups: usize,
    /// How many replies of the judge could not be read.
    pub unread: usize,
    /// What is printed: an unread reply counts −1, so that it takes away what another has earned.
    pub official: Rates,
    /// An unread reply counts 0.
    pub corrected: Rates,
    /// Levels satisfied in a row from the first, in the mean, 0 to 5, rounded to tenths. The same
    /// in both readings.
    pub csl: f64,
}

/// Everything that is printed of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// By name of the category.
    pub categories: BTreeMap<&'static str, CategoryFigures>,
    /// The mean of the categories' [`weighted`] HSR, without *example*, which has a table of its
    /// own; `None` where there are no others.
    pub weighted_hsr: Option<f64>,
    /// The same of SSR.
    pub weighted_ssr: Option<f64>,
}

/// The figures of `items` with `verdicts`, one an item in the same order; those of seeds and of
/// unscored items are passed over.
///
/// # Errors
/// Another number of verdicts than of items, none for an item that is scored, or levels missing.
pub fn aggregate(items: &Items, verdicts: &[Option<Verdict>]) -> Result<Figures> {
    let (asked, given) = (items.list.len(), verdicts.len());
    if asked != given {
        return Err(Error::Setting(format!("{given} verdicts for {asked} FollowBench items")));
    }
    let mut categories = BTreeMap::new();
    for category in Category::ALL {
        let mut scored = Vec::new();
        for (item, verdict) in items.list.iter().zip(verdicts) {
            if item.category == category && !matches!(item.how, How::Seed | How::Unscored) {
                scored.push((item, verdict.ok_or_else(|| missing(item))?));
            }
        }
        if scored.len() % LEVELS != 0 {
            let problem = format!("{} scored items, not five a group", scored.len());
            return Err(Error::Setting(format!("FollowBench {}: {problem}", category.name())));
        }
        if !scored.is_empty() {
            categories.insert(category.name(), of_category(&scored));
        }
    }
    let (weighted_hsr, weighted_ssr) = overall(&categories);
    Ok(Figures { categories, weighted_hsr, weighted_ssr })
}

fn missing(item: &Item) -> Error {
    let (category, id, level) = (item.category.name(), item.example_id, item.level);
    Error::Setting(format!("no verdict on FollowBench {category}, example {id}, level {level}"))
}

/// The weight of five levels in one figure: level n counts n times.
pub fn weighted(levels: &[f64; LEVELS]) -> f64 {
    let [one, two, three, four, five] = levels;
    (one + 2.0 * two + 3.0 * three + 4.0 * four + 5.0 * five) / 15.0
}

fn overall(categories: &BTreeMap<&str, CategoryFigures>) -> (Option<f64>, Option<f64>) {
    let judged = Category::ALL.into_iter().filter(|category| *category != Category::Example);
    let rates: Vec<Rates> =
        judged.filter_map(|category| categories.get(category.name())).map(|c| c.official).collect();
    let mean = |of: fn(&Rates) -> &[f64; LEVELS]| {
        let sum: f64 = rates.iter().map(|rates| weighted(of(rates))).sum();
        (!rates.is_empty()).then(|| sum / rates.len() as f64)
    };
    (mean(|rates| &rates.hsr), mean(|rates| &rates.ssr))
}

fn of_category(scored: &[(&Item, Verdict)]) -> CategoryFigures {
    // The official code counts a fifth of the judged items and a fifth of the others, and files
    // have all levels of an instruction.
    let judged = scored.iter().filter(|(item, _)| item.how == How::Judge).count();
    let groups = judged / LEVELS + (scored.len() - judged) / LEVELS;
    let run = |levels: &[(&Item, Verdict)]| {
        levels.iter().take_while(|(_, verdict)| verdict.hard() == 1).count()
    };
    let csl: usize = scored.chunks(LEVELS).map(run).sum();
    CategoryFigures {
        groups,
        unread: scored.iter().filter(|(_, verdict)| *verdict == Verdict::Unread).count(),
        official: rates(scored, groups, -1.0),
        corrected: rates(scored, groups, 0.0),
        csl: printed(csl as f64 / groups as f64, 1),
    }
}

/// The rates of five levels, where an unread reply is worth `unread`.
fn rates(scored: &[(&Item, Verdict)], groups: usize, unread: f64) -> Rates {
    // Shares of constraints are summed alone first, as the order decides the last bit.
    let (mut hard, mut shares, mut decided) = ([0.0; LEVELS], [0.0; LEVELS], [0.0; LEVELS]);
    for (item, verdict) in scored {
        let at = usize::from(item.level).saturating_sub(1).min(LEVELS - 1);
        let worth = |value: f64| if *verdict == Verdict::Unread { unread } else { value };
        hard[at] += worth(f64::from(verdict.hard()));
        let soft = if item.how == How::Judge { &mut shares } else { &mut decided };
        soft[at] += worth(verdict.soft());
    }
    let percent = |sum: f64| printed(sum / groups as f64 * 100.0, 2);
    let soft: [f64; LEVELS] = std::array::from_fn(|at| shares[at] + decided[at]);
    Rates { hsr: hard.map(percent), ssr: soft.map(percent) }
}

/// `value` as Python prints it with so many decimals: the nearest by its exact value.
fn printed(value: f64, decimals: usize) -> f64 {
    format!("{value:.decimals$}").parse().unwrap_or(value)
}
