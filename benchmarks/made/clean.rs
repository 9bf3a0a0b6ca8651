//! Seed instructions of a benchmark, and which of them stand in data that it must not touch.
//!
//! A prompt holds its seed instruction word for word, so what has a copy of a prompt is found by
//! the seed. Files are streamed past the seeds' runs of words, so memory does not grow with them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use heedful_datasets::error::Place;
use heedful_datasets::seeds::{self, Seed};
use heedful_datasets::{Error, Result, artifact, grams, rows};

use super::recipe::Resolved;

/// How many left-out seeds are named.
const NAMED: usize = 100;

/// The seeds that are left, and what was left out.
pub(super) struct Seeds {
    /// In the order in which they were given.
    pub(super) list: Vec<Seed>,
    /// Counts by reason.
    pub(super) dropped: BTreeMap<&'static str, u64>,
    /// The first of the seeds that were found in other data: its id, and where.
    pub(super) contaminated: Vec<(String, String)>,
}

/// Gathers the seeds that `recipe` asks for, without those that its `contamination` files hold.
///
/// # Errors
/// A file that cannot be read, a row of it that asks for nothing, two seeds with one id, no seed
/// left.
pub(super) fn gather(recipe: &Resolved) -> Result<Seeds> {
    let mut all = Vec::new();
    if recipe.seeds.embedded == Some(true) {
        all.extend(seeds::embedded()?);
    }
    for file in &recipe.seeds.files {
        all.extend(seeds::from_file(&recipe.path(file))?);
    }
    let (mut dropped, mut list) = (BTreeMap::new(), Vec::new());
    let (mut ids, mut texts) = (BTreeSet::new(), BTreeSet::new());
    for seed in all {
        let kinds = &recipe.seeds.kinds;
        let reason = if !recipe.languages.contains(&seed.language) {
            "other_language"
        } else if !(kinds.is_empty() || kinds.contains(&seed.kind)) {
            "other_kind"
        } else if !seed.before.is_empty() {
            "has_history"
        } else if seed.instruction.lines().any(|line| line.trim() == "***") {
            "has_divider"
        } else if !texts.insert(grams::runs(&seed.instruction, usize::MAX)) {
            "duplicate"
        } else if !ids.insert(seed.id.clone()) {
            return Err(Error::build(format!("two seeds have the id `{}`", seed.id)));
        } else {
            list.push(seed);
            continue;
        };
        *dropped.entry(reason).or_default() += 1;
    }
    let found = contaminated(recipe, &list)?;
    let named: Vec<(String, String)> =
        found.iter().take(NAMED).map(|(at, place)| (list[*at].id.clone(), place.clone())).collect();
    if !found.is_empty() {
        dropped.insert("contaminated", found.len() as u64);
    }
    let mut at = 0;
    list.retain(|_| {
        at += 1;
        !found.contains_key(&(at - 1))
    });
    if list.is_empty() {
        let why: Vec<String> = dropped.iter().map(|(why, n)| format!("{n} {why}")).collect();
        let why = if why.is_empty() { "none was given".to_owned() } else { why.join(", ") };
        return Err(Error::build(format!("no seed instruction is left ({why})")));
    }
    Ok(Seeds { list, dropped, contaminated: named })
}

/// Which seeds share a run of words with a row of the recipe's files, and with which row first.
fn contaminated(recipe: &Resolved, list: &[Seed]) -> Result<BTreeMap<usize, String>> {
    let n = recipe.contamination.ngram;
    let mut by_run: HashMap<u64, Vec<usize>> = HashMap::new();
    // A seed shorter than a run is one shorter run.
    let mut lengths = BTreeSet::new();
    for (at, seed) in list.iter().enumerate() {
        lengths.insert(words(&seed.instruction).clamp(1, n));
        for run in grams::runs(&seed.instruction, n) {
            by_run.entry(run).or_default().push(at);
        }
    }
    let mut found = BTreeMap::new();
    for (name, path) in tables(recipe)? {
        for row in rows::open_strict(&path)? {
            let row = row?;
            // Named as in the recipe: an artifact's bytes do not tell where its inputs lay.
            let place = Place { file: name.clone(), at: row.place.at };
            for text in grams::texts(&row)? {
                let runs = lengths.iter().flat_map(|length| grams::runs(text, *length));
                for at in runs.filter_map(|run| by_run.get(&run)).flatten() {
                    found.entry(*at).or_insert_with(|| place.to_string());
                }
            }
        }
    }
    Ok(found)
}

fn words(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count()
}

/// The files to look into, with their names in the recipe; of an artifact, its tables.
fn tables(recipe: &Resolved) -> Result<Vec<(String, PathBuf)>> {
    let mut tables = Vec::new();
    for name in &recipe.contamination.files {
        let path = recipe.path(name);
        if path.is_dir() {
            let inside = artifact::open(&path)?.tables(None).into_iter();
            tables.extend(inside.map(|path| (name.clone(), path)));
        } else {
            tables.push((name.clone(), path));
        }
    }
    Ok(tables)
}
