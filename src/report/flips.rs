//! Items on which runs differ, with their responses and explanations.

use std::collections::HashMap;

use heedful_benchmarks::sheet::{Mark, Row, Sheet};
use serde::Serialize;

use super::input::{Bench, pairs};

/// An item whose verdict on some constraint, or whose share of the first metric, differs from the
/// base's in some run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flip {
    /// Of which benchmark.
    pub benchmark: String,
    /// The item's key.
    pub key: String,
    /// The prompt.
    pub prompt: String,
    /// `won` or `lost` when the benchmark's first metric rose or fell in some run and did not go
    /// the other way in another; `mixed` otherwise.
    pub kind: &'static str,
    /// The greatest change of the first metric in some run.
    pub change: f64,
    /// How many verdicts on constraints changed, over all runs.
    pub changed: usize,
    /// The constraints: what each is about, and its finest kind.
    pub constraints: Vec<(String, String)>,
    /// One a run.
    pub sides: Vec<Side>,
}

/// What one run made of the item.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Side {
    /// The response as it came; `None` where there is none.
    pub response: Option<String>,
    /// What was judged, where that is less.
    pub answer: Option<String>,
    /// Why the model stopped, if told.
    pub finish_reason: Option<String>,
    /// The tokens of the response, if told.
    pub tokens: Option<u64>,
    /// One a constraint.
    pub verdicts: Vec<Verdict>,
}

/// What one constraint got.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Satisfied; none where nobody could tell.
    pub met: Option<bool>,
    /// Satisfied in some variant, where the benchmark has a loose reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loose: Option<bool>,
    /// The line of explanation.
    pub reason: String,
}

/// Of all benchmarks: what was lost first, then other changes, then what was won; the greatest
/// change first.
pub(super) fn flips(benches: &[Bench]) -> Vec<Flip> {
    let mut all = Vec::new();
    for bench in benches {
        let mut flips = of_bench(bench);
        let rank = |flip: &Flip| ["lost", "mixed", "won"].iter().position(|k| *k == flip.kind);
        flips.sort_by(|a, b| {
            let size = b.change.abs().total_cmp(&a.change.abs());
            rank(a).cmp(&rank(b)).then(size).then(b.changed.cmp(&a.changed))
        });
        all.append(&mut flips);
    }
    all
}

fn of_bench(bench: &Bench) -> Vec<Flip> {
    let base = bench.base();
    let others: Vec<(usize, &Sheet, HashMap<usize, usize>)> = bench
        .others()
        .map(|(run, sheet)| (run, sheet, pairs(base, sheet).into_iter().collect()))
        .collect();
    let mut flips = Vec::new();
    for (at, row) in base.rows.iter().enumerate() {
        let mut found: Vec<Option<&Row>> = vec![None; bench.cells.len()];
        found[bench.base] = Some(row);
        let (mut change, mut changed, mut won, mut lost) = (0.0_f64, 0, false, false);
        for (run, sheet, places) in &others {
            let Some(other) = places.get(&at).map(|at| &sheet.rows[*at]) else { continue };
            found[*run] = Some(other);
            let own = share(other) - share(row);
            won |= own > 0.0;
            lost |= own < 0.0;
            if own.abs() > change.abs() {
                change = own;
            }
            let differ = |(a, b): (&Mark, &Mark)| a.met != b.met;
            let marks = row.marks.iter().zip(&other.marks);
            changed += marks.filter(|(a, b)| differ((a, b))).count();
        }
        if change == 0.0 && changed == 0 {
            continue;
        }
        let kind = match (won, lost) {
            (true, false) => "won",
            (false, true) => "lost",
            _ => "mixed",
        };
        let marks = found.iter().flatten().map(|row| &row.marks).find(|marks| !marks.is_empty());
        flips.push(Flip {
            benchmark: bench.name.clone(),
            key: row.key.clone(),
            prompt: row.prompt.clone(),
            kind,
            change,
            changed,
            constraints: marks.into_iter().flatten().map(named).collect(),
            sides: found.into_iter().map(|row| row.map(side).unwrap_or_default()).collect(),
        });
    }
    flips
}

/// Of the first metric.
fn share(row: &Row) -> f64 {
    row.shares.first().filter(|own| own.size > 0.0).map_or(0.0, |own| own.gain / own.size)
}

fn named(mark: &Mark) -> (String, String) {
    let of = |dimension: &str| mark.groups.iter().find(|group| group.dimension == dimension);
    let kind = of("instruction").or_else(|| of("type")).or(mark.groups.first());
    (mark.about.clone(), kind.map(|group| group.name.clone()).unwrap_or_default())
}

fn side(row: &Row) -> Side {
    let verdict =
        |mark: &Mark| Verdict { met: mark.met, loose: mark.loose, reason: mark.reason.clone() };
    Side {
        response: row.response.clone(),
        answer: row.answer.clone(),
        finish_reason: row.finish_reason.as_ref().map(|reason| reason.name().to_owned()),
        tokens: row.tokens,
        verdicts: row.marks.iter().map(verdict).collect(),
    }
}
