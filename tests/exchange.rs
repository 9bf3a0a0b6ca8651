//! `heedful score` and exports of scores: what other tools write and read.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::util::{Ran, arg, file, folder, heedful, recorded, skip};

const PROMPTS: &str = "ifeval/input_data_gpt4_20231107_145030.jsonl";
const GPT4: &str = "ifeval/responses/input_response_data_gpt4_20231107_145030.jsonl";
const METRICS: [(&str, u64, u64); 4] = [
    ("prompt_strict", 417, 541),
    ("inst_strict", 698, 834),
    ("prompt_loose", 431, 541),
    ("inst_loose", 714, 834),
];

fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

fn score(path: &Path, more: &[&str]) -> crate::util::Heedful {
    heedful(["score", &arg(path)].iter().chain(more))
}

fn is_official(scores: &Value) {
    for (metric, correct, total) in METRICS {
        assert_eq!(scores[metric]["correct"], correct, "{metric}");
        assert_eq!(scores[metric]["total"], total, "{metric}");
    }
}

/// GPT-4's prompts, and its responses by prompt.
fn gpt4() -> Option<(PathBuf, Vec<Value>, Vec<String>)> {
    let (prompts, responses) = (recorded(PROMPTS)?, rows(&recorded(GPT4)?));
    let items = rows(&prompts);
    let of = |item: &Value| {
        let response = responses.iter().find(|row| row["prompt"] == item["prompt"]).unwrap();
        response["response"].as_str().unwrap().to_owned()
    };
    let texts = items.iter().map(of).collect();
    Some((prompts, items, texts))
}

#[test]
fn gpt4_gets_the_official_figures_in_every_layout_of_lines() {
    let Some((prompts, items, texts)) = gpt4() else { return };
    let folder = folder();
    let layout = |name: &str, row: &dyn Fn(&Value, &str) -> Value| {
        let rows: Vec<Value> = items.iter().zip(&texts).map(|(i, t)| row(i, t)).collect();
        file(folder.path(), name, lines(&rows))
    };
    let verl = layout("verl.jsonl", &|item, text| {
        let prompt = item["prompt"].as_str().unwrap();
        json!({"input": format!("system\nBe brief.\nuser\n{prompt}\nassistant\n"), "output": text,
               "score": 1.0, "step": 3})
    });
    let truth = layout("truth.jsonl", &|item, text| {
        let gts = json!({"instruction_id_list": item["instruction_id_list"],
                         "kwargs": item["kwargs"]});
        json!({"input": item["prompt"], "output": text, "gts": gts.to_string(), "score": 0})
    });
    let batch = layout("batch.jsonl", &|item, text| {
        let choice = json!({"index": 0, "message": {"content": text}, "finish_reason": "stop"});
        json!({"custom_id": item["key"].to_string(), "error": null,
               "response": {"status_code": 200, "body": {"choices": [choice]}}})
    });
    let plain = recorded(GPT4).unwrap();
    let prompts = arg(prompts);
    for (path, name, given) in [
        (&plain, "plain", &["--prompts", prompts.as_str(), "--json"][..]),
        (&verl, "verl", &["--prompts", prompts.as_str(), "--json"]),
        (&truth, "verl", &["--json"]),
        (&batch, "openai-batch", &["--prompts", prompts.as_str(), "--json"]),
    ] {
        let scores = score(path, given).ok().json();
        is_official(&scores);
        assert_eq!(scores["layout"], name);
        assert_eq!(scores["benchmark"], "ifeval");
        assert_eq!(scores["samples"], json!([1, 1]));
    }
    let eval =
        heedful(["eval", "ifeval", "--json", "--prompts", &prompts, "--responses", &arg(&plain)]);
    let (eval, scores) = (eval.ok().json(), score(&plain, &["--prompts", &prompts, "--json"]).ok());
    for key in ["prompt_strict", "inst_loose", "per_instruction", "join", "dataset", "errors"] {
        assert_eq!(eval[key], scores.json()[key], "{key}");
    }
}

