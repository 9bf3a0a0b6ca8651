//! Graded groups: one instruction with k constraints, and k responses of which the i-th satisfies
//! exactly i of them.
//!
//! They measure a judge: how it ranks the responses of a group is compared with the counts, which
//! the rules know. JSON Lines, a group a line:
//!
//! ```text
//! {"key", "instruction", "prompt", "constraints": [{"id", "kind", "text", "args"}, …],
//!  "responses": [{"text", "satisfied": [true, …], "count"}, …]}
//! ```

mod witness;

use std::collections::HashSet;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use heedful_constraints::args::Args;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use crate::error::{Error, Fault, FaultKind, Result};
use crate::prompts::name_of;
use crate::rows;
use crate::sets::Kind;

pub use witness::{Source, by_witness, sources};

/// Groups that are made at once, on all threads; the bytes do not depend on it.
const BATCH: usize = 256;

/// A group.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name, unique in a file.
    pub key: String,
    /// The instruction without constraints, where it is known.
    pub instruction: Option<String>,
    /// What the user says.
    pub prompt: String,
    /// The constraints that responses are graded by.
    pub constraints: Vec<Member>,
    /// The responses, by ascending count.
    pub responses: Vec<Graded>,
}

/// A constraint of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The id of the rule or of the soft type.
    pub id: String,
    /// Hard or soft.
    pub kind: Kind,
    /// The constraint in words.
    pub text: String,
    /// Its arguments.
    pub args: Args,
}

/// A response with what it satisfies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graded {
    /// The response.
    pub text: String,
    /// Whether it satisfies each of the constraints.
    pub satisfied: Vec<bool>,
    /// How many of them it does.
    pub count: usize,
}

impl Graded {
    /// A response that satisfies these.
    pub fn new(text: String, satisfied: Vec<bool>) -> Graded {
        let count = satisfied.iter().filter(|good| **good).count();
        Graded { text, satisfied, count }
    }
}

/// What [`write()`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Groups written.
    pub groups: u64,
    /// What was tried before the last of them and gave none.
    pub left_out: u64,
}

/// Writes the first `wanted` groups that `make` gives for numbers of `range`, a line each.
///
/// # Errors
/// The writer's; a range that gives fewer.
pub fn write(
    out: &mut dyn Write,
    wanted: u64,
    range: Range<usize>,
    make: impl Fn(usize) -> Option<Group> + Sync,
) -> Result<Written> {
    let io = |e| Error::io("output", e);
    let mut written = Written { groups: 0, left_out: 0 };
    let mut start = range.start;
    while start < range.end && written.groups < wanted {
        let end = range.end.min(start.saturating_add(BATCH));
        let made: Vec<Option<Group>> = (start..end).into_par_iter().map(&make).collect();
        for group in made {
            if written.groups == wanted {
                break;
            }
            let Some(group) = group else {
                written.left_out += 1;
                continue;
            };
            writeln!(out, "{}", row(&group)).map_err(io)?;
            written.groups += 1;
        }
        start = end;
    }
    match written.groups == wanted {
        true => Ok(written),
        false => {
            let Written { groups, left_out } = written;
            let hint = "take fewer groups, a smaller size or more rows";
            Err(Error::build(format!("{groups} of {wanted} groups, {left_out} left out: {hint}")))
        }
    }
}

fn row(group: &Group) -> Value {
    let member = |member: &Member| {
        json!({
            "id": member.id,
            "kind": member.kind.name(),
            "text": member.text,
            "args": member.args,
        })
    };
    let graded = |graded: &Graded| {
        json!({
            "text": graded.text,
            "satisfied": graded.satisfied,
            "count": graded.count,
        })
    };
    json!({
        "key": group.key,
        "instruction": group.instruction,
        "prompt": group.prompt,
        "constraints": group.constraints.iter().map(member).collect::<Vec<_>>(),
        "responses": group.responses.iter().map(graded).collect::<Vec<_>>(),
    })
}

