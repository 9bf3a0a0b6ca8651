//! The stage `benchmark`: a recipe to items, balanced over families, without near repeats.
//!
//! Candidates are drawn in parallel for a chunk of places, against the shares as they were before
//! it, and taken in order. So the bytes do not depend on the threads.

use std::path::Path;

use heedful_constraints::draw::stream;
use heedful_datasets::artifact::{self, Artifact, Draft, Start};
use heedful_datasets::flat::{Cell, Kind, Writer};
use heedful_datasets::manifest::{Plan, Revision};
use heedful_datasets::{Error as DataError, seeds, sets};
use rand::RngExt as _;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::build::{ATTEMPTS, Maker};
use super::card;
use super::clean::{self, Seeds};
use super::item::{Item, difficulty_name};
use super::near::Near;
use super::pool::{Pool, Used};
use super::recipe::Resolved;
use super::tally::Tally;
use crate::error::{Error, Result};

/// The stage's name in manifests.
pub const STAGE: &str = "benchmark";

/// Moves when the columns of the table do.
const SCHEMA_VERSION: u32 = 1;

/// Moves when what is drawn or said for the same recipe does, beside rules and soft types.
const FORM: &str = "made-1";

/// Places that are drawn for at once.
const CHUNK: usize = 64;

/// How far a benchmark has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Items made.
    pub items: usize,
    /// Items to be made.
    pub total: usize,
}

/// What [`make`] gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The artifact.
    pub artifact: Artifact,
    /// Whether it was there already and no work was done.
    pub found: bool,
}

/// The plan of a recipe's artifact: its id is known before any work.
///
/// # Errors
/// None that the types allow; kept as an error and no panic.
pub fn plan(recipe: &Resolved) -> Result<Plan> {
    let mut inputs = recipe.inputs.clone();
    if recipe.seeds.embedded == Some(true) {
        inputs.push(seeds::embedded_input());
    }
    let config = serde_json::to_value(recipe).map_err(|e| Error::Setting(e.to_string()))?;
    let profile = recipe.profile().version().to_owned();
    Ok(Plan {
        stage: STAGE.to_owned(),
        name: recipe.name.clone(),
        config,
        seed: recipe.seed,
        parents: recipe.parents.clone(),
        inputs,
        schema_version: SCHEMA_VERSION,
        verifiers: vec![profile, sets::fingerprint(), FORM.to_owned()],
    })
}

/// Makes the benchmark of `recipe` in the folder `out`, or finds it there.
///
/// # Errors
/// No seed left, too few families for their shares, a place for which no item is found, a disk that
/// refuses.
pub fn make(
    recipe: &Resolved,
    out: &Path,
    revision: Revision,
    progress: &dyn Fn(Progress),
) -> Result<Made> {
    let draft = match artifact::begin(out, plan(recipe)?)? {
        Start::Found(artifact) => return Ok(Made { artifact, found: true }),
        Start::New(draft) => draft,
    };
    let mut seeds = clean::gather(recipe)?;
    let mut rng = stream(recipe.seed, u64::MAX - 1);
    for at in (1..seeds.list.len()).rev() {
        seeds.list.swap(at, rng.random_range(0..=at));
    }
    let slots = recipe.slots();
    let total: usize = slots.iter().map(|(_, level)| level).sum();
    let pool = Pool::of(recipe, total as u64)?;
    let maker = Maker { recipe, pool, seeds: &seeds.list, slots };
    let mut taken = Taken::new(recipe, &maker);
    let places: Vec<usize> = (0..recipe.items).collect();
    for chunk in places.chunks(CHUNK) {
        taken.fill(&maker, chunk)?;
        progress(Progress { items: taken.items.len(), total: recipe.items });
    }
    let counts = taken.counts(&seeds);
    write(&draft, &taken.items)?;
    let id = draft.id().to_owned();
    card::write(draft.folder(), recipe, &id, &taken.items, &counts)?;
    Ok(Made { artifact: draft.commit(counts, revision)?, found: false })
}

/// The items that were taken, and what it took.
struct Taken {
    items: Vec<Item>,
    /// Of every family that may be drawn, the chosen ones without a constraint too.
    used: Used,
    most: u64,
    near: Near,
    tally: Tally,
}

impl Taken {
    fn new(recipe: &Resolved, maker: &Maker<'_>) -> Taken {
        let used = maker.pool.ids().map(|id| (id.to_owned(), 0)).collect();
        let near = Near::new(recipe.near);
        Taken { items: Vec::new(), used, most: maker.pool.most, near, tally: Tally::default() }
    }

    /// Takes an item for each of these places.
    fn fill(&mut self, maker: &Maker<'_>, places: &[usize]) -> Result<()> {
        let mut found: Vec<Option<Item>> = vec![None; places.len()];
        for attempt in 0..ATTEMPTS {
            let open: Vec<usize> = (0..places.len()).filter(|at| found[*at].is_none()).collect();
            if open.is_empty() {
                break;
            }
            let used = &self.used;
            let one = |at: &usize| maker.candidate(places[*at], attempt, used);
            let drawn: Vec<(Option<Item>, Tally)> = open.par_iter().map(one).collect();
            for (at, (item, tally)) in open.into_iter().zip(drawn) {
                self.tally.take(&tally);
                found[at] = item.and_then(|item| self.admit(item));
            }
        }
        for (item, place) in found.into_iter().zip(places) {
            let Some(item) = item else { return Err(self.nothing(maker, *place)) };
            self.items.push(item);
        }
        Ok(())
    }

