//! Rows: demonstrations as chats, and prompts as ladders, in JSON Lines.

use std::io::Write;
use std::ops::{Range, RangeInclusive};

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::Result;
use super::draw::{Asked, Demonstration, Demonstrations, Split};

/// Rows that are drawn at once, on all threads; the bytes do not depend on it.
const BATCH: u64 = 4096;

impl Demonstrations {
    /// Writes the demonstrations of `range`, a line each: `messages` (the user's and the
    /// assistant's turn), `prompt`, the hard constraints as `instruction_id_list` and `kwargs`, all
    /// `constraints` with `obeyed`, and the `traits` that the answer shows.
    ///
    /// # Errors
    /// The writer's.
    pub fn write_jsonl(&self, out: &mut impl Write, range: Range<u64>) -> Result<()> {
        lines(out, range, |index| vec![demonstration_row(self, &self.draw(index))])
    }

    /// Writes the prompts of `range`, a line a level from the lowest of `levels` up: `prompt`,
    /// `level`, the hard constraints as `instruction_id_list` and `kwargs`, and all `constraints`.
    /// Rows of one ladder have the same `ladder`; level 0 is the instruction alone.
    ///
    /// # Errors
    /// The writer's.
    pub fn write_prompts(
        &self,
        out: &mut impl Write,
        split: Split,
        levels: RangeInclusive<usize>,
        range: Range<u64>,
    ) -> Result<()> {
        lines(out, range, |index| {
            let prompt = self.prompt(split, index);
            let levels = *levels.start()..=prompt.asked.len().min(*levels.end());
            let row = |level| {
                let ladder = format!("{}-{}-{index}", split.name(), self.seed());
                let mut row = Map::new();
                row.insert("key".to_owned(), json!(format!("{ladder}-{level}")));
                row.insert("ladder".to_owned(), json!(ladder));
                row.insert("split".to_owned(), json!(split.name()));
                row.insert("task".to_owned(), json!(prompt.task.name()));
                row.insert("level".to_owned(), json!(level));
                row.insert("instruction".to_owned(), json!(prompt.instruction));
                row.insert("prompt".to_owned(), json!(prompt.text(level)));
                constraints(&mut row, &prompt.asked[..level], &[]);
                Value::Object(row)
            };
            levels.map(row).collect()
        })
    }
}

fn lines(
    out: &mut impl Write,
    range: Range<u64>,
    rows: impl Fn(u64) -> Vec<Value> + Sync,
) -> Result<()> {
    let mut start = range.start;
    while start < range.end {
        let end = range.end.min(start.saturating_add(BATCH));
        let text = |index| {
            let rows = rows(index);
            rows.iter().map(|row| format!("{row}\n")).collect::<String>()
        };
        let batch: Vec<String> = (start..end).into_par_iter().map(text).collect();
        for text in batch {
            out.write_all(text.as_bytes())?;
        }
        start = end;
    }
    Ok(())
}

fn demonstration_row(from: &Demonstrations, shown: &Demonstration) -> Value {
    let mut row = Map::new();
    let key = format!("demonstration-{}-{}", from.seed(), shown.index);
    row.insert("key".to_owned(), json!(key));
    row.insert("task".to_owned(), json!(shown.task.name()));
    row.insert("messages".to_owned(), shown.messages());
    row.insert("instruction".to_owned(), json!(shown.instruction));
    row.insert("prompt".to_owned(), json!(shown.prompt));
    constraints(&mut row, &shown.asked, &shown.obeyed);
    let traits: Vec<&str> = shown.shown.iter().map(super::Trait::name).collect();
    row.insert("traits".to_owned(), json!(traits));
    Value::Object(row)
}

impl Demonstration {
    /// The chat: what the user says and the answer.
    pub fn messages(&self) -> Value {
        json!([
            {"role": "user", "content": self.prompt},
            {"role": "assistant", "content": self.answer},
        ])
    }
}

/// `instruction_id_list` and `kwargs` of the hard constraints, and all of them with their texts.
fn constraints(row: &mut Map<String, Value>, asked: &[Asked], obeyed: &[bool]) {
    let hard = || asked.iter().filter(|asked| asked.soft.is_none());
    let ids: Vec<&str> = hard().map(|asked| asked.id).collect();
    let kwargs: Vec<&Map<String, Value>> = hard().map(|asked| &asked.args).collect();
    row.insert("instruction_id_list".to_owned(), json!(ids));
    row.insert("kwargs".to_owned(), json!(kwargs));
    let all = asked.iter().enumerate().map(|(at, asked)| {
        let kind = if asked.soft.is_some() { "soft" } else { "hard" };
        let mut item = json!({
            "kind": kind, "id": asked.id, "args": asked.args, "text": asked.text,
        });
        if let Some(obeyed) = obeyed.get(at) {
            item["obeyed"] = json!(obeyed);
        }
        item
    });
    row.insert("constraints".to_owned(), all.collect());
}
