//! Prompts to measure on, and what answers to them satisfy.
//!
//! Rules decide hard constraints; a soft one counts where its truth is known, which is so for the
//! traits of the grammar. What nobody can decide is left out, and so are prompts of which nothing
//! is left.

use std::path::PathBuf;

use heedful_benchmarks::thinking::Policy;
use heedful_constraints::{Constraint, Profile, Text};
use heedful_datasets::grammar::{Trait, traits};
use heedful_datasets::prompts::{self, Asked};
use heedful_datasets::rows::Options;

use crate::error::{Error, Result};

/// A prompt.
pub struct Item {
    /// The set that it belongs to.
    pub set: &'static str,
    /// Its name in the set.
    pub key: String,
    /// What the user says.
    pub prompt: String,
    /// The same without constraints, where that is told.
    pub instruction: Option<String>,
    /// How many constraints it has.
    pub level: u64,
    /// Those that can be decided.
    pub checks: Vec<Check>,
}

/// A constraint with its decision.
pub struct Check {
    /// The id of the rule, or of the soft type with the trait's name.
    pub id: String,
    kind: Kind,
}

enum Kind {
    Rule(Constraint),
    Trait(Trait),
}

impl Check {
    fn of(asked: Asked, profile: Profile) -> std::result::Result<Option<Check>, String> {
        if asked.hard {
            let rule = Constraint::compile(&asked.id, asked.args, profile);
            let rule = rule.map_err(|e| e.to_string())?;
            return Ok(Some(Check { id: asked.id, kind: Kind::Rule(rule) }));
        }
        let known = asked.args.get("trait").cloned();
        let known = known.and_then(|name| serde_json::from_value::<Trait>(name).ok());
        Ok(known
            .map(|known| Check { id: format!("{}/{known}", asked.id), kind: Kind::Trait(known) }))
    }

    fn holds(&self, text: &Text<'_>, answer: &str) -> bool {
        match &self.kind {
            Kind::Rule(rule) => rule.check(text).satisfied,
            Kind::Trait(wanted) => traits(answer).has(*wanted),
        }
    }
}

impl Item {
    /// What an answer satisfies; nothing, where its reasoning never ended.
    pub fn judge(&self, response: &str) -> Vec<bool> {
        let answer = Policy::default().answer(response, false);
        if answer.state == heedful_benchmarks::thinking::State::Unclosed {
            return vec![false; self.checks.len()];
        }
        let text = Text::new(answer.text);
        self.checks.iter().map(|check| check.holds(&text, answer.text)).collect()
    }
}

/// The prompts of a file, `limit` of each level at most.
///
/// # Errors
/// A file that cannot be read, rows that are no prompts.
pub fn read(
    set: &'static str,
    files: &[PathBuf],
    levels: std::ops::RangeInclusive<u64>,
    limit: u64,
) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let mut taken = std::collections::BTreeMap::<u64, u64>::new();
    for path in files {
        for row in prompts::open(path, Options::default())? {
            let row = row?;
            let level = row.level.unwrap_or(row.asked.len() as u64);
            let count = taken.entry(level).or_default();
            if !levels.contains(&level) || *count >= limit {
                continue;
            }
            let place = format!("{}: {}", path.display(), row.place);
            let refuse = |problem: &str| Error::usage(format!("{place}: {problem}"));
            let check = |asked| Check::of(asked, Profile::Corrected).map_err(|e| refuse(&e));
            let checks = row.asked.into_iter().map(check).collect::<Result<Vec<_>>>()?;
            let checks: Vec<Check> = checks.into_iter().flatten().collect();
            if checks.is_empty() && level > 0 {
                continue;
            }
            *count += 1;
            let prompt = row.prompt.ok_or_else(|| refuse("no `prompt`"))?;
            let key = row.key.or(row.id).unwrap_or_else(|| items.len().to_string());
            items.push(Item { set, key, prompt, instruction: row.instruction, level, checks });
        }
    }
    Ok(items)
}
