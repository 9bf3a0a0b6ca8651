//! The items: an instruction, perhaps an answer to hold against, and what is asked of a response.

use std::collections::HashSet;
use std::path::Path;

use heedful_datasets::json::type_name;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::Result;
use crate::{fields, objects};

/// How much a criterion matters to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// `主需`: without it the response is of no use.
    Primary,
    /// `次需`.
    Secondary,
}

impl Priority {
    /// The name in the published files.
    pub const fn label(self) -> &'static str {
        match self {
            Priority::Primary => "主需",
            Priority::Secondary => "次需",
        }
    }

    /// The priority that the published files call `label`.
    pub fn from_label(label: &str) -> Option<Priority> {
        [Priority::Primary, Priority::Secondary].into_iter().find(|p| p.label() == label)
    }
}

/// The half of the set that an item is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// 500 items.
    Easy,
    /// 500 items.
    Hard,
}

impl Split {
    /// The split that the published files call `name`.
    pub fn from_name(name: &str) -> Option<Split> {
        match name {
            "easy" => Some(Split::Easy),
            "hard" => Some(Split::Hard),
            _ => None,
        }
    }
}

/// One thing that a response has to satisfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// What the judge is asked; its reply must repeat this to the letter.
    pub text: String,
    /// How much it matters.
    pub priority: Priority,
    /// One of 11 types of the first level.
    pub kind: String,
    /// One of 32 types of the second level.
    pub subkind: String,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// `idx`, as it is written.
    pub key: String,
    /// The instruction as the model gets it.
    pub prompt: String,
    /// The reference answer; empty for most items.
    pub reference: String,
    /// What the instruction is about: `doamin` (sic).
    pub domain: String,
    /// What the user is doing.
    pub scenario: String,
    /// Where the instruction came from.
    pub source: String,
    /// Easy or hard.
    pub split: Split,
    /// What is asked; never empty.
    pub criteria: Vec<Criterion>,
    /// The response, in files that the official inference has written.
    pub response: Option<String>,
    /// The judge's reply, in files that the official evaluation has written.
    pub judge_reply: Option<String>,
}

impl Item {
    /// The item with those of its criteria that have these texts, in their order.
    pub fn with_criteria(&self, texts: &[String]) -> Item {
        let of = |text: &String| self.criteria.iter().find(|own| own.text == *text).cloned();
        Item { criteria: texts.iter().filter_map(of).collect(), ..self.clone() }
    }
}

/// The items of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    /// In the order of the file.
    pub list: Vec<Item>,
    /// Blake3 over what is asked, in hexadecimal: without responses and replies.
    pub digest: String,
}

/// Reads a published file, or one that the official inference or evaluation has added to.
///
/// # Errors
/// A file that cannot be read, a row with a field that is missing or of another kind, an `idx` that
/// stands twice.
pub fn load(path: &Path) -> Result<Items> {
    let mut seen = HashSet::new();
    let list = objects::read(path, |_, row| {
        let item = item(row)?;
        match seen.insert(item.key.clone()) {
            true => Ok(item),
            false => Err(format!("key `idx`: {} stands twice", item.key)),
        }
    })?;
    let digest = digest(&list);
    Ok(Items { list, digest })
}

fn item(row: &Map<String, Value>) -> std::result::Result<Item, String> {
    let key = fields::name(row, &["idx"])?.ok_or("key `idx` is missing")?;
    let fail = |problem: String| format!("item {key}: {problem}");
    let text = |name: &str| objects::text(row, name).map(str::to_owned).map_err(fail);
    let maybe = |name: &str| fields::text(row, name).map(|t| t.map(str::to_owned)).map_err(fail);
    let domain = match maybe("doamin")? {
        Some(domain) => domain,
        None => text("domain")?,
    };
    let split = text("split")?;
    let unknown = || fail(format!("key `split`: `{split}` is neither `easy` nor `hard`"));
    Ok(Item {
        prompt: text("prompt")?,
        reference: fields::name(row, &["gold"]).map_err(fail)?.unwrap_or_default(),
        domain,
        scenario: text("scenario")?,
        source: text("source")?,
        split: Split::from_name(&split).ok_or_else(unknown)?,
        criteria: criteria(row).map_err(fail)?,
        response: maybe("response")?,
        judge_reply: maybe("judge_response")?,
        key: key.clone(),
    })
}

