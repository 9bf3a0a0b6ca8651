//! The recipe of a whole cycle, in TOML. What a stage of it means is said at the stage.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::pairs::{Labels, Reach};

/// The recipe of `heedful run` without arguments.
pub const QUICK: &str = include_str!("../../recipes/quickstart.toml");

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Recipe {
    /// A name for people and folders.
    pub name: String,
    /// Of all draws.
    #[serde(default)]
    pub seed: u64,
    /// The checkpoint to start from: a name or a path.
    pub model: String,
    /// Tokens of an answer at most.
    #[serde(default = "max_tokens")]
    pub max_tokens: usize,
    /// What is asked.
    pub prompts: Prompts,
    /// Answers to label; none leaves out the classifier: hard constraints only.
    pub pairs: Option<Pairs>,
    /// The classifier.
    #[serde(default)]
    pub reward: Reward,
    /// Learning from its own best answers, before the policy's training; none leaves it out.
    pub cold_start: Option<ColdStart>,
    /// The keys of `heedful train policy`'s presets, and `preset`.
    #[serde(default)]
    pub policy: Table,
    /// What is measured before and after.
    #[serde(default)]
    pub eval: Eval,
    /// IFEval before and after; none leaves it out.
    pub ifeval: Option<Ifeval>,
}

fn max_tokens() -> usize {
    160
}

/// Where prompts come from, and how many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Prompts {
    /// `grammar` (what the embedded model talks) or `build`.
    pub source: Source,
    /// The recipe of the source, by default the embedded one; from the folder of this recipe.
    pub recipe: Option<PathBuf>,
    /// The traits that soft constraints ask for; empty takes all. Of the grammar alone.
    #[serde(default)]
    pub soft: Vec<heedful_datasets::grammar::Trait>,
    /// Ladders to learn from; of `build` all are taken, as many as its recipe draws.
    #[serde(default = "ladders")]
    pub train: u64,
    /// The highest level that is learned from.
    #[serde(default = "levels")]
    pub levels: usize,
    /// Whether lower levels are learned from as well, and not the highest alone.
    #[serde(default = "yes")]
    pub decompose: bool,
    /// Ladders that answers are labelled of.
    #[serde(default = "ladders")]
    pub labelled: u64,
    /// Their highest level, by default as what is learned from.
    pub labelled_levels: Option<usize>,
    /// The share of soft constraints in them, by default the grammar's; rules decide the others, so
    /// answers to these are what a classifier can learn from. Of the grammar alone.
    pub labelled_soft_share: Option<f64>,
    /// Prompts of each level to measure on, of instructions that nothing was learned from.
    #[serde(default = "measured")]
    pub test: u64,
    /// The same of constraints that nothing was learned from.
    #[serde(default)]
    pub held_out: u64,
    /// The highest level that is measured on.
    #[serde(default = "levels")]
    pub test_levels: usize,
    /// Instructions without constraints, to see that plain answers stay sound.
    #[serde(default = "measured")]
    pub bare: u64,
}

fn yes() -> bool {
    true
}

fn ladders() -> u64 {
    500
}

fn levels() -> usize {
    2
}

fn measured() -> u64 {
    100
}

/// A source of prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// `heedful data demonstrate --prompts`.
    Grammar,
    /// `heedful build`.
    Build,
}

/// How answers are labelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Pairs {
    /// Samples of each level.
    pub samples: u32,
    /// What labels are taken from.
    pub labels: Labels,
    /// Which constraints a response is paired with.
    pub reach: Reach,
    /// Leave out what rules decide: the classifier then learns soft constraints alone.
    pub soft_only: bool,
}

impl Default for Pairs {
    fn default() -> Pairs {
        Pairs { samples: 2, labels: Labels::Agreed, reach: Reach::Newest, soft_only: false }
    }
}

/// How the classifier is trained; see `heedful train reward --help`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Reward {
    /// The highest learning rate.
    pub rate: f64,
    /// Passes at most.
    pub epochs: u64,
    /// Pairs of an update.
    pub batch: usize,
    /// Tokens of a question.
    pub length: usize,
    /// Whether the instruction is told.
    pub instruction: bool,
    /// The share of constraints that is not learned from.
    pub held_out_share: f64,
    /// Names of baselines.
    pub baselines: Vec<crate::reward::baselines::Baseline>,
    /// Graded groups to rank.
    pub groups: u64,
}

impl Default for Reward {
    fn default() -> Reward {
        Reward {
            rate: 5e-6,
            epochs: 3,
            batch: 32,
            length: 512,
            instruction: false,
            held_out_share: 0.1,
            baselines: crate::reward::baselines::Baseline::ALL.to_vec(),
            groups: 50,
        }
    }
}

/// A beginning without a teacher: of each prompt's samples the best that all rules accept, as
/// `heedful data best` and `heedful train sft` have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ColdStart {
    /// Prompts to answer, the first of those that are learned from.
    pub prompts: usize,
    /// Samples of each.
    pub samples: u32,
    /// The highest learning rate.
    pub rate: f64,
    /// Passes over what was chosen.
    pub epochs: u64,
}

