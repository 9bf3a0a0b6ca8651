//! A checkpoint's folder: one file, or an index and its shards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use half::bf16;
use serde_json::Value;

use super::{File, Info};
use crate::error::{Error, Result};
use crate::files;

/// The one file.
pub(crate) const SINGLE: &str = "model.safetensors";
/// The index of several.
pub(crate) const INDEX: &str = "model.safetensors.index.json";
/// Bytes of an index.
const INDEX_LIMIT: u64 = 100_000_000;
/// Shards of a checkpoint.
const SHARDS: usize = 4096;

/// All tensors of a folder.
#[derive(Debug)]
pub struct Folder {
    files: Vec<File>,
    /// Which file a tensor is in.
    places: BTreeMap<String, usize>,
}

impl Folder {
    /// Opens `model.safetensors`, or else all shards that `model.safetensors.index.json` names.
    ///
    /// # Errors
    /// Neither is there; a shard is missing, lies elsewhere, or is unsound; a tensor is not in the
    /// shard that the index names.
    pub fn open(folder: &Path) -> Result<Folder> {
        let single = folder.join(SINGLE);
        if single.exists() {
            return Ok(Folder::single(File::open(&single)?));
        }
        let index = folder.join(INDEX);
        if !index.exists() {
            return Err(Error::file(folder, format!("holds neither {SINGLE} nor {INDEX}")));
        }
        shards(folder, &index)
    }

    /// A folder whose one file is open.
    pub(crate) fn single(file: File) -> Folder {
        let places = file.tensors().keys().map(|name| (name.clone(), 0)).collect();
        Folder { files: vec![file], places }
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// What is known of a tensor.
    pub fn info(&self, name: &str) -> Option<&Info> {
        let place = self.places.get(name)?;
        self.files[*place].tensors().get(name)
    }

    /// Reads a tensor as f32, see [`File::read_f32`].
    ///
    /// # Errors
    /// As there.
    pub fn read_f32(&self, name: &str, out: &mut [f32]) -> Result<()> {
        self.file(name).read_f32(name, out)
    }

    /// Reads a tensor as bf16, see [`File::read_bf16`].
    ///
    /// # Errors
    /// As there.
    pub fn read_bf16(&self, name: &str, out: &mut [bf16]) -> Result<()> {
        self.file(name).read_bf16(name, out)
    }

    /// The file of a tensor; any file of ours says well that a tensor is not there.
    fn file(&self, name: &str) -> &File {
        &self.files[self.places.get(name).copied().unwrap_or(0)]
    }
}

/// The shards that an index names, sorted: plain names beside it.
pub(crate) fn shard_names(index: &Path) -> Result<Vec<String>> {
    let value = files::json(index, INDEX_LIMIT)?;
    let names: BTreeSet<&str> = weight_map(index, &value)?.into_iter().map(|row| row.1).collect();
    if names.is_empty() || names.len() > SHARDS {
        let problem = format!("names {} files, not 1 to {SHARDS}", names.len());
        return Err(Error::file(index, problem));
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

/// The tensors of an index with their files.
fn weight_map<'a>(index: &Path, value: &'a Value) -> Result<Vec<(&'a str, &'a str)>> {
    let refuse = |problem: String| Error::file(index, problem);
    let map = value.get("weight_map").and_then(Value::as_object);
    let map = map.ok_or_else(|| refuse("has no object `weight_map`".to_owned()))?;
    let row = |(tensor, file): (&'a String, &'a Value)| {
        let named = file.as_str().filter(|name| is_plain(name));
        let wanted = "the name of a .safetensors file beside the index is wanted";
        let problem = || refuse(format!("weight_map: `{tensor}` is in {file}; {wanted}"));
        named.map(|name| (tensor.as_str(), name)).ok_or_else(problem)
    };
    map.iter().map(row).collect()
}

fn shards(folder: &Path, index: &Path) -> Result<Folder> {
    let refuse = |problem: String| Error::file(index, problem);
    let names = shard_names(index)?;
    let mut opened = Vec::with_capacity(names.len());
    for name in &names {
        let path = folder.join(name);
        if !path.exists() {
            return Err(refuse(format!("names `{name}`, which is not there")));
        }
        opened.push(File::open(&path)?);
    }
    let value = files::json(index, INDEX_LIMIT)?;
    let mut places = BTreeMap::new();
    for (tensor, file) in weight_map(index, &value)? {
        let place = names.binary_search_by(|name| name.as_str().cmp(file));
        let place = place.map_err(|_| refuse("changed while it was read".to_owned()))?;
        if !opened[place].tensors().contains_key(tensor) {
            return Err(refuse(format!("weight_map: `{tensor}` is not in {file}")));
        }
        places.insert(tensor.to_owned(), place);
    }
    Ok(Folder { files: opened, places })
}

/// Whether a name is that of a shard in the index's own folder.
fn is_plain(name: &str) -> bool {
    name.ends_with(".safetensors")
        && !name.contains(['/', '\\', '\0', ':'])
        && !name.starts_with('.')
}
