//! `heedful run`, `status` and `ablate`: a whole cycle, very small.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

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
    // Weights that do not move answer the same to the same chance.
    for way in ["sampled", "greedy"] {
        assert_eq!(rows[0]["test"][way]["gain_points"].as_f64(), Some(0.0), "{}", rows[0]);
    }
    assert!(rows[0]["beside"].is_null() && rows[1]["beside"].is_object());
    let made: Vec<String> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let count = |start: &str| made.iter().filter(|name| name.starts_with(start)).count();
    assert_eq!((count("before-"), count("reward-"), count("policy-")), (1, 1, 2), "{made:?}");
    assert!(fs::read_to_string(told["report"].as_str().unwrap()).unwrap().contains("hard-only"));
    heedful(typed("ablate", &out, &["--only", "none-such"])).refused(&["none-such"]);
}

/// Bytes of the journal of the first answers, where there is one.
fn journal(out: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(out) else { return 0 };
    let before = entries.filter_map(Result::ok).map(|entry| entry.path());
    let before = before.filter(|path| arg(path).contains("before-"));
    let length = |path: &Path| Some(fs::metadata(path.join("sampled.journal")).ok()?.len());
    before.filter_map(|path| length(&path)).next().unwrap_or(0)
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
    while journal(&cut) < 4096 {
        assert!(began.elapsed() < Duration::from_secs(120), "no answer in time");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = journal(&cut);
    assert!(kept >= 4096);
    let again = heedful(command).ok().json();
    assert_eq!(again["comparison"], whole["comparison"]);
    assert_eq!(journal(&cut), 0, "journals go when the table is there");
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
