//! The figures of a run: CFBench's and ComplexBench's, by their own functions, over the same items.

use std::collections::BTreeMap;

use serde::Serialize;

use super::item::{How, Item, Question, difficulty_name};
use crate::cfbench::{self, Criterion, Mark, Means, Reading, State};
use crate::complexbench::{self, Judgement};
use crate::error::Result;
use crate::metrics::Rate;
use crate::statistics::bootstrap::Plan;

/// Everything that is printed of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// CSR, ISR and PSR over all items, each question by itself.
    pub all: Means,
    /// The same over the easy items.
    pub easy: Means,
    /// The same over the hard items.
    pub hard: Means,
    /// The same by composition.
    pub by_composition: BTreeMap<String, Means>,
    /// The same by sort of task.
    pub by_task: BTreeMap<String, Means>,
    /// Questions met, by priority: `主需` (primary) and `次需` (secondary), as CFBench calls them.
    pub by_priority: BTreeMap<&'static str, Rate>,
    /// Questions met, by dimension and by rule or soft type.
    pub by_family: BTreeMap<String, BTreeMap<String, Rate>>,
    /// Questions met with what they depend on; the interval is the bootstrap's, over items.
    pub drfr: Rate,
    /// The same by composition.
    pub drfr_by_composition: BTreeMap<String, Rate>,
    /// The same by composition with its steps or depth.
    pub drfr_by_category: BTreeMap<String, Rate>,
    /// The same by the dimension, and by the composition, that a question verifies.
    pub drfr_by_label: BTreeMap<String, Rate>,
    /// Questions met, by level, each by itself.
    pub by_level: BTreeMap<usize, Rate>,
    /// Questions that neither a rule nor the judge decided; they count as not met.
    pub undecided: u64,
}

/// The figures of `judged`, each an item with a decision a question; `None` counts as not met.
///
/// CSR, ISR and PSR are of decisions as they are. For DRFR a question also fails where one of its
/// `dep` does, which is one level, as in the official code; `dep` tells all that it rests on.
///
/// # Errors
/// As many decisions as the item has no questions.
pub fn aggregate(judged: &[(&Item, Vec<Option<bool>>)], plan: Plan) -> Result<Figures> {
    let (mut lists, mut instances, mut judgements) = (Vec::new(), Vec::new(), Vec::new());
    let mut levels: BTreeMap<usize, [u64; 2]> = BTreeMap::new();
    let mut undecided = 0;
    for ((item, decisions), number) in judged.iter().zip(0..) {
        instances.push(instance(item, number));
        judgements.push(decisions.iter().map(|decision| judgement(*decision)).collect::<Vec<_>>());
        lists.push((criteria(item), reading(decisions)));
        let [met, of] = levels.entry(item.level).or_default();
        *met += decisions.iter().filter(|decision| **decision == Some(true)).count() as u64;
        *of += decisions.len() as u64;
        undecided += decisions.iter().filter(|decision| decision.is_none()).count() as u64;
    }
    let corrected = complexbench::Reading::Corrected;
    // Also refuses a list of decisions that does not fit its item, before marks are zipped.
    let drfr = complexbench::aggregate(&instances, &judgements, corrected, plan)?;
    let means = cfbench::aggregate(lists.iter().map(|(item, reading)| (item, reading)));
    let by = |name: fn(&Item) -> String| {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, (item, _)) in judged.iter().enumerate() {
            groups.entry(name(item)).or_default().push(at);
        }
        let of = |places: Vec<usize>| {
            let some = places.iter().map(|at| (&lists[*at].0, &lists[*at].1));
            cfbench::aggregate(some).all
        };
        groups.into_iter().map(|(name, places)| (name, of(places))).collect()
    };
    Ok(Figures {
        all: means.all,
        easy: means.easy,
        hard: means.hard,
        by_composition: by(|item| item.composition.name().to_owned()),
        by_task: by(|item| item.task.clone()),
        by_priority: means.by_priority,
        by_family: means.by_subkind,
        drfr: drfr.overall,
        drfr_by_composition: drfr.by_prefix,
        drfr_by_category: drfr.by_category,
        drfr_by_label: drfr.by_label,
        by_level: levels.into_iter().map(|(l, [met, of])| (l, Rate::new(met, of))).collect(),
        undecided,
    })
}

fn judgement(decision: Option<bool>) -> Judgement {
    match decision {
        Some(true) => Judgement::Satisfied,
        Some(false) => Judgement::Violated,
        None => Judgement::Missing,
    }
}

pub(super) fn reading(decisions: &[Option<bool>]) -> Reading {
    let mark = |decision: &Option<bool>| {
        let met = *decision == Some(true);
        Mark { text: u8::from(met).to_string(), met }
    };
    Reading { state: State::Read, marks: decisions.iter().map(mark).collect() }
}

/// The name of what a question is about, below its dimension.
fn subject(question: &Question) -> &str {
    match &question.how {
        How::Rule { id, .. } | How::Soft { id } => id,
        How::Parts => "parts",
        How::Task => "task",
    }
}

pub(super) fn criteria(item: &Item) -> cfbench::Item {
    let criterion = |question: &Question| Criterion {
        text: question.text.clone(),
        priority: question.priority,
        kind: question.family.clone(),
        subkind: subject(question).to_owned(),
    };
    cfbench::Item {
        key: item.key.clone(),
        prompt: item.prompt.clone(),
        reference: String::new(),
        domain: item.task.clone(),
        scenario: item.composition.name().to_owned(),
        source: difficulty_name(item.difficulty).to_owned(),
        split: item.difficulty,
        criteria: item.questions.iter().map(criterion).collect(),
        response: None,
        judge_reply: None,
    }
}

fn instance(item: &Item, number: i64) -> complexbench::Item {
    let question = |question: &Question| complexbench::Question {
        text: question.text.clone(),
        text_en: None,
        rule: None,
        constraint_dimensions: vec![question.family.clone()],
        composition_types: question.composition.clone(),
        dep: question.dep.clone(),
    };
    let labels = item.questions.iter().flat_map(|question| &question.composition);
    let labels: std::collections::BTreeSet<&String> = labels.collect();
    complexbench::Item {
        main_id: number,
        group: item.key.clone(),
        instruction: item.prompt.clone(),
        instruction_en: None,
        task_types: item.task.clone(),
        category: item.category.clone(),
        composition_types: labels.into_iter().cloned().collect(),
        questions: item.questions.iter().map(question).collect(),
    }
}
