//! `heedful eval` and `heedful report` over the recorded responses.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::util::{arg, file, folder, heedful, recorded};

const PROMPTS: &str = "ifeval/input_data_gpt4_20231107_145030.jsonl";
const GPT4: &str = "ifeval/responses/input_response_data_gpt4_20231107_145030.jsonl";
const METRICS: [(&str, &str, &str); 4] = [
    ("prompt_strict", "strict", "prompt_correct"),
    ("inst_strict", "strict", "inst_correct"),
    ("prompt_loose", "loose", "prompt_correct"),
    ("inst_loose", "loose", "inst_correct"),
];

fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

fn eval(prompts: &Path, responses: &Path, more: &[&str]) -> crate::util::Heedful {
    let (prompts, responses) = (arg(prompts), arg(responses));
    let given = ["eval", "ifeval", "--prompts", &prompts, "--responses", &responses];
    heedful(given.iter().chain(more))
}

/// Prompts and responses of GPT-4.
fn gpt4() -> Option<(PathBuf, PathBuf)> {
    Some((recorded(PROMPTS)?, recorded(GPT4)?))
}

#[test]
fn the_four_accuracies_of_gpt4_are_the_official_ones() {
    let Some((prompts, responses)) = gpt4() else { return };
    let scores = eval(&prompts, &responses, &["--json"]).ok().json();
    let correct = METRICS.map(|(metric, ..)| scores[metric]["correct"].as_u64());
    assert_eq!(correct, [417, 698, 431, 714].map(Some));
    let totals = METRICS.map(|(metric, ..)| scores[metric]["total"].as_u64());
    assert_eq!(totals, [541, 834, 541, 834].map(Some));
    for (metric, ..) in METRICS {
        let [rate, low, high] =
            ["rate", "low", "high"].map(|key| scores[metric][key].as_f64().unwrap());
        assert!(0.0 < low && low < rate && rate < high && high < 1.0, "{metric}");
        assert!(high - low < 0.1, "{metric}: an interval from {low} to {high}");
    }
    let text = eval(&prompts, &responses, &[]).ok();
    for figure in ["417", "698", "431", "714"] {
        assert!(text.text().contains(figure), "no {figure} in {}", text.text());
    }
}

/// The prompts that a recorded run covers.
fn subset(run: &str, keep: impl Fn(&Value) -> bool, name: &str) -> Option<Vec<Value>> {
    let path = recorded(name)?;
    let follow = rows(&recorded("golden/prompt_level_ifeval_follow.jsonl")?);
    let of_run = follow.iter().filter(|row| row["run"] == run);
    let keys: BTreeSet<u64> = of_run.map(|row| row["key"].as_u64().unwrap()).collect();
    let has = |row: &Value| keys.contains(&row["key"].as_u64().unwrap()) && keep(row);
    let kept: Vec<Value> = rows(&path).into_iter().filter(has).collect();
    assert_eq!(kept.len(), keys.len(), "{run}");
    Some(kept)
}

#[test]
fn every_recorded_run_is_met() {
    let Some(golden) = recorded("golden/prompt_level_ifeval.json") else { return };
    let golden: Value = serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    let runs = golden.as_object().unwrap();
    assert_eq!(runs.len(), 4);
    let folder = folder();
    for (run, expected) in runs {
        let bison = "ifeval/responses/input_response_data_text_bison.jsonl";
        let (responses, prompts) = match run.as_str() {
            name if name.starts_with("gpt4/") => (GPT4, PROMPTS),
            name if name.contains("minus_repeat") => {
                (bison, "ifeval/input_data_initial_20231114.jsonl")
            }
            name if name.starts_with("palm") => (bison, "ifeval/input_data.jsonl"),
            _ => ("ifeval/responses/Qwen__Qwen2.5-0.5B-Instruct-GPTQ-Int4.jsonl", PROMPTS),
        };
        let Some(prompts) = subset(run, |_| true, prompts) else { return };
        let Some(responses) = recorded(responses) else { return };
        let prompts = file(folder.path(), "prompts.jsonl", lines(&prompts));
        let scores = eval(&prompts, &responses, &["--json"]).ok().json();
        for (metric, mode, correct) in METRICS {
            assert_eq!(scores[metric]["correct"], expected[mode][correct], "{run}: {metric}");
        }
        for mode in ["strict", "loose"] {
            let table = expected[mode]["per_instruction"].as_object().unwrap();
            let ours = scores["per_instruction"].as_object().unwrap();
            assert_eq!(table.len(), ours.len(), "{run}");
            for (id, share) in table {
                let got = &ours[id][mode];
                let got = format!("{}/{}", got["correct"], got["total"]);
                assert_eq!(share, &Value::String(got), "{run}: {id} {mode}");
            }
        }
    }
}

