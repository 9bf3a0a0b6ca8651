//! Items on which runs differ, with their responses and explanations.

use std::collections::{HashMap, HashSet};

use heedful_benchmarks::sheet::{Mark, Row, Sheet};
use serde::Serialize;

use super::input::{Bench, pairs};

/// An item whose verdict on some constraint, or whose share of the first metric, differs from the
/// base's in some run; over all samples where there are several.
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
    /// One a run; of several samples the one that shows the change best.
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
    let others: Vec<(usize, Vec<Samples<'_>>)> =
        bench.others().map(|(run, sheet)| (run, beside(base, sheet))).collect();
    let mut flips = Vec::new();
    for (at, own) in items(base).1.into_iter().enumerate() {
        let (mut change, mut changed, mut won, mut lost) = (0.0_f64, 0, false, false);
        let found: Vec<(usize, &Samples<'_>)> = others
            .iter()
            .map(|(run, list)| (*run, &list[at]))
            .filter(|(_, samples)| !samples.is_empty())
            .collect();
        for (_, samples) in &found {
            let step = share(samples) - share(&own);
            won |= step > 0.0;
            lost |= step < 0.0;
            if step.abs() > change.abs() {
                change = step;
            }
            let marks = 0..own[0].marks.len().min(samples[0].marks.len());
            changed += marks.filter(|&mark| met(samples, mark) != met(&own, mark)).count();
        }
        if change == 0.0 && changed == 0 {
            continue;
        }
        let kind = match (won, lost) {
            (true, false) => "won",
            (false, true) => "lost",
            _ => "mixed",
        };
        let mut sides = vec![None; bench.cells.len()];
        sides[bench.base] = Some(telling(&own, -change));
        found.iter().for_each(|(run, samples)| sides[*run] = Some(telling(samples, change)));
        let marks = sides.iter().flatten().map(|row| &row.marks).find(|marks| !marks.is_empty());
        flips.push(Flip {
            benchmark: bench.name.clone(),
            key: own[0].key.clone(),
            prompt: own[0].prompt.clone(),
            kind,
            change,
            changed,
            constraints: marks.into_iter().flatten().map(named).collect(),
            sides: sides.into_iter().map(|row| row.map(side).unwrap_or_default()).collect(),
        });
    }
    flips
}

/// The rows of one item: its samples.
type Samples<'a> = Vec<&'a Row>;

/// The name of an item: its key and its prompt.
type Name<'a> = (&'a str, &'a str);

/// The items of a sheet in its order, and where each stands.
fn items(sheet: &Sheet) -> (HashMap<Name<'_>, usize>, Vec<Samples<'_>>) {
    let mut places: HashMap<Name<'_>, usize> = HashMap::new();
    let mut items: Vec<Samples<'_>> = Vec::new();
    for row in &sheet.rows {
        // A further sample is named after the first (`sheet::sample_key`).
        let numbered = row.key.rsplit_once('#').filter(|(_, n)| n.parse::<usize>().is_ok());
        let first = numbered.and_then(|(item, _)| places.get(&(item, row.prompt.as_str())));
        if let Some(&at) = first {
            items[at].push(row);
            continue;
        }
        places.insert((&row.key, &row.prompt), items.len());
        items.push(vec![row]);
    }
    (places, items)
}

/// The samples in `sheet` of each item of `base`; none where it has none that is alike.
fn beside<'a>(base: &'a Sheet, sheet: &'a Sheet) -> Vec<Samples<'a>> {
    let (places, mut there) = items(sheet);
    let alike: HashSet<Name<'_>> = pairs(base, sheet)
        .into_iter()
        .map(|(at, _)| (base.rows[at].key.as_str(), base.rows[at].prompt.as_str()))
        .collect();
    let mut of = |own: &Row| {
        let name = (own.key.as_str(), own.prompt.as_str());
        let at = places.get(&name).filter(|_| alike.contains(&name))?;
        Some(std::mem::take(&mut there[*at]))
    };
    items(base).1.iter().map(|own| of(own[0]).unwrap_or_default()).collect()
}

/// Of the first metric, over all samples.
fn share(samples: &[&Row]) -> f64 {
    let own = samples.iter().filter_map(|row| row.shares.first());
    let (gain, size) = own.fold((0.0, 0.0), |(gain, size), own| (gain + own.gain, size + own.size));
    if size > 0.0 { gain / size } else { 0.0 }
}

/// In how many of the samples, of one hundred, a constraint is satisfied, and is undecided.
fn met(samples: &[&Row], mark: usize) -> [f64; 2] {
    let of = |verdict| {
        let count =
            samples.iter().filter(|row| row.marks.get(mark).map(|m| m.met) == Some(verdict));
        100.0 * count.count() as f64 / samples.len() as f64
    };
    [of(Some(true)), of(None)]
}

/// The sample that shows a change best: the first of those with the highest share where it rose,
/// with the lowest where it fell.
fn telling<'a>(samples: &[&'a Row], change: f64) -> &'a Row {
    let rank = |row: &&&Row| -share(&[**row]) * if change == 0.0 { 0.0 } else { change.signum() };
    samples.iter().min_by(|a, b| rank(a).total_cmp(&rank(b))).expect("an item has a row")
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
