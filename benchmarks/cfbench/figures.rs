//! The figures of a benchmark run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::items::{Item, Split};
use super::number::{mean, round2};
use super::parse::{Reading, State};
use super::score::{Score, score};
use crate::metrics::Rate;

/// The three figures over some items.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Means {
    /// How many items.
    pub items: usize,
    /// Mean CSR, rounded to hundredths; `None` of no items.
    pub csr: Option<f64>,
    /// Mean ISR, rounded to hundredths; `None` of no items.
    pub isr: Option<f64>,
    /// Mean PSR, rounded to hundredths; `None` of no items.
    pub psr: Option<f64>,
    /// ISR as a count, with Wilson's interval.
    pub isr_rate: Rate,
    /// PSR as a count, with Wilson's interval.
    pub psr_rate: Rate,
}

/// How the judge's replies were understood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct States {
    /// [`State::Read`].
    pub read: usize,
    /// [`State::Fallback`]: their CSR is 1 whatever the judge thought.
    pub fallback: usize,
    /// [`State::Unread`]: their figures are 0 whatever the judge thought.
    pub unread: usize,
}

/// Everything that is printed of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Over all items.
    pub all: Means,
    /// Over the easy half.
    pub easy: Means,
    /// Over the hard half.
    pub hard: Means,
    /// How far the figures can be trusted.
    pub states: States,
    /// Over the items of each domain.
    pub by_domain: BTreeMap<String, Means>,
    /// Criteria met, by type of the first level. Only replies in form say which were met, so only
    /// their criteria are counted.
    pub by_kind: BTreeMap<String, Rate>,
    /// The same by type of the second level: under the first level, for a few have equal names.
    pub by_subkind: BTreeMap<String, BTreeMap<String, Rate>>,
    /// The same by priority: `主需` and `次需`.
    pub by_priority: BTreeMap<&'static str, Rate>,
}

/// The figures of `judged`, each an item with the reading of the reply about it.
///
/// Official means are sums of rounded numbers in the order of the items, so another order can move
/// a figure that lies just between two hundredths.
pub fn aggregate<'a>(judged: impl IntoIterator<Item = (&'a Item, &'a Reading)>) -> Figures {
    let (mut all, mut easy, mut hard) = (Group::default(), Group::default(), Group::default());
    let mut states = States::default();
    let mut domains: BTreeMap<&str, Group> = BTreeMap::new();
    let mut kinds: BTreeMap<(&str, &str), Tally> = BTreeMap::new();
    let mut priorities: BTreeMap<&'static str, Tally> = BTreeMap::new();
    for (item, reading) in judged {
        let score = score(&item.criteria, reading);
        all.add(score);
        match item.split {
            Split::Easy => easy.add(score),
            Split::Hard => hard.add(score),
        }
        domains.entry(&item.domain).or_default().add(score);
        match reading.state {
            State::Read => states.read += 1,
            State::Fallback => states.fallback += 1,
            State::Unread => states.unread += 1,
        }
        if reading.state == State::Read {
            for (criterion, mark) in item.criteria.iter().zip(&reading.marks) {
                kinds.entry((&criterion.kind, &criterion.subkind)).or_default().add(mark.met);
                priorities.entry(criterion.priority.label()).or_default().add(mark.met);
            }
        }
    }
    let (by_kind, by_subkind) = both_levels(&kinds);
    let by_domain = domains.into_iter().map(|(name, group)| (name.to_owned(), group.means()));
    Figures {
        all: all.means(),
        easy: easy.means(),
        hard: hard.means(),
        states,
        by_domain: by_domain.collect(),
        by_kind,
        by_subkind,
        by_priority: priorities.into_iter().map(|(name, tally)| (name, tally.rate())).collect(),
    }
}

type Nested = BTreeMap<String, BTreeMap<String, Rate>>;

/// Rates by type of the first level, and of both.
fn both_levels(kinds: &BTreeMap<(&str, &str), Tally>) -> (BTreeMap<String, Rate>, Nested) {
    let mut first: BTreeMap<String, Tally> = BTreeMap::new();
    let mut second = Nested::new();
    for (&(kind, subkind), tally) in kinds {
        let sum = first.entry(kind.to_owned()).or_default();
        sum.met += tally.met;
        sum.of += tally.of;
        second.entry(kind.to_owned()).or_default().insert(subkind.to_owned(), tally.rate());
    }
    (first.into_iter().map(|(kind, tally)| (kind, tally.rate())).collect(), second)
}

#[derive(Default)]
struct Tally {
    met: u64,
    of: u64,
}

impl Tally {
    fn add(&mut self, met: bool) {
        self.met += u64::from(met);
        self.of += 1;
    }

    fn rate(&self) -> Rate {
        Rate::new(self.met, self.of)
    }
}

#[derive(Default)]
struct Group {
    csr: Vec<f64>,
    isr: Vec<f64>,
    psr: Vec<f64>,
}

impl Group {
    fn add(&mut self, score: Score) {
        self.csr.push(score.csr);
        self.isr.push(score.isr);
        self.psr.push(score.psr);
    }

    fn means(&self) -> Means {
        let rounded = |values: &[f64]| mean(values).map(round2);
        let rate = |values: &[f64]| {
            let met = values.iter().filter(|value| **value == 1.0).count();
            Rate::new(met as u64, values.len() as u64)
        };
        Means {
            items: self.csr.len(),
            csr: rounded(&self.csr),
            isr: rounded(&self.isr),
            psr: rounded(&self.psr),
            isr_rate: rate(&self.isr),
            psr_rate: rate(&self.psr),
        }
    }
}
