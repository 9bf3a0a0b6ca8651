//! Bad input of every kind to every command that reads: a refusal that names it, never a panic, a
//! signal or memory without bound.

mod recipes;
mod rules;
mod tables;

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::util::{Ran, arg, file, folder, heedful};

/// The address space that a command may take, in KiB.
const MEMORY: u64 = 4_000_000;

/// A good row for every reader of rows at once.
fn good(key: u64) -> String {
    let row = json!({
        "id": key,
        "key": key,
        "prompt": format!("Write {key} words without a comma."),
        "instruction_id": "punctuation:no_comma",
        "instruction_id_list": ["punctuation:no_comma"],
        "kwargs": [{}],
        "response": "fine",
    });
    format!("{row}\n")
}

/// A good row for `verify --rows`.
fn good_row(key: u64) -> String {
    good(key).replace("[{}]", "{}")
}

/// The commands that read a file of rows, each with `bad` in its place.
struct Readers {
    folder: PathBuf,
    good: String,
}

impl Readers {
    fn new(folder: &Path) -> Readers {
        let text: String = (1..4).map(good).collect();
        Readers { folder: folder.to_owned(), good: arg(file(folder, "good.jsonl", text)) }
    }

    fn all(&self, bad: &Path) -> Vec<Vec<String>> {
        let (good, name) = (self.good.as_str(), arg(bad));
        let bad = name.as_str();
        let recipe = |name: &str, line: String| {
            let text = format!("name = \"x\"\ndrawings = 5\n{line}");
            arg(file(&self.folder, name, text))
        };
        let seeds = recipe("seeds.toml", format!("[seeds]\nfiles = [\"{bad}\"]\n"));
        let known = recipe("known.toml", format!("decontaminate = [\"{bad}\"]\n"));
        let out = arg(self.folder.join("out"));
        [
            ["verify", "--rows", bad].as_slice(),
            &["verify", "--data", bad, "--responses", good],
            &["verify", "--data", good, "--responses", bad],
            &["eval", "ifeval", "--prompts", bad, "--responses", good],
            &["eval", "ifeval", "--prompts", good, "--responses", bad],
            &["constraints", "check", bad],
            &["build", &seeds, "--out", &out],
            &["build", &known, "--out", &out],
        ]
        .iter()
        .map(|command| command.iter().map(|arg| (*arg).to_owned()).collect())
        .collect()
    }
}

/// Runs `command` within bounds.
fn bounded(command: &[String]) -> Ran {
    heedful(command).memory(MEMORY).run()
}

/// Expects that `command` refuses `bad`, naming the file and one of the alternatives of each word.
fn refuses(command: &[String], bad: &Path, words: &[&str]) {
    let ran = bounded(command);
    assert_eq!(ran.code, 2, "{command:?}: {}\n{}", ran.stderr, ran.text());
    let name = arg(bad.file_name().unwrap());
    for word in words.iter().chain([&name.as_str()]) {
        let found = word.split('|').any(|word| ran.stderr.contains(word));
        assert!(found, "{command:?}: no `{word}` in: {}", ran.stderr);
    }
    assert!(ran.stderr.len() < 2000, "{command:?}: a message of {} bytes", ran.stderr.len());
}

/// What a line may have that no reader takes, and what the message must say.
fn bad_lines() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let deep = format!("{{\"prompt\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    vec![
        ("utf8", b"{\"prompt\": \"a\xffb\"}".to_vec(), "UTF-8"),
        ("nul", b"{\"prompt\": \"a\0b\"}".to_vec(), "NUL"),
        ("nan", b"{\"prompt\": \"p\", \"kwargs\": [{\"n\": NaN}]}".to_vec(), "NaN"),
        ("infinite", b"{\"prompt\": \"p\", \"kwargs\": [{\"n\": -Infinity}]}".to_vec(), "Infinity"),
        ("twice", b"{\"prompt\": \"p\", \"prompt\": \"q\"}".to_vec(), "`prompt`"),
        ("deep", deep.into_bytes(), "deep"),
        ("huge", b"{\"prompt\": \"p\", \"n\": 1e99999}".to_vec(), "number|range"),
        ("cut", b"{\"prompt\": \"p".to_vec(), "JSON"),
        ("bare", b"3".to_vec(), "object"),
        ("list", b"{\"prompt\": \"p\"} {\"prompt\": \"q\"}".to_vec(), "JSON"),
        ("lone", b"{\"prompt\": \"\\ud800\"}".to_vec(), "JSON"),
        ("typed", b"{\"prompt\": 3, \"messages\": 4, \"id\": [], \"key\": {}}".to_vec(), "key `"),
    ]
}

