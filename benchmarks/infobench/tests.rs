use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::statistics::bootstrap::Plan;

const PLAN: Plan = Plan { resamples: 200, seed: 0 };

/// The folder of published data; `None`, said aloud, where it is not at hand.
fn data() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("HEEDFUL_DATA").map_or_else(beside, PathBuf::from);
    if folder.join("infobench/GPT4_DecomposeEval.jsonl").is_file() {
        return Some(folder);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no {}", folder.display());
    println!("SKIPPED: {} is not there", folder.display());
    None
}

#[test]
fn gpt4_scores_as_published() {
    let Some(folder) = data() else { return };
    let items = load(&folder.join("infobench/GPT4_DecomposeEval.jsonl")).unwrap();
    let bare = load(&folder.join("infobench/GPT4_output.jsonl")).unwrap();
    assert_eq!((items.list.len(), items.digest), (500, bare.digest));
    assert!(bare.list.iter().all(|item| item.verdicts.is_none() && item.output.is_some()));
    let verdicts: Vec<_> = items.list.iter().map(|item| item.verdicts.clone()).collect();
    let got = aggregate(&items.list, &verdicts, PLAN).unwrap();
    println!("infobench: {} of {} questions met", got.overall.correct, got.overall.total);
    assert_eq!((got.overall.correct, got.overall.total), (1971, 2250));
    assert_eq!((got.complete.correct, got.complete.total), (1971, 2250));
    let of = |subset: &str| format!("{:.4}", got.by_subset[subset].rate);
    assert_eq!((of("Easy_set").as_str(), of("Hard_set").as_str()), ("0.8841", "0.8724"));
    let labels: Vec<_> = got.by_label.iter().map(|(name, rate)| (name.as_str(), rate)).collect();
    let totals: Vec<_> = labels.iter().map(|(name, rate)| (*name, rate.total)).collect();
    let expected =
        [("Content", 1395), ("Format", 794), ("Linguistic", 168), ("Number", 419), ("Style", 190)];
    assert_eq!(totals, expected);
    assert_eq!((got.unclear, got.unanswered), (0, 0));
    assert!(got.overall.low < got.overall.rate && got.overall.rate < got.overall.high);
}

#[test]
fn the_recorded_verdicts_come_out_of_replies() {
    let Some(folder) = data() else { return };
    let items = load(&folder.join("infobench/GPT4_DecomposeEval.jsonl")).unwrap();
    for item in &items.list {
        let verdicts = item.verdicts.clone().unwrap();
        let mut replies = Vec::new();
        while let Step::Ask(turns) = next(item, item.output.as_deref().unwrap(), &replies) {
            assert_eq!(turns.len(), 2 * replies.len() + 1);
            replies.push(format!("{:?}.", verdicts[replies.len()]));
        }
        assert_eq!(score(item, &replies), verdicts, "{}", item.id);
    }
}

#[test]
fn replies_are_read_as_the_official_code_reads_them() {
    for reply in ["YES", "yes, it does", "Yesterday NO", "Answer: YES", "It EYES"] {
        assert_eq!(parse(reply), Answer::Yes, "{reply}");
    }
    for reply in ["NO", "no", "Not YES", "None", "Answer: NO", "I canNOt. CANNOT"] {
        assert_eq!(parse(reply), Answer::No, "{reply}");
    }
    for reply in ["", " yes", "**Yes**", "Either YES or NO", "Is it? yes", "ja", "é", "ño", "n"] {
        assert_eq!(parse(reply), Answer::Unclear, "{reply}");
    }
}

fn row(change: impl Fn(&mut Value)) -> Value {
    let mut row = json!({"id": "a_1", "instruction": "i", "input": "", "category": "c",
        "subset": "Easy_set", "decomposed_questions": ["q", "r", "s"],
        "question_label": [["Format"], ["Format", "Style"], []]});
    change(&mut row);
    row
}

fn read(rows: &[Value]) -> crate::Result<Items> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("items.jsonl");
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    load(&path)
}

