//! `heedful eval`: scores of published benchmarks from responses.

use std::path::{Path, PathBuf};

use clap::Args;
use heedful_benchmarks::answered::Removal;
use heedful_benchmarks::catalogue::{self, Benchmark, Scoring};
use heedful_benchmarks::reasoning::layout::Layout;
use heedful_benchmarks::score::Setting;
use heedful_benchmarks::thinking::Policy;
use heedful_constraints::Profile;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::judges::{Judges, Told};
use super::subject::{Asking, Subject};
use crate::error::{Error, Result};
use crate::evaluate::{self, Config};
use crate::header::Header;
use crate::outcome::{Keep, Outcome, Scored};
use crate::place::Place;
use crate::{judge, judged, published, reasoning, revision};

/// Score published benchmarks, from responses or by asking a model: one, or several in one go.
///
/// IFEval and IFBench: the four accuracies of the official scorers; missing responses count as not
/// followed. CFBench, ComplexBench, FollowBench, InFoBench: rules decide what has one, a judge the
/// rest; a reply that is not in the form is asked for again, then counted. Reasoning: answers.
/// Where no judge is asked, all samples of an item count. Responses are joined by key or by the
/// prompt's text. All figures come with 95 % intervals.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful eval ifeval --items input_data.jsonl --responses gpt4.jsonl
  heedful eval ifeval --items input_data.jsonl --responses r1.jsonl --thinking auto --out runs
  heedful eval ifbench --items IFBench_test.jsonl --responses a.jsonl --json | jq .prompt_loose
  heedful eval ifeval ifbench reasoning --data data --responses answers --out runs --name a
  heedful eval cfbench --items cfbench_data.json --responses r.jsonl --judge qwen2.5-72b \\
      --judge-endpoint http://localhost:8000/v1 --cache judged --save-replies replies.jsonl
  heedful eval cfbench --items cfbench_data.json --responses r.jsonl --judge-replies replies.jsonl
  heedful eval complexbench --items data_final.json --responses r.jsonl --judge qwen2.5-72b \\
      --judge-batch-out questions.jsonl
  heedful eval ifeval reasoning --data data --model smollm2-135m --out runs --name base
  heedful eval ifeval --data data --model NAME --endpoint http://localhost:8000/v1 \\
      --out runs")]
pub(super) struct Eval {
    /// The benchmarks, by the names of `heedful benchmarks list`.
    #[arg(required = true, value_name = "BENCHMARK")]
    benchmarks: Vec<String>,
    /// The published items; with several benchmarks `NAME=PATH` for each. Reasoning has items of
    /// its own.
    #[arg(long, visible_alias = "prompts", value_name = "[NAME=]PATH")]
    items: Vec<String>,
    /// A folder that holds the items where `benchmarks show NAME --json` says under `file`.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Responses that there are: JSON Lines or Parquet with `response` and `prompt` or `key`, or
    /// the folder that `heedful generate` made. With several benchmarks `NAME=PATH` for each, or a
    /// folder with `NAME.jsonl`.
    #[arg(long, value_name = "[NAME=]PATH")]
    responses: Vec<String>,
    /// The reading of rules that is printed; the scores hold both.
    #[arg(long, default_value_t = Profile::Official)]
    profile: Profile,
    /// The layout of reasoning items, where it is not to be told by their keys.
    #[arg(long, value_name = "NAME")]
    layout: Option<Layout>,
    #[command(flatten)]
    thinking: Thinking,
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    judges: Judges,
    /// Keep the judge's replies, for `--judge-replies`.
    #[arg(long, value_name = "FILE")]
    save_replies: Option<PathBuf>,
    /// Write the scores as artifacts into this folder, for `heedful report`.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The name of the run in reports; by default that of the model, or of the responses.
    #[arg(long)]
    name: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What to do with reasoning blocks.
#[derive(Debug, Args)]
pub(super) struct Thinking {
    /// Remove the reasoning before verifying: `none`, `auto` (known tags) or `OPEN,CLOSE`.
    #[arg(long = "thinking", value_name = "POLICY", default_value = "none")]
    policy: Policy,
    /// The chat template writes the opening tag itself, so that responses lack it.
    #[arg(long)]
    prefilled: bool,
}

impl Thinking {
    /// Whether anything but the default was typed.
    pub(super) fn is_set(&self) -> bool {
        self.policy != Policy::None || self.prefilled
    }

    /// The same, for benchmarks that no rule decides.
    fn removal(&self) -> Removal {
        Removal { thinking: self.policy.clone(), prefilled: self.prefilled }
    }

