//! Ladders: from a set of constraints, the prompts that ask for one, two, … all of them.

use heedful_constraints::draw::{Rng, stream};
use rand::RngExt as _;

use crate::phrase::Layout;
use crate::recipe::{Order, Resolved};
use crate::seeds::{Seed, Split};
use crate::sets::{self, Item, Kind, Pool, Set, Tally, Want};

/// A row's own part; what all rows of a ladder share stands in the [`Drawing`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// A digest of the seed, the prompt and the constraints: 32 hexadecimal digits.
    pub id: String,
    /// The same, for the set of rows seen.
    pub key: u64,
    /// The prompt.
    pub prompt: String,
}

/// One order of a set: `rungs[k - 1]` asks for the first k of `order`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// Which of the set's orders this is, from 0.
    pub permutation: u32,
    /// Indices into the set's items.
    pub order: Vec<usize>,
    /// The rows, from level 1 up.
    pub rungs: Vec<Rung>,
    /// Level 0, the instruction alone, where the recipe asks for it.
    pub bare: Option<Rung>,
}

impl Ladder {
    /// The row of a level, where there is one.
    pub fn rung(&self, level: usize) -> Option<&Rung> {
        match level.checked_sub(1) {
            None => self.bare.as_ref(),
            Some(at) => self.rungs.get(at),
        }
    }

    /// The rows with their levels, the lowest first.
    pub fn levels(&self) -> impl Iterator<Item = (usize, &Rung)> {
        (0..=self.rungs.len()).filter_map(|level| Some((level, self.rung(level)?)))
    }
}

/// A seed with its set and the ladders made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// The number of the drawing.
    pub index: u64,
    /// The index of the seed.
    pub seed: usize,
    /// The split of the seed.
    pub split: Split,
    /// The constraints and their witness.
    pub set: Set,
    /// One a permutation.
    pub ladders: Vec<Ladder>,
}

/// What all drawings of a build are made from.
pub struct Maker<'a> {
    /// The recipe.
    pub recipe: &'a Resolved,
    /// The constraints to draw from.
    pub pool: Pool,
    /// The seeds, in the order in which drawings take them.
    pub seeds: &'a [Seed],
    /// The split of each seed.
    pub splits: Vec<Split>,
}

impl Maker<'_> {
    /// The drawing `index`: the same whatever was drawn before it and on whichever thread. With
    /// `kinds` (true is soft) the set has these, else as many as the recipe's longest ladder.
    pub fn draw(&self, index: u64, kinds: Option<&[bool]>) -> (Option<Drawing>, Tally) {
        let mut rng = stream(self.recipe.seed, index);
        let mut tally = Tally::new();
        let at = (index % self.seeds.len() as u64) as usize;
        let seed = &self.seeds[at];
        let split = self.splits[at];
        let wants: Vec<Want> = match kinds {
            Some(kinds) => kinds.iter().map(|soft| Want::Exactly(kind(*soft))).collect(),
            None => vec![Want::Either(self.recipe.hard_share); self.recipe.max_level],
        };
        let test = split == Split::Test;
        let tries = if kinds.is_some() { 24 } else { 6 };
        let text = &seed.instruction;
        let set = sets::draw(&self.pool, text, test, &wants, tries, &mut rng, &mut tally);
        let Some(set) = set else { return (None, tally) };
        let layout = Layout::draw(text, &mut rng);
        let ladders = orders(set.items.len(), self.recipe.order, &mut rng)
            .into_iter()
            .zip(0..)
            .map(|(order, permutation)| {
                let bare = self.recipe.bare.then(|| rung(seed, layout, &[]));
                ladder(seed, &set, layout, order, permutation, bare)
            })
            .collect();
        (Some(Drawing { index, seed: at, split, set, ladders }), tally)
    }
}

fn kind(soft: bool) -> Kind {
    if soft { Kind::Soft } else { Kind::Hard }
}

/// The orders of `n` items: the drawn one first, then shuffles of it; equal ones are left out.
fn orders(n: usize, order: Order, rng: &mut Rng) -> Vec<Vec<usize>> {
    let first: Vec<usize> = (0..n).collect();
    let mut orders = vec![first.clone()];
    let Order::Permutations(wanted) = order else { return orders };
    // A small set has few orders: a bounded number of shuffles finds most of them.
    for _ in 0..wanted * 8 {
        if orders.len() as u32 >= wanted {
            break;
        }
        let mut next = first.clone();
        for at in (1..n).rev() {
            next.swap(at, rng.random_range(0..=at));
        }
        if !orders.contains(&next) {
            orders.push(next);
        }
    }
    orders
}

fn ladder(
    seed: &Seed,
    set: &Set,
    layout: Layout,
    order: Vec<usize>,
    permutation: u32,
    bare: Option<Rung>,
) -> Ladder {
    let items: Vec<&Item> = order.iter().map(|&at| &set.items[at]).collect();
    let rungs = (1..=items.len()).map(|level| rung(seed, layout, &items[..level])).collect();
    Ladder { permutation, order, rungs, bare }
}

/// The row that asks for these.
fn rung(seed: &Seed, layout: Layout, asked: &[&Item]) -> Rung {
    let texts = asked.iter().map(|item| item.text.as_str());
    let prompt = layout.prompt(&seed.instruction, texts);
    let digest = digest(seed, &prompt, asked);
    let mut head = [0; 8];
    head.copy_from_slice(&digest.as_bytes()[..8]);
    let id = digest.to_hex()[..32].to_owned();
    Rung { id, key: u64::from_le_bytes(head), prompt }
}

fn digest(seed: &Seed, prompt: &str, items: &[&Item]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut part = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part(&seed.id);
    for (role, content) in &seed.before {
        part(role);
        part(content);
    }
    part(prompt);
    for item in items {
        part(item.id);
        part(&item.args);
    }
    hasher.finalize()
}
