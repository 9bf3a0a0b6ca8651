//! The reward of a response: what its prompt's rules say of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use heedful_benchmarks::thinking;
use heedful_constraints::{Constraint, Profile, Text};
use heedful_datasets::prompts::{self, Prompt};
use heedful_datasets::rows::Options;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How the constraints of a prompt become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregate {
    /// Their mean.
    Mean,
    /// 1 where all are satisfied, else 0.
    All,
    /// The mean, where one that fails takes those after it with it.
    Chained,
}

/// What a constraint is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credit {
    /// 1 where it is satisfied, else 0.
    Binary,
    /// Its verdict's degree: how near the response came.
    Graded,
}

/// A prompt with its rules, compiled.
pub struct Task {
    /// What it is called.
    pub name: String,
    /// What the user says.
    pub prompt: String,
    /// Its level; 0 where it is not told.
    pub level: u64,
    /// Its rules.
    pub rules: Vec<Constraint>,
}

/// What a response earned.
#[derive(Debug, Clone, PartialEq)]
pub struct Earned {
    /// The reward, in [0, 1].
    pub reward: f32,
    /// Whether each rule is satisfied.
    pub satisfied: Vec<bool>,
}

/// The prompts of these files that a rule has a say in, and how many others there are.
///
/// # Errors
/// Rows that are no prompts, rules that nobody knows or that refuse their arguments; no prompt at
/// all.
pub fn read(files: &[PathBuf], profile: Profile) -> Result<(Vec<Task>, u64)> {
    let (mut tasks, mut others) = (Vec::new(), 0);
    for path in files {
        for row in prompts::open(path, Options::default())? {
            match task(path, row?, profile)? {
                Some(task) => tasks.push(task),
                None => others += 1,
            }
        }
    }
    if tasks.is_empty() {
        return Err(Error::usage("no prompt has a constraint that a rule decides"));
    }
    Ok((tasks, others))
}

fn task(path: &Path, row: Prompt, profile: Profile) -> Result<Option<Task>> {
    let place = row.place.clone();
    let refuse = |problem: String| Error::usage(format!("{}: {place}: {problem}", path.display()));
    if row.constraints.is_empty() {
        return Ok(None);
    }
    let prompt = row.prompt.ok_or_else(|| refuse("no `prompt`".to_owned()))?;
    let compile = |(id, args): (String, _)| {
        Constraint::compile(&id, args, profile).map_err(|e| refuse(e.to_string()))
    };
    let rules = row.constraints.into_iter().map(compile).collect::<Result<Vec<_>>>()?;
    let name = row.key.or(row.id).unwrap_or_else(|| place.to_string());
    Ok(Some(Task { name, prompt, level: row.level.unwrap_or(0), rules }))
}

impl Task {
    /// What a response earns. One whose reasoning never ended has no answer, and earns nothing.
    pub fn earn(
        &self,
        response: &str,
        (thinking, prefilled): (&thinking::Policy, bool),
        aggregate: Aggregate,
        credit: Credit,
    ) -> Earned {
        let answer = thinking.answer(response, prefilled);
        if answer.state == thinking::State::Unclosed {
            return Earned { reward: 0.0, satisfied: vec![false; self.rules.len()] };
        }
        let text = Text::new(answer.text);
        let verdicts: Vec<_> = self.rules.iter().map(|rule| rule.check(&text)).collect();
        let satisfied: Vec<bool> = verdicts.iter().map(|verdict| verdict.satisfied).collect();
        let degrees = verdicts.iter().map(|verdict| match credit {
            Credit::Binary => f32::from(u8::from(verdict.satisfied)),
            Credit::Graded => verdict.degree,
        });
        Earned { reward: reward(degrees, &satisfied, aggregate), satisfied }
    }
}

fn reward(degrees: impl Iterator<Item = f32>, satisfied: &[bool], aggregate: Aggregate) -> f32 {
    let count = satisfied.len() as f32;
    match aggregate {
        Aggregate::Mean => degrees.sum::<f32>() / count,
        Aggregate::All => f32::from(u8::from(satisfied.iter().all(|good| *good))),
        Aggregate::Chained => {
            let good = satisfied.iter().take_while(|good| **good).count();
            // The first that fails still earns its degree.
            degrees.take(good + 1).sum::<f32>() / count
        }
    }
}

/// Shares by name, in the order of names.
#[derive(Debug, Clone, Default)]
pub struct Shares(BTreeMap<String, [u64; 2]>);

impl Shares {
    /// Counts one more under this name.
    pub fn note(&mut self, name: &str, good: bool) {
        let [goods, all] = self.0.entry(name.to_owned()).or_default();
        *goods += u64::from(good);
        *all += 1;
    }

    /// The shares.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, [goods, all])| (name.as_str(), *goods as f64 / *all as f64))
    }
}
