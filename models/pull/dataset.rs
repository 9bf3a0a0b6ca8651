//! Files of a dataset's repository on the hub: those that are asked for by name or pattern, of one
//! commit, within a limit, checked by SHA-256 where one is known.

use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Watch;
use super::hub::{Entry, Hub, Kind, one_commit, runtime, whole};
use super::part::Part;
use crate::error::{Error, Result};

/// The most bytes of all files together.
const LIMIT: u64 = 512 << 20;
/// The most files.
const FILES: usize = 1000;
/// The file that says what lies beside it.
const SOURCE: &str = "source.json";

/// What to fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dataset<'a> {
    /// The repository: `OWNER/NAME`.
    pub repository: &'a str,
    /// A commit, a branch or a tag.
    pub revision: &'a str,
    /// Paths in it; `*` stands for any part of a name. Each has to be there.
    pub files: &'a [&'a str],
    /// The SHA-256 of a path's content at this revision, where it is known.
    pub sha256: Option<(&'a str, &'a str)>,
}

/// What was fetched; it is also written beside the files as `source.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// The repository.
    pub repository: String,
    /// The revision that was asked for.
    pub revision: String,
    /// The commit behind it.
    pub commit: String,
    /// The files, by path.
    pub files: Vec<Held>,
    /// Whether it was there already.
    #[serde(default)]
    pub was_there: bool,
}

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its path, below the folder.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
    /// The SHA-256 of its content.
    pub sha256: String,
    /// Whether that was held against what the hub, or the caller, said it is.
    pub checked: bool,
}

/// Fetches files into the folder `target`, unless it holds them already.
///
/// # Errors
/// No network, no such repository, a path that nothing matches, more than 512 MiB, content that is
/// not what it was said to be; a folder that holds something else. What came so far is kept beside
/// it and taken up by the next try.
pub fn dataset(
    wanted: &Dataset<'_>,
    target: &Path,
    hub: &Hub,
    watch: Watch<'_>,
) -> Result<Fetched> {
    if target.exists() {
        return there(wanted, target);
    }
    let part = Part::take(target)?;
    let folder = part.path();
    let from = hub.repository(Kind::Dataset, wanted.repository, Some(LIMIT))?;
    let runtime = runtime(folder)?;
    let (commit, listed) = runtime.block_on(from.listing(wanted.revision))?;
    let chosen = chosen(wanted, listed)?;
    one_commit(folder, &commit)?;
    let mut files = Vec::with_capacity(chosen.len());
    for entry in &chosen {
        let path = folder.join(&entry.name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|source| Error::io(parent, source))?;
        }
        runtime.block_on(from.file(&commit, &entry.name, folder, &mut *watch))?;
        files.push(held(wanted, entry, &path)?);
    }
    let (repository, revision) = (wanted.repository.to_owned(), wanted.revision.to_owned());
    let fetched = Fetched { repository, revision, commit, files, was_there: false };
    let note = folder.join(SOURCE);
    let text =
        serde_json::to_vec_pretty(&fetched).map_err(|e| Error::file(&note, e.to_string()))?;
    std::fs::write(&note, text).map_err(|source| Error::io(&note, source))?;
    whole(folder)?;
    part.finish(target)?;
    Ok(fetched)
}

/// What an earlier call of [`dataset`] left in `folder`; none where it left nothing.
///
/// # Errors
/// A note of it that cannot be read.
pub fn fetched(folder: &Path) -> Result<Option<Fetched>> {
    let note = folder.join(SOURCE);
    let text = match std::fs::read(&note) {
        Ok(text) => text,
        Err(_) if !note.exists() => return Ok(None),
        Err(source) => return Err(Error::io(&note, source)),
    };
    serde_json::from_slice(&text).map(Some).map_err(|e| Error::file(&note, e.to_string()))
}

/// What an earlier call left in `target`, if it is what is wanted.
fn there(wanted: &Dataset<'_>, target: &Path) -> Result<Fetched> {
    let found = fetched(target)?.ok_or_else(|| {
        Error::file(target, format!("is there and was not pulled: it has no {SOURCE}"))
    })?;
    let Fetched { repository, revision, commit, .. } = &found;
    let same = revision == wanted.revision || commit == wanted.revision;
    if repository != wanted.repository || !same {
        let problem = format!("holds {repository} at {revision}; remove it, or pull elsewhere");
        return Err(Error::file(target, problem));
    }
    for file in &found.files {
        let size = target.join(&file.path).metadata().map_or(0, |about| about.len());
        if size != file.bytes {
            let (path, bytes) = (&file.path, file.bytes);
            let problem = format!("{path} has {size} bytes, not {bytes}; remove the folder");
            return Err(Error::file(target, problem));
        }
    }
    Ok(Fetched { was_there: true, ..found })
}

