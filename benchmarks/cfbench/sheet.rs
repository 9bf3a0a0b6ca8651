//! A run as a sheet: PSR, CSR and ISR an item, a mark a criterion.

use super::items::{Criterion, Item, Split};
use super::parse::{Reading, State};
use super::score::score;
use crate::answered::Answered;
use crate::sheet::{Group, Mark, Metric, Row, Sheet};
use crate::statistics::bootstrap::Cluster;

/// The sheet of `judged`: items with their response and what the judge said of it.
pub fn sheet<'a>(
    judged: impl Iterator<Item = (&'a Item, Option<&'a Answered>, &'a Reading)>,
) -> Sheet {
    let metric = |name: &str| Metric { name: name.to_owned(), best: 1.0 };
    let rows = judged.map(|(item, answered, reading)| row(item, answered, reading));
    Sheet { metrics: ["psr", "csr", "isr"].map(metric).into(), rows: rows.collect() }
}

fn row(item: &Item, answered: Option<&Answered>, reading: &Reading) -> Row {
    let score = score(&item.criteria, reading);
    let share = |gain| Cluster { gain, size: 1.0 };
    let mut row = Row::of(item.key.clone(), &item.key, &item.prompt, answered);
    row.shares = [score.psr, score.csr, score.isr].map(share).into();
    row.groups = vec![
        Group::new("split", if item.split == Split::Easy { "easy" } else { "hard" }),
        Group::new("domain", &item.domain),
        Group::new("constraints", item.criteria.len()),
    ];
    // A fallback does not say which criterion a mark is of.
    let marked = reading.state == State::Read;
    let met = |at: usize| reading.marks.get(at).filter(|_| marked).map(|mark| mark.met);
    let marks = item.criteria.iter().enumerate().map(|(at, c)| mark(c, met(at)));
    row.marks = marks.collect();
    row
}

fn mark(criterion: &Criterion, met: Option<bool>) -> Mark {
    Mark {
        about: criterion.text.clone(),
        met,
        groups: vec![
            Group::new("type", &criterion.kind),
            Group::new("subtype", &criterion.subkind),
            Group::new("priority", criterion.priority.label()),
        ],
        ..Mark::default()
    }
}
