//! Against a server with faults.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heedful_models::chat::Message;
use serde_json::json;

use super::*;
use crate::generate::Response;
use crate::generate::cost::Prices;

/// What the server does with one question.
#[derive(Clone)]
enum Fault {
    /// Answers with the text of the question, upper case.
    None,
    /// This status, with these headers and this body.
    Status(u16, &'static str, &'static str),
    /// Success with this body.
    Body(&'static str),
    /// Says nothing until the client goes.
    Stall,
    /// Half of an answer, then silence.
    StallInside,
    /// Half of an answer, then the end.
    Cut,
    /// Says that the body is shorter than it is.
    Short,
    /// Closes at once.
    Hangup,
    /// A body without end.
    Huge,
    /// A stream of events that breaks off.
    CutStream,
    /// A whole stream of events.
    Stream,
}

/// A server on a port of its own. The faults of a question are used up one by one; then all is
/// well.
struct Faulty {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    bodies: Arc<Mutex<Vec<Value>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

fn serve(faults: fn(&str) -> Vec<Fault>) -> Faulty {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, bodies, heads) = (Arc::default(), Arc::default(), Arc::default());
    let server = Faulty { address, asked, bodies, heads };
    let (asked, bodies) = (Arc::clone(&server.asked), Arc::clone(&server.bodies));
    let heads = Arc::clone(&server.heads);
    // Ends with the process; a test's connections end with its runtime.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (asked, bodies) = (Arc::clone(&asked), Arc::clone(&bodies));
            let heads = Arc::clone(&heads);
            std::thread::spawn(move || {
                let Ok(mut stream) = stream else { return };
                while let Some((head, body)) = question(&mut stream) {
                    asked.fetch_add(1, Ordering::SeqCst);
                    let text = body["messages"][0]["content"].as_str().unwrap().to_owned();
                    heads.lock().unwrap().push(head);
                    let mut bodies = bodies.lock().unwrap();
                    let same = |known: &&Value| known["messages"] == body["messages"];
                    let before = bodies.iter().filter(same).count();
                    bodies.push(body);
                    drop(bodies);
                    let fault = faults(&text).get(before).cloned().unwrap_or(Fault::None);
                    if answer(&mut stream, &fault, &text).is_none() {
                        return;
                    }
                }
            });
        }
    });
    server
}

/// The head and the body of the next question on `stream`.
fn question(stream: &mut TcpStream) -> Option<(String, Value)> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
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
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, serde_json::from_slice(&body).ok()?))
}

/// Whether the connection may go on.
fn answer(stream: &mut TcpStream, fault: &Fault, text: &str) -> Option<()> {
    let message = json!({"role": "assistant", "content": text.to_uppercase()});
    let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    let usage = json!({"prompt_tokens": 5, "completion_tokens": 2});
    let good = json!({"choices": [choice], "usage": usage}).to_string();
    let half = &good[..good.len() / 2];
    let mut put = |text: &str| stream.write_all(text.as_bytes()).ok();
    let head = |status: u16, headers: &str, length: usize| {
        format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n")
    };
    match fault {
        Fault::None => put(&(head(200, "", good.len()) + &good)),
        Fault::Status(status, headers, body) => put(&(head(*status, headers, body.len()) + body)),
        Fault::Body(body) => put(&(head(200, "", body.len()) + body)),
        Fault::Stall => wait_for_end(stream),
        Fault::StallInside => {
            put(&(head(200, "", good.len()) + half))?;
            wait_for_end(stream)
        }
        Fault::Cut => {
            put(&(head(200, "", good.len()) + half))?;
            None
        }
        Fault::Short => {
            put(&(head(200, "connection: close\r\n", half.len()) + &good))?;
            None
        }
        Fault::Hangup => None,
        Fault::Huge => {
            put("HTTP/1.1 200 X\r\n\r\n")?;
            while put(&"x".repeat(1 << 16)).is_some() {}
            None
        }
        Fault::CutStream | Fault::Stream => {
            put("HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")?;
            let event = |delta: Value| format!("data: {}\n\n", json!({"choices": [delta]}));
            put(&event(json!({"delta": {"content": text.to_uppercase()}})))?;
            if matches!(fault, Fault::Stream) {
                put(&event(json!({"delta": {}, "finish_reason": "stop"})))?;
                put("data: [DONE]\n\n")?;
            }
            None
        }
    }
}

