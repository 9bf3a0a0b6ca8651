//! Machine code that was compiled before, on disk: a file for each source, architecture, compiler
//! and set of options.
//!
//! An entry is written under another name and then renamed, so that processes that compile the
//! same at once disturb nobody; a checksum in it finds what is damaged, which is compiled again
//! and replaced. A folder that cannot be written costs the time to compile, and no more.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::Result;
use crate::gpu::sources::Source;

/// How an entry begins.
const MAGIC: &[u8; 16] = b"heedful kernel 1";

/// Where entries begin after the magic and the checksum.
const HEAD: usize = MAGIC.len() + blake3::OUT_LEN;

/// The folder of the cache: `heedful/kernels` below XDG_CACHE_HOME, or else below `.cache` of the
/// home folder; `None` where there is neither.
pub(crate) fn folder() -> Option<PathBuf> {
    folder_by(|name| std::env::var_os(name))
}

fn folder_by(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The specification of these folders asks to ignore a relative path.
    let cache = set("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let cache = cache.or_else(|| Some(set("HOME")?.join(".cache")));
    Some(cache?.join("heedful").join("kernels"))
}

/// What an entry is found by: all that the machine code depends on.
pub(crate) fn key(
    source: &Source,
    headers: &[Source],
    options: &[String],
    compiler: (u32, u32),
) -> String {
    let mut hash = blake3::Hasher::new();
    let mut add = |part: &[u8]| {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(format!("nvrtc {}.{}", compiler.0, compiler.1).as_bytes());
    for source in std::iter::once(source).chain(headers) {
        add(source.name.as_bytes());
        add(source.text.as_bytes());
    }
    options.iter().for_each(|option| add(option.as_bytes()));
    hash.finalize().to_hex().to_string()
}

/// The entry of this key, or what `make` makes, which becomes the entry.
///
/// # Errors
/// Of `make`.
pub(crate) fn get(
    folder: Option<&Path>,
    key: &str,
    make: impl FnOnce() -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let Some(folder) = folder else { return make() };
    let path = folder.join(format!("{key}.cubin"));
    if let Some(code) = std::fs::read(&path).ok().as_deref().and_then(sound) {
        return Ok(code.to_vec());
    }
    let code = make()?;
    // What cannot be kept is compiled the next time as well.
    let _ = write(folder, &path, &code);
    Ok(code)
}

/// The machine code of an entry; `None` where it is damaged.
fn sound(entry: &[u8]) -> Option<&[u8]> {
    let (head, code) = entry.split_at_checked(HEAD)?;
    let (magic, sum) = head.split_at(MAGIC.len());
    (magic == MAGIC && sum == blake3::hash(code).as_bytes()).then_some(code)
}

fn write(folder: &Path, path: &Path, code: &[u8]) -> std::io::Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    std::fs::create_dir_all(folder)?;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{count}.tmp", std::process::id()));
    let entry = [MAGIC.as_slice(), blake3::hash(code).as_bytes(), code].concat();
    let outcome =
        std::fs::write(&temporary, entry).and_then(|()| std::fs::rename(&temporary, path));
    if outcome.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::error::Error;

    /// What `get` gives, and how often it compiled for that.
    fn got(folder: &Path, key: &str) -> (Vec<u8>, u32) {
        let times = Cell::new(0);
        let make = || {
            times.set(times.get() + 1);
            Ok(format!("code of {key}").repeat(100).into_bytes())
        };
        let code = get(Some(folder), key, make).unwrap();
        (code, times.get())
    }

    #[test]
    fn what_was_compiled_is_not_compiled_again() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("not/there/yet");
        let (code, times) = got(&below, "a");
        assert_eq!(times, 1);
        assert_eq!(got(&below, "a"), (code, 0));
        assert_eq!(got(&below, "b").1, 1);
        let names = std::fs::read_dir(&below).unwrap();
        assert!(names.map(|e| e.unwrap().file_name()).all(|n| n == "a.cubin" || n == "b.cubin"));
    }

    #[test]
    fn a_damaged_entry_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (code, _) = got(folder.path(), "a");
        let path = folder.path().join("a.cubin");
        let entry = std::fs::read(&path).unwrap();
        let mut changed = entry.clone();
        changed[HEAD + 7] ^= 1;
        let longer = [entry.as_slice(), b"x"].concat();
        let short = &entry[..entry.len() / 2];
        for damaged in [&changed, &longer[..], short, &entry[..HEAD - 1], b"", b"heedful kernel 2"]
        {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(got(folder.path(), "a"), (code.clone(), 1));
            assert_eq!(std::fs::read(&path).unwrap(), entry);
        }
    }

    #[test]
    fn many_at_once_get_the_same() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for round in 0..20 {
                        let key = format!("k{}", round % 3);
                        assert_eq!(got(folder.path(), &key).0, got(folder.path(), &key).0);
                    }
                });
            }
        });
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn no_folder_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(got(&file, "a").1, 1);
        assert_eq!(get(None, "a", || Ok(vec![1])).unwrap(), [1]);
        let refused = get(Some(folder.path()), "a", || Err(Error::Device("no".to_owned())));
        assert_eq!(refused.unwrap_err().to_string(), "no");
        assert!(!folder.path().join("a.cubin").exists());
    }

    #[test]
    fn a_key_depends_on_all_that_matters() {
        let source = |text| Source { name: "a", text };
        let header = Source { name: "h", text: "h" };
        let options = |all: &[&str]| all.iter().map(|o| (*o).to_owned()).collect::<Vec<_>>();
        let first = key(&source("x"), &[header], &options(&["o", "p"]), (13, 0));
        let others = [
            key(&source("y"), &[header], &options(&["o", "p"]), (13, 0)),
            key(&source("x"), &[], &options(&["o", "p"]), (13, 0)),
            key(&source("x"), &[header], &options(&["op"]), (13, 0)),
            key(&source("x"), &[header], &options(&["o", "p"]), (13, 1)),
            key(&Source { name: "b", text: "x" }, &[header], &options(&["o", "p"]), (13, 0)),
        ];
        assert!(others.iter().all(|other| *other != first));
        assert_eq!(first, key(&source("x"), &[header], &options(&["o", "p"]), (13, 0)));
    }

    #[test]
    fn the_folder_is_where_caches_are() {
        let by = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> =
                pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            folder_by(|name| Some(pairs.iter().find(|(a, _)| a == name)?.1.clone().into()))
        };
        let home = Some(PathBuf::from("/h/.cache/heedful/kernels"));
        assert_eq!(by(&[("HOME", "/h")]), home);
        assert_eq!(by(&[("HOME", "/h"), ("XDG_CACHE_HOME", "relative")]), home);
        let set = by(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c")]);
        assert_eq!(set, Some(PathBuf::from("/c/heedful/kernels")));
        assert_eq!(by(&[]), None);
    }
}
