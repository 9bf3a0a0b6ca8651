//! `heedful train policy` on the embedded model.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::util::{arg, folder, heedful};

const SMALL: &str = "--prompts 4 --group 4 --updates 2 --rate 1e-3 --max-tokens 48 --save-every 2 \
                     --kl 0.01 --scale floor --seed 3 --model embedded";

fn prompts(folder: &Path) -> String {
    let out = arg(folder.join("prompts.jsonl"));
    heedful(["data", "demonstrate", "--prompts", "train", "--rows", "8", "--out", &out]).ok();
    out
}

fn given(data: &str, out: &Path, steps: &str, threads: &str) -> Vec<String> {
    let fixed =
        ["train", "policy", "--data", data, "--steps", steps, "--threads", threads, "--out"];
    let all = fixed.into_iter().map(str::to_owned).chain([arg(out)]);
    all.chain(SMALL.split_whitespace().map(str::to_owned)).collect()
}

fn lines(out: &Path) -> Vec<Value> {
    let text = fs::read_to_string(out.join("metrics.jsonl")).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// What a run must have in common with another: all but times.
fn curve(out: &Path) -> Vec<Value> {
    let mut lines = lines(out);
    for line in &mut lines {
        let line = line.as_object_mut().unwrap();
        line.retain(|key, _| !key.ends_with("_s"));
    }
    lines
}

fn weights(out: &Path) -> Vec<u8> {
    fs::read(out.join("model/model.safetensors")).unwrap()
}

#[test]
fn a_killed_run_goes_on_to_the_same_policy_on_any_threads() {
    let folder = folder();
    let data = prompts(folder.path());
    let (straight, broken) = (folder.path().join("straight"), folder.path().join("broken"));
    let summary = heedful(given(&data, &straight, "5", "1")).ok().json();
    assert_eq!(summary["resumed"].as_u64(), Some(0));
    let whole = lines(&straight);
    assert_eq!(whole.len(), 5);
    for key in [
        "reward",
        "satisfied",
        "all_satisfied",
        "kl",
        "entropy",
        "clipped",
        "kept",
        "grad_norm",
        "length",
        "truncated",
        "rollout_tokens_per_s",
        "reward_std",
    ] {
        assert!(whole[0][key].is_f64(), "{key}: {}", whole[0]);
    }
    // Killed at some moment after the third rollout, of which the state knows two.
    let mut child = Command::new(env!("CARGO_BIN_EXE_heedful"))
        .args(given(&data, &broken, "5", "2"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while lines(&broken).len() < 3 && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    if broken.join("model").exists() {
        fs::remove_dir_all(broken.join("model")).unwrap();
    }
    let summary = heedful(given(&data, &broken, "5", "2")).ok().json();
    assert!(summary["resumed"].as_u64() >= Some(2), "{summary}");
    assert_eq!(curve(&straight), curve(&broken));
    assert!(weights(&straight) == weights(&broken));
    let table = |out: &Path| fs::read(out.join("rollouts/step-000004.parquet")).unwrap();
    assert!(table(&straight) == table(&broken));
    heedful(given(&data, &broken, "5", "1")).refused(&["is there already"]);
}

#[test]
fn what_cannot_be_trained_on_is_named() {
    let folder = folder();
    let bad = [
        (r#"{"prompt": "Say a.", "instruction_id_list": [], "kwargs": []}"#, "no prompt has a"),
        (r#"{"prompt": "Say a.", "instruction_id_list": ["nope"], "kwargs": [{}]}"#, "nope"),
        (r#"{"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}"#, "no `prompt`"),
    ];
    let path: PathBuf = folder.path().join("bad.jsonl");
    for (row, problem) in bad {
        fs::write(&path, format!("{row}\n")).unwrap();
        let out = folder.path().join("out");
        heedful(given(&arg(&path), &out, "1", "1")).refused(&[problem]);
        assert!(!out.join("model").exists());
    }
    let data = prompts(folder.path());
    let out = folder.path().join("out");
    let mut wrong = given(&data, &out, "1", "1");
    let updates = wrong.iter().position(|given| given == "--updates").unwrap();
    wrong[updates + 1] = "9".to_owned();
    heedful(wrong).refused(&["9 updates"]);
}
