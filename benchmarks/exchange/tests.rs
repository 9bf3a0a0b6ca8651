//! Layouts as their tools write them, detected and read.

use heedful_constraints::Profile;
use heedful_datasets::flat::{Cell, Kind, Writer};
use serde_json::json;

use super::*;
use crate::metrics::Metric;
use crate::score::Setting;
use crate::thinking::Policy;

const SETTING: Setting =
    Setting { profile: Profile::Official, thinking: Policy::None, prefilled: false };

fn file(name: &str, text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

fn found(rows: &[Value]) -> Answers {
    let (_folder, path) = file("a.jsonl", &lines(rows));
    read(&path, None).unwrap()
}

fn refused(rows: &[Value]) -> String {
    let (_folder, path) = file("a.jsonl", &lines(rows));
    read(&path, None).unwrap_err().to_string()
}

fn texts(answers: &Answers) -> Vec<Option<&str>> {
    answers.list.iter().map(|answer| answer.response.as_deref()).collect()
}

/// The constraints of every item here: no comma, and two words at least.
fn asked_of(mut row: Value) -> Value {
    row["instruction_id_list"] = json!(["punctuation:no_comma", "length_constraints:number_words"]);
    row["kwargs"] = json!([{}, {"num_words": 2, "relation": "at least", "other": null}]);
    row
}

fn sample(key: u64, text: &str) -> Value {
    json!({
        "doc_id": key, "doc": asked_of(json!({"key": key, "prompt": format!("p{key}")})),
        "target": "0", "arguments": {"gen_args_0": {"arg_0": format!("p{key}"), "arg_1": {}}},
        "resps": [[text]], "filtered_resps": [text], "filter": "none",
        "prompt_level_strict_acc": true, "prompt_level_loose_acc": true,
        "inst_level_strict_acc": [true, true], "inst_level_loose_acc": [true, true],
    })
}

fn rescored(answers: &Answers, path: &Path, prompts: Option<&Path>) -> Result<Rescored> {
    rescore(answers, &Config { path, prompts, setting: &SETTING, sample: None })
}

#[test]
fn lm_eval_samples_bring_their_items_and_verdicts() {
    let rows = [sample(3, "a b"), sample(4, "a, b"), sample(5, "word")];
    let (_folder, path) = file("samples_ifeval.jsonl", &lines(&rows));
    let answers = read(&path, None).unwrap();
    assert_eq!(answers.layout, Layout::LmEval);
    let scored = rescored(&answers, &path, None).unwrap();
    assert_eq!(scored.metrics.get(Metric::PromptStrict).correct, 1);
    assert_eq!(scored.metrics.get(Metric::InstStrict).correct, 4);
    let agreement = scored.agreement.unwrap();
    assert_eq!(agreement.tallies["prompt_strict"], Tally { same: 1, compared: 3 });
    assert_eq!(agreement.tallies["inst_loose"], Tally { same: 4, compared: 6 });
    assert_eq!(agreement.differing, 8);
    let first = &agreement.disagreements[0];
    assert_eq!((first.key.as_str(), first.place.as_str()), ("4", "line 2"));
    assert_eq!(first.instruction.as_deref(), Some("punctuation:no_comma"));
    assert_eq!((first.theirs.as_str(), first.ours.as_str()), ("followed", "not followed"));
}

#[test]
fn several_draws_of_lm_eval_are_samples_and_one_filter_is_read() {
    let mut draws = sample(1, "a b");
    draws["resps"] = json!([["a b", "c, d", "e f"]]);
    let answers = found(&[draws.clone()]);
    assert_eq!(texts(&answers), [Some("a b"), Some("c, d"), Some("e f")]);
    assert!(answers.list[0].recorded.has_verdict() && !answers.list[1].recorded.has_verdict());
    draws["filter"] = json!("last");
    draws["filtered_resps"] = json!(["e f"]);
    let answers = found(&[draws.clone()]);
    assert_eq!(texts(&answers), [Some("e f")]);
    let both = found(&[draws, sample(1, "a b")]);
    assert_eq!(texts(&both), [Some("a b")]);
    assert_eq!(both.notes, ["a row a filter: `last`, `none`; read those of `none`"]);
    let mut broken = sample(7, "x");
    broken["inst_level_loose_acc"] = json!("yes");
    assert!(refused(&[sample(1, "x"), broken]).contains("line 2: item 7: key `inst_level_loose"));
}

#[test]
fn samples_of_one_prompt_are_all_scored() {
    let row = |key: u64, texts: &[&str]| {
        asked_of(json!({"key": key, "prompt": format!("p{key}"), "responses": texts}))
    };
    let rows = [row(1, &["a b", "a, b"]), row(2, &["c d", "e f"]), row(1, &["g h"])];
    let (_folder, path) = file("plain.jsonl", &lines(&rows));
    let answers = read(&path, None).unwrap();
    let scored = rescored(&answers, &path, None).unwrap();
    assert_eq!((scored.prompts, scored.responses), (2, 5));
    assert_eq!((scored.fewest, scored.most), (2, 3));
    let rate = scored.metrics.get(Metric::PromptStrict);
    assert_eq!((rate.correct, rate.total), (4, 5));
    // Two prompts, drawn whole: 2 of 3 and 2 of 2.
    assert!((rate.low - 2.0 / 3.0).abs() < 1e-9 && rate.high == 1.0, "{rate:?}");
    let one = |sample| {
        let config = Config { path: &path, prompts: None, setting: &SETTING, sample };
        rescore(&answers, &config).map(|scored| scored.metrics.prompt_strict)
    };
    let third = one(Some(3)).unwrap();
    assert_eq!((third.correct, third.total), (0, 2), "the third of p1 has a comma");
    assert!(one(Some(4)).unwrap_err().to_string().contains("the most that one has is 3"));
}

#[test]
fn rollouts_join_by_what_their_prompts_end_with() {
    let gts = asked_of(json!({})).to_string();
    let row = |prompt: &str, output: &str| {
        json!({"input": format!("system\nBe good.\nuser\n{prompt}\nassistant\n"),
               "output": output, "gts": gts, "score": 0.5, "acc": 1, "step": 7})
    };
    let rows = [row("Say it", "a b"), row("Say it", "a, b"), row("Do say it", "c d")];
    let (_folder, path) = file("7.jsonl", &lines(&rows));
    let answers = read(&path, None).unwrap();
    assert_eq!(answers.layout, Layout::Verl);
    let scored = rescored(&answers, &path, None).unwrap();
    assert_eq!((scored.prompts, scored.most), (2, 2));
    let names: Vec<&str> = scored.scores.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["score", "acc"]);
    assert!(scored.notes.iter().any(|note| note.contains("step 7")), "{:?}", scored.notes);
    let item = |key, prompt| asked_of(json!({"key": key, "prompt": prompt}));
    let items = [item(1, " Say it\n"), item(2, "Do say it"), item(3, "it")];
    let (_other, prompts) = file("p.jsonl", &lines(&items));
    let scored = rescored(&answers, &path, Some(&prompts)).unwrap();
    assert_eq!(scored.evaluation.join.missing, ["3"]);
    let keys: Vec<&str> = scored.evaluation.items.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys, ["1", "1", "2", "3"]);
    assert!(scored.evaluation.join.unmatched.is_empty());
}

