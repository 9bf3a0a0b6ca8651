//! OpenAI batch files: questions out, answers in, joined by `custom_id` in any order.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Value, json};

use super::answer::{self, error_message};
use super::request::{Sampling, custom_id};
use super::{Done, Request};
use crate::error::{Error, Result};
use crate::whole;

/// The most lines that OpenAI takes in one file.
pub const MOST: usize = 50_000;

/// How many lines with an error are told.
const SHOWN: usize = 5;

/// The longest line that is read, in bytes.
const LONGEST: u64 = 64 << 20;

/// Writes a line for each of `requests` to `path`, whole or not at all.
///
/// # Errors
/// A file that cannot be written; more requests than one file may hold.
pub fn write(path: &Path, sampling: &Sampling, requests: &[Request]) -> Result<()> {
    sampling.check()?;
    if requests.len() > MOST {
        let (n, shown) = (requests.len(), path.display());
        let hint = "take fewer by --limit, or fewer samples";
        return Err(Error::usage(format!("{shown}: {n} requests, a batch holds {MOST}; {hint}")));
    }
    whole::write(path, |out| {
        for request in requests {
            let body = sampling.body(request);
            let line = json!({
                "custom_id": custom_id(&body, request),
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": body,
            });
            writeln!(out, "{line}").map_err(|e| Error::io(path, e))?;
        }
        Ok(())
    })
}

/// What a file of results held.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Requests that were answered.
    pub answered: u64,
    /// Lines to no request that is still open.
    pub unknown: u64,
    /// Lines with an error in place of an answer.
    pub failed: u64,
    /// What the first of these say.
    #[serde(skip)]
    pub problems: Vec<String>,
}

/// What is said where `open` of `all` requests got no answer in the results at `path`.
pub fn unanswered(path: &Path, open: usize, all: usize, tally: &Tally) -> Error {
    let shown = match tally.problems.is_empty() {
        true => format!("{} lines belong to no request", tally.unknown),
        false => tally.problems.join("; "),
    };
    let path = path.display();
    Error::usage(format!("{path}: {open} of {all} requests got no answer: {shown}"))
}

/// Reads the results at `path` to `requests`; answers go to `done`.
///
/// # Errors
/// A file that cannot be read, or a line that is no result; after all lines, the errors in them
/// and the requests without a line, but not with `lenient`.
pub fn read(
    path: &Path,
    sampling: &Sampling,
    requests: &[Request],
    lenient: bool,
    done: Done<'_>,
) -> Result<Tally> {
    let ids: HashMap<String, usize> = requests
        .iter()
        .enumerate()
        .map(|(at, request)| (custom_id(&sampling.body(request), request), at))
        .collect();
    let mut file = BufReader::new(File::open(path).map_err(|e| Error::io(path, e))?);
    let (mut tally, mut seen) = (Tally::default(), HashSet::new());
    let mut responses = Vec::new();
    for number in 1u64.. {
        let mut line = Vec::new();
        let limited = std::io::Read::take(&mut file, LONGEST).read_until(b'\n', &mut line);
        if limited.map_err(|e| Error::io(path, e))? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let wrong =
            |what: String| Error::usage(format!("{}: line {number}: {what}", path.display()));
        let value: Value = serde_json::from_slice(&line).map_err(|e| wrong(e.to_string()))?;
        let id = value.get("custom_id").and_then(Value::as_str);
        let id = id.ok_or_else(|| wrong("key `custom_id` is missing".to_owned()))?;
        match ids.get(id).filter(|at| !seen.contains(*at)) {
            None => tally.unknown += 1,
            Some(&at) => match result(&value) {
                Ok(answer) => {
                    seen.insert(at);
                    tally.answered += 1;
                    responses.push(answer.response(&requests[at]));
                }
                Err(problem) => {
                    tally.failed += 1;
                    let request = &requests[at];
                    let name = format!("key `{}` sample {}", request.key, request.sample);
                    if tally.problems.len() < SHOWN {
                        tally.problems.push(format!("line {number}: {name}: {problem}"));
                    }
                }
            },
        }
    }
    if !responses.is_empty() {
        done(responses)?;
    }
    let open = requests.len() - seen.len();
    if open > 0 && !lenient {
        return Err(unanswered(path, open, requests.len(), &tally));
    }
    Ok(tally)
}

