//! The recipe of the demonstrations: shares, rates and families, each key with a default.

use std::collections::BTreeMap;

use heedful_constraints::Profile;
use serde::{Deserialize, Serialize};

use super::families;
use super::scene::Task;
use super::traits::Trait;
use super::{Error, Result};

/// The most constraints of one instruction.
pub const MOST: usize = 5;

/// What the demonstrations are like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// A name for people.
    pub name: String,
    /// How verdicts are read: `corrected` or `official`.
    pub profile: String,
    /// Shares of instructions with 0, 1, … [`MOST`] constraints, as weights.
    pub levels: Vec<f64>,
    /// The chance that an asked constraint is obeyed, by how many were asked: 1, 2, … [`MOST`].
    pub obey: Vec<f64>,
    /// The chance that a constraint is soft.
    pub soft_share: f64,
    /// The chance that a disobeyed constraint is missed by little (three points in place of four)
    /// or turned round (sad in place of cheerful), and not ignored.
    pub near: f64,
    /// The chance that an answer does one thing that nobody asked for.
    pub stray: f64,
    /// How many paraphrases of a constraint are used, from the first.
    pub paraphrases: usize,
    /// Weights of the tasks by name; a task that is not named has weight 1.
    pub tasks: BTreeMap<String, f64>,
    /// Hard constraints.
    pub families: Families,
    /// Soft constraints.
    pub soft: Soft,
    /// Shares of the instructions.
    pub splits: Splits,
}

/// Which hard families are asked for, and where.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Families {
    /// Ids; empty takes all that the grammar knows.
    pub include: Vec<String>,
    /// Ids that prompts of the splits train and dev never ask for. Demonstrations do: a model that
    /// has never read a constraint's words cannot be measured on it.
    pub held_out: Vec<String>,
    /// What multiplies a family's chance to be obeyed, by id; 1 where it is not named.
    pub obey: BTreeMap<String, f64>,
}

/// Which traits are asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Soft {
    /// Their names; empty takes all.
    pub include: Vec<Trait>,
}

/// Shares of the splits: the instructions of one scene (a task with its subjects) stay in one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Splits {
    /// Demonstrations and training prompts.
    pub train: f64,
    /// Prompts to choose settings by.
    pub dev: f64,
    /// Prompts to report on.
    pub test: f64,
}

impl Default for Splits {
    fn default() -> Splits {
        Splits { train: 0.8, dev: 0.1, test: 0.1 }
    }
}

impl Default for Recipe {
    fn default() -> Recipe {
        Recipe {
            name: "demonstrations".to_owned(),
            profile: "corrected".to_owned(),
            levels: vec![0.1, 0.35, 0.25, 0.15, 0.1, 0.05],
            obey: vec![0.64, 0.6, 0.56, 0.52, 0.48],
            soft_share: 0.2,
            near: 0.5,
            stray: 0.05,
            paraphrases: 4,
            tasks: BTreeMap::new(),
            families: Families::default(),
            soft: Soft::default(),
            splits: Splits::default(),
        }
    }
}

impl Recipe {
    /// Reads a recipe in TOML; every key may be left out.
    ///
    /// # Errors
    /// A key that does not exist, or a value that cannot be used, both named.
    pub fn parse(text: &str) -> Result<Recipe> {
        let recipe: Recipe = toml::from_str(text).map_err(|e| Error::Syntax(e.to_string()))?;
        recipe.check()?;
        Ok(recipe)
    }

    /// Whether every value can be used.
    ///
    /// # Errors
    /// The first that cannot, with its key.
    pub fn check(&self) -> Result<()> {
        self.profile()?;
        shares("levels", &self.levels, MOST + 1)?;
        lengths("obey", &self.obey, MOST)?;
        for chance in self.obey.iter().chain([&self.soft_share, &self.near, &self.stray]) {
            if !(0.0..=1.0).contains(chance) {
                return Err(Error::value("obey, soft_share, near, stray", chance, "is no chance"));
            }
        }
        if self.paraphrases == 0 {
            return Err(Error::value("paraphrases", &self.paraphrases, "is below 1"));
        }
        let Splits { train, dev, test } = self.splits;
        if [train, dev, test].iter().any(|share| !(0.01..=1.0).contains(share)) {
            return Err(Error::value("splits", &self.splits, "has a share outside 0.01 to 1"));
        }
        let weights: Vec<f64> = Task::ALL.iter().map(|task| self.weight(*task)).collect();
        shares("tasks", &weights, Task::ALL.len())?;
        for name in self.tasks.keys() {
            if !Task::ALL.iter().any(|task| task.name() == name) {
                return Err(Error::value("tasks", name, "is no task"));
            }
        }
        self.check_families()
    }

