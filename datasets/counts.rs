//! What a build made and what it left out, for the manifest.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::ladder::{Drawing, Ladder};
use crate::sets::{Kind, Tally};

/// Counts over the rows written.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    levels: BTreeMap<usize, [u64; 3]>,
    splits: BTreeMap<&'static str, u64>,
    families: BTreeMap<&'static str, u64>,
    dropped: BTreeMap<String, u64>,
    witnessed: u64,
    drawings: u64,
}

impl Counts {
    /// One row more.
    pub fn row(&mut self, drawing: &Drawing, ladder: &Ladder, level: usize) {
        let [rows, soft, hard] = self.levels.entry(level).or_default();
        *rows += 1;
        for &at in &ladder.order[..level] {
            let item = &drawing.set.items[at];
            match item.kind {
                Kind::Soft => *soft += 1,
                Kind::Hard => *hard += 1,
            }
            *self.families.entry(item.id).or_default() += 1;
        }
        *self.splits.entry(drawing.split.name()).or_default() += 1;
        self.witnessed += u64::from(drawing.set.witness.is_some());
    }

    /// One drawing more, with why parts of it were given up.
    pub fn drawing(&mut self, tally: &Tally) {
        self.drawings += 1;
        for (reason, n) in tally {
            *self.dropped.entry((*reason).to_owned()).or_default() += n;
        }
    }

    /// `n` more left out for `reason`.
    pub fn dropped(&mut self, reason: &str, n: u64) {
        if n > 0 {
            *self.dropped.entry(reason.to_owned()).or_default() += n;
        }
    }

    /// Rows in all.
    pub fn rows(&self) -> u64 {
        self.levels.values().map(|[rows, ..]| rows).sum()
    }

    /// Drawings made.
    pub fn drawings(&self) -> u64 {
        self.drawings
    }

    /// Rows of each level with their soft and hard constraints: `(level, rows, soft, hard)`.
    pub fn levels(&self) -> Vec<(usize, u64, u64, u64)> {
        self.levels
            .iter()
            .map(|(level, [rows, soft, hard])| (*level, *rows, *soft, *hard))
            .collect()
    }

    /// Rows of each split.
    pub fn splits(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.splits.iter().map(|(split, rows)| (*split, *rows))
    }

    /// As it stands in the manifest.
    pub fn to_map(&self) -> Map<String, Value> {
        let levels: Vec<Value> = self
            .levels()
            .into_iter()
            .map(|(level, rows, soft, hard)| {
                json!({"level": level, "rows": rows, "soft": soft, "hard": hard})
            })
            .collect();
        let mut map = Map::new();
        map.insert("drawings".to_owned(), self.drawings.into());
        map.insert("levels".to_owned(), levels.into());
        map.insert("splits".to_owned(), json!(self.splits));
        map.insert("families".to_owned(), json!(self.families));
        map.insert("witnessed".to_owned(), self.witnessed.into());
        map.insert("dropped".to_owned(), json!(self.dropped));
        map
    }
}
