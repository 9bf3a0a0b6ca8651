//! Speed of the IFEval checks, verdicts checked: `cargo bench --workspace --bench ifeval`.
//!
//! With `HEEDFUL_PEER=peer.json`, made by `benchmarks/peer/ifeval.py`, the official scorer's times
//! stand beside ours, and every verdict of both must agree. Times are of one thread unless told.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use heedful_constraints::args::{Args, without_nulls};
use heedful_constraints::loose::{Unstarred, Variants};
use heedful_constraints::{Constraint, Profile, Text};
use rayon::prelude::*;
use serde_json::Value;

/// One prompt with its response.
struct Item {
    key: String,
    asked: Vec<(String, Args)>,
    response: String,
}

type Follow = [Vec<bool>; 2];

fn main() {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("HEEDFUL_DATA").map_or_else(beside, PathBuf::from).join("ifeval");
    if !folder.is_dir() {
        println!("SKIPPED: {} is not there", folder.display());
        return;
    }
    let peer: Option<Value> = std::env::var_os("HEEDFUL_PEER").map(|path| {
        let text = std::fs::read_to_string(&path).expect("HEEDFUL_PEER names a file");
        serde_json::from_str(&text).expect("HEEDFUL_PEER is JSON")
    });
    // Tables and profiles are unpacked once a process: loading, not scoring.
    let start = Instant::now();
    let items = load(&folder);
    let warm = Text::new("The first call unpacks the tables. So it is made here.");
    black_box((warm.language(), warm.capital_words()));
    println!("loading: {:.1} ms", 1e3 * start.elapsed().as_secs_f64());
    overall(&items, peer.as_ref());
    one_kilobyte(&items);
    if let Some(peer) = &peer {
        per_rule(peer);
    }
}

fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("the data are readable");
    text.lines().map(|line| serde_json::from_str(line).expect("JSONL")).collect()
}

fn load(folder: &Path) -> Vec<Item> {
    let responses: HashMap<String, String> =
        rows(&folder.join("responses/input_response_data_gpt4_20231107_145030.jsonl"))
            .into_iter()
            .map(|row| (string(&row["prompt"]), string(&row["response"])))
            .collect();
    let item = |row: Value| {
        let ids = row["instruction_id_list"].as_array().expect("a list").iter().map(string);
        let kwargs = row["kwargs"].as_array().expect("a list").iter().map(args);
        let response = responses[row["prompt"].as_str().expect("a text")].clone();
        Item { key: row["key"].to_string(), asked: ids.zip(kwargs).collect(), response }
    };
    let prompts = rows(&folder.join("input_data_gpt4_20231107_145030.jsonl"));
    prompts.into_iter().map(item).collect()
}

