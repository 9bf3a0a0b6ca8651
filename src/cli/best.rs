//! `heedful data best`: samples that all rules accept, to learn from.

use std::path::PathBuf;

use clap::Args;
use heedful_constraints::Profile;

use super::eval::Thinking;
use crate::best::{self, Config};
use crate::error::Result;

/// Keep for each prompt the best sample that all its rules accept, as conversations for `train sft`
/// (best-of-n distillation); prints counts.
///
/// The best is the shortest, then the first. Samples that were cut by the limit on tokens, that are
/// blank, repeat themselves or copy the prompt are never taken.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful generate --data prompts.jsonl --model embedded -n 8
  heedful data best --data prompts.jsonl --responses RESPONSES.parquet --out best.jsonl
  heedful train sft --model embedded --data best.jsonl --out out/start --length 512")]
pub(super) struct Best {
    /// Prompts with constraints, and questions with answers; may be given several times.
    #[arg(long, value_name = "FILE", required = true)]
    data: Vec<PathBuf>,
    /// Samples that name their prompt by its text, `key` or `id`; may be given several times.
    #[arg(long, value_name = "FILE", required = true)]
    responses: Vec<PathBuf>,
    /// Where the conversations go, as JSON Lines.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The reading of the IFEval rules.
    #[arg(long, default_value = "corrected")]
    profile: Profile,
    #[command(flatten)]
    thinking: Thinking,
}

impl Best {
    pub(super) fn run(self) -> Result<bool> {
        let Best { data, responses, out, profile, thinking } = self;
        let config = Config { data, responses, out, profile, thinking: thinking.setting() };
        super::print_json(&best::best(&config)?)?;
        Ok(true)
    }
}
