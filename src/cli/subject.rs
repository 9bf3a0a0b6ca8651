//! The part of `heedful eval` that asks the model under test.

use std::path::{Path, PathBuf};

use clap::Args;
use heedful_benchmarks::catalogue::{Benchmark, Scoring};
use heedful_benchmarks::reasoning::layout::Layout;
use heedful_datasets::manifest::Plan;
use serde_json::{Value, json};

use super::generate_endpoint::Line;
use super::generate_local::{self, Local, Typed};
use crate::error::{Error, Result};
use crate::generate::request::Sampling;
use crate::generate::{Job, STAGE, artifact, input};
use crate::place::Place;
use crate::{asked, revision};

/// The model under test.
#[derive(Debug, Args)]
pub(super) struct Subject {
    /// Ask this model: a checkpoint's name or path, or with --endpoint the server's name for it.
    #[arg(long, help_heading = "Model under test")]
    model: Option<String>,
    /// The address of its server, OpenAI-compatible: `http://host:port/v1`.
    #[arg(long, value_name = "URL", requires = "model", help_heading = "Model under test")]
    endpoint: Option<String>,
    /// The environment variable that holds that server's key.
    #[arg(long, value_name = "NAME", requires = "endpoint", help_heading = "Model under test")]
    api_key_env: Option<String>,
    /// Samples of each item; benchmarks with a judge take one.
    #[arg(
        short = 'n',
        long,
        value_name = "N",
        default_value_t = 1,
        requires = "model",
        help_heading = "Model under test"
    )]
    samples: u32,
    /// Temperature; by default the model's, or the server's.
    #[arg(long, value_name = "T", requires = "model", help_heading = "Model under test")]
    temperature: Option<f64>,
    /// Keep the likeliest tokens that hold this much of the probability.
    #[arg(long, value_name = "P", requires = "model", help_heading = "Model under test")]
    top_p: Option<f64>,
    /// The most tokens of a response; longer ones are cut, and told apart in the scores.
    #[arg(long, value_name = "N", requires = "model", help_heading = "Model under test")]
    max_tokens: Option<u32>,
    /// Of the samples.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        requires = "model",
        help_heading = "Model under test"
    )]
    seed: u64,
    /// A message of the system in front of each prompt.
    #[arg(long, value_name = "TEXT", requires = "model", help_heading = "Model under test")]
    system: Option<String>,
    #[command(flatten)]
    local: Local,
}

/// What is asked, and where the answers go.
pub(super) struct Asking<'a> {
    pub(super) benchmark: &'a Benchmark,
    pub(super) items: Option<&'a Path>,
    pub(super) layout: Option<Layout>,
    pub(super) out: &'a Path,
}

impl Subject {
    /// Whether a model is to be asked.
    pub(super) fn is_asked(&self) -> bool {
        self.model.is_some()
    }

    /// The model's name or path, if one is asked.
    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Asks the model what the benchmark asks: an artifact of responses. What an earlier run
    /// answered is not asked again.
    pub(super) fn answer(
        &self,
        asking: &Asking<'_>,
        line: &Line,
        (place, quiet): (Place, bool),
    ) -> Result<PathBuf> {
        let model = self.model.as_deref().ok_or_else(|| Error::usage("give --model"))?;
        if self.samples == 0 {
            return Err(Error::usage("-n 0: expected one sample or more"));
        }
        let Asking { benchmark, items, layout, .. } = *asking;
        let read = asked::input(benchmark, items, layout, self.system.as_deref())?;
        if !quiet {
            eprintln!("{}: {} prompts", benchmark.name, read.rows.len());
        }
        let outcome = match &self.endpoint {
            Some(url) => {
                let sampling = Sampling {
                    model: model.to_owned(),
                    temperature: self.temperature,
                    top_p: self.top_p,
                    max_tokens: self.max_tokens,
                    seed: Some(self.seed),
                    extra: line.extra()?,
                    ..Sampling::default()
                };
                sampling.check()?;
                let job = self.job(asking, json!(sampling), url.clone(), read);
                let settings = line.settings((url, self.api_key_env.as_deref()), sampling)?;
                line.complete(&job, &settings, quiet)?
            }
            None => {
                let typed = Typed {
                    model,
                    temperature: self.temperature,
                    top_p: self.top_p,
                    max_tokens: self.max_tokens,
                    stop: &[],
                    seed: self.seed,
                    place: Place { threads: rayon::current_num_threads(), ..place },
                };
                let (settings, identity) = self.local.settings(&typed)?;
                let policy = generate_local::policy(&settings.model);
                let job = self.job(asking, identity, policy, read);
                generate_local::run(&job, &settings, quiet)?
            }
        };
        Ok(outcome.path)
    }

    fn job(&self, asking: &Asking<'_>, sampling: Value, policy: String, read: input::Input) -> Job {
        let samples = match asking.benchmark.scoring {
            Scoring::Judge => 1,
            Scoring::Rules | Scoring::Answers => self.samples,
        };
        let config = json!({
            "benchmark": asking.benchmark.name,
            "sampling": sampling,
            "samples": samples,
            "system": self.system,
        });
        Job {
            out: asking.out.to_owned(),
            plan: Plan {
                stage: STAGE.to_owned(),
                name: format!("responses-{}", asking.benchmark.name),
                config,
                seed: self.seed,
                parents: read.parents,
                inputs: read.files,
                schema_version: artifact::SCHEMA_VERSION,
                verifiers: Vec::new(),
            },
            rows: read.rows,
            samples,
            policy,
            revision: revision::current(),
        }
    }
}
