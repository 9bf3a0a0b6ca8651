//! Benchmarks beyond IFEval by the command line: FollowBench, ComplexBench, InFoBench, reasoning,
//! several in one go, and a model asked on the way.

use std::path::Path;

use serde_json::{Value, json};

use crate::util::{arg, file, folder, heedful, recorded};

const CATEGORIES: [&str; 6] = ["content", "situation", "style", "format", "mixed", "example"];

/// One instruction a category, in FollowBench's layout; the one of *content* has a rule.
fn followbench(folder: &Path) -> String {
    let items = folder.join("followbench");
    std::fs::create_dir(&items).unwrap();
    for category in CATEGORIES {
        let first = u8::from(category == "example");
        let row = |level: u8| {
            json!({
                "example_id": 1, "category": category, "level": level,
                "source": if category == "content" { "E2E" } else { "ours" },
                "instruction": format!("{category} {level}"),
                "target": if category == "example" { "{instruction}\nA: {answer}" } else { "t" },
            })
        };
        let rows: Vec<Value> = (first..=5).map(row).collect();
        file(&items, &format!("{category}_constraints.json"), json!(rows).to_string());
    }
    arg(items)
}

#[test]
fn followbench_is_scored_by_rules_templates_and_replies() {
    let folder = folder();
    let items = followbench(folder.path());
    let prompts = heedful(["benchmarks", "prompts", "followbench", "--items", &items]).ok().lines();
    assert_eq!(prompts.len(), 30);
    assert_eq!(prompts[0], json!({"key": "content/1/1", "prompt": "content 1"}));
    let (mut responses, mut replies) = (String::new(), String::new());
    for prompt in &prompts {
        let key = prompt["key"].as_str().unwrap();
        let answer = json!({"prompt": prompt["prompt"], "response": "t"});
        responses += &format!("{answer}\n");
        let (category, level) = (key.split('/').next().unwrap(), &key[key.len() - 1..]);
        let level: usize = level.parse().unwrap();
        if matches!(category, "situation" | "style" | "format" | "mixed") {
            // The last constraint of level 3 and above is missed.
            let mut marks = vec!["'YES'"; level];
            if level > 2 {
                marks[level - 1] = "'NO'";
            }
            let reply =
                if level == 1 { "YES".to_owned() } else { format!("[{}]", marks.join(", ")) };
            replies += &format!("{}\n", json!({"key": key, "reply": reply}));
        }
    }
    let responses = arg(file(folder.path(), "r.jsonl", responses));
    let replies = arg(file(folder.path(), "j.jsonl", replies));
    let given = ["eval", "followbench", "--items", &items, "--responses", &responses];
    let out = arg(folder.path().join("runs"));
    let more = ["--judge-replies", &replies, "--json", "--out", &out, "--name", "a"];
    let scores = heedful(given.iter().chain(&more)).ok().json();
    let style = &scores["figures"]["categories"]["style"];
    assert_eq!(style["official"]["hsr"], json!([100.0, 100.0, 0.0, 0.0, 0.0]));
    assert_eq!(style["official"]["ssr"], json!([100.0, 100.0, 66.67, 75.0, 80.0]));
    assert_eq!(style["csl"], 2.0);
    assert_eq!(scores["judging"]["cases"], 20);
    // Content by its rule, five in a row; the template asks for an answer that `t` is none of.
    assert_eq!(scores["figures"]["categories"]["content"]["csl"], 5.0);
    assert_eq!(scores["metrics"]["hsr"]["size"], 30.0);
    assert_eq!(scores["metrics"]["csl"]["clusters"], 6);
    let artifact = scores["path"].as_str().unwrap();
    assert!(Path::new(artifact).join("manifest.json").is_file());

    // What a classifier would have to read is not in the files.
    let refused = ["--judge-reward", "/nowhere"];
    heedful(given.iter().chain(&refused)).refused(&["/nowhere"]);
    heedful(&given[..4]).refused(&["FollowBench's files hold no responses: give --responses"]);
}

fn question(text: &str, rule: Option<&str>, dep: &[usize]) -> Value {
    json!({
        "point_id": 0, "question": text, "rule": rule, "dep": dep,
        "constraint_dimensions": ["Length"], "composition_types": ["Chain"],
    })
}