/// The answer of one line.
fn result(line: &Value) -> std::result::Result<answer::Answer, String> {
    if let Some(problem) = error_message(line) {
        return Err(problem);
    }
    let response = line.get("response").ok_or("key `response` is missing")?;
    let body = response.get("body").ok_or("key `response.body` is missing")?;
    let status = response.get("status_code").and_then(Value::as_u64).unwrap_or(200);
    if status != 200 {
        let message = error_message(body).unwrap_or_default();
        return Err(format!("status {status}: {message}"));
    }
    answer::read(body.to_string().as_bytes()).map_err(|problem| format!("the answer {problem}"))
}

#[cfg(test)]
mod tests {
    use heedful_models::chat::Message;

    use super::*;
    use crate::generate::Response;

    fn requests() -> Vec<Request> {
        let request = |at: usize| Request {
            row: at / 2,
            key: format!("k{}", at / 2),
            messages: vec![Message::user("the same")],
            sample: (at % 2) as u32,
        };
        (0..4).map(request).collect()
    }

    fn lines(path: &Path) -> Vec<Value> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn questions_go_out_and_answers_come_in_any_order() {
        let folder = tempfile::tempdir().unwrap();
        let sampling = Sampling { model: "m".to_owned(), ..Sampling::default() };
        let (out, back) = (folder.path().join("out.jsonl"), folder.path().join("in.jsonl"));
        write(&out, &sampling, &requests()).unwrap();
        let asked = lines(&out);
        let ids: HashSet<&str> = asked.iter().map(|l| l["custom_id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 4);
        assert!(ids.iter().all(|id| id.len() == 32));
        assert_eq!(asked[0]["body"]["model"], "m");
        let answered = |line: &Value| {
            let choice =
                json!({"message": {"content": line["custom_id"]}, "finish_reason": "stop"});
            let body = json!({"choices": [choice]});
            let id = &line["custom_id"];
            let response = json!({"status_code": 200, "body": body});
            json!({"id": "x", "custom_id": id, "response": response, "error": null}).to_string()
        };
        let mut text: Vec<String> = asked.iter().rev().map(answered).collect();
        text.push(json!({"custom_id": "stranger", "response": {}}).to_string());
        std::fs::write(&back, text.join("\n")).unwrap();
        let mut got: Vec<Response> = Vec::new();
        let tally = read(&back, &sampling, &requests(), false, &mut |more| {
            got.extend(more);
            Ok(())
        });
        let tally = tally.unwrap();
        assert_eq!((tally.answered, tally.unknown, tally.failed), (4, 1, 0));
        for (response, line) in got.iter().zip(asked.iter().rev()) {
            assert_eq!(response.text, line["custom_id"]);
        }
    }

    #[test]
    fn errors_are_named_and_what_was_answered_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let sampling = Sampling { model: "m".to_owned(), ..Sampling::default() };
        let path = folder.path().join("in.jsonl");
        let requests = requests();
        let id = |at: usize| custom_id(&sampling.body(&requests[at]), &requests[at]);
        let good = json!({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]});
        let bad = json!({"error": {"message": "too long"}});
        let text = [
            json!({"custom_id": id(2), "response": {"status_code": 200, "body": good}}),
            json!({"custom_id": id(1), "response": {"status_code": 400, "body": bad}}),
            json!({"custom_id": id(0), "error": {"code": "expired", "message": "expired"}}),
        ];
        std::fs::write(&path, text.map(|line| line.to_string()).join("\n")).unwrap();
        let mut got = Vec::new();
        let error = read(&path, &sampling, &requests, false, &mut |more| {
            got.extend(more);
            Ok(())
        });
        let error = error.unwrap_err().to_string();
        for part in ["3 of 4", "line 2", "`k0` sample 1", "status 400: too long", "expired"] {
            assert!(error.contains(part), "{error} lacks {part}");
        }
        assert_eq!(got.len(), 1);
        // Of a judge the others are abstentions.
        let tally = read(&path, &sampling, &requests, true, &mut |_| Ok(())).unwrap();
        assert_eq!((tally.answered, tally.failed, tally.problems.len()), (1, 2, 2));
        std::fs::write(&path, "{\"id\": 1}\n").unwrap();
        let error =
            read(&path, &sampling, &requests, false, &mut |_| Ok(())).unwrap_err().to_string();
        assert!(error.contains("line 1: key `custom_id`"), "{error}");
    }
}
