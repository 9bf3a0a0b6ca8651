//! The output of an OpenAI batch: a line a request, joined to its prompt by `custom_id`.

use heedful_datasets::json::type_name;
use serde_json::Value;

use super::{Answer, Place, Row, messages, named};
use crate::fields;
use crate::finish::FinishReason;

/// A line `{custom_id, response: {status_code, body}, error}`; a failed request is one answer
/// without a response. Each of `choices` is a sample; the `output` of `/v1/responses` is one.
pub(super) fn take(row: &Row, place: &Place, list: &mut Vec<Answer>) -> Result<(), String> {
    let key = fields::name(row, &["custom_id"])?.ok_or("key `custom_id` is missing")?;
    let failed = Answer { key: Some(key.clone()), ..Answer::at(place) };
    let body = match row.get("response") {
        None | Some(Value::Null) => None,
        Some(Value::Object(response)) => response.get("body").and_then(Value::as_object),
        Some(other) => {
            let found = type_name(other);
            return named(
                Some(&key),
                Err(format!("key `response`: expected an object, found {found}")),
            );
        }
    };
    let choices = body.and_then(|body| body.get("choices")).and_then(Value::as_array);
    let choices = match (choices.filter(|choices| !choices.is_empty()), body) {
        (Some(choices), _) => choices,
        (None, Some(body)) if body.get("output").is_some_and(Value::is_array) => {
            list.push(output(body, failed));
            return Ok(());
        }
        (None, Some(body)) if !body.contains_key("choices") && !body.contains_key("error") => {
            let problem = "neither `choices` nor `output` in the body".to_owned();
            return named(Some(&key), Err(problem));
        }
        _ => {
            list.push(failed);
            return Ok(());
        }
    };
    let tokens = body.and_then(|body| body.get("usage")).and_then(|u| u.get("completion_tokens"));
    // Tokens are told of all choices together.
    let tokens = tokens.and_then(Value::as_u64).filter(|_| choices.len() == 1);
    for (at, choice) in choices.iter().enumerate() {
        let answer = choice_of(choice, at as u64).map(|(sample, response, finish_reason)| Answer {
            sample: Some(sample),
            response,
            finish_reason,
            reasoned: choice.get("message").is_some_and(messages::reasoned),
            tokens,
            ..failed.clone()
        });
        list.push(named(Some(&key), answer)?);
    }
    Ok(())
}

/// What `/v1/responses` gave: the texts of all messages in `output`.
fn output(body: &Row, failed: Answer) -> Answer {
    let entries = body.get("output").and_then(Value::as_array).map(Vec::as_slice);
    let entries = entries.unwrap_or_default();
    let kind = |entry: &Value| entry.get("type").and_then(Value::as_str).map(str::to_owned);
    let texts: Vec<String> = entries
        .iter()
        .filter(|entry| kind(entry).as_deref() == Some("message"))
        .filter_map(|entry| messages::content(entry.get("content")?).ok().flatten())
        .collect();
    let cut = body.get("incomplete_details").and_then(|details| details.get("reason"));
    let status = body.get("status").and_then(Value::as_str);
    let finish = match (cut.and_then(Value::as_str), status) {
        (Some(reason), _) => Some(reason),
        (None, Some("completed")) => Some("stop"),
        (None, status) => status,
    };
    let tokens = body.get("usage").and_then(|usage| usage.get("output_tokens"));
    Answer {
        response: (!texts.is_empty()).then(|| texts.join("\n")),
        finish_reason: finish.map(FinishReason::named),
        reasoned: entries.iter().any(|entry| kind(entry).as_deref() == Some("reasoning")),
        tokens: tokens.and_then(Value::as_u64),
        ..failed
    }
}

type Choice = (u64, Option<String>, Option<FinishReason>);

fn choice_of(choice: &Value, at: u64) -> Result<Choice, String> {
    let fail = |problem: &str| format!("choice {at}: {problem}");
    let choice = choice.as_object().ok_or_else(|| fail("is no object"))?;
    let message = choice.get("message").and_then(Value::as_object);
    let message = message.ok_or_else(|| fail("key `message` is missing"))?;
    let text = messages::content(message.get("content").unwrap_or(&Value::Null));
    let text = text.map_err(|e| fail(&format!("key `content`: {e}")))?;
    let finish = fields::text(choice, "finish_reason").map_err(|e| fail(&e))?;
    let sample = choice.get("index").and_then(Value::as_u64).unwrap_or(at);
    Ok((sample, text, finish.map(FinishReason::named)))
}
