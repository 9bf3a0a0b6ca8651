//! Pairs: responses, each with a constraint and whether it obeys it.
//!
//! A ladder asks for a constraint from one level on. The responses to that level are the positive
//! side, those to the level below the negative one. Two rows of one ladder, level and sample whose
//! `response_level` is `level` and `level` - 1 are a pair; other rows stand alone.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, Fault, FaultKind, Result};
use crate::flat::{Cell, Kind as Column, Writer};
use crate::sets::Kind;
use crate::{artifact, json, rows};

/// The version of the table's columns.
pub const SCHEMA_VERSION: u32 = 1;

/// The stage's name in manifests.
pub const STAGE: &str = "pairs";

/// The columns, in order.
pub const COLUMNS: [(&str, Column); 24] = [
    ("id", Column::Text),
    ("ladder", Column::Text),
    ("level", Column::Int),
    ("constraint_id", Column::Text),
    ("kind", Column::Text),
    ("family", Column::Text),
    ("constraint", Column::Text),
    ("args", Column::Text),
    ("prompt", Column::Text),
    ("before", Column::Text),
    ("instruction", Column::Text),
    ("response", Column::Text),
    ("key", Column::Text),
    ("response_level", Column::Int),
    ("sample", Column::Int),
    ("side", Column::Text),
    ("label", Column::Int),
    ("label_source", Column::Text),
    ("ladder_label", Column::Int),
    ("rule_label", Column::Int),
    ("truth", Column::Int),
    ("split", Column::Text),
    ("seed_id", Column::Text),
    ("policy", Column::Text),
];

/// Which side of a pair a response is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Its prompt asks for the constraint.
    Positive,
    /// Its prompt does not.
    Negative,
}

impl Side {
    /// The name in the column `side`.
    pub const fn name(self) -> &'static str {
        match self {
            Side::Positive => "positive",
            Side::Negative => "negative",
        }
    }
}

/// What a label was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelSource {
    /// The side alone.
    Ladder,
    /// The verdict of the constraint's rule.
    Rule,
    /// The side, with which the other samples of the constraint agree.
    Agreement,
}

impl LabelSource {
    /// The name in the column `label_source`.
    pub const fn name(self) -> &'static str {
        match self {
            LabelSource::Ladder => "ladder",
            LabelSource::Rule => "rule",
            LabelSource::Agreement => "agreement",
        }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// A digest of what the row says of which response: 32 hexadecimal digits.
    pub id: String,
    /// The ladder.
    pub ladder: String,
    /// The level from which on the ladder asks for the constraint, from 1.
    pub level: u32,
    /// The id of the rule or of the soft type.
    pub constraint_id: String,
    /// Hard or soft.
    pub kind: Kind,
    /// The rule's group, or the soft type's family in its taxonomy.
    pub family: String,
    /// The constraint in words.
    pub constraint: String,
    /// The constraint's arguments, as a JSON object.
    pub args: String,
    /// What the user said to get the response.
    pub prompt: String,
    /// The messages before that, where there are any: a JSON list of role and content.
    pub before: Option<String>,
    /// The instruction without constraints, where it is known.
    pub instruction: Option<String>,
    /// The response, without reasoning.
    pub response: String,
    /// The key (else the id) of the prompt, where it has one.
    pub key: Option<String>,
    /// The level of the prompt: how many constraints it asks for.
    pub response_level: u32,
    /// The number of the response among those to the prompt.
    pub sample: u32,
    /// Whether the prompt asks for the constraint.
    pub side: Side,
    /// Whether the response counts as obeying it.
    pub label: bool,
    /// What `label` was taken from.
    pub label_source: LabelSource,
    /// The label that the side gives.
    pub ladder_label: bool,
    /// The rule's verdict; `None` where no rule decides.
    pub rule_label: Option<bool>,
    /// The truth of a soft trait of the grammar: for reports, and never a source of labels.
    pub truth: Option<bool>,
    /// The part of the dataset, where the prompt tells it.
    pub split: Option<String>,
    /// The seed instruction, where the prompt tells it.
    pub seed_id: Option<String>,
    /// The model, where the responses tell it.
    pub policy: Option<String>,
}

/// Appends a row to a table of [`COLUMNS`].
///
/// # Errors
/// A file that cannot be written.
pub fn push(writer: &mut Writer, pair: &Pair) -> Result<()> {
    writer.push(&[
        Cell::Text(&pair.id),
        Cell::Text(&pair.ladder),
        Cell::Int(pair.level.into()),
        Cell::Text(&pair.constraint_id),
        Cell::Text(pair.kind.name()),
        Cell::Text(&pair.family),
        Cell::Text(&pair.constraint),
        Cell::Text(&pair.args),
        Cell::Text(&pair.prompt),
        text(pair.before.as_deref()),
        text(pair.instruction.as_deref()),
        Cell::Text(&pair.response),
        text(pair.key.as_deref()),
        Cell::Int(pair.response_level.into()),
        Cell::Int(pair.sample.into()),
        Cell::Text(pair.side.name()),
        Cell::Int(pair.label.into()),
        Cell::Text(pair.label_source.name()),
        Cell::Int(pair.ladder_label.into()),
        bit(pair.rule_label),
        bit(pair.truth),
        text(pair.split.as_deref()),
        text(pair.seed_id.as_deref()),
        text(pair.policy.as_deref()),
    ])
}