#[test]
fn completions_of_trl_are_read_from_their_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("completions_00005.parquet");
    let columns = [
        ("step", Kind::Int),
        ("prompt", Kind::Text),
        ("completion", Kind::Text),
        ("reward_func", Kind::Double),
        ("advantage", Kind::Double),
    ];
    let mut writer = Writer::create(&path, &columns).unwrap();
    let prompt = "<|im_start|>user\np1<|im_end|>\n<|im_start|>assistant\n";
    for (text, reward) in [("a b", 1.0), ("a, b", 0.25)] {
        let numbers = [Cell::Double(reward), Cell::Double(0.0)];
        let [reward, advantage] = numbers;
        writer
            .push(&[Cell::Int(5), Cell::Text(prompt), Cell::Text(text), reward, advantage])
            .unwrap();
    }
    writer.finish().unwrap();
    let answers = read(&path, None).unwrap();
    assert_eq!(answers.layout, Layout::Trl);
    let (_other, prompts) = file("p.jsonl", &lines(&[asked_of(json!({"key": 1, "prompt": "p1"}))]));
    let scored = rescored(&answers, &path, Some(&prompts)).unwrap();
    let check = &scored.scores[0];
    assert_eq!(
        (check.name.as_str(), check.followed, check.not_followed),
        ("reward_func", Some(1.0), Some(0.25))
    );
    let error = rescored(&answers, &path, None).unwrap_err().to_string();
    assert!(error.contains("row 1: no `instruction_id_list`"), "{error}");
    // Conversations, as lines.
    let row = json!({"prompt": [{"role": "user", "content": "p1"}],
                     "completion": [{"role": "assistant", "content": "a b"}]});
    let answers = found(&[row]);
    assert_eq!((answers.layout, texts(&answers)), (Layout::Trl, vec![Some("a b")]));
    assert_eq!(answers.list[0].prompt.as_deref(), Some("p1"));
}