#[test]
fn complexbench_is_scored_with_its_dependencies() {
    let folder = folder();
    let item = |id: u32, questions: Value| {
        json!({
            "main_id": id, "group": "g", "idx_in_group": id, "instruction": format!("i{id}"),
            "task_types": "t", "constraint_dimensions": ["Length"], "category": "Chain_1",
            "composition_types": ["Chain"], "scoring_questions": questions,
        })
    };
    let rule = question("short", Some("length:[1,3]"), &[]);
    let first = json!([question("q0", None, &[]), question("q1", None, &[0]), rule]);
    let items = json!([item(0, first), item(1, json!([question("q", None, &[])]))]);
    let items = arg(file(folder.path(), "items.json", items.to_string()));
    // The published layout: by position.
    let responses = "{\"generated\":\"abc\"}\n{\"generated\":null}\n";
    let responses = arg(file(folder.path(), "r.jsonl", responses));
    let given = ["eval", "complexbench", "--items", &items, "--responses", &responses, "--json"];
    let short = arg(file(folder.path(), "short.jsonl", "{\"generated\":\"abc\"}\n"));
    heedful(["eval", "complexbench", "--items", &items, "--responses", &short])
        .refused(&["short.jsonl: 1 responses as `generated`", "there are 2"]);
    let score = |replies: [&str; 3]| {
        let row = |(at, reply): (usize, &&str)| {
            json!({"key": format!("0/{at}"), "reply": reply}).to_string() + "\n"
        };
        let rows: String = replies.iter().enumerate().map(row).collect();
        let replies = arg(file(folder.path(), "j.jsonl", rows));
        heedful(given.iter().chain(&["--judge-replies", &replies])).ok().json()
    };
    let all = score(["答案：是", "答案：是", "评分对象：all"]);
    assert_eq!(all["official"]["overall"]["correct"], 3);
    assert_eq!(all["official"]["overall"]["total"], 4);
    assert_eq!(all["official"]["missing"], 1);
    // What the second depends on fails, and it with it; the rule's object is too long.
    let none = score(["答案：否", "答案：是", "评分对象：abcdef"]);
    assert_eq!(none["official"]["overall"]["correct"], 0);
    // It is no part of the response either, so it decides the official figure alone.
    assert_eq!(none["judging"]["unparsed"], 1);
    assert_eq!(
        (&none["official"]["missing"], &none["corrected"]["missing"]),
        (&json!(1), &json!(2))
    );
    let unclear = score(["不是", "答案：是", "评分对象：all"]);
    assert_eq!(unclear["official"]["overall"]["correct"], 3);
    assert_eq!(unclear["corrected"]["overall"]["correct"], 1);
    assert_eq!(unclear["metrics"]["drfr"]["value"], 0.25);
}

#[test]
fn infobench_asks_until_a_reply_is_unclear() {
    let folder = folder();
    let item = json!({
        "id": "a", "instruction": "Write.", "input": "", "category": "c", "subset": "Easy_set",
        "decomposed_questions": ["q0", "q1", "q2"], "question_label": [["Format"], ["Style"], []],
        "output": "text",
    });
    let items = arg(file(folder.path(), "items.jsonl", format!("{item}\n")));
    let row =
        |at: u32, reply: &str| json!({"key": format!("a/{at}"), "reply": reply}).to_string() + "\n";
    let rows = row(0, "YES") + &row(1, "hm") + &row(2, "YES");
    let replies = arg(file(folder.path(), "j.jsonl", rows));
    let given = ["eval", "infobench", "--items", &items];
    let scores = heedful(given.iter().chain(&["--judge-replies", &replies, "--json"])).ok().json();
    assert_eq!(scores["figures"]["overall"]["correct"], 1);
    assert_eq!(scores["figures"]["overall"]["total"], 2);
    assert_eq!(scores["figures"]["complete"]["total"], 3);
    assert_eq!([&scores["judging"]["cases"], &scores["judging"]["unparsed"]], [2, 1]);
    let batch = ["--judge", "m", "--judge-batch-out", "b.jsonl"];
    heedful(given.iter().chain(&batch)).refused(&["its questions depend on the replies before"]);
}

#[test]
fn the_recorded_verdicts_of_infobench_give_its_figure() {
    let (Some(items), Some(judged)) =
        (recorded("infobench/GPT4_output.jsonl"), recorded("infobench/GPT4_DecomposeEval.jsonl"))
    else {
        return;
    };
    let folder = folder();
    let mut replies = String::new();
    for line in std::fs::read_to_string(judged).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        for (at, verdict) in row["eval"].as_array().unwrap().iter().enumerate() {
            let reply = match verdict.as_bool() {
                Some(true) => "YES",
                Some(false) => "NO",
                None => "so so",
            };
            let key = format!("{}/{at}", row["id"].as_str().unwrap());
            replies += &format!("{}\n", json!({"key": key, "reply": reply}));
        }
    }
    let replies = arg(file(folder.path(), "j.jsonl", replies));
    let given = ["eval", "infobench", "--items", &arg(items), "--judge-replies", &replies];
    let scores = heedful(given.iter().chain(&["--json"])).ok().json();
    assert_eq!(scores["figures"]["overall"]["correct"], 1971);
    assert_eq!(scores["figures"]["overall"]["total"], 2250);
}

