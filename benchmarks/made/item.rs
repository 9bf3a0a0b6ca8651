//! An item: an instruction with what a response to it is asked about, as it stands in a row.

use heedful_constraints::Profile;
use heedful_constraints::args::{Args, without_nulls};
use heedful_datasets::json::{parse, parse_object, type_name};
use serde_json::{Map, Value, json};

use crate::cfbench::{Priority, Split};
use crate::{fields, objects};

/// The most questions that an item may have.
const MOST: usize = 256;

/// How the constraints of an instruction hang together, as in ComplexBench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Composition {
    /// All hold at once.
    And,
    /// Steps one after the other, each with constraints of its own.
    Chain,
    /// A condition decides which constraints hold.
    Selection,
    /// A condition inside a step, or inside a branch of another condition.
    Nested,
}

impl Composition {
    /// All of them, in the order in which they are told.
    pub const ALL: [Composition; 4] =
        [Composition::And, Composition::Chain, Composition::Selection, Composition::Nested];

    /// The name, as ComplexBench writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Composition::And => "And",
            Composition::Chain => "Chain",
            Composition::Selection => "Selection",
            Composition::Nested => "Nested",
        }
    }

    /// The composition of this name.
    pub fn from_name(name: &str) -> Option<Composition> {
        Composition::ALL.into_iter().find(|composition| composition.name() == name)
    }
}

/// Who decides a question.
#[derive(Debug, Clone, PartialEq)]
pub enum How {
    /// A rule, with its arguments.
    Rule {
        /// The rule's id.
        id: String,
        /// Its arguments.
        args: Args,
    },
    /// The number of the response's parts is [`Item::parts`]; our rule for parts decides.
    Parts,
    /// A judge: a drawn constraint, by the id of its soft type.
    Soft {
        /// The type's id.
        id: String,
    },
    /// A judge: whether a step was carried out.
    Task,
}

impl How {
    /// Whether it is a constraint that was drawn from a family: the others come with the form.
    pub fn is_drawn(&self) -> bool {
        matches!(self, How::Rule { .. } | How::Soft { .. })
    }

    /// Whether a program decides.
    pub fn is_rule(&self) -> bool {
        matches!(self, How::Rule { .. } | How::Parts)
    }

    /// The family that shares are counted by: the id of a rule or of a soft type.
    pub fn id(&self) -> Option<&str> {
        match self {
            How::Rule { id, .. } | How::Soft { id } => Some(id),
            How::Parts | How::Task => None,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            How::Rule { .. } => "rule",
            How::Parts => "parts",
            How::Soft { .. } => "soft",
            How::Task => "task",
        }
    }
}

/// What the other branch asks for in place of a question's constraint; no response can do both.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoy {
    /// The rule's id.
    pub id: String,
    /// Its arguments.
    pub args: Args,
    /// How the prompt says it.
    pub text: String,
}

/// One scoring question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The constraint, as the prompt says it, or what a step asks for.
    pub text: String,
    /// Who decides.
    pub how: How,
    /// How much it matters; the prompt says so.
    pub priority: Priority,
    /// Places, from 0, of earlier questions of this item that it depends on, all of them told: what
    /// those depend on is here too.
    pub dep: Vec<usize>,
    /// The compositions that it verifies.
    pub composition: Vec<String>,
    /// Its dimension: the group of the rule, the family of the soft type, or `structure` or `task`.
    pub family: String,
    /// The part of the response, from 1, that it is about; the whole one where none is told.
    pub part: Option<usize>,
    /// What tells a choice of the wrong branch; only with the first question of a branch.
    pub decoy: Option<Decoy>,
}

/// One instruction with its questions.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Unique in its benchmark.
    pub key: String,
    /// A digest of prompt and questions: 32 hexadecimal digits.
    pub id: String,
    /// The instruction as a model gets it.
    pub prompt: String,
    /// The seed instruction, which stands in the prompt word for word.
    pub instruction: String,
    /// The sort of task.
    pub task: String,
    /// The id of the seed instruction.
    pub seed_id: String,
    /// The language tag.
    pub language: String,
    /// How constraints hang together.
    pub composition: Composition,
    /// The composition with its steps or depth: `And`, `Chain_2`, `Selection_1`, `Nested_2`.
    pub category: String,
    /// How many drawn constraints are scored.
    pub level: usize,
    /// Easy or hard, by level.
    pub difficulty: Split,
    /// The reading of the rules.
    pub profile: Profile,
    /// How many parts the response has; 1 where it is not divided.
    pub parts: usize,
    /// The conditions as the prompt says them, and whether they hold.
    pub conditions: Vec<(String, bool)>,
    /// What is asked; never empty.
    pub questions: Vec<Question>,
    /// A response that every rule of the right branch accepts.
    pub witness: String,
}

