//! `heedful train policy` on the embedded model.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::util::{arg, folder, heedful};

const SMALL: &str = "--prompts 4 --group 4 --updates 2 --rate 1e-3 --max-tokens 32 --save-every 2 \
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

/// Trains at once, and again with a kill at some moment after the third rollout, of which the state
/// knows two: both must come to the same.
fn goes_on_the_same(more: &str, steps: &str) -> (Vec<Value>, PathBuf, tempfile::TempDir) {
    let folder = folder();
    let data = prompts(folder.path());
    let (straight, broken) = (folder.path().join("straight"), folder.path().join("broken"));
    let given = |out: &Path, threads: &str| {
        let mut all = given(&data, out, steps, threads);
        all.extend(more.split_whitespace().map(str::to_owned));
        all
    };
    let summary = heedful(given(&straight, "1")).ok().json();
    assert_eq!(summary["resumed"].as_u64(), Some(0));
    let mut child = Command::new(env!("CARGO_BIN_EXE_heedful"))
        .args(given(&broken, "2"))
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
    let summary = heedful(given(&broken, "2")).ok().json();
    assert!(summary["resumed"].as_u64() >= Some(2), "{summary}");
    assert_eq!(curve(&straight), curve(&broken));
    assert!(weights(&straight) == weights(&broken));
    let table = |out: &Path| fs::read(out.join("rollouts/step-000004.parquet")).unwrap();
    assert!(table(&straight) == table(&broken));
    heedful(given(&broken, "1")).refused(&["is there already"]);
    (lines(&straight), straight, folder)
}

#[test]
fn a_killed_run_goes_on_to_the_same_policy_on_any_threads() {
    let more = "--curriculum adaptive --hindsight 1 --intent-gate 0 --length-gate 0.1-9";
    let (whole, out, _folder) = goes_on_the_same(more, "4");
    assert_eq!(whole.len(), 4);
    for key in [
        "reward",
        "reward_hard",
        "satisfied",
        "satisfied_hard",
        "all_satisfied",
        "kl",
        "entropy",
        "clipped",
        "kept",
        "grad_norm",
        "lr",
        "length",
        "truncated",
        "refused/intent",
        "curriculum/in_band",
        "rollout_s",
        "reward_s",
        "train_s",
        "rollout_tokens_per_s",
        "reward_tokens_per_s",
        "train_tokens_per_s",
        "reward_std",
    ] {
        assert!(whole[0][key].is_f64(), "{key}: {}", whole[0]);
    }
    assert!(whole.iter().any(|line| line["relabelled"].as_u64() > Some(0)), "no hindsight");
    let settings = fs::read_to_string(out.join("train.json")).unwrap();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    assert_eq!(settings["curriculum"]["adaptive"]["band"][1], 0.8);
}

#[test]
fn a_killed_run_goes_on_in_its_stage() {
    let folder = folder();
    let wires = folder.path().join("wires.jsonl");
    let row = r#"{"prompt": "Name a river. No commas.", "needs": ["Rhine"], "kwargs": [{}],
        "instruction_id_list": ["punctuation:no_comma"]}"#;
    fs::write(&wires, format!("{}\n", row.replace('\n', ""))).unwrap();
    let more = format!(
        "--curriculum staged --gate 1 --stage-steps 2 --tripwire-every 3 --tripwire {}",
        arg(&wires)
    );
    let (whole, ..) = goes_on_the_same(&more, "4");
    let of = |key: &str| whole.iter().map(|line| line[key].as_f64()).collect::<Vec<_>>();
    assert_eq!(of("curriculum/level"), [Some(1.0), Some(1.0), Some(2.0), Some(2.0)]);
    let told = of("tripwire/hacked").iter().map(Option::is_some).collect::<Vec<_>>();
    assert_eq!(told, [true, false, false, true]);
}

#[test]
fn what_forward_keeps_changes_no_byte() {
    let folder = folder();
    let data = prompts(folder.path());
    let train = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let more = more.iter().map(|one| (*one).to_owned());
        heedful(given(&data, &out, "2", "2").into_iter().chain(more)).ok();
        out
    };
    let kept = train("kept", &[]);
    let moved = curve(&kept).iter().all(|line| line["grad_norm"].as_f64() > Some(0.0));
    assert!(moved, "a policy that stays where it is shows nothing");
    let anew = train("anew", &["--recompute"]);
    assert_eq!(curve(&kept), curve(&anew));
    assert!(weights(&kept) == weights(&anew));
}

#[test]
fn the_best_samples_can_be_learned_from() {
    let folder = folder();
    let path = |name: &str| arg(folder.path().join(name));
    let (data, samples, best, out) = (path("data"), path("samples"), path("best"), path("out"));
    let asked = ["a", "b"].map(|key| {
        format!(
            "{{\"key\": \"{key}\", \"prompt\": \"Say {key}.\", \"kwargs\": [{{}}], \
             \"instruction_id_list\": [\"punctuation:no_comma\"]}}\n"
        )
    });
    fs::write(&data, asked.concat()).unwrap();
    let said = "{\"key\": \"a\", \"responses\": [\"Well, a.\", \"It is just a.\", \"Just a.\"]}\n";
    fs::write(&samples, said).unwrap();
    let given = ["data", "best", "--data", &data, "--responses", &samples, "--out", &best];
    let counts = heedful(given).ok().json();
    let told = ["prompts", "samples", "accepted", "kept"].map(|key| counts[key].as_u64());
    assert_eq!(told, [Some(2), Some(3), Some(2), Some(1)], "{counts}");
    let row: Value = serde_json::from_str(&fs::read_to_string(&best).unwrap()).unwrap();
    assert_eq!(row["messages"][1]["content"], "Just a.");
    let given = ["train", "sft", "--model", "embedded", "--data", &best, "--out", &out];
    heedful(given.into_iter().chain(["--length", "512", "--steps", "1"])).ok();
}

#[test]
fn presets_are_under_the_flags_and_their_keys_are_known() {
    let folder = folder();
    let data = prompts(folder.path());
    let out = folder.path().join("out");
    let preset = folder.path().join("mine.toml");
    fs::write(&preset, "group = 4\nsteeps = 3\n").unwrap();
    let mut args = given(&data, &out, "1", "2");
    args.extend(["--preset".to_owned(), arg(&preset)]);
    heedful(&args).refused(&["mine.toml", "line 2", "`steeps`"]);
    args.pop();
    args.push("default".to_owned());
    heedful(&args).ok();
    let settings = fs::read_to_string(out.join("train.json")).unwrap();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    // The group is a flag's, the credit the preset's.
    assert_eq!((&settings["group"], &settings["credit"]), (&4.into(), &"graded".into()));
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
