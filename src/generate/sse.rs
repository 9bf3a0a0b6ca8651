//! A streamed chat completion, put together as if it had come at once.

use serde_json::{Map, Value, json};

/// The completion of a whole stream of server-sent events.
///
/// # Errors
/// A line that is none, an error of the server, a stream that breaks off.
pub fn whole(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| format!("is no UTF-8: {e}"))?;
    let mut message: Map<String, Value> = Map::new();
    let (mut finish, mut usage, mut logprobs) = (Value::Null, Value::Null, Vec::new());
    let mut ended = false;
    for line in text.lines() {
        let Some(data) = line.strip_prefix("data:").map(str::trim) else { continue };
        if data == "[DONE]" {
            ended = true;
            break;
        }
        let event: Value =
            serde_json::from_str(data).map_err(|e| format!("has an event that is no JSON: {e}"))?;
        if let Some(problem) = super::answer::error_message(&event) {
            return Err(format!("holds an error: {problem}"));
        }
        if let Some(more) = event.get("usage").filter(|usage| !usage.is_null()) {
            usage = more.clone();
        }
        let Some(choice) = event.get("choices").and_then(|choices| choices.get(0)) else {
            continue;
        };
        if let Some(reason) = choice.get("finish_reason").filter(|reason| !reason.is_null()) {
            finish = reason.clone();
            ended = true;
        }
        for key in ["content", "reasoning", "reasoning_content"] {
            if let Some(piece) = choice.get("delta").and_then(|delta| delta.get(key)?.as_str()) {
                match message.entry(key).or_insert_with(|| json!("")) {
                    Value::String(text) => text.push_str(piece),
                    _ => unreachable!("only texts are put there"),
                }
            }
        }
        let tokens = choice.get("logprobs").and_then(|list| list.get("content")?.as_array());
        logprobs.extend(tokens.into_iter().flatten().cloned());
    }
    if !ended {
        return Err("breaks off".to_owned());
    }
    let logprobs = match logprobs.is_empty() {
        true => Value::Null,
        false => json!({"content": logprobs}),
    };
    let choice = json!({"message": message, "finish_reason": finish, "logprobs": logprobs});
    Ok(json!({"choices": [choice], "usage": usage}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::answer;

    #[test]
    fn pieces_become_a_whole() {
        let stream = "data: {\"choices\":[{\"delta\":{\"role\":\"x\",\"content\":\"\"}}]}\n\n\
            : a comment\r\ndata: {\"choices\":[{\"delta\":{\"reasoning\":\"r\"}}]}\r\n\r\n\
            data:{\"choices\":[{\"delta\":{\"content\":\"Hé\"}}]}\n\n\
            data: {\"choices\":[{\"delta\":{\"content\":\"y\"},\"finish_reason\":\"stop\"}]}\n\n\
            data: {\"choices\":[],\"usage\":{\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";
        let body = whole(stream.as_bytes()).unwrap().to_string();
        let answer = answer::read(body.as_bytes()).unwrap();
        assert_eq!((answer.text.as_str(), answer.reasoning.as_deref()), ("Héy", Some("r")));
        assert_eq!((answer.finish.name(), answer.tokens), ("stop", Some(2)));
        for (cut, named) in [
            (
                &stream
                    [..stream.find("data: {\"choices\":[{\"delta\":{\"content\":\"y\"").unwrap()],
                "breaks off",
            ),
            ("", "breaks off"),
            ("data: {\"cho\n", "no JSON"),
            ("data: {\"error\":{\"message\":\"busy\"}}\n", "busy"),
        ] {
            let error = whole(cut.as_bytes()).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }
}
