//! Who judges, as it is typed: recorded replies, a classifier, a model behind a server or a batch;
//! several are a panel.

use std::cell::Cell;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::generate_endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::generate::endpoint::Tally;
use crate::generate::request::Sampling;
use crate::judge::{Agreement, Judge, Panel, Recorded, Scorer, Server};
use crate::place::Place;
use crate::progress;

/// Who judges. Several judges are a panel, whose majority rules.
#[derive(Debug, Args)]
pub(super) struct Judges {
    /// Replies that were recorded: `{key, reply}` a line. May be given several times.
    #[arg(long, value_name = "FILE", help_heading = "Judges")]
    judge_replies: Vec<PathBuf>,
    /// A reward classifier: a folder of `train reward`.
    #[arg(long, value_name = "DIR", help_heading = "Judges")]
    judge_reward: Option<PathBuf>,
    /// The server's name of the judging model.
    #[arg(long, value_name = "NAME", help_heading = "Judges")]
    judge: Option<String>,
    /// Tokens of a reply at most.
    #[arg(long, value_name = "N", default_value_t = 4096, help_heading = "Judges")]
    judge_tokens: u32,
    /// Temperature of the judging model.
    #[arg(long, value_name = "T", default_value_t = 0.0, help_heading = "Judges")]
    judge_temperature: f64,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// What is told of the judges beside what they said.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Told {
    /// What was asked of a server, and the tokens that it counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spent: Option<Tally>,
    /// Of a panel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agreement: Option<Agreement>,
}

impl Judges {
    /// Where a batch of questions is to be written, if it is, and how the model is to be asked.
    pub(super) fn batch_out(&self) -> Result<Option<(PathBuf, Sampling)>> {
        let Some(path) = self.endpoint.batch_out() else { return Ok(None) };
        Ok(Some((path.to_owned(), self.sampling()?)))
    }

    fn sampling(&self) -> Result<Sampling> {
        let model = self.judge.clone();
        Ok(Sampling {
            model: model.ok_or_else(|| Error::usage("give --judge NAME"))?,
            temperature: Some(self.judge_temperature),
            max_tokens: Some(self.judge_tokens),
            seed: Some(0),
            extra: self.endpoint.extra()?,
            ..Sampling::default()
        })
    }

    /// Calls `run` with the judge that was typed.
    pub(super) fn with<T>(
        &self,
        place: Place,
        quiet: bool,
        run: impl FnOnce(&mut dyn Judge) -> Result<T>,
    ) -> Result<(T, Told)> {
        let bar = progress::bar("judge", None, quiet);
        let last = Cell::new(Tally::default());
        let tick = |tally: Tally| {
            last.set(tally);
            bar.set_position(tally.answered);
            bar.set_message(format!("judge · {} tokens", tally.tokens));
        };
        let mut judges: Vec<Box<dyn Judge + '_>> = Vec::new();
        for path in &self.judge_replies {
            judges.push(Box::new(Recorded::open(path)?));
        }
        if let Some(path) = &self.judge_reward {
            judges.push(Box::new(Scorer::open(path, place)?));
        }
        if let Some(results) = self.endpoint.batch_in() {
            judges.push(Box::new(Server::of_batch(results.to_owned(), self.sampling()?)));
        } else if self.endpoint.is_asked() {
            let settings = self.endpoint.settings(self.sampling()?)?;
            judges.push(Box::new(Server::new(settings, &tick)));
        }
        let told = |agreement| {
            let spent = self.endpoint.is_asked().then(|| last.get());
            Told { spent, agreement }
        };
        let done = match judges.len() {
            0 => Err(Error::usage(
                "no judge: give --judge-replies, --judge-reward, --endpoint or --batch-in",
            )),
            1 => run(judges[0].as_mut()).map(|done| (done, told(None))),
            _ => {
                let mut panel = Panel::new(judges);
                run(&mut panel).map(|done| (done, told(Some(panel.agreement().clone()))))
            }
        };
        bar.finish_and_clear();
        done
    }
}
