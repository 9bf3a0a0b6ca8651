//! Style as a test: what the compiler and clippy do not check, over every source file of the tree.
//!
//! Each check is a function of a file's path and text that returns what it found, so that its own
//! tests can show it failing. The walk and the list of checks are here.

mod imports;
mod layout;
mod readme;
mod source;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use source::Source;

/// What a check found: the line, counted from 1, and what is wrong with it.
pub(crate) type Finding = (usize, String);

/// Folders that hold no source: build products, artifacts, the machinery of version control.
const PASSED_OVER: [&str; 4] = ["target", "out", "node_modules", "__pycache__"];

/// Every source file below the repository's root, by path, with `/` between its parts.
static TREE: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(root, "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    source::mark_tests(&mut files);
    assert!(files.len() > 20, "only {} source files below {}", files.len(), root.display());
    files
});

fn walk(folder: &Path, prefix: &str, files: &mut Vec<Source>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the repository can be read");
    for entry in entries {
        let entry = entry.expect("an entry of the repository can be read");
        let name = entry.file_name().into_string().expect("a name in the repository is UTF-8");
        let kind = entry.file_type().expect("an entry of the repository has a type");
        let hidden = name.starts_with('.') && name != ".ci";
        if kind.is_dir() && !hidden && !PASSED_OVER.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{prefix}{name}/"), files);
        } else if kind.is_file() && is_source(&format!("{prefix}{name}")) {
            let text = std::fs::read_to_string(entry.path()).expect("a source file is UTF-8");
            files.push(Source::new(format!("{prefix}{name}"), text));
        }
    }
}

fn is_source(path: &str) -> bool {
    let endings = [".rs", ".py", ".sh", ".cu", ".cuh", ".h", ".cpp", "Cargo.toml", "README.md"];
    path == ".ci/run" || endings.iter().any(|ending| path.ends_with(ending))
}

/// Fails with every finding of `check`, one a line.
fn clean(check: impl Fn(&Source) -> Vec<Finding>) {
    let mut found = Vec::new();
    for file in TREE.iter() {
        let lines = check(file).into_iter();
        found.extend(lines.map(|(line, what)| format!("{}:{line}: {what}", file.path)));
    }
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

#[test]
fn files_are_short() {
    clean(layout::file_length);
}

#[test]
fn lines_are_short() {
    clean(layout::columns);
}

#[test]
fn functions_are_short() {
    clean(layout::function_length);
}

#[test]
fn nothing_is_left_to_do() {
    clean(layout::leftovers);
}

#[test]
fn every_module_says_what_it_is() {
    clean(layout::documented);
}

#[test]
fn every_file_belongs_to_a_module() {
    let declared: BTreeSet<String> = TREE.iter().flat_map(source::declared).collect();
    clean(|file| layout::belongs(file, &declared));
}

#[test]
fn every_rule_is_in_the_list() {
    let lists = TREE.iter().filter(|file| layout::is_list(file));
    let lists: Vec<&Source> = lists.collect();
    assert_eq!(lists.len(), 3, "constraints/rules and the two folders in it");
    for list in lists {
        clean(|file| layout::listed(file, list));
    }
}

#[test]
fn crates_are_named_where_they_may_be() {
    clean(imports::crates);
}

#[test]
fn constraints_touch_nothing_outside() {
    clean(imports::outside);
}

#[test]
fn manifests_follow_the_arrows() {
    clean(imports::manifest);
}

#[test]
fn the_readme_shows_this_tree() {
    let readme = TREE.iter().find(|file| file.path == "README.md").expect("there is a README.md");
    let found = readme::stale(&readme.text, &TREE);
    assert!(found.is_empty(), "run `python3 scripts/tree.py`:\n{}", found.join("\n"));
}
