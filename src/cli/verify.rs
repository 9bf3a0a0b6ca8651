//! `heedful verify`: responses against constraints, as a stream.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use heedful_constraints::Profile;
use heedful_datasets::rows::OnBad;

use super::eval::Thinking;
use crate::error::{Error, Result};
use crate::verify::{Shard, data, rows};
use crate::{progress, whole};

/// Verify responses against their constraints, as a stream in input order.
///
/// With `--rows`, each line is self-contained and one line {id, strict, loose, vec, error?} comes
/// out: strict and loose are null where the official scorer raises, `vec` has the eight loose
/// variants as 1, 0, - (blank) and E (raises). With `--data` and `--responses`, one verdict row a
/// constraint comes out.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("input").required(true).args(["rows", "data"]),
    after_help = "\
Examples:
  heedful verify --rows rows.jsonl.gz --profile official > verdicts.jsonl
  zcat rows.jsonl.gz | heedful verify --rows - --shard 0/4 > part0.jsonl
  heedful verify --data out/default-1a2b3c4d5e6f --responses responses.jsonl --out verdicts.parquet"
)]
pub(super) struct Verify {
    /// Self-contained rows {id, instruction_id, kwargs, response}; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
    /// Rows with constraints: a dataset's folder, JSONL or Parquet.
    #[arg(long, value_name = "PATH", requires = "responses")]
    data: Option<PathBuf>,
    /// Responses to them, {key or id or prompt, response}: JSONL or Parquet.
    #[arg(long, value_name = "FILE", requires = "data")]
    responses: Option<PathBuf>,
    /// Where the verdicts go; `-` is standard output, a name in .parquet makes a table.
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// The reading of the IFEval rules: `official` by default for rows, `corrected` for data.
    #[arg(long)]
    profile: Option<Profile>,
    /// Take only part i of n, from 0.
    #[arg(long, value_name = "I/N", default_value = "0/1")]
    shard: Shard,
    /// Count and pass over lines that cannot be taken, in place of stopping at the first.
    #[arg(long)]
    skip_bad: bool,
    #[command(flatten)]
    thinking: Thinking,
    /// Print the summary as one line of JSON on standard error.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        let bar = progress::bar("verify", None, quiet);
        let tick = |done| bar.set_position(done);
        let (text, json) = match (&self.rows, &self.data, &self.responses) {
            (Some(input), ..) => self.run_rows(input, &tick)?,
            (None, Some(data), Some(responses)) => self.run_data(data, responses, &tick)?,
            _ => return Err(Error::usage("give --rows, or --data and --responses")),
        };
        bar.finish_and_clear();
        if self.json {
            eprintln!("{json}");
        } else if !quiet {
            eprintln!("{text}");
        }
        Ok(true)
    }

    fn run_rows(&self, input: &Path, tick: &dyn Fn(u64)) -> Result<(String, String)> {
        if self.thinking.is_set() {
            return Err(Error::usage("--thinking goes with --data: rows hold answers as they are"));
        }
        let config = rows::Config {
            profile: self.profile.unwrap_or(Profile::Official),
            shard: self.shard,
            skip_bad: self.skip_bad,
        };
        let summary = whole::write(&self.out, |out| Ok(rows::verify(input, out, config, tick)?))?;
        let text = format!(
            "verified {} rows: {} strict, {} loose, {} with an error, {} skipped",
            summary.rows, summary.strict, summary.loose, summary.errors, summary.skipped
        );
        Ok((text, super::json(&summary)?))
    }

    fn run_data(
        &self,
        data: &Path,
        responses: &Path,
        tick: &dyn Fn(u64),
    ) -> Result<(String, String)> {
        let (thinking, prefilled) = self.thinking.setting();
        let config = data::Config {
            profile: self.profile.unwrap_or(Profile::Corrected),
            shard: self.shard,
            on_bad: if self.skip_bad { OnBad::Skip } else { OnBad::Fail },
            thinking,
            prefilled,
        };
        let table = self.out.extension().is_some_and(|extension| extension == "parquet");
        let summary = if table {
            data::verify(data, responses, data::Output::Table(&self.out), &config, tick)?
        } else {
            whole::write(&self.out, |out| {
                Ok(data::verify(data, responses, data::Output::Lines(out), &config, tick)?)
            })?
        };
        let text = format!(
            "verified {} responses: {} of {} verdicts satisfied, {} errors, {} constraints that no \
             rule decides, {} responses to no row, {} rows without a response, {} skipped, {} cut \
             by the limit on tokens",
            summary.responses,
            summary.satisfied,
            summary.verdicts,
            summary.errors,
            summary.unverifiable,
            summary.unmatched,
            summary.unanswered,
            summary.skipped,
            summary.truncated
        );
        Ok((text, super::json(&summary)?))
    }
}
