//! Groups from witnesses: the response that satisfies all, then one constraint after another
//! broken, each change accepted only where the checks say that it broke that one and nothing else.

use std::collections::HashMap;
use std::path::Path;

use heedful_constraints::draw::{Rng, stream};
use heedful_constraints::{Constraint, Profile, Text, plan};
use rand::RngExt as _;
use serde_json::Value;

use super::{Graded, Group, Member};
use crate::error::{Error, Fault, FaultKind, Result};
use crate::prompts::{self, Prompt};
use crate::sets::Kind;
use crate::{artifact, rows};

/// How many orders of breaking are tried.
const ORDERS: usize = 12;

/// A row that a group can be made of.
pub struct Source {
    key: String,
    instruction: Option<String>,
    prompt: String,
    witness: String,
    /// The texts and the rules of its hard constraints, as many as the group shall have.
    hard: Vec<(String, Constraint)>,
}

/// The rows at `path` (an artifact's folder, JSON Lines or Parquet) that have a witness and `size`
/// hard constraints: of each ladder the lowest, in the order of the ladders. Of more hard
/// constraints the first are taken; soft ones are in the prompt and in no group.
///
/// # Errors
/// A file that cannot be read; a row whose prompt or constraints cannot be taken.
pub fn sources(path: &Path, size: usize, profile: Profile) -> Result<Vec<Source>> {
    let files =
        if path.is_dir() { artifact::open(path)?.tables(None) } else { vec![path.to_owned()] };
    let mut chosen: Vec<(Prompt, String)> = Vec::new();
    let mut ladders: HashMap<String, usize> = HashMap::new();
    for file in files {
        for row in rows::open_strict(&file)? {
            let row = row?;
            let witness = match row.object.get("witness") {
                None | Some(Value::Null) => continue,
                Some(Value::String(witness)) => witness.clone(),
                Some(other) => {
                    let fault = Fault::wrong_type("witness", other, "a text");
                    return Err(Error::row(row.place, fault));
                }
            };
            let prompt = prompts::prompt_of(&row.object, row.place.clone())
                .map_err(|fault| Error::row(row.place, fault))?;
            if prompt.constraints.len() < size {
                continue;
            }
            let ladder = prompt.ladder.clone().unwrap_or_else(|| prompt.place.to_string());
            match ladders.get(&ladder) {
                Some(&at) if chosen[at].0.level <= prompt.level => {}
                Some(&at) => chosen[at] = (prompt, witness),
                None => {
                    ladders.insert(ladder, chosen.len());
                    chosen.push((prompt, witness));
                }
            }
        }
    }
    let source = |(prompt, witness)| source(prompt, witness, size, profile);
    chosen.into_iter().map(source).collect()
}

fn source(prompt: Prompt, witness: String, size: usize, profile: Profile) -> Result<Source> {
    let fault = |key: &str, problem: String| {
        Error::row(prompt.place.clone(), Fault::at(FaultKind::BadValue, key, "", problem))
    };
    let mut hard = Vec::with_capacity(size);
    for asked in prompt.asked.iter().filter(|asked| asked.hard).take(size) {
        let compiled = Constraint::compile(&asked.id, asked.args.clone(), profile);
        let rule = compiled.map_err(|e| fault("constraints", e.to_string()))?;
        let text = match &asked.text {
            Some(text) => text.clone(),
            None => rule.describe(0).map_err(|e| fault("constraints", e.to_string()))?,
        };
        hard.push((text, rule));
    }
    let said = prompt.prompt.clone().ok_or_else(|| fault("prompt", "is missing".to_owned()))?;
    let key = prompt.key.clone().or(prompt.id.clone());
    let key = key.ok_or_else(|| fault("key", "is missing, as is `id`".to_owned()))?;
    Ok(Source { key, instruction: prompt.instruction, prompt: said, witness, hard })
}

/// The group of a row, drawn by `seed` and the row's number; `None` where the witness is not
/// accepted or no order of breaking was found.
pub fn by_witness(source: &Source, seed: u64, number: usize) -> Option<Group> {
    let mut rng = stream(seed, number as u64);
    let rules: Vec<&Constraint> = source.hard.iter().map(|(_, rule)| rule).collect();
    if !plan::accepts(&rules, &source.witness) {
        return None;
    }
    let responses = (0..ORDERS).find_map(|_| broken(&rules, &source.witness, &mut rng))?;
    let member = |(text, rule): &(String, Constraint)| Member {
        id: rule.id().to_owned(),
        kind: Kind::Hard,
        text: text.clone(),
        args: rule.args().clone(),
    };
    Some(Group {
        key: source.key.clone(),
        instruction: source.instruction.clone(),
        prompt: source.prompt.clone(),
        constraints: source.hard.iter().map(member).collect(),
        responses,
    })
}

/// The witness with one more rule broken each time until one is left, the most broken first.
fn broken(rules: &[&Constraint], witness: &str, rng: &mut Rng) -> Option<Vec<Graded>> {
    let mut whole: Vec<usize> = (0..rules.len()).collect();
    for at in (1..whole.len()).rev() {
        whole.swap(at, rng.random_range(0..=at));
    }
    let mut satisfied = vec![true; rules.len()];
    let mut responses = vec![Graded::new(witness.to_owned(), satisfied.clone())];
    while whole.len() > 1 {
        let before = responses.last().map_or("", |graded| graded.text.as_str());
        let (at, text) = whole.iter().enumerate().find_map(|(at, &rule)| {
            let others = |text: &Text<'_>| {
                let mut others = rules.iter().enumerate().filter(|(other, _)| *other != rule);
                others.all(|(other, check)| check.check(text).satisfied == satisfied[other])
            };
            plan::spoil_if(rules[rule], before, rng, others).map(|text| (at, text))
        })?;
        satisfied[whole.remove(at)] = false;
        responses.push(Graded::new(text, satisfied.clone()));
    }
    responses.reverse();
    Some(responses)
}
