//! A run as a sheet: DRFR over the questions that were reached, and over all.

use super::conversation::Answer;
use super::items::Item;
use crate::answered::Answered;
use crate::sheet::{Group, Mark, Metric, Row, Sheet};
use crate::statistics::bootstrap::Cluster;

/// The sheet of `items`, with a response and the answers to the first questions for each.
pub fn sheet(items: &[Item], given: &[Option<Answered>], answers: &[Option<Vec<Answer>>]) -> Sheet {
    let metric = |name: &str| Metric { name: name.to_owned(), best: 1.0 };
    let rows = items.iter().zip(given).zip(answers);
    let rows = rows.map(|((item, given), answers)| {
        row(item, given.as_ref(), answers.as_deref().unwrap_or_default())
    });
    Sheet { metrics: ["drfr", "complete"].map(metric).into(), rows: rows.collect() }
}

fn row(item: &Item, given: Option<&Answered>, answers: &[Answer]) -> Row {
    let yes = answers.iter().filter(|answer| **answer == Answer::Yes).count() as f64;
    let mut row = Row::of(item.id.clone(), &item.id, &item.prompt(), given);
    row.shares = vec![
        Cluster { gain: yes, size: answers.len() as f64 },
        Cluster { gain: yes, size: item.questions.len() as f64 },
    ];
    row.groups = vec![
        Group::new("split", &item.subset),
        Group::new("category", &item.category),
        Group::new("constraints", item.questions.len()),
    ];
    let mark = |(at, question): (usize, &super::items::Question)| Mark {
        about: question.text.clone(),
        met: match answers.get(at) {
            Some(Answer::Yes) => Some(true),
            Some(Answer::No) => Some(false),
            Some(Answer::Unclear) | None => None,
        },
        groups: question.labels.iter().map(|label| Group::new("type", label)).collect(),
        ..Mark::default()
    };
    row.marks = item.questions.iter().enumerate().map(mark).collect();
    row
}

impl Item {
    /// What the model is asked: the instruction, and below it the text that it is about.
    pub fn prompt(&self) -> String {
        if self.input.is_empty() {
            return self.instruction.clone();
        }
        format!("{}\n\n{}", self.instruction, self.input)
    }
}