fn string(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn args(value: &Value) -> Args {
    without_nulls(value.as_object().expect("an object"))
}

fn compile(id: &str, args: &Args) -> Constraint {
    Constraint::compile(id, args.clone(), Profile::Official).expect("official arguments")
}

/// Compiling and judging of one prompt, as the official scorer builds and checks.
fn score(item: &Item) -> Follow {
    let unstarred = Unstarred::new(&item.response);
    let variants = Variants::new(&item.response, &unstarred);
    let judged = item.asked.iter().map(|(id, args)| {
        let judgement = variants.judge(&compile(id, args));
        (judgement.strict == Some(true), judgement.loose == Some(true))
    });
    let (strict, loose) = judged.unzip();
    [strict, loose]
}

/// The best of several runs, in seconds, and what the last one gave.
fn best<T>(runs: usize, mut run: impl FnMut() -> T) -> (f64, T) {
    let mut time = f64::INFINITY;
    let mut last = None;
    for _ in 0..runs {
        let start = Instant::now();
        last = Some(black_box(run()));
        time = time.min(start.elapsed().as_secs_f64());
    }
    (time, last.expect("at least one run"))
}

fn overall(items: &[Item], peer: Option<&Value>) {
    let (one, follow) = best(30, || items.iter().map(score).collect::<Vec<Follow>>());
    let count = |at: usize, all: bool| {
        let prompts = follow.iter().map(|follow| &follow[at]);
        match all {
            true => prompts.filter(|follow| follow.iter().all(|ok| *ok)).count(),
            false => prompts.flatten().filter(|ok| **ok).count(),
        }
    };
    let four = [count(0, true), count(0, false), count(1, true), count(1, false)];
    assert_eq!(four, [417, 698, 431, 714], "the recorded accuracies");
    println!("541 responses, strict + loose, compiled anew: {:.2} ms, one thread", 1e3 * one);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
    let (two, again) =
        pool.install(|| best(30, || items.par_iter().map(score).collect::<Vec<Follow>>()));
    assert_eq!(again, follow);
    println!("the same on two threads: {:.2} ms, {:.2} x", 1e3 * two, one / two);
    let Some(peer) = peer else { return };
    for (item, [strict, loose]) in items.iter().zip(&follow) {
        assert_eq!(peer["follow"][&item.key], serde_json::json!([strict, loose]), "{}", item.key);
    }
    let times = peer["score_cpu_s"].as_array().expect("a list").iter().filter_map(Value::as_f64);
    let theirs = times.fold(f64::INFINITY, f64::min);
    println!("official: {:.2} ms of CPU; ratio {:.0} x", 1e3 * theirs, theirs / one);
}

/// All rules on one response: the first of the data that has 1,000 characters, cut to 1,024 bytes.
fn one_kilobyte(items: &[Item]) {
    let long = items.iter().find(|item| item.response.len() >= 1024);
    let text = &long.expect("some response is long").response;
    let end = (0..=1024).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let text = &text[..end];
    let mut checks: BTreeMap<&str, Constraint> = BTreeMap::new();
    for (id, args) in items.iter().flat_map(|item| &item.asked) {
        checks.entry(id).or_insert_with(|| compile(id, args));
    }
    const HEAVY: [&str; 5] = [
        "change_case:capital_word_frequency",
        "change_case:english_capital",
        "change_case:english_lowercase",
        "language:response_language",
        "length_constraints:number_sentences",
    ];
    let time = |checks: &[&Constraint]| {
        let run = || {
            (0..200).map(|_| {
                let text = Text::new(black_box(text));
                checks.iter().filter(|check| check.check(&text).satisfied).count()
            })
        };
        1e6 * best(10, || run().sum::<usize>()).0 / 200.0
    };
    let all: Vec<&Constraint> = checks.values().collect();
    let light: Vec<&Constraint> =
        all.iter().copied().filter(|check| !HEAVY[..4].contains(&check.id())).collect();
    println!("{} checks on {end} bytes: {:.1} us", all.len(), time(&all));
    println!("without languages and word tokens ({}): {:.1} us", light.len(), time(&light));
    let lighter: Vec<&Constraint> =
        all.iter().copied().filter(|check| !HEAVY.contains(&check.id())).collect();
    println!("without sentences too ({}): {:.1} us", lighter.len(), time(&lighter));
}

/// Each rule on the peer's own texts and arguments.
fn per_rule(peer: &Value) {
    let texts: Vec<String> = peer["texts"].as_array().expect("a list").iter().map(string).collect();
    println!("\n| rule | official checks/s | ours | ratio |\n|---|---:|---:|---:|");
    for (id, theirs) in peer["per_rule"].as_object().expect("an object") {
        let kwargs = theirs["kwargs"].as_array().expect("a list");
        let checks: Vec<Constraint> = kwargs.iter().map(|k| compile(id, &args(k))).collect();
        let run = || -> Vec<bool> {
            let pairs = checks.iter().zip(&texts);
            pairs.map(|(check, text)| check.check(&Text::new(text)).satisfied).collect()
        };
        let rounds = 20;
        let (time, _) = best(5, || (0..rounds).map(|_| run().len()).sum::<usize>());
        assert_eq!(serde_json::json!(run()), theirs["verdicts"], "{id}");
        let ours = (rounds * texts.len()) as f64 / time;
        let official = theirs["checks_per_s"].as_f64().expect("a number");
        println!("| {id} | {official:.0} | {ours:.0} | {:.0} |", ours / official);
    }
}
