//! `heedful constraints`: the catalogue of rules and soft types, and a lint of datasets.

use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use heedful_constraints::{Profile, lint};

use crate::constraints::{self, CheckOptions};
use crate::error::{Error, Result};

/// List rules and soft types, show one, or lint a dataset.
#[derive(Debug, Args)]
pub(super) struct Constraints {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Show(Show),
    Check(Check),
}

/// Every rule and soft type with its parameters, paraphrases and profiles.
#[derive(Debug, Args)]
struct List {
    /// Only ids that contain this.
    filter: Option<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// One rule or soft type: definition, schema, texts, examples, deviations, sampled witnesses.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful constraints show length_constraints:number_words
  heedful constraints show soft:tone_emotion --json")]
struct Show {
    /// The id.
    id: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Lint datasets: unknown ids, bad arguments, contradictions, prompts that disagree, duplicates.
///
/// Reads IFEval, verl, TRL, open-instruct and heedful's own rows, as JSONL or Parquet. Exits 1 when
/// anything is found.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful constraints check input_data.jsonl
  heedful constraints check train.parquet --json --skip-bad")]
struct Check {
    /// The datasets.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object a finding, and one for the summary.
    #[arg(long)]
    json: bool,
    /// Count and pass over rows that cannot be read.
    #[arg(long)]
    skip_bad: bool,
    /// The reading of the IFEval rules.
    #[arg(long, default_value_t = Profile::Official)]
    profile: Profile,
}

impl Constraints {
    pub(super) fn run(self) -> Result<bool> {
        let mut out = BufWriter::new(io::stdout().lock());
        let clean = match self.command {
            Command::List(List { filter, json }) => {
                constraints::list(filter.as_deref(), json, &mut out).map(|()| true)
            }
            Command::Show(Show { id, json }) => {
                constraints::show(&id, json, &mut out).map(|()| true)
            }
            Command::Check(Check { files, json, skip_bad, profile }) => {
                let lint = lint::Options { profile, ..lint::Options::default() };
                constraints::check(&files, &CheckOptions { json, skip_bad, lint }, &mut out)
            }
        }?;
        out.flush().map_err(Error::stdout)?;
        Ok(clean)
    }
}
