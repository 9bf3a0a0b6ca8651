//! Tables and manifests that are cut, bent or made up.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{MEMORY, Readers, bounded};
use crate::util::{Chance, Ran, arg, file, folder, heedful};

/// A small dataset; its folder and its largest table.
fn dataset(folder: &Path, seed: u64) -> (PathBuf, PathBuf) {
    let text = format!("name = \"t\"\nseed = {seed}\ndrawings = 40\n[splits]\ntrain = 1.0\n");
    let recipe = arg(file(folder, "t.toml", text));
    let out = arg(folder.join("sets"));
    let built = heedful(["build", &recipe, "--out", &out, "--json"]).ok().json();
    let path = PathBuf::from(built["path"].as_str().unwrap());
    let table = path.join("data/train-00000-of-00001.parquet");
    (path, table)
}

/// The readers that take Parquet.
fn readers(readers: &Readers, bad: &Path) -> Vec<Vec<String>> {
    let all = readers.all(bad);
    [1, 2, 5, 6].map(|at| all[at].clone()).into()
}

/// A refusal names `name` as a whole; anything else is a verdict.
fn sane(ran: &Ran, name: &str, what: &str) {
    assert!((0..=2).contains(&ran.code), "{what}: exit {}: {}", ran.code, ran.stderr);
    if ran.code == 2 {
        assert!(ran.stderr.contains(name), "{what}: {}", ran.stderr);
        assert!(ran.stderr.len() < 2000, "{what}: a message of {} bytes", ran.stderr.len());
    }
}

#[test]
fn a_cut_table_is_refused_wherever_it_is_cut() {
    let folder = folder();
    let (_, table) = dataset(folder.path(), 1);
    let whole = std::fs::read(table).unwrap();
    let some = Readers::new(folder.path());
    let mut chance = Chance(3);
    for round in 0..20 {
        let length = match round {
            0 => 5,
            1 => whole.len() - 1,
            2 => whole.len() - 8,
            _ => 4 + chance.below(whole.len() as u64 - 4) as usize,
        };
        let bad = file(folder.path(), "cut.parquet", &whole[..length]);
        let all = readers(&some, &bad);
        // All of them read through one reader: two at each point are enough.
        for command in [&all[round % 4], &all[(round + 1) % 4]] {
            let ran = bounded(command);
            assert_eq!(ran.code, 2, "{command:?} at {length}: {}", ran.stderr);
            sane(&ran, "cut.parquet", "a cut table");
        }
    }
}

#[test]
fn a_bent_table_gives_rows_or_a_refusal() {
    let folder = folder();
    let (_, table) = dataset(folder.path(), 2);
    let whole = std::fs::read(table).unwrap();
    let some = Readers::new(folder.path());
    let mut chance = Chance(11);
    let footer = whole.len() as u64 / 8;
    for round in 0..40 {
        let mut bytes = whole.clone();
        for _ in 0..=chance.below(3) {
            // Half of the bends are in the footer, where lengths and offsets are.
            let last = bytes.len() as u64;
            let at = match round % 2 {
                0 => chance.below(last),
                _ => last - 1 - chance.below(footer),
            };
            bytes[at as usize] ^= 1 << chance.below(8);
        }
        let bad = file(folder.path(), "bent.parquet", bytes);
        let command = &readers(&some, &bad)[round % 4];
        let ran = bounded(command);
        sane(&ran, "bent.parquet", &format!("round {round}: {command:?}"));
    }
}

#[test]
fn an_artifact_that_is_not_whole_is_refused_by_diff_and_export() {
    let folder = folder();
    let (one, table) = dataset(folder.path(), 3);
    let (two, _) = dataset(folder.path(), 4);
    let whole = std::fs::read(&table).unwrap();
    let (one, two) = (arg(one), arg(two));
    let mut chance = Chance(5);
    for round in 0..12 {
        let mut bytes = whole.clone();
        match round % 2 {
            0 => bytes.truncate(chance.below(whole.len() as u64) as usize),
            _ => {
                let at = whole.len() - 1 - chance.below(whole.len() as u64 / 4) as usize;
                bytes[at] ^= 1 << chance.below(8);
            }
        }
        std::fs::write(&table, bytes).unwrap();
        let checked = heedful(["data", "check", &one]).memory(MEMORY).run();
        assert_eq!(checked.code, 1, "{}", checked.stderr);
        assert!(checked.text().contains("was changed"), "{}", checked.text());
        let diff = heedful(["data", "diff", &one, &two]).memory(MEMORY).run();
        sane(&diff, "train-00000-of-00001.parquet", "diff");
        let out = folder.path().join(format!("export-{round}"));
        let given = ["data", "export", &one, "--to", "verl", "--out", &arg(&out)];
        let export = heedful(given).memory(MEMORY).run();
        sane(&export, "train-00000-of-00001.parquet", "export");
        assert_eq!(export.code == 0, out.exists(), "half an export is left");
        if round % 2 == 0 {
            assert_eq!((diff.code, export.code), (2, 2), "{}{}", diff.stderr, export.stderr);
        }
    }
}

