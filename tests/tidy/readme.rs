//! The tree in README.md: every module of the tree, and each with its own first sentence.
//!
//! `scripts/tree.py` writes the block. Here it is only read back: the files it names must be those
//! that are there, and what it says of each must be how the file begins.

use std::collections::BTreeMap;

use super::source::Source;

/// The lines around the block.
pub(crate) const BEGIN: &str = "<!-- tree: written by scripts/tree.py -->";
const END: &str = "<!-- end of tree -->";

/// What is wrong with the block; nothing when it is current.
pub(crate) fn stale(readme: &str, files: &[Source]) -> Vec<String> {
    let block = readme.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
    let Some((block, _)) = block else { return vec![format!("no block after {BEGIN}")] };
    let shown = shown(block);
    let mut found = Vec::new();
    for file in files.iter().filter(|file| belongs(file)) {
        let opening = opening(&file.text);
        match shown.get(&file.path) {
            None => found.push(format!("{} is missing", file.path)),
            Some(said) if said.is_empty() || !opening.starts_with(said) => {
                found.push(format!("{}: says `{said}`, not `{opening}`", file.path));
            }
            Some(_) => {}
        }
    }
    for path in shown.keys().filter(|path| path.ends_with(".rs")) {
        if !files.iter().any(|file| file.path == *path) {
            found.push(format!("{path} is not there"));
        }
    }
    found
}

/// Modules that are more than tests and say what they are.
fn belongs(file: &Source) -> bool {
    let shipped = !file.is_test || file.path.starts_with("tests/");
    shipped && file.is_rust() && file.text.starts_with("//! ")
}

/// The first paragraph of the `//!` lines, as one line.
fn opening(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//! ").map(str::trim));
    lines.collect::<Vec<&str>>().join(" ")
}

/// What the block says of each path, without a cut's `…`. Two blanks a level; folders end in `/`.
fn shown(block: &str) -> BTreeMap<String, String> {
    let mut folders: Vec<&str> = Vec::new();
    let mut shown = BTreeMap::new();
    for line in block.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("```")) {
        let level = (line.len() - line.trim_start().len()) / 2;
        let (name, said) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        folders.truncate(level);
        shown.insert(format!("{}{name}", folders.concat()), tidied(said));
        if name.ends_with('/') {
            folders.push(name);
        }
    }
    shown
}

fn tidied(said: &str) -> String {
    said.trim().trim_end_matches('…').trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<Source> {
        vec![
            Source::new("a/lib.rs", "//! What a is.\n//!\n//! More.\n"),
            Source::new("a/b.rs", "//! A long line\n//! that goes on. And on.\n"),
        ]
    }

    fn readme(rows: &str) -> String {
        format!("# x\n{BEGIN}\n```text\n{rows}\n```\n{END}\n")
    }

    #[test]
    fn a_current_block_is_accepted() {
        let rows = "a/\n  b.rs   A long line that…\n  lib.rs What a is";
        assert_eq!(stale(&readme(rows), &files()), Vec::<String>::new());
    }

    #[test]
    fn a_stale_block_is_found() {
        let cases = [
            ("a/\n  b.rs   A long line", 1),
            ("a/\n  b.rs   A short line\n  lib.rs What a is", 1),
            ("a/\n  b.rs   A long line\n  c.rs   Gone\n  lib.rs What a is", 1),
            ("a/\n  b.rs\n  lib.rs What a is", 1),
            ("b/\n  b.rs   A long line\n  lib.rs What a is", 4),
        ];
        for (rows, count) in cases {
            assert_eq!(stale(&readme(rows), &files()).len(), count, "{rows}");
        }
        assert_eq!(stale("# x", &files()).len(), 1);
    }
}
