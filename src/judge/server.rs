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
use crate::generate::{Request, Response, batch};

/// Where replies come from.
#[derive(Debug, Clone)]
enum Source {
    Server(Box<Settings>),
    Batch(PathBuf, Sampling),
}

/// A model that is asked in words. Its reasoning is removed before the reply is read.
pub struct Server<'a> {
    name: String,
    from: Source,
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

    /// A judge whose replies are the results of a batch that [`write_batch`] wrote.
    pub fn of_batch(results: PathBuf, sampling: Sampling, tick: &'a dyn Fn(Tally)) -> Server<'a> {
        let name = format!("batch:{}", sampling.model);
        let from = Source::Batch(results, sampling);
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
        for round in 0..form.judgings.max(1) {
            let sample = form.first + round;
            let requests: Vec<Request> =
                open.iter().map(|&row| request(cases, row, sample)).collect();
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
                Source::Batch(path, sampling) => {
                    // Who got no answer abstains, and is counted.
                    batch::read(path, sampling, &requests, true, &mut done)?;
                    self.done = self.done.plus(of_batch);
                    (self.tick)(self.done);
                    break;
                }
            }
            open.retain(|&row| rulings[row].marks.is_none());
            if open.is_empty() {
                break;
            }
        }
        Ok(rulings)
    }
}
