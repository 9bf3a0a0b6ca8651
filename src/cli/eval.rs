//! `heedful eval`: scores of published benchmarks from responses.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use heedful_benchmarks::catalogue::Benchmark as About;
use heedful_benchmarks::score::Setting;
use heedful_benchmarks::thinking::Policy;
use heedful_benchmarks::{ifbench, ifeval};
use heedful_constraints::Profile;
use serde::Serialize;

use super::judges::{Judges, Told};
use crate::error::Result;
use crate::evaluate::{self, Config};
use crate::place::Place;
use crate::{judge, judged, revision};

/// Score a published benchmark from responses.
#[derive(Debug, Args)]
pub(super) struct Eval {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Debug, Subcommand)]
enum Benchmark {
    /// CFBench (arXiv 2408.01122): CSR, ISR and PSR by judged criteria.
    ///
    /// Responses are joined by `idx` or by the prompt's text; without `--responses` they are those
    /// beside the items, as the official inference writes them. Every criterion is marked by the
    /// judge; a reply that is not in the form is asked for again, then counted.
    #[command(after_help = "\
Examples:
  heedful eval cfbench --items cfbench_data.json --responses r.jsonl \\
      --endpoint http://localhost:8000/v1 --judge qwen2.5-72b --cache judged --save-replies j.jsonl
  heedful eval cfbench --items cfbench_data.json --responses r.jsonl --judge-replies j.jsonl --json
  heedful eval cfbench --items cfbench_data.json --responses r.jsonl --judge qwen2.5-72b \\
      --batch-out questions.jsonl")]
    Cfbench(Box<Judged>),
    /// IFBench (arXiv 2507.02833): the four accuracies of the official scorer, with 95 %
    /// intervals. Its authors report `prompt_loose`.
    ///
    /// Responses are joined by key or by the prompt's text. Missing responses count as not followed
    /// and are named, as are unmatched and repeated ones.
    #[command(after_help = "\
Examples:
  heedful eval ifbench --prompts IFBench_test.jsonl --responses gpt4.jsonl
  heedful eval ifbench --prompts IFBench_test.jsonl --responses r1.jsonl --thinking auto --out runs
  heedful eval ifbench --prompts IFBench_test.jsonl --responses a.jsonl --json | jq .prompt_loose")]
    Ifbench(Verifiable),
    /// IFEval (arXiv 2311.07911): the four accuracies of the official scorer, with 95 % intervals.
    ///
    /// Responses are joined by key or by the prompt's text. Missing responses count as not followed
    /// and are named, as are unmatched and repeated ones.
    #[command(after_help = "\
Examples:
  heedful eval ifeval --prompts input_data.jsonl --responses gpt4.jsonl
  heedful eval ifeval --prompts input_data.jsonl --responses out/responses-3f2a9c01d4e7
  heedful eval ifeval --prompts input_data.jsonl --responses r1.jsonl --thinking auto --out runs
  heedful eval ifeval --prompts input_data.jsonl --responses a.jsonl --json | jq .prompt_strict")]
    Ifeval(Verifiable),
}

#[derive(Debug, Args)]
struct Judged {
    /// The published items.
    #[arg(long, value_name = "FILE")]
    items: PathBuf,
    /// The responses: JSON Lines or Parquet with `response` and `prompt` or `key`, or the folder
    /// that `heedful generate` made.
    #[arg(long, value_name = "PATH")]
    responses: Option<PathBuf>,
    #[command(flatten)]
    thinking: Thinking,
    #[command(flatten)]
    judges: Judges,
    /// Keep the replies, for `--judge-replies`.
    #[arg(long, value_name = "FILE")]
    save_replies: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Verifiable {
    /// The official prompts, `{key, prompt, instruction_id_list, kwargs}` a line.
    #[arg(long, value_name = "FILE")]
    prompts: PathBuf,
    /// The responses: JSON Lines or Parquet with `response` and `prompt` or `key`, or the folder
    /// that `heedful generate` made.
    #[arg(long, value_name = "PATH")]
    responses: PathBuf,
    /// The reading of the rules that is printed; the scores hold both.
    #[arg(long, default_value_t = Profile::Official)]
    profile: Profile,
    #[command(flatten)]
    thinking: Thinking,
    /// Write the scores as an artifact into this folder, for `heedful report`.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The name of the run in reports; by default that of the responses.
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

    /// The policy, and whether the opening tag is the template's.
    pub(super) fn setting(&self) -> (Policy, bool) {
        (self.policy.clone(), self.prefilled)
    }
}

impl Eval {
    pub(super) fn run(self, place: Place, quiet: bool) -> Result<bool> {
        match self.benchmark {
            Benchmark::Cfbench(command) => command.run(place, quiet),
            Benchmark::Ifbench(command) => command.run(&ifbench::ABOUT, quiet),
            Benchmark::Ifeval(command) => command.run(&ifeval::ABOUT, quiet),
        }
    }
}

/// What `--json` prints of a judged benchmark.
#[derive(Serialize)]
struct Printed<'a, F> {
    #[serde(flatten)]
    outcome: &'a judged::Outcome<F>,
    #[serde(flatten)]
    told: &'a Told,
}

impl Judged {
    fn run(self, place: Place, quiet: bool) -> Result<bool> {
        let (thinking, prefilled) = self.thinking.setting();
        let config = judged::Config {
            items: self.items,
            responses: self.responses,
            thinking,
            prefilled,
            replies: self.save_replies,
        };
        let asked = judged::Cfbench::read(&config)?;
        if let Some((path, sampling)) = self.judges.batch_out()? {
            judge::write_batch(&path, &sampling, &asked.cases)?;
            if !quiet {
                eprintln!("{}: {} questions", path.display(), asked.cases.len());
            }
            return Ok(true);
        }
        let run = |by: &mut dyn judge::Judge| asked.score(&config, by);
        let (outcome, told) = self.judges.with(place, quiet, run)?;
        if self.json {
            super::print_json(&Printed { outcome: &outcome, told: &told })?;
        } else {
            super::print(&(outcome.markdown() + &told.markdown()))?;
        }
        Ok(true)
    }
}

impl Verifiable {
    fn run(self, benchmark: &'static About, quiet: bool) -> Result<bool> {
        let (thinking, prefilled) = self.thinking.setting();
        let config = Config {
            benchmark,
            prompts: self.prompts,
            responses: self.responses,
            setting: Setting { profile: self.profile, thinking, prefilled },
            out: self.out,
            name: self.name,
            revision: revision::current(),
        };
        let outcome = evaluate::verifiable(&config)?;
        if self.json {
            super::print_json(&outcome)?;
        } else {
            super::print(&outcome.markdown())?;
        }
        if let (Some(path), false) = (&outcome.path, quiet) {
            eprintln!("scores: {}", path.display());
        }
        Ok(true)
    }
}
