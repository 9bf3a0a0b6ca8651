//! The part of `heedful generate` that asks a server, or exchanges batch files with one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use heedful_datasets::artifact::{self, Start};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::generate::cache::Cache;
use crate::generate::client::{Key, Server};
use crate::generate::cost::{Budget, Prices, Spent};
use crate::generate::endpoint::{self, Settings, Tally};
use crate::generate::request::Sampling;
use crate::generate::retry::Patience;
use crate::generate::{Job, Outcome, batch, complete, requests};
use crate::progress;

/// Where answers come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct Endpoint {
    /// The address of an OpenAI-compatible server: `http://host:port/v1`.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The environment variable that holds the server's key.
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    api_key_env: Option<String>,
    #[command(flatten)]
    line: Line,
    /// Write the open requests as an OpenAI batch file, and ask nobody.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["endpoint", "batch_in"])]
    batch_out: Option<PathBuf>,
    /// Take the answers from the results of such a batch.
    #[arg(long, value_name = "FILE", conflicts_with = "endpoint")]
    batch_in: Option<PathBuf>,
}

/// How servers are asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct Line {
    /// Further keys of the request's body, as a JSON object.
    #[arg(long, value_name = "JSON")]
    extra: Option<String>,
    /// Requests under way at once.
    #[arg(long, value_name = "N", default_value_t = 8)]
    concurrency: usize,
    /// Requests a minute.
    #[arg(long, value_name = "N")]
    rpm: Option<u32>,
    /// Tokens a minute, of prompts and responses together.
    #[arg(long, value_name = "N")]
    tpm: Option<u32>,
    /// Attempts at a request, the first included.
    #[arg(long, value_name = "N", default_value_t = 6)]
    attempts: u32,
    /// Seconds to wait for a connection.
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    connect_timeout: f64,
    /// Seconds without a byte after which an answer is given up.
    #[arg(long, value_name = "S", default_value_t = 300.0)]
    read_timeout: f64,
    /// Seconds for a whole answer.
    #[arg(long, value_name = "S", default_value_t = 1200.0)]
    timeout: f64,
    /// Ask for a stream of events: keeps connections alive that would be cut when silent.
    #[arg(long)]
    stream: bool,
    /// Keep answers in this folder, and ask for none that it holds.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Ask nobody: an answer that is not in the cache is an error.
    #[arg(long, requires = "cache")]
    offline: bool,
    /// Price of a million tokens of prompts, in US dollars: the cost is told.
    #[arg(long, value_name = "USD", requires = "price_out")]
    price_in: Option<f64>,
    /// Price of a million tokens written, in US dollars.
    #[arg(long, value_name = "USD", requires = "price_in")]
    price_out: Option<f64>,
    /// Ask nothing more once this much is spent, in US dollars; what is under way is still paid.
    #[arg(long, value_name = "USD", requires = "price_in")]
    max_cost: Option<f64>,
}

impl Endpoint {
    /// Whether a server or a batch file is asked for.
    pub(super) fn is_asked(&self) -> bool {
        self.endpoint.is_some() || self.batch_out.is_some() || self.batch_in.is_some()
    }

    /// Where answers come from, for the manifest.
    pub(super) fn policy(&self) -> String {
        self.endpoint.clone().unwrap_or_else(|| "batch".to_owned())
    }

    /// Makes the artifact of `job`; `None` when only a batch was written.
    pub(super) fn run(
        &self,
        job: &Job,
        sampling: Sampling,
        quiet: bool,
    ) -> Result<Option<Outcome>> {
        if let Some(path) = &self.batch_out {
            self.write_batch(job, &sampling, path, quiet)?;
            return Ok(None);
        }
        if let Some(path) = &self.batch_in {
            return complete(job, |requests, done| {
                let tally = batch::read(path, &sampling, requests, false, done)?;
                if tally.unknown > 0 && !quiet {
                    eprintln!("{}: {} lines to no request", path.display(), tally.unknown);
                }
                Ok(())
            })
            .map(Some);
        }
        let settings = self.settings(sampling)?;
        self.line.complete(job, &settings, quiet).map(Some)
    }

    /// The further keys of the body.
    pub(super) fn extra(&self) -> Result<Map<String, Value>> {
        self.line.extra()
    }

    /// How the server is asked.
    pub(super) fn settings(&self, sampling: Sampling) -> Result<Settings> {
        let url = self.endpoint.as_deref().ok_or_else(|| Error::usage("give --endpoint"))?;
        self.line.settings((url, self.api_key_env.as_deref()), sampling)
    }

