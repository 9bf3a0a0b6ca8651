//! Files in every layout, prompts, checked samples and their figures.

use std::path::Path;

use super::change::compare;
use super::check::{Sample, Setting, check};
use super::gather::{Judged, evaluate};
use super::items::{Item, Items, Reading, load};
use super::layout::Layout;
use super::metrics::{PLAN, compute, majority, pass_at};
use super::{own, prompt};
use crate::answer::Grade;
use crate::error::Result;
use crate::finish::FinishReason;
use crate::responses::Response;
use crate::statistics::bootstrap::Plan;
use crate::thinking::{Policy, State};

const GSM8K: &str =
    r#"{"question": "6 * 180?", "answer": "6 * 180 = <<6*180=1080>>1080\n#### 1,080"}"#;
const MATH: &str = concat!(
    r#"{"problem": "Add.", "level": "Level 3", "type": "Algebra", "#,
    r#""solution": "First \\boxed{1}. Then $\\boxed{\\frac{3}{4}}$."}"#,
);
const MATH_500: &str = concat!(
    r#"{"problem": "Add.", "solution": "no box", "answer": "\\frac{3}{4}", "#,
    r#""subject": "Algebra", "level": 3, "unique_id": "test/a/1.json"}"#,
);
const AIME: &str = concat!(
    r#"{"id": 60, "problem": "Find m+n.", "solution": "It is \\boxed{204}.", "#,
    r#""answer": "204", "url": "u", "year": "2024"}"#,
);
const AIME_CAPITAL: &str =
    r#"{"ID": "2024-II-4", "Problem": "Find m+n.", "Solution": "s", "Answer": 33}"#;
const GPQA: &str = concat!(
    r#"{"Question": "Which?\n", "Correct Answer": " right\n", "Incorrect Answer 1": "w1", "#,
    r#""Incorrect Answer 2": "w2", "Incorrect Answer 3": "w3", "#,
    r#""High-level domain": "Physics", "Record ID": "rec1"}"#,
);
const MMLU_PRO: &str = concat!(
    r#"{"question_id": 70, "question": "Which?", "options": ["a", "b", "N/A", "d"], "#,
    r#""answer": "D", "answer_index": 3, "category": "law", "src": "x"}"#,
);

fn file(text: &str, reading: Reading) -> Result<Items> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("items.jsonl");
    std::fs::write(&path, text).unwrap();
    load(&path, reading)
}

fn first(text: &str) -> Item {
    file(text, Reading::default()).unwrap().list.remove(0)
}

#[test]
fn every_layout_is_told_by_its_keys() {
    for (text, layout, key, answer, category, level) in [
        (GSM8K, Layout::Gsm8k, "1", "1,080", None, None),
        (MATH, Layout::Math, "1", "\\frac{3}{4}", Some("Algebra"), Some("3")),
        (MATH_500, Layout::Math, "test/a/1.json", "\\frac{3}{4}", Some("Algebra"), Some("3")),
        (AIME, Layout::Aime, "60", "204", None, None),
        (AIME_CAPITAL, Layout::Aime, "2024-II-4", "33", None, None),
        (MMLU_PRO, Layout::MmluPro, "70", "C", Some("law"), None),
    ] {
        let items = file(text, Reading::default()).unwrap();
        assert_eq!(items.layout, Some(layout), "{text}");
        let named = file(text, Reading { layout: Some(layout), seed: 0 }).unwrap();
        assert_eq!(items, named);
        let item = &items.list[0];
        assert_eq!((item.key.as_str(), item.answer.as_str()), (key, answer));
        assert_eq!((item.category.as_deref(), item.level.as_deref()), (category, level));
        assert_eq!(layout.name().parse(), Ok(layout));
    }
    // The filler is left out, and the letter goes with its option.
    assert_eq!(first(MMLU_PRO).options, ["a", "b", "d"]);
    assert_eq!(first(MMLU_PRO).right_option(), Some("d"));
}

