//! The history of a folder of artifacts, and what differs between two of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::artifact::{self, Artifact};
use crate::error::{Error, Result};
use crate::frame::{self, RowDiff};
use crate::manifest::FILE;

/// The artifacts of a folder.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// Parents before what was made from them, else by stage, name and id.
    pub artifacts: Vec<Artifact>,
    /// Folders with a manifest that cannot be read, and why.
    pub broken: Vec<(PathBuf, String)>,
}

/// Lists the artifacts that lie in the folder `out`.
///
/// # Errors
/// A folder that cannot be read.
pub fn log(out: &Path) -> Result<Log> {
    let mut log = Log::default();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(out).map_err(|e| Error::io(out, e))? {
        let path = entry.map_err(|e| Error::io(out, e))?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if hidden || !path.join(FILE).is_file() {
            continue;
        }
        match artifact::open(&path) {
            Ok(artifact) => found.push(artifact),
            Err(error) => log.broken.push((path, error.to_string())),
        }
    }
    log.broken.sort();
    found.sort_by(|a, b| {
        let key = |x: &Artifact| {
            (x.manifest.stage.clone(), x.manifest.name.clone(), x.manifest.id.clone())
        };
        key(a).cmp(&key(b))
    });
    log.artifacts = by_lineage(found);
    Ok(log)
}

/// Parents first; a parent that is not in the list holds nobody up.
fn by_lineage(mut waiting: Vec<Artifact>) -> Vec<Artifact> {
    let mut sorted: Vec<Artifact> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ids: BTreeSet<String> = waiting.iter().map(|a| a.manifest.id.clone()).collect();
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|artifact| {
            let parents = &artifact.manifest.parents;
            !parents.iter().any(|id| *id != artifact.manifest.id && ids.contains(id))
        });
        if ready.is_empty() {
            // A circle can only be forged; it is listed all the same.
            sorted.extend(rest);
            break;
        }
        sorted.extend(ready);
        waiting = rest;
    }
    sorted
}

/// A value that differs: its dotted key, and what it is on either side.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The key, with dots and indices.
    pub key: String,
    /// On the first side; `None` where it is not there.
    pub before: Option<Value>,
    /// On the second side.
    pub after: Option<Value>,
}

/// What differs between two artifacts.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// Keys of the configuration, the seed, the inputs and the versions.
    pub config: Vec<Change>,
    /// Counts.
    pub counts: Vec<Change>,
    /// Rows by id; `None` when either side has no tables with ids.
    pub rows: Option<RowDiff>,
}

impl Diff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        let same = |rows: &RowDiff| rows.added + rows.removed + rows.changed == 0;
        self.config.is_empty() && self.counts.is_empty() && self.rows.as_ref().is_none_or(same)
    }
}

/// Compares the artifacts at `before` and `after`.
///
/// # Errors
/// A folder without manifest, or tables that cannot be read.
pub fn diff(before: &Path, after: &Path) -> Result<Diff> {
    let (before, after) = (artifact::open(before)?, artifact::open(after)?);
    let tables = (before.tables(None), after.tables(None));
    let rows = match &tables {
        (a, b) if a.is_empty() || b.is_empty() => None,
        (a, b) => frame::diff(a, b)?,
    };
    Ok(Diff {
        config: changes(&settings(&before), &settings(&after)),
        counts: changes(
            &Value::Object(before.manifest.counts.clone()),
            &Value::Object(after.manifest.counts.clone()),
        ),
        rows,
    })
}

/// What an id depends on, as one object.
fn settings(artifact: &Artifact) -> Value {
    let manifest = &artifact.manifest;
    let mut map = Map::new();
    map.insert("stage".to_owned(), manifest.stage.clone().into());
    map.insert("config".to_owned(), manifest.config.clone());
    map.insert("seed".to_owned(), manifest.seed.into());
    map.insert("parents".to_owned(), manifest.parents.clone().into());
    let inputs: Map<String, Value> =
        manifest.inputs.iter().map(|i| (i.name.clone(), i.blake3.clone().into())).collect();
    map.insert("inputs".to_owned(), inputs.into());
    map.insert("schema_version".to_owned(), manifest.schema_version.into());
    map.insert("verifiers".to_owned(), manifest.verifiers.clone().into());
    Value::Object(map)
}

fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let (mut left, mut right) = (BTreeMap::new(), BTreeMap::new());
    flatten("", before, &mut left);
    flatten("", after, &mut right);
    let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    keys.into_iter()
        .filter(|key| left.get(*key) != right.get(*key))
        .map(|key| Change {
            key: key.clone(),
            before: left.get(key).cloned(),
            after: right.get(key).cloned(),
        })
        .collect()
}

fn flatten(prefix: &str, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    let join = |key: &str| {
        if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
    };
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (key, value) in object {
                flatten(&join(key), value, leaves);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, value) in items.iter().enumerate() {
                flatten(&join(&at.to_string()), value, leaves);
            }
        }
        leaf => {
            leaves.insert(prefix.to_owned(), leaf.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Revision;
    use crate::{recipe, stage};

    fn build(text: &str, out: &Path) -> PathBuf {
        let recipe = recipe::parse(text, "t", Path::new("")).expect("good");
        let built = stage::build(&recipe, out, Revision::default(), &|_| {}).expect("builds");
        built.artifact.path
    }

    #[test]
    fn a_longer_build_adds_rows_and_says_which_key_did_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let a = build("name = \"t\"\ndrawings = 10\nmax_level = 2", folder.path());
        let b = build("name = \"t\"\ndrawings = 14\nmax_level = 2", folder.path());
        let found = diff(&a, &b).expect("readable");
        let keys: Vec<&str> = found.config.iter().map(|change| change.key.as_str()).collect();
        assert_eq!(keys, ["config.amount.drawings"]);
        let rows = found.rows.expect("both have rows");
        let totals = |path: &Path| artifact::open(path).expect("whole").manifest.rows;
        assert_eq!((rows.removed, rows.changed, rows.unchanged), (0, 0, totals(&a)));
        assert_eq!(rows.added, totals(&b) - totals(&a));
        assert!(rows.added > 0 && !rows.examples_added.is_empty());
        assert!(diff(&a, &a).expect("readable").is_empty());
        assert_eq!(log(folder.path()).expect("readable").artifacts.len(), 2);
    }

    #[test]
    fn how_rows_are_cut_into_files_is_no_difference_of_rows() {
        let folder = tempfile::tempdir().expect("a folder");
        let a = build("name = \"t\"\ndrawings = 10\nshard_rows = 7", folder.path());
        let b = build("name = \"t\"\ndrawings = 10\nshard_rows = 9", folder.path());
        let rows = diff(&a, &b).expect("readable").rows.expect("both have rows");
        assert_eq!((rows.added, rows.removed, rows.changed), (0, 0, 0));
    }
}
