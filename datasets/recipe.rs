//! Recipes: TOML, checked by a JSON Schema, made into what they mean.

use std::path::{Path, PathBuf};

use heedful_constraints::Profile;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::design::{self, Level};
use crate::digest;
use crate::error::{Error, Result};
use crate::manifest::Input;
use crate::pattern;
use crate::typed;

/// The commented recipe that builds as it is.
pub const DEFAULT: &str = include_str!("../recipes/default.toml");

/// The recipe of the published ladder's size.
pub const PAPER: &str = include_str!("../recipes/paper.toml");

/// The JSON Schema of recipes.
pub const SCHEMA: &str = include_str!("recipe.schema.json");

/// A recipe as it was typed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    name: String,
    seed: Option<u64>,
    rows: Option<u64>,
    drawings: Option<u64>,
    max_level: Option<usize>,
    hard_share: Option<f64>,
    bare: Option<bool>,
    order: Option<Order>,
    levels: Option<Vec<Level>>,
    languages: Option<Vec<String>>,
    profile: Option<String>,
    dedup: Option<bool>,
    #[serde(default)]
    decontaminate: Vec<String>,
    ngram: Option<usize>,
    shard_rows: Option<u64>,
    #[serde(default)]
    seeds: SeedChoice,
    #[serde(default)]
    families: Families,
    #[serde(default)]
    soft: Choice,
    splits: Option<Splits>,
}

/// How the rows of a set follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Level k asks for the first k constraints.
    Prefix,
    /// So many ladders a set, each in an order of its own.
    Permutations(u32),
}

/// Where seed instructions come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedChoice {
    /// Whether the embedded ones are taken; so it is when not told.
    pub embedded: Option<bool>,
    /// Files, from the recipe's folder.
    pub files: Vec<String>,
    /// The only kinds taken; empty takes all.
    pub kinds: Vec<String>,
}

/// Which families of hard constraints are drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Families {
    /// The only ones; empty takes all.
    pub include: Vec<String>,
    /// None of these.
    pub exclude: Vec<String>,
    /// These in the test split only.
    pub held_out: Vec<String>,
}

/// Which soft types are drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// The only ones; empty takes all.
    pub include: Vec<String>,
    /// None of these.
    pub exclude: Vec<String>,
}

/// Shares of the seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Splits {
    /// For training.
    pub train: f64,
    /// For choosing among models.
    #[serde(default)]
    pub dev: f64,
    /// For measuring.
    #[serde(default)]
    pub test: f64,
}

/// How much is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// So many constraint sets.
    Drawings(u64),
    /// Sets until there are so many rows.
    Rows(u64),
}

/// What a recipe means: nothing left open.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resolved {
    /// The artifact's name; no part of its id.
    #[serde(skip)]
    pub name: String,
    /// The seed of all chance.
    pub seed: u64,
    /// How much is to be made.
    pub amount: Amount,
    /// The longest ladder.
    pub max_level: usize,
    /// The share of hard constraints, where no design tells their number.
    pub hard_share: f64,
    /// Whether ladders begin with the instruction alone; not told where it is false, so that ids
    /// from before the key was there stay.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bare: bool,
    /// How rows follow each other.
    pub order: Order,
    /// The exact counts a level, when they are told.
    pub levels: Option<Vec<Level>>,
    /// Language tags of the seeds taken.
    pub languages: Vec<String>,
    /// `corrected` or `official`.
    pub profile: String,
    /// Whether equal rows and seeds are left out.
    pub dedup: bool,
    /// Benchmark prompt files.
    pub decontaminate: Vec<String>,
    /// The length of a forbidden common run of words.
    pub ngram: usize,
    /// Rows a Parquet file.
    pub shard_rows: u64,
    /// Where seeds come from.
    pub seeds: SeedChoice,
    /// Families of hard constraints.
    pub families: Families,
    /// Soft types.
    pub soft: Choice,
    /// Shares of the seeds.
    pub splits: Splits,
    /// Digests of the files that are read.
    #[serde(skip)]
    pub inputs: Vec<Input>,
    /// The folder that paths count from.
    #[serde(skip)]
    pub base: PathBuf,
}

impl Resolved {
    /// The verifiers' profile.
    pub fn profile(&self) -> Profile {
        if self.profile == "official" { Profile::Official } else { Profile::Corrected }
    }

    /// A path of the recipe, seen from here.
    pub fn path(&self, typed: &str) -> PathBuf {
        self.base.join(typed)
    }

    /// The configuration as JSON: what the artifact's id and `data diff` look at.
    ///
    /// # Errors
    /// None that the types allow; kept as an error and no panic.
    pub fn to_json(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(|e| Error::build(e.to_string()))
    }
}

/// Reads the recipe at `path`; paths in it count from its folder.
///
/// # Errors
/// As [`parse`], or a file that cannot be read.
pub fn read(path: &Path) -> Result<Resolved> {
    let text = typed::read(path)?;
    let base = path.parent().unwrap_or(Path::new("")).to_owned();
    parse(&text, &path.display().to_string(), &base)
}

/// Reads a recipe from `text`; `label` names it in messages, paths count from `base`.
///
/// # Errors
/// No TOML; a key that the schema refuses; values that contradict each other; a pattern that
/// matches no family; a file that cannot be read.
pub fn parse(text: &str, label: &str, base: &Path) -> Result<Resolved> {
    let value = typed::value(text, label, SCHEMA)?;
    let typed: Typed =
        serde_json::from_value(value).map_err(|e| Error::recipe(label, "", "", e.to_string()))?;
    resolve(typed, label, base)
}