/// Scores of GPT-4, and exports of them in both layouts.
fn exported(folder: &Path) -> Option<[PathBuf; 2]> {
    let given =
        [arg(recorded(GPT4)?), "--prompts".into(), arg(recorded(PROMPTS)?), "--json".into()];
    let given = given.into_iter().chain(["--name", "gpt-4", "--out"].map(str::to_owned));
    let out = arg(folder.join("runs"));
    let made = heedful(std::iter::once("score".to_owned()).chain(given).chain([out])).ok().json();
    is_official(&made);
    let path = made["path"].as_str().unwrap().to_owned();
    heedful(["data", "check", &path]).ok();
    let write = |to: &str| -> Vec<PathBuf> {
        let out = arg(folder.join(to));
        let given = ["data", "export", &path, "--to", to, "--out", &out];
        let listed = heedful(given).ok();
        heedful(given).refused(&["exists already"]);
        listed.text().lines().map(PathBuf::from).collect()
    };
    let [mut harness, mut log] = ["lm-eval", "inspect"].map(write);
    assert_eq!((harness.len(), log.len()), (2, 1));
    heedful(["data", "export", &path, "--to", "verl", "--out", &arg(folder.join("no"))])
        .refused(&["no tables of prompts"]);
    Some([harness.remove(1), log.remove(0)])
}

#[test]
fn exported_scores_come_back_with_every_verdict() {
    let folder = folder();
    let Some(files) = exported(folder.path()) else { return };
    for (path, layout) in files.iter().zip(["lm-eval", "inspect"]) {
        let scores = score(path, &["--json"]).ok().json();
        is_official(&scores);
        assert_eq!(scores["layout"], layout);
        assert_eq!(scores["constraints"], "file");
        let agreement = &scores["agreement"];
        assert_eq!(agreement["differing"], 0, "{layout}: {}", agreement["disagreements"]);
        assert_eq!(agreement["tallies"]["inst_strict"], json!({"same": 834, "compared": 834}));
        assert_eq!(agreement["tallies"]["prompt_loose"], json!({"same": 541, "compared": 541}));
        let text = score(path, &[]).ok();
        assert!(text.text().contains("Every recorded verdict is ours as well"), "{}", text.text());
    }
    // A verdict that was changed is found, by its line, key and rule.
    let mut samples = rows(&files[0]);
    let told = samples[4]["inst_level_loose_acc"][0].as_bool().unwrap();
    samples[4]["inst_level_loose_acc"][0] = json!(!told);
    let key = samples[4]["doc"]["key"].to_string();
    let rule = samples[4]["doc"]["instruction_id_list"][0].as_str().unwrap().to_owned();
    let changed = file(folder.path(), "changed.jsonl", lines(&samples));
    let text = score(&changed, &[]).ok();
    assert!(text.text().contains("1 differ:"), "{}", text.text());
    let named = format!("line 5, item {key}, inst_loose, {rule}: theirs");
    assert!(text.text().contains(&named), "no `{named}` in {}", text.text());
}

fn python(script: &[&str], folder: &Path) -> Option<Ran> {
    let Some(python) = std::env::var_os("HEEDFUL_PYTHON") else {
        skip("HEEDFUL_PYTHON names no interpreter; the tools themselves are not asked");
        return None;
    };
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/exchange.py");
    let ran = Command::new(python)
        .arg(oracle)
        .args(script)
        .current_dir(folder)
        .env("HF_HOME", folder.join("cache"))
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{said}");
    Some(Ran { code: 0, stdout: ran.stdout, stderr: said })
}

#[test]
fn exported_scores_are_opened_by_the_tools_they_are_for() {
    let folder = folder();
    if exported(folder.path()).is_none() {
        return;
    }
    let Some(read) = python(&["read", &arg(folder.path())], folder.path()) else { return };
    assert!(read.text().contains("541 samples opened by both tools"), "{}", read.text());
}

