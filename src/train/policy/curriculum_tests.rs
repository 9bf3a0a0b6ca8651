//! Orders of prompts: epochs, stages, bands, questions; and going on in the middle.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::tasks::tests::tasks;
use super::*;

/// Ten prompts of each of three levels.
fn rows() -> Vec<Value> {
    let row = |at: usize| {
        json!({
            "prompt": format!("p{at}"), "level": at / 10 + 1,
            "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}],
        })
    };
    (0..30).map(row).collect()
}

fn chooser(rows: &[Value], curriculum: Curriculum, share: Option<f64>) -> Chooser {
    Chooser::new(&tasks(rows, false).unwrap().list, curriculum, share, 4, 7).unwrap()
}

const STAGED: Curriculum = Curriculum::Staged { gate: 0.6, window: 0, most: 3 };
const ADAPTIVE: Curriculum = Curriculum::Adaptive { band: (0.2, 0.8) };

/// Chooses and hears, as rollouts do: `pass` of ten samples by the level.
fn rollout(chooser: &mut Chooser, pass: impl Fn(u64) -> usize) -> Vec<usize> {
    let chosen = chooser.choose(4);
    for &task in &chosen {
        chooser.note(task, pass(chooser.of_task[task]), 10);
    }
    chosen
}

#[test]
fn an_epoch_has_every_prompt_once_and_the_next_another_order() {
    let mut mixed = chooser(&rows(), Curriculum::Mixed, None);
    let first = mixed.choose(30);
    let second = [mixed.choose(7), mixed.choose(23)].concat();
    assert_ne!(first, second);
    for epoch in [&first, &second] {
        assert_eq!(epoch.iter().collect::<BTreeSet<_>>().len(), 30);
    }
}

#[test]
fn a_stage_ends_at_its_gate_or_its_limit_and_the_last_never() {
    let mut staged = chooser(&rows(), STAGED, None);
    let mut level = |pass: usize| {
        let chosen = rollout(&mut staged, |_| pass);
        let told = staged.end()[0].1;
        assert!(chosen.iter().all(|task| staged.of_task[*task] as f64 == told));
        told
    };
    assert_eq!([level(5), level(7)], [1.0, 1.0], "the second passes the gate");
    assert_eq!([level(0), level(0), level(0)], [2.0; 3], "three rollouts are the most");
    assert_eq!([level(10), level(10), level(10), level(10)], [3.0; 4]);
}

#[test]
fn adaptive_prefers_what_is_neither_too_hard_nor_too_easy() {
    let mut adaptive = chooser(&rows(), ADAPTIVE, None);
    let pass = |level: u64| [10, 5, 0][level as usize - 1];
    for _ in 0..15 {
        rollout(&mut adaptive, pass);
        adaptive.end();
    }
    let chosen: Vec<usize> = (0..10).flat_map(|_| rollout(&mut adaptive, pass)).collect();
    let middle = chosen.iter().filter(|&&task| adaptive.of_task[task] == 2).count();
    assert!((25..40).contains(&middle), "{middle} of 40");
    // Nothing in the band: the nearest come, and every rollout is full.
    let mut dull = chooser(&rows(), ADAPTIVE, None);
    for _ in 0..20 {
        assert_eq!(rollout(&mut dull, |level| [10, 9, 0][level as usize - 1]).len(), 4);
    }
    let near = rollout(&mut dull, |_| 0);
    assert!(near.iter().filter(|&&task| dull.of_task[task] == 2).count() >= 2, "{near:?}");
}

#[test]
fn few_prompts_fill_a_rollout_all_the_same() {
    for curriculum in [Curriculum::Mixed, STAGED, ADAPTIVE] {
        let mut small = chooser(&rows()[..2], curriculum, None);
        for _ in 0..3 {
            assert_eq!(rollout(&mut small, |_| 0).len(), 4, "{curriculum:?}");
        }
    }
}

#[test]
fn questions_have_their_share_of_any_curriculum() {
    let mut rows = rows();
    rows.extend((0..10).map(|at| json!({"prompt": format!("q{at}"), "answer": at})));
    for curriculum in [Curriculum::Mixed, STAGED, ADAPTIVE] {
        for (share, expected) in [(None, 10), (Some(0.5), 20), (Some(0.0), 0)] {
            let mut chooser = chooser(&rows, curriculum, share);
            let chosen: Vec<usize> = (0..10).flat_map(|_| rollout(&mut chooser, |_| 5)).collect();
            let questions = chosen.iter().filter(|task| **task >= 30).count();
            assert_eq!(questions, expected, "{curriculum:?} {share:?}");
        }
    }
    let none = Chooser::new(&tasks(&rows[..3], false).unwrap().list, STAGED, Some(0.5), 4, 0);
    assert!(none.err().unwrap().to_string().contains("share of 0.5"));
}

#[test]
fn a_place_that_was_written_down_goes_on_the_same() {
    for curriculum in [Curriculum::Mixed, STAGED, ADAPTIVE] {
        let mut straight = chooser(&rows(), curriculum, None);
        let pass = |level: u64| 3 * level as usize;
        for _ in 0..5 {
            rollout(&mut straight, pass);
            straight.end();
        }
        let text = serde_json::to_string(&straight.place).unwrap();
        let mut resumed = chooser(&rows(), curriculum, None);
        resumed.place = serde_json::from_str(&text).unwrap();
        for _ in 0..10 {
            assert_eq!(rollout(&mut straight, pass), rollout(&mut resumed, pass));
            assert_eq!(straight.end(), resumed.end());
            assert_eq!(straight.place, resumed.place);
        }
    }
}
