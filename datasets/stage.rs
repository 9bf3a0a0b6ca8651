//! The build: recipe to prompts.
//!
//! Drawings are made in parallel, a chunk at a time and in their order, while the chunk before is
//! written. So memory does not grow with the rows, and the bytes do not depend on the threads.

use std::collections::HashSet;
use std::path::Path;

use heedful_constraints::draw::stream;
use rand::RngExt as _;
use rayon::prelude::*;

use crate::artifact::{self, Artifact, Draft, Start};
use crate::card;
use crate::counts::Counts;
use crate::design::{self, Kinds};
use crate::error::{Error, Result};
use crate::ladder::{Drawing, Ladder, Maker};
use crate::manifest::{Plan, Revision};
use crate::recipe::{Amount, Resolved};
use crate::seeds::{self, Seed, Split};
use crate::sets::{self, Pool, Tally};
use crate::table::{SCHEMA_VERSION, Shards};

/// The stage's name in manifests.
pub const STAGE: &str = "build";

/// Drawings made at once.
const CHUNK: u64 = 512;

/// How far a build has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows written.
    pub rows: u64,
    /// Drawings made.
    pub drawings: u64,
    /// What is to be made in all.
    pub amount: Amount,
}

/// What a build gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The artifact.
    pub artifact: Artifact,
    /// Whether it was there already and no work was done.
    pub found: bool,
}

/// The plan of a recipe's artifact: its id is known before any work.
///
/// # Errors
/// As [`Resolved::to_json`].
pub fn plan(recipe: &Resolved) -> Result<Plan> {
    let mut inputs = recipe.inputs.clone();
    if recipe.seeds.embedded == Some(true) {
        inputs.push(seeds::embedded_input());
    }
    Ok(Plan {
        stage: STAGE.to_owned(),
        name: recipe.name.clone(),
        config: recipe.to_json()?,
        seed: recipe.seed,
        parents: Vec::new(),
        inputs,
        schema_version: SCHEMA_VERSION,
        verifiers: vec![recipe.profile().version().to_owned(), sets::fingerprint()],
    })
}

/// Builds the artifact of `recipe` in the folder `out`, or finds it there.
///
/// # Errors
/// No usable seeds or families, a number of rows that cannot be reached, a disk that refuses.
pub fn build(
    recipe: &Resolved,
    out: &Path,
    revision: Revision,
    progress: &dyn Fn(Progress),
) -> Result<Built> {
    let draft = match artifact::begin(out, plan(recipe)?)? {
        Start::Found(artifact) => return Ok(Built { artifact, found: true }),
        Start::New(draft) => draft,
    };
    let mut gathered = seeds::gather(recipe)?;
    shuffle(&mut gathered.seeds, recipe.seed);
    let splits: Vec<Split> = gathered
        .seeds
        .iter()
        .map(|seed| seeds::split_of(seed, recipe.seed, recipe.splits))
        .collect();
    let maker = Maker { recipe, pool: Pool::of(recipe), seeds: &gathered.seeds, splits };
    enough_families(&maker)?;
    let mut sink = Sink::new(&maker, &draft)?;
    for (reason, n) in &gathered.dropped {
        sink.counts.dropped(&format!("seed_{reason}"), *n);
    }
    match &recipe.levels {
        None => by_amount(&maker, &mut sink, progress)?,
        Some(levels) => {
            let kinds = design::solve(levels, recipe.seed).map_err(Error::build)?;
            by_design(&maker, &kinds, &mut sink, progress)?;
        }
    }
    let counts = sink.finish()?;
    let text = card::prompts(&plan(recipe)?, recipe, &counts);
    let path = draft.folder().join("README.md");
    std::fs::write(&path, text).map_err(|e| Error::io(&path, e))?;
    let artifact = draft.commit(counts.to_map(), revision)?;
    Ok(Built { artifact, found: false })
}

/// A set has at most one constraint of a family, so there must be as many families as places.
fn enough_families(maker: &Maker<'_>) -> Result<()> {
    let (hard, soft) = maker.pool.sizes(false);
    let needed = maker.recipe.max_level;
    if hard + soft < needed {
        let problem = format!("{hard} hard and {soft} soft families are chosen");
        return Err(Error::build(format!("max_level is {needed}, but only {problem}")));
    }
    Ok(())
}

fn shuffle(seeds: &mut [Seed], seed: u64) {
    let mut rng = stream(seed, u64::MAX - 1);
    for at in (1..seeds.len()).rev() {
        seeds.swap(at, rng.random_range(0..=at));
    }
}

type Drawn = (Option<Drawing>, Tally);

