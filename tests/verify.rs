//! `heedful verify`: rows with recorded verdicts, and responses against a dataset.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use heedful_datasets::flat::{Cell, Kind, Writer};
use heedful_datasets::rows::open_strict;
use serde_json::{Value, json};

use crate::util::{arg, file, folder, heedful, recorded};

const GOLDEN: &str = "golden/golden_ifeval_dev.jsonl.gz";

fn unpacked(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn every_recorded_row_is_met_from_every_kind_of_input() {
    let Some(golden) = recorded(GOLDEN) else { return };
    let text = unpacked(&golden);
    let packed = heedful(["verify", "--rows", &arg(&golden), "--profile", "official"]).ok();
    let (ours, recorded) = (packed.lines(), text.lines());
    assert!(ours.len() > 10_000 && ours.len() == recorded.clone().count());
    let mut wrong = Vec::new();
    for (got, row) in ours.iter().zip(recorded) {
        let row: Value = serde_json::from_str(row).unwrap();
        assert_eq!(got["id"], row["id"], "the order is that of the input");
        if ["strict", "loose", "vec"].iter().any(|key| got[*key] != row[*key]) {
            wrong.push(format!("{} {}: {got}", row["id"], row["instruction_id"]));
        }
        let raised = row["strict"].is_null() || row["loose"].is_null();
        assert_eq!(got.get("error").is_some(), raised, "{got}");
    }
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);

    let folder = folder();
    let plain = file(folder.path(), "rows.jsonl", &text);
    assert_eq!(heedful(["verify", "--rows", &arg(&plain)]).ok().stdout, packed.stdout);
    let piped = heedful(["verify", "--rows", "-"]).stdin(text.as_bytes()).ok();
    assert_eq!(piped.stdout, packed.stdout);
    let zipped = heedful(["verify", "--rows", "-"]).stdin(std::fs::read(&golden).unwrap()).ok();
    assert_eq!(zipped.stdout, packed.stdout);
    let out = folder.path().join("verdicts.jsonl");
    let empty = heedful(["verify", "--rows", &arg(&plain), "--out", &arg(&out)]).ok();
    assert!(empty.stdout.is_empty());
    assert_eq!(std::fs::read(&out).unwrap(), packed.stdout);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
}

#[test]
fn shards_part_the_rows_and_threads_change_nothing() {
    let Some(golden) = recorded(GOLDEN) else { return };
    let rows = arg(&golden);
    let whole = heedful(["verify", "--rows", &rows]).ok();
    let lines: Vec<&str> = whole.text().lines().collect();
    for index in 0..3 {
        let part = heedful(["verify", "--rows", &rows, "--shard", &format!("{index}/3")]).ok();
        let expected: Vec<&str> = lines.iter().copied().skip(index).step_by(3).collect();
        assert_eq!(part.text().lines().collect::<Vec<_>>(), expected, "{index}/3");
    }
    for threads in ["1", "2", "5"] {
        let run = heedful(["verify", "--rows", &rows, "--threads", threads]).ok();
        assert_eq!(run.stdout, whole.stdout, "{threads} threads");
    }
    heedful(["verify", "--rows", &rows, "--shard", "3/3"]).refused(&["3/3"]);
}

/// A dataset, its rows, and its witnesses as responses.
fn dataset(folder: &Path) -> (PathBuf, Vec<Value>, Vec<Value>) {
    let recipe = "name = \"w\"\ndrawings = 300\nmax_level = 4\nhard_share = 0.7\n\
                  [splits]\ntrain = 0.6\ntest = 0.4\n";
    let recipe = file(folder, "w.toml", recipe);
    let out = folder.join("out");
    let built = heedful(["build", &arg(recipe), "--out", &arg(out), "--json"]).ok().json();
    let path = PathBuf::from(built["path"].as_str().unwrap());
    let mut rows = Vec::new();
    for split in ["train", "test"] {
        let table = path.join(format!("data/{split}-00000-of-00001.parquet"));
        rows.extend(open_strict(&table).unwrap().map(|row| Value::Object(row.unwrap().object)));
    }
    assert_eq!(rows.len() as u64, built["rows"].as_u64().unwrap());
    let answer = |row: &Value| json!({"id": row["id"], "response": row["witness"]});
    // A row without hard constraints has no witness: any text is as good.
    let answers = rows.iter().map(answer).map(|mut answer| {
        if answer["response"].is_null() {
            answer["response"] = json!("anything");
        }
        answer
    });
    let answers = answers.collect();
    (path, rows, answers)
}