fn wait_for_end(stream: &mut TcpStream) -> Option<()> {
    let mut byte = [0];
    while stream.read(&mut byte).ok()? > 0 {}
    None
}

fn settings(server: &Faulty) -> Settings {
    let mut reached = Server::new(&format!("http://{}/v1", server.address));
    reached.silence = Duration::from_millis(1500);
    reached.total = Duration::from_secs(20);
    reached.longest = 1 << 20;
    Settings {
        server: reached,
        sampling: Sampling { model: "m".to_owned(), ..Sampling::default() },
        concurrency: 4,
        requests_per_minute: None,
        tokens_per_minute: None,
        patience: Patience {
            attempts: 3,
            first: Duration::from_millis(1),
            longest: Duration::from_millis(4),
            ..Patience::default()
        },
        cache: None,
        offline: false,
        budget: None,
        kept: true,
        lenient: false,
    }
}

fn requests(texts: &[&str], samples: u32) -> Vec<Request> {
    let one = |(row, text): (usize, &&str)| {
        let (key, messages) = (format!("k{row}"), vec![Message::user(text)]);
        (0..samples).map(move |sample| Request {
            row,
            key: key.clone(),
            messages: messages.clone(),
            sample,
        })
    };
    texts.iter().enumerate().flat_map(one).collect()
}

/// Runs, and gives the responses in order with the outcome.
fn ran(settings: &Settings, requests: &[Request]) -> (Vec<Response>, Result<Tally>) {
    let mut responses = Vec::new();
    let mut done = |more: Vec<Response>| {
        responses.extend(more);
        Ok(())
    };
    let outcome = run(settings, requests, &mut done, &|_| {});
    responses.sort_by_key(|response: &Response| (response.row, response.sample));
    (responses, outcome)
}

/// Faults by the first word of the question.
fn by_name(text: &str) -> Vec<Fault> {
    match text.split(' ').next().unwrap() {
        "busy" => vec![Fault::Status(429, "retry-after: 0\r\n", "{}"); 2],
        "broken" => vec![Fault::Status(500, "", "oh"), Fault::Status(503, "", "")],
        "stall" => vec![Fault::Stall],
        "inside" => vec![Fault::StallInside],
        "cut" => vec![Fault::Cut, Fault::Hangup],
        "short" => vec![Fault::Short],
        "json" => vec![Fault::Body("{\"choices\": [{\"mess"), Fault::Body("<html>")],
        "empty" => vec![Fault::Body("{\"choices\": []}")],
        "told" => vec![Fault::Body("{\"error\": {\"message\": \"overloaded\"}}")],
        _ => Vec::new(),
    }
}

#[test]
fn faults_are_outlasted() {
    let server = serve(by_name);
    let texts =
        ["fine", "busy", "broken", "stall", "inside", "cut", "short", "json", "empty", "told"];
    let (responses, outcome) = ran(&settings(&server), &requests(&texts, 1));
    let tally = outcome.unwrap();
    let attempts = [1, 3, 3, 2, 2, 3, 2, 3, 2, 2];
    assert_eq!(tally.attempts, attempts.iter().sum::<u64>());
    assert_eq!(server.asked.load(Ordering::SeqCst) as u64, tally.attempts);
    assert_eq!((tally.answered, tally.tokens, tally.prompt_tokens), (10, 20, 50));
    let expected: Vec<String> = texts.iter().map(|text| text.to_uppercase()).collect();
    let got: Vec<&str> = responses.iter().map(|response| response.text.as_str()).collect();
    assert_eq!(got, expected);
}