#[test]
fn reasoning_takes_all_samples_of_a_file_of_items() {
    let folder = folder();
    let rows = "{\"question\":\"2+3?\",\"answer\":\"So #### 5\"}\n\
                {\"question\":\"4+4?\",\"answer\":\"So #### 8\"}\n";
    let items = arg(file(folder.path(), "gsm8k.jsonl", rows));
    let given = ["benchmarks", "prompts", "reasoning", "--items", &items];
    let prompts = heedful(given).ok().lines();
    let mut responses = String::new();
    for (prompt, answers) in prompts.iter().zip([["\\boxed{5}", "6"], ["\\boxed{8}", "\\boxed{8}"]])
    {
        for response in answers {
            let row = json!({"key": prompt["key"], "response": response, "finish_reason": "stop"});
            responses += &format!("{row}\n");
        }
    }
    let responses = arg(file(folder.path(), "r.jsonl", responses));
    let out = arg(folder.path().join("runs"));
    let given = ["eval", "reasoning", "--items", &items, "--responses", &responses, "--json"];
    let scores = heedful(given.iter().chain(&["--out", &out])).ok().json();
    assert_eq!(scores["metrics"]["avg"]["value"], 0.75);
    assert_eq!(scores["metrics"]["pass@2"]["value"], 1.0);
    assert_eq!(scores["truncation"]["cap_hit"]["total"], 4);
    assert_eq!(scores["figures"]["samples"], 2);
    assert!(scores["judging"].is_null());
    let own = heedful(["benchmarks", "prompts", "reasoning"]).ok().lines();
    assert!(own.len() >= 300);
}

const IFEVAL: &str = "{\"key\":1,\"prompt\":\"Say hello.\",\
    \"instruction_id_list\":[\"punctuation:no_comma\"],\"kwargs\":[{}]}\n";

#[test]
fn several_benchmarks_are_scored_in_one_go_and_a_model_is_asked_on_the_way() {
    let folder = folder();
    let ifeval = arg(file(folder.path(), "ifeval.jsonl", IFEVAL));
    let rows = "{\"question\":\"2+3?\",\"answer\":\"#### 5\"}\n";
    let gsm8k = arg(file(folder.path(), "gsm8k.jsonl", rows));
    let out = arg(folder.path().join("runs"));
    let items = [format!("ifeval={ifeval}"), format!("reasoning={gsm8k}")];
    let given = ["eval", "ifeval", "reasoning", "--items", &items[0], "--items", &items[1]];
    let model = ["--model", "embedded", "--max-tokens", "4", "-n", "2", "--temperature", "1"];
    let rest = ["--out", &out, "--name", "base", "--json"];
    let all = || given.iter().chain(&model).chain(&rest);
    let scores = heedful(all()).ok().json();
    let found = &scores["benchmarks"];
    assert_eq!(found["ifeval"]["prompt_strict"]["total"], 2, "both samples of the one prompt");
    assert_eq!(found["reasoning"]["figures"]["samples"], 2);
    assert_eq!(found["reasoning"]["join"]["short"], json!([]));
    // What was answered and scored is there already: nothing is new.
    let count = || std::fs::read_dir(folder.path().join("runs")).unwrap().count();
    let before = count();
    assert_eq!(before, 4, "two artifacts of responses, two of scores");
    assert_eq!(heedful(all()).ok().json(), scores);
    assert_eq!(count(), before);
    // How the answers were made is part of what was scored.
    let manifest = Path::new(found["reasoning"]["path"].as_str().unwrap()).join("manifest.json");
    let manifest: Value =
        serde_json::from_str(&std::fs::read_to_string(manifest).unwrap()).unwrap();
    assert_eq!(manifest["config"]["generation"]["sampling"]["max_tokens"], 4);
    assert_eq!(manifest["config"]["generation"]["seed"], 0);

    let refused =
        |args: &[&str], problem: &str| heedful(given.iter().chain(args)).refused(&[problem]);
    refused(&["--responses", "x"], "--responses x: no ifeval.jsonl");
    refused(&["--items", "p"], "--items p: of several, each is NAME=PATH");
    refused(&["--items", "ifbench=p"], "ifbench is not asked for");
    heedful(["eval", "ifevil"]).refused(&["no benchmark `ifevil`; there are "]);
}