#[test]
fn a_bad_line_is_named_by_every_reader() {
    let folder = folder();
    let readers = Readers::new(folder.path());
    for (name, line, word) in bad_lines() {
        let mut bytes = line;
        bytes.push(b'\n');
        let bad = file(folder.path(), &format!("{name}.jsonl"), bytes);
        for command in readers.all(&bad) {
            refuses(&command, &bad, &["line 1", word]);
        }
    }
}

#[test]
fn bad_lines_are_skipped_and_counted_where_asked() {
    let folder = folder();
    let readers = Readers::new(folder.path());
    for (as_rows, name) in [(true, "rows.jsonl"), (false, "data.jsonl")] {
        let good = if as_rows { good_row } else { good };
        let mut bytes = good(1).into_bytes();
        for (_, line, _) in bad_lines() {
            bytes.extend(line);
            bytes.push(b'\n');
        }
        bytes.extend(good(2).into_bytes());
        let bad = file(folder.path(), name, bytes);
        let commands = readers.all(&bad);
        let picked = if as_rows { &commands[..1] } else { &commands[1..3] };
        for command in picked {
            let more = ["--skip-bad", "--json"].map(str::to_owned);
            let ran = heedful(command.iter().chain(&more)).memory(MEMORY).ok();
            let summary: serde_json::Value = serde_json::from_str(ran.stderr.trim()).unwrap();
            assert_eq!(summary["skipped"], bad_lines().len(), "{command:?}: {summary}");
            assert_eq!(ran.lines().len(), 2, "{command:?}");
        }
    }
    let bad = folder.path().join("data.jsonl");
    let command = ["constraints", "check", &arg(&bad), "--skip-bad", "--json"];
    let ran = heedful(command).memory(MEMORY).run();
    assert!(ran.code <= 1, "{}", ran.stderr);
    let summary = ran.lines().pop().unwrap();
    let skipped = summary["skipped"].to_string();
    assert!(skipped.contains("not_utf8") && skipped.contains("duplicate_key"), "{summary}");
}

#[test]
fn a_line_of_a_hundred_megabytes_is_refused_in_little_memory() {
    let folder = folder();
    let readers = Readers::new(folder.path());
    let mut bytes = b"{\"id\": 1, \"prompt\": \"".to_vec();
    bytes.resize(100_000_000, b'a');
    bytes.extend(b"\"}\n");
    let bad = file(folder.path(), "long.jsonl", &bytes);
    for command in readers.all(&bad) {
        refuses(&command, &bad, &["line 1", "100000002 bytes", "limit"]);
    }
    bytes.extend(good_row(2).into_bytes());
    let bad = file(folder.path(), "long.jsonl", &bytes);
    let given = ["verify", "--rows", &arg(&bad), "--skip-bad"];
    let ran = heedful(given).memory(500_000).ok();
    assert_eq!(ran.lines().len(), 1);
    // The same as one JSON array: it is read as a whole, up to a limit.
    let mut array = vec![b'['];
    array.resize(300_000_000, b' ');
    let bad = file(folder.path(), "array.json", array);
    refuses(&readers.all(&bad)[1], &bad, &["array", "JSONL"]);
}

#[test]
fn files_that_hold_no_rows_are_refused() {
    let folder = folder();
    let readers = Readers::new(folder.path());
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gz, good(1).repeat(1000).as_bytes()).unwrap();
    let mut packed = gz.finish().unwrap();
    packed.truncate(packed.len() / 2);
    let cases: [(&str, Vec<u8>); 8] = [
        ("empty.jsonl", Vec::new()),
        ("blank.jsonl", b"\n \n\r\n".to_vec()),
        ("empty.parquet", Vec::new()),
        ("text.parquet", b"{\"prompt\": \"p\"}\n".to_vec()),
        ("magic.parquet", b"PAR1".to_vec()),
        ("magics.parquet", b"PAR1\xff\xff\xff\xffPAR1".to_vec()),
        ("cut.jsonl.gz", packed),
        ("head.jsonl.gz", b"\x1f\x8b\x08\x00".to_vec()),
    ];
    for (name, bytes) in cases {
        let bad = file(folder.path(), name, bytes);
        for command in readers.all(&bad) {
            refuses(&command, &bad, &[]);
        }
    }
    for command in readers.all(&folder.path().join("nowhere.jsonl")) {
        refuses(&command, &folder.path().join("nowhere.jsonl"), &[]);
    }
    let bad = folder.path().join("a-folder");
    std::fs::create_dir(&bad).unwrap();
    for command in readers.all(&bad) {
        refuses(&command, &bad, &["folder|manifest"]);
    }
}

#[test]
fn missing_columns_are_named() {
    let folder = folder();
    let readers = Readers::new(folder.path());
    let bad = file(folder.path(), "other.jsonl", "{\"other\": 1}\n");
    for command in readers.all(&bad) {
        refuses(&command, &bad, &["line 1", "missing|neither|none of"]);
    }
}
