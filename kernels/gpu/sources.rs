//! The text of every kernel, as a part of the program: a card's compiler gets it at run time.

/// A file of kernels, or a header of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Its name, without the ending.
    pub name: &'static str,
    /// What it holds.
    pub text: &'static str,
}

/// Files of the folder of kernels by their names.
macro_rules! files {
    ($ending:literal: $($name:literal)*) => {
        &[$(Source { name: $name, text: include_str!(concat!("../", $name, $ending)) }),*]
    };
}

/// Files of kernels.
#[rustfmt::skip]
pub const KERNELS: &[Source] = files![".cu":
    "adamw"
    "adamw8"
    "add"
    "advance"
    "advantage"
    "attention_backward"
    "attention_forward"
    "attention_general"
    "cast"
    "decode"
    "embed_norm"
    "embedding"
    "fill"
    "head"
    "likelihood"
    "logprob"
    "norm"
    "qkv"
    "ratio"
    "rmsnorm"
    "sample"
    "scale"
    "sum_rows"
    "sums"
    "surrogate"
    "swiglu"
];

/// Headers, by the names that kernels include them under.
pub const HEADERS: &[Source] = files!["": "attention.cuh" "common.cuh"];

/// A file of kernels by its name.
pub fn of(name: &str) -> Option<Source> {
    KERNELS.iter().copied().find(|source| source.name == name)
}

/// The kernels that a file defines.
#[cfg(test)]
pub(crate) fn names(text: &str) -> Vec<String> {
    let name = |part: &str| {
        let head = part.split('{').next()?;
        let pieces = head.split('(').map(str::trim_end);
        let piece = pieces.into_iter().find(|piece| !piece.ends_with("__launch_bounds__"))?;
        Some(piece.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()?.to_owned())
    };
    text.split("extern \"C\" __global__").skip(1).filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn files(folder: &Path, ending: &str, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("simt") && !path.ends_with("target") {
                files(&path, ending, found);
            } else if path.extension().is_some_and(|found| found == ending) {
                let part = if ending == "cu" { path.file_stem() } else { path.file_name() };
                let name = part.unwrap().to_string_lossy().into_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(found.insert(name, text).is_none(), "two files of one name: {path:?}");
            }
        }
    }

    #[test]
    fn every_file_of_the_folder_is_in_the_list() {
        for (ending, list) in [("cu", KERNELS), ("cuh", HEADERS)] {
            let mut found = BTreeMap::new();
            files(Path::new(env!("CARGO_MANIFEST_DIR")), ending, &mut found);
            assert!(!found.is_empty());
            let listed = list.iter().map(|source| (source.name.to_owned(), source.text.to_owned()));
            let listed: BTreeMap<String, String> = listed.collect();
            assert_eq!(found.keys().collect::<Vec<_>>(), listed.keys().collect::<Vec<_>>());
            assert!(found == listed, "a file under the name of another");
            assert!(list.is_sorted_by_key(|source| source.name), "by name");
        }
        assert_eq!(names(of("add").unwrap().text), ["add_f32", "add_bf16"]);
        assert!(of("add").is_some() && of("subtract").is_none());
    }
}
