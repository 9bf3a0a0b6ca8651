use std::collections::HashMap;
use std::path::{Path, PathBuf};

use heedful_constraints::Profile;
use serde_json::Value;

use crate::metrics::{Both, Rate, compute};
use crate::score::{Judged, Setting};
use crate::thinking::Policy;
use crate::verifiable::{self, PLAN};

const OFFICIAL: Setting =
    Setting { profile: Profile::Official, thinking: Policy::None, prefilled: false };

/// The recorded verdicts; `None`, said aloud, where they are not at hand.
fn data() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("HEEDFUL_DATA").map_or_else(beside, PathBuf::from);
    if folder.join("golden/prompt_level_ifeval.json").is_file() {
        return Some(folder);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no {}", folder.display());
    println!("SKIPPED: {} is not there", folder.display());
    None
}

/// Recorded run, prompts file, responses file, and which prompts of it were scored.
type Run = (&'static str, &'static str, &'static str, fn(&Judged) -> bool);

const RUNS: [Run; 4] = [
    (
        "gpt4/input_data_gpt4_20231107",
        "input_data_gpt4_20231107_145030.jsonl",
        "input_response_data_gpt4_20231107_145030.jsonl",
        |_| true,
    ),
    (
        "palm_text_bison/input_data_initial_minus_repeat_prompt(499)",
        "input_data_initial_20231114.jsonl",
        "input_response_data_text_bison.jsonl",
        |_| true,
    ),
    (
        "palm_text_bison/input_data_current_matching(156)",
        "input_data.jsonl",
        "input_response_data_text_bison.jsonl",
        |item| item.response.is_some(),
    ),
    (
        "Qwen__Qwen2.5-0.5B-Instruct-GPTQ-Int4/g(541)",
        "input_data_gpt4_20231107_145030.jsonl",
        "Qwen__Qwen2.5-0.5B-Instruct-GPTQ-Int4.jsonl",
        |_| true,
    ),
];

fn scored(folder: &Path, run: usize) -> Vec<Judged> {
    let (_, prompts, responses, keep) = RUNS[run];
    let ifeval = folder.join("ifeval");
    let responses = ifeval.join("responses").join(responses);
    let mut prompts = ifeval.join(prompts);
    let kept = tempfile::NamedTempFile::new().unwrap();
    if RUNS[run].0.contains("minus_repeat_prompt") {
        // The first prompts file lacks the argument of this rule, so its prompts were not scored.
        let text = std::fs::read_to_string(&prompts).unwrap();
        let lines = text.lines().filter(|line| !line.contains("\"combination:repeat_prompt\""));
        std::fs::write(kept.path(), lines.collect::<Vec<_>>().join("\n")).unwrap();
        prompts = kept.path().to_owned();
    }
    let got = verifiable::run(&prompts, &responses, &OFFICIAL).unwrap();
    got.items.into_iter().filter(keep).collect()
}

fn as_recorded(rate: Rate) -> Value {
    serde_json::json!([rate.correct, rate.total])
}

fn per_instruction(table: &std::collections::BTreeMap<String, Both>, strict: bool) -> Value {
    let rate = |both: &Both| if strict { both.strict } else { both.loose };
    let cell = |both| format!("{}/{}", rate(both).correct, rate(both).total);
    table.iter().map(|(id, both)| (id.clone(), Value::from(cell(both)))).collect()
}

#[test]
fn accuracies_equal_the_recorded_ones() {
    let Some(folder) = data() else { return };
    let text = std::fs::read_to_string(folder.join("golden/prompt_level_ifeval.json")).unwrap();
    let recorded: Value = serde_json::from_str(&text).unwrap();
    let names: Vec<&str> = recorded.as_object().unwrap().keys().map(String::as_str).collect();
    for name in names {
        let run = RUNS.iter().position(|run| run.0 == name);
        let items = scored(&folder, run.unwrap_or_else(|| panic!("unknown run {name}")));
        let got = compute(&items, Profile::Official, PLAN);
        for (mode, prompt, inst) in [
            ("strict", got.prompt_strict, got.inst_strict),
            ("loose", got.prompt_loose, got.inst_loose),
        ] {
            let expected = &recorded[name][mode];
            let pair = |a: &str, b: &str| serde_json::json!([expected[a], expected[b]]);
            assert_eq!(as_recorded(prompt), pair("prompt_correct", "prompts"), "{name} {mode}");
            assert_eq!(as_recorded(inst), pair("inst_correct", "instructions"), "{name} {mode}");
            let table = per_instruction(&got.per_instruction, mode == "strict");
            assert_eq!(table, expected["per_instruction"], "{name} {mode}");
            for rate in [prompt, inst] {
                assert!(rate.low < rate.rate && rate.rate < rate.high, "{name} {mode} {rate:?}");
            }
        }
    }
}

#[test]
fn every_prompt_gets_the_recorded_verdicts() {
    let Some(folder) = data() else { return };
    let path = folder.join("golden/prompt_level_ifeval_follow.jsonl");
    let mut recorded: HashMap<(String, String), Value> = HashMap::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let name = (row["run"].as_str().unwrap().to_owned(), row["key"].to_string());
        recorded.insert(name, serde_json::json!([row["follow_strict"], row["follow_loose"]]));
    }
    assert!(recorded.len() > 1500, "{}", recorded.len());
    for (at, run) in RUNS.iter().enumerate() {
        for item in scored(&folder, at) {
            let verdicts = item.outcomes.iter().map(|o| o.official);
            let strict: Vec<bool> = verdicts.clone().map(|f| f.strict).collect();
            let loose: Vec<bool> = verdicts.map(|f| f.loose).collect();
            let expected = recorded.remove(&(run.0.to_owned(), item.key.clone()));
            let got = serde_json::json!([strict, loose]);
            assert_eq!(Some(got), expected, "{}, item {}", run.0, item.key);
        }
    }
    assert!(recorded.is_empty(), "{} recorded prompts were not scored", recorded.len());
}

