//! The layouts of published files: which keys a row has, and where its answer stands.

use std::fmt;
use std::str::FromStr;

use heedful_datasets::json::type_name;
use serde_json::{Map, Value};

use super::draw::Draw;
use super::items::{Item, MOST_OPTIONS};
use crate::{answer, fields};

/// A layout of rows, as the Hugging Face hub has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layout {
    /// `question`, and `answer`: a solution that ends in `#### 42`.
    Gsm8k,
    /// `problem`, `solution` with the answer in its last box, `level`, `type`; also `answer` and
    /// `subject`, as in MATH-500.
    Math,
    /// `problem` or `question`, and `answer`: a whole number from 0 to 999. Keys may begin with a
    /// capital.
    Aime,
    /// `Question`, `Correct Answer`, `Incorrect Answer 1` to `3`: the options are put in an order
    /// that is drawn for each question.
    Gpqa,
    /// `question`, `options`, `answer` (a letter), `answer_index`, `category`.
    MmluPro,
}

/// What a question of AIME stands under.
const QUESTION: [&str; 4] = ["problem", "Problem", "question", "Question"];
/// What its answer stands under.
const ANSWER: [&str; 2] = ["answer", "Answer"];

type Row = Map<String, Value>;
type Read<T> = Result<T, String>;

impl Layout {
    /// All of them.
    pub const ALL: [Layout; 5] =
        [Layout::Gsm8k, Layout::Math, Layout::Aime, Layout::Gpqa, Layout::MmluPro];

    /// The name on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Layout::Gsm8k => "gsm8k",
            Layout::Math => "math",
            Layout::Aime => "aime",
            Layout::Gpqa => "gpqa",
            Layout::MmluPro => "mmlu_pro",
        }
    }

    /// The layout that the keys of `row` tell.
    ///
    /// # Errors
    /// Keys of none.
    pub fn of(row: &Row) -> Read<Layout> {
        let has = |key: &str| row.contains_key(key);
        let any = |keys: &[&str]| keys.iter().any(|key| has(key));
        if has("Correct Answer") {
            return Ok(Layout::Gpqa);
        }
        if has("options") && any(&["answer", "answer_index"]) {
            return Ok(Layout::MmluPro);
        }
        if has("problem") && any(&["level", "type", "subject"]) {
            return Ok(Layout::Math);
        }
        // What is no answer at all is told with its item.
        let answer = fields::name(row, &ANSWER).ok().flatten();
        let whole = answer.is_some_and(|answer| whole(&answer).is_some());
        if any(&QUESTION) && whole {
            return Ok(Layout::Aime);
        }
        if has("problem") && any(&["answer", "solution"]) {
            return Ok(Layout::Math);
        }
        if has("question") && has("answer") {
            return Ok(Layout::Gsm8k);
        }
        let keys: Vec<String> = row.keys().take(12).map(|key| format!("`{key}`")).collect();
        let known = Layout::ALL.map(Layout::name).join(", ");
        Err(format!("the keys {} are those of no layout: name one of {known}", keys.join(", ")))
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(name: &str) -> Read<Layout> {
        Layout::ALL.into_iter().find(|layout| layout.name() == name).ok_or_else(|| {
            let known = Layout::ALL.map(Layout::name).join(", ");
            format!("unknown layout `{name}`: expected one of {known}")
        })
    }
}

/// Reads a row. `seed` is that of the order of options.
///
/// # Errors
/// A key that is missing, of another type, or with a value that cannot be; the item is named.
pub(super) fn item(layout: Layout, row: &Row, line: u64, seed: u64) -> Read<Item> {
    const KEYS: [&str; 6] = ["id", "ID", "question_id", "unique_id", "Record ID", "key"];
    let key = fields::name(row, &KEYS)?.unwrap_or_else(|| line.to_string());
    let read = match layout {
        Layout::Gsm8k => gsm8k(row),
        Layout::Math => math(row),
        Layout::Aime => aime(row),
        Layout::Gpqa => gpqa(row, seed),
        Layout::MmluPro => mmlu_pro(row),
    };
    let item = read.map_err(|problem| format!("item {key}: {problem}"))?;
    Ok(Item { key, line, ..item })
}

/// An item without its place.
fn bare(question: &str, options: Vec<String>, answer: String) -> Item {
    let question = question.to_owned();
    let (category, level) = (None, None);
    Item { key: String::new(), question, options, answer, category, level, line: 0 }
}

fn gsm8k(row: &Row) -> Read<Item> {
    let (question, solution) = (need(row, &["question"])?, need(row, &["answer"])?);
    let answer = solution.rsplit_once("####").map(|(_, after)| after.trim());
    let answer = answer.ok_or("key `answer`: no `####` before a final answer")?;
    if answer.is_empty() {
        return Err("key `answer`: nothing behind `####`".to_owned());
    }
    Ok(bare(question, Vec::new(), answer.to_owned()))
}

