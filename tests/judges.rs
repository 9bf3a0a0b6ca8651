//! Judges by the command line: probes, agreement with rules, what asking costs, offline runs.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use serde_json::{Value, json};

use crate::generate::question;
use crate::util::{arg, file, folder, heedful};

/// A judge behind a server: the mark of a criterion at a place of a response.
type Mind = fn(at: usize, criterion: &str, response: &str) -> bool;

struct Server {
    url: String,
    asked: Arc<AtomicUsize>,
}

fn serve(mind: Mind) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let server = Server { url, asked: Arc::default() };
    let asked = Arc::clone(&server.asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let asked = Arc::clone(&asked);
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                while let Some(body) = question(&mut stream) {
                    asked.fetch_add(1, SeqCst);
                    let choice = json!({"message": {"content": reply(mind, &body)}});
                    let usage = json!({"prompt_tokens": 100, "completion_tokens": 20});
                    let answer = json!({"choices": [choice], "usage": usage}).to_string();
                    let length = answer.len();
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
                    if stream.write_all((head + &answer).as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    server
}

/// Every criterion of CFBench's question with its mark.
fn reply(mind: Mind, body: &Value) -> String {
    let prompt = body["messages"][0]["content"].as_str().unwrap();
    let part = |from: &str, to: &str| {
        let rest = prompt.split_once(&format!("【{from}】\n")).unwrap().1;
        rest.split_once(&format!("\n\n【{to}】")).unwrap().0
    };
    let (response, criteria) = (part("待评的回答", "评估标准"), part("评估标准", "评分"));
    let marked = criteria.split("\n\n").enumerate();
    let line =
        |(at, text): (usize, &str)| format!("{text}\t{}", u8::from(mind(at, text, response)));
    marked.map(line).collect::<Vec<_>>().join("\n\n")
}

const ITEMS: usize = 4;

/// Items and responses of our own in CFBench's layout: four criteria each, one of them a rule's.
fn cfbench(folder: &Path) -> Vec<String> {
    let texts = ["warm in tone", "Do not use any commas.", "names a colour", "kind to the reader"];
    let criteria = texts.map(|text| json!([text, "主需", "a", "b"]));
    let item = |at: usize| {
        json!({"idx": at, "prompt": format!("p{at}"), "gold": "", "doamin": "d", "scenario": "s",
            "source": "x", "split": "easy", "criteria": criteria})
    };
    let items = Value::from((0..ITEMS).map(item).collect::<Vec<_>>()).to_string();
    let row = |at: usize| {
        let response = if at == 0 { "Red, I say." } else { "Red I say." };
        json!({"key": at, "response": response}).to_string() + "\n"
    };
    let items = arg(file(folder, "items.json", items));
    let responses = arg(file(folder, "r.jsonl", (0..ITEMS).map(row).collect::<String>()));
    let given = ["eval", "cfbench", "--items", &items, "--responses", &responses, "--judge", "m"];
    given.map(str::to_owned).to_vec()
}

/// A judge that says yes to what stands first or to what is long is found out, and what it says of
/// a rule's criterion is held against the rule.
#[test]
fn a_biased_judge_is_found_by_its_probes_and_by_the_rules() {
    let folder = folder();
    let given = cfbench(folder.path());
    let with = |server: &Server, more: &[&str]| {
        let endpoint = ["--judge-endpoint", &server.url].map(str::to_owned);
        let more = more.iter().map(|more| (*more).to_owned());
        heedful(given.iter().cloned().chain(endpoint).chain(more))
    };
    let first = serve(|at, _, _| at == 0);
    let scores = with(&first, &["--probe", "3", "--probe-seed", "5", "--json"]).ok().json();
    assert_eq!(first.asked.load(SeqCst), ITEMS + 3 * 3);
    let probes = &scores["probes"];
    assert_eq!((&probes["cases"], &probes["seed"]), (&json!(3), &json!(5)));
    let position = &probes["position"];
    assert_eq!(
        (&position["early"]["correct"], &position["late"]["correct"]),
        (&json!(6), &json!(0))
    );
    assert_eq!(
        (&position["changed"]["correct"], &position["changed"]["total"]),
        (&json!(6), &json!(12))
    );
    assert_eq!(probes["verbosity"]["changed"]["correct"], 0);
    assert_eq!(probes["verbosity"]["left_out"], 3, "padding may break what a rule decides");
    assert_eq!(
        probes["repeat"]["changed"],
        json!({"correct": 0, "total": 12, "rate": 0.0,
        "low": 0.0, "high": probes["repeat"]["changed"]["high"]})
    );
    // No commas: three responses keep it and one does not; the judge says no to all.
    let rules = &scores["judging"]["rules"];
    let counts = ["marks", "decided", "both_yes", "both_no", "judge_yes", "rule_yes"];
    assert_eq!(counts.map(|key| rules[key].as_u64().unwrap()), [16, 4, 0, 1, 0, 3]);
    assert_eq!(rules["agreement"]["rate"], 0.25);
    assert_eq!(rules["kappa"], 0.0);
    assert_eq!(rules["disagreements"][0]["rule"], "punctuation:no_comma");

    let long = serve(|_, _, response| response.len() > 15);
    let text = with(&long, &["--probe", "9"]).ok();
    let rows: Vec<&str> =
        text.text().lines().filter(|line| line.starts_with("| response")).collect();
    let row = "| response padded | 4 | 100.0 % (75.8 – 100.0) of 12 | 100.0 % (75.8 – 100.0) of 12 \
               | – of 0 | 0.000 |";
    assert_eq!(rows, [row], "{}", text.text());
    assert!(text.text().contains("agreement with rules on 4 of 16 criteria: 25.0 %"));
}

#[test]
fn probes_are_refused_where_nobody_can_be_asked() {
    let folder = folder();
    let given = cfbench(folder.path());
    let with = |more: &[&str]| {
        heedful(given.iter().cloned().chain(more.iter().map(|more| (*more).to_owned())))
    };
    let replies = arg(file(folder.path(), "replies.jsonl", ""));
    with(&["--judge-replies", &replies, "--probe", "2"]).refused(&["recorded replies answer no"]);
    with(&["--judge-batch-in", &replies, "--probe", "2"]).refused(&["a batch holds no questions"]);
    with(&["--judge-batch-out", &replies, "--probe", "2"]).refused(&["a batch holds no questions"]);
    with(&["--judge-endpoint", "http://127.0.0.1:9", "--probe", "0"])
        .refused(&["one case or more"]);
}

#[test]
fn what_is_asked_is_paid_once_and_within_the_limit() {
    let folder = folder();
    let given = cfbench(folder.path());
    let server = serve(|_, criterion, _| criterion.contains('o'));
    let cache = arg(folder.path().join("cache"));
    let with = |more: &[&str]| {
        let more = more.iter().map(|more| (*more).to_owned());
        let endpoint = ["--judge-endpoint", &server.url, "--concurrency", "1"].map(str::to_owned);
        heedful(given.iter().cloned().chain(endpoint).chain(more))
    };
    // 100 tokens at $10,000 a million and 20 at $50,000: $2 a reply.
    let prices = ["--price-in", "10000", "--price-out", "50000"];
    let limited = |most| [&prices[..], &["--max-cost", most, "--json"]].concat();
    with(&limited("3")).refused(&["--max-cost: give --cache DIR"]);
    with(&["--offline", "--cache", &cache]).refused(&["4 of 4 answers are not in the cache"]);
    let kept = ["--cache", &cache];
    let error = ["--max-cost 3: $4.0000 is spent; 2 of 4 requests not asked", "run again to go on"];
    with(&[&limited("3")[..], &kept].concat()).refused(&error);
    assert_eq!(server.asked.load(SeqCst), 2);
    let scores = with(&[&limited("8")[..], &kept].concat()).ok().json();
    assert_eq!(
        scores["spent"],
        json!({"answered": 4, "cached": 2, "attempts": 2,
        "prompt_tokens": 200, "tokens": 40, "unmetered": 0, "cost": 4.0})
    );
    let again = with(&[&prices[..], &kept, &["--offline"]].concat()).ok();
    let line = "4 answered, 4 of them from the cache; 0 questions sent; 0 + 0 tokens; $0.0000";
    assert!(again.text().contains(line), "{}", again.text());
    assert_eq!(server.asked.load(SeqCst), 4);
    with(&["--price-in", "1"]).refused(&["--price-out"]);
    with(&["--price-in=-1", "--price-out", "1"]).refused(&["--price-in"]);
}
