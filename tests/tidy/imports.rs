//! Who may name what: the arrows between the crates, and the crates that stay in one place.

use super::Finding;
use super::source::{Source, is_word, line_of, words};

/// A crate (or a family of them, `name` and `name_…`) and the only places that may name it.
struct Kept {
    name: &'static str,
    places: &'static [&'static str],
}

/// The command line is one module's, tables on disk one crate's, queries one file's, servers one
/// stage's.
const KEPT: [Kept; 9] = [
    Kept { name: "polars", places: &["datasets/frame.rs", "datasets/frame/"] },
    Kept { name: "arrow", places: &["datasets/"] },
    Kept { name: "parquet", places: &["datasets/"] },
    Kept { name: "clap", places: &["src/cli.rs", "src/cli/"] },
    Kept { name: "reqwest", places: &["src/generate/", "models/pull/"] },
    Kept { name: "tokio", places: &["src/generate/", "models/pull/"] },
    Kept { name: "tokenizers", places: &["models/"] },
    Kept { name: "minijinja", places: &["models/"] },
    Kept { name: "cudarc", places: &["kernels/"] },
];

/// Our crates, and what each may name: all to its left in the diagram of ARCHITECTURE.md.
const ARROWS: [(&str, &str, &[&str]); 7] = [
    ("constraints/", "heedful_constraints", &[]),
    ("datasets/", "heedful_datasets", &["heedful_constraints"]),
    ("benchmarks/", "heedful_benchmarks", &["heedful_constraints", "heedful_datasets"]),
    // The emulator of cards lies among the kernels, which alone may name it.
    ("kernels/simt/", "heedful_simt", &[]),
    ("kernels/", "heedful_kernels", &["heedful_simt"]),
    ("models/", "heedful_models", &["heedful_kernels"]),
    (
        "src/",
        "heedful",
        &[
            "heedful",
            "heedful_constraints",
            "heedful_datasets",
            "heedful_benchmarks",
            "heedful_kernels",
            "heedful_models",
        ],
    ),
];

/// What the crate `constraints` must not reach, in code that is shipped.
const OUTSIDE: [&str; 6] =
    ["std::fs", "std::net", "std::time", "std::env", "std::process", "std::os"];

/// Crates named in places that must not know them.
pub(crate) fn crates(file: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    if !file.is_rust() {
        return found;
    }
    for (at, name) in named(&file.code) {
        if let Some(what) = refused(&file.path, &name) {
            found.push((line_of(&file.code, at), what));
        }
    }
    found
}

/// Why `path` must not name the crate `name`.
fn refused(path: &str, name: &str) -> Option<String> {
    for Kept { name: kept, places } in &KEPT {
        // `parquet_rows` is a module of ours.
        let family = name != "parquet_rows"
            && name
                .strip_prefix(kept)
                .is_some_and(|rest| matches!(rest.as_bytes(), [] | [b'_', ..]));
        if family && !places.iter().any(|place| path.starts_with(place)) {
            return Some(format!("names `{name}`, which only {} may", places[0]));
        }
    }
    ARROWS.iter().find(|(_, ours, _)| name == *ours)?;
    let (folder, ours, may) = ARROWS.iter().find(|(folder, ..)| path.starts_with(folder))?;
    // A bench names the crate that it measures.
    let bench = path.contains("/benches/") && name == *ours;
    let wrong = !may.contains(&name) && !bench;
    wrong.then(|| format!("{folder} names `{name}`: an arrow to the left"))
}

/// First parts of paths, with their offsets: the crates that a file may be naming.
fn named(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, path) in used(code) {
        let first = path.trim_start_matches("::").split("::").next().unwrap_or_default();
        found.push((at, first.to_owned()));
    }
    let bytes = code.as_bytes();
    for (at, _) in code.match_indices("::") {
        let from = bytes[..at].iter().rposition(|byte| !is_word(*byte)).map_or(0, |at| at + 1);
        let inner = from >= 2
            && &bytes[from - 2..from] == b"::"
            && from > 2
            && (is_word(bytes[from - 3]) || bytes[from - 3] == b'>');
        if from < at && !inner {
            found.push((from, code[from..at].to_owned()));
        }
    }
    found
}

/// The paths of all `use` lines, groups spread out.
fn used(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in
        words(code, "use").chain(words(code, "crate").filter(|at| code[..*at].ends_with("extern ")))
    {
        let line = &code[at..];
        let tree = &line[..line.find(';').unwrap_or(line.len())];
        let tree = tree.trim_start_matches("use").trim_start_matches("crate");
        let mut paths = Vec::new();
        spread("", tree, &mut paths);
        found.extend(paths.into_iter().map(|path| (at, path)));
    }
    found
}

fn spread(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    match tree.split_once('{') {
        None => {
            let path = tree.split_whitespace().next().unwrap_or_default();
            paths.push(format!("{prefix}{path}"));
        }
        Some((head, group)) => {
            let prefix = format!("{prefix}{}", head.trim());
            let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
            parts(group).into_iter().for_each(|part| spread(&prefix, part, paths));
        }
    }
}

/// Splits at the commas that no brace encloses.
fn parts(group: &str) -> Vec<&str> {
    let mut depth = 0;
    let outer = |c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    };
    group.split(outer).filter(|part| !part.trim().is_empty()).collect()
}

/// Files, sockets, clocks and the environment, named by the crate that must not know them.
pub(crate) fn outside(file: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    if !file.is_rust() || !file.path.starts_with("constraints/") || file.is_test {
        return found;
    }
    let code = file.shipped();
    for name in OUTSIDE {
        let inline = words(&code, name);
        let used = used(&code).into_iter();
        let within =
            |path: &str| path.strip_prefix(name).is_some_and(|rest| !rest.starts_with(is_letter));
        let mut lines: Vec<usize> = inline
            .chain(used.filter(|(_, path)| within(path.trim_start_matches("::"))).map(|(at, _)| at))
            .map(|at| line_of(&code, at))
            .collect();
        lines.sort_unstable();
        lines.dedup();
        found.extend(lines.into_iter().map(|line| (line, format!("names `{name}`"))));
    }
    found
}

