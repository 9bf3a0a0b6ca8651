//! Texts in the shapes that chat formats give them.

use heedful_datasets::json::type_name;
use serde_json::{Map, Value};

/// The text of a message's content: a text, or a list of parts whose texts are joined by line
/// breaks, as Inspect joins them. Parts of other types (reasoning, images) are no text; null is
/// none.
///
/// # Errors
/// Any other type.
pub(super) fn content(value: &Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| {
                let kind = part.get("type").and_then(Value::as_str);
                let is_text = matches!(kind, Some("text" | "output_text") | None);
                is_text.then(|| part.get("text").and_then(Value::as_str)).flatten()
            });
            Ok(Some(texts.collect::<Vec<_>>().join("\n")))
        }
        other => Err(format!("expected a text or parts, found {}", type_name(other))),
    }
}

/// Whether a message has reasoning beside its text: a part of that type, or a key of its own.
pub(super) fn reasoned(message: &Value) -> bool {
    let kind = |part: &Value| part.get("type").and_then(Value::as_str) == Some("reasoning");
    let parts = message.get("content").and_then(Value::as_array);
    let own = ["reasoning_content", "reasoning"].iter().filter_map(|key| message.get(*key));
    parts.is_some_and(|parts| parts.iter().any(kind))
        || own.filter_map(Value::as_str).any(|text| !text.is_empty())
}

/// The text under `key`: a text, or a list of messages, of which the last by `role` counts.
///
/// # Errors
/// Any other type, or messages of which none is by `role`.
pub(super) fn spoken(
    row: &Map<String, Value>,
    key: &str,
    role: &str,
) -> Result<Option<String>, String> {
    let fail = |problem: String| format!("key `{key}`: {problem}");
    match row.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Array(messages)) => {
            let by_role =
                |message: &&Value| message.get("role").and_then(Value::as_str) == Some(role);
            let last = messages.iter().rev().find(by_role);
            let last = last.ok_or_else(|| fail(format!("no message of the role `{role}`")))?;
            content(last.get("content").unwrap_or(&Value::Null)).map_err(fail)
        }
        Some(other) => {
            Err(fail(format!("expected a text or messages, found {}", type_name(other))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_and_messages_become_one_text() {
        let parts = json!([{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "a"},
                           {"type": "text", "text": "b"}]);
        assert_eq!(content(&parts), Ok(Some("a\nb".to_owned())));
        assert_eq!(content(&Value::Null), Ok(None));
        assert!(content(&json!(3)).unwrap_err().contains("a number"));
        let row = json!({
            "plain": "p", "none": null, "bad": 3,
            "chat": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
                     {"role": "user", "content": parts}],
        });
        let row = row.as_object().unwrap();
        assert_eq!(spoken(row, "plain", "user"), Ok(Some("p".to_owned())));
        assert_eq!(spoken(row, "chat", "user"), Ok(Some("a\nb".to_owned())));
        assert_eq!(spoken(row, "none", "user"), Ok(None));
        assert!(spoken(row, "bad", "user").unwrap_err().contains("key `bad`"));
        assert!(spoken(row, "chat", "assistant").unwrap_err().contains("`assistant`"));
    }
}
