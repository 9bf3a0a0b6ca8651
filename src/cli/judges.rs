//! Who judges, as it is typed: recorded replies, a classifier, a model behind a server or a batch;
//! several are a panel.

use std::cell::Cell;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::generate_endpoint::Line;
use crate::error::{Error, Result};
use crate::generate::cost::Spent;
use crate::generate::endpoint::{Settings, Tally};
use crate::generate::request::Sampling;
use crate::judge::{
    Agreement, Batch, Judge, Panel, Plan, Probes, Probing, Recorded, Scorer, Server,
};
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
    /// Probe the judge's biases on so many cases, drawn by `--probe-seed`: criteria reversed,
    /// response padded, and the same question once more.
    #[arg(long, value_name = "N", help_heading = "Judges")]
    probe: Option<usize>,
    /// The seed of the probes' draw.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        requires = "probe",
        help_heading = "Judges"
    )]
    probe_seed: u64,
    /// The address of the judging model's server, OpenAI-compatible: `http://host:port/v1`.
    #[arg(long, value_name = "URL", help_heading = "Judges")]
    judge_endpoint: Option<String>,
    /// The environment variable that holds that server's key.
    #[arg(long, value_name = "NAME", requires = "judge_endpoint", help_heading = "Judges")]
    judge_key_env: Option<String>,
    /// Write the questions as an OpenAI batch file, and ask nobody; with --judge-batch-in, those
    /// whose reply is missing or not in the form, to be asked again.
    #[arg(long, value_name = "FILE", conflicts_with = "judge_endpoint", help_heading = "Judges")]
    judge_batch_out: Option<PathBuf>,
    /// Take the replies from the results of such batches. May be given several times.
    #[arg(long, value_name = "FILE", conflicts_with = "judge_endpoint", help_heading = "Judges")]
    judge_batch_in: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) line: Line,
}

/// What is told of the judges beside what they said.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Told {
    /// What was asked of a server, the tokens that it counted, and what they cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spent: Option<Spent>,
    /// Of a panel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agreement: Option<Agreement>,
    /// What was found when the judge was probed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) probes: Option<Probes>,
}

impl Told {
    /// For a terminal, in Markdown.
    pub(super) fn markdown(&self) -> String {
        let mut text = String::new();
        if let Some(agreement) = &self.agreement {
            let share = |value: Option<f64>| value.map_or("–".to_owned(), |x| format!("{x:.2}"));
            let Agreement { criteria, tied, .. } = agreement;
            let (unanimous, kappa) = (share(agreement.unanimous), share(agreement.kappa));
            text.push_str(&format!(
                "panel: of one opinion on {unanimous} of {criteria} criteria, Fleiss' kappa \
                 {kappa}, {tied} criteria tied, which count as not met\n"
            ));
        }
        if let Some(probes) = &self.probes {
            text.push_str(&probes.markdown());
        }
        if let Some(spent) = &self.spent {
            text.push_str(&format!("\n{}\n", spent.line()));
        }
        text
    }
}

impl Judges {
    /// Whether some judge, or a probe of one, was typed.
    pub(super) fn is_typed(&self) -> bool {
        !self.judge_replies.is_empty()
            || self.judge_reward.is_some()
            || self.judge.is_some()
            || self.judge_endpoint.is_some()
            || !self.judge_batch_in.is_empty()
            || self.judge_batch_out.is_some()
            || self.probe.is_some()
    }

    /// Whether a batch of questions is to be written.
    pub(super) fn writes_batch(&self) -> bool {
        self.judge_batch_out.is_some()
    }

    /// Where a first batch of questions is to be written, if it is, and how the model is to be
    /// asked.
    pub(super) fn batch_out(&self) -> Result<Option<(PathBuf, Sampling)>> {
        let Some(path) = &self.judge_batch_out else { return Ok(None) };
        if !self.judge_batch_in.is_empty() {
            return Ok(None);
        }
        self.plan()?;
        Ok(Some((path.to_owned(), self.sampling()?)))
    }

    fn sampling(&self) -> Result<Sampling> {
        let model = self.judge.clone();
        Ok(Sampling {
            model: model.ok_or_else(|| Error::usage("give --judge NAME"))?,
            temperature: Some(self.judge_temperature),
            max_tokens: Some(self.judge_tokens),
            seed: Some(0),
            extra: self.line.extra()?,
            ..Sampling::default()
        })
    }

