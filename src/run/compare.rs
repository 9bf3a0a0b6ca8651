//! Before and after: accuracies, paired differences, and their intervals.

use std::collections::BTreeMap;

use heedful_benchmarks::statistics::Interval;
use heedful_benchmarks::statistics::bootstrap::{self, Plan};
use serde::Serialize;

use super::evaluate::Row;

/// How intervals are drawn.
const PLAN: Plan = Plan { resamples: 2000, seed: 0 };

/// An accuracy before and after, in percent; the difference in points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Gain {
    /// Prompts.
    pub prompts: u64,
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// After less before.
    pub gain_points: f64,
    /// Its 95 % interval by the bootstrap over prompts, both sides of each together.
    pub interval: Interval,
}

/// One row of a table: sampled at temperature 1, and the likeliest answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What it is about.
    pub name: String,
    /// Sampled.
    pub sampled: Gain,
    /// Greedy.
    pub greedy: Gain,
}

/// Means of a prompt's answers before and after.
type Pair = [f64; 2];

/// The whole comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Prompt level, by set.
    pub sets: BTreeMap<String, Line>,
    /// Prompt level on the set `test`, by level.
    pub levels: Vec<Line>,
    /// Each constraint on the sets `test` and `held_out`.
    pub constraints: Vec<Line>,
    /// Mean tokens of sampled answers, before and after.
    pub tokens: [f64; 2],
    /// The share of cut answers, before and after, in percent.
    pub truncated: [f64; 2],
}

/// Compares two tables of answers to the same prompts; what only one of them has is left out.
pub fn compare(before: &[Row], after: &[Row]) -> Comparison {
    let sides = [before, after];
    let good = |row: &Row| Some(f64::from(u8::from(row.good())));
    let line = |name: &str, keep: &dyn Fn(&Row) -> bool| lines(sides, name, keep, &good);
    let mut sets: Vec<&str> = before.iter().map(|row| row.set.as_str()).collect();
    sets.sort_unstable();
    sets.dedup();
    let test = |row: &Row| row.set == "test";
    let mut levels: Vec<u64> = before.iter().filter(|row| test(row)).map(|row| row.level).collect();
    levels.sort_unstable();
    levels.dedup();
    let mut ids: Vec<&String> = before.iter().flat_map(|row| &row.ids).collect();
    ids.sort_unstable();
    ids.dedup();
    let of_id = |id: &String| {
        let one = |row: &Row| {
            let at = row.ids.iter().position(|known| known == id)?;
            Some(f64::from(u8::from(*row.satisfied.get(at)?)))
        };
        lines(sides, id, &|row| row.ids.contains(id), &one)
    };
    let of_level =
        |level: &u64| line(&format!("level {level}"), &|row| test(row) && row.level == *level);
    let mean = |rows: &[Row], of: fn(&Row) -> f64| {
        let sampled = || rows.iter().filter(|row| row.sample.is_some());
        sampled().map(of).sum::<f64>() / sampled().count().max(1) as f64
    };
    Comparison {
        sets: sets
            .iter()
            .filter_map(|set| Some(((*set).to_owned(), line(set, &|row| row.set == **set)?)))
            .collect(),
        levels: levels.iter().filter_map(of_level).collect(),
        constraints: ids.into_iter().filter_map(of_id).collect(),
        tokens: sides.map(|rows| mean(rows, |row| row.tokens as f64)),
        truncated: sides.map(|rows| mean(rows, |row| 100.0 * f64::from(u8::from(row.cut)))),
    }
}

/// Of the rows that are kept: the mean of `value`, sampled and greedy.
fn lines(
    sides: [&[Row]; 2],
    name: &str,
    keep: &dyn Fn(&Row) -> bool,
    value: &dyn Fn(&Row) -> Option<f64>,
) -> Option<Line> {
    let of = |greedy: bool| {
        let means = sides.map(|rows| {
            let kept = rows.iter().filter(|row| row.sample.is_none() == greedy && keep(row));
            means(kept, value)
        });
        gain(&pairs(&means))
    };
    Some(Line { name: name.to_owned(), sampled: of(false)?, greedy: of(true)? })
}

/// The mean of each prompt's values.
fn means<'a>(
    rows: impl Iterator<Item = &'a Row>,
    value: &dyn Fn(&Row) -> Option<f64>,
) -> BTreeMap<(&'a str, &'a str), f64> {
    let mut sums = BTreeMap::<_, (f64, f64)>::new();
    for row in rows {
        let Some(value) = value(row) else { continue };
        let sum = sums.entry((row.set.as_str(), row.key.as_str())).or_default();
        *sum = (sum.0 + value, sum.1 + 1.0);
    }
    sums.into_iter().map(|(key, (sum, count))| (key, sum / count)).collect()
}

fn pairs<K: Ord>(sides: &[BTreeMap<K, f64>; 2]) -> Vec<Pair> {
    let [before, after] = sides;
    before.iter().filter_map(|(key, one)| Some([*one, *after.get(key)?])).collect()
}

fn gain(pairs: &[Pair]) -> Option<Gain> {
    let mean =
        |side: usize| 100.0 * pairs.iter().map(|p| p[side]).sum::<f64>() / pairs.len() as f64;
    let difference = |weights: &[u32]| {
        let sum: f64 = pairs.iter().zip(weights).map(|(p, &w)| (p[1] - p[0]) * f64::from(w)).sum();
        100.0 * sum / pairs.len() as f64
    };
    let interval = bootstrap::statistic(pairs.len(), PLAN, difference)?;
    let (before, after) = (mean(0), mean(1));
    let (prompts, gain_points) = (pairs.len() as u64, after - before);
    Some(Gain { prompts, before, after, gain_points, interval })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: usize, sample: Option<u32>, good: bool) -> Row {
        Row {
            set: "test".to_owned(),
            key: key.to_string(),
            level: 1 + key as u64 % 2,
            sample,
            ids: vec!["a:b".to_owned()],
            satisfied: vec![good],
            sound: true,
            tokens: 10,
            cut: false,
            prompt: String::new(),
            response: String::new(),
        }
    }

    #[test]
    fn gains_are_paired_by_prompt() {
        let table = |every: usize| -> Vec<Row> {
            let of = |key: usize| {
                let sampled = (0..4)
                    .map(move |s| row(key, Some(s), (s as usize + key).is_multiple_of(every)));
                sampled.chain([row(key, None, key.is_multiple_of(every))])
            };
            (0..40).flat_map(of).collect()
        };
        let found = compare(&table(4), &table(2));
        let Line { sampled, greedy, .. } = &found.sets["test"];
        assert_eq!((sampled.prompts, sampled.before, sampled.after), (40, 25.0, 50.0));
        // Every prompt gains the same: resampling changes nothing.
        assert_eq!((sampled.interval.low, sampled.interval.high), (25.0, 25.0));
        assert_eq!((greedy.before, greedy.after, greedy.gain_points), (25.0, 50.0, 25.0));
        assert!(greedy.interval.low < 25.0 && greedy.interval.high > 25.0);
        assert_eq!((found.levels.len(), found.constraints.len()), (2, 1));
        let none = compare(&table(4), &[]);
        assert!(none.sets.is_empty() && none.levels.is_empty());
    }
}
