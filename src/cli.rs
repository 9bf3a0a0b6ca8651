//! The command line: what can be typed, and which stage it runs.

mod ablate;
mod bench;
mod benchmarks;
mod benchmarks_make;
mod benchmarks_prompts;
mod benchmarks_pull;
mod best;
mod build;
mod constraints;
mod data;
mod demonstrate;
mod doctor;
mod eval;
mod generate;
mod generate_endpoint;
mod generate_local;
mod groups;
mod judges;
mod models;
mod pairs;
mod report;
mod run;
mod score;
mod subject;
mod train;
mod train_policy;
mod train_reward;
mod verify;

use std::io::{self, Write as _};
use std::num::NonZeroU16;

use clap::{Parser, Subcommand};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::place::{Choice, Place};

/// Builds, verifies and measures multi-constraint instruction following.
#[derive(Debug, Parser)]
#[command(
    name = "heedful",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 good, 1 a negative finding, 2 an error."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Threads to use; by default one a core.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<NonZeroU16>,
    /// Where models run: auto (a card where there is one), cpu, cuda or cuda:N.
    #[arg(long, global = true, value_name = "DEVICE", default_value = "auto")]
    device: Choice,
    /// No progress and no notes on standard error.
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Ablate(ablate::Ablate),
    Bench(bench::Bench),
    Benchmarks(benchmarks::Benchmarks),
    Build(build::Build),
    Constraints(constraints::Constraints),
    Data(data::Data),
    Doctor(doctor::Doctor),
    Generate(Box<generate::Generate>),
    Verify(verify::Verify),
    Eval(Box<eval::Eval>),
    Models(models::Models),
    Pairs(pairs::Pairs),
    Report(report::Report),
    Run(run::Run),
    Score(score::Score),
    Status(run::Status),
    Train(train::Train),
}

/// Runs what was typed; false is a negative finding (exit 1).
///
/// # Errors
/// Whatever stops the stage (exit 2). Wrong options end the process with 2 at once.
pub fn run() -> Result<bool> {
    let cli = Cli::parse();
    if let Some(threads) = cli.threads {
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads.get())).build_global();
        pool.map_err(|e| Error::usage(format!("--threads {threads}: {e}")))?;
    }
    let threads = cli.threads.map_or(0, |n| usize::from(n.get()));
    let place = Place { choice: cli.device, threads };
    match cli.command {
        Command::Ablate(command) => command.run(place, cli.quiet),
        Command::Bench(command) => command.run(place, cli.quiet),
        Command::Build(command) => command.run(cli.quiet),
        Command::Constraints(command) => command.run(),
        Command::Data(command) => command.run(cli.quiet),
        Command::Doctor(command) => command.run(),
        Command::Generate(command) => command.run(place, cli.quiet),
        Command::Verify(command) => command.run(cli.quiet),
        Command::Benchmarks(command) => command.run(cli.quiet),
        Command::Eval(command) => command.run(place, cli.quiet),
        Command::Models(command) => command.run(cli.quiet),
        Command::Pairs(command) => command.run(cli.quiet),
        Command::Report(command) => command.run(cli.quiet),
        Command::Run(command) => command.run(place, cli.quiet),
        Command::Score(command) => command.run(cli.quiet),
        Command::Status(command) => command.run(place),
        Command::Train(command) => command.run(place, cli.quiet),
    }
}

/// Prints `value` as one line of JSON.
fn print_json(value: &impl Serialize) -> Result<()> {
    let mut text = json(value)?;
    text.push('\n');
    print(&text)
}

/// `value` as one line of JSON.
fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|e| Error::usage(format!("the result cannot be written as JSON: {e}")))
}

/// Prints `text` as it is.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::stdout)
}
