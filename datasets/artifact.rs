//! Artifacts: a folder of tables and a manifest, made whole or not at all.
//!
//! A builder works in a hidden folder beside the target, writes the manifest last, brings all of it
//! to disk and renames the folder. So a reader sees nothing or everything.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::digest;
use crate::error::{Error, Result};
use crate::lock::{self, Lock};
use crate::manifest::{Entry, FILE, FORMAT, Manifest, Plan, Revision};
use crate::parquet_rows;

/// A whole artifact.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// Its folder.
    pub path: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
}

/// What asking for an artifact gives.
pub enum Start {
    /// It is there already, and is what its manifest says.
    Found(Artifact),
    /// It is to be made.
    New(Draft),
}

/// An artifact in the making; dropped, it leaves nothing.
pub struct Draft {
    plan: Plan,
    id: String,
    folder: PathBuf,
    target: PathBuf,
    lock: Option<Lock>,
}

/// Finds the artifact of `plan` in the folder `out`, or begins it there.
///
/// What killed builders left in `out` is removed. A second builder of the same artifact waits for
/// the first and then finds its work.
///
/// # Errors
/// A folder that cannot be used; an artifact of this id that is not what its manifest says.
pub fn begin(out: &Path, plan: Plan) -> Result<Start> {
    std::fs::create_dir_all(out).map_err(|e| Error::io(out, e))?;
    name_is_plain(&plan.name)?;
    let id = plan.id();
    let target = out.join(plan.folder());
    lock::sweep(out)?;
    let lock = Lock::wait(out, &id[..12])?;
    if target.exists() {
        return found(target, &id).map(Start::Found);
    }
    let folder = lock::partial(out, &id[..12]);
    lock::remove(&folder)?;
    std::fs::create_dir(&folder).map_err(|e| Error::io(&folder, e))?;
    Ok(Start::New(Draft { plan, id, folder, target, lock: Some(lock) }))
}

fn found(path: PathBuf, id: &str) -> Result<Artifact> {
    let problems = check(&path)?;
    if let Some(problem) = problems.first() {
        let hint = "remove the folder to make it anew";
        return Err(Error::artifact(&path, format!("{problem}; {hint}")));
    }
    let manifest = Manifest::read(&path)?;
    if manifest.id != id {
        return Err(Error::artifact(&path, format!("has the id {}, not {id}", manifest.id)));
    }
    Ok(Artifact { path, manifest })
}

fn name_is_plain(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 80 || name.starts_with('.') || !name.chars().all(plain) {
        let rule = "takes letters, digits, `-`, `_` and `.`, and does not begin with `.`";
        return Err(Error::build(format!("the name `{}` {rule}", crate::error::shorten(name))));
    }
    Ok(())
}

/// Reads the artifact at `path` without looking into its files.
///
/// # Errors
/// No manifest there.
pub fn open(path: &Path) -> Result<Artifact> {
    Ok(Artifact { path: path.to_owned(), manifest: Manifest::read(path)? })
}

impl Artifact {
    /// The Parquet files in order, of one split or of all.
    pub fn tables(&self, split: Option<&str>) -> Vec<PathBuf> {
        let wanted = split.map(|split| format!("data/{split}-"));
        let files = self.manifest.files.iter().map(|entry| &entry.path);
        let tables = files.filter(|path| path.ends_with(".parquet"));
        tables
            .filter(|path| wanted.as_ref().is_none_or(|start| path.starts_with(start.as_str())))
            .map(|path| self.path.join(path))
            .collect()
    }
}

