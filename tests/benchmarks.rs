//! `heedful benchmarks`, and IFBench by the command line.

use std::collections::BTreeSet;

use crate::util::{arg, file, folder, heedful, recorded};

#[test]
fn benchmarks_are_listed_and_shown() {
    let listed = heedful(["benchmarks", "list", "--json"]).ok().lines();
    let names: Vec<&str> = listed.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    let table = heedful(["benchmarks", "list"]).ok();
    for &name in &names {
        assert!(table.text().contains(name));
        let shown = heedful(["benchmarks", "show", name, "--json"]).ok().json();
        for key in ["version", "source", "licence", "metrics", "headline", "data", "command"] {
            assert!(!shown[key].is_null(), "{name}: {key}");
        }
        let text = heedful(["benchmarks", "show", name]).ok();
        assert!(text.text().contains(shown["licence"].as_str().unwrap()), "{name}");
    }
    heedful(["benchmarks", "show", "ifbunch"]).refused(&["no benchmark `ifbunch`; there are "]);
}

#[test]
fn the_four_accuracies_of_ifbench_are_the_official_ones() {
    let (Some(prompts), Some(responses)) =
        (recorded("ifbench/IFBench_test.jsonl"), recorded("ifbench/sample_output.jsonl"))
    else {
        return;
    };
    let (prompts, responses) = (arg(prompts), arg(responses));
    let given = ["eval", "ifbench", "--prompts", &prompts, "--responses", &responses];
    let scores = heedful(given.iter().chain(&["--json"])).ok().json();
    let metrics = ["prompt_strict", "inst_strict", "prompt_loose", "inst_loose"];
    let correct = metrics.map(|metric| scores[metric]["correct"].as_u64());
    assert_eq!(correct, [76, 92, 86, 107].map(Some));
    let totals = metrics.map(|metric| scores[metric]["total"].as_u64());
    assert_eq!(totals, [300, 344, 300, 344].map(Some));
    assert_eq!(scores["join"]["missing"].as_array().map(Vec::len), Some(7));
}

/// What is asked of IFBench's rules by hand goes through the same command.
#[test]
fn prompts_of_ones_own_take_the_rules_of_ifbench() {
    let folder = folder();
    let prompt = r#"{"key": "a", "prompt": "p", "instruction_id_list": ["count:numbers"],
        "kwargs": [{"N": 2}]}"#;
    let prompts = arg(file(folder.path(), "p.jsonl", prompt.replace('\n', " ")));
    let rows = "{\"key\": \"a\", \"response\": \"From 3 to 5.\"}\n";
    let responses = arg(file(folder.path(), "r.jsonl", rows));
    let given = ["eval", "ifbench", "--prompts", &prompts, "--responses", &responses, "--json"];
    assert_eq!(heedful(given).ok().json()["prompt_strict"]["correct"], 1);
}
