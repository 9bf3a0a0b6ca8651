//! Faults of a dataset's rows: what its constraints say, and whether the prompt says the same.
//!
//! A row is looked at by itself in [`check`]; a [`Linter`] sees a whole file and also tells rows
//! that repeat a prompt or a key. Where prompt and arguments are compared, a miss is held to be
//! better than a false alarm: nothing is reported that the prompt does not plainly say.

mod counted;
mod named;
mod spoken;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

use crate::args::{Args, without_nulls};
use crate::constraint::Constraint;
use crate::error::{Error, ErrorKind, shorten};
use crate::profile::Profile;
use crate::{plan, soft};

/// The sorts of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// No rule has the id.
    UnknownId,
    /// An argument is missing, left over or of the wrong type, or ids and arguments do not pair.
    BadArguments,
    /// A single constraint that no text can satisfy.
    Impossible,
    /// Constraints that cannot hold together, by proof.
    Contradiction,
    /// The prompt says something else than the arguments.
    Disagreement,
    /// A constraint stands in a row twice with the same arguments.
    RepeatedConstraint,
    /// More constraints in one row than the options allow.
    TooMany,
    /// An earlier row has the same prompt.
    DuplicatePrompt,
    /// An earlier row has the same key.
    DuplicateKey,
}

impl Kind {
    /// All kinds, in the order of the summary.
    pub const ALL: [Kind; 9] = [
        Kind::UnknownId,
        Kind::BadArguments,
        Kind::Impossible,
        Kind::Contradiction,
        Kind::Disagreement,
        Kind::RepeatedConstraint,
        Kind::TooMany,
        Kind::DuplicatePrompt,
        Kind::DuplicateKey,
    ];

    /// The name under which findings are counted.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::UnknownId => "unknown_id",
            Kind::BadArguments => "bad_arguments",
            Kind::Impossible => "impossible",
            Kind::Contradiction => "contradiction",
            Kind::Disagreement => "disagreement",
            Kind::RepeatedConstraint => "repeated_constraint",
            Kind::TooMany => "too_many",
            Kind::DuplicatePrompt => "duplicate_prompt",
            Kind::DuplicateKey => "duplicate_key",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One fault of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which sort of fault.
    pub kind: Kind,
    /// The id of the rule that it is about, as the row writes it; empty when it is about the row.
    pub rule: String,
    /// The argument, or the row's column, that it is about; may be empty.
    pub key: String,
    /// The offending value as JSON, shortened; empty when there is none.
    pub value: String,
    /// What is wrong.
    pub message: String,
}

impl Finding {
    fn new(kind: Kind, rule: &str, key: &str, value: &Value, message: impl Into<String>) -> Self {
        let value = if value.is_null() { String::new() } else { shorten(&value.to_string()) };
        let (rule, key) = (shorten(rule), key.to_owned());
        Finding { kind, rule, key, value, message: message.into() }
    }
}

/// A row of a dataset: what is asked, and by which constraints.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// The row's own name, if it has one.
    pub key: Option<String>,
    /// What the model is told, constraints included; blank when the row has no text.
    pub prompt: String,
    /// `instruction_id_list`.
    pub ids: Vec<String>,
    /// `kwargs`: an object or null for each id. Null members of an object count as absent.
    pub kwargs: Vec<Value>,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many constraints one row may have.
    pub max_constraints: usize,
    /// The reading of the rules under which arguments are compiled.
    pub profile: Profile,
    /// How many prompts, and how many keys, a [`Linter`] remembers.
    pub remembered: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { max_constraints: 64, profile: Profile::Official, remembered: 1 << 21 }
    }
}