impl Question {
    fn to_json(&self) -> Value {
        let args = match &self.how {
            How::Rule { args, .. } => Some(args),
            _ => None,
        };
        let decoy = self.decoy.as_ref();
        json!({
            "text": self.text,
            "kind": self.how.name(),
            "id": self.how.id(),
            "args": args,
            "priority": priority_name(self.priority),
            "dep": self.dep,
            "composition": self.composition,
            "family": self.family,
            "part": self.part,
            "decoy": decoy.map(|d| json!({"id": d.id, "args": d.args, "text": d.text})),
        })
    }
}

impl Item {
    /// The questions as JSON.
    pub fn questions_json(&self) -> String {
        Value::Array(self.questions.iter().map(Question::to_json).collect()).to_string()
    }

    /// The conditions as JSON.
    pub fn conditions_json(&self) -> String {
        let one = |(text, holds): &(String, bool)| json!({"text": text, "holds": holds});
        Value::Array(self.conditions.iter().map(one).collect()).to_string()
    }

    /// How many of the questions are drawn constraints.
    pub fn drawn(&self) -> usize {
        self.questions.iter().filter(|question| question.how.is_drawn()).count()
    }
}

/// The name of a priority in rows.
pub(super) const fn priority_name(priority: Priority) -> &'static str {
    match priority {
        Priority::Primary => "primary",
        Priority::Secondary => "secondary",
    }
}

/// The name of a difficulty in rows.
pub(super) const fn difficulty_name(split: Split) -> &'static str {
    match split {
        Split::Easy => "easy",
        Split::Hard => "hard",
    }
}

/// What is wrong with a row; the caller adds the place.
type Read<T> = std::result::Result<T, String>;

/// Reads one row, as [`super::make()`] writes it; lists may be JSON or texts of JSON.
pub(super) fn item_of(row: &Map<String, Value>) -> Read<Item> {
    let key = fields::name(row, &["key"])?.ok_or("key `key` is missing")?;
    let item = body(row, key.clone()).map_err(|problem| format!("item {key}: {problem}"))?;
    checked(item).map_err(|problem| format!("item {key}: {problem}"))
}

fn body(row: &Map<String, Value>, key: String) -> Read<Item> {
    let text = |name: &str| objects::text(row, name).map(str::to_owned);
    let named = |name: &str| format!("key `{name}`: `{}` is not known", row[name]);
    let size = |name: &str| objects::count(row, name).map(|n| n.try_into().unwrap_or(usize::MAX));
    let questions = list(row, "questions")?;
    if questions.is_empty() || questions.len() > MOST {
        return Err(format!("key `questions`: has {} of them, 1 to {MOST}", questions.len()));
    }
    let question = |(at, value): (usize, &Value)| {
        let read = value.as_object().ok_or_else(|| format!("is {}", type_name(value)));
        read.and_then(question)
            .map_err(|problem| format!("key `questions`, number {at}: {problem}"))
    };
    let conditions = list(row, "conditions")?;
    Ok(Item {
        key,
        id: text("id")?,
        prompt: text("prompt")?,
        instruction: text("instruction")?,
        task: text("task")?,
        seed_id: text("seed_id")?,
        language: text("language")?,
        composition: Composition::from_name(&text("composition")?)
            .ok_or_else(|| named("composition"))?,
        category: text("category")?,
        level: size("level")?,
        difficulty: Split::from_name(&text("difficulty")?).ok_or_else(|| named("difficulty"))?,
        profile: match text("profile")?.as_str() {
            "official" => Profile::Official,
            "corrected" => Profile::Corrected,
            _ => return Err(named("profile")),
        },
        parts: size("parts")?,
        conditions: conditions.iter().map(condition).collect::<Read<_>>()?,
        questions: questions.iter().enumerate().map(question).collect::<Read<_>>()?,
        witness: text("witness")?,
    })
}

