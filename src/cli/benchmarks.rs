//! `heedful benchmarks`: the published tests that can be run, what each of them is, and new ones.

use clap::{Args, Subcommand};
use heedful_benchmarks::catalogue::{self, Benchmark};

use super::benchmarks_prompts::Prompts;
use super::benchmarks_pull::Pull;
use super::eval::found;
use crate::error::Result;

/// List the benchmarks, tell what one of them is, fetch its items, or make one.
#[derive(Debug, Args)]
pub(super) struct Benchmarks {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Prompts(Prompts),
    Make(super::benchmarks_make::Make),
    Show(Show),
    Pull(Pull),
}

/// Every benchmark: name, who decides, what its authors report, what it holds.
#[derive(Debug, Args)]
struct List {
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// One benchmark: version of its scorer, source, licence, metrics, how to get its items.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful benchmarks show ifbench
  heedful benchmarks show ifeval --json | jq -r .licence")]
struct Show {
    /// Its name.
    name: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Benchmarks {
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        match self.command {
            Command::List(command) => command.run(),
            Command::Prompts(command) => command.run(),
            Command::Make(command) => command.run(quiet),
            Command::Show(command) => command.run(),
            Command::Pull(command) => command.run(found, quiet),
        }
    }
}

impl List {
    fn run(self) -> Result<bool> {
        if self.json {
            catalogue::ALL.iter().try_for_each(super::print_json)?;
            return Ok(true);
        }
        let row = |b: &&Benchmark| {
            let scoring = b.scoring.name();
            format!("{:14}  {scoring:9}  {:13}  {}\n", b.name, b.headline, b.title)
        };
        let head = format!("{:14}  {:9}  {:13}  {}\n", "name", "scored", "headline", "what");
        super::print(&(head + &catalogue::ALL.iter().map(row).collect::<String>()))?;
        Ok(true)
    }
}

impl Show {
    fn run(self) -> Result<bool> {
        let benchmark = found(&self.name)?;
        if self.json {
            super::print_json(benchmark)?;
            return Ok(true);
        }
        let metrics = benchmark.metrics.join(", ");
        let hub = benchmark.hub.map_or_else(
            || "not there".to_owned(),
            |hub| format!("{} at {}: {}", hub.repository, hub.revision, hub.files.join(", ")),
        );
        let lines = [
            ("name", benchmark.name),
            ("what", benchmark.title),
            ("scored", benchmark.scoring.name()),
            ("version", benchmark.version),
            ("source", benchmark.source),
            ("licence", benchmark.licence),
            ("metrics", &metrics),
            ("headline", benchmark.headline),
            ("items", benchmark.data),
            ("hub", &hub),
            ("run", benchmark.command),
        ];
        let text = lines.map(|(name, value)| format!("{name:9} {value}\n"));
        super::print(&text.concat())?;
        Ok(true)
    }
}