#[test]
fn batches_join_by_id_and_failures_are_no_responses() {
    let choice = |at: u64, text: &str| {
        let message = json!({"content": text});
        json!({"index": at, "finish_reason": "length", "message": message})
    };
    let body = |choices: Value| {
        let usage = json!({"completion_tokens": 9});
        json!({"status_code": 200, "body": {"choices": choices, "usage": usage}})
    };
    let rows = [
        json!({"custom_id": "7", "response": body(json!([choice(0, "a b")])), "error": null}),
        json!({"custom_id": "8", "response": body(json!([choice(1, "c, d"), choice(0, "e f")]))}),
        json!({"custom_id": "9", "response": null, "error": {"code": "expired"}}),
    ];
    let answers = found(&rows);
    assert_eq!(answers.layout, Layout::OpenaiBatch);
    assert_eq!(texts(&answers), [Some("a b"), Some("c, d"), Some("e f"), None]);
    assert_eq!(answers.list[0].tokens, Some(9));
    assert_eq!(answers.list[0].finish_reason, Some(FinishReason::Length));
    assert_eq!((answers.list[1].tokens, answers.list[1].sample), (None, Some(1)));
    let item = |key: u64| asked_of(json!({"key": key, "prompt": format!("p{key}")}));
    let (_folder, prompts) = file("p.jsonl", &lines(&[item(7), item(8), item(9)]));
    let scored = rescored(&answers, Path::new("b.jsonl"), Some(&prompts)).unwrap();
    assert_eq!(scored.evaluation.join.missing, ["9"]);
    assert_eq!(scored.tokens, Some(9.0));
    // Samples stand in the order that their numbers tell.
    assert_eq!(scored.evaluation.items[1].response.as_deref(), Some("e f"));
    let wrong = json!({"custom_id": "5", "response": {"body": {"choices": [{"text": "x"}]}}});
    assert!(refused(&[wrong]).contains("line 1: item 5: choice 0: key `message`"));
    let empty = json!({"custom_id": "5", "response": {"status_code": 200, "body": {"id": "x"}}});
    assert!(refused(&[empty]).contains("item 5: neither `choices` nor `output`"));
    // The answers of `/v1/responses`.
    let output = json!([
        {"type": "reasoning", "summary": []},
        {"type": "message", "content": [{"type": "output_text", "text": "a, b"}]},
    ]);
    let cut = json!({"reason": "max_output_tokens"});
    let body = json!({"output": output, "incomplete_details": cut, "usage": {"output_tokens": 3}});
    let row = json!({"custom_id": "7", "response": {"status_code": 200, "body": body}});
    let one = &found(&[row]).list[0];
    assert_eq!((one.response.as_deref(), one.tokens, one.reasoned), (Some("a, b"), Some(3), true));
    assert_eq!(one.finish_reason, Some(FinishReason::Length));
}

#[test]
fn a_layout_that_fits_nothing_is_refused_by_its_keys() {
    let said = refused(&[json!({"question": "x", "answer": "y"})]);
    assert!(said.contains("line 1: its keys (question, answer)"), "{said}");
    assert!(Layout::ALL.iter().all(|layout| said.contains(layout.name())), "{said}");
    let (_folder, path) = file("a.jsonl", "{\"input\": \"p\", \"output\": \"a\"}\n");
    let forced = |layout| read(&path, Some(layout));
    assert_eq!(forced(Layout::Verl).unwrap().layout, Layout::Verl);
    for (layout, word) in [
        (Layout::Plain, "neither `prompt`"),
        (Layout::LmEval, "neither `resps`"),
        (Layout::Trl, "`completion` is missing"),
        (Layout::OpenaiBatch, "`custom_id` is missing"),
        (Layout::Inspect, "no whole zip archive"),
    ] {
        let said = forced(layout).unwrap_err().to_string();
        assert!(said.contains(word) && said.contains("a.jsonl"), "{layout}: {said}");
    }
    assert!("lm_eval".parse::<Layout>().unwrap_err().contains("`lm-eval`"));
    for layout in Layout::ALL {
        assert_eq!(layout.name().parse(), Ok(layout));
    }
}

#[test]
fn verdicts_of_another_number_are_refused() {
    let mut row = sample(3, "a b");
    row["inst_level_loose_acc"] = json!([true]);
    let (_folder, path) = file("s.jsonl", &lines(&[row]));
    let error = rescored(&read(&path, None).unwrap(), &path, None).unwrap_err().to_string();
    assert!(error.contains("line 1: item 3: 1 recorded verdicts for 2"), "{error}");
}
