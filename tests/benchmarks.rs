//! `heedful benchmarks`, and IFBench by the command line.

use std::collections::BTreeSet;

use serde_json::{Value, json};

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

const ITEMS: &str = r#"[
 {"idx": 1, "prompt": "p1", "gold": "", "doamin": "d", "scenario": "s", "source": "x",
  "split": "easy", "criteria": [["short", "主需", "a", "b"], ["polite", "次需", "a", "c"]]},
 {"idx": 2, "prompt": "p2", "gold": "", "doamin": "d", "scenario": "s", "source": "x",
  "split": "hard", "criteria": [["in prose", "主需", "e", "f"]]},
 {"idx": 3, "prompt": "p3", "gold": "", "doamin": "d", "scenario": "s", "source": "x",
  "split": "hard", "criteria": [["warm", "次需", "e", "g"]]}
]"#;

/// Items and responses of our own in CFBench's layout; the third has no response.
fn cfbench(folder: &std::path::Path) -> Vec<String> {
    let items = arg(file(folder, "items.json", ITEMS));
    let rows = "{\"key\": 1, \"response\": \"<think>so</think>One.\"}\n\
                {\"prompt\": \"p2\", \"response\": \"Two.\"}\n";
    let responses = arg(file(folder, "responses.jsonl", rows));
    let given = ["eval", "cfbench", "--items", &items, "--responses", &responses];
    given.map(str::to_owned).to_vec()
}

#[test]
fn cfbench_is_scored_by_recorded_replies_and_by_a_panel() {
    let folder = folder();
    let given = cfbench(folder.path());
    let replies = |name: &str, one: &str, two: &str| {
        let row = |key: u32, reply: &str| json!({"key": key, "reply": reply}).to_string();
        arg(file(folder.path(), name, format!("{}\n{}\n", row(1, one), row(2, two))))
    };
    let a = replies("a.jsonl", "short\t1\n\npolite\t1", "in prose\t0");
    let with = |more: &[&str]| {
        let all = given.iter().map(String::as_str).chain(more.iter().copied());
        heedful(all.chain(["--json", "--thinking", "auto"])).ok().json()
    };
    let kept = arg(folder.path().join("kept.jsonl"));
    let scores = with(&["--judge-replies", &a, "--save-replies", &kept]);
    let all = &scores["official"]["all"];
    assert_eq!(
        [&all["csr"], &all["isr"], &all["psr"]],
        [0.33; 3].map(|rate| json!(rate)).each_ref()
    );
    assert_eq!(scores["official"]["easy"]["psr"], 1.0);
    assert_eq!(scores["join"]["missing"], json!(["3"]));
    assert_eq!(scores["thinking"]["closed"], 1);
    let judging = &scores["judging"];
    assert_eq!([&judging["cases"], &judging["read"], &judging["unparsed"]], [2, 2, 0]);
    // The replies that were kept are replies to read.
    assert_eq!(with(&["--judge-replies", &kept])["official"], scores["official"]);

    // Not in the form: the official reading takes any line worth 1 for all, and drops the zeros.
    let b = replies("b.jsonl", "short\t0\npolite\t1", "who knows");
    let loose = with(&["--judge-replies", &b]);
    assert_eq!(loose["official"]["states"], json!({"read": 0, "fallback": 1, "unread": 2}));
    assert_eq!(loose["official"]["easy"]["csr"], 1.0);
    assert_eq!(loose["corrected"]["easy"]["csr"], 0.5);
    assert_eq!(loose["judging"]["unparsed"], 2);

    let c = replies("c.jsonl", "short\t1\n\npolite\t0", "in prose\t1");
    let d = replies("d.jsonl", "short\t1\n\npolite\t0", "in prose\t0");
    let panel = with(&["--judge-replies", &a, "--judge-replies", &c, "--judge-replies", &d]);
    assert_eq!(panel["official"]["easy"]["csr"], 0.5);
    let agreement = &panel["agreement"];
    assert_eq!([&agreement["criteria"], &agreement["tied"]], [3, 0]);
    assert!((agreement["unanimous"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-12);
}

#[test]
fn questions_to_a_judge_go_out_as_a_batch_and_come_back() {
    let folder = folder();
    let given = cfbench(folder.path());
    let questions = folder.path().join("questions.jsonl");
    let with = |more: &[&str]| {
        let judge = ["--judge", "m", "--json"];
        heedful(given.iter().map(String::as_str).chain(judge).chain(more.iter().copied()))
    };
    with(&["--judge-batch-out", &arg(&questions)]).ok();
    let answered = |questions: &std::path::Path, replies: &[&str], name: &str| {
        let text = std::fs::read_to_string(questions).unwrap();
        let line = |(line, reply): (&str, &&str)| {
            let asked: Value = serde_json::from_str(line).unwrap();
            let prompt = asked["body"]["messages"][0]["content"].as_str().unwrap();
            assert!(prompt.contains("One.") || prompt.contains("Two."), "{prompt}");
            let choice = json!({"message": {"content": reply}, "finish_reason": "stop"});
            let response = json!({"status_code": 200, "body": {"choices": [choice]}});
            format!("{}\n", json!({"custom_id": asked["custom_id"], "response": response}))
        };
        assert_eq!(text.lines().count(), replies.len());
        let results: String = text.lines().zip(replies).map(line).collect();
        arg(file(folder.path(), name, results))
    };
    let answers = ["short\t1\n\npolite\t1", "<think>hm</think>in prose\t1"];
    let results = answered(&questions, &answers, "results.jsonl");
    let scores = with(&["--judge-batch-in", &results]).ok().json();
    assert_eq!(scores["official"]["easy"]["csr"], 1.0);
    assert_eq!(scores["official"]["hard"]["csr"], 0.5);

    // What is out of the form is asked again in a batch of its own.
    let first = answered(&questions, &[answers[0], "who knows"], "first.jsonl");
    let next = folder.path().join("next.jsonl");
    let again = ["--judge-batch-out", &arg(&next)].map(str::to_owned);
    let again: Vec<&str> = again.iter().map(String::as_str).collect();
    let open = with(&[&["--judge-batch-in", &first], &again[..]].concat()).ok();
    assert_eq!(open.json()["judging"]["unparsed"], 1);
    let second = answered(&next, &answers[1..], "second.jsonl");
    let both = ["--judge-batch-in", &first, "--judge-batch-in", &second];
    assert_eq!(with(&both).ok().json()["official"], scores["official"]);
    std::fs::remove_file(&next).unwrap();
    with(&[&both, &again[..]].concat()).ok();
    assert!(!next.exists(), "nothing is open");
    with(&["--judge-batch-in", &second]).refused(&["second.jsonl", "2 of 2 requests got no"]);
    heedful(given.iter().map(String::as_str)).refused(&["no judge: give --judge-replies"]);
}
