//! The policy behind an OpenAI-compatible server: many requests under way, within its limits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;

use super::answer::Answer;
use super::cache::Cache;
use super::client::{Client, Server};
use super::cost::Budget;
use super::limits::Limits;
use super::request::{Sampling, digest};
use super::retry::{Patience, Trouble};
use super::{Done, Request};
use crate::error::{Error, Result};

/// How a run asks.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where.
    pub server: Server,
    /// What.
    pub sampling: Sampling,
    /// Requests under way at once.
    pub concurrency: usize,
    /// Requests a minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute, of prompts and responses together.
    pub tokens_per_minute: Option<u32>,
    /// What is tried again.
    pub patience: Patience,
    /// Where answers are kept between runs.
    pub cache: Option<Cache>,
    /// Ask nobody: what is not in the cache is an error.
    pub offline: bool,
    /// What may be spent.
    pub budget: Option<Budget>,
    /// Whether the caller keeps what it is given when the run fails.
    pub kept: bool,
    /// Requests that stay without an answer are no error where others have one; nor is a refusal
    /// (400) of one of them, such as of too long a prompt.
    pub lenient: bool,
}

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Requests that were answered.
    pub answered: u64,
    /// Of these, from the cache.
    pub cached: u64,
    /// Questions sent, the repeated ones included.
    pub attempts: u64,
    /// Tokens of prompts, as the server counts them; none from the cache.
    pub prompt_tokens: u64,
    /// Tokens written, as the server counts them; none from the cache.
    pub tokens: u64,
    /// Answers, none from the cache, that the server did not count the tokens of.
    pub unmetered: u64,
}

impl Tally {
    /// What two runs did together.
    pub fn plus(self, other: Tally) -> Tally {
        Tally {
            answered: self.answered + other.answered,
            cached: self.cached + other.cached,
            attempts: self.attempts + other.attempts,
            prompt_tokens: self.prompt_tokens + other.prompt_tokens,
            tokens: self.tokens + other.tokens,
            unmetered: self.unmetered + other.unmetered,
        }
    }

    /// Adds an answer with so many tokens in its prompt and its text.
    pub fn add(&mut self, prompt_tokens: Option<u32>, tokens: Option<u32>) {
        self.answered += 1;
        self.prompt_tokens += u64::from(prompt_tokens.unwrap_or(0));
        self.tokens += u64::from(tokens.unwrap_or(0));
        self.unmetered += u64::from(prompt_tokens.is_none() || tokens.is_none());
    }
}

/// A request that is under way.
struct Errand {
    index: usize,
    body: Value,
    digest: String,
    /// A guess at its tokens.
    tokens: u32,
}

/// What became of an errand.
struct Return {
    index: usize,
    digest: String,
    attempts: u64,
    outcome: std::result::Result<Answer, Trouble>,
}

/// Asks for all of `requests`; answers go to `done` as they come. `tick` is told after each what
/// was done so far.
///
/// A request that stays without an answer does not stop the others; a refusal that would meet
/// all of them does, at once.
///
/// # Errors
/// The server's refusal; at the end, the requests that got no answer; files that cannot be read
/// or written; in an offline run, what is not in the cache; a budget that is spent.
pub fn run(
    settings: &Settings,
    requests: &[Request],
    done: Done<'_>,
    tick: &dyn Fn(Tally),
) -> Result<Tally> {
    settings.sampling.check()?;
    let client = Client::new(&settings.server)?;
    let mut tally = Tally::default();
    let errands = from_cache(settings, requests, done, &mut tally)?;
    tick(tally);
    if errands.is_empty() {
        return Ok(tally);
    }
    if settings.offline {
        let (first, n) = (&requests[errands[0].index], errands.len());
        let problem = format!("--offline: {n} of {} answers are not in the cache", requests.len());
        return Err(Error::usage(format!("{problem}, first {}", named(first))));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Error::usage(format!("no runtime: {e}")))?;
    runtime.block_on(ask_all(settings, client, requests, errands, done, &mut tally, tick))?;
    Ok(tally)
}

/// Answers what the cache holds, and gives what is left to ask.
fn from_cache(
    settings: &Settings,
    requests: &[Request],
    done: Done<'_>,
    tally: &mut Tally,
) -> Result<Vec<Errand>> {
    let (mut errands, mut held) = (Vec::new(), Vec::new());
    for (index, request) in requests.iter().enumerate() {
        let body = settings.sampling.body(request);
        let digest = digest(&body, request.sample);
        let found = settings.cache.as_ref().map(|cache| cache.get(&digest)).transpose()?.flatten();
        if let Some(answer) = found {
            held.push(answer.response(request));
            (tally.cached, tally.answered) = (tally.cached + 1, tally.answered + 1);
        } else {
            // About four bytes a token; what will be written is not known, so its limit counts.
            let prompt = (body.to_string().len() / 4) as u32;
            let tokens = prompt + settings.sampling.max_tokens.unwrap_or(512);
            errands.push(Errand { index, body, digest, tokens });
        }
    }
    if !held.is_empty() {
        done(held)?;
    }
    Ok(errands)
}

