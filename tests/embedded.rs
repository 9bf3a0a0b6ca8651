//! The way of the embedded model: text of the grammar, a new model, a training, samples, verdicts;
//! and the model itself.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::util::{arg, folder, heedful};

fn demonstrate(folder: &Path, name: &str, rest: &[&str]) -> String {
    let out = arg(folder.join(name));
    let given = ["data", "demonstrate", "--out", &out];
    heedful(given.iter().chain(rest)).ok();
    out
}

#[test]
fn the_grammars_text_depends_on_the_numbers_of_its_rows_alone() {
    let folder = folder();
    let all = demonstrate(folder.path(), "all.jsonl", &["--rows", "40"]);
    let tail = demonstrate(folder.path(), "tail.jsonl", &["--rows", "15", "--first", "25"]);
    let (all, tail) = (fs::read_to_string(all).unwrap(), fs::read_to_string(tail).unwrap());
    assert_eq!(all.lines().count(), 40);
    assert!(all.ends_with(&tail) && tail.lines().count() == 15);
    let wrong = folder.path().join("wrong.toml");
    fs::write(&wrong, "obey = [2.0]\n").unwrap();
    let refused = heedful(["data", "demonstrate", &arg(&wrong), "--rows", "1"]);
    refused.refused(&["wrong.toml", "`obey`"]);
}

#[test]
fn a_new_model_is_trained_sampled_and_verified() {
    let folder = folder();
    let rows = demonstrate(folder.path(), "rows.jsonl", &["--rows", "300"]);
    let prompts = demonstrate(
        folder.path(),
        "prompts.jsonl",
        &["--rows", "2", "--prompts", "test", "--seed", "3"],
    );
    let (base, run) = (arg(folder.path().join("base")), arg(folder.path().join("run")));
    let size = "--vocab 400 --width 32 --layers 1 --heads 2 --kv-heads 1 --ffn 64";
    let new = ["models", "new", "--data", &rows, "--out", &base];
    heedful(new.into_iter().chain(size.split_whitespace())).ok();
    let steps = "--steps 4 --rate 0.01 --tokens 512 --length 256 --save-every 2";
    let train = ["train", "sft", "--model", &base, "--data", &rows, "--out", &run];
    let summary = heedful(train.into_iter().chain(steps.split_whitespace())).ok().json();
    assert_eq!(summary["steps"].as_u64(), Some(4));
    let model = arg(Path::new(&run).join("model"));
    let generate = |out: &str, threads: &str| {
        let out = arg(folder.path().join(out));
        let given = ["generate", "--data", &prompts, "--model", &model, "--out", &out];
        let rest = ["-n", "2", "--max-tokens", "12", "--seed", "5", "--json"];
        heedful(given.into_iter().chain(rest).chain(["--threads", threads])).ok().json()
    };
    let (one, two) = (generate("a", "1"), generate("b", "2"));
    assert_eq!(one["id"], two["id"]);
    let table = |made: &Value| {
        let data = Path::new(made["path"].as_str().unwrap()).join("data");
        let entry = fs::read_dir(data).unwrap().next().unwrap().unwrap();
        fs::read(entry.path()).unwrap()
    };
    assert!(table(&one) == table(&two), "the same samples on one thread and on two");
    let responses = fs::read_dir(Path::new(one["path"].as_str().unwrap()).join("data")).unwrap();
    let responses = arg(responses.last().unwrap().unwrap().path());
    let verified = heedful(["verify", "--data", &prompts, "--responses", &responses]).ok();
    let verdicts = verified.lines();
    // No rule decides a trait: its verdict is null.
    let (soft, hard): (Vec<_>, Vec<_>) =
        verdicts.iter().partition(|verdict| verdict["satisfied"].is_null());
    assert!(!hard.is_empty() && hard.iter().all(|verdict| verdict["satisfied"].is_boolean()));
    let is_soft = |id: &str| id.starts_with("soft:");
    assert!(soft.iter().all(|verdict| verdict["constraint_id"].as_str().is_some_and(is_soft)));
}

/// Of single constraints that a rule decides, how many the embedded model's answers obey: to
/// prompts that ask for them, and to the same instructions without.
fn obeyed(folder: &Path, rows: &[Value], asked: bool) -> (usize, usize) {
    let (prompts, out) = (folder.join(format!("{asked}.jsonl")), arg(folder.join("out")));
    let mut lines = String::new();
    for row in rows {
        let mut row = row.clone();
        if !asked {
            row["prompt"] = row["instruction"].clone();
        }
        lines.push_str(&format!("{row}\n"));
    }
    fs::write(&prompts, lines).unwrap();
    let prompts = arg(prompts);
    let given = ["generate", "--data", &prompts, "--model", "embedded", "--out", &out, "--json"];
    let made = heedful(given.into_iter().chain(["--seed", "7", "--max-tokens", "200"])).ok().json();
    let data = Path::new(made["path"].as_str().unwrap()).join("data");
    let responses = arg(fs::read_dir(data).unwrap().next().unwrap().unwrap().path());
    let verdicts = heedful(["verify", "--data", &prompts, "--responses", &responses]).ok().lines();
    let obeyed = verdicts.iter().filter(|verdict| verdict["satisfied"] == true).count();
    (obeyed, verdicts.len())
}

#[test]
fn the_embedded_model_follows_single_constraints_far_above_chance() {
    let folder = folder();
    let given = ["--rows", "160", "--prompts", "test", "--seed", "21"];
    let prompts = demonstrate(folder.path(), "prompts.jsonl", &given);
    let rows = fs::read_to_string(prompts).unwrap();
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let rows: Vec<Value> =
        rows.filter(|row| row["level"] == 1 && row["constraints"][0]["kind"] == "hard").collect();
    assert!(rows.len() > 100);
    let (asked, count) = obeyed(folder.path(), &rows, true);
    let (unasked, same) = obeyed(folder.path(), &rows, false);
    assert_eq!((count, same), (rows.len(), rows.len()));
    assert!(4 * asked > count, "{asked} of {count}");
    assert!(asked > 3 * unasked, "{asked}, and {unasked} where nobody asks");
    // There is room to learn.
    assert!(asked < count * 9 / 10, "{asked} of {count}");
}

#[test]
fn the_embedded_model_has_a_name_like_others() {
    let shown = heedful(["models", "show", "embedded", "--json"]).ok().json();
    assert_eq!(shown["family"].as_str(), Some("Llama"));
    let listed = heedful(["models", "list", "--json"]).ok().lines();
    assert_eq!(listed[0]["name"].as_str(), Some("embedded"));
    // A model is trained from it as from any other.
    let folder = folder();
    let rows = demonstrate(folder.path(), "rows.jsonl", &["--rows", "40"]);
    let run = arg(folder.path().join("run"));
    let given = ["train", "sft", "--model", "embedded", "--data", &rows, "--out", &run];
    let rest = ["--steps", "2", "--tokens", "512", "--length", "256"];
    heedful(given.into_iter().chain(rest)).ok();
    let model = arg(Path::new(&run).join("model"));
    let tuned = heedful(["models", "show", &model, "--json"]).ok().json();
    assert_eq!(tuned["parameters"], shown["parameters"]);
}