#[test]
fn a_manifest_that_is_cut_or_made_up_is_refused() {
    let folder = folder();
    let (one, _) = dataset(folder.path(), 5);
    let (two, _) = dataset(folder.path(), 6);
    let path = one.join("manifest.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    let known: Value = serde_json::from_str(&whole).unwrap();
    let with = |key: &str, value: Value| {
        let mut manifest = known.clone();
        manifest[key] = value;
        manifest.to_string()
    };
    let file = |path: &str| {
        let mut list = known["files"].clone();
        list[0]["path"] = json!(path);
        with("files", list)
    };
    let cases = [
        String::new(),
        "null".to_owned(),
        "{}".to_owned(),
        "[".repeat(100_000),
        whole[..whole.len() / 2].to_owned(),
        whole.replace('{', "{\"id\": 1, \"id\": 2, "),
        with("files", json!({"x": 1})),
        with("rows", json!(-1)),
        with("rows", json!(1e300)),
        with("id", json!("../../x")),
        with("format", json!(99)),
        with("parents", json!("x")),
        file("../../../../etc/passwd"),
        file("/etc/passwd"),
        file("data/nowhere.parquet"),
    ];
    let (one, two) = (arg(one), arg(two));
    for (at, text) in cases.iter().enumerate() {
        std::fs::write(&path, text).unwrap();
        let out = arg(folder.path().join(format!("export-{at}")));
        for command in [
            ["data", "check", &one].as_slice(),
            &["data", "diff", &one, &two],
            &["data", "export", &one, "--to", "trl", "--out", &out],
            &["data", "log", &arg(folder.path().join("sets"))],
            &["report", &one, &two],
        ] {
            let ran = heedful(command).memory(MEMORY).run();
            sane(&ran, "", &format!("case {at}: {command:?}"));
            let said = format!("{}{}", ran.text(), ran.stderr);
            assert!(!said.contains("root:"), "case {at}: reads outside its folder");
            if command[1] == "check" {
                assert_ne!(ran.code, 0, "case {at}: {said}");
            }
        }
    }
}

#[test]
fn scores_that_are_cut_or_bent_are_refused() {
    let folder = folder();
    let text: String = (1..20).map(super::good).collect();
    let rows = arg(file(folder.path(), "rows.jsonl", text));
    let out = arg(folder.path().join("runs"));
    let given =
        ["eval", "ifeval", "--prompts", &rows, "--responses", &rows, "--out", &out, "--json"];
    let path = heedful(given).ok().json()["path"].as_str().unwrap().to_owned();
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(Path::new(&path).join("manifest.json")).unwrap())
            .unwrap();
    let names = manifest["files"].as_array().unwrap().iter();
    let name = names.filter_map(|f| f["path"].as_str()).find(|n| n.ends_with(".parquet")).unwrap();
    let table = Path::new(&path).join(name);
    let whole = std::fs::read(&table).unwrap();
    let again = format!("again={path}");
    heedful(["report", &path, &again]).ok();
    let mut chance = Chance(13);
    for round in 0..20 {
        let mut bytes = whole.clone();
        if round % 2 == 0 {
            bytes.truncate(chance.below(whole.len() as u64) as usize);
        } else {
            let at = chance.below(whole.len() as u64) as usize;
            bytes[at] ^= 1 << chance.below(8);
        }
        std::fs::write(&table, bytes).unwrap();
        let ran = heedful(["report", &path, &again]).memory(MEMORY).run();
        sane(&ran, name, &format!("round {round}"));
        assert!(round % 2 == 1 || ran.code == 2, "round {round}: {}", ran.stderr);
    }
    std::fs::remove_file(&table).unwrap();
    heedful(["report", &path]).refused(&[name]);
    heedful(["report", &rows]).refused(&["rows.jsonl"]);
    heedful(["report", &arg(folder.path().join("nowhere"))]).refused(&["nowhere"]);
}