#[test]
fn missing_responses_are_named_and_counted() {
    let Some(folder) = data() else { return };
    let ifeval = folder.join("ifeval");
    let responses = ifeval.join("responses/input_response_data_text_bison.jsonl");
    let got = verifiable::run(&ifeval.join("input_data.jsonl"), &responses, &OFFICIAL).unwrap();
    assert_eq!(got.items.len(), 541);
    assert_eq!(got.join.missing.len(), 541 - 156);
    assert_eq!(got.join.unmatched.len() + got.join.replaced.len(), 541 - 156);
    let metrics = compute(&got.items, Profile::Official, PLAN);
    assert_eq!((metrics.prompt_strict.correct, metrics.prompt_strict.total), (99, 541));
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let Some(folder) = data() else { return };
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let four = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    let alone = one.install(|| scored(&folder, 3));
    let together = four.install(|| scored(&folder, 3));
    assert_eq!(alone, together);
    let metrics =
        |pool: &rayon::ThreadPool| pool.install(|| compute(&alone, Profile::Corrected, PLAN));
    assert_eq!(metrics(&one), metrics(&four));
}

#[test]
fn reasoning_is_removed_where_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (prompts, responses) = (folder.path().join("p.jsonl"), folder.path().join("r.jsonl"));
    let item = |key| {
        format!(
            "{{\"key\":{key},\"prompt\":\"p{key}\",\
             \"instruction_id_list\":[\"punctuation:no_comma\"],\"kwargs\":[{{}}]}}\n"
        )
    };
    std::fs::write(&prompts, (0..4).map(item).collect::<String>()).unwrap();
    std::fs::write(
        &responses,
        "{\"key\":0,\"response\":\"<think>a, b</think> fine\"}\n\
         {\"key\":1,\"response\":\"<think>no end\"}\n\
         {\"key\":2,\"response\":\"a, b</think>fine\"}\n\
         {\"key\":3,\"response\":\"fine\"}\n",
    )
    .unwrap();
    let follow = |thinking| {
        let setting = Setting { thinking, ..OFFICIAL };
        let got = verifiable::run(&prompts, &responses, &setting).unwrap();
        let strict = got.items.iter().map(|item| item.outcomes[0].official.strict).collect();
        (strict, got.thinking)
    };
    let (kept, counts): (Vec<bool>, _) = follow(Policy::None);
    assert_eq!(kept, [false, true, false, true]);
    // They are told all the same.
    assert_eq!((counts.closed, counts.unclosed, counts.prefilled, counts.plain), (1, 1, 1, 1));
    let (removed, counts): (Vec<bool>, _) = follow(Policy::Auto);
    assert_eq!(removed, [true, false, true, true]);
    assert_eq!((counts.closed, counts.unclosed, counts.prefilled, counts.plain), (1, 1, 1, 1));
}

#[test]
fn an_item_that_no_rule_can_take_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (prompts, responses) = (folder.path().join("p.jsonl"), folder.path().join("r.jsonl"));
    std::fs::write(
        &prompts,
        "{\"key\":5,\"prompt\":\"p\",\"instruction_id_list\":[\"punctuation:nocomma\"],\
         \"kwargs\":[{}]}",
    )
    .unwrap();
    std::fs::write(&responses, "{\"key\":5,\"response\":\"x\"}").unwrap();
    let error = verifiable::run(&prompts, &responses, &OFFICIAL).unwrap_err().to_string();
    assert!(error.contains("line 1: item 5: unknown rule `punctuation:nocomma`"), "{error}");
}