fn is_letter(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Dependencies of a `Cargo.toml` that its crate must not have.
pub(crate) fn manifest(file: &Source) -> Vec<Finding> {
    let Some(folder) = file.path.strip_suffix("Cargo.toml") else { return Vec::new() };
    // A manifest may list what one file of its crate alone may name.
    let probes = match folder {
        "" => ["src/lib.rs", "src/cli.rs", "src/generate/client.rs"].map(str::to_owned).to_vec(),
        "datasets/" => vec!["datasets/frame.rs".to_owned()],
        "models/" => vec!["models/lib.rs".to_owned(), "models/pull/hub.rs".to_owned()],
        _ => vec![format!("{folder}lib.rs")],
    };
    let mut found = Vec::new();
    let mut section = "";
    for (at, line) in file.text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
            continue;
        }
        let key = line.split(['.', '=', ' ']).next().unwrap_or_default();
        let depends = section.ends_with("dependencies") && section != "workspace.dependencies";
        if !depends || key.is_empty() || key.starts_with('#') {
            continue;
        }
        let name = key.trim_matches('"').replace('-', "_");
        let reasons: Vec<String> = probes.iter().filter_map(|path| refused(path, &name)).collect();
        if reasons.len() == probes.len() {
            found.push((at + 1, reasons.join("; ")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, text: &str) -> usize {
        crates(&Source::new(path, text)).len()
    }

    #[test]
    fn crates_out_of_place_are_found() {
        assert_eq!(names("datasets/frame.rs", "use polars::prelude::*;"), 0);
        assert_ne!(names("datasets/rows.rs", "use polars::prelude::*;"), 0);
        assert_ne!(names("src/report.rs", "fn a(b: polars_core::B) {}"), 0);
        assert_eq!(names("datasets/rows.rs", "use arrow_array::Array;\nuse parquet::file;"), 0);
        assert_ne!(names("benchmarks/score.rs", "use arrow_array::Array;"), 0);
        assert_ne!(names("benchmarks/score.rs", "type A = ::parquet::file::B;"), 0);
        assert_ne!(names("src/verify.rs", "use {clap::Parser, std::io};"), 0);
        assert_ne!(names("src/main.rs", "extern crate clap;"), 0);
        assert_eq!(names("src/cli/build.rs", "use clap::Args;"), 0);
    }

    #[test]
    fn likenesses_are_passed_over() {
        assert_eq!(names("src/a.rs", "use crate::parquet::b;\nfn c() { crate::arrow::d() }"), 0);
        assert_eq!(names("src/a.rs", "// use polars::x;\nlet s = \"clap::y\"; arrows::z();"), 0);
    }

    #[test]
    fn arrows_to_the_left_are_found() {
        assert_eq!(names("datasets/a.rs", "use heedful_constraints::Rule;"), 0);
        assert_ne!(names("datasets/a.rs", "use heedful_benchmarks::Item;"), 0);
        assert_ne!(names("constraints/a.rs", "fn a() { heedful_datasets::b() }"), 0);
        assert_eq!(names("src/main.rs", "fn main() { heedful::cli::run() }"), 0);
        assert_ne!(names("benchmarks/a.rs", "use heedful::verify;"), 0);
        assert_eq!(names("models/a.rs", "use heedful_kernels::Device;"), 0);
        assert_ne!(names("models/a.rs", "use heedful_constraints::Rule;"), 0);
        assert_ne!(names("benchmarks/a.rs", "use heedful_kernels::Device;"), 0);
        assert_ne!(names("kernels/a.rs", "use tokenizers::Tokenizer;"), 0);
        assert_eq!(names("kernels/a.rs", "use heedful_simt::Schedule;"), 0);
        assert_ne!(names("models/a.rs", "use heedful_simt::Schedule;"), 0);
        assert_ne!(names("kernels/simt/a.rs", "use heedful_kernels::Device;"), 0);
    }

    #[test]
    fn the_outside_is_found() {
        let lines = |text: &str| outside(&Source::new("constraints/a.rs", text)).len();
        assert_eq!(lines("use std::fs::File;"), 1);
        assert_eq!(lines("use std::{fmt, fs, time::{Instant}};"), 2);
        assert_eq!(lines("fn a() { std::env::var(\"A\"); }"), 1);
        assert_eq!(lines("use std::fmt;\n// std::fs\n#[cfg(test)]\nmod tests { use std::fs; }"), 0);
        assert!(outside(&Source::new("datasets/a.rs", "use std::fs;")).is_empty());
    }

    #[test]
    fn manifests_are_read() {
        let lines = |path: &str, name: &str| {
            let text =
                format!("[package]\nname = \"x\"\n[dependencies]\n{name}.workspace = true\n");
            manifest(&Source::new(path, text)).len()
        };
        assert_eq!(lines("Cargo.toml", "clap"), 0);
        assert_eq!(lines("Cargo.toml", "heedful-benchmarks"), 0);
        assert_eq!(lines("Cargo.toml", "polars"), 1);
        assert_eq!(lines("benchmarks/Cargo.toml", "clap"), 1);
        assert_eq!(lines("datasets/Cargo.toml", "polars"), 0);
        assert_eq!(lines("datasets/Cargo.toml", "heedful-benchmarks"), 1);
        assert_eq!(lines("constraints/Cargo.toml", "heedful-datasets"), 1);
    }
}
