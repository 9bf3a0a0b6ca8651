//! `heedful run`, `status` and `ablate`: a whole cycle, very small.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::util::{arg, file, folder, heedful};

/// The quick start with a little of everything.
const SMALL: [&str; 16] = [
    "prompts.train=8",
    "prompts.labelled=30",
    "prompts.labelled-levels=2",
    "prompts.test=4",
    "prompts.held-out=3",
    "prompts.bare=3",
    "pairs.labels=ladder",
    "pairs.samples=1",
    "reward.epochs=1",
    "reward.groups=2",
    "max-tokens=24",
    "eval.samples=2",
    "policy.steps=2",
    "policy.prompts=2",
    "policy.group=2",
    "policy.tries=1",
];

fn typed(command: &str, out: &str, more: &[&str]) -> Vec<String> {
    let set = SMALL.iter().flat_map(|one| ["--set", one]);
    let fixed = [command, "--out", out].into_iter().chain(set);
    fixed.chain(more.iter().copied()).map(str::to_owned).collect()
}

fn stages(out: &str, more: &[&str], code: i32) -> Vec<(String, String)> {
    let ran = heedful(typed("status", out, &[more, &["--json"]].concat())).code(code);
    let word = |stage: &Value, key: &str| stage[key].as_str().unwrap().to_owned();
    let told = ran.json();
    let list = told["stages"].as_array().unwrap();
    list.iter().map(|stage| (word(stage, "stage"), word(stage, "state"))).collect()
}

#[test]
fn a_cycle_runs_once_and_tells_what_is_stale() {
    let folder = folder();
    let out = arg(folder.path().join("cycle"));
    assert!(stages(&out, &[], 1).iter().all(|(_, state)| state == "missing"));
    heedful(typed("run", &out, &["--dry-run"])).ok();
    assert!(!folder.path().join("cycle").exists());
    let first = heedful(typed("run", &out, &["--json", "--threads", "1"])).ok().json();
    for key in ["gain_points", "before", "after", "greedy_gain_points", "seconds"] {
        assert!(first[key].is_f64(), "{key}: {first}");
    }
    let interval = &first["interval"];
    let [low, gain, high] =
        [&interval["low"], &first["gain_points"], &interval["high"]].map(|x| x.as_f64().unwrap());
    assert!(low <= gain && gain <= high);
    assert_eq!(first["comparison"]["sets"]["bare"]["sampled"]["prompts"].as_u64(), Some(3));
    let page = fs::read_to_string(first["report"].as_str().unwrap()).unwrap();
    for part in ["Held-out prompts by level", "Reward classifier", "std within groups", "Stages"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(stages(&out, &[], 0).iter().all(|(_, state)| state == "done"));

    // Nothing is done again; another folder and other threads come to the same.
    let again = heedful(typed("run", &out, &["--json"])).ok().json();
    assert_eq!(first["comparison"], again["comparison"]);
    let other = arg(folder.path().join("other"));
    let other = heedful(typed("run", &other, &["--json", "--threads", "2"])).ok().json();
    assert_eq!(first["comparison"], other["comparison"]);
    assert_eq!(first["reward"]["measures"], other["reward"]["measures"]);

    let changed = stages(&out, &["--set", "policy.rate=0"], 1);
    let stale: Vec<&str> = changed
        .iter()
        .filter(|(_, state)| state == "stale")
        .map(|(stage, _)| stage.as_str())
        .collect();
    assert_eq!(stale, ["policy", "after"]);
    let text = heedful(typed("status", &out, &["--set", "policy.rate=0"])).code(1);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("rate was 0.0004, now 0"), "{text}");
    assert!(text.contains("made from policy"), "{text}");

    heedful(typed("run", &out, &["--from", "lunch"])).refused(&["lunch", "prompts"]);
    heedful(typed("run", &out, &["--set", "policy.speed=1"])).refused(&["speed"]);
    heedful(typed("run", &out, &["--set", "policy.seed=1"])).refused(&["policy.seed"]);
    heedful(typed("run", &out, &["--set", "eval.samples=0"])).refused(&["eval.samples"]);
}

