//! The table of a rollout: a row a sample, with what each item was worth.

use std::path::{Path, PathBuf};

use heedful_datasets::flat::{Cell, Kind, Writer};
use serde_json::json;

use super::Group;
use super::tasks::Task;
use crate::error::{Error, Result};

/// `items` and `satisfied` are JSON lists in the order in which the prompt asks, as `worth` is.
const COLUMNS: [(&str, Kind); 15] = [
    ("key", Kind::Text),
    ("level", Kind::Int),
    ("prompt", Kind::Text),
    ("sample", Kind::Int),
    ("response", Kind::Text),
    ("tokens", Kind::Int),
    ("finish_reason", Kind::Text),
    ("reward", Kind::Float),
    ("reward_hard", Kind::Float),
    ("reward_soft", Kind::Float),
    ("refused", Kind::Text),
    ("items", Kind::Text),
    ("satisfied", Kind::Text),
    ("worth", Kind::Floats),
    ("advantage", Kind::Float),
];

/// Where the table of a rollout lies.
fn table(out: &Path, step: u64) -> PathBuf {
    out.join("rollouts").join(format!("step-{step:06}.parquet"))
}

/// Writes the table of a rollout.
pub(super) fn write(out: &Path, step: u64, tasks: &[Task], groups: &[Group]) -> Result<()> {
    let path = table(out, step);
    let folder = path.parent().unwrap_or(out);
    std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    let part = path.with_extension("part");
    let mut writer = Writer::create(&part, &COLUMNS)?;
    for group in groups {
        let task = &tasks[group.task];
        let items: Vec<&str> = task.items.iter().map(|item| item.id.as_str()).collect();
        let items = json!(items).to_string();
        for (sample, answer) in group.answers.iter().enumerate() {
            let earned = &group.earned[sample];
            let mean = |soft| earned.mean(task, soft).map_or(Cell::Null, Cell::Float);
            writer.push(&[
                Cell::Text(&task.name),
                Cell::Int(task.level as i64),
                Cell::Text(&task.prompt),
                Cell::Int(sample as i64),
                Cell::Text(&answer.text),
                Cell::Int(answer.len() as i64),
                Cell::Text(if answer.cut { "length" } else { "stop" }),
                Cell::Float(earned.reward),
                mean(false),
                mean(true),
                earned.refused.map_or(Cell::Null, |why| Cell::Text(why.name())),
                Cell::Text(&items),
                Cell::Text(&json!(earned.satisfied).to_string()),
                Cell::Floats(&earned.worth),
                Cell::Float(group.advantages[sample]),
            ])?;
        }
    }
    writer.finish()?;
    std::fs::rename(&part, &path).map_err(|e| Error::io(&path, e))
}
