//! `heedful build` and `heedful data`: artifacts that are whole, the same everywhere, and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use heedful_datasets::rows::{self, Options};
use serde_json::{Value, json};

use crate::util::{Chance, arg, file, folder, heedful, skip, tree};

fn build(args: &[&str], out: &Path) -> Value {
    let out = arg(out);
    let given = ["build", "--json", "--out", &out];
    heedful(given.iter().chain(args)).ok().json()
}

fn path(built: &Value) -> PathBuf {
    PathBuf::from(built["path"].as_str().unwrap())
}

fn small(folder: &Path, seed: u64) -> String {
    let text = format!(
        "name = \"small\"\nseed = {seed}\ndrawings = 60\nmax_level = 3\nhard_share = 0.6\n\
         [splits]\ntrain = 0.7\ntest = 0.3\n"
    );
    arg(file(folder, &format!("small-{seed}.toml"), text))
}

fn entries(folder: &Path) -> Vec<String> {
    let list = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = list.map(|entry| arg(entry.unwrap().file_name())).collect();
    names.sort();
    names
}

#[test]
fn the_default_recipe_builds_once_and_the_same_on_any_threads() {
    let folder = folder();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    let built = build(&["--threads", "1"], &one);
    assert_eq!((&built["found"], &built["rows"]), (&json!(false), &json!(5000)));
    let again = build(&[], &one);
    assert_eq!((&again["found"], &again["id"]), (&json!(true), &built["id"]));
    assert_eq!(again["path"], built["path"]);
    let other = build(&["--threads", "2"], &two);
    assert_eq!(other["id"], built["id"]);
    assert!(tree(&path(&other)) == tree(&path(&built)), "threads change the bytes");
    heedful(["data", "check", &arg(path(&built))]).ok();
    assert_eq!(entries(&one).len(), 1, "{:?}", entries(&one));
}

#[test]
fn the_recipe_that_init_prints_builds_as_it_is() {
    let folder = folder();
    let text = heedful(["build", "--init"]).ok();
    let recipe = file(folder.path(), "my.toml", &text.stdout);
    let out = folder.path().join("out");
    let built = build(&[&arg(recipe)], &out);
    assert_eq!(built["rows"], 5000);
    assert_eq!(build(&[], &out)["found"], true, "it is the embedded recipe");
}

#[test]
fn a_changed_shard_is_named() {
    let folder = folder();
    let out = folder.path().join("out");
    let place = path(&build(&[&small(folder.path(), 1)], &out));
    let shard = place.join("data/train-00000-of-00001.parquet");
    let sound = std::fs::read(&shard).unwrap();
    let mut chance = Chance(1);
    for _ in 0..5 {
        let mut bytes = sound.clone();
        let at = chance.below(bytes.len() as u64) as usize;
        bytes[at] ^= 1 << chance.below(8);
        std::fs::write(&shard, &bytes).unwrap();
        let ran = heedful(["data", "check", &arg(&place)]).run();
        assert_eq!(ran.code, 1);
        assert!(ran.text().contains("data/train-00000-of-00001.parquet was changed"));
        let recipe = small(folder.path(), 1);
        heedful(["build", &recipe, "--out", &arg(&out)]).refused(&["was changed"]);
    }
    std::fs::write(&shard, &sound).unwrap();
    let extra = file(&place, "extra.txt", "x");
    let ran = heedful(["data", "check", &arg(&place)]).run();
    assert!(ran.code == 1 && ran.text().contains("extra.txt is not in the manifest"));
    std::fs::remove_file(extra).unwrap();
    std::fs::remove_file(&shard).unwrap();
    let ran = heedful(["data", "check", &arg(&place)]).run();
    assert!(ran.code == 1 && ran.text().contains("parquet is missing"));
}

#[test]
fn versions_are_listed_and_compared() {
    let folder = folder();
    let out = folder.path().join("out");
    let [one, two] = [1, 2].map(|seed| build(&[&small(folder.path(), seed)], &out));
    let log = heedful(["data", "log", &arg(&out), "--json"]).ok().lines();
    let mut ids: Vec<&Value> = log.iter().map(|artifact| &artifact["id"]).collect();
    let mut expected = vec![&one["id"], &two["id"]];
    ids.sort_by_key(|id| id.to_string());
    expected.sort_by_key(|id| id.to_string());
    assert_eq!(ids, expected);
    let text = heedful(["data", "log", &arg(&out)]).ok();
    assert!(text.text().contains(one["id"].as_str().unwrap()));
    let [a, b] = [&one, &two].map(|built| arg(path(built)));
    let same = heedful(["data", "diff", &a, &a, "--json"]).ok().json();
    assert_eq!((&same["config"], &same["rows"]["changed"]), (&json!([]), &json!(0)));
    assert_eq!(same["rows"]["unchanged"], one["rows"]);
    let ran = heedful(["data", "diff", &a, &b, "--json"]).run();
    assert_eq!(ran.code, 1);
    let diff = ran.json();
    assert!(diff["config"].as_array().unwrap().iter().any(|change| change["key"] == "seed"));
    let count = |key: &str| diff["rows"][key].as_u64().unwrap();
    assert_eq!(count("removed") + count("changed") + count("unchanged"), one["rows"]);
    assert_eq!(count("added") + count("changed") + count("unchanged"), two["rows"]);
}

