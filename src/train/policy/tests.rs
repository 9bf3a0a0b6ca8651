//! Whole trainings of the embedded model with a judge of our own, broken off and gone on with.

use std::path::Path;

use heedful_kernels::advantage::Scale;
use serde_json::{Value, json};

use super::judge::Question;
use super::*;
use crate::place::Place;

/// A judge that likes short answers, and may die.
struct Brief {
    left: usize,
}

impl Judge for Brief {
    fn score(&mut self, questions: &[Question<'_>]) -> Result<Vec<f32>> {
        self.left = self.left.checked_sub(1).ok_or_else(|| Error::usage("the judge died"))?;
        let long = |question: &Question<'_>| question.response.chars().count() as f32;
        Ok(questions.iter().map(|question| 40.0 / (40.0 + long(question))).collect())
    }
}

/// Two levels and a question; the second level has a soft constraint.
fn data(folder: &Path) -> PathBuf {
    let mut lines = String::new();
    for at in 0..6 {
        let told = format!("Name {} rivers.", at + 2);
        let hard = json!({"kind": "hard", "id": "punctuation:no_comma", "text": "No commas."});
        let soft = json!({"kind": "soft", "id": "tone", "text": "Be brief."});
        let both = [hard, soft];
        let level = |level: usize| {
            json!({
                "key": format!("{at}-{level}"), "level": level, "ladder": at.to_string(),
                "instruction": told, "instruction_id_list": ["punctuation:no_comma"],
                "prompt": format!("{told} No commas.{}", ["", " Be brief."][level - 1]),
                "kwargs": [{}], "constraints": both[..level],
            })
        };
        for row in [level(1), level(2), json!({"prompt": "1 + 1?", "answer": 2})] {
            lines.push_str(&format!("{row}\n"));
        }
    }
    let path = folder.join("data.jsonl");
    std::fs::write(&path, lines).unwrap();
    path
}

fn small(folder: &Path, out: &str) -> Policy {
    Policy {
        steps: 4,
        prompts: 4,
        group: 3,
        updates: 2,
        rate: 1e-3,
        max_tokens: 16,
        length: 128,
        tokens: 512,
        save_every: 1,
        scale: Scale::Floor(0.1),
        reward: Some("a judge".into()),
        gates: Gates { length: Some((0.0, 1.5)), intent: Some(0.0) },
        hindsight: 1.0,
        place: Place::host(1),
        ..Policy::new("embedded".into(), vec![data(folder)], folder.join(out))
    }
}

fn curve(out: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(out.join("metrics.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .map(|mut line: Value| {
            line.as_object_mut().unwrap().retain(|key, _| !key.ends_with("_s"));
            line
        })
        .collect()
}

fn run(with: &Policy, left: usize) -> Result<Summary> {
    train_by(with, Some(&mut Brief { left }), |_| {})
}

/// Trains to the end; how often the judge was asked.
fn asked(with: &Policy) -> usize {
    let mut judge = Brief { left: 99 };
    train_by(with, Some(&mut judge), |_| {}).unwrap();
    99 - judge.left
}

#[test]
fn a_training_with_a_judge_goes_on_where_it_died_in_any_curriculum() {
    let staged = Curriculum::Staged { gate: 0.9, window: 0, most: 2 };
    for curriculum in [staged, Curriculum::Adaptive { band: (0.2, 0.8) }] {
        let folder = tempfile::tempdir().unwrap();
        let straight = Policy { curriculum, ..small(folder.path(), "straight") };
        let life = asked(&straight) - 1;
        let broken = Policy { curriculum, place: Place::host(2), ..small(folder.path(), "broken") };
        assert!(run(&broken, life).unwrap_err().to_string().contains("died"));
        let summary = run(&broken, 99).unwrap();
        assert!((1..4).contains(&summary.resumed), "{}", summary.resumed);
        let (whole, again) = (curve(&straight.out), curve(&broken.out));
        assert_eq!(whole, again, "{curriculum:?}");
        let weights = |with: &Policy| std::fs::read(with.out.join("model/model.safetensors"));
        assert!(weights(&straight).unwrap() == weights(&broken).unwrap());
        let told = |key: &str| whole.iter().any(|line| line[key].is_f64());
        for key in ["reward_soft", "satisfied_soft", "satisfied/tone", "reward/level2"] {
            assert!(told(key), "{key}: {:?}", whole.last());
        }
        assert!(told("satisfied/answer") && told("refused/length"));
    }
}

#[test]
fn a_rollout_tells_what_each_item_was_worth() {
    let folder = tempfile::tempdir().unwrap();
    let with = Policy { steps: 1, ..small(folder.path(), "out") };
    run(&with, 9).unwrap();
    let table = with.out.join("rollouts/step-000001.parquet");
    let rows = heedful_datasets::rows::open_strict(&table).unwrap();
    let rows: Vec<_> = rows.map(|row| row.unwrap().object).collect();
    assert_eq!(rows.len(), 12);
    for row in rows {
        let list = |key: &str| -> Vec<Value> {
            match &row[key] {
                Value::String(text) => serde_json::from_str(text).unwrap(),
                other => other.as_array().unwrap().clone(),
            }
        };
        let (items, satisfied, worth) = (list("items"), list("satisfied"), list("worth"));
        assert!(items.len() == satisfied.len() && items.len() == worth.len(), "{row:?}");
        let mean = worth.iter().map(|w| w.as_f64().unwrap()).sum::<f64>() / worth.len() as f64;
        let reward = row["reward"].as_f64().unwrap();
        let expected = if row["refused"].is_null() { mean } else { 0.0 };
        assert!((reward - expected).abs() < 1e-6, "{row:?}");
        assert_eq!(row["reward_soft"].is_null(), !items.contains(&json!("tone")));
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = small(folder.path(), "out");
    let band = Curriculum::Adaptive { band: (0.8, 0.2) };
    let bad = [
        (Policy { hindsight: 1.5, ..good.clone() }, "1.5"),
        (Policy { curriculum: band, ..good.clone() }, "Adaptive"),
        (Policy { questions: Some(-0.1), ..good.clone() }, "-0.1"),
        (Policy { gates: Gates { length: Some((2.0, 0.5)), intent: None }, ..good.clone() }, "0.5"),
        (Policy { gates: Gates { length: None, intent: Some(2.0) }, ..good.clone() }, "intent"),
    ];
    for (with, named) in bad {
        let error = run(&with, 9).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}