#[test]
fn variants_share_stages_and_the_control_stays_where_it_was() {
    let folder = folder();
    let out = arg(folder.path().join("ablation"));
    let more = ["--only", "control,hard-only", "--json"];
    let told = heedful(typed("ablate", &out, &more)).ok().json();
    let rows = told["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["variant"].as_str().unwrap()).collect();
    assert_eq!(names, ["control", "hard-only"]);
    // Weights that do not move answer the same to the same chance; a control draws with another.
    assert_eq!(rows[0]["test"]["greedy"]["gain_points"].as_f64(), Some(0.0), "{}", rows[0]);
    let control = fs::read_to_string(folder.path().join("ablation/control-1/run.json")).unwrap();
    let control: Value = serde_json::from_str(&control).unwrap();
    let tokens = |told: &Value| [0, 1].map(|side| number(&told["comparison"]["tokens"][side]));
    let [before, after] = tokens(&control);
    assert!(before != after, "answers after were drawn as those before: {before} tokens");
    let same = heedful(typed("run", &out, &["--set", "policy.rate=0", "--json"])).ok().json();
    assert_eq!(tokens(&same), [before, before]);
    assert_eq!(number(&same["gain_points"]), 0.0);
    assert!(rows[0]["beside"].is_null() && rows[1]["beside"].is_object());
    let made: Vec<String> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let count = |start: &str| made.iter().filter(|name| name.starts_with(start)).count();
    let counts = ["before-", "reward-", "policy-", "after-"].map(count);
    assert_eq!(counts, [1, 1, 2, 3], "{made:?}");
    assert!(fs::read_to_string(told["report"].as_str().unwrap()).unwrap().contains("hard-only"));
    heedful(typed("ablate", &out, &["--only", "none-such"])).refused(&["none-such"]);
}

/// Bytes of the journals of a stage, where there are some.
fn journal(out: &Path, stage: &str) -> u64 {
    let within = |folder: &Path| -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
    };
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let folders = within(out).into_iter().filter(|path| name(path).starts_with(stage));
    let files = folders.flat_map(|folder| within(&folder));
    let journals = files.filter(|path| name(path).ends_with(".journal"));
    journals.filter_map(|path| Some(fs::metadata(path).ok()?.len())).sum()
}