/// The one file below `folder` whose name ends so.
fn find(folder: &Path, ending: &str) -> PathBuf {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if arg(&path).ends_with(ending) {
                found.push(path);
            }
        }
    }
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn logs_that_the_tools_wrote_are_scored() {
    let item = |key: u64| {
        json!({"key": key, "prompt": format!("Say “{key}”."),
               "instruction_id_list": ["punctuation:no_comma", "keywords:existence"],
               "kwargs": [{}, {"keywords": ["two"]}]})
    };
    let items: Vec<Value> = (10..19).map(item).collect();
    let folder = folder();
    let prompts = arg(file(folder.path(), "prompts.jsonl", lines(&items)));
    let logs = folder.path().join("logs");
    let Some(_) = python(&["write", &prompts, &arg(&logs)], folder.path()) else { return };

    let harness = score(&find(&logs, ".jsonl"), &["--json"]).ok().json();
    assert_eq!((&harness["layout"], &harness["prompts"]), (&json!("lm-eval"), &json!(9)));
    assert_eq!(harness["prompt_strict"]["correct"], 3);
    assert_eq!(harness["inst_strict"]["correct"], 12);
    // The word is there with a comma, too: of the six, one of two verdicts is not ours.
    let tallies = &harness["agreement"]["tallies"];
    assert_eq!(tallies["inst_strict"], json!({"same": 12, "compared": 18}));
    assert_eq!(tallies["prompt_strict"], json!({"same": 9, "compared": 9}));

    let log = find(&logs, ".eval");
    let inspect = score(&log, &["--json"]).ok().json();
    assert_eq!((&inspect["layout"], &inspect["prompts"]), (&json!("inspect"), &json!(9)));
    assert_eq!((&inspect["samples"], &inspect["tokens"]), (&json!([2, 2]), &json!(7.0)));
    assert_eq!(inspect["prompt_strict"]["correct"], 6);
    let tallies = &inspect["agreement"]["tallies"];
    assert_eq!(tallies["inst_strict_count"], json!({"same": 6, "compared": 18}));
    let one = score(&log, &["--json", "--sample", "2"]).ok().json();
    assert_eq!(one["prompt_strict"]["correct"], 3);
}