/// Reads the groups at `path`, in their order.
///
/// # Errors
/// A file that cannot be read, or holds no group; a row that is none: a key that stands twice, a
/// count that is not that of `satisfied`, counts that do not rise.
pub fn read(path: &Path) -> Result<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    let mut seen = HashSet::new();
    for row in rows::open_strict(path)? {
        let row = row?;
        let group = group_of(&row.object).and_then(|group| match seen.insert(group.key.clone()) {
            true => Ok(group),
            false => Err(Fault::at(FaultKind::BadValue, "key", &group.key, "stands twice")),
        });
        groups.push(group.map_err(|fault| Error::row(row.place, fault))?);
    }
    if groups.is_empty() {
        return Err(Error::file(path, "holds no group"));
    }
    Ok(groups)
}

type Read<T> = std::result::Result<T, Fault>;

fn group_of(object: &Map<String, Value>) -> Read<Group> {
    let constraints: Vec<Member> = list(object, "constraints")?
        .iter()
        .map(|item| {
            let named = |item| Fault::wrong_type("constraints", item, "a constraint");
            item.as_object().ok_or_else(|| named(item)).and_then(member_of)
        })
        .collect::<Read<_>>()?;
    let responses: Vec<Graded> = list(object, "responses")?
        .iter()
        .map(|item| graded_of(item, constraints.len()))
        .collect::<Read<_>>()?;
    if responses.windows(2).any(|two| two[0].count >= two[1].count) {
        let problem = "have counts that do not rise from one to the next";
        return Err(Fault::at(FaultKind::BadValue, "responses", "", problem));
    }
    Ok(Group {
        key: name_of(object, "key")?.ok_or_else(|| Fault::missing("key"))?,
        instruction: name_of(object, "instruction")?,
        prompt: text(object, "prompt")?,
        constraints,
        responses,
    })
}

/// A list that is not empty.
fn list<'a>(object: &'a Map<String, Value>, key: &str) -> Read<&'a Vec<Value>> {
    let value = object.get(key).ok_or_else(|| Fault::missing(key))?;
    let list = value.as_array().ok_or_else(|| Fault::wrong_type(key, value, "a list"))?;
    match list.is_empty() {
        false => Ok(list),
        true => Err(Fault::at(FaultKind::BadValue, key, "", "is empty")),
    }
}

fn text(object: &Map<String, Value>, key: &str) -> Read<String> {
    let value = object.get(key).ok_or_else(|| Fault::missing(key))?;
    value.as_str().map(str::to_owned).ok_or_else(|| Fault::wrong_type(key, value, "a text"))
}

fn member_of(object: &Map<String, Value>) -> Read<Member> {
    let kind = match text(object, "kind")?.as_str() {
        "hard" => Kind::Hard,
        "soft" => Kind::Soft,
        other => return Err(Fault::at(FaultKind::BadValue, "kind", other, "is no kind")),
    };
    let args = match object.get("args") {
        Some(Value::Object(args)) => args.clone(),
        Some(other) => return Err(Fault::wrong_type("args", other, "an object")),
        None => return Err(Fault::missing("args")),
    };
    Ok(Member { id: text(object, "id")?, kind, text: text(object, "text")?, args })
}

fn graded_of(item: &Value, constraints: usize) -> Read<Graded> {
    let object =
        item.as_object().ok_or_else(|| Fault::wrong_type("responses", item, "a response"))?;
    let satisfied = list(object, "satisfied")?
        .iter()
        .map(|v| v.as_bool().ok_or_else(|| Fault::wrong_type("satisfied", v, "true or false")))
        .collect::<Read<Vec<bool>>>()?;
    if satisfied.len() != constraints {
        let problem = format!("has {} entries for {constraints} constraints", satisfied.len());
        return Err(Fault::at(FaultKind::BadValue, "satisfied", "", problem));
    }
    let graded = Graded::new(text(object, "text")?, satisfied);
    let told = object.get("count").ok_or_else(|| Fault::missing("count"))?;
    match told.as_u64() == Some(graded.count as u64) {
        true => Ok(graded),
        false => {
            let problem = format!("is not the number of satisfied ones, {}", graded.count);
            Err(Fault::at(FaultKind::BadValue, "count", &told.to_string(), problem))
        }
    }
}

#[cfg(test)]
#[path = "groups/tests.rs"]
mod tests;
