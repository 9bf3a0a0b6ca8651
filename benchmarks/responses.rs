//! Responses as files hold them.

use std::path::Path;

use heedful_datasets::json::parse_object;

use crate::error::{Error, Result};
use crate::fields;
use crate::finish::FinishReason;
use crate::lines::for_each;

/// One line of a response file: `{prompt, response}`, or `key` or `id` in place of the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The item's name, if given.
    pub key: Option<String>,
    /// The item's prompt, if given.
    pub prompt: Option<String>,
    /// What the model wrote; `None` for a null, which is no response.
    pub text: Option<String>,
    /// Why the model stopped, if told.
    pub finish_reason: Option<FinishReason>,
    /// The line that it came from, from 1.
    pub line: u64,
}

/// Reads every response of a file.
///
/// # Errors
/// A file that cannot be read, or a line that is no response; an empty file.
pub fn read(path: &Path) -> Result<Vec<Response>> {
    let mut list = Vec::new();
    for_each(path, |line, text| {
        list.push(response(text, line).map_err(|problem| Error::line(path, line, problem))?);
        Ok(())
    })?;
    if list.is_empty() {
        return Err(Error::content(path, "no response in it"));
    }
    Ok(list)
}

fn response(text: &str, line: u64) -> std::result::Result<Response, String> {
    let row = parse_object(text).map_err(|fault| fault.to_string())?;
    let key = fields::name(&row, &["key", "id"])?;
    let prompt = fields::text(&row, "prompt")?.map(str::to_owned);
    if key.is_none() && prompt.is_none() {
        return Err("neither `prompt` nor `key` nor `id`".to_owned());
    }
    if !row.contains_key("response") {
        return Err("key `response` is missing".to_owned());
    }
    let answer = fields::text(&row, "response")?.map(str::to_owned);
    let finish_reason = fields::text(&row, "finish_reason")?.map(FinishReason::named);
    Ok(Response { key, prompt, text: answer, finish_reason, line })
}

#[cfg(test)]
pub(crate) fn from_text(text: &str) -> Vec<Response> {
    let lines = text.lines().enumerate();
    lines.map(|(at, line)| response(line, at as u64 + 1).unwrap()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_needs_a_name_and_a_response() {
        for (line, expected) in [
            (r#"{"response": "x"}"#, "neither"),
            (r#"{"prompt": "p"}"#, "`response` is missing"),
            (r#"{"prompt": "p", "response": ["x"]}"#, "found a list"),
            (r#"{"key": [], "response": "x"}"#, "found a list"),
            (r#"{"prompt": "p", "prompt": "q", "response": "x"}"#, "stands twice"),
        ] {
            let error = response(line, 1).unwrap_err();
            assert!(error.contains(expected), "{error} lacks {expected}");
        }
    }

    #[test]
    fn a_null_is_no_response() {
        assert_eq!(from_text(r#"{"key": 3, "response": null}"#)[0].text, None);
    }
}
