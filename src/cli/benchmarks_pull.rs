//! `heedful benchmarks pull`: the items of a benchmark from the hub.

use std::path::PathBuf;

use clap::Args;
use heedful_benchmarks::catalogue::Benchmark;
use heedful_models::pull::Hub;

use crate::error::Result;
use crate::{progress, published};

/// Fetch a benchmark's items from the Hugging Face hub (HF_ENDPOINT, HF_TOKEN) into a folder.
///
/// The commit is pinned where the catalogue knows one, and content is held against the SHA-256 that
/// the catalogue or the hub tells. Of a benchmark that is not on the hub it is said where it is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful benchmarks pull ifeval
  heedful benchmarks pull ifbench --to sets --json | jq -r .command")]
pub(super) struct Pull {
    /// Its name.
    name: String,
    /// The folder in which one of that name is made: what `eval --data` takes.
    #[arg(long, value_name = "DIR", default_value = "data")]
    to: PathBuf,
    /// Another commit, branch or tag than the listed one.
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Pull {
    pub(super) fn run(
        self,
        find: impl FnOnce(&str) -> Result<&'static Benchmark>,
        quiet: bool,
    ) -> Result<bool> {
        let benchmark = find(&self.name)?;
        let bar = progress::bar(&self.name, Some(0), quiet);
        let mut watch = |file: &str, done: u64, total: Option<u64>| {
            bar.set_message(file.to_owned());
            bar.set_length(total.unwrap_or(done));
            bar.set_position(done);
        };
        let hub = Hub::from_environment();
        let pulled =
            published::pull(benchmark, &self.to, self.revision.as_deref(), &hub, &mut watch);
        bar.finish_and_clear();
        let pulled = pulled?;
        if self.json {
            super::print_json(&pulled)?;
        } else {
            super::print(&pulled.text())?;
        }
        Ok(true)
    }
}
