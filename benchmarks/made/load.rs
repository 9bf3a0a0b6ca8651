//! The items of an artifact, of its tables, or of JSON Lines with the same keys.

use std::collections::BTreeSet;
use std::path::Path;

use heedful_datasets::error::{Fault, FaultKind};
use heedful_datasets::{Error as DataError, artifact, rows};
use serde_json::json;

use super::decide;
use super::item::{Item, item_of};
use crate::error::{Error, Result};

/// The items of one benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Items {
    /// In the order of the tables.
    pub list: Vec<Item>,
    /// Blake3 over what is asked, in hexadecimal: without witnesses.
    pub digest: String,
}

/// Reads what [`super::make()`] wrote: the artifact's folder, a Parquet file of it, or JSON Lines.
///
/// # Errors
/// A file that cannot be read; a row that is no item, names an unknown rule or has arguments that
/// its rule refuses; a key that stands twice; no item at all.
pub fn load(path: &Path) -> Result<Items> {
    let tables =
        if path.is_dir() { artifact::open(path)?.tables(None) } else { vec![path.to_owned()] };
    let (mut list, mut seen) = (Vec::new(), BTreeSet::new());
    for table in tables {
        for row in rows::open_strict(&table)? {
            let row = row?;
            let item = item_of(&row.object).and_then(|item| {
                decide::compiles(&item)
                    .map_err(|problem| format!("item {}: {problem}", item.key))?;
                match seen.insert(item.key.clone()) {
                    true => Ok(item),
                    false => Err(format!("key `key`: `{}` stands twice", item.key)),
                }
            });
            let refuse =
                |problem| DataError::row(row.place, Fault::of(FaultKind::BadValue, problem));
            list.push(item.map_err(refuse)?);
        }
    }
    if list.is_empty() {
        return Err(Error::content(path, "no item in it"));
    }
    let digest = digest(&list);
    Ok(Items { list, digest })
}

fn digest(list: &[Item]) -> String {
    let mut hasher = blake3::Hasher::new();
    for item in list {
        let asked = (&item.key, &item.prompt, item.questions_json(), item.parts);
        let groups = (&item.task, &item.category, item.level, item.difficulty);
        let row = json!([asked, groups, item.profile.version()]).to_string();
        hasher.update(&(row.len() as u64).to_le_bytes()).update(row.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
