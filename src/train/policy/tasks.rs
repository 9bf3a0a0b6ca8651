//! What a policy is asked, and what its answers are judged by.

use std::path::{Path, PathBuf};

use heedful_constraints::{Constraint, Profile};
use heedful_datasets::error::Place;
use heedful_datasets::phrase::Layout;
use heedful_datasets::prompts::{self, Asked, Prompt};
use heedful_datasets::rows;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};

/// What is judged by itself: a constraint, or the answer to a question.
pub struct Item {
    /// The id of the rule or of the soft type; [`ANSWER`].
    pub id: String,
    /// How the prompt says it, where that is told.
    pub text: Option<String>,
    /// Who decides.
    pub check: Check,
}

/// Who decides whether an item is satisfied.
pub enum Check {
    /// A rule.
    Rule(Box<Constraint>),
    /// A judge, by the item's text.
    Judge,
    /// The grader of answers, knowing the right one.
    Answer(String),
}

/// The id of the one item of a question with a right answer.
pub const ANSWER: &str = "answer";

/// A prompt with what is judged of its answers.
pub struct Task {
    /// What it is called.
    pub name: String,
    /// What the user says.
    pub prompt: String,
    /// Its level; 0 where it is not told.
    pub level: u64,
    /// Its items, in the order in which they are asked.
    pub items: Vec<Item>,
    /// Soft constraints that nobody judges here.
    pub unjudged: usize,
    /// The instruction without constraints, where it is told.
    pub instruction: Option<String>,
    /// The ladder of which it is a level.
    pub ladder: Option<String>,
    /// How instruction and constraints became the prompt, where that can be told.
    pub layout: Option<Layout>,
}

/// The tasks of some files.
#[derive(Default)]
pub struct Tasks {
    /// All that can be judged.
    pub list: Vec<Task>,
    /// Rows of which nothing can be judged.
    pub left_out: u64,
    /// Rows of the list with soft constraints that nobody judges.
    pub partly: u64,
}

/// How rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The reading of the rules.
    pub profile: Profile,
    /// Whether there is a judge of soft constraints.
    pub judged: bool,
}

/// The tasks of these files: rows with constraints, and rows with `prompt` and `answer`.
///
/// # Errors
/// Rows that are neither, rules that nobody knows or that refuse their arguments; nothing to judge
/// at all.
pub fn read(files: &[PathBuf], reading: Reading) -> Result<Tasks> {
    let mut tasks = Tasks::default();
    for path in files {
        each(path, reading, |task, _| {
            match task {
                Some(task) => {
                    tasks.partly += u64::from(task.unjudged > 0);
                    tasks.list.push(task);
                }
                None => tasks.left_out += 1,
            }
            Ok(())
        })?;
    }
    if tasks.list.is_empty() {
        return Err(Error::usage("no prompt has a constraint that a rule decides"));
    }
    Ok(tasks)
}

/// Hands each row of a file on: as a task, where anything of it can be judged, and as it is.
pub(super) fn each(
    path: &Path,
    reading: Reading,
    mut take: impl FnMut(Option<Task>, &Map<String, Value>) -> Result<()>,
) -> Result<()> {
    for row in rows::open_strict(path)? {
        let row = row?;
        let refuse =
            |problem: String| Error::usage(format!("{}: {}: {problem}", path.display(), row.place));
        let task = match question(&row.object, &row.place).map_err(&refuse)? {
            Some(task) => Some(task),
            None => {
                let prompt = prompts::prompt_of(&row.object, row.place.clone())
                    .map_err(|fault| heedful_datasets::Error::row(row.place.clone(), fault))?;
                task(prompt, reading).map_err(&refuse)?
            }
        };
        take(task, &row.object)?;
    }
    Ok(())
}

/// A row with `prompt` and `answer` and no constraints.
fn question(
    object: &Map<String, Value>,
    place: &Place,
) -> std::result::Result<Option<Task>, String> {
    let empty = |key: &str| match object.get(key) {
        None | Some(Value::Null) => true,
        Some(value) => value.as_array().is_some_and(Vec::is_empty),
    };
    if !empty("instruction_id_list") || !empty("constraints") {
        return Ok(None);
    }
    let answer = match object.get("answer") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(answer)) if !answer.trim().is_empty() => answer.clone(),
        Some(Value::Number(answer)) => answer.to_string(),
        Some(other) => return Err(format!("key `answer` is no answer (value {other})")),
    };
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    let prompt = text("prompt").ok_or("no `prompt`")?;
    let name = ["key", "id"].into_iter().find_map(|key| match object.get(key)? {
        Value::String(name) => Some(name.clone()),
        Value::Number(name) => Some(name.to_string()),
        _ => None,
    });
    Ok(Some(Task {
        name: name.unwrap_or_else(|| place.to_string()),
        instruction: Some(prompt.clone()),
        prompt,
        level: 0,
        items: vec![Item { id: ANSWER.to_owned(), text: None, check: Check::Answer(answer) }],
        unjudged: 0,
        ladder: None,
        layout: None,
    }))
}

