//! `heedful train policy`: a checkpoint to one that does what prompts ask.

mod settings;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::{Error, Result};
use crate::place::Place;
use crate::progress;
use crate::train::policy::{self, Line};
use settings::Settings;

/// Group-relative policy optimisation on prompts whose constraints rules and a classifier decide.
///
/// Each step samples a group of answers to some prompts, rewards each by its prompt's constraints,
/// and raises the probability of those that earned more than their group. Rows are those of
/// `build`, `data demonstrate --prompts`, or anyone's with `prompt`, `instruction_id_list` and
/// `kwargs`; questions are rows with `prompt` and `answer`. Rows of which nothing can be judged are
/// left out and counted. A run that was killed goes on from its last state with the same results
/// when the same command is given again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful data demonstrate --prompts train --rows 2000 --out prompts.jsonl
  heedful train policy --model embedded --data prompts.jsonl --out out/policy --steps 50
  heedful train policy --model DIR --data prompts.parquet --out out/ours --preset default
  heedful train policy --model DIR --data prompts.parquet --reward CLASSIFIER --out out/paper \\
      --preset paper --max-tokens 1024 --length 2048 --tokens 8192")]
pub(super) struct Policy {
    /// The checkpoint to start from: a name, a Hugging Face folder or a GGUF file.
    #[arg(long, value_name = "NAME|PATH")]
    model: String,
    /// Prompts with constraints, and questions with answers, JSONL or Parquet; may be given several
    /// times.
    #[arg(long, value_name = "FILE", required = true)]
    data: Vec<PathBuf>,
    /// The folder of the training; the checkpoint comes into `model` in it.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Settings to begin with: `paper`, `default`, or a TOML file with the flags below as keys. A
    /// flag that is given wins.
    #[arg(long, value_name = "NAME|FILE")]
    preset: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// A training with the settings of a recipe's table: the keys of a preset, and `preset`.
pub(super) fn of_table(table: &toml::Table) -> Result<policy::Policy> {
    let mut table = table.clone();
    let preset = match table.remove("preset") {
        None => None,
        Some(toml::Value::String(name)) => Some(Settings::read(Path::new(&name))?),
        Some(other) => return Err(Error::usage(format!("key `preset`: {other} is no name"))),
    };
    let settings: Settings =
        table.try_into().map_err(|e: toml::de::Error| Error::usage(e.message().to_owned()))?;
    let blank = policy::Policy::new(PathBuf::new(), Vec::new(), PathBuf::new());
    Ok(settings.over(preset.unwrap_or_default())?.apply(blank))
}

impl Policy {
    pub(super) fn run(self, place: Place, quiet: bool) -> Result<bool> {
        let preset = self.preset.as_deref().map(Settings::read).transpose()?;
        let settings = self.settings.over(preset.unwrap_or_default())?;
        let model = heedful_models::resolve(&self.model)?;
        let with = settings
            .apply(policy::Policy { place, ..policy::Policy::new(model, self.data, self.out) });
        let bar = progress::bar("policy", Some(with.steps), quiet);
        let done = policy::train(&with, |Line { step, reward, speed }| {
            bar.set_position(*step);
            bar.set_message(format!("policy · reward {reward:.3} · {speed:.0} tokens/s"));
        })?;
        bar.finish_and_clear();
        if !quiet {
            let policy::Summary { prompts, left_out, partly, .. } = done;
            eprintln!("{prompts} prompts; {left_out} left out, of which nothing can be judged");
            if partly > 0 {
                eprintln!("{partly} with soft constraints that nobody judged (see --reward)");
            }
        }
        super::print_json(&serde_json::json!({
            "model": done.model,
            "steps": done.steps,
            "resumed": done.resumed,
            "prompts": done.prompts,
            "left_out": done.left_out,
            "unjudged": done.partly,
            "reward": done.last.map(|line| line.reward),
        }))?;
        Ok(true)
    }
}
