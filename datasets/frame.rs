//! Joins over tables on disk, by row id. The only file that knows polars.
//!
//! A table is read once, as a stream; what is kept of a row is its id and a digest of its cells. So
//! memory is a few dozen bytes a row, and lists and structs are compared like any other cell.

use std::path::{Path, PathBuf};

use polars::prelude::*;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::parquet_rows;
use crate::rows::{self, Options};

/// Ids named for each sort of difference.
const EXAMPLES: usize = 5;

/// Columns that move when other rows do, and say nothing about their own.
const POSITIONS: [&str; 2] = ["key", "drawing"];

/// How the rows of two tables differ, matched by `id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowDiff {
    /// Rows of the second only.
    pub added: u64,
    /// Rows of the first only.
    pub removed: u64,
    /// Rows of both, with a value that differs in a column that both have.
    pub changed: u64,
    /// Rows that are the same in both.
    pub unchanged: u64,
    /// Some ids of added rows, sorted.
    pub examples_added: Vec<String>,
    /// Some ids of removed rows, sorted.
    pub examples_removed: Vec<String>,
    /// Some ids of changed rows, sorted.
    pub examples_changed: Vec<String>,
}

/// Compares the Parquet files `before` with the files `after`; `None` when either has no `id`.
///
/// # Errors
/// Files that cannot be read.
pub fn diff(before: &[PathBuf], after: &[PathBuf]) -> Result<Option<RowDiff>> {
    let (Some(first), Some(second)) = (before.first(), after.first()) else { return Ok(None) };
    let Some(columns) = shared(first, second)? else { return Ok(None) };
    let (left, right) = (digests(before, &columns)?, digests(after, &columns)?);
    let found = compare(&left, &right).map_err(|e| Error::file(first, e.to_string()))?;
    Ok(Some(found))
}

/// The columns that both files have with the same type, `id` first; `None` when one has no `id`.
fn shared(before: &Path, after: &Path) -> Result<Option<Vec<String>>> {
    let (ours, theirs) = (parquet_rows::open(before, None)?, parquet_rows::open(after, None)?);
    let (ours, theirs) = (ours.schema(), theirs.schema());
    if ours.field_with_name("id").is_err() || theirs.field_with_name("id").is_err() {
        return Ok(None);
    }
    let same = |name: &str| {
        let kinds = (ours.field_with_name(name), theirs.field_with_name(name));
        matches!(kinds, (Ok(a), Ok(b)) if a.data_type() == b.data_type())
    };
    let names = ours.fields().iter().map(|field| field.name().clone());
    let rest = names.filter(|name| name != "id" && !POSITIONS.contains(&name.as_str()));
    Ok(Some(std::iter::once("id".to_owned()).chain(rest.filter(|name| same(name))).collect()))
}

/// The ids of all rows of `files`, each with the digest of its other cells.
fn digests(files: &[PathBuf], columns: &[String]) -> Result<DataFrame> {
    let wanted: Vec<&str> = columns.iter().map(String::as_str).collect();
    let (mut ids, mut digests): (Vec<String>, Vec<u64>) = (Vec::new(), Vec::new());
    for path in files {
        for row in rows::open(path, Options { columns: Some(&wanted), ..Options::default() })? {
            let mut row = row?;
            let id = match row.object.remove("id") {
                Some(Value::String(id)) => id,
                other => other.unwrap_or_default().to_string(),
            };
            ids.push(id);
            digests.push(digest(&Value::Object(row.object)));
        }
    }
    let columns = vec![Column::new("id".into(), &ids), Column::new("digest".into(), &digests)];
    let name = files.first().map(|path| path.display().to_string()).unwrap_or_default();
    DataFrame::new(ids.len(), columns).map_err(|e| Error::file(name, e.to_string()))
}

fn digest(cells: &Value) -> u64 {
    let hash = blake3::hash(cells.to_string().as_bytes());
    let (first, _) = hash.as_bytes().split_first_chunk().expect("a digest has 32 bytes");
    u64::from_le_bytes(*first)
}

fn compare(left: &DataFrame, right: &DataFrame) -> PolarsResult<RowDiff> {
    let id = ["id"];
    let join =
        |a: &DataFrame, b: &DataFrame, how: JoinType| a.join(b, id, id, JoinArgs::new(how), None);
    let removed = join(left, right, JoinType::Anti)?;
    let added = join(right, left, JoinType::Anti)?;
    let both = join(left, right, JoinType::Inner)?;
    let (ours, theirs) = (both.column("digest")?.u64()?, both.column("digest_right")?.u64()?);
    let changed = both.filter(&ours.not_equal(theirs))?;
    Ok(RowDiff {
        added: added.height() as u64,
        removed: removed.height() as u64,
        changed: changed.height() as u64,
        unchanged: (both.height() - changed.height()) as u64,
        examples_added: examples(&added)?,
        examples_removed: examples(&removed)?,
        examples_changed: examples(&changed)?,
    })
}

/// The first ids in the order of text.
fn examples(frame: &DataFrame) -> PolarsResult<Vec<String>> {
    let ids = frame.column("id")?.str()?;
    let mut ids: Vec<&str> = ids.iter().flatten().collect();
    ids.sort_unstable();
    Ok(ids.into_iter().take(EXAMPLES).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flat::{Cell, Kind, Writer};

    fn table(path: &Path, rows: &[(&str, i64, Option<&str>)]) {
        let columns = [("id", Kind::Text), ("key", Kind::Int), ("prompt", Kind::Text)];
        let mut writer = Writer::create(path, &columns).unwrap();
        for (id, key, prompt) in rows {
            let prompt = prompt.map_or(Cell::Null, Cell::Text);
            writer.push(&[Cell::Text(id), Cell::Int(*key), prompt]).unwrap();
        }
        writer.finish().unwrap();
    }

    #[test]
    fn rows_are_matched_by_id_over_shards_and_positions_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        table(&path("a"), &[("x", 0, Some("one")), ("y", 1, Some("two")), ("z", 2, None)]);
        table(&path("b"), &[("n", 0, Some("new")), ("z", 1, Some("")), ("x", 2, Some("one"))]);
        table(&path("c"), &[("m", 3, Some("more"))]);
        let found = diff(&[path("a")], &[path("b"), path("c")]).unwrap().unwrap();
        let expected = RowDiff {
            added: 2,
            removed: 1,
            changed: 1,
            unchanged: 1,
            examples_added: vec!["m".to_owned(), "n".to_owned()],
            examples_removed: vec!["y".to_owned()],
            examples_changed: vec!["z".to_owned()],
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn without_ids_there_is_nothing_to_match() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let mut writer = Writer::create(&path, &[("prompt", Kind::Text)]).unwrap();
        writer.push(&[Cell::Text("one")]).unwrap();
        writer.finish().unwrap();
        let files = [path];
        assert_eq!(diff(&files, &files).unwrap(), None);
    }
}