    /// The policy, and whether the opening tag is the template's.
    pub(super) fn setting(&self) -> (Policy, bool) {
        (self.policy.clone(), self.prefilled)
    }
}

/// What one benchmark came to.
enum Done {
    Verifiable(Box<evaluate::Outcome>),
    Other { outcome: Box<Outcome>, told: Box<Told>, path: Option<PathBuf> },
}

impl Eval {
    pub(super) fn run(self, place: Place, quiet: bool) -> Result<bool> {
        let asked: Vec<&'static Benchmark> =
            self.benchmarks.iter().map(|name| found(name)).collect::<Result<_>>()?;
        self.judges.batch_out()?;
        if asked.len() > 1 && (self.judges.writes_batch() || self.save_replies.is_some()) {
            let problem = "--save-replies and --judge-batch-out take one benchmark at a time";
            return Err(Error::usage(problem));
        }
        self.named_all(&asked)?;
        self.check(&asked)?;
        let mut all = Vec::new();
        for (at, benchmark) in asked.iter().enumerate() {
            if !quiet && asked.len() > 1 {
                eprintln!("{} of {}: {}", at + 1, asked.len(), benchmark.name);
            }
            match self.one(benchmark, place, quiet) {
                Ok(Some(done)) => all.push(done),
                Ok(None) => return Ok(true),
                Err(error) => {
                    // What is done was paid for.
                    if !all.is_empty() {
                        self.tell(&all, asked.len(), quiet)?;
                    }
                    return Err(error);
                }
            }
        }
        self.tell(&all, asked.len(), quiet)?;
        Ok(true)
    }

