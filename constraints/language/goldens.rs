//! Reads recorded verdicts for tests.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value;

/// Calls `check` with every row of a golden file and returns how many there were. Where the data
/// folder is missing the test is skipped, loudly; on continuous integration it fails.
pub(crate) fn each_row(name: &str, mut check: impl FnMut(&Value)) -> usize {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"));
    let folder = std::env::var_os("HEEDFUL_DATA").map_or_else(beside, PathBuf::from);
    let path = folder.join("golden").join(name);
    let Ok(file) = std::fs::File::open(&path) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "missing {}", path.display());
        eprintln!("SKIPPED: no {}", path.display());
        return 0;
    };
    let mut rows = 0;
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let line = line.expect("the file is readable");
        check(&serde_json::from_str(&line).expect("every row is JSON"));
        rows += 1;
    }
    assert!(rows > 0, "{} is empty", path.display());
    rows
}

/// The strings of a JSON list.
pub(crate) fn strings(value: &Value) -> Vec<&str> {
    let list = value.as_array().expect("a list");
    list.iter().map(|item| item.as_str().expect("a string")).collect()
}