#[test]
fn several_samples_are_all_scored_and_one_can_be_chosen() {
    let row = |key: u64, text: &str| {
        json!({"key": key, "prompt": format!("p{key}"), "response": text,
               "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]})
    };
    let texts = [row(1, "a"), row(2, "a, b"), row(1, "a, b"), row(2, "a, b"), row(1, "c")];
    let folder = folder();
    let path = file(folder.path(), "samples.jsonl", lines(&texts));
    let text = score(&path, &[]).ok();
    assert!(text.text().contains("5 responses to 2 prompts, 2 to 3 samples a prompt"));
    assert!(text.text().contains("rates are means over all of them"), "{}", text.text());
    let scores = score(&path, &["--json"]).ok().json();
    assert_eq!(scores["prompt_strict"]["correct"], 2);
    assert_eq!(scores["prompt_strict"]["total"], 5);
    let out = arg(folder.path().join("runs"));
    // All of them are kept: prompts are what is drawn, each with its samples.
    let all = score(&path, &["--out", &out, "--json"]).ok().json();
    assert_eq!(all["prompt_strict"]["total"], 5);
    let all = all["path"].as_str().unwrap().to_owned();
    let kept = heedful(["report", &all, "--json"]).ok().json();
    let figure = &kept["headline"][0]["figures"][0];
    assert_eq!((&figure["value"], &figure["clusters"]), (&json!(0.4), &json!(2)));
    let to = arg(folder.path().join("theirs"));
    heedful(["data", "export", &all, "--to", "lm-eval", "--out", &to])
        .refused(&["several samples a prompt", "--sample"]);
    let one = score(&path, &["--out", &out, "--sample", "1", "--json"]).ok().json();
    assert_eq!((&one["prompt_strict"]["correct"], &one["samples"]), (&json!(1), &json!([1, 1])));
    let other = score(&path, &["--out", &out, "--sample", "2", "--json"]).ok().json();
    assert_eq!(other["prompt_strict"]["correct"], 0);
    let paths = [&one, &other].map(|run| run["path"].as_str().unwrap());
    assert_ne!(paths[0], paths[1]);
    let [first, second] = [format!("first={}", paths[0]), format!("second={}", paths[1])];
    let facts = heedful(["report", &first, &second, "--json"]).ok().json();
    assert_eq!(facts["headline"][0]["deltas"][0]["difference"], -0.5);
    // One sample a prompt beside all: an item changes by its mean, shown by the sample that tells.
    let facts = heedful(["report", &first, &format!("all={all}"), "--json"]).ok().json();
    let delta = facts["headline"][0]["deltas"][0]["difference"].as_f64().unwrap();
    assert!((delta + 0.1).abs() < 1e-12, "{delta}");
    let flips = facts["flips"].as_array().unwrap();
    assert_eq!(flips.len(), 1);
    assert_eq!((&flips[0]["key"], &flips[0]["kind"]), (&json!("1"), &json!("lost")));
    assert!((flips[0]["change"].as_f64().unwrap() + 1.0 / 3.0).abs() < 1e-12, "{}", flips[0]);
    assert_eq!(flips[0]["sides"][0]["response"], "a");
    assert_eq!(flips[0]["sides"][1]["response"], "a, b");
    score(&path, &["--sample", "4"]).refused(&["sample 4", "the most that one has is 3"]);
}

#[test]
fn what_cannot_be_scored_is_refused_by_its_place() {
    let folder = folder();
    let write = |name: &str, text: &str| file(folder.path(), name, text);
    let asked = r#""instruction_id_list":["punctuation:no_comma"],"kwargs":[{}]"#;
    for (text, words) in [
        ("{\"a\": 1}\n", &["x.jsonl, line 1", "its keys (a)", "`openai-batch`"][..]),
        ("{\"key\": 7, \"response\": 5}\n", &["line 1: item 7", "`response`", "a number"]),
        ("{\"key\": 7, \"response\": \"a\"}\n", &["line 1", "give the prompts"]),
        ("{\"resps\": [[\"a\"]], \"doc\": 3}\n", &["line 1", "`doc`"]),
        ("{\"resps\": [[{}]], \"doc\": {\"key\": 4}}\n", &["line 1: item 4", "`resps`"]),
        ("", &["x.jsonl", "is empty"]),
        ("{\"key\": 1, \"response\": NaN}\n", &["line 1", "NaN"]),
    ] {
        score(&write("x.jsonl", text), &[]).refused(words);
    }
    let unknown = asked.replace("punctuation:no_comma", "punctuation:no_coma");
    let row = format!("{{\"key\":8,\"prompt\":\"p\",\"response\":\"a\",{unknown}}}\n");
    score(&write("x.jsonl", &format!("\n{row}")), &[])
        .refused(&["x.jsonl, line 2: item 8", "punctuation:no_coma"]);
    score(&folder.path().join("none.eval"), &[]).refused(&["none.eval"]);
    score(&write("x.eval", "PK\u{3}\u{4} and nothing"), &[]).refused(&["x.eval", "no whole zip"]);
    let good =
        write("x.jsonl", &format!("{{\"key\":8,\"prompt\":\"p\",\"response\":\"a\",{asked}}}\n"));
    score(&good, &[]).ok();
    score(&good, &["--layout", "lm-eval"]).refused(&["line 1", "`resps`"]);
    score(&good, &["--layout", "inspect"]).refused(&["no whole zip archive"]);
    score(&good, &["--layout", "parquet"]).refused(&["unknown layout `parquet`", "`trl`"]);
    score(&good, &["--benchmark", "cfbench"]).refused(&["`cfbench`", "`ifbench`"]);
}

#[test]
fn a_log_that_was_cut_or_changed_is_refused() {
    let folder = folder();
    let row = json!({"key": 1, "prompt": "p", "response": "a", "kwargs": [{}],
                     "instruction_id_list": ["punctuation:no_comma"]});
    let path = file(folder.path(), "r.jsonl", lines(&[row]));
    let out = arg(folder.path().join("runs"));
    let made = score(&path, &["--out", &out, "--json"]).ok().json();
    let log = arg(folder.path().join("log"));
    let given = ["data", "export", made["path"].as_str().unwrap(), "--to", "inspect"];
    let listed = heedful(given.iter().copied().chain(["--out", &log])).ok();
    let whole = std::fs::read(listed.text().trim()).unwrap();
    for end in [4, whole.len() / 3, whole.len() - 1] {
        let cut = file(folder.path(), "cut.eval", &whole[..end]);
        score(&cut, &[]).refused(&["cut.eval", "no whole zip archive"]);
    }
    let mut changed = whole.clone();
    let middle = whole.windows(8).position(|part| part == b"samples/").unwrap() + 60;
    changed[middle] ^= 0x55;
    let changed = file(folder.path(), "changed.eval", changed);
    score(&changed, &[]).refused(&["changed.eval", "entry `samples/1_epoch_1.json`"]);
}
