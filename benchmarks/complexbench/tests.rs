use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::*;
use crate::statistics::bootstrap::Plan;

const PLAN: Plan = Plan { resamples: 200, seed: 0 };

/// The folder of recorded results; `None`, said aloud, where it is not at hand.
fn data() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("HEEDFUL_DATA").map_or_else(beside, PathBuf::from);
    if folder.join("golden/golden_complexbench_rules.jsonl.gz").is_file() {
        return Some(folder);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no {}", folder.display());
    println!("SKIPPED: {} is not there", folder.display());
    None
}

/// The rows of one recorded file.
fn rows(name: &str) -> Option<Vec<Value>> {
    let path = data()?.join(format!("golden/golden_complexbench_{name}.jsonl.gz"));
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// Says how many rows agree and fails with the first that do not.
fn report(name: &str, total: usize, differing: &[String]) {
    println!("{name}: {} of {total} rows agree", total - differing.len());
    let shown = &differing[..differing.len().min(20)];
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), shown.join("\n"));
}

#[test]
fn rules_decide_as_recorded() {
    let Some(rows) = rows("rules") else { return };
    let mut differing = Vec::new();
    for row in &rows {
        let objects = row["rs"].as_array().unwrap().iter();
        let objects: Vec<String> = objects.map(|o| o.as_str().unwrap().to_owned()).collect();
        let got = match decide(row["rule"].as_str().unwrap(), &objects) {
            Ok(Verdict::Satisfied) => (json!(true), Value::Null),
            Ok(Verdict::Violated) => (json!(false), Value::Null),
            Ok(Verdict::Unknown) => (json!(2), Value::Null),
            Err(fault) => (Value::Null, json!(fault.kind.name())),
        };
        if (&got.0, &got.1) != (&row["verdict"], row.get("error").unwrap_or(&Value::Null)) {
            differing.push(format!("{got:?} for {row}"));
        }
    }
    report("rules", rows.len(), &differing);
}

#[test]
fn extractions_are_read_as_recorded() {
    let Some(rows) = rows("preprocess") else { return };
    let mut differing = Vec::new();
    for row in &rows {
        let got = extract(row["output"].as_str(), row["ass"].as_str());
        if (json!(got.text), json!(got.objects)) != (row["decompose"].clone(), row["rs"].clone()) {
            differing.push(format!("{got:?} for {row}"));
        }
    }
    report("preprocess", rows.len(), &differing);
}

/// A recorded instance, which lacks what is not counted.
fn recorded(row: &Value) -> Item {
    let mut row = row.clone();
    row["instruction"] = json!("");
    for question in row["scoring_questions"].as_array_mut().unwrap() {
        question["question"] = json!("");
    }
    items::item(&row).unwrap()
}

fn judgement(value: &Value) -> Judgement {
    match value {
        Value::Bool(true) => Judgement::Satisfied,
        Value::Bool(false) => Judgement::Violated,
        other => {
            assert_eq!(other, &json!(2));
            Judgement::Unknown
        }
    }
}

fn judgements(value: &Value) -> Vec<Judgement> {
    value.as_array().unwrap().iter().map(judgement).collect()
}

/// Equal, numbers but for how their last digit is read.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let found = a.iter().all(|(key, value)| b.get(key).is_some_and(|b| same(value, b)));
            a.len() == b.len() && found
        }
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= 2.0 * f64::EPSILON * b.abs(),
            _ => a == b,
        },
    }
}

#[test]
fn statistics_are_as_recorded() {
    let Some(rows) = rows("aggregate") else { return };
    let mut differing = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let data = row["data"].as_array().unwrap();
        let items: Vec<Item> = data.iter().map(recorded).collect();
        let own: Vec<_> = data.iter().map(|row| judgements(&row["point_judges"])).collect();
        let after = row["point_judges_rely"].as_array().unwrap();
        for ((item, own), after) in items.iter().zip(&own).zip(after) {
            if rely(item, own).unwrap() != judgements(after) {
                differing.push(format!("row {at}: instance {} relies otherwise", item.main_id));
            }
        }
        let got = aggregate(&items, &own, Reading::Official, PLAN).unwrap();
        assert!(got.overall.low <= got.overall.rate && got.overall.rate <= got.overall.high);
        let expected = row.get("result").filter(|result| !result.is_null());
        let agrees = match (got.published(), expected) {
            (Some(got), Some(expected)) => same(&got, expected),
            (None, None) => row["error"] == "ZeroDivisionError",
            _ => false,
        };
        if !agrees {
            differing.push(format!("row {at}: {:?} for {expected:?}", got.published()));
        }
    }
    report("aggregate", rows.len(), &differing);
}