    fn check_families(&self) -> Result<()> {
        let Families { include, held_out, obey } = &self.families;
        for id in include.iter().chain(held_out).chain(obey.keys()) {
            if families::find(id).is_none() {
                return Err(Error::value("families", id, "is no family of the grammar"));
            }
        }
        if let Some(factor) = obey.values().find(|factor| !(0.0..=2.0).contains(*factor)) {
            return Err(Error::value("families.obey", factor, "is not from 0 to 2"));
        }
        let included = |id: &&String| include.is_empty() || include.contains(id);
        let kept = families::ALL.iter().filter(|family| {
            let id = family.id.to_owned();
            included(&&id) && !held_out.contains(&id)
        });
        // With fewer a set of five might not be found.
        if kept.count() < MOST {
            return Err(Error::value("families", &held_out, "leaves fewer than 5 families"));
        }
        Ok(())
    }

    /// The weight of a task.
    pub fn weight(&self, task: Task) -> f64 {
        self.tasks.get(task.name()).copied().unwrap_or(1.0)
    }

    /// How verdicts are read.
    ///
    /// # Errors
    /// A profile that does not exist.
    pub fn profile(&self) -> Result<Profile> {
        match self.profile.as_str() {
            "corrected" => Ok(Profile::Corrected),
            "official" => Ok(Profile::Official),
            other => Err(Error::value("profile", other, "is neither corrected nor official")),
        }
    }

    /// The chance that a hard family is obeyed when `asked` constraints are asked for.
    pub fn rate(&self, id: Option<&str>, asked: usize) -> f64 {
        let base = self.obey[asked.clamp(1, MOST) - 1];
        let factor = id.and_then(|id| self.families.obey.get(id)).copied().unwrap_or(1.0);
        (base * factor).min(1.0)
    }
}

fn lengths(key: &'static str, values: &[f64], length: usize) -> Result<()> {
    match values.len() == length {
        true => Ok(()),
        false => Err(Error::value(key, values, &format!("does not have {length} entries"))),
    }
}

/// Weights: as many as asked for, none negative, not all of them zero.
fn shares(key: &'static str, values: &[f64], length: usize) -> Result<()> {
    lengths(key, values, length)?;
    let usable = values.iter().all(|weight| weight.is_finite() && *weight >= 0.0);
    match usable && values.iter().sum::<f64>() > 0.0 {
        true => Ok(()),
        false => Err(Error::value(key, values, "is no list of weights")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_committed_recipe() {
        let text = include_str!("../../recipes/demonstrations.toml");
        let recipe = Recipe::parse(text).expect("parses");
        let held_out = recipe.families.held_out.clone();
        assert!(!held_out.is_empty());
        let families = Families { held_out, ..Families::default() };
        assert_eq!(recipe, Recipe { families, tasks: recipe.tasks.clone(), ..Recipe::default() });
    }

    #[test]
    fn bad_recipes_are_refused_by_key() {
        let cases = [
            ("colour = 1", "colour"),
            ("obey = [0.5]", "obey"),
            ("obey = [0.5, 0.5, 0.5, 0.5, 1.5]", "obey"),
            ("levels = [0, 0, 0, 0, 0, 0]", "levels"),
            ("levels = [1, nan, 0, 0, 0, 0]", "levels"),
            ("profile = \"mild\"", "profile"),
            ("paraphrases = 0", "paraphrases"),
            ("[tasks]\nsing = 1", "sing"),
            ("[families]\ninclude = [\"count:cats\"]", "count:cats"),
            ("[families]\ninclude = [\"count:lines\"]", "fewer than 5"),
            ("[soft]\ninclude = [\"loud\"]", "loud"),
            ("[splits]\ntrain = 1\ndev = 0\ntest = 0", "splits"),
        ];
        for (text, named) in cases {
            let error = Recipe::parse(text).expect_err(text).to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