/// What no row may say, whoever wrote it.
fn checked(item: Item) -> Read<Item> {
    for (at, question) in item.questions.iter().enumerate() {
        let fail = |problem: String| Err(format!("key `questions`, number {at}: {problem}"));
        if let Some(dep) = question.dep.iter().find(|dep| **dep >= at) {
            return fail(format!("key `dep`: {dep} is no earlier question"));
        }
        if let Some(part) = question.part.filter(|part| *part == 0 || *part > item.parts) {
            return fail(format!("key `part`: {part} is none of {} parts", item.parts));
        }
    }
    if item.drawn() != item.level {
        let drawn = item.drawn();
        return Err(format!("key `level`: is {}, {drawn} constraints are drawn", item.level));
    }
    Ok(item)
}

fn list(row: &Map<String, Value>, key: &str) -> Read<Vec<Value>> {
    let value = row.get(key).ok_or_else(|| format!("key `{key}` is missing"))?;
    let wrong = |value: &Value| format!("key `{key}`: expected a list, found {}", type_name(value));
    match value {
        Value::Array(list) => Ok(list.clone()),
        Value::String(text) => match parse(text) {
            Ok(Value::Array(list)) => Ok(list),
            Ok(other) => Err(wrong(&other)),
            Err(fault) => Err(format!("key `{key}`: holds JSON in which {fault}")),
        },
        other => Err(wrong(other)),
    }
}

fn condition(value: &Value) -> Read<(String, bool)> {
    let text = value.get("text").and_then(Value::as_str);
    let holds = value.get("holds").and_then(Value::as_bool);
    text.map(str::to_owned)
        .zip(holds)
        .ok_or_else(|| "key `conditions`: expected `text` and `holds`".to_owned())
}

fn question(row: &Map<String, Value>) -> Read<Question> {
    let text = |name: &str| objects::text(row, name).map(str::to_owned);
    let kind = text("kind")?;
    let how = match kind.as_str() {
        "rule" => How::Rule { id: text("id")?, args: arguments(row.get("args"))? },
        "soft" => How::Soft { id: text("id")? },
        "parts" => How::Parts,
        "task" => How::Task,
        _ => return Err(format!("key `kind`: `{kind}` is not known")),
    };
    let priority = text("priority")?;
    let known = [Priority::Primary, Priority::Secondary];
    let place = |value: &Value| {
        let place = value.as_u64().and_then(|place| usize::try_from(place).ok());
        place.ok_or_else(|| format!("key `dep`: {value} is no place"))
    };
    let label = |value: &Value| {
        let label = value.as_str().map(str::to_owned);
        label.ok_or_else(|| format!("key `composition`: {value} is no text"))
    };
    let part = match row.get("part") {
        None | Some(Value::Null) => None,
        Some(_) => Some(objects::count(row, "part")?.try_into().unwrap_or(usize::MAX)),
    };
    Ok(Question {
        text: text("text")?,
        how,
        priority: known
            .into_iter()
            .find(|known| priority_name(*known) == priority)
            .ok_or_else(|| format!("key `priority`: `{priority}` is not known"))?,
        dep: list(row, "dep")?.iter().map(place).collect::<Read<_>>()?,
        composition: list(row, "composition")?.iter().map(label).collect::<Read<_>>()?,
        family: text("family")?,
        part,
        decoy: decoy(row.get("decoy"))?,
    })
}

fn decoy(value: Option<&Value>) -> Read<Option<Decoy>> {
    let row = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(row)) => row,
        Some(other) => return Err(format!("key `decoy`: is {}, no object", type_name(other))),
    };
    let text = |name: &str| objects::text(row, name).map(str::to_owned);
    Ok(Some(Decoy { id: text("id")?, args: arguments(row.get("args"))?, text: text("text")? }))
}

fn arguments(value: Option<&Value>) -> Read<Args> {
    match value {
        None | Some(Value::Null) => Ok(Args::new()),
        Some(Value::Object(args)) => Ok(without_nulls(args)),
        Some(Value::String(text)) => match parse_object(text) {
            Ok(args) => Ok(without_nulls(&args)),
            Err(fault) => Err(format!("key `args`: holds JSON in which {fault}")),
        },
        Some(other) => Err(format!("key `args`: is {}, no object", type_name(other))),
    }
}
