use std::path::PathBuf;

use super::*;

const OFFICIAL: Config =
    Config { profile: Profile::Official, shard: Shard::WHOLE, skip_bad: false };

fn verified(text: &str, config: Config) -> (Result<Summary>, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.jsonl");
    std::fs::write(&path, text).unwrap();
    let mut output = Vec::new();
    let summary = verify(&path, &mut output, config, &|_| {});
    let lines = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    (summary, lines.map(|line| serde_json::from_slice(line).unwrap()).collect())
}

fn row(id: u64, rule: &str, response: &str) -> String {
    let row = serde_json::json!({
        "id": id, "instruction_id": rule, "kwargs": {"x": null}, "response": response, "more": 1
    });
    format!("{row}\n")
}

#[test]
fn rows_come_out_in_order_with_their_variants() {
    let text = row(1, "punctuation:no_comma", "a, b\nc") + &row(2, "punctuation:no_comma", " ");
    let (summary, lines) = verified(&text, OFFICIAL);
    let expected = Summary { rows: 2, strict: 0, loose: 1, errors: 0, skipped: 0 };
    assert_eq!(summary.unwrap(), expected);
    let first = serde_json::json!({"id": 1, "strict": false, "loose": true, "vec": "0010-10-"});
    let second = serde_json::json!({"id": 2, "strict": false, "loose": false, "vec": "--------"});
    assert_eq!(lines, [first, second]);
}

#[test]
fn only_what_the_official_code_or_the_engine_refuses_is_an_error_of_its_row() {
    let keyword = |id: u64, keyword: &str| {
        let kwargs = serde_json::json!({"keywords": [keyword]});
        let rule = "keywords:existence";
        let row = serde_json::json!({
            "id": id, "instruction_id": rule, "kwargs": kwargs, "response": "x"
        });
        format!("{row}\n")
    };
    let text = keyword(1, "(x") + &keyword(2, "x(?=y)") + &keyword(3, "x");
    let (summary, lines) = verified(&text, OFFICIAL);
    let summary = summary.unwrap();
    assert_eq!((summary.rows, summary.strict, summary.errors), (3, 1, 2));
    for line in &lines[..2] {
        assert_eq!((&line["strict"], &line["loose"]), (&Value::Null, &Value::Null));
        assert_eq!(line["vec"], "EE------");
        assert!(line["error"].as_str().unwrap().contains("pattern"), "{line}");
    }
}

#[test]
fn a_bad_line_stops_or_is_skipped() {
    let good = row(1, "punctuation:no_comma", "x");
    for (bad, expected) in [
        ("{\"id\": 7, \"instruction_id\": \"a:b\"}\n", "row 7: key `response` is missing"),
        ("{\"id\": 7, \"kwargs\": NaN}\n", "NaN"),
        ("{\"id\": 7, \"id\": 8}\n", "`id`"),
        ("nonsense\n", "no JSON"),
        (&row(7, "punctuation:comma", "x"), "row 7: unknown rule `punctuation:comma`"),
        (&row(7, "keywords:existence", "x"), "rule `keywords:existence`, key `keywords`"),
    ] {
        let text = good.clone() + bad + &good;
        let (summary, lines) = verified(&text, OFFICIAL);
        let error = summary.unwrap_err().to_string();
        assert!(error.contains("rows.jsonl, line 2: ") && error.contains(expected), "{error}");
        assert_eq!(lines.len(), 1);
        let (summary, lines) = verified(&text, Config { skip_bad: true, ..OFFICIAL });
        let summary = summary.unwrap();
        assert_eq!((summary.rows, summary.skipped, lines.len()), (2, 1, 2));
    }
}

#[test]
fn shards_together_are_the_whole() {
    let text: String = (0..50).map(|id| row(id, "punctuation:no_comma", "x")).collect();
    let mut ids = Vec::new();
    for index in 0..3 {
        let config = Config { shard: Shard { index, count: 3 }, ..OFFICIAL };
        ids.extend(verified(&text, config).1.into_iter().map(|line| line["id"].as_u64()));
    }
    ids.sort();
    assert_eq!(ids, (0..50).map(Some).collect::<Vec<_>>());
}

#[test]
fn every_recorded_verdict_is_met() {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("HEEDFUL_DATA").map_or_else(beside, PathBuf::from);
    let path = folder.join("golden/golden_ifeval_dev.jsonl.gz");
    if !path.is_file() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no {}", path.display());
        println!("SKIPPED: {} is not there", path.display());
        return;
    }
    let mut output = Vec::new();
    let summary = verify(&path, &mut output, OFFICIAL, &|_| {}).unwrap();
    let Source::Lines(mut recorded) = source::open(&path, Limits::default()).unwrap() else {
        panic!("{} is JSONL", path.display());
    };
    let (mut rows, mut wrong) = (0, Vec::new());
    for line in output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let got: Value = serde_json::from_slice(line).unwrap();
        let text = recorded.next_line().unwrap().unwrap().unwrap().to_owned();
        let expected: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(got["id"], expected["id"]);
        rows += 1;
        if ["strict", "loose", "vec"].iter().any(|key| got[*key] != expected[*key]) {
            wrong.push(format!("{} {}: {got}", expected["instruction_id"], expected["tags"]));
        }
    }
    assert!(recorded.next_line().unwrap().is_none());
    assert_eq!(summary.rows, rows);
    let head = wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {rows} rows differ:\n{head}", wrong.len());
}