fn criteria(row: &Map<String, Value>) -> std::result::Result<Vec<Criterion>, String> {
    let list = row.get("criteria").ok_or("key `criteria` is missing")?;
    let found = || format!("key `criteria`: expected a list, found {}", type_name(list));
    let list = list.as_array().ok_or_else(found)?;
    if list.is_empty() {
        return Err("key `criteria`: there is none".to_owned());
    }
    let numbered = list.iter().zip(1..);
    numbered
        .map(|(value, at)| {
            criterion(value).map_err(|problem| format!("key `criteria`, number {at}: {problem}"))
        })
        .collect()
}

fn criterion(value: &Value) -> std::result::Result<Criterion, String> {
    let parts: Option<Vec<&str>> =
        value.as_array().and_then(|parts| parts.iter().map(Value::as_str).collect());
    let Some([text, priority, kind, subkind]) = parts.as_deref() else {
        let found: String = value.to_string().chars().take(120).collect();
        return Err(format!("expected text, priority and two types, found {found}"));
    };
    let unknown = || format!("priority `{priority}` is neither `主需` nor `次需`");
    Ok(Criterion {
        text: (*text).to_owned(),
        priority: Priority::from_label(priority).ok_or_else(unknown)?,
        kind: (*kind).to_owned(),
        subkind: (*subkind).to_owned(),
    })
}

fn digest(list: &[Item]) -> String {
    let mut hasher = blake3::Hasher::new();
    for item in list {
        let criteria: Vec<_> = item
            .criteria
            .iter()
            .map(|c| [c.text.as_str(), c.priority.label(), &c.kind, &c.subkind])
            .collect();
        let asked = (&item.key, &item.prompt, &item.reference, item.split, criteria);
        let groups = (&item.domain, &item.scenario, &item.source);
        let row = serde_json::json!([asked, groups]).to_string();
        hasher.update(&(row.len() as u64).to_le_bytes()).update(row.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"idx": 7, "prompt": "p", "isanswer": "否", "gold": "", "doamin": "d",
        "scenario": "s", "source": "tob", "split": "hard",
        "criteria": [["c", "主需", "k", "l"], ["e", "次需", "k", "m"]]}"#;

    fn read(text: &str) -> Result<Items> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cfbench_data.json");
        std::fs::write(&path, text).unwrap();
        load(&path)
    }

    #[test]
    fn every_field_is_taken() {
        let items = read(&format!("[{ROW}]")).unwrap();
        let item = &items.list[0];
        assert_eq!((item.key.as_str(), item.domain.as_str(), item.split), ("7", "d", Split::Hard));
        assert_eq!(item.criteria[1].priority, Priority::Secondary);
        assert_eq!(item.criteria[1].subkind, "m");
        assert_eq!((&item.response, &item.judge_reply), (&None, &None));
        let judged = ROW.replace("\"source\"", "\"response\": \"r\", \"source\"");
        let judged = read(&format!("[{judged}]")).unwrap();
        assert_eq!(judged.list[0].response.as_deref(), Some("r"));
        assert_eq!(judged.digest, items.digest);
        assert_ne!(
            read(&format!("[{}]", ROW.replace("主需", "次需"))).unwrap().digest,
            items.digest
        );
    }

    #[test]
    fn criteria_are_taken_by_their_text() {
        let item = read(&format!("[{ROW}]")).unwrap().list.remove(0);
        let texts = ["e", "c", "e"].map(str::to_owned);
        let other = item.with_criteria(&texts);
        assert_eq!(other.criteria.iter().map(|c| c.text.as_str()).collect::<String>(), "ece");
        assert_eq!(other.criteria[1], item.criteria[0]);
        assert_eq!(item.with_criteria(&["c", "e"].map(str::to_owned)), item);
    }

    #[test]
    fn a_bad_field_is_named() {
        for (from, to, problem) in [
            ("\"hard\"", "\"mean\"", "item 7: key `split`: `mean` is neither"),
            ("主需", "三需", "item 7: key `criteria`, number 1: priority `三需`"),
            (", \"l\"]", "]", "item 7: key `criteria`, number 1: expected text"),
            ("\"doamin\"", "\"dmn\"", "item 7: key `domain` is missing"),
            ("\"p\"", "3", "item 7: key `prompt`: expected a string, found a number"),
            ("\"idx\": 7", "\"id\": 7", "key `idx` is missing"),
        ] {
            let said = read(&format!("[{}]", ROW.replace(from, to))).unwrap_err().to_string();
            assert!(said.contains(&format!("cfbench_data.json: row 1: {problem}")), "{said}");
        }
    }
}
