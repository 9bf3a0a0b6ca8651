//! `heedful data groups`: graded groups, to measure a judge by.

use std::path::PathBuf;

use clap::Args;
use heedful_constraints::Profile;

use crate::error::Result;
use crate::groups;

/// Write graded groups from a dataset with witnesses, as JSON Lines: an instruction, k of its hard
/// constraints and k responses, of which the first satisfies one and the last all of them.
///
/// The last response is the witness. Each of the others breaks one constraint more, by a change
/// that the checks take to have broken that one alone. Soft constraints of a prompt are in no
/// group. What gives no group is left out, and counted.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful data groups out/default-1a2b3c4d5e6f --rows 50 --size 3 --out groups.jsonl
  heedful data demonstrate --groups 50 --size 5 --out groups.jsonl      with soft constraints")]
pub(super) struct Groups {
    /// The dataset: an artifact's folder, JSONL or Parquet, with a `witness`.
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// How many groups.
    #[arg(long, value_name = "N")]
    rows: u64,
    /// Constraints, and responses, of a group.
    #[arg(long, value_name = "K", default_value_t = 5)]
    size: usize,
    /// Of all draws.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The reading of the IFEval rules.
    #[arg(long, default_value_t = Profile::Corrected)]
    profile: Profile,
    /// Where the groups go; `-` is standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
}

impl Groups {
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        let Groups { data, rows, size, seed, profile, out } = self;
        let written = groups::write(&data, rows, size, seed, profile, &out)?;
        if !quiet {
            eprintln!("{} groups; {} rows left out", written.groups, written.left_out);
        }
        Ok(true)
    }
}
