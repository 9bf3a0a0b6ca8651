//! `heedful benchmarks make` by the command line.

use heedful_benchmarks::made;
use serde_json::Value;

use crate::util::{arg, file, folder, heedful};

const RECIPE: &str = "name = \"mine\"\nitems = 12\nseed = 3\n";

#[test]
fn a_benchmark_is_made_found_again_checked_and_compared() {
    let folder = folder();
    let recipe = arg(file(folder.path(), "mine.toml", RECIPE));
    let out = arg(folder.path().join("out"));
    let make = ["benchmarks", "make", &recipe, "--out", &out];
    let said = heedful(make).ok();
    assert!(said.text().starts_with("made ") && said.text().contains("\nitems 12\n"));
    let found = heedful(make.iter().chain(&["--json"])).ok().json();
    assert_eq!((&found["found"], &found["items"]), (&Value::Bool(true), &Value::from(12)));
    for (name, n) in [("And", 3), ("Selection_1", 3)] {
        assert_eq!(found["compositions"][name], n);
    }
    let log = heedful(["data", "log", &out, "--json"]).ok();
    assert!(log.text().contains("\"benchmark\""), "{}", log.text());
    heedful(["data", "check", found["path"].as_str().unwrap()]).ok();
    let recipe = arg(file(folder.path(), "other.toml", RECIPE.replace("= 3", "= 4")));
    let other = ["--threads", "1", "benchmarks", "make", &recipe, "--out", &out, "--json"];
    let other = heedful(other).ok().json();
    assert_ne!(other["id"], found["id"]);
    let [a, b] = [&found, &other].map(|made| made["path"].as_str().unwrap().to_owned());
    let diff = heedful(["data", "diff", &a, &b]).run();
    assert!(diff.text().contains("seed"), "{}", diff.text());
    let card = std::path::Path::new(&a).join("README.md");
    let card = std::fs::read_to_string(card).unwrap();
    assert!(card.contains("12 instructions") && card.contains("CSR, ISR and PSR"), "{card}");
    let table = std::path::Path::new(&a).join("cards/and-02.md");
    std::fs::write(table, "changed").unwrap();
    let checked = heedful(["data", "check", &a]).run();
    assert!(checked.code == 1 && checked.text().contains("cards/and-02.md"), "{}", checked.text());
}

/// The prompts go to a model as they are, and training on them is found out.
#[test]
fn what_was_trained_on_is_left_out_and_named() {
    let folder = folder();
    let out = arg(folder.path().join("out"));
    let training = "name = \"training\"\ndrawings = 20\nmax_level = 1\n";
    let training = arg(file(folder.path(), "training.toml", training));
    let built = heedful(["build", &training, "--out", &out, "--json"]).ok().json();
    let name = built["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let text = format!("{RECIPE}[contamination]\nfiles = [\"out/{name}\"]\n");
    let recipe = arg(file(folder.path(), "mine.toml", text));
    let made = heedful(["benchmarks", "make", &recipe, "--out", &out, "--json"]).ok().json();
    let left_out = made["seeds_left_out"]["contaminated"].as_u64().unwrap();
    let named = made["contaminated"].as_array().unwrap();
    assert!((20..100).contains(&left_out), "{made}");
    assert_eq!(named.len() as u64, left_out);
    assert!(named.iter().all(|one| one["found_in"].as_str().unwrap().contains(&name)));
}

#[test]
fn the_commented_recipe_is_printed_and_bad_ones_are_refused() {
    let folder = folder();
    let said = heedful(["benchmarks", "make", "--init"]).ok();
    assert!(said.text().contains("name = \"benchmark\""));
    let out = arg(folder.path().join("out"));
    for (text, named) in [
        ("name = \"a\"\nitems = 0", "key `items`"),
        ("name = \"a\"\n[contamination]\nfiles = [\"gone.jsonl\"]", "gone.jsonl"),
        ("name = \"a\"\n[seeds]\nkinds = [\"none\"]", "no seed instruction is left"),
        ("name = \"a\"\nmax_share = 0.0001\nitems = 300", "raise `max_share`"),
    ] {
        let recipe = arg(file(folder.path(), "bad.toml", text));
        heedful(["benchmarks", "make", &recipe, "--out", &out]).refused(&[named]);
    }
}

/// Rules decide everything, and the witnesses meet it.
#[test]
fn a_made_benchmark_is_scored_by_rules_and_by_a_judge() {
    let folder = folder();
    let out = arg(folder.path().join("out"));
    let list_of = |recipe: &str| {
        let recipe = arg(file(folder.path(), "mine.toml", recipe));
        let found = heedful(["benchmarks", "make", &recipe, "--out", &out, "--json"]).ok().json();
        let items = found["path"].as_str().unwrap().to_owned();
        let list = made::load(std::path::Path::new(&items)).unwrap().list;
        (items, list)
    };
    let score = |recipe: String, judge: &[&str]| {
        let (items, list) = list_of(&recipe);
        let line = |item: &made::Item| {
            serde_json::json!({"key": item.key, "response": item.witness}).to_string() + "\n"
        };
        // The last has no response.
        let rows: String = list[..list.len() - 1].iter().map(line).collect();
        let responses = arg(file(folder.path(), "r.jsonl", rows));
        let given = ["eval", "made", "--items", &items, "--responses", &responses, "--json"];
        heedful(given.iter().chain(judge))
    };
    let rules = format!("{RECIPE}rule_share = 1.0\ntasks = false\n");
    let scores = score(rules, &[]).ok().json();
    assert_eq!(scores["metrics"]["psr"]["value"], 11.0 / 12.0);
    assert_eq!(scores["metrics"]["drfr"]["clusters"], 12);
    assert_eq!(scores["join"]["missing"].as_array().map(Vec::len), Some(1));
    assert_eq!(scores["judging"]["judge"], "nobody");
    score(RECIPE.to_owned(), &[]).refused(&["no judge: give --judge-replies"]);
    let questions = arg(folder.path().join("questions.jsonl"));
    score(RECIPE.to_owned(), &["--judge", "m", "--judge-batch-out", &questions]).ok();
    let questions = std::fs::read_to_string(questions).unwrap();
    // One an item, and some of what rules decide.
    assert!((12..=61).contains(&questions.lines().count()), "{questions}");
    let row = |key: String, reply: Option<&str>| {
        serde_json::json!({"key": key, "reply": reply}).to_string() + "\n"
    };
    let replies = |controls: usize| {
        let of_item = |item: &made::Item| {
            let controls =
                (0..controls).map(|at| row(format!("{}#{at}", item.key), Some("1: yes")));
            row(item.key.clone(), None) + &controls.collect::<String>()
        };
        let text: String = list_of(RECIPE).1.iter().map(of_item).collect();
        arg(file(folder.path(), &format!("judged-{controls}.jsonl"), text))
    };
    let judged =
        |replies: &str| score(RECIPE.to_owned(), &["--judge-replies", replies]).ok().json();
    // Without them there is nothing to hold the judge against; the figures are the same.
    let (without, with) = (judged(&replies(0)), judged(&replies(30)));
    assert_eq!(without["metrics"], with["metrics"]);
    assert_eq!(without["judging"]["rules"]["decided"], 0);
    let rules = &with["judging"]["rules"];
    let of = |key: &str| rules[key].as_u64().unwrap();
    assert!(of("decided") > 10 && of("both_yes") > of("judge_yes"), "{rules}");
    assert_eq!(of("both_yes") + of("judge_yes"), of("decided"));
}
