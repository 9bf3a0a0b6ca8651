//! A run as a sheet: DRFR over questions after dependencies, and instances with all of them met.

use super::aggregate::rely;
use super::items::{Item, Question};
use super::score::Judgement;
use crate::answered::Answered;
use crate::error::Result;
use crate::sheet::{Group, Mark, Metric, Row, Sheet};
use crate::statistics::bootstrap::Cluster;

/// The sheet of `items`, with a response and the judgements before dependencies for each.
///
/// # Errors
/// As [`rely`].
pub fn sheet(
    items: &[Item],
    answers: &[Option<Answered>],
    judgements: &[Vec<Judgement>],
) -> Result<Sheet> {
    let metric = |name: &str| Metric { name: name.to_owned(), best: 1.0 };
    let mut rows = Vec::with_capacity(items.len());
    for ((item, answered), own) in items.iter().zip(answers).zip(judgements) {
        rows.push(row(item, answered.as_ref(), own, &rely(item, own)?));
    }
    Ok(Sheet { metrics: ["drfr", "instances"].map(metric).into(), rows })
}

fn row(item: &Item, answered: Option<&Answered>, own: &[Judgement], relied: &[Judgement]) -> Row {
    let met = relied.iter().filter(|found| **found == Judgement::Satisfied).count();
    let mut compositions: Vec<&str> = item.composition_types.iter().map(String::as_str).collect();
    compositions.sort_unstable();
    let cluster = format!("group {}", item.group);
    let mut row = Row::of(item.main_id.to_string(), &cluster, &item.instruction, answered);
    row.shares = vec![
        Cluster { gain: met as f64, size: relied.len() as f64 },
        Cluster::of(i32::from(met == relied.len()), 1),
    ];
    row.groups = vec![
        Group::new("composition", compositions.join("_")),
        Group::new("category", &item.category),
        Group::new("task", &item.task_types),
        Group::new("constraints", item.questions.len()),
    ];
    let marks = item.questions.iter().zip(own.iter().zip(relied));
    row.marks = marks.map(|(question, (own, relied))| mark(question, *own, *relied)).collect();
    row
}

fn mark(question: &Question, own: Judgement, relied: Judgement) -> Mark {
    let reason = match (own, relied) {
        (Judgement::Missing, _) => "no judgement",
        (Judgement::Unknown, _) => "a rule that is none",
        (Judgement::Satisfied, Judgement::Violated) => "what it depends on failed",
        _ => "",
    };
    let types = question.constraint_dimensions.iter().map(|name| Group::new("type", name));
    let compositions =
        question.composition_types.iter().map(|name| Group::new("composition", name));
    Mark {
        about: question.text.clone(),
        met: (own != Judgement::Missing).then_some(relied == Judgement::Satisfied),
        reason: reason.to_owned(),
        groups: types.chain(compositions).collect(),
        ..Mark::default()
    }
}
