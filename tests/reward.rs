//! `heedful train reward` and `bench judge` on the embedded model.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::util::{arg, folder, heedful};

/// Pairs in which a sigh satisfies a constraint and a smile does not.
fn pairs(folder: &Path) -> String {
    let mut text = String::new();
    for at in 0..64 {
        let side = at % 2 == 0;
        let mark = if side { "with a sad sigh" } else { "with a happy smile" };
        let row = json!({
            "ladder": format!("l{}", at / 4),
            "level": 1,
            "constraint_id": "soft:tone_emotion",
            "kind": "soft",
            "constraint": "Make it sad.",
            "instruction": format!("Write about dog {}.", at / 4),
            "response": format!("The dog {} rests on the farm {mark}.", at / 8),
            "label": u8::from(side),
        });
        writeln!(text, "{row}").unwrap();
    }
    let path = folder.join("pairs.jsonl");
    fs::write(&path, text).unwrap();
    arg(path)
}

const SMALL: &str = "--model embedded --rate 1e-3 --batch 8 --epochs 3 --length 64 --dev 0.2 \
                     --test 0.2 --held-out-share 0 --evaluate-every 3 --seed 1";

fn given(data: &str, out: &Path, more: &str) -> Vec<String> {
    let fixed = ["train", "reward", "--data", data, "--out"].map(str::to_owned);
    let words = SMALL.split_whitespace().chain(more.split_whitespace()).map(str::to_owned);
    fixed.into_iter().chain([arg(out)]).chain(words).collect()
}

fn curve(out: &Path) -> Vec<Value> {
    let text = fs::read_to_string(out.join("metrics.jsonl")).unwrap_or_default();
    let mut lines: Vec<Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("tokens_per_s");
    }
    lines
}

#[test]
fn a_killed_training_goes_on_the_same_and_learns() {
    let folder = folder();
    let data = pairs(folder.path());
    let (straight, broken) = (folder.path().join("straight"), folder.path().join("broken"));
    let done = heedful(given(&data, &straight, "--threads 1")).ok().json();
    let more = "--threads 2 --baselines majority";
    let mut child = heedful(given(&data, &broken, more))
        .command()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while curve(&broken).len() < 4 && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    if broken.join("model").exists() {
        fs::remove_dir_all(broken.join("model")).unwrap();
    }
    let again = heedful(given(&data, &broken, more)).ok().json();
    assert!(again["training"]["resumed"].as_u64() >= Some(3), "{again}");
    assert_eq!(curve(&straight), curve(&broken));
    for file in ["model/model.safetensors", "model/reward.json"] {
        assert!(fs::read(straight.join(file)).unwrap() == fs::read(broken.join(file)).unwrap());
    }
    let accuracy = |judge: &str| {
        done["measures"][judge]["seeds"]["labels"]["accuracy"]["value"].as_f64().unwrap()
    };
    assert!(accuracy("classifier") > accuracy("majority"), "{done}");
    assert!(accuracy("bradley-terry") > 0.5, "{done}");
    let told = fs::read_to_string(straight.join("measures.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), done);
    heedful(given(&data, &straight, "")).refused(&["straight", "there already"]);
    let other = folder.path().join("pairs.jsonl");
    fs::write(&other, fs::read_to_string(&other).unwrap().replace("Make it sad", "Be sad"))
        .unwrap();
    fs::remove_dir_all(broken.join("model")).unwrap();
    heedful(given(&data, &broken, more)).refused(&["state.safetensors", "other pairs"]);
}

#[test]
fn pairs_that_cannot_be_are_refused_by_place() {
    let folder = folder();
    let path = folder.path().join("bad.jsonl");
    for (text, named) in [
        ("{\"constraint\": \"c\", \"response\": \"r\", \"label\": 3}\n", "neither 0 nor 1"),
        ("{\"response\": \"r\", \"label\": 1}\n", "constraint"),
        ("{\"constraint\": \"c\", \"response\": \"r\", \"label\": 1}\n", "both labels"),
    ] {
        fs::write(&path, text).unwrap();
        let out = folder.path().join("out");
        heedful(given(&arg(&path), &out, "")).refused(&[named]);
        assert!(!out.join("model").exists());
    }
}

/// A server that finds every constraint satisfied, but one answer in three is no answer.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).unwrap() > 2 {
                let lower = line.to_lowercase();
                if let Some(found) = lower.strip_prefix("content-length:") {
                    length = found.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let text = if number % 3 == 0 { "Perhaps." } else { "It does.\nYES" };
            let reply = json!({"choices": [{"message": {"role": "assistant", "content": text},
                "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}});
            let reply = reply.to_string();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{reply}", reply.len()).unwrap();
        }
    });
    format!("http://{address}/v1")
}

#[test]
fn judges_are_timed_on_the_same_groups() {
    let folder = folder();
    let groups = arg(folder.path().join("groups.jsonl"));
    heedful(["data", "demonstrate", "--groups", "3", "--size", "3", "--out", &groups]).ok();
    let out = folder.path().join("reward");
    heedful(given(&pairs(folder.path()), &out, "--epochs 1 --length 256 --baselines none")).code(2);
    let data = pairs(folder.path());
    let mut typed = given(&data, &out, "--baselines majority");
    typed.iter_mut().for_each(|one| {
        if one == "64" {
            *one = "200".to_owned();
        }
    });
    typed.extend(["--groups".to_owned(), groups.clone()]);
    let done = heedful(typed).ok().json();
    assert_eq!(done["groups"]["majority"]["groups"].as_u64(), Some(3));
    let (reward, url) = (arg(out.join("model")), server());
    let judged = heedful([
        "bench",
        "judge",
        "--groups",
        &groups,
        "--reward",
        &reward,
        "--endpoint",
        &url,
        "--judge",
        "yes-man",
    ]);
    let judged = judged.ok().json();
    let [ours, theirs] = [&judged["judges"][0], &judged["judges"][1]];
    assert_eq!((&ours["judge"], &theirs["judge"]), (&json!("classifier"), &json!("yes-man")));
    for judge in [ours, theirs] {
        assert_eq!(judge["questions"].as_u64(), Some(27));
        assert!(judge["seconds_median"].as_f64().unwrap() > 0.0);
    }
    assert!(theirs["unparsed"].as_u64() > Some(5), "{theirs}");
    let ranking = |judge: &Value| judge["ranking"]["tau"]["value"].as_f64().unwrap();
    assert_eq!(ranking(ours), done["groups"]["classifier"]["tau"]["value"].as_f64().unwrap());
    assert!(ranking(theirs).abs() <= 1.0);
    heedful(["bench", "judge", "--groups", &groups]).refused(&["--reward"]);
}