#[test]
fn the_published_example_loads() {
    let Some(folder) = data() else { return };
    let items = load(&folder.join("complexbench/example_instance.json")).unwrap();
    let [item] = &items.list[..] else { panic!("{} instances", items.list.len()) };
    assert_eq!((item.main_id, item.questions.len()), (899, 9));
    assert_eq!(item.questions[4].rule.as_deref(), Some("model_length:[300,10000]"));
    assert_eq!(item.questions[8].dep, [1]);
    let responses = generations(&folder.join("complexbench/llama3_8b.jsonl")).unwrap();
    assert_eq!(responses.iter().flatten().count(), 1150);
    let asked = request(item, &item.questions[4], responses[0].as_deref());
    assert!(asked.contains(&item.questions[4].text) && asked.contains("评分对象："));
}

fn instance(change: impl Fn(&mut Value)) -> Value {
    let question = json!({"point_id": 0, "question": "q", "rule": null, "dep": [],
        "constraint_dimensions": ["Length"], "composition_types": []});
    let mut row = json!({"main_id": 3, "group": "g", "instruction": "i", "task_types": "t",
        "composition_types": ["And"], "category": "And", "scoring_questions": [question]});
    change(&mut row);
    row
}

fn refused(rows: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.json");
    std::fs::write(&path, rows.to_string()).unwrap();
    load(&path).unwrap_err().to_string()
}

#[test]
fn a_bad_instance_is_named() {
    let first = |row: &mut Value, key: &str, value: Value| row["scoring_questions"][0][key] = value;
    let cases = [
        (json!([]), "no instance in it"),
        (json!([7]), "instance 0: expected an object, found a number"),
        (json!([instance(|_| {}), instance(|_| {})]), "instance 1: key `main_id`: 3 stands twice"),
        (
            json!([instance(|row| row["group"] = Value::Null)]),
            "instance 0: main_id 3: key `group` is missing",
        ),
        (
            json!([instance(|row| row["scoring_questions"] = json!([]))]),
            "instance 0: main_id 3: key `scoring_questions`: empty",
        ),
        (
            json!([instance(|row| first(row, "dep", json!([1])))]),
            "scoring question 0: key `dep`: 1 is none of the 1 questions, counted from 0",
        ),
        (
            json!([instance(|row| first(row, "rule", json!(["x"])))]),
            "scoring question 0: key `rule`: expected a string, found a list",
        ),
    ];
    for (rows, problem) in cases {
        let said = refused(&rows);
        assert!(said.ends_with(problem), "{said}");
    }
    assert!(refused(&json!({"a": 1})).contains("expected one JSON array"));
}

#[test]
fn unknown_rules_count_here_and_not_there() {
    let item = items::item(&instance(|_| {})).unwrap();
    let own = [vec![Judgement::Unknown]];
    let of = |reading| aggregate(std::slice::from_ref(&item), &own, reading, PLAN).unwrap();
    let official = of(Reading::Official);
    assert_eq!((official.overall.correct, official.by_label["Length"].correct), (0, 1));
    assert_eq!(official.by_kind["Structure"].correct, 1);
    assert_eq!(of(Reading::Corrected).by_label["Length"].correct, 0);
    assert_eq!((official.unknown, official.missing), (1, 0));
    assert_eq!(official.published(), None);
    assert!(aggregate(&[item], &[vec![]], Reading::Official, PLAN).is_err());
}

#[test]
fn replies_become_judgements() {
    let with_rule = |rule: &str| {
        items::item(&instance(|row| row["scoring_questions"][0]["rule"] = json!(rule))).unwrap()
    };
    let judged = items::item(&instance(|_| {})).unwrap();
    let of = |item: &Item, reply| score(item, Some("一二三"), &[reply]).unwrap().remove(0);
    assert_eq!(of(&judged, Some("答案：是")).judgement, Judgement::Satisfied);
    assert_eq!(of(&judged, Some("?")).answer, Some(Answer::Unclear));
    assert_eq!(of(&judged, None).judgement, Judgement::Missing);
    let length = with_rule("model_length:[3,3]");
    assert_eq!(of(&length, Some("评分对象：all")).judgement, Judgement::Satisfied);
    assert_eq!(of(&length, Some("评分对象：None")).judgement, Judgement::Violated);
    assert_eq!(of(&with_rule("model_x"), Some("all")).judgement, Judgement::Unknown);
    let broken = of(&with_rule("model_length:3"), Some("all"));
    assert_eq!(broken.judgement, Judgement::Missing);
    assert_eq!(broken.fault.unwrap().kind, FaultKind::Index);
    assert!(score(&judged, None, &[]).is_err());
}

#[test]
fn hostile_rules_and_objects_end() {
    let junk =
        ["[", "\n", "model_keyword_num_each:[", "]\nmodel_forbidden_word_each:", "\"“`", "||"];
    for piece in junk {
        let long = piece.repeat(50_000);
        for rule in
            ["Json:['a']", "keyword:[a]", "model_length_each:[1,2]", "not endswith:x", &long]
        {
            let _ = decide(rule, std::slice::from_ref(&long));
            let _ = decide(&format!("{rule}{long}"), &[long.clone(), String::new()]);
        }
        let _ = (extract(Some("a"), Some(&long)), parse(&long));
    }
}
