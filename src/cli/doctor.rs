//! `heedful doctor`: what of a card is there, and where the work would be done.

use std::io::{self, BufWriter, Write as _};

use clap::Args;
use heedful_kernels::gpu::found::Found;

use crate::doctor;
use crate::error::{Error, Result};

/// Tell what a card needs and what of it is there (driver, NVRTC, cuBLASLt, cards), what to
/// install, and what `--device auto` is. The host can always work: missing parts are no failure.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) fn run(self) -> Result<bool> {
        let mut out = BufWriter::new(io::stdout().lock());
        doctor::tell(&Found::here(), self.json, &mut out)?;
        out.flush().map_err(Error::stdout)?;
        Ok(true)
    }
}