#[test]
fn answers_that_a_kill_left_are_not_asked_again() {
    let folder = folder();
    let few = ["pairs=none", "policy.steps=1", "eval.samples=8", "prompts.test=20"];
    let few = few.iter().flat_map(|one| ["--set", one]).collect::<Vec<_>>();
    let more = [&few[..], &["--threads", "1", "--json"]].concat();
    let whole = heedful(typed("run", &arg(folder.path().join("whole")), &more)).ok().json();
    let cut = folder.path().join("cut");
    let command = typed("run", &arg(&cut), &more);
    let mut child = heedful(command.clone()).command().spawn().unwrap();
    let began = Instant::now();
    while journal(&cut, "before-") < 4096 {
        assert!(began.elapsed() < Duration::from_secs(120), "no answer in time");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = journal(&cut, "before-");
    assert!(kept >= 4096);
    let again = heedful(command).ok().json();
    assert_eq!(again["comparison"], whole["comparison"]);
    assert_eq!(journal(&cut, "before-"), 0, "journals go when the table is there");
}

#[test]
fn a_folder_bears_one_run_at_a_time() {
    let folder = folder();
    let held = File::create(folder.path().join(".lock")).unwrap();
    held.lock().unwrap();
    heedful(typed("run", &arg(folder.path()), &[])).refused(&["another run"]);
}

#[test]
fn built_prompts_and_a_cold_start_make_a_cycle() {
    let folder = folder();
    let recipe = file(
        folder.path(),
        "prompts.toml",
        "name = 'p'\nseed = 3\ndrawings = 60\nmax_level = 2\nbare = true\nlanguages = ['en']\n\
         [splits]\ntrain = 0.7\ndev = 0.1\ntest = 0.2\n",
    );
    let (source, recipe) = ("prompts.source=build", format!("prompts.recipe={}", arg(&recipe)));
    let out = folder.path().join("cycle");
    let more = ["--set", source, "--set", &recipe, "--set", "reward.groups=0"];
    let built = ["--set", "prompts.soft=none", "--set", "prompts.labelled-soft-share=none"];
    let cold = ["max-tokens=100", "cold-start.prompts=40", "cold-start.rate=1e-4"];
    let cold = cold.iter().flat_map(|one| ["--set", one]).collect::<Vec<_>>();
    let command = typed("run", &arg(&out), &[&more[..], &built, &cold, &["--json"]].concat());
    let told = heedful(command).ok().json();
    assert!(told["comparison"]["sets"]["test"].is_object(), "{told}");
    let made: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
    let of = |name: &str| made.iter().find(|path| arg(path).contains(name)).unwrap();
    let best = fs::read_to_string(of("/start-").join("best.jsonl")).unwrap();
    assert!(best.lines().count() > 0);
    let policy = fs::read_to_string(of("/policy-").join("train.json")).unwrap();
    assert!(policy.contains("/start-"), "{policy}");
}

/// Prompts in the official layout, of which small answers satisfy some.
fn official(folder: &Path, rows: usize) -> PathBuf {
    let asks = [
        json!([["punctuation:no_comma"], [{}]]),
        json!([
            ["length_constraints:number_words", "punctuation:no_comma"],
            [{"relation": "less than", "num_words": 12}, {}]
        ]),
        json!([["keywords:existence"], [{"keywords": ["bridges"]}]]),
        json!([
            ["change_case:english_lowercase", "length_constraints:number_words"],
            [{}, {"relation": "at least", "num_words": 6}]
        ]),
    ];
    let row = |key: usize| {
        let ask = &asks[key % asks.len()];
        let prompt = format!("What can be said about bridges? Think of {} boats.", key + 2);
        let row = json!({
            "key": 1000 + key, "prompt": prompt, "instruction_id_list": ask[0], "kwargs": ask[1],
        });
        format!("{row}\n")
    };
    file(folder, "official.jsonl", (0..rows).map(row).collect::<String>())
}

/// The settings of a cycle that is over in seconds, with IFEval on the prompts at `path`.
fn with_official(path: &str) -> Vec<String> {
    let prompts = format!("ifeval.prompts={path}");
    let few = ["pairs=none", "ifeval.max-tokens=30", &prompts];
    few.iter().flat_map(|one| ["--set".to_owned(), (*one).to_owned()]).collect()
}

fn strings(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

#[test]
fn official_prompts_before_and_after_are_scored_as_eval_does() {
    let folder = folder();
    let out = arg(folder.path().join("cycle"));
    let prompts = arg(official(folder.path(), 16));
    let set = with_official(&prompts);
    // A rate at which two steps change answers.
    let more = [&strings(&set)[..], &["--set", "policy.rate=0.01"]].concat();
    let planned = stages(&out, &more, 1);
    let names: Vec<&str> = planned.iter().map(|(stage, _)| stage.as_str()).collect();
    assert_eq!(names, ["prompts", "before", "ifeval-before", "policy", "after", "ifeval-after"]);
    let told = heedful(typed("run", &out, &[&more[..], &["--json"]].concat())).ok().json();
    let found = &told["ifeval"];
    let path = |what: &str, side: usize| found[what][side].as_str().unwrap().to_owned();

    for (side, name) in ["before", "after"].iter().enumerate() {
        let responses = path("answers", side);
        let given = ["eval", "ifeval", "--prompts", &prompts, "--responses", &responses, "--json"];
        let eval = heedful(given).ok().json();
        assert!(eval["join"]["missing"].as_array().unwrap().is_empty());
        for metric in ["prompt_strict", "inst_strict", "prompt_loose", "inst_loose"] {
            let (ours, theirs) = (&found[metric], &eval[metric]);
            assert_eq!(number(&ours[name]), 100.0 * number(&theirs["rate"]), "{metric}");
            let interval = &ours[format!("{name}_interval")];
            assert_eq!(number(&interval["low"]), 100.0 * number(&theirs["low"]), "{metric}");
            assert_eq!(number(&interval["high"]), 100.0 * number(&theirs["high"]), "{metric}");
            assert_eq!(ours["total"], theirs["total"], "{metric}");
        }
        let cut = 100.0 * number(&eval["truncation"]["cap_hit"]["rate"]);
        assert_eq!(number(&found["truncated"][side]), cut);
    }
    let (before, after) = (path("scores", 0), path("scores", 1));
    let [before, after] = [("before", before), ("after", after)].map(|(n, p)| format!("{n}={p}"));
    let report = heedful(["report", &before, &after, "--json"]).ok().json();
    for line in report["headline"].as_array().unwrap() {
        let (ours, delta) = (&found[line["metric"].as_str().unwrap()], &line["deltas"][0]);
        assert_eq!(number(&ours["gain_points"]), 100.0 * number(&delta["difference"]));
        assert_eq!(number(&ours["interval"]["low"]), 100.0 * number(&delta["low"]));
        assert_eq!(number(&ours["interval"]["high"]), 100.0 * number(&delta["high"]));
        assert_eq!(ours["p_holm"], delta["p_holm"]);
    }
    assert!(number(&found["inst_strict"]["before"]) > 0.0, "{found}");
    let table = |side: usize| path("answers", side) + "/data/responses-00000-of-00001.parquet";
    assert!(fs::read(table(0)).unwrap() != fs::read(table(1)).unwrap(), "nothing was learned");

    // Printed, in the page, and not measured again; prompts of other words make both stale.
    let again = heedful(typed("run", &out, &more)).ok();
    assert!(again.text().contains("| prompt, strict | 16 |"), "{}", again.text());
    let page = fs::read_to_string(told["report"].as_str().unwrap()).unwrap();
    assert!(page.contains("16 official prompts") && page.contains("inst, loose"));
    let from = [&more[..], &["--from", "ifeval-after", "--json"]].concat();
    assert_eq!(heedful(typed("run", &out, &from)).ok().json()["ifeval"], *found);
    official(folder.path(), 15);
    let stale: Vec<_> =
        stages(&out, &more, 1).into_iter().filter(|(_, state)| state == "stale").collect();
    assert_eq!(stale.len(), 2, "{stale:?}");
}

#[test]
fn official_prompts_that_are_not_there_are_named() {
    let folder = folder();
    let out = folder.path().join("cycle");
    let set = with_official("nowhere/input_data.jsonl");
    let more = strings(&set);
    let words = ["nowhere/input_data.jsonl", "HEEDFUL_DATA", "ifeval.when-missing"];
    heedful(typed("run", &arg(&out), &more)).refused(&words);
    assert!(!out.exists());
    let skip = [&more[..], &["--set", "ifeval.when-missing=skip"]].concat();
    let plan = heedful(typed("run", &arg(&out), &[&skip[..], &["--dry-run"]].concat())).ok();
    assert!(plan.text().contains("IFEval is left out: no official prompts at"), "{}", plan.text());
    let told = heedful(typed("run", &arg(&out), &skip)).ok();
    assert!(told.text().contains("**IFEval is left out"), "{}", told.text());
    let told: Value =
        serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap();
    assert!(told["ifeval"]["left_out"].as_str().unwrap().contains("nowhere/input_data.jsonl"));
    assert!(fs::read_to_string(out.join("report.html")).unwrap().contains("IFEval is left out"));

    // Found below the folder that the environment names.
    official(folder.path(), 3);
    let set = with_official("official.jsonl");
    let status = typed("status", &arg(&out), &strings(&set));
    let ran = heedful(status).command().env("HEEDFUL_DATA", folder.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&ran.stdout).contains("ifeval-after"), "{ran:?}");

    // What cannot be scored is refused before anything is asked.
    let bad = r#"{"key": 1, "prompt": "p", "instruction_id_list": ["no:such"], "kwargs": [{}]}"#;
    let bad = file(folder.path(), "bad.jsonl", bad);
    let set = with_official(&arg(&bad));
    heedful(typed("run", &arg(folder.path().join("other")), &strings(&set)))
        .refused(&["bad.jsonl, line 1", "no:such"]);
}

#[test]
fn official_prompts_that_a_kill_left_are_not_asked_again() {
    let folder = folder();
    let prompts = arg(official(folder.path(), 160));
    let set = with_official(&prompts);
    let more = [&strings(&set)[..], &["--set", "policy.steps=1", "--threads", "1", "--json"]];
    let more = more.concat();
    let whole = heedful(typed("run", &arg(folder.path().join("whole")), &more)).ok().json();
    let cut = folder.path().join("cut");
    let command = typed("run", &arg(&cut), &more);
    let mut child = heedful(command.clone()).command().spawn().unwrap();
    let began = Instant::now();
    while journal(&cut, "ifeval-before-") < 4096 {
        assert!(began.elapsed() < Duration::from_secs(120), "no answer in time");
        assert!(child.try_wait().unwrap().is_none(), "it ended first");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(journal(&cut, "ifeval-before-") >= 4096);
    let again = heedful(command).ok().json();
    for metric in ["prompt_strict", "inst_strict", "prompt_loose", "inst_loose"] {
        assert_eq!(again["ifeval"][metric], whole["ifeval"][metric]);
    }
    let table = |told: &Value| {
        let folder = Path::new(told["ifeval"]["answers"][0].as_str().unwrap());
        fs::read(folder.join("data/responses-00000-of-00001.parquet")).unwrap()
    };
    assert!(table(&again) == table(&whole));
    assert_eq!(journal(&cut, "ifeval-before-"), 0, "journals go when the table is there");
}
