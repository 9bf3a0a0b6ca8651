//! The way of the embedded model: text of the grammar, a new model, a training, samples, verdicts.

use std::fs;
use std::path::Path;

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
    let table = |made: &serde_json::Value| {
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
