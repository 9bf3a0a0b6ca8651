//! Which pairs are learned from, which choose settings, and which are reported on.

use std::collections::BTreeSet;

use super::pairs::Pair;
use crate::error::{Error, Result};

/// What is kept apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// The share of the groups for early stopping and the temperature.
    pub dev: f64,
    /// The share of the groups to report on.
    pub seeds: f64,
    /// Constraint ids that are never learned from.
    pub held_out: Vec<String>,
    /// Where none are named: the share of ids that is drawn.
    pub held_out_share: f64,
    /// Of the draws.
    pub seed: u64,
}

/// Numbers of pairs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// Learned from.
    pub train: Vec<usize>,
    /// Early stopping and temperature.
    pub dev: Vec<usize>,
    /// Reported on: groups that nothing was learned from.
    pub seeds: Vec<usize>,
    /// Reported on: constraints that nothing was learned from.
    pub families: Vec<usize>,
    /// The ids of these.
    pub held_out: Vec<String>,
}

impl Split {
    /// Parts these pairs. A pair's part depends on its group, its id and the seed alone.
    ///
    /// # Errors
    /// An id that no pair has, shares that cannot be, or no pair to learn from or to stop by.
    pub fn part(&self, pairs: &[Pair]) -> Result<Parts> {
        let Split { dev, seeds, held_out_share, .. } = *self;
        let sound = |share: f64| (0.0..1.0).contains(&share);
        if !sound(dev) || !sound(seeds) || !sound(held_out_share) || dev + seeds >= 1.0 {
            return Err(Error::usage(format!(
                "shares of {dev} and {seeds} of the groups and of {held_out_share} of the ids"
            )));
        }
        let held_out = self.held_out(pairs)?;
        let mut parts = Parts::default();
        for (at, pair) in pairs.iter().enumerate() {
            let place = self.place("group", &pair.group);
            let part = if held_out.contains(&pair.id) {
                &mut parts.families
            } else if place < dev {
                &mut parts.dev
            } else if place < dev + seeds {
                &mut parts.seeds
            } else {
                &mut parts.train
            };
            part.push(at);
        }
        parts.held_out = held_out.into_iter().collect();
        for (what, part) in [("learn from", &parts.train), ("stop by", &parts.dev)] {
            let both = [true, false].map(|yes| part.iter().any(|&at| pairs[at].label == yes));
            if both != [true, true] {
                let count = part.len();
                let problem = format!("{count} pairs to {what}, and not of both labels");
                return Err(Error::usage(problem));
            }
        }
        Ok(parts)
    }

    fn held_out(&self, pairs: &[Pair]) -> Result<BTreeSet<String>> {
        let known: BTreeSet<&str> = pairs.iter().map(|pair| pair.id.as_str()).collect();
        if let Some(id) = self.held_out.iter().find(|id| !known.contains(id.as_str())) {
            return Err(Error::usage(format!("held out `{id}`: no pair has this constraint")));
        }
        if !self.held_out.is_empty() {
            return Ok(self.held_out.iter().cloned().collect());
        }
        let count = (known.len() as f64 * self.held_out_share).round() as usize;
        let mut drawn: Vec<&str> = known.into_iter().collect();
        drawn.sort_by(|a, b| self.place("id", a).total_cmp(&self.place("id", b)));
        Ok(drawn.into_iter().take(count).map(str::to_owned).collect())
    }

    /// A number in [0, 1) for a name.
    fn place(&self, what: &str, name: &str) -> f64 {
        let digest = blake3::hash(format!("{what}\0{}\0{name}", self.seed).as_bytes());
        let mut head = [0; 8];
        head.copy_from_slice(&digest.as_bytes()[..8]);
        (u64::from_le_bytes(head) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs() -> Vec<Pair> {
        let pair = |at: usize| Pair {
            group: format!("g{}", at / 4),
            rung: String::new(),
            instruction: String::new(),
            constraint: String::new(),
            response: String::new(),
            label: at.is_multiple_of(2),
            id: format!("id{}", at / 2 % 10),
            soft: false,
            truth: None,
        };
        (0..400).map(pair).collect()
    }

    const SPLIT: Split =
        Split { dev: 0.2, seeds: 0.2, held_out: Vec::new(), held_out_share: 0.2, seed: 1 };

    #[test]
    fn groups_stay_together_and_ids_apart() {
        let pairs = pairs();
        let parts = SPLIT.part(&pairs).unwrap();
        let all = [&parts.train, &parts.dev, &parts.seeds, &parts.families];
        assert_eq!(all.iter().map(|part| part.len()).sum::<usize>(), 400);
        assert_eq!((parts.held_out.len(), parts.families.len()), (2, 80));
        let groups = |part: &[usize]| -> BTreeSet<String> {
            part.iter().map(|&at| pairs[at].group.clone()).collect()
        };
        assert!(groups(&parts.train).is_disjoint(&groups(&parts.dev)));
        assert!(groups(&parts.train).is_disjoint(&groups(&parts.seeds)));
        assert!(parts.train.len() > parts.dev.len() && !parts.seeds.is_empty());
        let named = Split { held_out: vec!["id3".to_owned()], ..SPLIT }.part(&pairs).unwrap();
        assert_eq!((named.held_out, named.families.len()), (vec!["id3".to_owned()], 40));
    }

    #[test]
    fn what_cannot_be_split_is_refused() {
        let pairs = pairs();
        let bad = Split { held_out: vec!["none".to_owned()], ..SPLIT };
        assert!(bad.part(&pairs).unwrap_err().to_string().contains("`none`"));
        assert!(Split { dev: 0.9, ..SPLIT }.part(&pairs).is_err());
        assert!(Split { dev: f64::NAN, ..SPLIT }.part(&pairs).is_err());
        assert!(SPLIT.part(&pairs[..1]).unwrap_err().to_string().contains("both labels"));
    }
}
