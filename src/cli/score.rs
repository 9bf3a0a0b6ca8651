//! `heedful score`: answers that other tools wrote, judged by our rules.

use std::path::PathBuf;

use clap::Args;
use heedful_benchmarks::catalogue::{self, Benchmark, Scoring};
use heedful_benchmarks::exchange::Layout;
use heedful_benchmarks::score::Setting;
use heedful_constraints::Profile;

use super::eval::Thinking;
use crate::error::Result;
use crate::revision;
use crate::score::{self, Config};

/// Score answers that another tool wrote: the official verdicts, and how they compare with those
/// that the file holds.
///
/// Reads samples of lm-evaluation-harness (JSONL), logs of Inspect (.eval), rollouts of verl
/// (JSONL), completions of TRL (Parquet), outputs of OpenAI batches (JSONL), and plain rows of
/// `response` and `prompt` or `key` (JSONL or Parquet). Constraints are those that the file holds
/// beside its answers, or those of `--prompts`. Every sample of a prompt is scored.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful score samples_ifeval_2026-11-23T10-00-00.jsonl
  heedful score logs/2026-11-23_ifeval.eval --thinking auto
  heedful score rollouts/120.jsonl --prompts input_data.jsonl --json | jq .prompt_strict
  heedful score completions_00100.parquet --prompts input_data.jsonl
  heedful score batch_output.jsonl --prompts IFBench_test.jsonl --out runs --name gpt
  heedful score samples.jsonl --sample 1 --out runs        # one of several samples a prompt")]
pub(super) struct Score {
    /// The answers.
    #[arg(value_name = "FILE")]
    answers: PathBuf,
    /// What the scores are of, `ifeval` or `ifbench`; by default `ifbench` where every instruction
    /// is one of its own, else `ifeval`.
    #[arg(long, value_name = "NAME", value_parser = benchmark)]
    benchmark: Option<&'static Benchmark>,
    /// The prompts, `{key, prompt, instruction_id_list, kwargs}` a line, joined by key or by the
    /// prompt's text; in place of those that the file holds.
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,
    /// What the file is: lm-eval, inspect, verl, trl, openai-batch or plain; by default what its
    /// content shows.
    #[arg(long, value_name = "LAYOUT")]
    layout: Option<Layout>,
    /// Score this one of the samples of each prompt, from 1; by default all.
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    #[command(flatten)]
    thinking: Thinking,
    /// Write the scores as an artifact into this folder, for `heedful report`.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The name of the run in reports; by default that of the file.
    #[arg(long)]
    name: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

fn benchmark(name: &str) -> std::result::Result<&'static Benchmark, String> {
    let found = catalogue::find(name).filter(|benchmark| benchmark.scoring == Scoring::Rules);
    found.ok_or_else(|| format!("no benchmark of rules `{name}`: expected `ifeval` or `ifbench`"))
}

impl Score {
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        let (thinking, prefilled) = self.thinking.setting();
        let outcome = score::run(&Config {
            answers: self.answers,
            layout: self.layout,
            benchmark: self.benchmark,
            prompts: self.prompts,
            sample: self.sample,
            setting: Setting { profile: Profile::Official, thinking, prefilled },
            out: self.out,
            name: self.name,
            revision: revision::current(),
        })?;
        if self.json {
            super::print_json(&outcome)?;
        } else {
            super::print(&outcome.markdown())?;
        }
        if let (Some(path), false) = (&outcome.run.path, quiet) {
            eprintln!("scores: {}", path.display());
        }
        Ok(true)
    }
}