    /// Writes all requests of `job` as a batch, unless its artifact is there.
    fn write_batch(&self, job: &Job, sampling: &Sampling, path: &Path, quiet: bool) -> Result<()> {
        if let Start::Found(artifact) = artifact::begin(&job.out, job.plan.clone())? {
            let found = artifact.path.display();
            return Err(Error::usage(format!("{found}: all is answered already")));
        }
        let all: Vec<_> = requests(&job.rows, job.samples).collect();
        batch::write(path, sampling, &all)?;
        if !quiet {
            eprintln!("{}: {} requests", path.display(), all.len());
        }
        Ok(())
    }
}

impl Line {
    /// The further keys of the body.
    pub(super) fn extra(&self) -> Result<Map<String, Value>> {
        let Some(text) = &self.extra else { return Ok(Map::new()) };
        match serde_json::from_str(text) {
            Ok(Value::Object(extra)) => Ok(extra),
            Ok(other) => Err(Error::usage(format!("--extra: expected an object, found {other}"))),
            Err(e) => Err(Error::usage(format!("--extra: no JSON: {e}"))),
        }
    }

    /// Makes the artifact of `job` by the server of `settings`.
    pub(super) fn complete(&self, job: &Job, settings: &Settings, quiet: bool) -> Result<Outcome> {
        let name = &job.plan.name;
        let bar = progress::bar(name, Some(0), quiet);
        let mut last = Tally::default();
        let tick = |tally: Tally| {
            bar.set_position(tally.answered);
            bar.set_message(format!("{name} · {} tokens", tally.tokens));
        };
        let outcome = complete(job, |requests, done| {
            bar.set_length(requests.len() as u64);
            last = endpoint::run(settings, requests, done, &tick)?;
            Ok(())
        });
        bar.finish_and_clear();
        let outcome = outcome?;
        if !quiet && last.answered > 0 {
            eprintln!("{}", Spent::new(last, self.prices()?).line());
        }
        Ok(outcome)
    }

    /// What tokens cost, where it was typed.
    pub(super) fn prices(&self) -> Result<Option<Prices>> {
        let (Some(prompt), Some(written)) = (self.price_in, self.price_out) else {
            return Ok(None);
        };
        let prompt = dollars("--price-in", prompt)?;
        Ok(Some(Prices { prompt, written: dollars("--price-out", written)? }))
    }

    fn budget(&self) -> Result<Option<Budget>> {
        let (Some(most), Some(prices)) = (self.max_cost, self.prices()?) else { return Ok(None) };
        Ok(Some(Budget { prices, most: dollars("--max-cost", most)?, spent: 0.0 }))
    }

    /// Whether there is a limit on the cost, and nowhere to keep answers.
    pub(super) fn wants_cache(&self) -> bool {
        self.max_cost.is_some() && self.cache.is_none()
    }

    /// How the server at `url` is asked, with the key in an environment variable.
    pub(super) fn settings(
        &self,
        (url, key): (&str, Option<&str>),
        sampling: Sampling,
    ) -> Result<Settings> {
        let mut server = Server::new(url);
        server.key = key.map(Key::from_env).transpose()?;
        server.connect = seconds("--connect-timeout", self.connect_timeout)?;
        server.silence = seconds("--read-timeout", self.read_timeout)?;
        server.total = seconds("--timeout", self.timeout)?;
        server.stream = self.stream;
        let seed = sampling.seed.unwrap_or(0);
        Ok(Settings {
            server,
            sampling,
            concurrency: self.concurrency,
            requests_per_minute: self.rpm,
            tokens_per_minute: self.tpm,
            patience: Patience { attempts: self.attempts.max(1), seed, ..Patience::default() },
            cache: self.cache.as_deref().map(Cache::open).transpose()?,
            offline: self.offline,
            budget: self.budget()?,
            kept: true,
            lenient: false,
        })
    }
}

fn dollars(option: &str, value: f64) -> Result<f64> {
    let good = (0.0..1e9).contains(&value).then_some(value);
    good.ok_or_else(|| Error::usage(format!("{option} {value}: expected dollars, 0 or more")))
}

fn seconds(option: &str, value: f64) -> Result<Duration> {
    let good = (0.001..1e6).contains(&value).then(|| Duration::from_secs_f64(value));
    good.ok_or_else(|| Error::usage(format!("{option} {value}: expected seconds above 0")))
}