/// The faults of a row by itself, in the order of its constraints within each sort of check.
pub fn check(row: &Row, options: &Options) -> Vec<Finding> {
    let mut findings = Vec::new();
    if row.ids.len() != row.kwargs.len() {
        let message =
            format!("{} ids, but {} objects of arguments", row.ids.len(), row.kwargs.len());
        findings.push(Finding::new(Kind::BadArguments, "", "kwargs", &Value::Null, message));
    }
    let set = compiled(row, options.profile, &mut findings);
    repeated(row, &mut findings);
    if row.ids.len() > options.max_constraints {
        let message = format!(
            "{} constraints on one row, more than {}: they are not compared",
            row.ids.len(),
            options.max_constraints
        );
        let key = "instruction_id_list";
        findings.push(Finding::new(Kind::TooMany, "", key, &Value::Null, message));
        return findings;
    }
    contradictions(&set, &mut findings);
    if !row.prompt.trim().is_empty() {
        named::check(&row.prompt, &set, &mut findings);
        let before = findings.len();
        spoken::check(&row.prompt, &set, &mut findings);
        counted::check(&row.prompt, &set, before, &mut findings);
    }
    findings
}

/// The constraints that compile and can hold; a finding for each that does not.
fn compiled(row: &Row, profile: Profile, findings: &mut Vec<Finding>) -> Vec<Constraint> {
    let mut set = Vec::new();
    for (id, kwargs) in row.ids.iter().zip(&row.kwargs) {
        if soft::get(id).is_some() {
            continue;
        }
        let args = match kwargs {
            Value::Object(args) => without_nulls(args),
            Value::Null => Args::new(),
            other => {
                let message = "the arguments are no object";
                findings.push(Finding::new(Kind::BadArguments, id, "kwargs", other, message));
                continue;
            }
        };
        match Constraint::compile(id, args, profile) {
            Err(error) => findings.push(refused(id, &error)),
            Ok(constraint) => match impossible(&constraint) {
                Some(finding) => findings.push(finding),
                None => set.push(constraint),
            },
        }
    }
    set
}

fn refused(id: &str, error: &Error) -> Finding {
    let message = error.to_string();
    match error.kind() {
        ErrorKind::UnknownRule { .. } => {
            Finding::new(Kind::UnknownId, id, "", &Value::Null, message)
        }
        ErrorKind::Argument { key, value, .. } | ErrorKind::Unsupported { key, value, .. } => {
            Finding {
                value: if value == "null" { String::new() } else { value.clone() },
                ..Finding::new(Kind::BadArguments, id, key, &Value::Null, message)
            }
        }
        ErrorKind::Conflict { .. } => Finding::new(Kind::Impossible, id, "", &Value::Null, message),
    }
}

/// The finding about a constraint that no text satisfies.
fn impossible(constraint: &Constraint) -> Option<Finding> {
    let found = |message| {
        let args = Value::Object(constraint.args().clone());
        Some(Finding::new(Kind::Impossible, constraint.id(), "", &args, message))
    };
    if let Err(error) = constraint.demands() {
        return match error.kind() {
            ErrorKind::Argument { key, problem, .. } => {
                let value = constraint.args().get(key).unwrap_or(&Value::Null);
                let message = problem.clone();
                Some(Finding::new(Kind::Impossible, constraint.id(), key, value, message))
            }
            _ => found(error.to_string()),
        };
    }
    let conflict = plan::conflict(&[constraint]).filter(|conflict| conflict.proved)?;
    found(format!("no text can satisfy it: {}", conflict.reason))
}

/// Proved contradictions, each between as few members as the planner names.
fn contradictions(set: &[Constraint], findings: &mut Vec<Finding>) {
    let mut left: Vec<&Constraint> = set.iter().collect();
    while let Some(conflict) = plan::conflict(&left).filter(|conflict| conflict.proved) {
        let Some(last) = conflict.members.iter().copied().max() else { return };
        let told: Vec<String> = conflict
            .members
            .iter()
            .map(|&at| format!("`{}` {}", left[at].id(), args_of(left[at])))
            .collect();
        let message = format!("{} contradict: {}", told.join(" and "), conflict.reason);
        let args = Value::Object(left[last].args().clone());
        let id = left[last].id();
        findings.push(Finding::new(Kind::Contradiction, id, "", &args, message));
        left.remove(last);
    }
}

