//! The items: six files a language, in each an instruction at levels 0 to 5.

use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::literal::{self, Literal};
use super::rules::Rule;
use crate::error::{Error, Result};
use crate::{fields, objects};

/// The last level, and how many are scored.
pub(super) const LEVELS: usize = 5;

/// The language of a set; its rules and the parser of its judge differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// The folder `data`.
    English,
    /// The folder `data_zh`.
    Chinese,
}

/// What kind of constraint is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// What is said.
    Content,
    /// The circumstances that are given.
    Situation,
    /// The tone.
    Style,
    /// The form.
    Format,
    /// Several of these.
    Mixed,
    /// Examples that the answer's form has to follow.
    Example,
}

impl Category {
    /// In the order of the official evaluation.
    pub const ALL: [Category; 6] = [
        Category::Content,
        Category::Situation,
        Category::Style,
        Category::Format,
        Category::Mixed,
        Category::Example,
    ];

    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Category::Content => "content",
            Category::Situation => "situation",
            Category::Style => "style",
            Category::Format => "format",
            Category::Mixed => "mixed",
            Category::Example => "example",
        }
    }

    const fn first_level(self) -> u8 {
        if matches!(self, Category::Example) { 1 } else { 0 }
    }
}

/// Who decides about an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Nobody: the instruction without a constraint.
    Seed,
    /// The judge.
    Judge,
    /// A rule.
    Rule(Rule),
    /// The template in the target.
    Template,
    /// Nobody, by an oversight: Chinese format example 30 goes neither to the judge nor to a rule.
    Unscored,
}

/// An instruction at one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The file that it is in.
    pub category: Category,
    /// The same for all levels of an instruction; unique in its file.
    pub example_id: u64,
    /// `category` in the file: the same as the file's, or of a mixed item the kinds so far.
    pub label: String,
    /// Where the instruction came from; a few sources have rules.
    pub source: String,
    /// 0 to 5: how many constraints were added.
    pub level: u8,
    /// What the model gets.
    pub instruction: String,
    /// What rules and templates compare with; often empty.
    pub target: String,
    /// The answer that an example item's file gives.
    pub answer: Option<String>,
    /// Who decides.
    pub how: How,
}

/// The items of one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    /// Which.
    pub language: Language,
    /// In the order of the files, file after file as in [`Category::ALL`].
    pub list: Vec<Item>,
    /// Blake3 over all fields, in hexadecimal.
    pub digest: String,
}

/// Reads `content_constraints.json` and the five others in `folder`.
///
/// # Errors
/// As [`load_category`].
pub fn load(folder: &Path, language: Language) -> Result<Items> {
    let mut list = Vec::new();
    for category in Category::ALL {
        let path = folder.join(format!("{}_constraints.json", category.name()));
        list.extend(load_category(&path, category, language)?);
    }
    let digest = digest(&list);
    Ok(Items { language, list, digest })
}

/// Reads one file.
///
/// # Errors
/// A file that cannot be read; a row with a field that is missing or of another kind; levels that
/// are not whole or not in order.
pub fn load_category(path: &Path, category: Category, language: Language) -> Result<Vec<Item>> {
    let mut before: Option<Item> = None;
    let list = objects::read(path, |_, row| {
        let item = item(row, category, language)?;
        follows(before.as_ref(), &item).map_err(|problem| name(&item, &problem))?;
        before = Some(item.clone());
        Ok(item)
    })?;
    match list.last() {
        Some(last) if usize::from(last.level) < LEVELS => {
            Err(Error::content(path, name(last, "the levels after it are missing")))
        }
        _ => Ok(list),
    }
}

fn name(item: &Item, problem: &str) -> String {
    format!("example {}, level {}: {problem}", item.example_id, item.level)
}

/// Whether `item` is the next level of the one `before` it, or the first of another instruction.
fn follows(before: Option<&Item>, item: &Item) -> std::result::Result<(), String> {
    let ended = before.is_none_or(|before| usize::from(before.level) == LEVELS);
    let (Some(before), false) = (before, ended) else {
        let first = item.category.first_level();
        let fresh = before.is_none_or(|before| before.example_id != item.example_id);
        return match (item.level == first, fresh) {
            (true, true) => Ok(()),
            (false, _) => Err(format!("key `level`: level {first} was to come here")),
            (_, false) => Err("key `example_id`: was the id of the example before".to_owned()),
        };
    };
    if (item.level, item.example_id) != (before.level + 1, before.example_id) {
        let (id, level) = (before.example_id, before.level + 1);
        return Err(format!("keys `level`, `example_id`: example {id}, level {level} was to come"));
    }
    if before.how != How::Seed && before.how != item.how {
        return Err("keys `source`, `category`: not scored as the level before".to_owned());
    }
    Ok(())
}

fn item(
    row: &Map<String, Value>,
    category: Category,
    language: Language,
) -> std::result::Result<Item, String> {
    let text = |key: &str| objects::text(row, key).map(str::to_owned);
    let level = objects::count(row, "level")?;
    let level = u8::try_from(level).ok().filter(|level| usize::from(*level) <= LEVELS);
    let level = level.ok_or("key `level`: is over 5")?;
    let mut item = Item {
        category,
        example_id: objects::count(row, "example_id")?,
        label: text("category")?,
        source: text("source")?,
        level,
        instruction: text("instruction")?,
        target: text("target")?,
        answer: fields::text(row, "answer")?.map(str::to_owned),
        how: How::Seed,
    };
    item.how = how(&item, language);
    if item.how != How::Seed && item.instruction.is_empty() {
        return Err(name(&item, "key `instruction`: is empty"));
    }
    let listed = || matches!(literal::parse(&item.target), Some(Literal::List(_)));
    if item.how == How::Rule(Rule::Conll2003) && !listed() {
        return Err(name(&item, &format!("key `target`: `{}` is no list", item.target)));
    }
    Ok(item)
}

/// Who decides: a rule by the source or by the number of a format example, else the judge.
fn how(item: &Item, language: Language) -> How {
    if item.level == 0 {
        return How::Seed;
    }
    if item.category == Category::Example {
        return How::Template;
    }
    if let Some(rule) = Rule::of_source(&item.source) {
        return How::Rule(rule);
    }
    match (item.label.as_str(), item.example_id, language) {
        ("format", 22, _) => How::Rule(Rule::Format22),
        ("format", 30, Language::English) => How::Rule(Rule::Format30),
        ("format", 30, Language::Chinese) => How::Unscored,
        _ => How::Judge,
    }
}

fn digest(list: &[Item]) -> String {
    let mut hasher = blake3::Hasher::new();
    for item in list {
        let place = (item.category.name(), item.example_id, item.level);
        let texts = (&item.label, &item.source, &item.instruction, &item.target, &item.answer);
        let row = serde_json::json!([place, texts]).to_string();
        hasher.update(&(row.len() as u64).to_le_bytes()).update(row.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
