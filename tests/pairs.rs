//! `heedful pairs`: from ladders and responses to labels, the same on any number of threads.

use std::path::{Path, PathBuf};
use std::process::Command;

use heedful_datasets::pairs::{Pair, read};
use serde_json::{Value, json};

use crate::util::{arg, file, folder, heedful, skip, tree};

/// Ladders of the grammar, levels 0 to 2, and answers that obey the newest constraint or do not.
fn ladders(folder: &Path) -> (PathBuf, PathBuf) {
    let data = folder.join("ladders.jsonl");
    let demonstrate = ["data", "demonstrate", "--prompts", "train", "--levels", "0-2"];
    let more = ["--rows", "40", "--out", &arg(&data)];
    heedful(demonstrate.into_iter().chain(more)).ok();
    let text = std::fs::read_to_string(&data).unwrap();
    let row = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let mut answers = String::new();
    for line in text.lines().map(row) {
        for sample in 0..3 {
            let key = line["key"].as_str().unwrap();
            let text = format!("<think>\nhm\n</think>\n\nAlas, answer {sample} to {key}.");
            let answer = json!({"key": key, "sample": sample, "response": text});
            answers.push_str(&format!("{answer}\n"));
        }
    }
    (data, file(folder, "answers.jsonl", answers))
}

fn pairs(data: &Path, answers: &Path, out: &Path, more: &[&str]) -> Value {
    let (data, answers, out) = (arg(data), arg(answers), arg(out));
    let given = ["pairs", "--data", &data, "--responses", &answers, "--out", &out, "--json"];
    heedful(given.iter().chain(["--thinking", "auto"].iter()).chain(more)).ok().json()
}

fn path(made: &Value) -> PathBuf {
    PathBuf::from(made["path"].as_str().unwrap())
}

#[test]
fn pairs_are_the_same_on_any_threads_and_made_once() {
    let folder = folder();
    let (data, answers) = ladders(folder.path());
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    let made = pairs(&data, &answers, &one, &["--threads", "1"]);
    let other = pairs(&data, &answers, &two, &["--threads", "2"]);
    assert_eq!((&made["found"], &made["id"]), (&json!(false), &other["id"]));
    assert!(tree(&path(&made)) == tree(&path(&other)), "threads change the bytes");
    assert_eq!(pairs(&data, &answers, &one, &[])["found"], true);
    heedful(["data", "check", &arg(path(&made))]).ok();
    let rows = read(&path(&made)).unwrap();
    assert_eq!(made["pairs"], rows.len());
    assert!(rows.iter().all(|row| row.response.starts_with("Alas")));
    for labels in ["ladder", "rules"] {
        let other = pairs(&data, &answers, &one, &["--labels", labels]);
        assert_ne!(other["id"], made["id"]);
        assert_eq!(other["pairs"], 40 * 2 * 3 * 2, "{labels}");
    }
    let all = pairs(&data, &answers, &one, &["--reach", "all", "--labels", "ladder"]);
    assert_eq!(all["pairs"], 40 * 2 * 3 * 3);
}

#[test]
fn the_noise_report_is_that_of_the_rows() {
    let folder = folder();
    let (data, answers) = ladders(folder.path());
    let made = pairs(&data, &answers, folder.path(), &["--labels", "ladder"]);
    let rows = read(&path(&made)).unwrap();
    let share = |of: &dyn Fn(&Pair) -> Option<bool>| {
        let found: Vec<bool> = rows.iter().filter_map(of).collect();
        let n = found.iter().filter(|counts| **counts).count();
        json!({"of": found.len(), "n": n, "rate": n as f64 / found.len() as f64})
    };
    let all = &made["counts"]["all"];
    let satisfied = share(&|row| row.rule_label.filter(|_| row.ladder_label));
    assert_eq!(all["positives_satisfied"], satisfied);
    let violated = share(&|row| row.rule_label.filter(|_| !row.ladder_label).map(|ok| !ok));
    assert_eq!(all["negatives_violated"], violated);
    assert_eq!(all["label_true"], share(&|row| row.truth.map(|truth| truth == row.label)));
    let families = made["counts"]["families"].as_object().unwrap();
    let sum: u64 = families.values().map(|family| family["kept_1"].as_u64().unwrap()).sum();
    assert_eq!(sum, rows.iter().filter(|row| row.label).count() as u64);
}