    /// What to probe. Who only repeats what was said before cannot be asked anew.
    fn plan(&self) -> Result<Option<Plan>> {
        let Some(cases) = self.probe else { return Ok(None) };
        let wrong = |problem: &str| Err(Error::usage(format!("--probe {cases}: {problem}")));
        if cases == 0 {
            return wrong("expected one case or more");
        }
        if !self.judge_replies.is_empty() {
            return wrong("recorded replies answer no new question; leave --judge-replies out");
        }
        if !self.judge_batch_in.is_empty() || self.judge_batch_out.is_some() {
            return wrong("a batch holds no questions of probes; give --judge-endpoint");
        }
        Ok(Some(Plan { cases, seed: self.probe_seed }))
    }

    fn settings(&self, url: &str) -> Result<Settings> {
        if self.line.wants_cache() {
            let problem = "--max-cost: give --cache DIR, where what was answered is kept";
            return Err(Error::usage(problem));
        }
        let server = (url, self.judge_key_env.as_deref());
        // Replies that came before a failure are nowhere but in the cache.
        Ok(Settings { kept: false, lenient: true, ..self.line.settings(server, self.sampling()?)? })
    }

    /// Calls `run` with the judge that was typed.
    pub(super) fn with<T>(
        &self,
        place: Place,
        quiet: bool,
        run: impl FnOnce(&mut dyn Judge) -> Result<T>,
    ) -> Result<(T, Told)> {
        let (plan, prices) = (self.plan()?, self.line.prices()?);
        let bar = progress::bar("judge", None, quiet);
        let last = Cell::new(Tally::default());
        let tick = |tally: Tally| {
            last.set(tally);
            bar.set_position(tally.answered);
            bar.set_message(format!("judge · {} tokens", tally.tokens));
        };
        let again = |open: usize| match (&self.judge_batch_out, open) {
            _ if quiet => {}
            (Some(_), 0) => eprintln!("no question is to be asked again"),
            (Some(path), _) => {
                eprintln!("{}: {open} questions to be asked again", path.display());
            }
            (None, _) => {}
        };
        let several = self.judge_replies.len() > 1
            || self.judge_reward.is_some()
            || !self.judge_batch_in.is_empty()
            || self.judge_endpoint.is_some();
        let mut judges: Vec<Box<dyn Judge + '_>> = Vec::new();
        for path in &self.judge_replies {
            let recorded = Recorded::open(path)?;
            judges.push(Box::new(if several { recorded.of_panel() } else { recorded }));
        }
        if let Some(path) = &self.judge_reward {
            judges.push(Box::new(Scorer::open(path, place)?));
        }
        if !self.judge_batch_in.is_empty() {
            let (results, next) = (self.judge_batch_in.clone(), self.judge_batch_out.clone());
            let batch = Batch { results, sampling: self.sampling()?, next, told: &again };
            judges.push(Box::new(Server::of_batch(batch, &tick)));
        } else if let Some(url) = &self.judge_endpoint {
            judges.push(Box::new(Server::new(self.settings(url)?, &tick)));
        }
        let done = match judges.len() {
            0 => Err(Error::usage(
                "no judge: give --judge-replies, --judge-reward, --judge-endpoint or \
                 --judge-batch-in",
            )),
            1 => probing(judges[0].as_mut(), plan, run),
            _ => probing(&mut Panel::new(judges), plan, run),
        };
        let done = done.map(|(done, told)| {
            let asked = self.judge_endpoint.is_some() || !self.judge_batch_in.is_empty();
            let spent = asked.then(|| Spent::new(last.get(), prices));
            (done, Told { spent, ..told })
        });
        bar.finish_and_clear();
        done
    }
}

/// Calls `run` with `judge`, who is probed where there is a plan.
fn probing<T>(
    judge: &mut dyn Judge,
    plan: Option<Plan>,
    run: impl FnOnce(&mut dyn Judge) -> Result<T>,
) -> Result<(T, Told)> {
    let mut judge = Probing::new(judge, plan);
    let done = run(&mut judge)?;
    let agreement = judge.agreement();
    Ok((done, Told { agreement, probes: judge.found(), ..Told::default() }))
}
