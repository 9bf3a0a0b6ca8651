//! The output of an OpenAI batch: a line a request, joined to its prompt by `custom_id`.

use heedful_datasets::json::type_name;
use serde_json::Value;

use super::{Answer, Place, Row, messages, named};
use crate::fields;
use crate::finish::FinishReason;

/// A line `{custom_id, response: {status_code, body}, error}`; a failed request is one answer
/// without a response. Each of `choices` is a sample.
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
    let choices = match choices.filter(|choices| !choices.is_empty()) {
        Some(choices) => choices,
        None => {
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
            tokens,
            ..failed.clone()
        });
        list.push(named(Some(&key), answer)?);
    }
    Ok(())
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
