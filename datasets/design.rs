//! Designs: exact numbers of rows and of soft and hard constraints on every level.
//!
//! A row of level k has k constraints, the first k of its ladder. Levels shrink because ladders
//! stop; which ones stop decides how many soft constraints leave with them, and that number is free
//! within bounds. So levels can be filled one after the other: first the ladders that stop are
//! chosen, then as many of the others as needed get a soft constraint in the new place.

use heedful_constraints::draw::{Rng, stream};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};

/// What a level holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Instructions.
    pub rows: u64,
    /// Soft constraints of all of them.
    pub soft: u64,
    /// Hard constraints of all of them.
    pub hard: u64,
}

/// The kinds of a ladder's constraints in order: true stands for soft.
pub type Kinds = Vec<bool>;

/// Whether `levels` can be told of ladders, `drawings` of them at most.
///
/// # Errors
/// The first level that does not add up.
pub fn check(levels: &[Level], drawings: u64) -> Result<(), String> {
    let mut above = drawings;
    for (at, level) in levels.iter().enumerate() {
        let k = at as u64 + 1;
        if level.soft + level.hard != k * level.rows {
            let sum = level.soft + level.hard;
            return Err(format!(
                "level {k} has {sum} constraints, {} rows need {}",
                level.rows,
                k * level.rows
            ));
        }
        if level.rows > above {
            return Err(format!(
                "level {k} has {} rows, there are only {above} before",
                level.rows
            ));
        }
        above = level.rows;
    }
    solve(levels, 0).map(drop)
}

/// The kinds of every ladder of the first level; the order is shuffled by `seed`.
///
/// # Errors
/// Counts that no choice of ladders reaches.
pub fn solve(levels: &[Level], seed: u64) -> Result<Vec<Kinds>, String> {
    let mut rng = stream(seed, u64::MAX);
    let first = levels.first().map_or(0, |level| level.rows as usize);
    let mut growing: Vec<Kinds> = vec![Kinds::new(); first];
    let mut stopped: Vec<Kinds> = Vec::new();
    let mut soft_before = 0;
    for (at, level) in levels.iter().enumerate() {
        let leaving = growing.len().saturating_sub(level.rows as usize);
        let needed = i128::from(level.soft) - i128::from(soft_before);
        let gone = leave(&mut growing, leaving, needed, level.rows, &mut rng)
            .map_err(|e| format!("level {}: {e}", at + 1))?;
        let gone_soft: u64 = gone.iter().map(|kinds| soft_of(kinds)).sum();
        stopped.extend(gone);
        let new = level.soft + gone_soft - soft_before;
        shuffle(&mut growing, &mut rng);
        for (at, kinds) in growing.iter_mut().enumerate() {
            kinds.push((at as u64) < new);
        }
        soft_before = level.soft;
    }
    stopped.append(&mut growing);
    shuffle(&mut stopped, &mut rng);
    Ok(stopped)
}

fn soft_of(kinds: &[bool]) -> u64 {
    kinds.iter().filter(|soft| **soft).count() as u64
}

/// Takes `n` ladders out so that the others can reach the level: `needed` more soft constraints,
/// and those that leave, must find place in `rows` rows.
fn leave(
    growing: &mut Vec<Kinds>,
    n: usize,
    needed: i128,
    rows: u64,
    rng: &mut Rng,
) -> Result<Vec<Kinds>, String> {
    shuffle(growing, rng);
    let mut gone = growing.split_off(growing.len() - n);
    let mut soft: i128 = gone.iter().map(|kinds| i128::from(soft_of(kinds))).sum();
    // A swap moves the sum by a few at most; what so many do not mend, none will.
    for _ in 0..10_000 {
        let new = needed + soft;
        let fewer = new > i128::from(rows);
        if !fewer && new >= 0 {
            return Ok(gone);
        }
        let swap = (0..gone.len()).find_map(|i| {
            let mine = soft_of(&gone[i]);
            let better = |kinds: &Kinds| {
                if fewer { soft_of(kinds) < mine } else { soft_of(kinds) > mine }
            };
            growing.iter().position(better).map(|j| (i, j))
        });
        let Some((i, j)) = swap else { break };
        soft += i128::from(soft_of(&growing[j])) - i128::from(soft_of(&gone[i]));
        std::mem::swap(&mut gone[i], &mut growing[j]);
    }
    Err("its soft constraints cannot be reached from the level before".to_owned())
}

fn shuffle<T>(items: &mut [T], rng: &mut Rng) {
    for at in (1..items.len()).rev() {
        items.swap(at, rng.random_range(0..=at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count(ladders: &[Kinds], k: usize) -> Level {
        let rows: Vec<&Kinds> = ladders.iter().filter(|kinds| kinds.len() >= k).collect();
        let soft = |kinds: &&Kinds| kinds[..k].iter().filter(|soft| **soft).count() as u64;
        let soft = rows.iter().map(soft).sum();
        Level { rows: rows.len() as u64, soft, hard: rows.len() as u64 * k as u64 - soft }
    }

    #[test]
    fn the_published_ladder_is_met_exactly() {
        let published = [
            (2806, 1578, 1228),
            (2745, 3203, 2287),
            (2700, 4833, 3267),
            (2700, 6481, 4319),
            (2619, 8101, 4994),
        ];
        let levels = published.map(|(rows, soft, hard)| Level { rows, soft, hard });
        check(&levels, 3000).expect("adds up");
        let ladders = solve(&levels, 2508).expect("reachable");
        for (at, level) in levels.iter().enumerate() {
            assert_eq!(count(&ladders, at + 1), *level);
        }
        assert!(check(&levels, 2805).is_err());
    }

    #[test]
    fn what_no_ladder_reaches_is_refused() {
        let level = |rows, soft, hard| Level { rows, soft, hard };
        assert!(check(&[level(10, 10, 0), level(10, 5, 15)], 10).is_err());
        assert!(check(&[level(10, 10, 1)], 10).is_err());
        assert!(check(&[level(10, 10, 0), level(11, 11, 11)], 20).is_err());
    }

    proptest! {
        #[test]
        fn counts_of_any_ladders_are_met(ladders in proptest::collection::vec(
            proptest::collection::vec(any::<bool>(), 1..6), 1..40,
        )) {
            let deepest = ladders.iter().map(Vec::len).max().unwrap_or(0);
            let levels: Vec<Level> = (1..=deepest).map(|k| count(&ladders, k)).collect();
            if let Ok(solved) = solve(&levels, 1) {
                for (at, level) in levels.iter().enumerate() {
                    prop_assert_eq!(count(&solved, at + 1), *level);
                }
            }
        }
    }
}