/// The listed files that are wanted, by path.
fn chosen(wanted: &Dataset<'_>, listed: Vec<Entry>) -> Result<Vec<Entry>> {
    let name = wanted.repository;
    for pattern in wanted.files {
        if !listed.iter().any(|entry| matches(pattern, &entry.name)) {
            let some: Vec<&str> = listed.iter().take(20).map(|e| e.name.as_str()).collect();
            let problem = format!("{name}: nothing matches {pattern}; it has {}", some.join(", "));
            return Err(Error::argument(problem));
        }
    }
    let is_wanted = |entry: &Entry| wanted.files.iter().any(|p| matches(p, &entry.name));
    let mut chosen: Vec<Entry> = listed.into_iter().filter(is_wanted).collect();
    chosen.sort_by(|a, b| a.name.cmp(&b.name));
    chosen.dedup_by(|a, b| a.name == b.name);
    if let Some(odd) = chosen.iter().find(|entry| !plain(&entry.name)) {
        return Err(Error::argument(format!("{name}: `{}` is no path to write to", odd.name)));
    }
    let bytes = chosen.iter().fold(0u64, |sum, e| sum.saturating_add(e.size.unwrap_or(0)));
    if bytes > LIMIT || chosen.len() > FILES {
        let n = chosen.len();
        let problem = format!("{name}: {n} files of {bytes} bytes; the limit is {FILES}, {LIMIT}");
        return Err(Error::argument(problem));
    }
    Ok(chosen)
}

/// A path of plain names: it cannot lead elsewhere, and hides nothing.
fn plain(path: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "._- ".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(good);
    path.len() <= 512 && path != SOURCE && path.split('/').all(part)
}

/// Whether a path is named by a pattern in which each `*` stands for any characters but `/`.
fn matches(pattern: &str, path: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == path };
    let Some(path) = path.strip_prefix(start) else { return false };
    let ends = path.char_indices().map(|(at, _)| at).chain([path.len()]);
    ends.take_while(|&end| !path[..end].contains('/')).any(|end| matches(rest, &path[end..]))
}

/// The file that came, held against what is known of it. What is something else is removed, so that
/// the next try fetches it anew.
fn held(wanted: &Dataset<'_>, entry: &Entry, path: &Path) -> Result<Held> {
    let io = |source| Error::io(path, source);
    let mut file = File::open(path).map_err(io)?;
    let mut hasher = Sha256::new();
    let bytes = std::io::copy(&mut file, &mut Sink(&mut hasher)).map_err(io)?;
    let sha256: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let pinned = wanted.sha256.filter(|(name, _)| *name == entry.name).map(|(_, sum)| sum);
    let known = [pinned, entry.sha256.as_deref()];
    let wrong = known.into_iter().flatten().find(|known| **known != sha256);
    let short = entry.size.filter(|size| *size != bytes);
    if wrong.is_some() || short.is_some() {
        std::fs::remove_file(path).map_err(io)?;
        let (name, file) = (wanted.repository, &entry.name);
        let found = format!("{name}: {file} has {bytes} bytes and SHA-256 {sha256}");
        let said = wrong.map_or_else(|| format!("{} bytes", short.unwrap_or(0)), str::to_owned);
        return Err(Error::argument(format!("{found}, expected {said}")));
    }
    let checked = known.iter().any(Option::is_some);
    Ok(Held { path: entry.name.clone(), bytes, sha256, checked })
}

/// Digests what is written to it.
struct Sink<'a>(&'a mut Sha256);

impl std::io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_paths() {
        for (pattern, path, wanted) in [
            ("a.jsonl", "a.jsonl", true),
            ("a.jsonl", "b/a.jsonl", false),
            ("data/*.parquet", "data/train-0.parquet", true),
            ("data/*.parquet", "data/x/train-0.parquet", false),
            ("data/train*of*.parquet", "data/train-00-of-01.parquet", true),
            ("data/train*of*.parquet", "data/train-00.parquet", false),
            ("*", "é", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, path), wanted, "{pattern} {path}");
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_are_none() {
        for path in ["../a", "/a", "a//b", ".a", "a/.b", "a\\b", "", "source.json", "a/../b"] {
            assert!(!plain(path), "{path}");
        }
        assert!(plain("data/train-00000-of-00001.parquet"));
    }
}