    /// The item, unless a family's share is used up or it nearly repeats one.
    fn admit(&mut self, item: Item) -> Option<Item> {
        let drawn = item.questions.iter().filter_map(|question| question.how.id());
        let drawn: Vec<String> = drawn.map(str::to_owned).collect();
        if drawn.iter().any(|id| self.used.get(id).is_some_and(|n| *n >= self.most)) {
            self.tally.add("share_used_up");
            return None;
        }
        if self.near.take(&item.prompt).is_err() {
            self.tally.add("near_duplicate");
            return None;
        }
        for id in drawn {
            *self.used.entry(id).or_default() += 1;
        }
        Some(item)
    }

    fn nothing(&self, maker: &Maker<'_>, place: usize) -> Error {
        let (composition, level) = maker.slots[place];
        let why: Vec<String> =
            self.tally.counts().iter().map(|(why, n)| format!("{n} {why}")).collect();
        let name = composition.name();
        let problem =
            format!("item {place} ({name}, level {level}): {ATTEMPTS} attempts gave none");
        let hint = "choose more seeds or families, or raise `max_share` or `near`";
        DataError::build(format!("{problem} ({} so far): {hint}", why.join(", "))).into()
    }

    fn counts(&self, seeds: &Seeds) -> Map<String, Value> {
        let by = |name: &dyn Fn(&Item) -> String| {
            let mut table = std::collections::BTreeMap::<String, u64>::new();
            for item in &self.items {
                *table.entry(name(item)).or_default() += 1;
            }
            json!(table)
        };
        let questions = self.items.iter().flat_map(|item| &item.questions);
        let of = |wanted: fn(&super::How) -> bool| {
            questions.clone().filter(|question| wanted(&question.how)).count()
        };
        let named = |(seed, place): &(String, String)| json!({"seed": seed, "found_in": place});
        let mut counts = Map::new();
        counts.insert("items".to_owned(), self.items.len().into());
        counts.insert("compositions".to_owned(), by(&|item| item.category.clone()));
        counts.insert("levels".to_owned(), by(&|item| format!("{:02}", item.level)));
        counts.insert(
            "difficulty".to_owned(),
            by(&|item| difficulty_name(item.difficulty).to_owned()),
        );
        counts.insert("tasks".to_owned(), by(&|item| item.task.clone()));
        let kinds = json!({
            "constraints_by_rule": of(|how| how.is_drawn() && how.is_rule()),
            "constraints_by_judge": of(|how| how.is_drawn() && !how.is_rule()),
            "tasks_by_judge": of(|how| matches!(how, super::How::Task)),
            "parts_by_rule": of(|how| matches!(how, super::How::Parts)),
        });
        counts.insert("questions".to_owned(), kinds);
        counts.insert("families".to_owned(), json!(self.used));
        counts.insert("most_of_a_family".to_owned(), self.most.into());
        counts.insert("given_up".to_owned(), json!(self.tally.counts()));
        counts.insert("seeds".to_owned(), seeds.list.len().into());
        counts.insert("seeds_left_out".to_owned(), json!(seeds.dropped));
        let contaminated: Vec<Value> = seeds.contaminated.iter().map(named).collect();
        counts.insert("contaminated".to_owned(), contaminated.into());
        counts
    }
}

/// Writes the table.
fn write(draft: &Draft, items: &[Item]) -> Result<()> {
    let data = draft.folder().join("data");
    std::fs::create_dir(&data).map_err(|e| Error::file(&data, e))?;
    let columns = [
        ("id", Kind::Text),
        ("key", Kind::Text),
        ("prompt", Kind::Text),
        ("instruction", Kind::Text),
        ("task", Kind::Text),
        ("seed_id", Kind::Text),
        ("language", Kind::Text),
        ("composition", Kind::Text),
        ("category", Kind::Text),
        ("level", Kind::Int),
        ("difficulty", Kind::Text),
        ("profile", Kind::Text),
        ("parts", Kind::Int),
        ("conditions", Kind::Text),
        ("questions", Kind::Text),
        ("witness", Kind::Text),
    ];
    let mut table = Writer::create(&data.join("test-00000-of-00001.parquet"), &columns)?;
    for item in items {
        let (conditions, questions) = (item.conditions_json(), item.questions_json());
        let int = |n: usize| Cell::Int(i64::try_from(n).unwrap_or(i64::MAX));
        table.push(&[
            Cell::Text(&item.id),
            Cell::Text(&item.key),
            Cell::Text(&item.prompt),
            Cell::Text(&item.instruction),
            Cell::Text(&item.task),
            Cell::Text(&item.seed_id),
            Cell::Text(&item.language),
            Cell::Text(item.composition.name()),
            Cell::Text(&item.category),
            int(item.level),
            Cell::Text(difficulty_name(item.difficulty)),
            Cell::Text(item.profile.name()),
            int(item.parts),
            Cell::Text(&conditions),
            Cell::Text(&questions),
            Cell::Text(&item.witness),
        ])?;
    }
    table.finish()?;
    Ok(())
}