async fn ask_all(
    settings: &Settings,
    client: Client,
    requests: &[Request],
    errands: Vec<Errand>,
    done: Done<'_>,
    tally: &mut Tally,
    tick: &dyn Fn(Tally),
) -> Result<()> {
    let (rpm, tpm) = (settings.requests_per_minute, settings.tokens_per_minute);
    let limits = Arc::new(Mutex::new(Limits::new(rpm, tpm, Instant::now())));
    let mut waiting = errands.into_iter();
    let mut under_way = JoinSet::new();
    let mut lost: Vec<(usize, String)> = Vec::new();
    loop {
        while under_way.len() < settings.concurrency.max(1) && may_ask(settings, tally) {
            let Some(errand) = waiting.next() else { break };
            let (client, limits) = (client.clone(), Arc::clone(&limits));
            under_way.spawn(ask(client, limits, settings.patience, errand));
        }
        let Some(first) = under_way.join_next().await else { break };
        // All that has come by now goes to disk together.
        let mut returned = vec![first];
        while let Some(more) = under_way.try_join_next() {
            returned.push(more);
        }
        let mut responses = Vec::new();
        for returned in returned {
            let back = returned.map_err(|e| Error::usage(format!("a request failed: {e}")))?;
            tally.attempts += back.attempts;
            match back.outcome {
                Ok(answer) => {
                    if let Some(cache) = &settings.cache {
                        cache.put(&back.digest, &answer)?;
                    }
                    tally.add(answer.prompt_tokens, answer.tokens);
                    responses.push(answer.response(&requests[back.index]));
                }
                Err(Trouble::Stop(problem))
                    if settings.lenient
                        && tally.answered > 0
                        && problem.starts_with("status 400") =>
                {
                    lost.push((back.index, problem));
                }
                Err(Trouble::Stop(problem)) => {
                    done(responses)?;
                    return Err(Error::usage(format!("{}: {problem}", client.url())));
                }
                Err(Trouble::Again(problem, _) | Trouble::Give(problem)) => {
                    lost.push((back.index, problem));
                }
            }
        }
        if !responses.is_empty() {
            done(responses)?;
        }
        tick(*tally);
    }
    if let (Some(budget), true) = (&settings.budget, waiting.len() > 0) {
        return Err(spent(settings, budget, tally, waiting.len(), requests.len()));
    }
    told(settings, requests, lost)
}

/// Whether the budget lets something more be asked; a server that counts nothing cannot be held to
/// one.
fn may_ask(settings: &Settings, tally: &Tally) -> bool {
    settings.budget.is_none_or(|budget| tally.unmetered == 0 && !budget.is_spent(tally))
}

fn spent(settings: &Settings, budget: &Budget, tally: &Tally, left: usize, all: usize) -> Error {
    let (most, cost) = (budget.most, budget.spent(tally));
    let why = match tally.unmetered {
        0 => format!("${cost:.4} is spent"),
        _ => "the server does not count tokens, so that nothing can be held to it".to_owned(),
    };
    let hint = hint(settings);
    Error::usage(format!("--max-cost {most}: {why}; {left} of {all} requests not asked; {hint}"))
}

fn hint(settings: &Settings) -> &'static str {
    match settings.kept || settings.cache.is_some() {
        true => "what was answered is kept; run again to go on",
        false => "nothing is kept of what was answered; --cache DIR would",
    }
}

/// Asks until there is an answer, a refusal, or no patience left.
async fn ask(
    client: Client,
    limits: Arc<Mutex<Limits>>,
    patience: Patience,
    errand: Errand,
) -> Return {
    let Errand { index, body, digest, tokens } = errand;
    let mut attempts = 0;
    let outcome = loop {
        // A panic of another holder cannot leave the numbers in a worse state than wrong.
        let lock = || limits.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = lock().take(tokens, Instant::now());
        tokio::time::sleep(wait).await;
        let outcome = client.ask(&body).await;
        attempts += 1;
        let used = outcome.as_ref().ok().map(|answer| {
            let [prompt, written] = [answer.prompt_tokens, answer.tokens].map(|n| n.unwrap_or(0));
            if prompt + written == 0 { tokens } else { prompt.saturating_add(written) }
        });
        lock().settle(tokens, used.unwrap_or(0));
        let (problem, asked) = match outcome {
            Err(Trouble::Again(problem, asked)) => (problem, asked),
            outcome => break outcome,
        };
        if attempts >= patience.attempts {
            break Err(Trouble::Give(format!("{problem}, after {attempts} attempts")));
        }
        if let Some(asked) = asked.filter(|asked| *asked > patience.obeyed) {
            let seconds = asked.as_secs();
            break Err(Trouble::Stop(format!("{problem}: the server asks to wait {seconds} s")));
        }
        let wait: Duration = patience.wait(index as u64, attempts - 1, asked);
        if asked.is_some() {
            lock().hold(Instant::now() + wait);
        }
        tokio::time::sleep(wait).await;
    };
    Return { index, digest, attempts: attempts.into(), outcome }
}

fn named(request: &Request) -> String {
    format!("key `{}` sample {}", request.key, request.sample)
}

/// An error that names the first of the requests without an answer, if there are any.
fn told(settings: &Settings, requests: &[Request], mut lost: Vec<(usize, String)>) -> Result<()> {
    const SHOWN: usize = 5;
    if lost.is_empty() || settings.lenient && lost.len() < requests.len() {
        return Ok(());
    }
    lost.sort();
    let shown = lost.iter().take(SHOWN);
    let shown: Vec<String> =
        shown.map(|(at, problem)| format!("{}: {problem}", named(&requests[*at]))).collect();
    let more = if lost.len() > SHOWN { ", and more" } else { "" };
    let (n, all) = (lost.len(), requests.len());
    let hint = hint(settings);
    Err(Error::usage(format!(
        "{n} of {all} requests got no answer: {}{more}; {hint}",
        shown.join("; ")
    )))
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
