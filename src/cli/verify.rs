//! `heedful verify`: responses against constraints, as a stream.

use std::path::{Path, PathBuf};

use clap::Args;
use heedful_constraints::Profile;

use crate::error::{Error, Result};
use crate::progress;
use crate::verify::{Shard, rows};

/// Verify responses: one verdict a row.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Self-contained rows {id, instruction_id, kwargs, response}; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    rows: PathBuf,
    /// Where the verdicts go; `-` is standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// The reading of the IFEval rules.
    #[arg(long, default_value_t = Profile::Official)]
    profile: Profile,
    /// Take only part i of n, as in 0/4.
    #[arg(long, value_name = "I/N", default_value = "0/1")]
    shard: Shard,
    /// Count and pass over lines that cannot be read.
    #[arg(long)]
    skip_bad: bool,
}

impl Verify {
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        let config =
            rows::Config { profile: self.profile, shard: self.shard, skip_bad: self.skip_bad };
        let bar = progress::bar("verify", None, quiet);
        let tick = |done| bar.set_position(done);
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let _ = (Path::new("-"), Error::stdout);
        let summary = rows::verify(&self.rows, &mut out, config, &tick)?;
        bar.finish_and_clear();
        if !quiet {
            eprintln!(
                "{} rows, {} strict, {} errors",
                summary.rows, summary.strict, summary.errors
            );
        }
        Ok(true)
    }
}