#[test]
fn patience_ends_and_the_others_are_answered() {
    let server = serve(|text| match text {
        "never" => vec![Fault::Status(502, "", "{\"detail\": \"bad gateway\"}"); 9],
        "huge" => vec![Fault::Huge; 9],
        "long" => vec![Fault::Status(413, "", "{\"message\": \"too long\"}"); 9],
        _ => Vec::new(),
    });
    let texts = ["a", "never", "huge", "long", "b"];
    let (responses, outcome) = ran(&settings(&server), &requests(&texts, 1));
    assert_eq!(responses.iter().map(|r| r.row).collect::<Vec<_>>(), [0, 4]);
    let error = outcome.unwrap_err().to_string();
    for part in [
        "3 of 5 requests got no answer",
        "`k1` sample 0: status 502: bad gateway, after 3 attempts",
        "`k2` sample 0: the answer is longer than 1048576 bytes",
        "`k3` sample 0: status 413: too long",
    ] {
        assert!(error.contains(part), "{error} lacks {part}");
    }
    assert_eq!(server.asked.load(Ordering::SeqCst), 1 + 3 + 1 + 1 + 1);
    // A judge's questions without an answer are abstentions, even where it refuses one.
    let server = serve(|text| match text {
        "long" => vec![Fault::Status(400, "", "{\"message\": \"too long\"}"); 9],
        _ => Vec::new(),
    });
    let one = |lenient| Settings { lenient, concurrency: 1, ..settings(&server) };
    let asked = requests(&["a", "long", "b"], 1);
    let (responses, outcome) = ran(&one(true), &asked);
    assert_eq!(responses.iter().map(|r| r.row).collect::<Vec<_>>(), [0, 2]);
    outcome.unwrap();
    assert!(ran(&one(false), &asked).1.unwrap_err().to_string().contains("status 400"));
    assert!(ran(&one(true), &asked[1..2]).1.is_err(), "nothing was answered");
}

#[test]
fn a_refusal_stops_the_run() {
    let server = serve(|text| match text {
        "a" => Vec::new(),
        _ => vec![Fault::Status(401, "", "{\"error\": {\"message\": \"Incorrect API key\"}}"); 9],
    });
    let settings = Settings { concurrency: 1, ..settings(&server) };
    let (responses, outcome) = ran(&settings, &requests(&["a", "b", "c", "d"], 1));
    assert_eq!(responses.len(), 1);
    let error = outcome.unwrap_err().to_string();
    assert!(error.ends_with("/v1/chat/completions: status 401: Incorrect API key"), "{error}");
    assert_eq!(server.asked.load(Ordering::SeqCst), 2);
}

#[test]
fn a_wait_that_the_server_asks_for_is_kept_and_one_too_long_stops() {
    let server = serve(|text| match text {
        "wait" => vec![Fault::Status(429, "retry-after: 0.3\r\n", "")],
        "forever" => vec![Fault::Status(429, "retry-after: 86400\r\n", "slow down")],
        _ => Vec::new(),
    });
    let start = Instant::now();
    let (responses, outcome) = ran(&settings(&server), &requests(&["wait"], 1));
    assert_eq!((responses.len(), outcome.unwrap().attempts), (1, 2));
    assert!(start.elapsed() >= Duration::from_millis(300));
    let error = ran(&settings(&server), &requests(&["forever"], 1)).1.unwrap_err().to_string();
    assert!(error.contains("slow down: the server asks to wait 86400 s"), "{error}");
}

#[test]
fn streams_are_read_and_cut_ones_tried_again() {
    let server = serve(|text| match text {
        "cut" => vec![Fault::CutStream, Fault::Stream],
        "whole" => vec![Fault::Stream],
        _ => Vec::new(),
    });
    let mut settings = settings(&server);
    settings.server.stream = true;
    let (responses, outcome) = ran(&settings, &requests(&["cut", "whole", "plain"], 1));
    assert_eq!(outcome.unwrap().attempts, 4);
    let got: Vec<&str> = responses.iter().map(|response| response.text.as_str()).collect();
    assert_eq!(got, ["CUT", "WHOLE", "PLAIN"]);
    assert_eq!(server.bodies.lock().unwrap()[0]["stream"], true);
}