impl Draft {
    /// The id that it will have.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The folder to write files into; it is not yet the artifact's.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes it whole: digests, manifest, disk, rename.
    ///
    /// # Errors
    /// Files that cannot be read back, brought to disk or renamed.
    pub fn commit(mut self, counts: Map<String, Value>, revision: Revision) -> Result<Artifact> {
        let mut files = Vec::new();
        for path in files_below(&self.folder)? {
            files.push(entry(&self.folder, path)?);
        }
        let manifest = Manifest {
            format: FORMAT,
            id: self.id.clone(),
            stage: self.plan.stage.clone(),
            name: self.plan.name.clone(),
            config: self.plan.config.clone(),
            seed: self.plan.seed,
            parents: self.plan.parents.clone(),
            inputs: self.plan.inputs.clone(),
            schema_version: self.plan.schema_version,
            verifiers: self.plan.verifiers.clone(),
            revision,
            rows: files.iter().filter_map(|entry| entry.rows).sum(),
            counts,
            files,
        };
        let mut text = serde_json::to_string_pretty(&manifest)
            .map_err(|e| Error::artifact(&self.target, e.to_string()))?;
        text.push('\n');
        let path = self.folder.join(FILE);
        std::fs::write(&path, text).map_err(|e| Error::io(&path, e))?;
        to_disk(&self.folder)?;
        std::fs::rename(&self.folder, &self.target).map_err(|e| Error::io(&self.target, e))?;
        if let Some(out) = self.target.parent() {
            sync(out)?;
        }
        self.lock = None;
        Ok(Artifact { path: self.target.clone(), manifest })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // What cannot be removed now is swept by the next builder.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn entry(folder: &Path, path: String) -> Result<Entry> {
    let full = folder.join(&path);
    let (blake3, bytes) = digest::of_file(&full)?;
    let rows = if path.ends_with(".parquet") { Some(parquet_rows::count(&full)?) } else { None };
    Ok(Entry { path, blake3, bytes, rows })
}

/// Brings a folder's files, and the folders themselves, to disk.
fn to_disk(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
        let entry = entry.map_err(|e| Error::io(folder, e))?;
        let kind = entry.file_type().map_err(|e| Error::io(entry.path(), e))?;
        if kind.is_dir() { to_disk(&entry.path())? } else { sync(&entry.path())? }
    }
    sync(folder)
}

fn sync(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|e| Error::io(path, e))
}

/// The files below `folder`, sorted, as paths with `/`.
fn files_below(folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((path, prefix)) = open.pop() {
        for entry in std::fs::read_dir(&path).map_err(|e| Error::io(&path, e))? {
            let entry = entry.map_err(|e| Error::io(&path, e))?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().map_err(|e| Error::io(entry.path(), e))?;
            if kind.is_dir() {
                open.push((entry.path(), format!("{name}/")));
            } else {
                files.push(name);
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// A difference between an artifact and its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A file has other bytes than it had.
    Changed(String),
    /// A file of the manifest is not there.
    Missing(String),
    /// A file that the manifest does not know.
    Extra(String),
    /// A table's rows are not as many as the manifest says, or it cannot be read.
    Rows(String),
    /// The manifest itself was changed: its plan gives another id.
    Manifest(String),
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Problem::Changed(path) => write!(f, "{path} was changed"),
            Problem::Missing(path) => write!(f, "{path} is missing"),
            Problem::Extra(path) => write!(f, "{path} is not in the manifest"),
            Problem::Rows(what) => f.write_str(what),
            Problem::Manifest(what) => write!(f, "{FILE}: {what}"),
        }
    }
}

/// Compares the artifact at `path` with its manifest: digests, lengths, rows, left and extra files.
///
/// # Errors
/// No manifest there, or files that cannot be read.
pub fn check(path: &Path) -> Result<Vec<Problem>> {
    let manifest = Manifest::read(path)?;
    let mut problems = Vec::new();
    let id = manifest.plan().id();
    if id != manifest.id {
        problems.push(Problem::Manifest(format!("says id {}, its plan has {id}", manifest.id)));
    }
    let total: u64 = manifest.files.iter().filter_map(|entry| entry.rows).sum();
    if total != manifest.rows {
        let problem = format!("says {} rows, its files have {total}", manifest.rows);
        problems.push(Problem::Manifest(problem));
    }
    let there = files_below(path)?;
    for known in &manifest.files {
        if there.binary_search(&known.path).is_err() {
            problems.push(Problem::Missing(known.path.clone()));
        } else {
            problems.extend(check_file(path, known)?);
        }
    }
    for name in there {
        if name != FILE && !manifest.files.iter().any(|entry| entry.path == name) {
            problems.push(Problem::Extra(name));
        }
    }
    Ok(problems)
}

fn check_file(folder: &Path, known: &Entry) -> Result<Option<Problem>> {
    let full = folder.join(&known.path);
    let (blake3, bytes) = digest::of_file(&full)?;
    if bytes != known.bytes || blake3 != known.blake3 {
        return Ok(Some(Problem::Changed(known.path.clone())));
    }
    let Some(rows) = known.rows else { return Ok(None) };
    Ok(match parquet_rows::count(&full) {
        Ok(found) if found == rows => None,
        Ok(found) => Some(Problem::Rows(format!("{} has {found} rows, not {rows}", known.path))),
        Err(error) => Some(Problem::Rows(error.to_string())),
    })
}

#[cfg(test)]
#[path = "artifact_tests.rs"]
mod tests;