fn parquet(path: &Path, answers: &[Value]) {
    let mut writer = Writer::create(path, &[("id", Kind::Text), ("response", Kind::Text)]).unwrap();
    for answer in answers {
        let text = |key: &str| Cell::Text(answer[key].as_str().unwrap());
        writer.push(&[text("id"), text("response")]).unwrap();
    }
    writer.finish().unwrap();
}

fn hard(row: &Value) -> usize {
    row["instruction_id_list"].as_array().unwrap().len()
}

#[test]
fn witnesses_satisfy_their_dataset_in_every_format() {
    let folder = folder();
    let (data, rows, answers) = dataset(folder.path());
    let data = arg(&data);
    let text: String = answers.iter().map(|answer| format!("{answer}\n")).collect();
    let responses = arg(file(folder.path(), "responses.jsonl", text));
    let verify = |responses: &str, more: &[&str]| {
        let given = ["verify", "--data", &data, "--responses", responses];
        heedful(given.iter().chain(more)).ok()
    };
    let run = verify(&responses, &[]);
    let verdicts = run.lines();
    let all: usize = rows.iter().map(|row| row["constraints"].as_array().unwrap().len()).sum();
    assert_eq!(verdicts.len(), all);
    let judged: Vec<&Value> = verdicts.iter().filter(|v| !v["satisfied"].is_null()).collect();
    assert_eq!(judged.len(), rows.iter().map(hard).sum::<usize>());
    for verdict in &judged {
        assert_eq!(verdict["satisfied"], true, "{verdict}");
        assert_eq!(verdict["degree"], 1.0, "{verdict}");
        assert!(verdict.get("error").is_none() && verdict["reason"].is_string(), "{verdict}");
    }
    let order: Vec<u64> = verdicts.iter().map(|v| v["response"].as_u64().unwrap()).collect();
    assert!(order.is_sorted());
    for threads in ["1", "2"] {
        assert_eq!(verify(&responses, &["--threads", threads]).stdout, run.stdout);
    }
    let table = folder.path().join("responses.parquet");
    parquet(&table, &answers);
    assert_eq!(verify(&arg(&table), &[]).stdout, run.stdout, "responses in Parquet");
    let out = arg(folder.path().join("verdicts.parquet"));
    verify(&responses, &["--out", &out]);
    let read: Vec<_> =
        open_strict(Path::new(&out)).unwrap().map(|row| row.unwrap().object).collect();
    assert_eq!(read.len(), verdicts.len());
    for (cell, line) in read.iter().zip(&verdicts) {
        let keys = ["key", "constraint_id", "satisfied", "degree", "reason"];
        assert!(keys.iter().all(|key| cell[*key] == line[*key]), "{cell:?} and {line}");
    }
    let mut parts = Vec::new();
    for shard in ["0/3", "1/3", "2/3"] {
        parts.extend(verify(&responses, &["--shard", shard]).lines());
    }
    parts.sort_by_key(|v| (v["response"].as_u64(), v["constraint"].as_u64()));
    assert_eq!(parts, verdicts);
}

#[test]
fn the_tables_of_a_dataset_are_as_good_as_its_folder() {
    let folder = folder();
    let (data, rows, answers) = dataset(folder.path());
    let text: String = answers.iter().map(|answer| format!("{answer}\n")).collect();
    let responses = arg(file(folder.path(), "responses.jsonl", text));
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let jsonl = file(folder.path(), "data.jsonl", lines);
    let verify = |data: &Path, more: &[&str]| {
        let given = ["verify", "--data", &arg(data), "--responses", &responses].map(str::to_owned);
        heedful(given.into_iter().chain(more.iter().map(|s| (*s).to_owned()))).ok()
    };
    let whole = verify(&data, &[]);
    assert_eq!(verify(&jsonl, &[]).stdout, whole.stdout);
    let train = data.join("data/train-00000-of-00001.parquet");
    let part = verify(&train, &["--json"]);
    let summary: Value = serde_json::from_str(part.stderr.trim()).unwrap();
    let test = rows.iter().filter(|row| row["split"] == "test").count();
    assert!(test > 0);
    assert_eq!(summary["unmatched"].as_u64(), Some(test as u64));
    assert_eq!(summary["data"].as_u64(), Some((rows.len() - test) as u64));
}
