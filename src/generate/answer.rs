//! What an OpenAI-compatible server answered, out of its JSON.

use heedful_benchmarks::finish::FinishReason;
use heedful_benchmarks::thinking::{Policy, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Request, Response};

/// One answer; what a cache keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What the model wrote.
    pub text: String,
    /// Its reasoning.
    pub reasoning: Option<String>,
    /// Why it stopped.
    pub finish: FinishReason,
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u32>,
    /// Tokens written.
    pub tokens: Option<u32>,
    /// The log-probability of each token, where they were asked for.
    pub logprobs: Option<Vec<f32>>,
}

impl Answer {
    /// The response to `request`.
    pub fn response(self, request: &Request) -> Response {
        let sum = |list: &Vec<f32>| list.iter().map(|&logprob| f64::from(logprob)).sum();
        Response {
            row: request.row,
            key: request.key.clone(),
            sample: request.sample,
            text: self.text,
            reasoning: self.reasoning,
            finish: self.finish,
            prompt_tokens: self.prompt_tokens,
            tokens: self.tokens,
            logprob: self.logprobs.as_ref().map(sum),
            logprobs: self.logprobs,
            ids: None,
        }
    }
}

/// Reads the body of a chat completion, or a text completion's.
///
/// # Errors
/// What is missing or wrong; a server that has an error to tell.
pub fn read(bytes: &[u8]) -> Result<Answer, String> {
    let body: Value = serde_json::from_slice(bytes).map_err(|e| format!("is no JSON: {e}"))?;
    if let Some(message) = error_message(&body) {
        return Err(format!("holds an error: {message}"));
    }
    let choice = body.get("choices").and_then(Value::as_array).ok_or("has no `choices`")?;
    let choice = choice.first().ok_or("has no choice")?;
    let message = choice.get("message").ok_or("has a choice without `message`")?;
    let reasoning = ["reasoning", "reasoning_content"]
        .iter()
        .find_map(|key| message.get(*key)?.as_str())
        .filter(|text| !text.is_empty());
    let text = match message.get("content") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect()
        }
        Some(_) => return Err("has a `content` that is no text".to_owned()),
    };
    let finish = match choice.get("finish_reason").and_then(Value::as_str) {
        Some(name) => FinishReason::named(name),
        None => FinishReason::Other("unknown".to_owned()),
    };
    if finish == FinishReason::Error {
        return Err("says that the model failed".to_owned());
    }
    let usage = |key: &str| body.get("usage")?.get(key)?.as_u64()?.try_into().ok();
    Ok(Answer {
        reasoning: reasoning.map(str::to_owned).or_else(|| inline(&text)),
        text,
        finish,
        prompt_tokens: usage("prompt_tokens"),
        tokens: usage("completion_tokens"),
        logprobs: choice.get("logprobs").and_then(logprobs),
    })
}

/// The reasoning between tags in `text`.
pub(super) fn inline(text: &str) -> Option<String> {
    let answer = Policy::Auto.answer(text, false);
    let reasoning = match answer.state {
        State::Plain | State::Separate => return None,
        State::Unclosed => text,
        State::Closed | State::Prefilled => {
            let end = text.trim_end().len();
            let cut = text[..end].strip_suffix(answer.text).unwrap_or(text).trim_end();
            cut.rfind("</").map_or(cut, |at| &cut[..at])
        }
    };
    let reasoning = reasoning.trim_start();
    let opening = ["<think>", "<seed:think>", "<thinking>"];
    let inner = opening.iter().find_map(|tag| reasoning.strip_prefix(tag)).unwrap_or(reasoning);
    Some(inner.trim().to_owned())
}

/// The log-probabilities of a chat's choice.
fn logprobs(value: &Value) -> Option<Vec<f32>> {
    let list = value.get("content")?.as_array()?;
    list.iter().map(|token| Some(token.get("logprob")?.as_f64()? as f32)).collect()
}

/// What a server says is wrong, in its own words, of the layouts that servers use.
pub fn error_message(body: &Value) -> Option<String> {
    let error = body.get("error").filter(|error| !error.is_null());
    let places = [
        error.and_then(|error| error.get("message")),
        error,
        body.get("message"),
        body.get("detail"),
    ];
    let found = places.into_iter().flatten().find(|value| !value.is_null())?;
    let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
    Some(text.chars().take(1000).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(message: Value) -> Vec<u8> {
        let choice = json!({"message": message, "finish_reason": "stop"});
        json!({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn reasoning_in_either_field_or_inline() {
        for (message, text, reasoning) in [
            (json!({"content": "a"}), "a", None),
            (json!({"content": "a", "reasoning": "r"}), "a", Some("r")),
            (json!({"content": "a", "reasoning_content": "r"}), "a", Some("r")),
            (json!({"content": null, "reasoning": "r", "reasoning_content": null}), "", Some("r")),
            (json!({"content": [{"type": "text", "text": "a"}, {"x": 1}]}), "a", None),
            (
                json!({"content": "<think>\nr\n</think>\n\na"}),
                "<think>\nr\n</think>\n\na",
                Some("r"),
            ),
            (json!({"content": "r</think>a"}), "r</think>a", Some("r")),
            (json!({"content": "<think>r"}), "<think>r", Some("r")),
        ] {
            let answer = read(&body(message)).unwrap();
            assert_eq!((answer.text.as_str(), answer.reasoning.as_deref()), (text, reasoning));
            assert_eq!((answer.prompt_tokens, answer.tokens), (Some(3), Some(4)));
            assert_eq!(answer.finish, FinishReason::Stop);
        }
    }

    #[test]
    fn what_is_no_answer_is_told() {
        for (text, named) in [
            ("", "no JSON"),
            ("{\"choices\": [{\"mess", "no JSON"),
            ("[]", "`choices`"),
            ("{\"choices\": []}", "no choice"),
            ("{\"choices\": [{}]}", "`message`"),
            ("{\"choices\": [{\"message\": {\"content\": 3}}]}", "`content`"),
            ("{\"error\": {\"message\": \"busy\"}}", "busy"),
            ("{\"choices\": [{\"message\": {}, \"finish_reason\": \"error\"}]}", "failed"),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn log_probabilities_and_an_unknown_end() {
        let text = r#"{"choices":[{"message":{"content":"a"},
            "logprobs":{"content":[{"logprob":-0.5},{"logprob":-1}]}}]}"#;
        let answer = read(text.as_bytes()).unwrap();
        assert_eq!(answer.logprobs, Some(vec![-0.5, -1.0]));
        assert_eq!(answer.finish.name(), "unknown");
        let request = Request { row: 1, key: "k".to_owned(), messages: Vec::new(), sample: 2 };
        assert_eq!(answer.response(&request).logprob, Some(-1.5));
    }
}