fn math(row: &Row) -> Read<Item> {
    let question = need(row, &["problem"])?;
    let answer = match fields::name(row, &["answer"])? {
        Some(answer) if answer.trim().is_empty() => return Err("key `answer`: is blank".to_owned()),
        Some(answer) => answer,
        None => {
            let boxed = answer::boxed(need(row, &["solution"])?).map(str::trim);
            let boxed = boxed.filter(|boxed| !boxed.is_empty());
            boxed.ok_or("key `solution`: no answer in a `\\boxed{}`")?.to_owned()
        }
    };
    let level = fields::name(row, &["level"])?;
    let level = level.map(|level| level.trim_start_matches("Level").trim().to_owned());
    let category = fields::name(row, &["type", "subject"])?;
    Ok(Item { level, category, ..bare(question, Vec::new(), answer.trim().to_owned()) })
}

fn aime(row: &Row) -> Read<Item> {
    let question = need(row, &QUESTION)?;
    let answer = fields::name(row, &ANSWER)?.ok_or("key `answer` is missing")?;
    let number = whole(&answer).ok_or_else(|| {
        let found = shortened(&answer);
        format!("key `answer`: expected a whole number from 0 to 999, found `{found}`")
    })?;
    Ok(bare(question, Vec::new(), number.to_string()))
}

/// The whole number from 0 to 999 that `answer` is; tables may keep it as a float.
fn whole(answer: &str) -> Option<u32> {
    let digits = answer.trim();
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    digits.parse().ok().filter(|number| *number <= 999)
}

fn gpqa(row: &Row, seed: u64) -> Read<Item> {
    let question = need(row, &["Question"])?.trim();
    let right = need(row, &["Correct Answer"])?.trim();
    let mut options = vec![right];
    for key in ["Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"] {
        options.push(need(row, &[key])?.trim());
    }
    let mut order = [0, 1, 2, 3];
    Draw::of(seed, &["gpqa", question, right]).shuffle(&mut order);
    let place = order.iter().position(|at| *at == 0).unwrap_or(0);
    let options = order.iter().map(|at| options[*at].to_owned()).collect();
    let category = fields::text(row, "High-level domain")?.map(str::to_owned);
    Ok(Item { category, ..bare(question, options, letter(place).to_string()) })
}

fn mmlu_pro(row: &Row) -> Read<Item> {
    let question = need(row, &["question"])?;
    let mut options = Vec::new();
    let list = match row.get("options") {
        Some(Value::Array(list)) => list,
        Some(other) => {
            return Err(format!("key `options`: expected a list, found {}", type_name(other)));
        }
        None => return Err("key `options` is missing".to_owned()),
    };
    if !(2..=MOST_OPTIONS).contains(&list.len()) {
        let found = list.len();
        return Err(format!("key `options`: expected 2 to {MOST_OPTIONS}, found {found}"));
    }
    for option in list {
        let Value::String(option) = option else {
            return Err(format!("key `options`: a string expected, found {}", type_name(option)));
        };
        options.push(option.as_str());
    }
    let right = right_place(row, options.len())?;
    // The published files fill places with `N/A`, which the published script leaves out.
    let kept = |option: &str| option != "N/A";
    if !kept(options[right]) {
        return Err("key `options`: the right one is `N/A`".to_owned());
    }
    let place = options[..right].iter().filter(|option| kept(option)).count();
    let options = options.into_iter().filter(|option| kept(option)).map(str::to_owned).collect();
    let category = fields::text(row, "category")?.map(str::to_owned);
    Ok(Item { category, ..bare(question, options, letter(place).to_string()) })
}

/// The place of the right option, from `answer_index`, `answer` or both, which must agree.
fn right_place(row: &Row, count: usize) -> Read<usize> {
    let index = match row.get("answer_index") {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) => {
            let place = number.as_u64().and_then(|n| usize::try_from(n).ok());
            let place = place.filter(|place| *place < count);
            Some(place.ok_or_else(|| {
                format!("key `answer_index`: {number} is the place of none of {count} options")
            })?)
        }
        Some(other) => {
            let found = type_name(other);
            return Err(format!("key `answer_index`: expected a number, found {found}"));
        }
    };
    let named = match fields::text(row, "answer")? {
        None => None,
        Some(text) => {
            let place = (0..count).find(|place| letter(*place).to_string() == text.trim());
            Some(place.ok_or_else(|| {
                let found = shortened(text);
                format!("key `answer`: `{found}` is the letter of none of {count} options")
            })?)
        }
    };
    match (index, named) {
        (Some(index), Some(named)) if index != named => {
            Err(format!("key `answer`: {} is not option {index} of `answer_index`", letter(named)))
        }
        (Some(place), _) | (None, Some(place)) => Ok(place),
        (None, None) => Err("neither `answer` nor `answer_index`".to_owned()),
    }
}

/// The letter of an option.
pub(super) fn letter(place: usize) -> char {
    (b'A' + place.min(MOST_OPTIONS - 1) as u8) as char
}

/// The text under the first of `keys` that the row has, which must not be blank.
fn need<'a>(row: &'a Row, keys: &[&str]) -> Read<&'a str> {
    for key in keys {
        match fields::text(row, key)? {
            Some(text) if text.trim().is_empty() => return Err(format!("key `{key}`: is blank")),
            Some(text) => return Ok(text),
            None => {}
        }
    }
    Err(format!("key `{}` is missing", keys[0]))
}

/// The beginning of a value, for messages.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