fn resolve(typed: Typed, label: &str, base: &Path) -> Result<Resolved> {
    let fault = |key: &str, value: Value, problem: &str| {
        Error::recipe(label, key, &value.to_string(), problem)
    };
    let amount = match (typed.rows, typed.drawings) {
        (Some(rows), Some(_)) => {
            return Err(fault("rows", json!(rows), "goes not together with `drawings`"));
        }
        (Some(rows), None) => Amount::Rows(rows),
        (None, drawings) => Amount::Drawings(drawings.unwrap_or(1000)),
    };
    let order = typed.order.unwrap_or(Order::Prefix);
    let mut max_level = typed.max_level.unwrap_or(5);
    if let Some(levels) = &typed.levels {
        max_level = typed.max_level.unwrap_or(levels.len());
        let Amount::Drawings(drawings) = amount else {
            return Err(fault("levels", json!(levels), "needs `drawings`, not `rows`"));
        };
        if order != Order::Prefix {
            return Err(fault("order", json!(order), "must be \"prefix\" where `levels` are told"));
        }
        if levels.len() != max_level {
            return Err(fault("max_level", json!(max_level), "is not the number of `levels`"));
        }
        design::check(levels, drawings).map_err(|e| fault("levels", json!(levels), &e))?;
    }
    let splits = typed.splits.unwrap_or(Splits { train: 0.9, dev: 0.05, test: 0.05 });
    if (splits.train + splits.dev + splits.test - 1.0).abs() > 1e-9 {
        return Err(fault("splits", json!(splits), "does not add up to 1"));
    }
    patterns(label, &typed)?;
    let inputs = inputs(&typed, base)?;
    Ok(Resolved {
        name: typed.name,
        seed: typed.seed.unwrap_or(1),
        amount,
        max_level,
        hard_share: typed.hard_share.unwrap_or(0.5),
        bare: typed.bare.unwrap_or(false),
        order,
        levels: typed.levels,
        languages: typed.languages.unwrap_or_else(|| vec!["en".to_owned()]),
        profile: typed.profile.unwrap_or_else(|| "corrected".to_owned()),
        dedup: typed.dedup.unwrap_or(true),
        decontaminate: typed.decontaminate,
        ngram: typed.ngram.unwrap_or(8),
        shard_rows: typed.shard_rows.unwrap_or(200_000),
        seeds: SeedChoice { embedded: Some(typed.seeds.embedded.unwrap_or(true)), ..typed.seeds },
        families: typed.families,
        soft: typed.soft,
        splits,
        inputs,
        base: base.to_owned(),
    })
}

/// Every pattern must match something: a misspelt one would silently do nothing.
fn patterns(label: &str, typed: &Typed) -> Result<()> {
    let hard: Vec<&str> = heedful_constraints::registry::rules().map(|rule| rule.id).collect();
    let soft: Vec<&str> =
        heedful_constraints::soft::all().iter().map(|kind| kind.id.as_str()).collect();
    let lists = [
        ("families.include", &typed.families.include, &hard),
        ("families.exclude", &typed.families.exclude, &hard),
        ("families.held_out", &typed.families.held_out, &hard),
        ("soft.include", &typed.soft.include, &soft),
        ("soft.exclude", &typed.soft.exclude, &soft),
    ];
    for (key, list, ids) in lists {
        for wanted in list {
            if !ids.iter().any(|id| pattern::matches(wanted, id)) {
                return Err(Error::recipe(label, key, wanted, "matches no family"));
            }
        }
    }
    Ok(())
}

fn inputs(typed: &Typed, base: &Path) -> Result<Vec<Input>> {
    let files = typed.seeds.files.iter().chain(&typed.decontaminate);
    files
        .map(|name| {
            let (blake3, bytes) = digest::of_file(&base.join(name))?;
            Ok(Input { name: name.clone(), blake3, bytes })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Resolved> {
        super::parse(text, "test", Path::new(""))
    }

    #[test]
    fn the_embedded_recipes_are_good_and_the_default_tells_the_defaults() {
        let default = parse(DEFAULT).expect("good");
        assert_eq!(default, parse("name = \"default\"").expect("good"));
        assert_eq!(parse(PAPER).expect("good").levels.expect("told").len(), 5);
    }

    #[test]
    fn bad_keys_and_values_are_named() {
        let cases = [
            ("name = 3", "key `name`"),
            ("nam = \"a\"", "nam"),
            ("name = \"a\"\nname = \"b\"", "no TOML"),
            ("name = \"a\"\nmax_level = 99", "key `max_level`"),
            ("name = \"a\"\nhard_share = nan", "key `hard_share`"),
            ("name = \"a\"\nrows = 3\ndrawings = 3", "key `rows`"),
            ("name = \"a\"\n[splits]\ntrain = 0.5", "key `splits`"),
            ("name = \"a\"\n[families]\nexclude = [\"count:wrds\"]", "count:wrds"),
            ("name = \"a\"\nlevels = [{rows = 3, soft = 1, hard = 1}]", "key `levels`"),
            ("name = \"a\"\norder = {permutations = 0}", "key `order`"),
            ("name = \"../a\"", "key `name`"),
            ("name = \"a\"\ndecontaminate = [\"/no/such/file\"]", "/no/such/file"),
        ];
        for (text, named) in cases {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
