//! What a benchmark asks a model: its prompts, from its items or from the program.

use std::path::Path;

use heedful_benchmarks::catalogue::{Benchmark, Scoring};
use heedful_benchmarks::reasoning::layout::Layout;
use heedful_benchmarks::reasoning::prompt;
use heedful_benchmarks::score::Setting;
use heedful_benchmarks::thinking::Policy;
use heedful_benchmarks::verifiable;
use heedful_constraints::Profile;
use heedful_datasets::digest;
use heedful_datasets::manifest::Input as File;
use heedful_models::chat::Message;

use crate::error::{Error, Result};
use crate::generate::input::{Input, Row};
use crate::{judged, reasoning};

/// Keys and prompts of `benchmark`, in the order of its items.
///
/// # Errors
/// Items that are missing or cannot be taken.
pub fn prompts(
    benchmark: &Benchmark,
    items: Option<&Path>,
    layout: Option<Layout>,
) -> Result<Vec<(String, String)>> {
    let need = || {
        let problem = format!("{}: give its items ({})", benchmark.name, benchmark.data);
        items.ok_or_else(|| Error::usage(problem))
    };
    match benchmark.scoring {
        Scoring::Answers => {
            let items = reasoning::items(items, layout)?;
            let of = |item: &heedful_benchmarks::reasoning::items::Item| {
                (item.key.clone(), prompt::text(item))
            };
            Ok(items.list.iter().map(of).collect())
        }
        Scoring::Rules => {
            let (profile, thinking) = (Profile::Official, Policy::None);
            let setting = Setting { profile, thinking, prefilled: false };
            let items = verifiable::prompts(need()?, &setting)?;
            Ok(items.list.into_iter().map(|item| (item.key, item.prompt)).collect())
        }
        Scoring::Judge => {
            let found = judged::prompts(benchmark.name, need()?)?;
            found.ok_or_else(|| Error::usage(format!("{}: no judge decides it", benchmark.name)))
        }
    }
}

/// The same as input of `heedful generate`, with a message of the system in front.
///
/// # Errors
/// As [`prompts`].
pub fn input(
    benchmark: &Benchmark,
    items: Option<&Path>,
    layout: Option<Layout>,
    system: Option<&str>,
) -> Result<Input> {
    let row = |(key, prompt): (String, String)| {
        let user = Message::user(&prompt);
        let messages = system.map(Message::system).into_iter().chain([user]).collect();
        Row { key, prompt, messages }
    };
    let rows: Vec<Row> = prompts(benchmark, items, layout)?.into_iter().map(row).collect();
    let file = |path: &Path| -> Result<File> {
        let (blake3, bytes) = digest::of_file(path)?;
        Ok(File { name: path.display().to_string(), blake3, bytes })
    };
    let mut files: Vec<File> =
        items.filter(|path| path.is_file()).map(file).transpose()?.into_iter().collect();
    if files.is_empty() {
        // A folder, or the program's own: the prompts themselves are what the answers depend on.
        let text: Vec<&str> = rows.iter().flat_map(|row| [&*row.key, &*row.prompt]).collect();
        let joined = text.join("\u{1f}");
        let blake3 = blake3::hash(joined.as_bytes()).to_hex().to_string();
        files.push(File { name: benchmark.name.to_owned(), blake3, bytes: joined.len() as u64 });
    }
    Ok(Input { rows, files, parents: Vec::new() })
}
