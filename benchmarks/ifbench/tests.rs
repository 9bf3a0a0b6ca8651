use std::path::{Path, PathBuf};

use heedful_constraints::Profile;
use serde_json::Value;

use crate::metrics::{Both, compute};
use crate::score::{Judged, Setting};
use crate::thinking::Policy;
use crate::verifiable::{self, PLAN};

const RUN: &str = "ifbench_sample_output";

/// The folder of benchmark data; `None`, said aloud, where it is not at hand.
fn data() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("HEEDFUL_DATA").map_or_else(beside, PathBuf::from);
    if folder.join("golden/prompt_level_ifbench.json").is_file() {
        return Some(folder);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no {}", folder.display());
    println!("SKIPPED: {} is not there", folder.display());
    None
}

fn scored(folder: &Path) -> Vec<Judged> {
    let setting = Setting { profile: Profile::Official, thinking: Policy::None, prefilled: false };
    let ifbench = folder.join("ifbench");
    let responses = ifbench.join("sample_output.jsonl");
    verifiable::run(&ifbench.join("IFBench_test.jsonl"), &responses, &setting).unwrap().items
}

#[test]
fn accuracies_equal_the_recorded_ones() {
    let Some(folder) = data() else { return };
    let text = std::fs::read_to_string(folder.join("golden/prompt_level_ifbench.json")).unwrap();
    let recorded: Value = serde_json::from_str(&text).unwrap();
    let got = compute(&scored(&folder), Profile::Official, PLAN);
    for (mode, prompt, inst) in [
        ("strict", got.prompt_strict, got.inst_strict),
        ("loose", got.prompt_loose, got.inst_loose),
    ] {
        let expected = &recorded[RUN][mode];
        let found = [prompt.correct, prompt.total, inst.correct, inst.total].map(Value::from);
        let names = ["prompt_correct", "prompts", "inst_correct", "instructions"];
        assert_eq!(found, names.map(|name| expected[name].clone()), "{mode}");
        let rate = |both: &Both| if mode == "strict" { both.strict } else { both.loose };
        let cell = |both| format!("{}/{}", rate(both).correct, rate(both).total);
        let table: Value = got
            .per_instruction
            .iter()
            .map(|(id, both)| (id.clone(), Value::from(cell(both))))
            .collect();
        assert_eq!(table, expected["per_instruction"], "{mode}");
    }
}

#[test]
fn every_prompt_gets_the_recorded_verdicts() {
    let Some(folder) = data() else { return };
    let path = folder.join("golden/prompt_level_ifbench_follow.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let recorded: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let items = scored(&folder);
    assert_eq!(items.len(), recorded.len());
    for (item, row) in items.iter().zip(&recorded) {
        let verdicts = item.outcomes.iter().map(|outcome| outcome.official);
        let strict: Vec<bool> = verdicts.clone().map(|followed| followed.strict).collect();
        let loose: Vec<bool> = verdicts.map(|followed| followed.loose).collect();
        assert_eq!(row["key"], item.key.as_str());
        assert_eq!(serde_json::json!(strict), row["follow_strict"], "item {}", item.key);
        assert_eq!(serde_json::json!(loose), row["follow_loose"], "item {}", item.key);
    }
}