#[test]
fn the_conversation_grows_and_ends_at_the_first_unclear_reply() {
    let item = read(&[row(|_| {})]).unwrap().list.remove(0);
    let said = |replies: &[&str]| {
        next(&item, "out", &replies.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>())
    };
    let Step::Ask(turns) = said(&[]) else { panic!("nothing to ask") };
    assert!(turns[0].content.ends_with("\n\nGenerated Text:\n\"out\"\n\nQuestion:\nq\n"));
    assert!(!turns[0].content.contains("Input:"));
    let Step::Ask(turns) = said(&["Yes"]) else { panic!("nothing to ask") };
    assert_eq!((turns.len(), turns[1].content.as_str()), (3, "Yes"));
    assert_eq!(turns[2], Turn { role: Role::User, content: "r\n".to_owned() });
    assert_eq!(said(&["Yes", "?", "No"]), Step::Done(vec![Answer::Yes, Answer::Unclear]));
    let all = vec![Answer::Yes, Answer::No, Answer::Yes];
    assert_eq!(said(&["Yes", "No", "Yes", "No"]), Step::Done(all));
    let item = read(&[row(|row| row["input"] = json!("x"))]).unwrap().list.remove(0);
    let Step::Ask(turns) = next(&item, "out", &[]) else { panic!("nothing to ask") };
    assert!(turns[0].content.contains("\n\nInput:\n\"x\"\n\nGenerated Text:\n"));
}

#[test]
fn what_was_not_reached_leaves_the_official_figure() {
    let other = row(|row| row["id"] = json!(7));
    let items = read(&[row(|_| {}), other]).unwrap().list;
    let answers = [Some(vec![Answer::Yes, Answer::Unclear]), None];
    let got = aggregate(&items, &answers, PLAN).unwrap();
    assert_eq!((got.overall.correct, got.overall.total), (1, 2));
    assert_eq!((got.complete.correct, got.complete.total), (1, 6));
    assert_eq!((got.unclear, got.unanswered), (1, 4));
    assert_eq!(got.by_label["Style"].total, 1);
    let nothing = aggregate(&[], &[], PLAN).unwrap();
    assert_eq!((nothing.overall.rate, nothing.overall.high), (0.0, 1.0));
    let many = [Some(vec![Answer::No; 4]), None];
    let said = aggregate(&items, &many, PLAN).unwrap_err().to_string();
    assert_eq!(said, "instance a_1: 4 answers to 3 questions");
    assert!(aggregate(&items, &[None], PLAN).is_err());
}

#[test]
fn a_bad_line_is_named() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 6] = [
        (|row| row["subset"] = Value::Null, "instance a_1: key `subset` is missing"),
        (|row| row["decomposed_questions"] = json!([]), "key `decomposed_questions`: empty"),
        (
            |row| row["question_label"] = json!([[]]),
            "key `question_label`: of 1 questions, not of 3",
        ),
        (
            |row| row["question_label"][1] = json!("Style"),
            "key `question_label`: expected lists, found a string",
        ),
        (
            |row| row["eval"] = json!(["Yes"]),
            "key `eval`: expected booleans and nulls, found a string",
        ),
        (|row| row["eval"] = json!(vec![true; 4]), "key `eval`: 4 verdicts on 3 questions"),
    ];
    for (change, problem) in cases {
        let said = read(&[row(change)]).unwrap_err().to_string();
        assert!(said.contains("items.jsonl, line 1: ") && said.ends_with(problem), "{said}");
    }
    let said = read(&[row(|_| {}), row(|_| {})]).unwrap_err().to_string();
    assert!(said.ends_with("line 2: key `id`: \"a_1\" stands twice"), "{said}");
    let eval = json!([true, null]);
    let item = read(&[row(|row| row["eval"] = eval.clone())]).unwrap().list.remove(0);
    assert_eq!(item.verdicts, Some(vec![Answer::Yes, Answer::Unclear]));
}