fn args_of(constraint: &Constraint) -> String {
    shorten(&Value::Object(constraint.args().clone()).to_string())
}

/// Constraints that stand twice with equal arguments.
fn repeated(row: &Row, findings: &mut Vec<Finding>) {
    let mut seen: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (at, (id, kwargs)) in row.ids.iter().zip(&row.kwargs).enumerate() {
        let args = match kwargs {
            Value::Object(args) => sorted(&without_nulls(args)),
            Value::Null => "{}".to_owned(),
            other => other.to_string(),
        };
        match seen.get(&(id.as_str(), args.clone())) {
            None => {
                seen.insert((id, args), at);
            }
            Some(first) => {
                let message =
                    format!("constraints {} and {} of the row are the same", first + 1, at + 1);
                findings.push(Finding::new(Kind::RepeatedConstraint, id, "", kwargs, message));
            }
        }
    }
}

/// An object's text that does not depend on the order of its keys.
fn sorted(args: &Args) -> String {
    let members: BTreeMap<&String, &Value> = args.iter().collect();
    format!("{members:?}")
}

/// Rows that came before, found again by hash. At most `limit` are remembered.
struct Seen<P> {
    first: HashMap<u64, P>,
    limit: usize,
    forgotten: u64,
}

impl<P: Copy> Seen<P> {
    fn new(limit: usize) -> Self {
        Seen { first: HashMap::new(), limit, forgotten: 0 }
    }

    /// Where `text` stood first, if it did; otherwise it is remembered as standing at `place`.
    fn before(&mut self, text: &str, place: P) -> Option<P> {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let hash = hasher.finish();
        if let Some(first) = self.first.get(&hash) {
            return Some(*first);
        }
        if self.first.len() < self.limit {
            self.first.insert(hash, place);
        } else {
            self.forgotten += 1;
        }
        None
    }
}

/// Looks at rows one after the other; `P` is what a caller knows a row's place by.
pub struct Linter<P> {
    options: Options,
    prompts: Seen<P>,
    keys: Seen<P>,
    counts: BTreeMap<Kind, u64>,
    rows: u64,
}

impl<P: Copy + fmt::Display> Linter<P> {
    /// A linter that has seen nothing.
    pub fn new(options: Options) -> Self {
        let (prompts, keys) = (Seen::new(options.remembered), Seen::new(options.remembered));
        Linter { options, prompts, keys, counts: BTreeMap::new(), rows: 0 }
    }

    /// The faults of the next row, which stands at `place`.
    ///
    /// Equal prompts and keys are found by a hash of 64 bits: among a million different ones, the
    /// chance of a false alarm is below one in ten million.
    pub fn row(&mut self, row: &Row, place: P) -> Vec<Finding> {
        self.rows += 1;
        let mut findings = check(row, &self.options);
        if !row.prompt.trim().is_empty()
            && let Some(first) = self.prompts.before(row.prompt.trim(), place)
        {
            let message = format!("the same prompt as {first}");
            let prompt = Value::from(row.prompt.as_str());
            findings.push(Finding::new(Kind::DuplicatePrompt, "", "prompt", &prompt, message));
        }
        if let Some(key) = &row.key
            && let Some(first) = self.keys.before(key, place)
        {
            let message = format!("the same key as {first}");
            let key = Value::from(key.as_str());
            findings.push(Finding::new(Kind::DuplicateKey, "", "key", &key, message));
        }
        for finding in &findings {
            *self.counts.entry(finding.kind).or_default() += 1;
        }
        findings
    }

    /// Rows seen.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Findings so far, by kind; kinds without any are absent.
    pub fn counts(&self) -> &BTreeMap<Kind, u64> {
        &self.counts
    }

    /// Findings so far.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Prompts and keys that were too many to be remembered: repeats of these are not found.
    pub fn forgotten(&self) -> u64 {
        self.prompts.forgotten + self.keys.forgotten
    }
}

#[cfg(test)]
#[path = "lint/tests.rs"]
mod tests;