fn text(value: Option<&str>) -> Cell<'_> {
    value.map_or(Cell::Null, Cell::Text)
}

fn bit(value: Option<bool>) -> Cell<'static> {
    value.map_or(Cell::Null, |value| Cell::Int(value.into()))
}

/// Reads the pairs at `path`, in their order: an artifact's folder, Parquet or JSON Lines.
///
/// # Errors
/// A file that cannot be read; a row that is no pair; no row at all.
pub fn read(path: &Path) -> Result<Vec<Pair>> {
    let files =
        if path.is_dir() { artifact::open(path)?.tables(None) } else { vec![path.to_owned()] };
    let mut pairs = Vec::new();
    for file in files {
        for row in rows::open_strict(&file)? {
            let row = row?;
            pairs.push(pair_of(&row.object).map_err(|fault| Error::row(row.place, fault))?);
        }
    }
    if pairs.is_empty() {
        return Err(Error::file(path, "holds no pair"));
    }
    Ok(pairs)
}

type Object = Map<String, Value>;

fn pair_of(object: &Object) -> std::result::Result<Pair, Fault> {
    let args = string(object, "args")?;
    json::parse_object(&args).map_err(|fault| {
        Fault::at(fault.kind, "args", &args, format!("is no JSON object: {}", fault.problem))
    })?;
    let before = maybe_string(object, "before")?;
    if let Some(text) = &before {
        let is_chat = matches!(json::parse(text), Ok(Value::Array(_)));
        is_chat.then_some(()).ok_or_else(|| {
            Fault::at(FaultKind::BadValue, "before", text, "is no JSON list of messages")
        })?;
    }
    Ok(Pair {
        id: string(object, "id")?,
        ladder: string(object, "ladder")?,
        level: number(object, "level")?,
        constraint_id: string(object, "constraint_id")?,
        kind: one_of(object, "kind", &[("hard", Kind::Hard), ("soft", Kind::Soft)])?,
        family: string(object, "family")?,
        constraint: string(object, "constraint")?,
        args,
        prompt: string(object, "prompt")?,
        before,
        instruction: maybe_string(object, "instruction")?,
        response: string(object, "response")?,
        key: maybe_string(object, "key")?,
        response_level: number(object, "response_level")?,
        sample: number(object, "sample")?,
        side: one_of(object, "side", &[Side::Positive, Side::Negative].map(|s| (s.name(), s)))?,
        label: flag(object, "label")?.ok_or_else(|| Fault::missing("label"))?,
        label_source: one_of(
            object,
            "label_source",
            &[LabelSource::Ladder, LabelSource::Rule, LabelSource::Agreement]
                .map(|source| (source.name(), source)),
        )?,
        ladder_label: flag(object, "ladder_label")?
            .ok_or_else(|| Fault::missing("ladder_label"))?,
        rule_label: flag(object, "rule_label")?,
        truth: flag(object, "truth")?,
        split: maybe_string(object, "split")?,
        seed_id: maybe_string(object, "seed_id")?,
        policy: maybe_string(object, "policy")?,
    })
}

fn maybe_string(object: &Object, key: &str) -> std::result::Result<Option<String>, Fault> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(Fault::wrong_type(key, other, "a text")),
    }
}

fn string(object: &Object, key: &str) -> std::result::Result<String, Fault> {
    maybe_string(object, key)?.ok_or_else(|| Fault::missing(key))
}

fn number(object: &Object, key: &str) -> std::result::Result<u32, Fault> {
    let value = object.get(key).ok_or_else(|| Fault::missing(key))?;
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| Fault::wrong_type(key, value, "a number from 0 on"))
}

/// 0 or 1.
fn flag(object: &Object, key: &str) -> std::result::Result<Option<bool>, Fault> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(0) => Ok(Some(false)),
            Some(1) => Ok(Some(true)),
            _ => Err(Fault::wrong_type(key, value, "0 or 1")),
        },
    }
}

fn one_of<T: Copy>(
    object: &Object,
    key: &str,
    known: &[(&str, T)],
) -> std::result::Result<T, Fault> {
    let name = string(object, key)?;
    let found = known.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        Fault::at(FaultKind::BadValue, key, &name, format!("is none of {}", names.join(", ")))
    })
}

#[cfg(test)]
#[path = "pairs_tests.rs"]
mod tests;
