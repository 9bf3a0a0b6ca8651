//! A judge behind an OpenAI-compatible server, or a batch file of one.

use std::cell::Cell;
use std::path::PathBuf;

use heedful_benchmarks::finish::FinishReason;
use heedful_benchmarks::thinking::Policy;
use heedful_models::chat::Message;

use super::{Case, Form, Judge, Ruling};
use crate::error::Result;
use crate::generate::cost::Budget;
use crate::generate::endpoint::{self, Settings, Tally};
use crate::generate::request::Sampling;
use crate::generate::{self, Request, Response, batch};

/// Where replies come from.
#[derive(Clone)]
enum Source<'a> {
    Server(Box<Settings>),
    Batch(Box<Batch<'a>>),
}

/// Results of batches, and where the next batch goes.
#[derive(Clone)]
pub struct Batch<'a> {
    /// Files of results: of the first batch, and of those with questions asked again.
    pub results: Vec<PathBuf>,
    /// How the questions were put.
    pub sampling: Sampling,
    /// Where to write those whose reply cannot be read, or is missing, to be asked again.
    pub next: Option<PathBuf>,
    /// Told how many were written there.
    pub told: &'a dyn Fn(usize),
}

impl Batch<'_> {
    /// Reads the answers to `requests` out of all files; gives their number.
    fn read(&self, requests: &[Request], first: bool, done: generate::Done<'_>) -> Result<u64> {
        let mut answered = 0;
        let mut last = batch::Tally::default();
        for path in &self.results {
            last = batch::read(path, &self.sampling, requests, true, done)?;
            answered += last.answered;
        }
        match (first, self.results.last()) {
            (true, Some(path)) if answered == 0 => {
                Err(batch::unanswered(path, requests.len(), requests.len(), &last))
            }
            _ => Ok(answered),
        }
    }

    /// Writes what is open as a batch, unless it was asked as often as it may be.
    fn write(&self, requests: &[Request]) -> Result<()> {
        let Some(path) = &self.next else { return Ok(()) };
        if !requests.is_empty() {
            batch::write(path, &self.sampling, requests)?;
        }
        (self.told)(requests.len());
        Ok(())
    }
}

/// A model that is asked in words. Its reasoning is removed before the reply is read.
pub struct Server<'a> {
    name: String,
    from: Source<'a>,
    /// Told after each reply what was done so far, all rulings together.
    tick: &'a dyn Fn(Tally),
    done: Tally,
}

impl<'a> Server<'a> {
    /// A judge that is asked as `settings` say.
    pub fn new(settings: Settings, tick: &'a dyn Fn(Tally)) -> Server<'a> {
        let name = format!("model:{}", settings.sampling.model);
        Server { name, from: Source::Server(Box::new(settings)), tick, done: Tally::default() }
    }

    /// A judge whose replies are the results of a batch that [`write_batch`] wrote, and of those
    /// that went on with it.
    pub fn of_batch(batch: Batch<'a>, tick: &'a dyn Fn(Tally)) -> Server<'a> {
        let name = format!("batch:{}", batch.sampling.model);
        let from = Source::Batch(Box::new(batch));
        Server { name, from, tick, done: Tally::default() }
    }
}

/// Writes the questions about `cases` as an OpenAI batch file.
///
/// # Errors
/// A file that cannot be written; more cases than a batch may hold.
pub fn write_batch(path: &std::path::Path, sampling: &Sampling, cases: &[Case]) -> Result<()> {
    let all: Vec<Request> = (0..cases.len()).map(|row| request(cases, row, 0)).collect();
    batch::write(path, sampling, &all)
}

fn request(cases: &[Case], row: usize, sample: u32) -> Request {
    let mut messages = cases[row].before.clone();
    messages.push(Message::user(&cases[row].prompt));
    Request { row, key: cases[row].key.clone(), messages, sample }
}

/// How to ask when so much was done already.
fn left(settings: &Settings, done: &Tally) -> Settings {
    let left = |budget: Budget| Budget { spent: budget.spent(done), ..budget };
    Settings { budget: settings.budget.map(left), ..settings.clone() }
}

impl Judge for Server<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    /// Asks about all cases; again, with another seed, about those whose reply cannot be read.
    fn rule(&mut self, form: &Form<'_>, cases: &[Case]) -> Result<Vec<Ruling>> {
        let mut rulings = vec![Ruling::default(); cases.len()];
        let mut open: Vec<usize> = (0..cases.len()).collect();
        let again = |open: &[usize], round: u32| -> Vec<Request> {
            open.iter().map(|&row| request(cases, row, form.first + round)).collect()
        };
        let mut next = None;
        for round in 0..form.judgings.max(1) {
            let requests = again(&open, round);
            let mut of_batch = Tally::default();
            let mut done = |found: Vec<Response>| {
                for response in found {
                    of_batch.add(response.prompt_tokens, response.tokens);
                    let reply = Policy::Auto.answer(&response.text, false).text.to_owned();
                    // A reply that was cut or withheld says nothing, whatever its words are.
                    let whole = !matches!(
                        response.finish,
                        FinishReason::Length | FinishReason::ContentFilter
                    );
                    rulings[response.row] = match (reply.trim().is_empty(), whole) {
                        (true, _) => Ruling::default(),
                        (_, true) => Ruling::of(form, &cases[response.row], reply),
                        (_, false) => Ruling { reply: Some(reply), marks: None },
                    };
                }
                Ok(())
            };
            match &self.from {
                Source::Server(settings) => {
                    let (before, now) = (self.done, Cell::new(Tally::default()));
                    let tick = |tally| {
                        now.set(tally);
                        (self.tick)(before.plus(tally));
                    };
                    let settings = left(settings, &before);
                    let ran = endpoint::run(&settings, &requests, &mut done, &tick);
                    self.done = before.plus(now.get());
                    ran?;
                }
                Source::Batch(batch) => {
                    // Who got no answer abstains, and is counted.
                    let answered = batch.read(&requests, round == 0, &mut done)?;
                    self.done = self.done.plus(of_batch);
                    (self.tick)(self.done);
                    if answered == 0 {
                        next = Some(round);
                        break;
                    }
                }
            }
            open.retain(|&row| rulings[row].marks.is_none());
            if open.is_empty() {
                break;
            }
        }
        if let Source::Batch(batch) = &self.from {
            // Asked as often as it may be, nothing is asked again.
            let requests = next.map_or_else(Vec::new, |round| again(&open, round));
            batch.write(&requests)?;
        }
        Ok(rulings)
    }
}