#[test]
fn the_order_of_options_is_the_items_own() {
    let other = GPQA.replace("Which?", "Who?").replace("rec1", "rec2");
    let both = file(&format!("{GPQA}\n{other}"), Reading::default()).unwrap();
    let swapped = file(&format!("{other}\n{GPQA}"), Reading::default()).unwrap();
    assert_eq!(both.layout, Some(Layout::Gpqa));
    assert_eq!(both.list[0].options, swapped.list[1].options);
    assert_eq!(both.list[1].options, swapped.list[0].options);
    let mut letters = std::collections::BTreeMap::new();
    for seed in 0..400 {
        let item = file(GPQA, Reading { layout: None, seed }).unwrap().list.remove(0);
        assert_eq!(item.right_option(), Some("right"));
        let mut options = item.options.clone();
        options.sort();
        assert_eq!(options, ["right", "w1", "w2", "w3"]);
        assert_eq!((item.question.as_str(), item.key.as_str()), ("Which?", "rec1"));
        *letters.entry(item.answer).or_insert(0) += 1;
    }
    assert!(letters.len() == 4 && letters.values().all(|n| (70..130).contains(n)), "{letters:?}");
}

#[test]
fn layouts_have_variants() {
    for (text, layout, answer) in [
        (r#"{"question": "q", "answer": "70"}"#, Layout::Aime, "70"),
        (r#"{"ID": "1983-1", "Year": 1983, "Question": "q", "Answer": 60.0}"#, Layout::Aime, "60"),
        (r#"{"problem": "q", "answer": "025"}"#, Layout::Aime, "25"),
        (r#"{"problem": "q", "answer": "\\frac12"}"#, Layout::Math, "\\frac12"),
        (r#"{"problem": "q", "answer": "1204"}"#, Layout::Math, "1204"),
    ] {
        let items = file(text, Reading::default()).unwrap();
        assert_eq!((items.layout, items.list[0].answer.as_str()), (Some(layout), answer), "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gpqa.csv");
    let text = "Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,\
                Incorrect Answer 3,High-level domain\n\
                rec1,\"Which?\n\",\" right\n\",w1,w2,w3,Physics\n";
    std::fs::write(&path, text).unwrap();
    let table = load(&path, Reading::default()).unwrap();
    assert_eq!(table.list, [first(GPQA)]);
}

#[test]
fn tables_and_arrays_are_read_as_lines_are() {
    let lines = file(&format!("{GSM8K}\n"), Reading::default()).unwrap();
    let array = file(&format!("[{GSM8K}]"), Reading::default()).unwrap();
    assert_eq!((lines.digest, lines.list.len()), (array.digest, array.list.len()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gsm8k.parquet");
    let row: serde_json::Value = serde_json::from_str(GSM8K).unwrap();
    let columns = ["question", "answer"].map(|name| (name, heedful_datasets::flat::Kind::Text));
    let mut writer = heedful_datasets::flat::Writer::create(&path, &columns).unwrap();
    let cell = |key: &str| heedful_datasets::flat::Cell::Text(row[key].as_str().unwrap());
    writer.push(&["question", "answer"].map(cell)).unwrap();
    writer.finish().unwrap();
    let table = load(&path, Reading::default()).unwrap();
    assert_eq!((table.list.len(), &table.list[0].answer), (1, &array.list[0].answer));
}

#[test]
fn what_cannot_be_read_is_named() {
    let long = format!("{:?}", vec!["x"; 11]);
    for (text, expected) in [
        (r#"{"prompt": "p"}"#.to_owned(), "the keys `prompt` are those of no layout"),
        ("[]".to_owned(), "is an empty array"),
        ("\n".to_owned(), "items.jsonl"),
        (GSM8K.replace("####", "#"), "line 1: item 1: key `answer`: no `####`"),
        (GSM8K.replace("1,080\"", " \""), "nothing behind `####`"),
        (GSM8K.replace("6 * 180?", " "), "key `question`: is blank"),
        (format!("{GSM8K}\n{MATH}"), "line 2: item 2: key `question` is missing"),
        (MATH.replace("boxed", "box"), "key `solution`: no answer in a `\\boxed{}`"),
        (MATH_500.replace("\\\\frac{3}{4}", " "), "key `answer`: is blank"),
        (
            format!("{AIME}\n{}", AIME.replace("\"204\"", "\"1204\"")),
            "line 2: item 60: key `answer`: expected a whole number from 0 to 999",
        ),
        (AIME.replace("\"204\"", "[2]"), "item 60: key `answer`: expected a string or a number"),
        (GPQA.replace("Incorrect Answer 3", "x"), "key `Incorrect Answer 3` is missing"),
        (
            GPQA.replace("\"w1\"", "4"),
            "key `Incorrect Answer 1`: expected a string, found a number",
        ),
        (MMLU_PRO.replace("\"D\"", "\"B\""), "key `answer`: B is not option 3 of `answer_index`"),
        (MMLU_PRO.replace("\"D\"", "\"E\""), "key `answer`: `E` is the letter of none of 4"),
        (MMLU_PRO.replace(": 3", ": -1"), "key `answer_index`: -1 is the place of none of 4"),
        (MMLU_PRO.replace(": 3", ": 4"), "key `answer_index`: 4 is the place of none of 4"),
        (MMLU_PRO.replace(": 3", ": \"3\""), "key `answer_index`: expected a number"),
        (MMLU_PRO.replace("\"d\"]", "\"N/A\"]"), "the right one is `N/A`"),
        (MMLU_PRO.replace("[\"a\", \"b\", \"N/A\", \"d\"]", "7"), "`options`: expected a list"),
        (MMLU_PRO.replace("[\"a\", \"b\", \"N/A\", \"d\"]", &long), "expected 2 to 10, found 11"),
        (MMLU_PRO.replace("\"d\"]", "4]"), "key `options`: a string expected, found a number"),
    ] {
        let error = file(&text, Reading::default()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} lacks {expected}");
        assert!(error.contains("items.jsonl"), "{error}");
    }
    assert!(load(Path::new("/nowhere/items.jsonl"), Reading::default()).is_err());
    let gsm8k = Reading { layout: Some(Layout::Gsm8k), seed: 0 };
    assert!(file(MATH, gsm8k).unwrap_err().to_string().contains("key `question` is missing"));
    assert!("gsm".parse::<Layout>().unwrap_err().contains("gsm8k, math"));
}

#[test]
fn what_is_odd_about_items_is_told() {
    let twice = file(&format!("{MMLU_PRO}\n{MMLU_PRO}"), Reading::default()).unwrap();
    assert_eq!(twice.repeated_keys, ["70"]);
    assert_eq!(twice.repeated_questions, ["70"]);
    let same = file(&GPQA.replace("w2", "right "), Reading::default()).unwrap();
    assert_eq!(same.ambiguous, ["rec1"]);
    let spaced = file(&MMLU_PRO.replace(": ", ":   "), Reading::default()).unwrap();
    assert_eq!(spaced.digest, file(MMLU_PRO, Reading::default()).unwrap().digest);
    assert_ne!(spaced.digest, twice.digest);
}

#[test]
fn a_prompt_asks_for_a_box() {
    let open = prompt::text(&first(GSM8K));
    assert!(open.starts_with("6 * 180?\n\nThink") && open.ends_with("inside \\boxed{}."), "{open}");
    let choice = prompt::text(&first(MMLU_PRO));
    assert!(choice.starts_with("Which?\n\nA) a\nB) b\nC) d\n\n"), "{choice}");
    assert!(choice.contains("letter") && choice.ends_with("inside \\boxed{}."), "{choice}");
}

fn setting(samples: Option<u32>) -> Setting {
    Setting { thinking: Policy::Auto, prefilled: false, samples }
}

fn response(key: &str, text: &str, line: u64) -> Response {
    Response {
        key: Some(key.to_owned()),
        prompt: None,
        text: Some(text.to_owned()),
        finish_reason: None,
        reasoned: false,
        line,
    }
}

#[test]
fn a_response_is_checked_without_its_reasoning() {
    let item = first(GSM8K);
    let one = |text: &str, reason: Option<&str>| {
        let finish_reason = reason.map(FinishReason::named);
        check(&item, &Response { finish_reason, ..response("1", text, 4) }, &setting(None))
    };
    let right = one("<think>\\boxed{7}</think>It is \\boxed{1080}.", Some("stop"));
    assert_eq!((right.grade, right.answer.as_deref()), (Grade::Right, Some("1080")));
    assert_eq!((right.line, right.truncated), (Some(4), Some(false)));
    assert_eq!(right.thinking, Some(State::Closed));
    assert_eq!(one("#### 1,080", None).grade, Grade::Right);
    assert_eq!(one("\\boxed{1081}", None).grade, Grade::Wrong);
    let cut = one("<think>so \\boxed{1080}", None);
    assert_eq!((cut.grade, cut.answer, cut.truncated), (Grade::Missing, None, Some(true)));
    assert_eq!(one("6 times", Some("length")).truncated, Some(true));
    let null = Response { text: None, ..response("1", "", 1) };
    assert_eq!(check(&item, &null, &setting(None)), Sample::ABSENT);

    let item = first(MMLU_PRO);
    for (text, answer, grade) in [
        ("\\boxed{C}", Some("C"), Grade::Right),
        ("\\boxed{\\text{(C) } d}", Some("C"), Grade::Right),
        ("The answer is d.", Some("C"), Grade::Right),
        ("\\boxed{A}", Some("A"), Grade::Wrong),
        // A letter that no option has is an answer, and a wrong one.
        ("\\boxed{J}", Some("J"), Grade::Wrong),
        ("I do not know", None, Grade::Missing),
    ] {
        let sample = check(&item, &response("70", text, 1), &setting(None));
        assert_eq!((sample.answer.as_deref(), sample.grade), (answer, grade), "{text}");
    }
}

#[test]
fn responses_find_their_items() {
    let text = format!("{}\n{}", AIME, AIME.replace("60", "61").replace("Find", "Say"));
    let items = file(&text, Reading::default()).unwrap();
    let prompts: Vec<String> = items.list.iter().map(prompt::text).collect();
    let by_prompt = |at: usize, text: &str, line: u64| Response {
        key: None,
        prompt: Some(prompts[at].clone()),
        ..response("", text, line)
    };
    let responses = [
        by_prompt(0, "\\boxed{204}", 1),
        response("60", "\\boxed{205}", 2),
        response("60", "\\boxed{206}", 3),
        response("62", "\\boxed{204}", 4),
        Response { key: Some("60".to_owned()), ..by_prompt(1, "\\boxed{204}", 5) },
        Response { prompt: Some("other".to_owned()), ..response("61", "\\boxed{1}", 6) },
    ];
    let run = evaluate(&items, &responses, &setting(Some(2))).unwrap();
    let grades = |at: usize| run.items[at].samples.iter().map(|s| s.grade).collect::<Vec<_>>();
    assert_eq!(grades(0), [Grade::Right, Grade::Wrong]);
    assert_eq!(grades(1), [Grade::Right, Grade::Wrong]);
    assert_eq!((run.report.unmatched, run.report.surplus), (vec![4], vec![3]));
    assert_eq!(run.report.disagreeing, [5, 6]);
    assert_eq!((run.report.short.len(), run.thinking.plain), (0, 4));
    // As many as the item with the most; the others are short of one.
    let run = evaluate(&items, &responses, &setting(None)).unwrap();
    assert_eq!(run.items[1].samples[2], Sample::ABSENT);
    assert_eq!(run.report.short, ["61"]);
    let none = evaluate(&items, &[], &setting(None)).unwrap();
    assert_eq!((none.items[0].samples.len(), none.report.short.len()), (1, 2));
    for samples in [0, 5000] {
        assert!(evaluate(&items, &responses, &setting(Some(samples))).is_err());
    }
}

#[test]
fn pass_at_k_is_the_share_of_draws_with_a_right_one() {
    for n in 1..=9usize {
        for right in 0..=n {
            for k in 1..=n {
                let draws = (0..1u32 << n).filter(|set| set.count_ones() as usize == k);
                let hits = |set: &u32| set & ((1 << right) - 1) != 0;
                let (all, good) = (draws.clone().count(), draws.filter(hits).count());
                let expected = good as f64 / all as f64;
                assert!((pass_at(n, right, k) - expected).abs() < 1e-12, "{n} {right} {k}");
            }
        }
    }
    // Where binomial coefficients leave the range of floats.
    assert!((pass_at(100_000, 1, 50_000) - 0.5).abs() < 1e-9);
    assert!((pass_at(4000, 2000, 1) - 0.5).abs() < 1e-9);
    assert_eq!((pass_at(0, 0, 1), pass_at(3, 9, 9), pass_at(5, 0, 0)), (0.0, 1.0, 0.0));
}

fn sample(answer: &str, right: bool) -> Sample {
    let given = !answer.is_empty();
    let grade = match (given, right) {
        (false, _) => Grade::Missing,
        (true, true) => Grade::Right,
        (true, false) => Grade::Wrong,
    };
    Sample { line: Some(1), answer: given.then(|| answer.to_owned()), grade, ..Sample::ABSENT }
}

#[test]
fn votes_go_by_equivalence_and_ties_by_lot() {
    let vote = |answers: &[&str], right: &[&str]| {
        let samples = answers.iter().map(|a| sample(a, right.contains(a)));
        majority(&samples.collect::<Vec<_>>())
    };
    let half = ["1/2", "0.5", "\\frac{1}{2}"];
    assert_eq!(vote(&["1/2", "3", "0.5", "4", "4", "\\frac{1}{2}"], &half), 1.0);
    assert_eq!(vote(&["1/2", "3", "3", "3", "0.5"], &half), 0.0);
    assert_eq!(vote(&["1/2", "3", "3", "0.5"], &half), 0.5);
    assert!((vote(&["1", "2", "3"], &["2"]) - 1.0 / 3.0).abs() < 1e-12);
    // What is not given has no vote.
    assert_eq!(vote(&["", "", "", "7"], &["7"]), 1.0);
    assert_eq!((vote(&["", ""], &[]), vote(&[], &[])), (0.0, 0.0));
    assert_eq!(vote(&["A", "B", "B", "C"], &["B"]), 1.0);
}

fn judged(key: &str, category: &str, rights: &[bool]) -> Judged {
    let one = |right: &bool| sample(if *right { "1" } else { "2" }, *right);
    Judged {
        key: key.to_owned(),
        category: Some(category.to_owned()),
        level: None,
        samples: rights.iter().map(one).collect(),
    }
}

#[test]
fn figures_add_up() {
    let items = [
        judged("a", "x", &[true, true, true, false]),
        judged("b", "x", &[false, false, false, true]),
        judged("c", "y", &[true, true, false, false]),
        judged("d", "y", &[false, false, false, false]),
    ];
    let got = compute(&items, PLAN).unwrap();
    let all = &got.all;
    assert_eq!((got.samples, all.items, all.average.value), (4, 4, 6.0 / 16.0));
    assert_eq!(all.pass.keys().copied().collect::<Vec<_>>(), [1, 2, 4]);
    assert!((all.pass[&1].value - all.average.value).abs() < 1e-12);
    assert!((all.pass[&2].value - (1.0 + 0.5 + 5.0 / 6.0) / 4.0).abs() < 1e-12);
    assert_eq!((all.pass[&4].value, all.majority.value), (0.75, 1.5 / 4.0));
    for figure in all.pass.values().chain([&all.average, &all.majority]) {
        assert!(figure.low < figure.value && figure.value < figure.high, "{figure:?}");
    }
    assert_eq!(got.per_category["x"].average.value, 0.5);
    assert_eq!(got.per_category["y"].items, 2);
    assert!(got.per_level.is_empty() && got.truncation.is_none());
    assert_eq!((got.unanswered, got.absent), (0, 0));
    assert!(serde_json::to_string(&got).unwrap().contains(r#""pass":{"1":{"#));
    let uneven = [items[0].clone(), judged("e", "x", &[true])];
    assert!(compute(&uneven, PLAN).unwrap_err().to_string().contains("item e has 1"));
    let none = compute(&[], PLAN).unwrap();
    assert_eq!((none.samples, none.all.average.value, none.all.pass.len()), (0, 0.0, 0));
}

#[test]
fn cut_responses_are_scored_apart() {
    let cut = |right: bool| Sample {
        truncated: Some(true),
        ..if right { sample("1", true) } else { sample("", false) }
    };
    let whole = |right: bool| Sample { truncated: Some(false), ..sample("1", right) };
    let item = |samples: Vec<Sample>| Judged { samples, ..judged("a", "x", &[]) };
    let items = [
        item(vec![whole(true), whole(true), cut(false)]),
        item(vec![whole(false), cut(true), Sample::ABSENT]),
    ];
    let got = compute(&items, PLAN).unwrap();
    let apart = got.truncation.unwrap();
    assert_eq!((apart.completed.correct, apart.completed.total), (2, 3));
    assert_eq!((apart.truncated.correct, apart.truncated.total), (1, 2));
    assert_eq!((apart.cap_hit.correct, apart.cap_hit.total), (2, 5));
    assert_eq!((got.unanswered, got.absent), (1, 1));
}

#[test]
fn a_change_is_paired_by_item() {
    let run = |rights: [[bool; 2]; 3]| -> Vec<Judged> {
        let keys = ["a", "b", "c"].into_iter();
        keys.zip(rights).map(|(key, rights)| judged(key, "x", &rights)).collect()
    };
    let before = run([[true, true], [true, false], [false, false]]);
    let after = run([[true, false], [false, false], [false, false]]);
    let plan = Plan { resamples: 500, seed: 3 };
    let change = compare(&before, &after, plan).unwrap();
    assert!((change.average.value + 1.0 / 3.0).abs() < 1e-12);
    assert!((change.pass[&2].value + 1.0 / 3.0).abs() < 1e-12);
    assert_eq!(change.majority.value, -1.0 / 3.0);
    assert!(change.average.low < change.average.high && change.average.high <= 0.0);
    let same = compare(&before, &before, plan).unwrap();
    assert_eq!((same.average.low, same.average.high), (0.0, 0.0));
    assert!(compare(&before, &after[..2], plan).is_err());
    let mut odd = after.clone();
    odd[1].key = "z".to_owned();
    assert!(compare(&before, &odd, plan).unwrap_err().to_string().contains("item b before"));
}

#[test]
fn our_own_items_go_all_the_way() {
    let items = own::items(own::SEED);
    let responses: Vec<Response> = items
        .list
        .iter()
        .flat_map(|item| {
            let right = format!("<think>hm</think>So \\boxed{{{}}}.", item.answer);
            [right, "I do not know".to_owned()].map(|text| Response {
                prompt: Some(prompt::text(item)),
                ..response(&item.key, &text, item.line)
            })
        })
        .collect();
    let run = evaluate(&items, &responses, &setting(Some(2))).unwrap();
    assert!(run.report == Default::default(), "{:?}", run.report);
    let got = compute(&run.items, Plan { resamples: 100, seed: 0 }).unwrap();
    assert_eq!((got.all.average.value, got.all.pass[&2].value), (0.5, 1.0));
    assert_eq!((got.all.majority.value, got.unanswered), (1.0, items.list.len() as u64));
    assert_eq!((got.per_category.len(), got.per_level.len()), (7, 3));
}

#[test]
fn hostile_rows_and_responses_are_no_panic() {
    let item = first(MMLU_PRO);
    for text in ["\\boxed{".repeat(5000), "A ".repeat(50_000), "é\\boxed{ß}".repeat(3000)] {
        check(&item, &response("70", &text, 1), &setting(None));
        check(&first(MATH), &response("1", &text, 1), &setting(None));
    }
    let deep = format!("{{\"question\": {}}}", "[".repeat(5000));
    assert!(file(&deep, Reading::default()).is_err());
    let many: Vec<Sample> = (0..256).map(|n| sample(&n.to_string(), n == 7)).collect();
    assert!((majority(&many) - 1.0 / 256.0).abs() < 1e-12);
}
