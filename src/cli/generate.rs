//! `heedful generate`: responses of a policy to prompts, as an artifact.

use std::path::PathBuf;

use clap::Args;
use heedful_datasets::manifest::Plan;
use serde_json::{Value, json};

use super::generate_endpoint::Endpoint;
use super::generate_local::{self, Local, Typed};
use crate::error::{Error, Result};
use crate::generate::request::Sampling;
use crate::generate::{Job, Outcome, STAGE, artifact, input};
use crate::place::Place;
use crate::revision;

/// Sample responses to prompts, from a checkpoint or a model behind an OpenAI-compatible server.
///
/// What was answered is on disk at once: a run that was cut goes on where it was when it is typed
/// again, and one that is complete is not repeated. The rows are sorted by prompt and sample, so
/// that the same answers make the same bytes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful generate --data prompts.jsonl --model smollm2-135m -n 8 --max-tokens 256
  heedful generate --data out/default-1a2b3c4d5e6f -n 8 --model m --endpoint http://localhost:80/v1
  heedful generate --data p.jsonl --model m --endpoint https://host/v1 --api-key-env KEY --rpm 60
  heedful generate --data prompts.jsonl --model m --batch-out batch.jsonl
  heedful generate --data prompts.jsonl --model m --batch-in results.jsonl")]
pub(super) struct Generate {
    /// The prompts: a dataset's folder, JSONL or Parquet with `prompt` (a text or a chat) or
    /// `messages`.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// The model: a checkpoint's name or path, or with --endpoint the server's name for it.
    #[arg(long)]
    model: String,
    /// Samples of each prompt.
    #[arg(short, long = "samples", value_name = "N", default_value_t = 1)]
    n: u32,
    /// Take only the first so many prompts.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// A message of the system, in front of chats that have none.
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// Temperature; by default the server's.
    #[arg(long)]
    temperature: Option<f64>,
    /// Keep the likeliest tokens that hold this much of the probability.
    #[arg(long, value_name = "P")]
    top_p: Option<f64>,
    /// The most tokens of a response; by default the server's limit. Longer ones are cut, and told
    /// by their finish reason.
    #[arg(long, value_name = "N")]
    max_tokens: Option<u32>,
    /// A text that ends a response; may stand several times.
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    /// Of the samples. A server is asked for sample i of a prompt with this plus i.
    #[arg(long)]
    seed: Option<u64>,
    /// The folder to write the artifact into.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// The name that the artifact's folder begins with.
    #[arg(long, default_value = "responses")]
    name: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    endpoint: Endpoint,
    #[command(flatten)]
    local: Local,
}

impl Generate {
    pub(super) fn run(self, place: Place, quiet: bool) -> Result<bool> {
        if self.n == 0 {
            return Err(Error::usage("-n 0: expected one sample or more"));
        }
        if !self.endpoint.is_asked() {
            return self.run_local(place, quiet);
        }
        let sampling = Sampling {
            model: self.model.clone(),
            temperature: self.temperature,
            top_p: self.top_p,
            max_tokens: self.max_tokens,
            stop: self.stop.clone(),
            seed: self.seed,
            extra: self.endpoint.extra()?,
        };
        sampling.check()?;
        let read = input::read(&self.data, self.limit, self.system.as_deref())?;
        let job = self.job(json!(sampling), self.endpoint.policy(), read)?;
        match self.endpoint.run(&job, sampling, quiet)? {
            Some(outcome) => self.told(&outcome, quiet),
            None => Ok(true),
        }
    }

    /// By a checkpoint on this machine.
    fn run_local(&self, place: Place, quiet: bool) -> Result<bool> {
        let typed = Typed {
            model: &self.model,
            temperature: self.temperature,
            top_p: self.top_p,
            max_tokens: self.max_tokens,
            stop: &self.stop,
            seed: self.seed.unwrap_or(0),
            place: Place { threads: rayon::current_num_threads(), ..place },
        };
        let (settings, identity) = self.local.settings(&typed)?;
        let read = input::read(&self.data, self.limit, self.system.as_deref())?;
        let job = self.job(identity, generate_local::policy(&settings.model), read)?;
        self.told(&generate_local::run(&job, &settings, quiet)?, quiet)
    }

    fn job(&self, sampling: Value, policy: String, read: input::Input) -> Result<Job> {
        let config = json!({
            "sampling": sampling,
            "samples": self.n,
            "limit": self.limit,
            "system": self.system,
        });
        Ok(Job {
            out: self.out.clone(),
            plan: Plan {
                stage: STAGE.to_owned(),
                name: self.name.clone(),
                config,
                seed: self.seed.unwrap_or(0),
                parents: read.parents,
                inputs: read.files,
                schema_version: artifact::SCHEMA_VERSION,
                verifiers: Vec::new(),
            },
            rows: read.rows,
            samples: self.n,
            policy,
            revision: revision::current(),
        })
    }

    fn told(&self, outcome: &Outcome, quiet: bool) -> Result<bool> {
        if self.json {
            super::print_json(outcome)?;
        } else {
            super::print(&format!("{}\n", outcome.path.display()))?;
        }
        if !quiet {
            let Outcome { responses, resumed, truncated, .. } = outcome;
            let there = if outcome.found { ", there already" } else { "" };
            eprintln!(
                "{responses} responses{there}, {resumed} from an earlier run, {truncated} cut by \
                 the limit on tokens"
            );
        }
        Ok(true)
    }
}
