//! Joins over tables on disk. The only file that knows polars.

use std::path::{Path, PathBuf};

use polars::prelude::*;

use crate::error::{Error, Result};

/// Ids named for each sort of difference.
const EXAMPLES: u32 = 5;

/// Columns that move when other rows do, and say nothing about their own.
const POSITIONS: [&str; 2] = ["key", "drawing"];

/// How the rows of two tables differ, matched by `id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowDiff {
    /// Rows of the second only.
    pub added: u64,
    /// Rows of the first only.
    pub removed: u64,
    /// Rows of both, with a value that differs in a column of texts or numbers.
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
    let name = before.first().or(after.first()).cloned().unwrap_or_default();
    compare(before, after).map_err(|e| Error::file(name, e.to_string()))
}

fn compare(before: &[PathBuf], after: &[PathBuf]) -> PolarsResult<Option<RowDiff>> {
    let (mut left, mut right) = (scan(before)?, scan(after)?);
    let (ours, theirs) = (left.collect_schema()?, right.collect_schema()?);
    if !ours.contains("id") || !theirs.contains("id") {
        return Ok(None);
    }
    let columns: Vec<&str> = ours
        .iter()
        .filter(|(name, kind)| theirs.get(name.as_str()) == Some(*kind) && !kind.is_nested())
        .map(|(name, _)| name.as_str())
        .filter(|name| *name != "id" && !POSITIONS.contains(name))
        .collect();
    let removed = left.clone().anti_join(right.clone(), col("id"), col("id"));
    let added = right.clone().anti_join(left.clone(), col("id"), col("id"));
    let select = |frame: LazyFrame, suffix: &str| {
        let renamed = columns.iter().map(|name| col(*name).alias(format!("{name}{suffix}")));
        frame.select([col("id")].into_iter().chain(renamed).collect::<Vec<_>>())
    };
    let both = select(left, "").inner_join(select(right, " after"), col("id"), col("id"));
    let differs = columns
        .iter()
        .map(|name| col(*name).neq_missing(col(format!("{name} after"))))
        .fold(lit(false), |any, one| any.or(one));
    let changed = both.clone().filter(differs);
    let (n_both, n_changed) = (count(both)?, count(changed.clone())?);
    Ok(Some(RowDiff {
        added: count(added.clone())?,
        removed: count(removed.clone())?,
        changed: n_changed,
        unchanged: n_both - n_changed,
        examples_added: examples(added)?,
        examples_removed: examples(removed)?,
        examples_changed: examples(changed)?,
    }))
}

fn scan(files: &[PathBuf]) -> PolarsResult<LazyFrame> {
    let frames = files.iter().map(|path| scan_one(path)).collect::<PolarsResult<Vec<_>>>()?;
    concat(frames, UnionArgs::default())
}

fn scan_one(path: &Path) -> PolarsResult<LazyFrame> {
    let path = PlRefPath::try_from_path(path)?;
    LazyFrame::scan_parquet(path, ScanArgsParquet::default())
}

fn count(frame: LazyFrame) -> PolarsResult<u64> {
    let frame = frame.select([len().cast(DataType::UInt64).alias("n")]).collect()?;
    Ok(frame.column("n")?.u64()?.get(0).unwrap_or(0))
}

fn examples(frame: LazyFrame) -> PolarsResult<Vec<String>> {
    let ids = frame.select([col("id")]).sort(["id"], SortMultipleOptions::default());
    let ids = ids.limit(EXAMPLES).collect()?;
    let ids = ids.column("id")?.str()?.iter().flatten().map(str::to_owned).collect();
    Ok(ids)
}
