//! Which samples are set under which prompts, and what they are then worth.

use serde_json::{Value, json};

use super::super::rollout::Answer;
use super::super::tasks::tests::tasks;
use super::*;
use crate::train::policy::gates::Refusal;
use crate::train::policy::reward::Earned;

/// Level `level` of a ladder of three.
fn row(level: usize, prompt: &str) -> Value {
    let words = ["red", "green", "blue"];
    let texts: Vec<String> = words.iter().map(|word| format!("Say {word}.")).collect();
    let constraint =
        |at: usize| json!({"kind": "hard", "id": "keywords:existence", "text": texts[at]});
    json!({
        "prompt": prompt, "instruction": "Name colours.", "ladder": "l", "level": level,
        "instruction_id_list": vec!["keywords:existence"; level],
        "kwargs": words[..level].iter().map(|w| json!({"keywords": [w]})).collect::<Vec<_>>(),
        "constraints": (0..level).map(constraint).collect::<Vec<_>>(),
    })
}

const WHOLE: &str = "Name colours.\n\nSay red. Say green. Say blue.";

/// A group of the last task, by what its samples satisfy.
fn group(tasks: &[Task], satisfied: &[[bool; 3]]) -> Group {
    let earned = |all: &[bool; 3]| Earned {
        reward: all.iter().filter(|good| **good).count() as f32 / 3.0,
        worth: all.map(|good| f32::from(u8::from(good))).to_vec(),
        satisfied: all.to_vec(),
        refused: None,
    };
    let answer = Answer { text: String::new(), tokens: vec![1], logprobs: vec![0.0], cut: false };
    Group {
        task: tasks.len() - 1,
        prompt: vec![1],
        answers: vec![answer; satisfied.len()],
        earned: satisfied.iter().map(earned).collect(),
        advantages: vec![0.0; satisfied.len()],
    }
}

fn relabelled(rows: &[Value], satisfied: &[[bool; 3]], share: f64) -> Vec<Relabelled> {
    let tasks = tasks(rows, false).unwrap().list;
    let mut with = Policy::new("m".into(), Vec::new(), "o".into());
    (with.hindsight, with.scale) = (share, heedful_kernels::advantage::Scale::One);
    let group = group(&tasks, satisfied);
    let device = Device::cpu(1).unwrap();
    let luck = Counter::named("luck");
    Ladders::new(&tasks).relabel(&device, &with, &tasks, &group, luck).unwrap()
}

#[test]
fn a_failed_sample_is_set_under_what_it_satisfies() {
    let rows = [row(1, "One level below."), row(3, WHOLE)];
    let (yes, no) = (true, false);
    let satisfied = [[yes, no, no], [no, yes, yes], [no, no, no], [yes, yes, yes]];
    let found = relabelled(&rows, &satisfied, 1.0);
    // The first satisfies a prefix that the ladder has: half of the group says red.
    // The second's two are asked for as the whole is; rewards for them are 0, 1, 0 and 1.
    let expected = [
        Relabelled { sample: 0, prompt: "One level below.".to_owned(), advantage: 0.5 },
        Relabelled {
            sample: 1,
            prompt: "Name colours.\n\nSay green. Say blue.".to_owned(),
            advantage: 0.5,
        },
    ];
    assert_eq!(found, expected);
    assert!(relabelled(&rows, &satisfied, 0.0).is_empty());
}

#[test]
fn what_all_of_the_group_do_teaches_nothing() {
    let rows = [row(1, "One."), row(3, WHOLE)];
    assert!(relabelled(&rows, &[[true, false, false]; 4], 1.0).is_empty());
}

#[test]
fn a_prompt_that_cannot_be_composed_is_not() {
    // Nobody knows how this prompt was made, and no row asks for green alone.
    let rows = [row(1, "One."), row(3, "Colours: red, green and blue!")];
    let satisfied = [[false, true, false], [true, false, false]];
    let found = relabelled(&rows, &satisfied, 1.0);
    assert_eq!(found.iter().map(|again| again.sample).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_refused_sample_stays_refused_and_a_share_is_a_share() {
    let tasks = tasks(&[row(3, WHOLE)], false).unwrap().list;
    let mut with = Policy::new("m".into(), Vec::new(), "o".into());
    with.hindsight = 0.5;
    let satisfied: Vec<[bool; 3]> = (0..400).map(|at| [true, at % 2 == 0, false]).collect();
    let mut group = group(&tasks, &satisfied);
    for earned in group.earned.iter_mut().step_by(4) {
        earned.refused = Some(Refusal::Intent);
    }
    let (device, ladders) = (Device::cpu(1).unwrap(), Ladders::new(&tasks));
    let luck = Counter::named("luck");
    let found = ladders.relabel(&device, &with, &tasks, &group, luck).unwrap();
    assert!(found.iter().all(|again| again.sample % 4 != 0));
    // Of 300 that are not refused, red alone is what three in four of the group have.
    assert!((110..190).contains(&found.len()), "{}", found.len());
    assert!(found.iter().all(|again| again.advantage > 0.0));
}