#[test]
fn what_does_not_join_one_to_one_is_named() {
    let Some((prompts, responses)) = gpt4() else { return };
    let items = rows(&prompts);
    let mut given = rows(&responses);
    let missing = given.remove(7);
    given.push(given[3].clone());
    given.push(json!({"prompt": "nobody asked this", "response": "so what"}));
    let folder = folder();
    let responses = file(folder.path(), "responses.jsonl", lines(&given));
    let scores = eval(&prompts, &responses, &["--json"]).ok().json();
    let owner = items.iter().find(|item| item["prompt"] == missing["prompt"]).unwrap();
    assert_eq!(scores["join"]["missing"], json!([owner["key"].to_string()]));
    assert_eq!(scores["join"]["unmatched"], json!([given.len()]));
    assert_eq!(scores["join"]["replaced"], json!([4]));
    assert_eq!(scores["prompt_strict"]["total"], 541);
    let text = eval(&prompts, &responses, &[]).ok();
    for named in ["without response", "to no prompt", "replaced by a later one"] {
        assert!(text.text().contains(named), "no `{named}` in {}", text.text());
    }
}

#[test]
fn an_artifact_of_responses_is_read_as_its_lines_are() {
    let folder = folder();
    let asked = json!({"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]});
    let prompt = |key: usize| {
        let mut row = asked.clone();
        row["key"] = json!(key);
        row["prompt"] = json!(format!("What can be said about bridges and {key} boats?"));
        row
    };
    let prompts = file(folder.path(), "p.jsonl", lines(&(0..12).map(prompt).collect::<Vec<_>>()));
    let out = arg(folder.path().join("out"));
    let given = ["--model", "embedded", "--max-tokens", "24", "--seed", "3", "--json"];
    let generate = |samples: &str| {
        let asked = ["generate", "--data", &arg(&prompts), "--out", &out, "-n", samples];
        let told = heedful(asked.iter().chain(&given)).ok().json();
        PathBuf::from(told["path"].as_str().unwrap())
    };
    let made = generate("1");
    let table = made.join("data/responses-00000-of-00001.parquet");
    let rows = heedful_datasets::rows::open_strict(&table).unwrap();
    let rows: Vec<Value> = rows.map(|row| Value::Object(row.unwrap().object)).collect();
    let plain = file(folder.path(), "r.jsonl", lines(&rows));
    let expected = eval(&prompts, &plain, &["--json"]).ok().json();
    assert!(expected["prompt_strict"]["correct"].as_u64() > Some(0), "{expected}");
    assert!(expected["truncation"].is_object(), "{expected}");
    let figures = |mut told: Value| {
        let header = told["header"].take();
        (told, header)
    };
    let expected = figures(expected).0;
    for path in [&made, &table] {
        let (told, header) = figures(eval(&prompts, path, &["--json"]).ok().json());
        assert_eq!(told, expected);
        // The folder tells how its responses were made.
        let seed = (path == &made).then_some(3);
        assert_eq!(header["generation"]["seed"].as_u64(), seed);
    }
    let runs = folder.path().join("runs");
    let [one, other] = [&plain, &made].map(|path| scored(&prompts, path, &runs));
    let facts = heedful(["report", &one, &other, "--json"]).ok().json();
    let id = made.file_name().unwrap().to_str().unwrap().strip_prefix("responses-").unwrap();
    let measured = &facts["benchmarks"][0]["runs"];
    let named = [0, 1].map(|run| measured[run]["responses"].as_str().unwrap());
    assert!(named[0].ends_with("r.jsonl") && named[1].starts_with(id), "{named:?}");
    assert_eq!(facts["headline"][0]["deltas"][0]["difference"], 0.0);

    // Both of two samples are scored, those of a prompt as one cluster.
    let both = generate("2");
    let twice = eval(&prompts, &both, &["--json"]).ok().json();
    assert_eq!(
        (&twice["prompt_strict"]["total"], &twice["join"]["replaced"]),
        (&json!(24), &json!([]))
    );
    let told = eval(&prompts, &both, &[]).ok();
    assert!(told.text().contains("24 samples of 12 prompts"), "{}", told.text());
    let kept = scored(&prompts, &both, &runs);
    let facts = heedful(["report", &kept, "--json"]).ok().json();
    let figure = &facts["headline"][0]["figures"][0];
    assert_eq!((&figure["size"], &figure["clusters"]), (&json!(24.0), &json!(12)));
    assert_eq!(figure["low"], twice["prompt_strict"]["low"], "the report's interval is its own");
    // Scores are no responses.
    eval(&prompts, Path::new(&one), &[]).refused(&["`evaluate`", "`generate`"]);
}

/// GPT-4's responses, the first `n` of them spoilt.
fn spoilt(folder: &Path, responses: &Path, n: usize) -> PathBuf {
    let mut given = rows(responses);
    for row in given.iter_mut().take(n) {
        row["response"] = json!("no");
    }
    file(folder, &format!("spoilt-{n}.jsonl"), lines(&given))
}

fn scored(prompts: &Path, responses: &Path, out: &Path) -> String {
    let given = eval(prompts, responses, &["--json", "--out", &arg(out)]).ok().json();
    given["path"].as_str().unwrap().to_owned()
}

#[test]
fn runs_are_reported_and_a_guard_sees_a_fall() {
    let Some((prompts, responses)) = gpt4() else { return };
    let folder = folder();
    let out = folder.path().join("runs");
    let whole = scored(&prompts, &responses, &out);
    let worse = scored(&prompts, &spoilt(folder.path(), &responses, 120), &out);
    let alike = scored(&prompts, &spoilt(folder.path(), &responses, 1), &out);
    assert_eq!(scored(&prompts, &responses, &out), whole, "the same run has the same place");
    heedful(["data", "check", &whole, &worse, &alike]).ok();
    let guard = |a: &str, b: &str, metric: &str| {
        let b = format!("other={b}");
        heedful(["report", a, &b, "--json", "--guard", metric]).run().code
    };
    for (metric, ..) in METRICS {
        assert_eq!(guard(&whole, &worse, metric), 1, "{metric}");
        assert_eq!(guard(&worse, &whole, metric), 0, "{metric}: a rise");
        assert_eq!(guard(&whole, &alike, metric), 0, "{metric}: one response");
        assert_eq!(guard(&whole, &whole, metric), 0, "{metric}: itself");
    }
    let page = folder.path().join("report.html");
    let text = heedful(["report", &whole, &worse, "--html", &arg(&page)]).ok();
    assert!(text.text().contains("77.08"), "{}", text.text());
    let again = heedful(["report", &whole, &worse]).ok();
    assert_eq!(text.stdout, again.stdout);
    stands_alone(&std::fs::read_to_string(page).unwrap());
    let facts = heedful(["report", &whole, &worse, "--json"]).ok().json();
    assert_eq!(facts["runs"].as_array().map(Vec::len), Some(2));
    assert!(facts["flips"].as_array().is_some_and(|flips| flips.len() > 50));

    let fails = |condition: &str| {
        heedful(["report", &whole, &worse, "--json", "--fail-if", condition]).run().code
    };
    assert_eq!(fails("ifeval.prompt_strict.delta_ci_low < -0.01"), 1);
    assert_eq!(fails("ifeval.prompt_strict.delta_ci_low < -0.9"), 0);
    heedful(["report", &whole, &worse, "--fail-if", "ifeval.prompt.delta < 0"])
        .refused(&["ifeval.prompt", "ifeval.inst_loose"]);
    heedful(["report", &whole, &whole]).refused(&["two results of ifeval", "NAME=PATH"]);
}

/// A page that loads nothing: responses may show addresses, but only as text.
fn stands_alone(page: &str) {
    assert!(page.starts_with("<!") && page.trim_end().ends_with("</html>"));
    let tags = page.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    for tag in tags.map(str::to_lowercase) {
        let loads = ["src=", "href=", "srcset=", "data=", "action=", "poster="];
        let tame = |at: &str| {
            let value = tag.split(at).nth(1).unwrap_or_default();
            let value = value.trim_start_matches(['"', '\'']);
            // Tables behind links are in the page too.
            value.starts_with(['#', ']']) || value.starts_with("data:")
        };
        for at in loads.iter().filter(|at| tag.contains(&format!(" {at}"))) {
            assert!(tame(at), "<{tag}>");
        }
        assert!(!tag.starts_with("link") && !tag.starts_with("iframe"), "<{tag}>");
    }
    let style = page.split("<style").nth(1).and_then(|rest| rest.split("</style").next());
    let style = style.expect("the page has its style in it");
    assert!(!style.contains("@import") && !style.contains("url("), "{style}");
}