#[test]
fn nobody_is_there() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let server =
        Faulty { address, asked: Arc::default(), bodies: Arc::default(), heads: Arc::default() };
    let error = ran(&settings(&server), &requests(&["a"], 1)).1.unwrap_err().to_string();
    assert!(error.contains("cannot connect") && error.contains("3 attempts"), "{error}");
}

#[test]
fn the_cache_pays_once_and_tells_samples_apart() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|_| Vec::new());
    let cache = Some(Cache::open(folder.path()).unwrap());
    let settings = Settings { cache, ..settings(&server) };
    let asked = requests(&["a", "b"], 2);
    let (first, outcome) = ran(&settings, &asked);
    assert_eq!(
        outcome.unwrap(),
        Tally { answered: 4, attempts: 4, prompt_tokens: 20, tokens: 8, ..Tally::default() }
    );
    // Another address: the digest knows none.
    let mut offline = Settings { offline: true, ..settings };
    offline.server.url = "http://127.0.0.1:9/v1".to_owned();
    let (second, outcome) = ran(&offline, &asked);
    assert_eq!(outcome.unwrap(), Tally { answered: 4, cached: 4, ..Tally::default() });
    assert_eq!(first, second);
    let error = ran(&offline, &requests(&["a", "new"], 2)).1.unwrap_err().to_string();
    assert!(error.contains("2 of 4 answers are not in the cache, first key `k1`"), "{error}");
    assert_eq!(server.asked.load(Ordering::SeqCst), 4);
}

#[test]
fn a_budget_ends_the_run_and_what_was_paid_for_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|text| match text {
        "free" => vec![Fault::Body(r#"{"choices": [{"message": {"content": "F"}}]}"#)],
        _ => Vec::new(),
    });
    // Five tokens of prompt and two of text an answer: $0.2 each.
    let prices = Prices { prompt: 20_000.0, written: 50_000.0 };
    let budget = |most| Some(Budget { prices, most, spent: 0.0 });
    let cache = Some(Cache::open(folder.path()).unwrap());
    let mut settings = Settings { concurrency: 1, cache, budget: budget(0.5), ..settings(&server) };
    let asked = requests(&["a", "b", "c", "d", "e"], 1);
    let (responses, outcome) = ran(&settings, &asked);
    assert_eq!(responses.len(), 3);
    let error = outcome.unwrap_err().to_string();
    let said = "--max-cost 0.5: $0.6000 is spent; 2 of 5 requests not asked; what was answered is";
    assert!(error.contains(said), "{error}");
    // What is in the cache costs nothing, so the same budget goes on from there.
    let tally = ran(&settings, &asked).1.unwrap();
    assert_eq!((tally.answered, tally.cached, tally.attempts), (5, 3, 2));
    settings.cache = None;
    settings.kept = false;
    let error = ran(&settings, &requests(&["free", "a"], 1)).1.unwrap_err().to_string();
    assert!(
        error.contains("does not count tokens") && error.contains("nothing is kept"),
        "{error}"
    );
    let last = ran(&settings, &requests(&["a", "b", "c"], 1)).1.unwrap();
    assert_eq!(last.attempts, 3, "all was asked: nothing is left that the budget could refuse");
}

#[test]
fn requests_say_what_they_should_and_the_key_goes_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|_| Vec::new());
    let mut settings = settings(&server);
    // A variable that is always there stands for the one with the key.
    let (name, key) = std::env::vars().find(|(_, v)| v.len() > 3 && v.is_ascii()).unwrap();
    settings.server.key = Some(crate::generate::client::Key::from_env(&name).unwrap());
    settings.cache = Some(Cache::open(folder.path()).unwrap());
    settings.sampling.seed = Some(7);
    let (responses, outcome) = ran(&settings, &requests(&["a"], 2));
    outcome.unwrap();
    let head = server.heads.lock().unwrap()[0].clone();
    assert!(head.contains(&format!("authorization: Bearer {}", key.trim())), "{name}");
    assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{head}");
    let seeds: std::collections::BTreeSet<u64> =
        server.bodies.lock().unwrap().iter().map(|body| body["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds, [7, 8].into());
    assert_eq!(responses.len(), 2);
    assert!(!format!("{settings:?}").contains(&format!("Bearer {key}")));
}