#[test]
fn what_cannot_be_taken_is_refused() {
    let folder = folder();
    let (data, answers) = ladders(folder.path());
    let out = folder.path().join("out");
    let refuse = |data: &Path, answers: &Path, words: &[&str]| {
        let (data, answers, out) = (arg(data), arg(answers), arg(&out));
        let given = ["pairs", "--data", &data, "--responses", &answers, "--out", &out];
        heedful(given).refused(words);
        let left = std::fs::read_dir(&out).map_or(0, Iterator::count);
        assert_eq!(left, 0, "litter after {words:?}");
    };
    let made = pairs(&data, &answers, &folder.path().join("good"), &[]);
    let table = path(&made).join("data/pairs-00000-of-00001.parquet");
    let bytes = std::fs::read(&table).unwrap();
    for cut in [0, 4, bytes.len() / 2, bytes.len() - 1] {
        let torn = file(folder.path(), "torn.parquet", &bytes[..cut]);
        refuse(&data, &torn, &["torn.parquet"]);
        refuse(&torn, &answers, &["torn.parquet"]);
    }
    refuse(&answers, &answers, &["line 1", "instruction_id_list"]);
    refuse(&data, &data, &["line 1", "`response`"]);
    refuse(&folder.path().join("none"), &answers, &["none"]);
    refuse(folder.path(), &answers, &["manifest.json"]);
    let other = file(folder.path(), "other.jsonl", "{\"key\": \"x\", \"response\": \"y\"}\n");
    refuse(&data, &other, &["no response to a row of the data"]);
    heedful(["pairs", "--data", "d", "--responses", "r", "--labels", "mine"]).refused(&["agreed"]);
}

#[test]
fn preferences_are_read_back_by_the_tools_they_are_for() {
    let folder = folder();
    let (data, answers) = ladders(folder.path());
    let made = pairs(&data, &answers, &folder.path().join("out"), &["--labels", "rules"]);
    let pairs = arg(path(&made));
    for layout in ["trl-preference", "trl-unpaired", "nemo-preference"] {
        let out = arg(folder.path().join(layout));
        let given = ["data", "export", &pairs, "--to", layout, "--out", &out];
        let listed = heedful(given).ok();
        assert!(listed.text().lines().all(|file| Path::new(file).is_file()));
        heedful(given).refused(&["exists already"]);
    }
    let given = ["data", "export", &pairs, "--to", "trl-paired", "--out", "x"];
    heedful(given).refused(&["open-instruct", "nemo-preference"]);
    let Some(python) = std::env::var_os("HEEDFUL_PYTHON") else {
        return skip("HEEDFUL_PYTHON names no interpreter; the exports are not read back");
    };
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/read_preferences.py");
    let ran = Command::new(python)
        .args([oracle, folder.path().to_owned(), path(&made)])
        .env("HF_HOME", folder.path().join("cache"))
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("rows read back"));
}

#[test]
fn groups_are_graded_by_the_rules() {
    let folder = folder();
    let recipe = "name = \"g\"\nbare = true\ndrawings = 40\nmax_level = 3\nhard_share = 1.0\n";
    let recipe = arg(file(folder.path(), "g.toml", recipe));
    let built = heedful(["build", &recipe, "--out", &arg(folder.path()), "--json"]).ok().json();
    let data = arg(path(&built));
    let groups = ["data", "groups", &data, "--rows", "12", "--size", "3"];
    let of = |threads: &str| heedful(groups.into_iter().chain(["--threads", threads])).ok().stdout;
    let [one, two] = ["1", "2"].map(of);
    assert!(one == two, "threads change the bytes");
    let file = file(folder.path(), "groups.jsonl", &one);
    assert_eq!(heedful_datasets::groups::read(&file).unwrap().len(), 12);
    let grammar = ["data", "demonstrate", "--groups", "10", "--size", "4", "--prompts", "dev"];
    let drawn = heedful(grammar).ok();
    assert!(drawn.lines().iter().all(|group| group["responses"][3]["count"] == 4));
    assert_eq!(drawn.lines().len(), 10);
    heedful(["data", "groups", &data, "--rows", "9999", "--size", "3"]).refused(&["of 9999"]);
    heedful(["data", "groups", &data, "--rows", "1", "--size", "9"]).refused(&["no row"]);
    heedful(["data", "groups", &data, "--rows", "1", "--size", "1"]).refused(&["--size 1"]);
    heedful(["data", "demonstrate", "--groups", "1", "--size", "6"]).refused(&["--size 6"]);
}

#[test]
fn bare_rows_give_level_1_its_negatives() {
    let folder = folder();
    let recipe = "name = \"b\"\nbare = true\ndrawings = 30\nmax_level = 2\n\
                  [seeds]\nkinds = [\"poem\"]\n";
    let recipe = arg(file(folder.path(), "b.toml", recipe));
    let built = heedful(["build", &recipe, "--out", &arg(folder.path()), "--json"]).ok().json();
    let mut answers = String::new();
    for entry in std::fs::read_dir(path(&built).join("data")).unwrap() {
        for row in heedful_datasets::rows::open_strict(&entry.unwrap().path()).unwrap() {
            let row = row.unwrap().object;
            let answer = json!({"key": row["key"], "response": format!("to {}", row["key"])});
            answers.push_str(&format!("{answer}\n"));
        }
    }
    let answers = file(folder.path(), "answers.jsonl", answers);
    let made = pairs(&path(&built), &answers, folder.path(), &["--labels", "ladder"]);
    assert_eq!(made["counts"]["without_negatives"]["levels"], 0);
    let rows = read(&path(&made)).unwrap();
    assert_eq!(rows.len(), 30 * 2 * 2);
    assert!(rows.iter().all(|row| row.instruction.is_some() && row.seed_id.is_some()));
}
