use heedful_datasets::rows::open_strict;
use serde_json::{Value, json};

use super::*;

fn config() -> Config {
    Config {
        profile: Profile::Official,
        shard: Shard::WHOLE,
        on_bad: OnBad::Fail,
        thinking: Policy::None,
        prefilled: false,
    }
}

const DATA: &str = concat!(
    r#"{"key":1,"prompt":"p","instruction_id_list":["punctuation:no_comma","keywords:existence"],"#,
    r#""kwargs":[{},{"keywords":["(x"]}]}"#,
    "\n",
    r#"{"id":"b","prompt":"q","constraints":[{"id":"tone","kind":"soft","args":null},"#,
    r#"{"id":"punctuation:no_comma","kind":"hard","args":"{}"}]}"#,
    "\n",
    r#"{"id":"c","prompt":"r","instruction_id_list":["punctuation:no_comma"],"kwargs":["{}"]}"#,
    "\n",
);

const RESPONSES: &str = concat!(
    r#"{"id":"b","response":"fine"}"#,
    "\n",
    r#"{"prompt":"p","response":"a, b"}"#,
    "\n",
    r#"{"id":"x","response":"whose?"}"#,
    "\n",
    r#"{"id":"b","response":null}"#,
    "\n",
    r#"{"key":1,"response":"again"}"#,
    "\n",
);