fn task(row: Prompt, reading: Reading) -> std::result::Result<Option<Task>, String> {
    let said: Option<Vec<&str>> = row.asked.iter().map(|asked| asked.text.as_deref()).collect();
    let layout = match (&row.instruction, &row.prompt, &said) {
        (Some(instruction), Some(prompt), Some(said)) => Layout::of(prompt, instruction, said),
        _ => None,
    };
    let (mut items, mut unjudged) = (Vec::new(), 0);
    for Asked { id, text, args, hard } in row.asked {
        let check = if hard {
            let rule = Constraint::compile(&id, args, reading.profile);
            Check::Rule(Box::new(rule.map_err(|e| e.to_string())?))
        } else if !reading.judged {
            unjudged += 1;
            continue;
        } else {
            Check::Judge
        };
        items.push(Item { id, text, check });
    }
    if items.is_empty() {
        return Ok(None);
    }
    let prompt = row.prompt.ok_or("no `prompt`")?;
    Ok(Some(Task {
        name: row.key.or(row.id).unwrap_or_else(|| row.place.to_string()),
        prompt,
        level: row.level.unwrap_or(0),
        items,
        unjudged,
        instruction: row.instruction,
        ladder: row.ladder,
        layout,
    }))
}

impl Item {
    /// What tells it from other items: a rule with its arguments, a soft text, an answer.
    pub fn identity(&self) -> String {
        match &self.check {
            Check::Rule(rule) => format!("{}{}", rule.id(), json!(rule.args())),
            Check::Judge => format!("{}\0{}", self.id, self.text.as_deref().unwrap_or_default()),
            Check::Answer(answer) => format!("{ANSWER}\0{answer}"),
        }
    }

    /// Whether a judge decides.
    pub fn is_soft(&self) -> bool {
        matches!(self.check, Check::Judge)
    }
}

impl Task {
    /// Whether it is a question with a right answer.
    pub fn is_question(&self) -> bool {
        self.items.iter().any(|item| matches!(item.check, Check::Answer(_)))
    }

    /// What its answers are about: the instruction, or the prompt where that is not told.
    pub fn about(&self) -> &str {
        self.instruction.as_deref().unwrap_or(&self.prompt)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The tasks of rows in JSON.
    pub(crate) fn tasks(rows: &[Value], judged: bool) -> Result<Tasks> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        let lines: Vec<String> = rows.iter().map(|row| format!("{row}\n")).collect();
        std::fs::write(&path, lines.concat()).unwrap();
        read(&[path], Reading { profile: Profile::Corrected, judged })
    }

    fn mixed() -> Value {
        json!({
            "key": "m", "prompt": "Say a. Be sad. No commas.", "instruction": "Say a.",
            "level": 2, "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}],
            "constraints": [
                {"kind": "soft", "id": "tone", "text": "Be sad.", "args": {}},
                {"kind": "hard", "id": "punctuation:no_comma", "text": "No commas.", "args": {}},
            ],
        })
    }

    #[test]
    fn soft_constraints_stand_in_their_place_where_they_are_judged() {
        let with = tasks(&[mixed()], true).unwrap();
        let ids: Vec<_> = with.list[0].items.iter().map(|item| item.id.as_str()).collect();
        assert_eq!(ids, ["tone", "punctuation:no_comma"]);
        assert_eq!((with.list[0].layout, with.partly), (Some(Layout::Inline), 0));
        let without = tasks(&[mixed()], false).unwrap();
        assert_eq!((without.list[0].items.len(), without.list[0].unjudged), (1, 1));
        assert_eq!(without.partly, 1);
    }

    #[test]
    fn questions_have_one_item_and_rows_without_anything_are_left_out() {
        let rows = [
            json!({"prompt": "1 + 1?", "answer": 2}),
            json!({"prompt": "p", "instruction_id_list": [], "kwargs": [], "answer": "x"}),
            json!({"prompt": "p", "instruction_id_list": [], "kwargs": []}),
        ];
        let read = tasks(&rows, true).unwrap();
        assert_eq!((read.list.len(), read.left_out), (2, 1));
        assert!(read.list.iter().all(Task::is_question));
        let bad = tasks(&[json!({"prompt": "p", "answer": []})], true);
        assert!(bad.err().unwrap().to_string().contains("`answer`"));
        let mut untold = mixed();
        untold["constraints"][0].as_object_mut().unwrap().remove("text");
        assert!(tasks(&[untold], true).err().unwrap().to_string().contains("`text`"));
    }
}
