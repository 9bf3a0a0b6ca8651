//! `heedful bench`: comparisons of speed that anyone can repeat.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::generate_endpoint::Endpoint;
use crate::contest::{self, Entry};
use crate::error::{Error, Result};
use crate::generate::request::Sampling;
use crate::place::Place;
use crate::reward::Classifier;

/// Compare speeds.
#[derive(Debug, Args)]
pub(super) struct Bench {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Judge(Box<Judge>),
}

/// Time judges on graded groups: a reward classifier, and a model behind a server.
///
/// Each judge decides every response of a group against every constraint of it. Beside the seconds
/// of a group: Kendall's tau-b and position consistency of the ranking, with 95 % intervals.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful data demonstrate --groups 50 --out groups.jsonl
  heedful bench judge --groups groups.jsonl --reward out/reward/model
  heedful bench judge --groups groups.jsonl --reward out/reward/model \\
      --endpoint http://localhost:8000/v1 --judge qwq-32b --max-tokens 4096")]
struct Judge {
    /// Graded groups.
    #[arg(long, value_name = "FILE")]
    groups: PathBuf,
    /// The classifier: a folder of `train reward`.
    #[arg(long, value_name = "DIR")]
    reward: Option<PathBuf>,
    /// The server's name of the judging model.
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    judge: Option<String>,
    /// Tokens of a judgement at most.
    #[arg(long, value_name = "N", default_value_t = 2048)]
    max_tokens: u32,
    /// Take only the first so many groups.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    endpoint: Endpoint,
}

impl Bench {
    pub(super) fn run(self, place: Place, quiet: bool) -> Result<bool> {
        let Command::Judge(judge) = self.command;
        judge.run(place, quiet)
    }
}

impl Judge {
    fn run(self, place: Place, quiet: bool) -> Result<bool> {
        let mut groups = heedful_datasets::groups::read(&self.groups)?;
        groups.truncate(self.limit.unwrap_or(usize::MAX));
        let mut entries = Vec::new();
        if let Some(path) = &self.reward {
            let mut classifier = Classifier::open(path, place)?;
            contest::warm(&groups, |asked| classifier.score(asked))?;
            entries.push(contest::time("classifier", &groups, |asked| classifier.score(asked))?);
        }
        if self.endpoint.is_asked() {
            let model = self.judge.clone().ok_or_else(|| Error::usage("give --judge NAME"))?;
            let sampling = Sampling {
                model: model.clone(),
                temperature: Some(0.0),
                max_tokens: Some(self.max_tokens),
                extra: self.endpoint.extra()?,
                ..Sampling::default()
            };
            sampling.check()?;
            let settings = self.endpoint.settings(sampling)?;
            contest::warm(&groups, |asked| contest::ask(&settings, asked, &mut 0))?;
            let mut unparsed = 0;
            let mut entry = contest::time(&model, &groups, |asked| {
                contest::ask(&settings, asked, &mut unparsed)
            })?;
            entry.unparsed = unparsed;
            entries.push(entry);
        }
        if entries.is_empty() {
            return Err(Error::usage("no judge: give --reward, --endpoint or both"));
        }
        if !quiet {
            entries.iter().for_each(|entry| eprint!("{}", line(entry)));
        }
        super::print_json(&json!({"groups": groups.len(), "judges": entries}))?;
        Ok(true)
    }
}

fn line(entry: &Entry) -> String {
    let Entry { judge, seconds_median, questions_per_s, unparsed, .. } = entry;
    let ranks = entry.ranking.as_ref().map_or(String::new(), |ranking| {
        let (tau, position) = (100.0 * ranking.tau.value, 100.0 * ranking.position.value);
        format!(", tau {tau:.1}, position {position:.1}")
    });
    format!(
        "{judge}: {seconds_median:.3} s a group, {questions_per_s:.0} questions/s{ranks}, \
         {unparsed} unparsed\n"
    )
}