fn files(data: &str, responses: &str) -> (tempfile::TempDir, [std::path::PathBuf; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["d.jsonl", "r.jsonl", "out.parquet"].map(|name| folder.path().join(name));
    std::fs::write(&paths[0], data).unwrap();
    std::fs::write(&paths[1], responses).unwrap();
    (folder, paths)
}

fn lines(data: &str, responses: &str, config: &Config) -> (Result<Summary>, Vec<Value>) {
    let (_folder, [data, responses, _]) = files(data, responses);
    let mut bytes = Vec::new();
    let output = Output::Lines(&mut bytes);
    let summary = verify(&data, &responses, output, config, &|_| {});
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    (summary, lines.map(|line| serde_json::from_slice(line).unwrap()).collect())
}

#[test]
fn one_row_a_constraint_in_the_order_of_the_responses() {
    let (summary, rows) = lines(DATA, RESPONSES, &config());
    let place = |row: &Value| json!([row["response"], row["constraint"], row["satisfied"]]);
    let places: Vec<Value> = rows.iter().map(place).collect();
    assert_eq!(
        json!(places),
        json!([
            [0, 0, null],
            [0, 1, true],
            [1, 0, false],
            [1, 1, false],
            [4, 0, true],
            [4, 1, false]
        ])
    );
    assert_eq!(rows[0]["constraint_id"], "tone");
    assert!(rows[3]["error"].as_str().unwrap().contains("pattern"), "{}", rows[3]);
    let summary = summary.unwrap();
    assert_eq!((summary.responses, summary.verdicts, summary.satisfied), (3, 5, 2));
    assert_eq!((summary.errors, summary.unverifiable), (2, 1));
    assert_eq!((summary.unmatched, summary.unanswered, summary.empty), (1, 1, 1));
    assert!(summary.unmatched_at[0].contains("line 3"), "{:?}", summary.unmatched_at);
}

#[test]
fn a_table_holds_the_same_rows() {
    let (_folder, [data, responses, out]) = files(DATA, RESPONSES);
    verify(&data, &responses, Output::Table(&out), &config(), &|_| {}).unwrap();
    let table: Vec<Value> =
        open_strict(&out).unwrap().map(|row| Value::Object(row.unwrap().object)).collect();
    let (_, lines) = lines(DATA, RESPONSES, &config());
    assert_eq!(table.len(), lines.len());
    for (cell, line) in table.iter().zip(&lines) {
        for (key, value) in line.as_object().unwrap() {
            assert_eq!(&cell[key], value, "{key}");
        }
    }
    // Verdicts in Parquet are read as well as JSONL is.
    let mut bytes = Vec::new();
    let error = verify(&out, &responses, Output::Lines(&mut bytes), &config(), &|_| {});
    assert!(error.unwrap_err().to_string().contains("`instruction_id_list` is missing"));
}

#[test]
fn reasoning_is_removed_and_counted() {
    let responses = "{\"id\":\"c\",\"response\":\"<think>a, b</think>fine\"}";
    let thinking = Config { thinking: Policy::Auto, ..config() };
    let (summary, rows) = lines(DATA, responses, &thinking);
    assert_eq!(rows[0]["satisfied"], true);
    assert_eq!(summary.unwrap().thinking.closed, 1);
    assert_eq!(lines(DATA, responses, &config()).1[0]["satisfied"], false);
}

#[test]
fn bad_rows_stop_or_are_counted() {
    let responses = format!("{RESPONSES}{{\"id\":\"c\"}}\n{{\"id\":\"c\",\"response\":\"x\"}}\n");
    let error = lines(DATA, &responses, &config()).0.unwrap_err().to_string();
    assert!(error.contains("line 6") && error.contains("`response` is missing"), "{error}");
    let skip = Config { on_bad: OnBad::Skip, ..config() };
    let (summary, rows) = lines(DATA, &responses, &skip);
    assert_eq!((summary.unwrap().skipped, rows.len()), (1, 7));
    let data = format!("{DATA}{{\"id\":\"d\",\"instruction_id_list\":[],\"kwargs\":[]}}\n");
    let error = lines(&data, RESPONSES, &config()).0.unwrap_err().to_string();
    assert!(error.contains("line 4") && error.contains("is empty"), "{error}");
}

#[test]
fn a_row_with_a_key_and_an_id_is_found_by_either() {
    let row = |key: u32, id: &str| {
        format!(
            "{{\"key\":{key},\"id\":\"{id}\",\"prompt\":\"p{key}\",\
             \"instruction_id_list\":[\"punctuation:no_comma\"],\"kwargs\":[{{}}]}}\n"
        )
    };
    let data = row(0, "1") + &row(1, "0") + &row(2, "c");
    let (_folder, [data, _, _]) = files(&data, "");
    let cache = Cache::new(Profile::Official);
    let specs = Specs::read(&data, OnBad::Fail, &cache).unwrap();
    assert_eq!(specs.find(None, Some("0"), None), Some(1));
    assert_eq!(specs.find(Some("0"), None, None), Some(0));
    assert_eq!(specs.find(Some("c"), None, None), Some(2));
    assert_eq!(specs.find(None, Some("2"), None), Some(2));
    assert_eq!(specs.find(None, Some("2"), Some("p1")), Some(1));
    assert_eq!(specs.find(Some("7"), Some("7"), Some("p9")), None);
}

#[test]
fn a_row_with_a_rule_that_does_not_compile_stops_or_is_counted() {
    let added = "{\"id\":\"d\",\"instruction_id_list\":[\"a:b\"],\"kwargs\":[{}]}\n";
    let typed = r#"{"id":"e","instruction_id_list":["keywords:existence"],"kwargs":[{}]}"#;
    let data = format!("{DATA}{added}{typed}\n");
    let error = lines(&data, RESPONSES, &config()).0.unwrap_err().to_string();
    assert!(error.contains("line 4: constraint 0: unknown rule `a:b`"), "{error}");
    let error = lines(&data.replace(added, ""), RESPONSES, &config()).0.unwrap_err().to_string();
    assert!(error.contains("line 4") && error.contains("key `keywords`"), "{error}");
    let skip = Config { on_bad: OnBad::Skip, ..config() };
    let (summary, rows) = lines(&data, RESPONSES, &skip);
    let summary = summary.unwrap();
    assert_eq!((summary.data, summary.skipped, rows.len()), (3, 2, 6));
}

#[test]
fn shards_together_are_the_whole() {
    let responses: String =
        (0..100).map(|n| format!("{{\"id\":\"c\",\"response\":\"{n}\"}}\n")).collect();
    let mut numbers = Vec::new();
    for index in 0..3 {
        let part = Config { shard: Shard { index, count: 3 }, ..config() };
        let (_, rows) = lines(DATA, &responses, &part);
        numbers.extend(rows.iter().map(|row| row["response"].as_u64().unwrap()));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
}

#[test]
fn cut_responses_are_counted_apart() {
    let responses = concat!(
        "{\"key\":1,\"response\":\"a\",\"finish_reason\":\"length\"}\n",
        "{\"id\":\"b\",\"response\":\"a, b\",\"finish_reason\":\"stop\"}\n",
        "{\"id\":\"c\",\"response\":\"a\"}\n",
        "{\"id\":\"c\",\"response\":\"<think>a, b\"}\n",
        "{\"id\":\"c\",\"response\":\"let me see\",\"finish_reason\":\"length\"}\n",
    );
    let config = Config { thinking: Policy::Auto, prefilled: true, ..config() };
    let summary = lines(DATA, responses, &config).0.unwrap();
    assert_eq!((summary.responses, summary.ended, summary.truncated), (5, 5, 4));
    assert_eq!((summary.verdicts, summary.truncated_verdicts), (6, 5));
    // The template opened the reasoning and nothing closed it: there is no answer to judge.
    assert_eq!((summary.thinking.unclosed, summary.thinking.plain), (5, 0));
    let plain = Config { prefilled: false, ..config };
    let summary = lines(DATA, responses, &plain).0.unwrap();
    assert_eq!((summary.ended, summary.truncated, summary.thinking.plain), (4, 3, 4));
}