fn by_amount(maker: &Maker<'_>, sink: &mut Sink<'_>, progress: &dyn Fn(Progress)) -> Result<()> {
    let amount = maker.recipe.amount;
    // Rows are asked for, but drawings can fail or repeat: a build that gets nowhere must end.
    let (drawings, rows) = match amount {
        Amount::Drawings(n) => (n, u64::MAX),
        Amount::Rows(n) => (n.saturating_mul(8).saturating_add(1000), n),
    };
    let chunk = |start: u64| -> Vec<Drawn> {
        let end = start.saturating_add(CHUNK).min(drawings);
        let n = end.saturating_sub(start) as usize;
        (0..n).into_par_iter().map(|at| maker.draw(start + at as u64, None)).collect()
    };
    let mut ready = chunk(0);
    let mut next = CHUNK;
    while !ready.is_empty() && sink.rows < rows {
        let (written, drawn) = rayon::join(|| sink.write_all(&ready, rows), || chunk(next));
        written?;
        ready = drawn;
        next = next.saturating_add(CHUNK);
        progress(Progress { rows: sink.rows, drawings: sink.counts.drawings(), amount });
    }
    if rows != u64::MAX && sink.rows < rows {
        let got = sink.rows;
        let problem = format!("{drawings} drawings gave only {got} different rows of {rows}");
        return Err(Error::build(format!("{problem}: choose more seeds or families")));
    }
    Ok(())
}

fn by_design(
    maker: &Maker<'_>,
    kinds: &[Kinds],
    sink: &mut Sink<'_>,
    progress: &dyn Fn(Progress),
) -> Result<()> {
    let amount = maker.recipe.amount;
    let mut waiting = Vec::new();
    for (number, chunk) in kinds.chunks(CHUNK as usize).enumerate() {
        let start = number as u64 * CHUNK;
        let drawn: Vec<Drawn> = chunk
            .par_iter()
            .enumerate()
            .map(|(at, kinds)| maker.draw(start + at as u64, Some(kinds)))
            .collect();
        for (drawn, kinds) in drawn.iter().zip(chunk) {
            if !sink.write_whole(drawn)? {
                waiting.push(kinds);
            }
        }
        progress(Progress { rows: sink.rows, drawings: sink.counts.drawings(), amount });
    }
    let Amount::Drawings(limit) = amount else { return Ok(()) };
    let mut spare = kinds.len() as u64..limit;
    let failed = waiting.len();
    for kinds in waiting {
        loop {
            let Some(index) = spare.next() else {
                let problem = format!("{failed} ladders got no witness or repeat others");
                return Err(Error::build(format!("{problem}: raise `drawings` over {limit}")));
            };
            if sink.write_whole(&maker.draw(index, Some(kinds)))? {
                break;
            }
        }
    }
    Ok(())
}

/// Where rows go, in order.
struct Sink<'a> {
    seeds: &'a [Seed],
    dedup: bool,
    shards: Vec<Shards>,
    seen: HashSet<u64>,
    counts: Counts,
    rows: u64,
}

impl<'a> Sink<'a> {
    fn new(maker: &Maker<'a>, draft: &Draft) -> Result<Sink<'a>> {
        let data = draft.folder().join("data");
        std::fs::create_dir(&data).map_err(|e| Error::io(&data, e))?;
        let limit = maker.recipe.shard_rows;
        let shards = Split::ALL.map(|split| Shards::new(&data, split.name(), limit));
        Ok(Sink {
            seeds: maker.seeds,
            dedup: maker.recipe.dedup,
            shards: shards.into(),
            seen: HashSet::new(),
            counts: Counts::default(),
            rows: 0,
        })
    }

    /// Writes drawings until there are `limit` rows; rows that were there before are left out, and
    /// the rows above them name the earlier ones as parents: equal rows have equal ids.
    fn write_all(&mut self, drawings: &[Drawn], limit: u64) -> Result<()> {
        for (drawing, tally) in drawings {
            if self.rows >= limit {
                return Ok(());
            }
            self.counts.drawing(tally);
            let Some(drawing) = drawing else { continue };
            for ladder in &drawing.ladders {
                for (level, rung) in ladder.levels() {
                    if self.rows >= limit {
                        return Ok(());
                    }
                    if self.dedup && !self.seen.insert(rung.key) {
                        self.counts.dropped("duplicate_row", 1);
                    } else {
                        self.write(drawing, ladder, level)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes all rows of a drawing, or none when one of them was there before; the bare rows of
    /// a seed are the same in all of its drawings, and written with the first.
    fn write_whole(&mut self, (drawing, tally): &Drawn) -> Result<bool> {
        self.counts.drawing(tally);
        let Some(drawing) = drawing else { return Ok(false) };
        let rungs = || drawing.ladders.iter().flat_map(|ladder| &ladder.rungs);
        if self.dedup && rungs().any(|rung| self.seen.contains(&rung.key)) {
            self.counts.dropped("duplicate_ladder", 1);
            return Ok(false);
        }
        self.seen.extend(rungs().map(|rung| rung.key));
        for ladder in &drawing.ladders {
            for (level, rung) in ladder.levels() {
                if level == 0 && self.dedup && !self.seen.insert(rung.key) {
                    self.counts.dropped("duplicate_row", 1);
                } else {
                    self.write(drawing, ladder, level)?;
                }
            }
        }
        Ok(true)
    }

    fn write(&mut self, drawing: &Drawing, ladder: &Ladder, level: usize) -> Result<()> {
        let seed = &self.seeds[drawing.seed];
        let shards = &mut self.shards[drawing.split as usize];
        shards.append(self.rows, seed, drawing, ladder, level)?;
        self.counts.row(drawing, ladder, level);
        self.rows += 1;
        Ok(())
    }

    fn finish(self) -> Result<Counts> {
        for shards in self.shards {
            shards.finish()?;
        }
        Ok(self.counts)
    }
}

#[cfg(test)]
#[path = "stage_tests.rs"]
mod tests;
