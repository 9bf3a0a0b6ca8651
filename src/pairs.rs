//! The stage `pairs`: a ladder and its responses → labelled pairs of a response and a constraint.
//!
//! Level k of a ladder adds the constraint c_k. What answers level k, o_k, was asked to obey it;
//! what answers the level below, o_j with j = k - 1, was not. So (o_k, c_k) gets the label 1 and
//! (o_j, c_k) the label 0, for each sample (arXiv 2508.02150). With [`Reach::All`] each response is
//! paired with every constraint of its ladder: 1 for those that its prompt asks for.
//!
//! Such labels are guesses. `agreement.rs` tells how other samples are asked, `label.rs` how a
//! label is chosen, `noise.rs` what the manifest tells of it all.

mod agreement;
mod answers;
mod candidates;
mod classes;
mod label;
mod ladders;
mod noise;
mod rows;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use heedful_benchmarks::thinking::Policy;
use heedful_constraints::Profile;
use heedful_datasets::artifact::{self, Artifact, Start};
use heedful_datasets::digest;
use heedful_datasets::manifest::{Input, Manifest, Plan, Revision};
use heedful_datasets::pairs::{SCHEMA_VERSION, STAGE};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use answers::Answers;
use candidates::Candidates;
use ladders::Ladders;

/// What labels are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// The side alone, as published.
    Ladder,
    /// The rule's verdict where one decides, else the side.
    Rules,
    /// The side, where nothing speaks against it.
    Agreed,
}

/// Which constraints a response is paired with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// The newest of its prompt, and the one that the next level adds.
    Newest,
    /// All of its ladder.
    All,
}

impl FromStr for Labels {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Labels, String> {
        match name {
            "ladder" => Ok(Labels::Ladder),
            "rules" => Ok(Labels::Rules),
            "agreed" => Ok(Labels::Agreed),
            _ => Err(format!("unknown source `{name}`: expected `ladder`, `rules` or `agreed`")),
        }
    }
}

impl FromStr for Reach {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Reach, String> {
        match name {
            "newest" => Ok(Reach::Newest),
            "all" => Ok(Reach::All),
            _ => Err(format!("unknown reach `{name}`: expected `newest` or `all`")),
        }
    }
}

/// What is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The ladders: an artifact's folder, JSON Lines or Parquet.
    pub data: PathBuf,
    /// The responses to them: an artifact's folder, JSON Lines or Parquet.
    pub responses: PathBuf,
    /// The folder of artifacts.
    pub out: PathBuf,
    /// The artifact's name.
    pub name: String,
    /// What labels are taken from.
    pub labels: Labels,
    /// Which constraints a response is paired with.
    pub reach: Reach,
    /// The reading of the rules.
    pub profile: Profile,
    /// How reasoning is removed.
    pub thinking: Policy,
    /// The chat template writes the opening tag of the reasoning itself.
    pub prefilled: bool,
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
    pub pairs: u64,
    /// What the manifest counts.
    pub counts: Map<String, Value>,
}

/// Makes the pairs of `config`, or finds them; `progress` is told how many responses were judged.
///
/// # Errors
/// A file that cannot be read or written; a row that is no level of a ladder or no response;
/// nothing to pair.
pub fn run(config: &Config, progress: &dyn Fn(u64)) -> Result<Outcome> {
    let (data, responses) = (Source::of(&config.data)?, Source::of(&config.responses)?);
    let draft = match artifact::begin(&config.out, plan(config, &data, &responses))? {
        Start::Found(artifact) => return Ok(outcome(artifact, true)),
        Start::New(draft) => draft,
    };
    let ladders = Ladders::read(&config.data, &data.files, config.profile)?;
    let thinking = (&config.thinking, config.prefilled);
    let answers = Answers::read(&config.responses, &responses.files, &ladders, thinking)?;
    let mut candidates = Candidates::of(&ladders, &answers, config.reach);
    if candidates.list.is_empty() {
        let problem = "no level above 0 of a ladder of";
        let (data, responses) = (config.data.display(), config.responses.display());
        return Err(Error::usage(format!("{responses}: answers {problem} {data}")));
    }
    candidates.judge(&ladders.classes, &answers, progress);
    let fates = label::fates(&candidates.list, &ladders.classes, &answers, config.labels);
    let policy = responses.policy.as_deref();
    let made = rows::Made { ladders: &ladders, answers: &answers, policy };
    made.write(&draft, &candidates.list, &fates)?;
    let counts = noise::counts(&ladders, &answers, &candidates, &fates, config.labels, policy);
    Ok(outcome(draft.commit(counts, config.revision.clone())?, false))
}

fn outcome(artifact: Artifact, found: bool) -> Outcome {
    let Manifest { id, rows, counts, .. } = artifact.manifest;
    Outcome { id, path: artifact.path, found, pairs: rows, counts }
}

fn plan(config: &Config, data: &Source, responses: &Source) -> Plan {
    let both = || [data, responses].into_iter();
    Plan {
        stage: STAGE.to_owned(),
        name: config.name.clone(),
        config: json!({
            "labels": config.labels,
            "reach": config.reach,
            "thinking": config.thinking.to_string(),
            "prefilled": config.prefilled,
            "agreement": agreement::VERSION,
        }),
        seed: 0,
        parents: both().filter_map(|source| source.parent.clone()).collect(),
        inputs: both().filter_map(|source| source.input.clone()).collect(),
        schema_version: SCHEMA_VERSION,
        verifiers: vec![config.profile.version().to_owned()],
    }
}

/// Where rows come from.
struct Source {
    files: Vec<PathBuf>,
    parent: Option<String>,
    input: Option<Input>,
    policy: Option<String>,
}

impl Source {
    /// An artifact's folder, or a file.
    fn of(path: &Path) -> Result<Source> {
        if path.is_dir() {
            let artifact = artifact::open(path)?;
            let policy = artifact.manifest.counts.get("policy").and_then(Value::as_str);
            return Ok(Source {
                files: artifact.tables(None),
                policy: policy.map(str::to_owned),
                parent: Some(artifact.manifest.id),
                input: None,
            });
        }
        let (blake3, bytes) = digest::of_file(path)?;
        let input = Input { name: path.display().to_string(), blake3, bytes };
        let files = vec![path.to_owned()];
        Ok(Source { files, parent: None, input: Some(input), policy: None })
    }
}
