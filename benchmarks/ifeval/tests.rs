use std::collections::HashMap;
use std::path::PathBuf;

use heedful_constraints::Profile;
use serde_json::Value;

use super::*;
use crate::metrics::{Both, Rate, compute};
use crate::thinking::Policy;

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
const RUNS: [(&str, &str, &str, fn(&Judged) -> bool); 4] = [
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
        |item| item.outcomes.iter().all(|o| o.id != "combination:repeat_prompt"),
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
