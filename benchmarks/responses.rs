//! Responses as files hold them.

use std::path::Path;

use heedful_datasets::artifact;
use heedful_datasets::error::{Error as DataError, Fault, FaultKind};
use heedful_datasets::json::parse_object;
use heedful_datasets::rows::{self, Options};
use heedful_datasets::source::{self, Limits, Source};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::fields;
use crate::finish::FinishReason;
use crate::lines;

/// One line or row of responses: `{prompt, response}`, or `key` or `id` in place of the prompt.
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
    /// The reasoning was given apart from the response.
    pub reasoned: bool,
    /// The line or row that it came from, from 1; of an artifact, through all of its tables.
    pub line: u64,
}

/// The stage whose artifacts are responses.
const STAGE: &str = "generate";

/// The columns of an artifact of responses that are read; log-probabilities stay on disk.
const COLUMNS: [&str; 5] = ["key", "prompt", "response", "finish_reason", "reasoning"];

/// Reads every response of a JSONL or Parquet file, or of an artifact's folder.
///
/// # Errors
/// A file that cannot be read, or a line that is no response; no response at all.
pub fn read(path: &Path) -> Result<Vec<Response>> {
    let mut list = Vec::new();
    if path.is_dir() {
        let options = Options { columns: Some(&COLUMNS), ..Options::default() };
        let found = artifact::open(path)?;
        if found.manifest.stage != STAGE {
            let stage = &found.manifest.stage;
            let problem = format!("is an artifact of the stage `{stage}`, expected `{STAGE}`");
            return Err(Error::content(path, problem));
        }
        for file in found.tables(None) {
            table(&file, options, &mut list)?;
        }
    } else {
        match source::open(path, Limits::default())? {
            Source::Lines(stream) => lines::of_stream(path, stream, |line, text| {
                let read = parse_object(text).map_err(|fault| fault.to_string());
                let read = read.and_then(|row| response(&row, line));
                list.push(read.map_err(|problem| Error::line(path, line, problem))?);
                Ok(())
            })?,
            Source::Parquet(file) => table(&file, Options::default(), &mut list)?,
            Source::Array(_) => return Err(lines::array(path)),
        }
    }
    if list.is_empty() {
        return Err(Error::content(path, "no response in it"));
    }
    Ok(list)
}

/// How many samples of each prompt were asked for; 1 where nothing tells.
///
/// # Errors
/// An artifact that cannot be read.
pub fn samples(path: &Path) -> Result<u64> {
    if !path.is_dir() {
        return Ok(1);
    }
    let manifest = artifact::open(path)?.manifest;
    Ok(manifest.counts.get("samples").and_then(Value::as_u64).unwrap_or(1))
}

/// Adds the rows of a Parquet file.
fn table(file: &Path, options: Options<'_>, list: &mut Vec<Response>) -> Result<()> {
    for row in rows::open(file, options)? {
        let row = row?;
        let read = response(&row.object, list.len() as u64 + 1);
        list.push(read.map_err(|problem| {
            DataError::row(row.place, Fault::of(FaultKind::WrongType, problem))
        })?);
    }
    Ok(())
}

fn response(row: &Map<String, Value>, line: u64) -> std::result::Result<Response, String> {
    let key = fields::name(row, &["key", "id"])?;
    let prompt = fields::text(row, "prompt")?.map(str::to_owned);
    if key.is_none() && prompt.is_none() {
        return Err("neither `prompt` nor `key` nor `id`".to_owned());
    }
    if !row.contains_key("response") {
        return Err("key `response` is missing".to_owned());
    }
    let answer = fields::text(row, "response")?.map(str::to_owned);
    let finish_reason = fields::text(row, "finish_reason")?.map(FinishReason::named);
    let apart = ["reasoning", "reasoning_content"].iter();
    let reasoned = apart.filter_map(|key| row.get(*key)?.as_str()).any(|text| !text.is_empty());
    Ok(Response { key, prompt, text: answer, finish_reason, reasoned, line })
}

#[cfg(test)]
pub(crate) fn from_text(text: &str) -> Vec<Response> {
    let lines = text.lines().enumerate();
    lines.map(|(at, line)| response(&parse_object(line).unwrap(), at as u64 + 1).unwrap()).collect()
}

#[cfg(test)]
mod tests {
    use heedful_datasets::flat::{Cell, Kind, Writer};

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
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("responses.jsonl");
            std::fs::write(&path, line).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error} lacks {expected}");
        }
    }

    #[test]
    fn a_table_is_read_as_its_lines_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("responses.parquet");
        let columns = ["key", "prompt", "response", "finish_reason"].map(|name| (name, Kind::Text));
        let mut writer = Writer::create(&path, &columns).unwrap();
        let cells = |cells: [&'static str; 4]| cells.map(Cell::Text);
        writer.push(&cells(["1", "p", "a\nb", "length"])).unwrap();
        writer.push(&[Cell::Text("2"), Cell::Null, Cell::Null, Cell::Null]).unwrap();
        writer.finish().unwrap();
        let lines = from_text(
            "{\"key\":1,\"prompt\":\"p\",\"response\":\"a\\nb\",\"finish_reason\":\"length\"}\n\
             {\"key\":2,\"response\":null}",
        );
        assert_eq!(read(&path).unwrap(), lines);
    }

    #[test]
    fn a_row_that_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("responses.parquet");
        let mut writer = Writer::create(&path, &[("key", Kind::Text)]).unwrap();
        writer.push(&[Cell::Text("1")]).unwrap();
        writer.finish().unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("responses.parquet") && error.contains("row 1"), "{error}");
        assert!(error.contains("`response` is missing"), "{error}");
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("manifest"), "{error}");
    }

    #[test]
    fn a_null_is_no_response() {
        assert_eq!(from_text(r#"{"key": 3, "response": null}"#)[0].text, None);
    }
}