impl Default for ColdStart {
    fn default() -> ColdStart {
        ColdStart { prompts: 400, samples: 8, rate: 1e-5, epochs: 1 }
    }
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Eval {
    /// Samples of a prompt at temperature 1.
    pub samples: u32,
    /// Whether answers after are drawn with the chance of those before, so that what learning left
    /// as it was answers the same. A control says no, and shows how much samples vary.
    pub same_chance: bool,
}

impl Default for Eval {
    fn default() -> Eval {
        Eval { samples: 4, same_chance: true }
    }
}

/// The official test: the likeliest answers, scored as `heedful eval ifeval` does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ifeval {
    /// The official prompts, `input_data.jsonl`: from the folder of this recipe, else from the one
    /// that `HEEDFUL_DATA` names (`../shared/data` where it is not set).
    pub prompts: PathBuf,
    /// Tokens of an answer at most, by default the recipe's.
    pub max_tokens: Option<usize>,
    /// What happens where the prompts are in none of these places.
    #[serde(default)]
    pub when_missing: Missing,
    /// Where they are looked for.
    #[serde(skip)]
    pub places: Vec<PathBuf>,
}

/// What happens without the official prompts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// The cycle is refused.
    #[default]
    Refuse,
    /// The cycle runs without, and says so.
    Skip,
}

/// Reads a recipe, puts the values of `set` (`key.key=value`, a value of TOML) in place, and checks
/// it. Without a path the quick start's.
///
/// # Errors
/// A file that cannot be read, a key that is unknown, a value of another type or that cannot be.
pub fn read(path: Option<&Path>, set: &[String]) -> Result<Recipe> {
    let (text, name) = match path {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
            (text, path.display().to_string())
        }
        None => (QUICK.to_owned(), "the embedded recipe".to_owned()),
    };
    let refuse = |problem: String| Error::usage(format!("{name}: {problem}"));
    let mut table: Table = toml::from_str(&text).map_err(|e| refuse(e.to_string()))?;
    for one in set {
        put(&mut table, one)?;
    }
    let mut recipe: Recipe = table.try_into().map_err(|e| refuse(e.to_string()))?;
    recipe.check().map_err(refuse)?;
    let folder = path.and_then(Path::parent).unwrap_or(Path::new(""));
    if let Some(file) = &mut recipe.prompts.recipe {
        *file = folder.join(&*file);
    }
    if let Some(ifeval) = &mut recipe.ifeval {
        let named = std::env::var_os("HEEDFUL_DATA").filter(|name| !name.is_empty());
        let data = named.map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
        ifeval.places = [folder, &data].map(|folder| folder.join(&ifeval.prompts)).to_vec();
        ifeval.places.dedup();
    }
    Ok(recipe)
}

/// Puts `a.b=value` into the table; `none` takes the key away (the word itself is `'none'`).
fn put(table: &mut Table, one: &str) -> Result<()> {
    let refuse = |what: &str| Error::usage(format!("--set {one}: {what}"));
    let (keys, value) = one.split_once('=').ok_or_else(|| refuse("expected KEY=VALUE"))?;
    let removes = value == "none";
    // A bare word is a text.
    let value = toml::from_str::<Table>(&format!("v = {value}"))
        .ok()
        .and_then(|mut table| table.remove("v"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    let mut keys: Vec<&str> = keys.split('.').collect();
    let last = keys.pop().filter(|key| !key.is_empty()).ok_or_else(|| refuse("no key"))?;
    let mut at = table;
    for key in keys {
        let next = at.entry(key).or_insert_with(|| Value::Table(Table::new()));
        at = next.as_table_mut().ok_or_else(|| refuse("goes into what is no table"))?;
    }
    if removes {
        at.remove(last);
    } else {
        at.insert(last.to_owned(), value);
    }
    Ok(())
}

impl Recipe {
    fn check(&self) -> std::result::Result<(), String> {
        let Prompts { train, levels, labelled, test, test_levels, .. } = self.prompts;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Err(format!("key `name`: `{}` is no plain name", self.name));
        }
        for (key, value) in [
            ("prompts.train", train),
            ("prompts.levels", levels as u64),
            ("prompts.labelled", labelled),
            ("prompts.test", test),
            ("prompts.test-levels", test_levels as u64),
            ("eval.samples", u64::from(self.eval.samples)),
            ("max-tokens", self.max_tokens as u64),
            (
                "ifeval.max-tokens",
                self.ifeval.as_ref().map_or(1, |with| with.max_tokens.unwrap_or(1) as u64),
            ),
            ("cold-start.prompts", self.cold_start.as_ref().map_or(1, |cold| cold.prompts as u64)),
            ("cold-start.samples", self.cold_start.as_ref().map_or(1, |cold| cold.samples.into())),
            ("cold-start.epochs", self.cold_start.as_ref().map_or(1, |cold| cold.epochs)),
            ("pairs.samples", self.pairs.as_ref().map_or(1, |pairs| u64::from(pairs.samples))),
        ] {
            if value == 0 {
                return Err(format!("key `{key}`: is 0"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_start_reads_and_values_are_set() {
        let recipe = read(None, &[]).unwrap();
        assert_eq!(recipe.model, "embedded");
        let set = ["seed=7", "policy.rate=0", "eval.samples=2", "name=other"].map(str::to_owned);
        let recipe = read(None, &set).unwrap();
        assert_eq!((recipe.seed, recipe.eval.samples, recipe.name.as_str()), (7, 2, "other"));
        assert_eq!(recipe.policy["rate"], Value::Integer(0));
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (set, named) in [
            ("colour=1", "colour"),
            ("prompts.test=0", "prompts.test"),
            ("prompts.test=-1", "test"),
            ("name.x=1", "no table"),
            ("seed", "KEY=VALUE"),
            ("name=a/b", "plain name"),
            ("ifeval.max-tokens=9", "prompts"),
            ("ifeval={prompts='p', max-tokens=0}", "ifeval.max-tokens"),
            ("ifeval={prompts='p', when-missing='shrug'}", "shrug"),
        ] {
            let error = read(None, &[set.to_owned()]).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
