//! Recipes of benchmarks: TOML, checked by a JSON Schema, made into what they mean.

use std::path::{Path, PathBuf};

use heedful_constraints::{Profile, registry, soft};
use heedful_datasets::manifest::Input;
use heedful_datasets::recipe::{Choice, SeedChoice};
use heedful_datasets::{Error, artifact, digest, pattern, typed};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::item::Composition;
use crate::cfbench::Split;

/// The commented recipe that makes a benchmark as it is.
pub const DEFAULT: &str = include_str!("../../recipes/benchmark.toml");

const SCHEMA: &str = include_str!("recipe.schema.json");

type Result<T> = heedful_datasets::Result<T>;

/// A recipe as it was typed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    name: String,
    seed: Option<u64>,
    items: Option<usize>,
    licence: Option<String>,
    levels: Option<Vec<usize>>,
    hard_from: Option<usize>,
    rule_share: Option<f64>,
    primary_share: Option<f64>,
    tasks: Option<bool>,
    max_share: Option<f64>,
    near: Option<f64>,
    profile: Option<String>,
    languages: Option<Vec<String>>,
    compositions: Option<Weights>,
    #[serde(default)]
    seeds: SeedChoice,
    #[serde(default)]
    families: Choice,
    #[serde(default)]
    soft: Choice,
    #[serde(default)]
    contamination: TypedContamination,
}

/// How many items of each composition there are for one of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Weights {
    and: u64,
    chain: u64,
    selection: u64,
    nested: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TypedContamination {
    files: Vec<String>,
    ngram: Option<usize>,
}

/// What no item may resemble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Contamination {
    /// Files, or folders of artifacts, from the recipe's folder.
    pub(super) files: Vec<String>,
    /// The length of a forbidden common run of words.
    pub(super) ngram: usize,
}

/// What a recipe means: nothing left open.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resolved {
    /// The artifact's name; no part of its id.
    #[serde(skip)]
    pub name: String,
    /// The seed of all chance.
    pub seed: u64,
    /// How many items are made.
    pub items: usize,
    pub(super) licence: String,
    pub(super) levels: Vec<usize>,
    pub(super) hard_from: usize,
    pub(super) rule_share: f64,
    pub(super) primary_share: f64,
    pub(super) tasks: bool,
    pub(super) max_share: f64,
    pub(super) near: f64,
    pub(super) profile: String,
    pub(super) languages: Vec<String>,
    pub(super) compositions: Weights,
    pub(super) seeds: SeedChoice,
    pub(super) families: Choice,
    pub(super) soft: Choice,
    pub(super) contamination: Contamination,
    #[serde(skip)]
    pub(super) inputs: Vec<Input>,
    #[serde(skip)]
    pub(super) parents: Vec<String>,
    #[serde(skip)]
    pub(super) base: PathBuf,
}

impl Weights {
    fn of(self, composition: Composition) -> u64 {
        match composition {
            Composition::And => self.and,
            Composition::Chain => self.chain,
            Composition::Selection => self.selection,
            Composition::Nested => self.nested,
        }
    }
}

impl Resolved {
    /// The reading of the rules.
    pub(super) fn profile(&self) -> Profile {
        if self.profile == "official" { Profile::Official } else { Profile::Corrected }
    }

    /// Whether a level is easy or hard.
    pub(super) fn difficulty(&self, level: usize) -> Split {
        if level >= self.hard_from { Split::Hard } else { Split::Easy }
    }

    /// A path of the recipe, seen from here.
    pub(super) fn path(&self, typed: &str) -> PathBuf {
        self.base.join(typed)
    }

    /// Composition and level of each item, in the order in which they are made. Compositions have
    /// their shares of every prefix, to the nearest item, and each goes through the levels in turn.
    pub(super) fn slots(&self) -> Vec<(Composition, usize)> {
        let weights = Composition::ALL.map(|composition| self.compositions.of(composition));
        let total: u64 = weights.iter().sum();
        let mut made = [0u64; Composition::ALL.len()];
        let mut slots = Vec::with_capacity(self.items);
        for at in 1..=self.items as u64 {
            // The one that is furthest behind its share: at · weight / total − made.
            let behind = |of: usize| i128::from(at * weights[of]) - i128::from(made[of] * total);
            let some = (0..weights.len()).filter(|&of| weights[of] > 0);
            let next = some.max_by_key(|&of| (behind(of), std::cmp::Reverse(of)));
            let next = next.expect("a recipe whose weights are all 0 was refused");
            let level = self.levels[made[next] as usize % self.levels.len()];
            slots.push((Composition::ALL[next], level));
            made[next] += 1;
        }
        slots
    }
}

/// Reads the recipe at `path`; paths in it count from its folder.
///
/// # Errors
/// As [`parse`], or a file that cannot be read.
pub fn read(path: &Path) -> crate::Result<Resolved> {
    let text = typed::read(path)?;
    parse(&text, &path.display().to_string(), path.parent().unwrap_or(Path::new("")))
}

/// Reads a recipe from `text`; `label` names it in messages, paths count from `base`.
///
/// # Errors
/// No TOML; a key that the schema refuses; weights that are all 0; a pattern that matches no
/// family; a file that cannot be read.
pub fn parse(text: &str, label: &str, base: &Path) -> crate::Result<Resolved> {
    let value = typed::value(text, label, SCHEMA)?;
    let typed: Typed =
        serde_json::from_value(value).map_err(|e| Error::recipe(label, "", "", e.to_string()))?;
    Ok(resolve(typed, label, base)?)
}

