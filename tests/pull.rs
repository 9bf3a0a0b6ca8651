//! `heedful benchmarks pull` against a hub of ours, and scoring what it brought.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Output;

use heedful_datasets::flat::{Cell, Kind, Writer};
use serde_json::{Value, json};

use crate::util::{arg, file, folder, heedful};

const COMMIT: &str = "966cd89545d6b6acfd7638bc708b98261ca58e84";

/// A hub that has these answers by their addresses.
fn hub(routes: Vec<(String, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap_or_default();
            let path = first.split(' ').nth(1).unwrap_or_default();
            lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            let found = routes.iter().find(|(known, _)| known == path);
            let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
            let body = found.map_or(&[][..], |(_, body)| body);
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n");
            let _ = stream.write_all((head + "Connection: close\r\n\r\n").as_bytes());
            let _ = stream.write_all(body);
        }
    });
    address
}

/// A hub of one dataset at one revision with one file.
fn one(repository: &str, revision: &str, name: &str, bytes: &[u8]) -> String {
    let siblings = json!([{"rfilename": "README.md"}, {"rfilename": name, "size": bytes.len()}]);
    let listing = json!({"sha": COMMIT, "siblings": siblings}).to_string().into_bytes();
    hub(vec![
        (format!("/api/datasets/{repository}/revision/{revision}?blobs=true"), listing),
        (format!("/datasets/{repository}/resolve/{COMMIT}/{name}"), bytes.to_vec()),
    ])
}

fn run(hub: &str, args: &[&str]) -> Output {
    heedful(args).command().env("HF_ENDPOINT", hub).env_remove("HF_TOKEN").output().unwrap()
}

#[test]
fn items_are_pulled_and_the_command_that_is_told_runs() {
    let folder = folder();
    let table = folder.path().join("table.parquet");
    let columns = ["key", "prompt", "instruction_id_list", "kwargs"].map(|name| (name, Kind::Text));
    let mut writer = Writer::create(&table, &columns).unwrap();
    let cells = ["7", "p", "[\"count:numbers\"]", "[{\"N\": 1, \"capital_freq\": null}]"];
    writer.push(&cells.map(Cell::Text)).unwrap();
    writer.finish().unwrap();
    let name = "data/train-00000-of-00001.parquet";
    let hub = one("allenai/IFBench_test", "main", name, &std::fs::read(&table).unwrap());
    let to = arg(folder.path().join("sets"));
    let pull = ["benchmarks", "pull", "ifbench", "--to", &to, "--json"];
    let ran = run(&hub, &pull);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let pulled: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!((&pulled["commit"], &pulled["was_there"]), (&json!(COMMIT), &json!(false)));
    assert_eq!(pulled["licence"], "code Apache-2.0, data ODC-BY-1.0");
    assert_eq!(pulled["files"][0]["checked"], false);
    let responses = "{\"key\": 7, \"response\": \"Only 1.\"}\n";
    let responses = arg(file(folder.path(), "r.jsonl", responses));
    let command = pulled["command"].as_str().unwrap().replace("FILE", &responses);
    let words = command.split(' ').skip(1).chain(["--json"]);
    assert_eq!(heedful(words).ok().json()["prompt_strict"]["correct"], 1);
    let told = ["eval", "ifbench", "--data", &to, "--responses", &responses, "--json"];
    assert_eq!(heedful(told).ok().json()["prompt_strict"]["correct"], 1);
    // Nobody is asked for what is there.
    let text = run("http://127.0.0.1:9", &pull[..5]);
    let text = String::from_utf8(text.stdout).unwrap();
    for part in ["(was there)", "licence   code Apache-2.0", "run       heedful eval ifbench --"] {
        assert!(text.contains(part), "{text} lacks {part}");
    }
}

#[test]
fn what_is_not_to_be_had_is_said() {
    let folder = folder();
    let to = arg(folder.path());
    let refused = |hub: &str, args: &[&str], words: &[&str]| {
        let ran = run(hub, &[&["benchmarks", "pull"], args, &["--to", &to]].concat());
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(2), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    };
    // Other content than that commit has.
    let odd = one("google/IFEval", COMMIT, "ifeval_input_data.jsonl", b"{}\n");
    refused(&odd, &["ifeval"], &["ifeval_input_data.jsonl has 3 bytes", "expected 6a85310c"]);
    assert!(!folder.path().join("ifeval").exists());
    // At another revision nobody knows what it should be.
    let other = one("google/IFEval", "next", "ifeval_input_data.jsonl", b"{}\n");
    let ran = run(&other, &["benchmarks", "pull", "ifeval", "--revision", "next", "--to", &to]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let none = "http://127.0.0.1:9";
    refused(none, &["cfbench"], &["cfbench: not on the hub: get data/cfbench_data.json", "none:"]);
    refused(none, &["reasoning"], &["nothing to pull: its items are part of the program"]);
    refused(none, &["ifbench"], &["not fetched from", "is there a network?"]);
    refused(none, &["ifbunch"], &["no benchmark `ifbunch`"]);
}
