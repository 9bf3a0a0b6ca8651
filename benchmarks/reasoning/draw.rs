//! Chance as a function of a seed and of names: the same names, the same draws, in any order.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of draws.
pub(super) struct Draw {
    rng: ChaCha8Rng,
}

impl Draw {
    /// The stream that belongs to `names` under `seed`: ChaCha8, a cipher over a counter, whose key
    /// is a digest of both.
    pub(super) fn of(seed: u64, names: &[&str]) -> Draw {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        for name in names {
            hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        }
        Draw { rng: ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()) }
    }

    /// One of `count` places; 0 of none.
    pub(super) fn below(&mut self, count: usize) -> usize {
        // A 64-bit multiply-shift: its bias, count / 2^64, cannot be seen.
        ((u128::from(self.rng.next_u64()) * count as u128) >> 64) as usize
    }

    /// A whole number from `low` to `high`, both among them.
    pub(super) fn range(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(usize::try_from(high - low + 1).unwrap_or(0)) as i64
    }

    /// One of `list`, which is not empty.
    pub(super) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// `count` different ones of `list`, or all of a shorter one, in an order that is drawn.
    pub(super) fn some<T: Copy>(&mut self, list: &[T], count: usize) -> Vec<T> {
        let mut all = list.to_vec();
        self.shuffle(&mut all);
        all.truncate(count);
        all
    }

    /// Puts `list` into an order that is drawn.
    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.below(last + 1);
            list.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_depend_on_seed_and_names_alone() {
        let drawn = |seed, names: &[&str]| {
            let mut draw = Draw::of(seed, names);
            (0..8).map(|_| draw.range(-50, 50)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(1, &["a", "b"]), drawn(1, &["a", "b"]));
        assert_ne!(drawn(1, &["a", "b"]), drawn(2, &["a", "b"]));
        assert_ne!(drawn(1, &["a", "b"]), drawn(1, &["ab"]));
        assert!(drawn(1, &[]).iter().all(|n| (-50..=50).contains(n)));
    }

    #[test]
    fn every_order_is_drawn_about_as_often() {
        let mut counts = std::collections::BTreeMap::new();
        for item in 0..6000 {
            let mut list = [0, 1, 2];
            Draw::of(3, &[&item.to_string()]).shuffle(&mut list);
            *counts.entry(list).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|n| (850..1150).contains(n)), "{counts:?}");
    }
}
