//! `heedful generate` against a server of ours: kills, resumption, batches, refusals.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use serde_json::{Value, json};

use crate::util::{arg, folder, heedful};

/// A server that answers so many questions, and then none before more are allowed.
struct Server {
    url: String,
    asked: Arc<AtomicUsize>,
    allowed: Arc<AtomicUsize>,
}

fn serve(allowed: usize) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (asked, allowed) = (Arc::default(), Arc::new(AtomicUsize::new(allowed)));
    let server = Server { url, asked, allowed };
    let (asked, allowed) = (Arc::clone(&server.asked), Arc::clone(&server.allowed));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (asked, allowed) = (Arc::clone(&asked), Arc::clone(&allowed));
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                while let Some(body) = question(&mut stream) {
                    let number = asked.fetch_add(1, SeqCst);
                    while number >= allowed.load(SeqCst) {
                        std::thread::sleep(std::time::Duration::from_millis(5));
                    }
                    let answer = answer(&body).to_string();
                    let head =
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
                    if stream.write_all((head + &answer).as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    server
}

/// The body of the next request on a connection.
pub(crate) fn question(stream: &mut TcpStream) -> Option<Value> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn answer(body: &Value) -> Value {
    let prompt = body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let text = format!("<think>\nhm\n</think>\n\n{} {}", prompt.as_str().unwrap(), body["seed"]);
    json!({"choices": [{"message": {"content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 9}})
}

fn prompts(path: &Path, n: usize) {
    let row = |at| json!({"key": at, "prompt": format!("p{at}")}).to_string() + "\n";
    std::fs::write(path, (0..n).map(row).collect::<String>()).unwrap();
}

fn table(folder: &str) -> Vec<u8> {
    std::fs::read(Path::new(folder).join("data/responses-00000-of-00001.parquet")).unwrap()
}

#[test]
fn a_killed_run_goes_on_and_its_bytes_are_the_same() {
    let folder = folder();
    let data = folder.path().join("prompts.jsonl");
    prompts(&data, 6);
    let server = serve(5);
    let out = [folder.path().join("a"), folder.path().join("b")];
    let args = |out: &Path| {
        let rest = ["--model", "m", "--seed", "5", "-n", "2", "--concurrency", "2", "--json"];
        let mut args = vec!["generate".to_owned(), "--data".to_owned(), arg(&data)];
        args.extend(["--endpoint".to_owned(), server.url.clone()]);
        args.extend(rest.map(str::to_owned));
        args.extend(["--out".to_owned(), arg(out)]);
        args
    };
    let mut child = heedful(args(&out[0])).command().spawn().unwrap();
    while server.asked.load(SeqCst) < 7 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    server.allowed.store(usize::MAX, SeqCst);
    let resumed = heedful(args(&out[0])).ok().json();
    assert_eq!((&resumed["responses"], &resumed["resumed"]), (&json!(12), &json!(5)));
    let straight = heedful(args(&out[1])).ok().json();
    assert_eq!(straight["id"], resumed["id"]);
    let path = |outcome: &Value| table(outcome["path"].as_str().unwrap());
    assert_eq!(path(&resumed), path(&straight));
    let asked = server.asked.load(SeqCst);
    assert_eq!(heedful(args(&out[1])).ok().json()["found"], true);
    assert_eq!(server.asked.load(SeqCst), asked, "what is there is not asked for again");
    let responses = Path::new(straight["path"].as_str().unwrap()).join("data");
    let responses = responses.join("responses-00000-of-00001.parquet");
    let rules = folder.path().join("rules.jsonl");
    let rule = |at: u32| {
        let ids = json!(["punctuation:no_comma"]);
        json!({"key": at, "instruction_id_list": ids, "kwargs": [{}]}).to_string() + "\n"
    };
    std::fs::write(&rules, (0..6).map(rule).collect::<String>()).unwrap();
    let verify = ["verify", "--data", &arg(&rules), "--responses", &arg(&responses)];
    let verdicts = heedful(verify.into_iter().chain(["--thinking", "auto"])).ok().lines();
    assert_eq!(verdicts.len(), 12);
    assert!(verdicts.iter().all(|verdict| verdict["satisfied"] == true));
}

#[test]
fn a_batch_goes_out_and_its_results_come_in() {
    let folder = folder();
    let [data, batch, results] =
        ["prompts.jsonl", "batch.jsonl", "results.jsonl"].map(|name| folder.path().join(name));
    prompts(&data, 3);
    let out = arg(folder.path().join("out"));
    let base = ["generate", "--data", &arg(&data), "--model", "m", "--seed", "1", "--out", &out];
    let base = base.map(str::to_owned);
    let with = |more: [&str; 2]| heedful(base.iter().cloned().chain(more.map(str::to_owned)));
    with(["--batch-out", &arg(&batch)]).ok();
    let questions = std::fs::read_to_string(&batch).unwrap();
    let questions: Vec<Value> =
        questions.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let result = |question: &Value| {
        let response = json!({"status_code": 200, "body": answer(&question["body"])});
        json!({"custom_id": question["custom_id"], "response": response}).to_string() + "\n"
    };
    let two: String = questions[1..].iter().rev().map(result).collect();
    std::fs::write(&results, two).unwrap();
    with(["--batch-in", &arg(&results)]).refused(&["1 of 3 requests got no answer"]);
    std::fs::write(&results, result(&questions[0])).unwrap();
    let made = with(["--batch-in", &arg(&results)]).ok();
    assert_eq!(heedful(["data", "check", made.text().trim()]).ok().code, 0);
    with(["--batch-out", &arg(&batch)]).refused(&["answered already"]);
}

#[test]
fn what_cannot_be_is_refused() {
    let folder = folder();
    let data = arg(folder.path().join("prompts.jsonl"));
    prompts(Path::new(&data), 1);
    let out = arg(folder.path().join("out"));
    let cases: [(&[&str], &str); 7] = [
        (&["-n", "0", "--endpoint", "http://127.0.0.1:9"], "-n 0"),
        (&["--endpoint", "ftp://x"], "http://"),
        (&["--endpoint", "http://me:secret@127.0.0.1:9"], "--api-key-env"),
        (&["--endpoint", "http://127.0.0.1:9", "--api-key-env", "HEEDFUL_NONE"], "HEEDFUL_NONE"),
        (&["--endpoint", "http://127.0.0.1:9", "--extra", "[1]"], "expected an object"),
        (&["--endpoint", "http://127.0.0.1:9", "--extra", "{\"n\":3}"], "key `n`"),
        (&["--endpoint", "http://127.0.0.1:9", "--timeout", "0"], "--timeout 0"),
    ];
    for (more, expected) in cases {
        let base = ["generate", "--data", &data, "--model", "m", "--out", &out];
        let ran = heedful(base.iter().chain(more)).refused(&[expected]);
        assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    }
}
