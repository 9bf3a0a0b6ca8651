//! A run as a sheet: PSR, CSR and ISR an item, DRFR over questions after dependencies.

use super::figures::{criteria, reading};
use super::item::{Composition, Item, Question};
use crate::answered::Answered;
use crate::cfbench;
use crate::sheet::{Group, Mark, Metric, Row, Sheet};
use crate::statistics::bootstrap::Cluster;

/// The sheet of `items`, with a response and a decision a question for each.
pub fn sheet(items: &[Item], answers: &[Option<Answered>], decided: &[Vec<Option<bool>>]) -> Sheet {
    let metric = |name: &str| Metric { name: name.to_owned(), best: 1.0 };
    let rows = items.iter().zip(answers).zip(decided);
    let rows = rows.map(|((item, answered), decided)| row(item, answered.as_ref(), decided));
    Sheet { metrics: ["psr", "csr", "isr", "drfr"].map(metric).into(), rows: rows.collect() }
}

fn row(item: &Item, answered: Option<&Answered>, decided: &[Option<bool>]) -> Row {
    let met = |at: usize| decided.get(at).copied().flatten() == Some(true);
    let rests = |question: &Question| question.dep.iter().all(|at| met(*at));
    let places = item.questions.iter().enumerate();
    let relied = places.filter(|(at, question)| met(*at) && rests(question)).count();
    let score = cfbench::score(&criteria(item).criteria, &reading(decided));
    let mut row = Row::of(item.key.clone(), &item.key, &item.prompt, answered);
    let share = |gain| Cluster { gain, size: 1.0 };
    row.shares = [score.psr, score.csr, score.isr].map(share).into();
    row.shares.push(Cluster { gain: relied as f64, size: item.questions.len() as f64 });
    row.groups = vec![
        Group::new("composition", item.composition.name()),
        Group::new("category", &item.category),
        Group::new("constraints", item.level),
        Group::new("split", if item.difficulty == cfbench::Split::Easy { "easy" } else { "hard" }),
        Group::new("task", &item.task),
        Group::new("language", &item.language),
    ];
    let mark = |(question, met): (&Question, &Option<bool>)| Mark {
        about: question.text.clone(),
        met: *met,
        reason: match rests(question) {
            true => String::new(),
            false => "what it depends on failed".to_owned(),
        },
        groups: groups(item.composition, question),
        ..Mark::default()
    };
    row.marks = item.questions.iter().zip(decided).map(mark).collect();
    row
}

fn groups(composition: Composition, question: &Question) -> Vec<Group> {
    let mut groups = vec![
        Group::new("type", &question.family),
        Group::new("composition", composition.name()),
        Group::new("priority", question.priority.label()),
    ];
    groups.extend(question.how.id().map(|id| Group::new("instruction", id)));
    groups
}
