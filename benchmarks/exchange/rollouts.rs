//! Samples that trainers leave: verl's rollouts, TRL's completions.
//!
//! Both print prompts as the chat template made them, so these are joined by what they end with.

use heedful_datasets::json::parse_object;
use serde_json::Value;

use super::recorded::scores;
use super::{Answer, Place, Recorded, Row, messages, named};
use crate::asked::{Asked, asked};
use crate::fields;
use crate::finish::FinishReason;

/// A row of verl's `{step}.jsonl`: `{input, output, gts?, score, step, …}`.
///
/// `gts` is the ground truth of the reward; where it is an object, or a JSON text of one, that has
/// `instruction_id_list`, as our own export writes it, the constraints come along.
pub(super) fn verl(row: &Row, place: &Place, list: &mut Vec<Answer>) -> Result<(), String> {
    let key = fields::name(row, &["key", "id"])?;
    let name = key.clone();
    let read = || -> Result<Answer, String> {
        let prompt = fields::text(row, "input")?.ok_or("key `input` is missing")?;
        if !row.contains_key("output") {
            return Err("key `output` is missing".to_owned());
        }
        let asked = match constraints(row)? {
            None => truth(row.get("gts"))?,
            found => found,
        };
        Ok(Answer {
            key,
            prompt: Some(prompt.to_owned()),
            rendered: true,
            response: fields::text(row, "output")?.map(str::to_owned),
            step: row.get("step").and_then(Value::as_i64),
            asked,
            recorded: Recorded {
                scores: scores(row, &["step", "key", "id"]),
                ..Recorded::default()
            },
            ..Answer::at(place)
        })
    };
    list.push(named(name.as_deref(), read())?);
    Ok(())
}

/// A row of TRL's `completions_STEP.parquet`: `step`, `prompt`, `completion`, a column a reward
/// function, `advantage`. Texts, or lists of messages.
pub(super) fn trl(row: &Row, place: &Place, list: &mut Vec<Answer>) -> Result<(), String> {
    let key = fields::name(row, &["key", "id"])?;
    let name = key.clone();
    let read = || -> Result<Answer, String> {
        let column = if row.contains_key("completion") { "completion" } else { "completions" };
        if !row.contains_key(column) {
            return Err("column `completion` is missing".to_owned());
        }
        let prompt = messages::spoken(row, "prompt", "user")?;
        let apart = ["step", "key", "id", "advantage", "level"];
        Ok(Answer {
            key,
            rendered: row.get("prompt").is_some_and(Value::is_string),
            prompt,
            response: messages::spoken(row, column, "assistant")?,
            finish_reason: fields::text(row, "finish_reason")?.map(FinishReason::named),
            step: row.get("step").and_then(Value::as_i64),
            asked: constraints(row)?,
            recorded: Recorded { scores: scores(row, &apart), ..Recorded::default() },
            ..Answer::at(place)
        })
    };
    list.push(named(name.as_deref(), read())?);
    Ok(())
}

/// The constraints that the row itself holds; none where it has their ids alone, as the official
/// scorers' own results do.
pub(super) fn constraints(row: &Row) -> Result<Option<Vec<Asked>>, String> {
    match row.get("instruction_id_list") {
        None | Some(Value::Null) => Ok(None),
        Some(_) if !row.contains_key("kwargs") => Ok(None),
        Some(_) => asked(row).map(Some),
    }
}

/// Those of a ground truth; one that is something else (a text of an answer) holds none.
fn truth(value: Option<&Value>) -> Result<Option<Vec<Asked>>, String> {
    let in_truth = |e| format!("key `gts`: {e}");
    match value {
        Some(Value::Object(truth)) => constraints(truth).map_err(in_truth),
        Some(Value::String(text)) => match parse_object(text) {
            Ok(truth) => constraints(&truth).map_err(in_truth),
            Err(_) => Ok(None),
        },
        _ => Ok(None),
    }
}