#[test]
fn exports_are_read_back_by_the_tools_they_are_for() {
    let folder = folder();
    let built = build(&[&small(folder.path(), 3)], &folder.path().join("artifacts"));
    for layout in ["ifeval", "verl", "trl", "open-instruct"] {
        let out = arg(folder.path().join(layout));
        let given = ["data", "export", &arg(path(&built)), "--to", layout, "--out", &out];
        let listed = heedful(given).ok();
        let files: Vec<&str> = listed.text().lines().collect();
        assert!(files.len() == 2 && files.iter().all(|file| Path::new(file).is_file()));
        heedful(given).refused(&["exists already"]);
    }
    let Some(python) = std::env::var_os("HEEDFUL_PYTHON") else {
        return skip("HEEDFUL_PYTHON names no interpreter; the exports are not read back");
    };
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/read_exports.py");
    let ran = Command::new(python)
        .arg(oracle)
        .arg(folder.path())
        .env("HF_HOME", folder.path().join("cache"))
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("rows read back"));
}

#[test]
fn the_papers_recipe_has_the_papers_counts() {
    let folder = folder();
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes/paper.toml");
    let built = build(&[&arg(recipe)], folder.path());
    let columns = ["level", "constraints"];
    let options = Options { columns: Some(&columns), ..Options::default() };
    let mut found: BTreeMap<u64, [u64; 3]> = BTreeMap::new();
    for entry in entries(&path(&built).join("data")) {
        for row in rows::open(&path(&built).join("data").join(entry), options).unwrap() {
            let row = row.unwrap().object;
            let list = row["constraints"].as_array().unwrap();
            let soft = list.iter().filter(|c| c["kind"] == "soft").count() as u64;
            let counts = found.entry(row["level"].as_u64().unwrap()).or_default();
            counts[0] += 1;
            counts[1] += soft;
            counts[2] += list.len() as u64 - soft;
        }
    }
    // Rows, soft and hard constraints of every level (arXiv 2508.02150, table of its data).
    let expected = [
        (1, [2806, 1578, 1228]),
        (2, [2745, 3203, 2287]),
        (3, [2700, 4833, 3267]),
        (4, [2700, 6481, 4319]),
        (5, [2619, 8101, 4994]),
    ];
    assert_eq!(found, BTreeMap::from(expected));
}

/// A build that takes some seconds.
fn large(folder: &Path) -> String {
    let text = "name = \"large\"\ndrawings = 1500\nmax_level = 5\nshard_rows = 1000\n\
                [splits]\ntrain = 0.9\ntest = 0.1\n";
    arg(file(folder, "large.toml", text))
}

#[test]
fn a_killed_build_leaves_nothing_or_all_and_a_rerun_completes_it() {
    let folder = folder();
    let recipe = large(folder.path());
    let begun = Instant::now();
    let whole = path(&build(&[&recipe], &folder.path().join("whole")));
    let took = begun.elapsed();
    let expected = tree(&whole);
    assert!(expected.len() > 7, "several shards: {}", expected.len());
    let out = folder.path().join("out");
    let place = out.join(whole.file_name().unwrap());
    let mut chance = Chance(7);
    let mut killed = 0;
    for round in 0..6 {
        let given = ["build", &recipe, "--out", &arg(&out)];
        let mut child = heedful(given).command().spawn().unwrap();
        let moment = Duration::from_micros(chance.below(took.as_micros() as u64 * 9 / 10));
        std::thread::sleep(moment);
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        if !out.exists() {
            continue;
        }
        // What a reader may take for an artifact is one.
        let seen: Vec<String> =
            entries(&out).into_iter().filter(|name| !name.starts_with('.')).collect();
        if !seen.is_empty() {
            assert_eq!(seen, [arg(place.file_name().unwrap())], "round {round}");
            assert!(tree(&place) == expected, "round {round}: half an artifact");
        }
        let log = heedful(["data", "log", &arg(&out), "--json"]).ok();
        assert_eq!(log.lines().len(), seen.len(), "round {round}");
        if !seen.is_empty() {
            std::fs::remove_dir_all(&place).unwrap();
        }
    }
    assert!(killed >= 3, "only {killed} builds were killed in their midst");
    build(&[&recipe], &out);
    assert!(tree(&place) == expected, "the rerun gives other bytes");
    assert_eq!(entries(&out).len(), 1, "litter: {:?}", entries(&out));
}

#[test]
fn two_builds_at_once_do_the_work_once() {
    let folder = folder();
    let recipe = small(folder.path(), 5);
    let out = folder.path().join("out");
    let given = ["build", &recipe, "--json", "--out", &arg(&out)];
    let start = || heedful(given).command().spawn().unwrap();
    let children: Vec<_> = (0..4).map(|_| start()).collect();
    let ends = children.into_iter().map(|child| child.wait_with_output().unwrap());
    let built: Vec<Value> = ends
        .map(|end| {
            assert!(end.status.success(), "{}", String::from_utf8_lossy(&end.stderr));
            serde_json::from_slice(&end.stdout).unwrap()
        })
        .collect();
    assert!(built.iter().all(|other| other["id"] == built[0]["id"]));
    let made = built.iter().filter(|built| built["found"] == false).count();
    assert_eq!(made, 1, "made once, found by the others");
    assert_eq!(entries(&out).len(), 1, "litter: {:?}", entries(&out));
    heedful(["data", "check", &arg(path(&built[0]))]).ok();
}
