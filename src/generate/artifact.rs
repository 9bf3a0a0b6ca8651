//! Responses as an artifact: a Parquet table with a row a sample, and a manifest.

use heedful_datasets::artifact::{Artifact, Draft};
use heedful_datasets::flat::{Cell, Kind, Writer};
use serde_json::{Map, Value, json};

use super::{Job, Response};
use crate::error::{Error, Result};

/// The version of the table's columns.
pub const SCHEMA_VERSION: u32 = 1;

const COLUMNS: [(&str, Kind); 11] = [
    ("key", Kind::Text),
    ("prompt", Kind::Text),
    ("sample", Kind::Int),
    ("response", Kind::Text),
    ("reasoning", Kind::Text),
    ("finish_reason", Kind::Text),
    ("prompt_tokens", Kind::Int),
    ("tokens", Kind::Int),
    ("logprob", Kind::Double),
    ("logprobs", Kind::Floats),
    ("token_ids", Kind::Ids),
];

/// Writes `responses`, in the order of rows and samples, and makes the artifact whole. Its bytes
/// depend on the rows and the responses alone.
///
/// # Errors
/// Files that cannot be written; a response to no row.
pub fn write(draft: Draft, job: &Job, responses: &[Response]) -> Result<Artifact> {
    let folder = draft.folder().join("data");
    std::fs::create_dir(&folder).map_err(|e| Error::io(&folder, e))?;
    let mut writer = Writer::create(&folder.join("responses-00000-of-00001.parquet"), &COLUMNS)?;
    for response in responses {
        let row = job.rows.get(response.row).ok_or_else(|| {
            Error::usage(format!("a response to row {} of {}", response.row, job.rows.len()))
        })?;
        let int = |value: Option<u32>| value.map_or(Cell::Null, |value| Cell::Int(value.into()));
        writer.push(&[
            Cell::Text(&response.key),
            Cell::Text(&row.prompt),
            Cell::Int(response.sample.into()),
            Cell::Text(&response.text),
            response.reasoning.as_deref().map_or(Cell::Null, Cell::Text),
            Cell::Text(response.finish.name()),
            int(response.prompt_tokens),
            int(response.tokens),
            response.logprob.map_or(Cell::Null, Cell::Double),
            response.logprobs.as_deref().map_or(Cell::Null, Cell::Floats),
            response.ids.as_deref().map_or(Cell::Null, Cell::Ids),
        ])?;
    }
    writer.finish()?;
    Ok(draft.commit(counts(job, responses), job.revision.clone())?)
}

fn counts(job: &Job, responses: &[Response]) -> Map<String, Value> {
    let sum = |of: fn(&Response) -> Option<u32>| -> u64 {
        responses.iter().filter_map(of).map(u64::from).sum()
    };
    let mut reasons: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for response in responses {
        *reasons.entry(response.finish.name()).or_default() += 1;
    }
    let mut counts = Map::new();
    counts.insert("policy".to_owned(), json!(job.policy));
    counts.insert("prompts".to_owned(), json!(job.rows.len()));
    counts.insert("samples".to_owned(), json!(job.samples));
    counts.insert("truncated".to_owned(), json!(reasons.get("length").unwrap_or(&0)));
    counts.insert("finish_reasons".to_owned(), json!(reasons));
    counts.insert("prompt_tokens".to_owned(), json!(sum(|r| r.prompt_tokens)));
    counts.insert("tokens".to_owned(), json!(sum(|r| r.tokens)));
    counts
}
