//! Rewards of mixed items, with a judge that is a function.

use serde_json::{Value, json};

use super::super::judge::tests::By;
use super::super::tasks::tests::tasks;
use super::*;

fn row() -> Value {
    let hard = |low: u64| json!({"relation": "at least", "num_words": low});
    json!({
        "prompt": "Name a town. Be sad. Ten words. Be brief. No commas.",
        "instruction": "Name a town.", "level": 4,
        "instruction_id_list": ["length_constraints:number_words", "punctuation:no_comma"],
        "kwargs": [hard(10), {}],
        "constraints": [
            {"kind": "soft", "id": "tone", "text": "Be sad."},
            {"kind": "hard", "id": "length_constraints:number_words", "text": "Ten words."},
            {"kind": "soft", "id": "form", "text": "Be brief."},
            {"kind": "hard", "id": "punctuation:no_comma", "text": "No commas."},
        ],
    })
}

fn terms<'a>(
    thinking: &'a (thinking::Policy, bool),
    gates: &'a Gates,
    credit: Credit,
) -> Terms<'a> {
    Terms { thinking, aggregate: Aggregate::Mean, credit, gates }
}

fn paid(rows: &[Value], texts: &[&str], credit: Credit, aggregate: Aggregate) -> Vec<Earned> {
    let read = tasks(rows, true).unwrap();
    let given: Vec<(&Task, &str)> =
        read.list.iter().flat_map(|task| texts.iter().map(move |text| (task, *text))).collect();
    let (thinking, gates) = ((thinking::Policy::Auto, false), Gates::default());
    let mut asked = Vec::new();
    let mut judge = By(|question: &Question<'_>| {
        asked.push((question.instruction.to_owned(), question.response.to_owned()));
        if question.constraint == "Be sad." { 0.75 } else { 0.25 }
    });
    let terms = Terms { aggregate, ..terms(&thinking, &gates, credit) };
    let earned = earn(terms, &given, &mut Lengths::default(), Some(&mut judge)).unwrap();
    for (instruction, response) in asked {
        assert_eq!(instruction, "Name a town.");
        assert!(!response.contains("think"), "{response}");
    }
    earned
}

#[test]
fn probabilities_and_verdicts_make_one_reward() {
    let five = "<think>Which, then?</think>Bergen is one such town";
    let cases = [
        (Credit::Binary, Aggregate::Mean, [1.0, 0.0, 0.0, 1.0], 0.5),
        (Credit::Probability, Aggregate::Mean, [0.75, 0.0, 0.25, 1.0], 0.5),
        (Credit::Graded, Aggregate::Mean, [0.75, 0.5, 0.25, 1.0], 0.625),
        (Credit::Probability, Aggregate::Chained, [0.75, 0.0, 0.25, 1.0], 0.1875),
        (Credit::Graded, Aggregate::Chained, [0.75, 0.5, 0.25, 1.0], 0.3125),
        (Credit::Graded, Aggregate::All, [0.75, 0.5, 0.25, 1.0], 0.0),
    ];
    for (credit, aggregate, worth, reward) in cases {
        let earned = &paid(&[row()], &[five], credit, aggregate)[0];
        assert_eq!((&earned.worth[..], earned.reward), (&worth[..], reward), "{credit:?}");
        assert_eq!(earned.satisfied, [true, false, false, true]);
        assert!(!earned.passes());
    }
}

#[test]
fn parts_of_a_reward_are_told_apart() {
    let read = tasks(&[row()], true).unwrap();
    let earned = &paid(&[row()], &["A, b"], Credit::Probability, Aggregate::Mean)[0];
    assert_eq!(earned.mean(&read.list[0], true), Some(0.5));
    assert_eq!(earned.mean(&read.list[0], false), Some(0.0));
    assert_eq!(earned.of(&[0], Aggregate::Mean), 0.75);
    assert_eq!(earned.of(&[0, 1], Aggregate::Mean), 0.375);
}

#[test]
fn no_answer_earns_nothing() {
    let texts = ["<think>Bergen and then ten words without commas", "  ", "<think>a</think>"];
    for earned in paid(&[row()], &texts, Credit::Graded, Aggregate::Mean) {
        assert_eq!((earned.reward, earned.passes()), (0.0, false), "{earned:?}");
    }
}

#[test]
fn questions_are_graded() {
    let rows = [json!({"prompt": "1/2 + 1/4?", "answer": "3/4"})];
    let texts = ["It is \\boxed{0.75}.", "The answer is 1.", "<think>3/4", ""];
    let rewards: Vec<f32> = paid(&rows, &texts, Credit::Binary, Aggregate::Mean)
        .iter()
        .map(|earned| earned.reward)
        .collect();
    assert_eq!(rewards, [1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn what_a_gate_refuses_keeps_its_verdicts_and_earns_nothing() {
    let read = tasks(&[row()], true).unwrap();
    let copy = read.list[0].prompt.clone();
    let given = [(&read.list[0], copy.as_str()), (&read.list[0], "Bergen is a town by the sea")];
    let gates = Gates { intent: Some(0.0), ..Gates::default() };
    let thinking = (thinking::Policy::None, false);
    let mut judge = By(|_: &Question<'_>| 1.0);
    let terms = terms(&thinking, &gates, Credit::Binary);
    let earned = earn(terms, &given, &mut Lengths::default(), Some(&mut judge)).unwrap();
    assert_eq!((earned[0].reward, earned[0].refused), (0.0, Some(Refusal::Intent)));
    assert_eq!(earned[0].satisfied, [true; 4]);
    assert!(!earned[0].passes() && earned[0].of(&[0], Aggregate::All) == 0.0);
    assert_eq!((earned[1].reward, earned[1].refused), (0.75, None));
    let alone = earn(terms, &given, &mut Lengths::default(), None);
    assert!(alone.unwrap_err().to_string().contains("judge"));
}