    /// Refuses what is missing, and what would have no effect, before anything is asked.
    fn check(&self, asked: &[&'static Benchmark]) -> Result<()> {
        for benchmark in asked {
            let items = self.items(benchmark)?;
            if benchmark.scoring != Scoring::Answers {
                needed(benchmark, items, "--items")?;
            }
            if !self.subject.is_asked() {
                self.responses(benchmark)?;
            }
        }
        if self.subject.is_asked() && !self.responses.is_empty() {
            return Err(Error::usage("--model makes the responses: leave --responses out"));
        }
        let none = |scoring: Scoring| asked.iter().all(|benchmark| benchmark.scoring != scoring);
        let unused = if none(Scoring::Judge) && self.judges.is_typed() {
            Some("a judge, --probe")
        } else if none(Scoring::Judge) && self.save_replies.is_some() {
            Some("--save-replies")
        } else if none(Scoring::Answers) && self.layout.is_some() {
            Some("--layout")
        } else {
            None
        };
        match unused {
            Some(option) => {
                let names: Vec<&str> = asked.iter().map(|benchmark| benchmark.name).collect();
                let problem = format!("{option}: no use for it in {}", names.join(", "));
                Err(Error::usage(problem))
            }
            None => Ok(()),
        }
    }

    /// Refuses a `NAME=` of a benchmark that is not asked for.
    fn named_all(&self, asked: &[&Benchmark]) -> Result<()> {
        for (option, list) in [("--items", &self.items), ("--responses", &self.responses)] {
            for value in list {
                match name_of(value) {
                    Some(name) if asked.iter().all(|benchmark| benchmark.name != name) => {
                        let problem = format!("{option} {value}: {name} is not asked for");
                        return Err(Error::usage(problem));
                    }
                    None if list.len() > 1 => {
                        let problem = format!("{option} {value}: of several, each is NAME=PATH");
                        return Err(Error::usage(problem));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Scores one; `None` where only a batch of questions was written.
    fn one(
        &self,
        benchmark: &'static Benchmark,
        place: Place,
        quiet: bool,
    ) -> Result<Option<(Header, Done)>> {
        let items = self.items(benchmark)?;
        let responses = self.answered(benchmark, items.as_deref(), (place, quiet))?;
        let from = responses.clone();
        let done = match benchmark.scoring {
            Scoring::Rules => Some(Done::Verifiable(self.verifiable(benchmark, items, responses)?)),
            Scoring::Answers => {
                let config = reasoning::Config {
                    items: items.clone(),
                    layout: self.layout,
                    responses: needed(benchmark, responses.clone(), "--responses")?,
                    removal: self.thinking.removal(),
                };
                let scored = reasoning::score(&config)?;
                Some(self.kept(scored, Told::default(), items, responses)?)
            }
            Scoring::Judge => self.judged(benchmark, items, responses, (place, quiet))?,
        };
        Ok(done.map(|done| (self.header(benchmark, &done, from.as_deref()), done)))
    }

    fn header(&self, benchmark: &Benchmark, done: &Done, responses: Option<&Path>) -> Header {
        let (rows, profile) = match done {
            Done::Verifiable(found) => {
                (found.metrics.prompt_strict.total as usize, Some(found.profile))
            }
            Done::Other { outcome, .. } => (outcome.sheet.rows.len(), None),
        };
        let (policy, prefilled) = self.thinking.setting();
        let prefilled = if prefilled { ", opening tag prefilled" } else { "" };
        let thinking = format!("{policy}{prefilled}");
        Header::new(benchmark.name, rows, profile, thinking, responses)
    }

    /// The name of the run that was typed, or that its benchmarks share: the model's, or that of
    /// the folder that holds all responses.
    fn run_name(&self) -> Option<String> {
        let shared = match self.responses.as_slice() {
            [folder] if self.benchmarks.len() > 1 && name_of(folder).is_none() => {
                Some(Path::new(folder))
            }
            _ => None,
        };
        let of = self.subject.model().map(Path::new).or(shared).map(evaluate::default_name);
        self.name.clone().or(of)
    }

    fn verifiable(
        &self,
        benchmark: &'static Benchmark,
        items: Option<PathBuf>,
        responses: Option<PathBuf>,
    ) -> Result<Box<evaluate::Outcome>> {
        let (thinking, prefilled) = self.thinking.setting();
        Ok(Box::new(evaluate::verifiable(&Config {
            benchmark,
            prompts: needed(benchmark, items, "--items")?,
            responses: needed(benchmark, responses, "--responses")?,
            setting: Setting { profile: self.profile, thinking, prefilled },
            out: self.out.clone(),
            name: self.run_name(),
            revision: revision::current(),
        })?))
    }

    fn judged(
        &self,
        benchmark: &'static Benchmark,
        items: Option<PathBuf>,
        responses: Option<PathBuf>,
        (place, quiet): (Place, bool),
    ) -> Result<Option<Done>> {
        let config = judged::Config {
            items: needed(benchmark, items.clone(), "--items")?,
            responses: responses.clone(),
            removal: self.thinking.removal(),
            replies: self.save_replies.clone(),
        };
        let none = || Error::usage(format!("{}: no judge decides it", benchmark.name));
        let asked = judged::read(benchmark.name, &config)?.ok_or_else(none)?;
        if self.judges.writes_batch() && asked.asks_on() {
            let problem = "its questions depend on the replies before: a batch cannot hold them";
            return Err(Error::usage(format!("--judge-batch-out: {}: {problem}", benchmark.name)));
        }
        if let Some((path, sampling)) = self.judges.batch_out()? {
            judge::write_batch(&path, &sampling, asked.cases())?;
            if !quiet {
                eprintln!("{}: {} questions", path.display(), asked.cases().len());
            }
            return Ok(None);
        }
        if asked.cases().is_empty() {
            let scored = asked.score(&config, &mut judge::Nobody)?;
            return self.kept(scored, Told::default(), items, responses).map(Some);
        }
        let run = |by: &mut dyn judge::Judge| asked.score(&config, by);
        let (scored, told) = self.judges.with(place, quiet, run)?;
        self.kept(scored, told, items, responses).map(Some)
    }

    /// The outcome, written where that is asked for.
    fn kept(
        &self,
        scored: Scored,
        told: Told,
        items: Option<PathBuf>,
        responses: Option<PathBuf>,
    ) -> Result<Done> {
        let removed = self.thinking.setting().0 != Policy::None;
        let (outcome, told) = (Box::new(Outcome::new(scored, removed)), Box::new(told));
        let Some(out) = &self.out else { return Ok(Done::Other { outcome, told, path: None }) };
        let from = responses.as_deref().or(items.as_deref());
        let default = || evaluate::default_name(from.unwrap_or(Path::new(outcome.benchmark)));
        let (policy, prefilled) = self.thinking.setting();
        let artifact = outcome.keep(&Keep {
            out: out.clone(),
            name: self.run_name().unwrap_or_else(default),
            items,
            responses,
            thinking: (policy.to_string(), prefilled),
            revision: revision::current(),
        })?;
        Ok(Done::Other { outcome, told, path: Some(artifact.path) })
    }

    /// The items of a benchmark; none where nobody says, or they are part of the program.
    fn items(&self, benchmark: &Benchmark) -> Result<Option<PathBuf>> {
        if let Some(path) = of_name(&self.items, benchmark, self.benchmarks.len()) {
            return Ok(Some(path));
        }
        let Some(data) = self.data.as_ref().filter(|_| !benchmark.file.is_empty()) else {
            return Ok(None);
        };
        let path = data.join(benchmark.file);
        if path.exists() {
            return Ok(Some(path));
        }
        if let Some(pulled) = published::held(benchmark, data)? {
            return Ok(Some(pulled));
        }
        let (path, how) = (path.display(), benchmark.data);
        Err(Error::usage(format!("--data: no {path}; it is {how}")))
    }

    /// The responses that are given, or those of the model under test.
    fn answered(
        &self,
        benchmark: &Benchmark,
        items: Option<&Path>,
        on: (Place, bool),
    ) -> Result<Option<PathBuf>> {
        if !self.subject.is_asked() {
            return self.responses(benchmark);
        }
        let out = self.out.as_deref().unwrap_or(Path::new("out"));
        let asking = Asking { benchmark, items, layout: self.layout, out };
        self.subject.answer(&asking, &self.judges.line, on).map(Some)
    }

    /// The responses to a benchmark.
    fn responses(&self, benchmark: &Benchmark) -> Result<Option<PathBuf>> {
        let Some(path) = of_name(&self.responses, benchmark, 1) else { return Ok(None) };
        let shared = self.benchmarks.len() > 1 && !path.join("manifest.json").exists();
        let named = self.responses.iter().any(|value| name_of(value).is_some());
        if !shared || named {
            return Ok(Some(path));
        }
        let name = benchmark.name;
        let files = [format!("{name}.jsonl"), format!("{name}.parquet"), name.to_owned()];
        let found = files.iter().map(|file| path.join(file)).find(|file| file.exists());
        let problem = || format!("--responses {}: no {}", path.display(), files.join(", "));
        found.map(Some).ok_or_else(|| Error::usage(problem()))
    }

    fn tell(&self, all: &[(Header, Done)], asked: usize, quiet: bool) -> Result<()> {
        if self.json {
            match all {
                [(header, one)] if asked == 1 => super::print_json(&one.json(header))?,
                _ => {
                    let json = |(header, done): &(Header, Done)| {
                        (header.benchmark.to_owned(), done.json(header))
                    };
                    let each: Map<String, Value> = all.iter().map(json).collect();
                    super::print_json(&json!({"benchmarks": each}))?;
                }
            }
        } else {
            let markdown = |(header, done): &(Header, Done)| format!("{header}{}", done.markdown());
            let text: Vec<String> = all.iter().map(markdown).collect();
            super::print(&text.join("\n"))?;
        }
        for (_, done) in all.iter().filter(|_| !quiet) {
            if let Some(path) = done.path() {
                eprintln!("scores: {}", path.display());
            }
        }
        Ok(())
    }
}

impl Done {
    fn json(&self, header: &Header) -> Value {
        /// What is printed of a judged benchmark.
        #[derive(Serialize)]
        struct Printed<'a> {
            #[serde(flatten)]
            outcome: &'a Outcome,
            #[serde(flatten)]
            told: &'a Told,
            #[serde(skip_serializing_if = "Option::is_none")]
            path: &'a Option<PathBuf>,
        }
        let mut printed = match self {
            Done::Verifiable(outcome) => json!(outcome),
            Done::Other { outcome, told, path } => json!(Printed { outcome, told, path }),
        };
        printed["header"] = json!(header);
        printed
    }

    fn markdown(&self) -> String {
        match self {
            Done::Verifiable(outcome) => outcome.markdown(),
            Done::Other { outcome, told, .. } => outcome.markdown() + &told.markdown(),
        }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Done::Verifiable(outcome) => outcome.path.as_deref(),
            Done::Other { path, .. } => path.as_deref(),
        }
    }
}

/// The benchmark of this name.
pub(super) fn found(name: &str) -> Result<&'static Benchmark> {
    catalogue::find(name).ok_or_else(|| {
        let names = catalogue::ALL.map(|benchmark| benchmark.name).join(", ");
        Error::usage(format!("no benchmark `{name}`; there are {names}"))
    })
}

/// The benchmark in `NAME=PATH`; none of a plain path, which may hold a `=` as well.
fn name_of(value: &str) -> Option<&str> {
    value.split_once('=').map(|(name, _)| name).filter(|name| catalogue::find(name).is_some())
}

/// What is said of a benchmark by name, or of the only one.
fn of_name(values: &[String], benchmark: &Benchmark, asked: usize) -> Option<PathBuf> {
    let named = values.iter().find_map(|value| {
        let (name, path) = value.split_once('=')?;
        (name == benchmark.name).then(|| PathBuf::from(path))
    });
    let plain = || values.iter().find(|value| name_of(value).is_none()).map(PathBuf::from);
    named.or_else(|| plain().filter(|_| asked == 1))
}

fn needed(benchmark: &Benchmark, path: Option<PathBuf>, option: &str) -> Result<PathBuf> {
    path.ok_or_else(|| {
        let (name, data) = (benchmark.name, benchmark.data);
        let hint =
            if option == "--items" { format!(" (its items: {data})") } else { String::new() };
        Error::usage(format!("{name}: give {option}{hint}"))
    })
}
