//! Benchmarks' items from the hub: where they lie, under which licence, and how to run on them.

use std::path::{Path, PathBuf};

use heedful_benchmarks::catalogue::Benchmark;
use heedful_benchmarks::published::Published;
use heedful_models::pull::{self, Dataset, Fetched, Hub, Watch, dataset};
use serde::Serialize;

use crate::error::{Error, Result};

/// Items that were fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pulled {
    /// The benchmark.
    pub benchmark: &'static str,
    /// The licence of its code and data.
    pub licence: &'static str,
    /// The items, as a file or a folder.
    pub items: PathBuf,
    /// How to run on them.
    pub command: String,
    /// What was fetched.
    #[serde(flatten)]
    pub fetched: Fetched,
}

/// Fetches the items of `benchmark` into a folder of its name below `to`, at `revision` where it is
/// not to be the listed one.
///
/// # Errors
/// A benchmark that the hub does not hold; what [`dataset`] refuses.
pub fn pull(
    benchmark: &'static Benchmark,
    to: &Path,
    revision: Option<&str>,
    hub: &Hub,
    watch: Watch<'_>,
) -> Result<Pulled> {
    let Benchmark { name, licence, data, source, .. } = *benchmark;
    let Some(published) = benchmark.hub else {
        let problem = match benchmark.file.is_empty() {
            true => format!("nothing to pull: its items are {data}"),
            false => format!("not on the hub: get {data} from {source} (licence {licence})"),
        };
        return Err(Error::usage(format!("{name}: {problem}")));
    };
    let folder = to.join(name);
    let wanted = Dataset {
        repository: published.repository,
        revision: revision.unwrap_or(published.revision),
        files: published.files,
        sha256: published.sha256.filter(|_| revision.is_none_or(|r| r == published.revision)),
    };
    std::fs::create_dir_all(to).map_err(|e| Error::io(to, e))?;
    let fetched = dataset(&wanted, &folder, hub, watch)?;
    let items = items(name, published, &folder, &fetched)?;
    let command = command(benchmark.command, &items);
    Ok(Pulled { benchmark: name, licence, items, command, fetched })
}

/// The items of `benchmark` where [`fn@pull`] left them below `to`; none where it did not.
///
/// # Errors
/// A note of what was pulled that cannot be read.
pub fn held(benchmark: &Benchmark, to: &Path) -> Result<Option<PathBuf>> {
    let folder = to.join(benchmark.name);
    match (benchmark.hub, pull::fetched(&folder)?) {
        (Some(hub), Some(found)) => items(benchmark.name, hub, &folder, &found).map(Some),
        _ => Ok(None),
    }
}

/// The file or the folder among what was fetched that is the items.
fn items(name: &str, published: &Published, folder: &Path, found: &Fetched) -> Result<PathBuf> {
    match (published.items, found.files.as_slice()) {
        ("", [file]) => Ok(folder.join(&file.path)),
        ("", files) => {
            let problem = format!("{name}: expected one file, the hub has {}", files.len());
            Err(Error::usage(problem))
        }
        (below, _) => Ok(folder.join(below)),
    }
}

/// The command of a catalogue with these items in the place of its own.
fn command(template: &str, items: &Path) -> String {
    let mut words: Vec<String> = template.split(' ').map(str::to_owned).collect();
    let option = words.iter().position(|word| word == "--items" || word == "--prompts");
    if let Some(word) = option.and_then(|at| words.get_mut(at + 1)) {
        let path = items.display().to_string();
        let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-:\\".contains(c));
        *word = if plain { path } else { format!("'{}'", path.replace('\'', r"'\''")) };
    }
    words.join(" ")
}

impl Pulled {
    /// For a terminal.
    pub fn text(&self) -> String {
        let Pulled { licence, items, command, fetched, .. } = self;
        let Fetched { repository, commit, files, was_there, .. } = fetched;
        let there = if *was_there { " (was there)" } else { "" };
        let mut text = format!("{}{there}\nlicence   {licence}\n", items.display());
        text.push_str(&format!("source    {repository} at {commit}\n"));
        for file in files {
            let checked = match file.checked {
                true => "as it was said to be",
                false => "the hub tells none to hold it against",
            };
            text.push_str(&format!(
                "file      {}, {} bytes, SHA-256 {}: {checked}\n",
                file.path, file.bytes, file.sha256
            ));
        }
        text.push_str(&format!("run       {command}\n"));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_items() {
        let template = "heedful eval ifeval --prompts input_data.jsonl --responses FILE";
        let here = command(template, Path::new("b/ifeval/a.jsonl"));
        assert_eq!(here, "heedful eval ifeval --prompts b/ifeval/a.jsonl --responses FILE");
        let odd = command("heedful eval x --items a", Path::new("it's here/a"));
        assert_eq!(odd, r"heedful eval x --items 'it'\''s here/a'");
    }
}
