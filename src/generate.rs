//! The stage `generate`: prompts × a policy → responses.
//!
//! A policy answers requests in any order; what it answered goes to a journal at once, and becomes
//! an artifact when all is there. So a kill loses what was under way, and a second run goes on.

pub mod answer;
pub mod artifact;
pub mod batch;
pub mod cache;
pub mod client;
pub mod cost;
pub mod endpoint;
pub mod input;
pub mod journal;
pub mod limits;
pub mod local;
pub mod request;
pub mod retry;
pub mod sse;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use heedful_benchmarks::finish::FinishReason;
use heedful_datasets::artifact::{Artifact, Start};
use heedful_datasets::manifest::{Plan, Revision};
use heedful_models::chat::Message;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use input::Row;
use journal::Journal;

/// The stage's name in manifests.
pub const STAGE: &str = "generate";

/// One sample asked for. Requests of one row differ in `sample` alone and are neighbours.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The number of the row in the input, from 0.
    pub row: usize,
    /// The id of the row.
    pub key: String,
    /// The chat; a plain prompt is one message of the user.
    pub messages: Vec<Message>,
    /// Which of the samples of the row, from 0.
    pub sample: u32,
}

/// What came back; `row` and `sample` are those of the request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The number of the row in the input, from 0.
    pub row: usize,
    /// The id of the row.
    pub key: String,
    /// Which of the samples of the row, from 0.
    pub sample: u32,
    /// What the model wrote, reasoning in tags left where it stands.
    pub text: String,
    /// The reasoning: the server's own field, or what stands between tags.
    pub reasoning: Option<String>,
    /// Why the model stopped.
    pub finish: FinishReason,
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u32>,
    /// Tokens written.
    pub tokens: Option<u32>,
    /// The sum of `logprobs`.
    pub logprob: Option<f64>,
    /// The log-probability of each token written.
    pub logprobs: Option<Vec<f32>>,
    /// The tokens written.
    pub ids: Option<Vec<u32>>,
}

/// What is to be answered, and where the answers go.
#[derive(Debug, Clone)]
pub struct Job {
    /// The folder of artifacts.
    pub out: PathBuf,
    /// All that the answers depend on.
    pub plan: Plan,
    /// The prompts.
    pub rows: Vec<Row>,
    /// Samples of each prompt.
    pub samples: u32,
    /// Where the answers come from, for the manifest: no part of the id.
    pub policy: String,
    /// The code that runs.
    pub revision: Revision,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The artifact's id.
    pub id: String,
    /// The artifact's folder.
    pub path: PathBuf,
    /// Whether it was there already and no work was done.
    pub found: bool,
    /// Its rows.
    pub responses: u64,
    /// Of these, taken from the journal of an earlier run.
    pub resumed: u64,
    /// Of these, cut by the limit on tokens.
    pub truncated: u64,
}

/// Where answers go as they come, in any order.
pub type Done<'a> = &'a mut dyn FnMut(Vec<Response>) -> Result<()>;

/// Makes the artifact of `job`, or finds it: `run` gets the requests that no earlier run answered.
///
/// # Errors
/// As `run`; files that cannot be read or written; requests that `run` left without an answer.
pub fn complete(
    job: &Job,
    run: impl FnOnce(&[Request], Done<'_>) -> Result<()>,
) -> Result<Outcome> {
    let draft = match heedful_datasets::artifact::begin(&job.out, job.plan.clone())? {
        Start::Found(artifact) => return Ok(outcome(&artifact, 0, true)),
        Start::New(draft) => draft,
    };
    let path = journal_path(&job.out, &job.plan);
    let (mut journal, mut responses) = Journal::open(&path, draft.id())?;
    let resumed = responses.len() as u64;
    let done: HashSet<(usize, u32)> = responses.iter().map(|r| (r.row, r.sample)).collect();
    let requests: Vec<Request> =
        requests(&job.rows, job.samples).filter(|r| !done.contains(&(r.row, r.sample))).collect();
    if !requests.is_empty() {
        run(&requests, &mut |more| {
            responses.extend(journal.append(&more)?);
            Ok(())
        })?;
    }
    responses.sort_by_key(|response| (response.row, response.sample));
    responses.dedup_by_key(|response| (response.row, response.sample));
    let wanted = job.rows.len() * job.samples as usize;
    if responses.len() != wanted {
        let missing = wanted - responses.len();
        return Err(Error::usage(format!("{missing} of {wanted} requests got no response")));
    }
    let artifact = artifact::write(draft, job, &responses)?;
    journal.remove()?;
    Ok(outcome(&artifact, resumed, false))
}

/// Every sample of every row, in order.
pub fn requests(rows: &[Row], samples: u32) -> impl Iterator<Item = Request> {
    rows.iter().enumerate().flat_map(move |(row, content)| {
        (0..samples).map(move |sample| Request {
            row,
            key: content.key.clone(),
            messages: content.messages.clone(),
            sample,
        })
    })
}

fn outcome(artifact: &Artifact, resumed: u64, found: bool) -> Outcome {
    let count = |key: &str| artifact.manifest.counts.get(key).and_then(serde_json::Value::as_u64);
    Outcome {
        id: artifact.manifest.id.clone(),
        path: artifact.path.clone(),
        found,
        responses: artifact.manifest.rows,
        resumed,
        truncated: count("truncated").unwrap_or(0),
    }
}

/// The journal of the artifact of `plan`, beside where it will be.
pub fn journal_path(out: &Path, plan: &Plan) -> PathBuf {
    out.join(format!("{}.journal", plan.folder()))
}

#[cfg(test)]
mod tests;