fn resolve(typed: Typed, label: &str, base: &Path) -> Result<Resolved> {
    let one = Weights { and: 1, chain: 1, selection: 1, nested: 1 };
    let compositions = typed.compositions.unwrap_or(one);
    if Composition::ALL.iter().all(|composition| compositions.of(*composition) == 0) {
        return Err(Error::recipe(label, "compositions", "", "are all 0: nothing is to be made"));
    }
    patterns(label, &typed)?;
    let contamination = Contamination {
        ngram: typed.contamination.ngram.unwrap_or(8),
        files: typed.contamination.files,
    };
    let (inputs, parents) = inputs(&typed.seeds.files, &contamination.files, base)?;
    Ok(Resolved {
        name: typed.name,
        seed: typed.seed.unwrap_or(1),
        items: typed.items.unwrap_or(200),
        licence: typed.licence.unwrap_or_else(|| "not told".to_owned()),
        levels: typed.levels.unwrap_or_else(|| vec![2, 3, 4, 5, 6]),
        hard_from: typed.hard_from.unwrap_or(4),
        rule_share: typed.rule_share.unwrap_or(0.7),
        primary_share: typed.primary_share.unwrap_or(0.5),
        tasks: typed.tasks.unwrap_or(true),
        max_share: typed.max_share.unwrap_or(0.03),
        near: typed.near.unwrap_or(0.6),
        profile: typed.profile.unwrap_or_else(|| "corrected".to_owned()),
        languages: typed.languages.unwrap_or_else(|| vec!["en".to_owned()]),
        compositions,
        seeds: SeedChoice { embedded: Some(typed.seeds.embedded.unwrap_or(true)), ..typed.seeds },
        families: typed.families,
        soft: typed.soft,
        contamination,
        inputs,
        parents,
        base: base.to_owned(),
    })
}

/// Every pattern must match something: a misspelt one would silently do nothing.
fn patterns(label: &str, typed: &Typed) -> Result<()> {
    let rules: Vec<&str> = registry::rules().map(|rule| rule.id).collect();
    let kinds: Vec<&str> = soft::all().iter().map(|kind| kind.id.as_str()).collect();
    let lists = [
        ("families.include", &typed.families.include, &rules),
        ("families.exclude", &typed.families.exclude, &rules),
        ("soft.include", &typed.soft.include, &kinds),
        ("soft.exclude", &typed.soft.exclude, &kinds),
    ];
    for (key, list, ids) in lists {
        for wanted in list {
            if !ids.iter().any(|id| pattern::matches(wanted, id)) {
                let wanted = Value::from(wanted.as_str()).to_string();
                return Err(Error::recipe(label, key, &wanted, "matches no family"));
            }
        }
    }
    Ok(())
}

/// Digests of the files, and ids of the artifacts, that are read.
fn inputs(seeds: &[String], others: &[String], base: &Path) -> Result<(Vec<Input>, Vec<String>)> {
    let (mut inputs, mut parents) = (Vec::new(), Vec::new());
    for name in seeds.iter().chain(others) {
        let path = base.join(name);
        if path.is_dir() {
            parents.push(artifact::open(&path)?.manifest.id);
        } else {
            let (blake3, bytes) = digest::of_file(&path)?;
            inputs.push(Input { name: name.clone(), blake3, bytes });
        }
    }
    Ok((inputs, parents))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> crate::Result<Resolved> {
        super::parse(text, "test", Path::new(""))
    }

    #[test]
    fn the_commented_recipe_tells_the_defaults() {
        let told = parse(DEFAULT).unwrap();
        let bare = parse("name = \"benchmark\"").unwrap();
        let exclude = told.families.exclude.clone();
        let licence = told.licence.clone();
        assert!(!exclude.is_empty());
        assert_eq!(
            told,
            Resolved { families: Choice { exclude, ..Choice::default() }, licence, ..bare }
        );
    }

    #[test]
    fn bad_keys_and_values_are_named() {
        let cases = [
            ("name = 3", "key `name`"),
            ("name = \"a\"\nitem = 3", "item"),
            ("name = \"a\"\nlevels = [1]", "key `levels.0`"),
            ("name = \"a\"\nmax_share = 0", "key `max_share`"),
            ("name = \"a\"\n[compositions]\nand = 0", "key `compositions`"),
            ("name = \"a\"\n[families]\nexclude = [\"count:wrds\"]", "count:wrds"),
            ("name = \"a\"\n[soft]\ninclude = [\"tone\"]", "key `soft.include`"),
            ("name = \"a\"\n[contamination]\nfiles = [\"/no/such/file\"]", "/no/such/file"),
        ];
        for (text, named) in cases {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn compositions_keep_their_shares_and_go_through_the_levels() {
        let text = "name = \"a\"\nitems = 30\nlevels = [2, 5]\n[compositions]\nand = 1\nchain = 2";
        let slots = parse(text).unwrap().slots();
        let of = |wanted| slots.iter().filter(|slot| **slot == wanted).count();
        let (and, chain) = (Composition::And, Composition::Chain);
        assert_eq!([of((and, 2)), of((and, 5)), of((chain, 2)), of((chain, 5))], [5, 5, 10, 10]);
        assert_eq!(slots[..3].iter().filter(|slot| slot.0 == chain).count(), 2);
    }
}
