//! `heedful benchmarks prompts`: what a benchmark asks a model.

use std::path::PathBuf;

use clap::Args;
use heedful_benchmarks::reasoning::layout::Layout;
use serde_json::json;

use crate::asked;
use crate::error::Result;

/// Print what a benchmark asks a model: `{key, prompt}` a line, for any tool that answers prompts.
///
/// Responses are joined by that key or that prompt.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful benchmarks prompts reasoning > prompts.jsonl
  heedful benchmarks prompts followbench --items data | my-vllm-script > responses.jsonl")]
pub(super) struct Prompts {
    /// The benchmark's name.
    name: String,
    /// Its items; reasoning has items of its own.
    #[arg(long, value_name = "PATH")]
    items: Option<PathBuf>,
    /// The layout of reasoning items, where it is not to be told by their keys.
    #[arg(long, value_name = "NAME")]
    layout: Option<Layout>,
}

impl Prompts {
    pub(super) fn run(self) -> Result<bool> {
        let benchmark = super::eval::found(&self.name)?;
        let prompts = asked::prompts(benchmark, self.items.as_deref(), self.layout)?;
        let line = |(key, prompt)| json!({"key": key, "prompt": prompt}).to_string() + "\n";
        super::print(&prompts.into_iter().map(line).collect::<String>())?;
        Ok(true)
    }
}
