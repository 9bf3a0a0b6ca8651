//! A run as a sheet: HSR and SSR a level, CSL an instruction.
//!
//! An unread reply is worth 0 here, as in the corrected figures: with −1 a rate is none.

use super::items::{How, Item, Items, LEVELS};
use super::verdict::Verdict;
use crate::answered::Answered;
use crate::sheet::{Group, Mark, Metric, Row, Sheet};
use crate::statistics::bootstrap::Cluster;

/// What was decided about an item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decided {
    /// The verdict; none of seeds and of what is not scored.
    pub verdict: Option<Verdict>,
    /// The judge's, constraint by constraint, where it could be read.
    pub marks: Option<Vec<bool>>,
}

impl Item {
    /// Its name among all items of a set.
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.category.name(), self.example_id, self.level)
    }

    /// Whether it takes part in figures.
    pub fn is_scored(&self) -> bool {
        !matches!(self.how, How::Seed | How::Unscored)
    }
}

/// The sheet of a run: `answers` and `decided` one an item.
pub fn sheet(items: &Items, answers: &[Option<Answered>], decided: &[Decided]) -> Sheet {
    let metric = |name: &str, best| Metric { name: name.to_owned(), best };
    let metrics = vec![metric("hsr", 1.0), metric("ssr", 1.0), metric("csl", LEVELS as f64)];
    let mut rows = Vec::new();
    for (at, item) in items.list.iter().enumerate().filter(|(_, item)| item.is_scored()) {
        let hard = |at: usize| {
            decided.get(at).and_then(|d| d.verdict).is_some_and(|verdict| verdict.hard() == 1)
        };
        let verdict = decided[at].verdict.unwrap_or(Verdict::Unread);
        let in_row = (at..at + LEVELS).take_while(|at| hard(*at)).count() as f64;
        let first = f64::from(u8::from(item.level == 1));
        let share = |gain, size| Cluster { gain, size };
        let cluster = format!("{}/{}", item.category.name(), item.example_id);
        let mut row = Row::of(item.key(), &cluster, &item.instruction, answers[at].as_ref());
        row.shares = vec![
            share(f64::from(verdict.hard().max(0)), 1.0),
            share(verdict.soft().max(0.0), 1.0),
            share(in_row * first, first),
        ];
        row.groups =
            vec![Group::new("level", item.level), Group::new("category", item.category.name())];
        row.marks = marks(item, &decided[at]);
        rows.push(row);
    }
    Sheet { metrics, rows }
}

fn marks(item: &Item, decided: &Decided) -> Vec<Mark> {
    let groups = || vec![Group::new("type", item.category.name())];
    let one = |about: String, met| Mark { about, met, groups: groups(), ..Mark::default() };
    match (item.how, decided.verdict) {
        (How::Rule(rule), Some(verdict)) => {
            vec![one(format!("rule {}", rule.name()), Some(verdict.hard() == 1))]
        }
        (How::Template, Some(verdict)) => {
            vec![one("the examples' template".to_owned(), Some(verdict.hard() == 1))]
        }
        _ => {
            let met = |at: u8| Some(*decided.marks.as_ref()?.get(usize::from(at) - 1)?);
            let mark = |at: u8| one(format!("constraint added at level {at}"), met(at));
            (1..=item.level).map(mark).collect()
        }
    }
}
