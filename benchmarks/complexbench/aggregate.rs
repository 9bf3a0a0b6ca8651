//! The benchmark's figures, from the judgements of all questions.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::items::Item;
use super::score::Judgement;
use crate::error::{Error, Result};
use crate::metrics::Rate;
use crate::statistics::bootstrap::{Cluster, Plan, interval};

/// How judgements that a rule did not reach are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// As the official code does: [`Judgement::Unknown`] is no hit in the rates by instance, but
    /// one in those by label and in the coherent test, and does not fail what depends on it.
    Official,
    /// [`Judgement::Unknown`] is not met, everywhere.
    Corrected,
}

/// All figures. Tables are sorted by name; a rate's interval is Wilson's, but for `overall`, whose
/// is a percentile interval of the bootstrap over instances.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statistics {
    /// Questions met, of all.
    pub overall: Rate,
    /// By [`Item::category`]: questions of the instances.
    pub by_category: BTreeMap<String, Rate>,
    /// By what stands in the category before the first underscore.
    pub by_prefix: BTreeMap<String, Rate>,
    /// By [`Item::task_types`].
    pub by_task: BTreeMap<String, Rate>,
    /// By the sorted composition types of the instance, joined by underscores.
    pub by_composition: BTreeMap<String, Rate>,
    /// By the kind of constraint and by the composition that a question verifies: questions with
    /// that label, and one with two labels of a kind counts twice.
    pub by_kind: BTreeMap<String, Rate>,
    /// By each constraint and each composition that a question verifies.
    pub by_label: BTreeMap<String, Rate>,
    /// The coherent test of groups with one question of selection.
    pub single: Coherence,
    /// The coherent test of groups with two or more.
    pub multiple: Coherence,
    /// Questions whose rule is unknown.
    pub unknown: u64,
    /// Questions without a judgement, counted as not met.
    pub missing: u64,
}

/// Whether variants of one instruction are met together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Coherence {
    /// Instances with all questions met.
    pub instances: Rate,
    /// Groups with all instances met.
    pub groups: Rate,
    /// How much lower the second rate is, as a share of the first; none where that is 0, on which
    /// the official code stops.
    pub drop: Option<f64>,
}

impl Statistics {
    /// The figures under the official names, as its `statistics.json` has them for one model; none
    /// where the official code divides by zero and writes nothing.
    pub fn published(&self) -> Option<Value> {
        let tables = [&self.by_category, &self.by_prefix, &self.by_task, &self.by_composition];
        let nothing = |table: &&BTreeMap<String, Rate>| table.values().any(|rate| rate.total == 0);
        if self.overall.total == 0 || tables.iter().any(nothing) {
            return None;
        }
        let (single_drop, multiple_drop) = (self.single.drop?, self.multiple.drop?);
        let table = |table: &BTreeMap<String, Rate>| -> Value {
            table.iter().map(|(name, rate)| (name.clone(), Value::from(rate.rate))).collect()
        };
        Some(json!({
            "overall_drfr": self.overall.rate,
            "categorized_drfr": table(&self.by_category),
            "categorized_avg_drfr": table(&self.by_prefix),
            "task_types_drfr": table(&self.by_task),
            "nested_methods_drfr": table(&self.by_composition),
            "constraint_types_and_composition_types_acc": table(&self.by_kind),
            "each_constraint_dimensions_and_composition_types_acc": table(&self.by_label),
            "single_origin_test": self.single.instances.rate,
            "single_coherent_test": self.single.groups.rate,
            "single_relative_drop": single_drop,
            "multiple_origin_test": self.multiple.instances.rate,
            "multiple_coherent_test": self.multiple.groups.rate,
            // The official spelling.
            "miltiple_relative_drop": multiple_drop,
        }))
    }
}

/// The judgements with what they depend on: a question fails where one that it names in `dep`
/// fails by itself. Dependencies of dependencies are not followed, as in the official code.
///
/// # Errors
/// As many judgements as the instance has no questions, or a dependency on none of them.
pub fn rely(item: &Item, judgements: &[Judgement]) -> Result<Vec<Judgement>> {
    let count = item.questions.len();
    let fail = |problem: String| Error::Setting(format!("instance {}: {problem}", item.main_id));
    if judgements.len() != count {
        return Err(fail(format!("{} judgements of {count} questions", judgements.len())));
    }
    let mut list = Vec::with_capacity(count);
    for (question, own) in item.questions.iter().zip(judgements) {
        let mut judgement = *own;
        for dep in &question.dep {
            let found = judgements.get(*dep).copied();
            let found = found.ok_or_else(|| fail(format!("key `dep`: no question {dep}")))?;
            if failed(found) {
                judgement = Judgement::Violated;
            }
        }
        list.push(judgement);
    }
    Ok(list)
}

fn failed(judgement: Judgement) -> bool {
    matches!(judgement, Judgement::Violated | Judgement::Missing)
}

/// Computes all figures of one run: `judgements` has a list for each of `items`, with one for each
/// question and before dependencies.
///
/// # Errors
/// Lists that do not fit the items, or a dependency on a question that is not there.
pub fn aggregate(
    items: &[Item],
    judgements: &[Vec<Judgement>],
    reading: Reading,
    plan: Plan,
) -> Result<Statistics> {
    if items.len() != judgements.len() {
        let (found, wanted) = (judgements.len(), items.len());
        return Err(Error::Setting(format!("judgements of {found} instances, not of {wanted}")));
    }
    let mut counts = Counts::default();
    for (item, own) in items.iter().zip(judgements) {
        let of = |wanted| own.iter().filter(|judgement| **judgement == wanted).count() as u64;
        counts.unknown += of(Judgement::Unknown);
        counts.missing += of(Judgement::Missing);
        let read = own.iter().map(|judgement| match (reading, judgement) {
            (Reading::Corrected, Judgement::Unknown) => Judgement::Violated,
            _ => *judgement,
        });
        counts.add(item, &rely(item, &read.collect::<Vec<_>>())?);
    }
    Ok(counts.statistics(plan))
}

/// Hits and all, by name.
type Table = BTreeMap<String, [u64; 2]>;

/// One group of the coherent test.
struct Group {
    /// Questions of selection in its first instance.
    depth: usize,
    /// Instances with all questions met, and all.
    instances: [u64; 2],
}

#[derive(Default)]
struct Counts {
    clusters: Vec<Cluster>,
    overall: [u64; 2],
    by_category: Table,
    by_prefix: Table,
    by_task: Table,
    by_composition: Table,
    by_kind: Table,
    by_label: Table,
    groups: BTreeMap<String, Group>,
    unknown: u64,
    missing: u64,
}

fn count(table: &mut Table, name: &str, counted: [u64; 2]) {
    let [hits, total] = table.entry(name.to_owned()).or_default();
    *hits += counted[0];
    *total += counted[1];
}

impl Counts {
    /// Adds one instance with its judgements after dependencies.
    fn add(&mut self, item: &Item, judgements: &[Judgement]) {
        for (question, judgement) in item.questions.iter().zip(judgements) {
            let counted = [u64::from(!failed(*judgement)), 1];
            for constraint in &question.constraint_dimensions {
                count(&mut self.by_kind, kind(constraint), counted);
                count(&mut self.by_label, constraint, counted);
            }
            for composition in &question.composition_types {
                count(&mut self.by_kind, composition, counted);
                count(&mut self.by_label, composition, counted);
            }
        }
        let satisfied = judgements.iter().filter(|found| **found == Judgement::Satisfied).count();
        let counted = [satisfied as u64, judgements.len() as u64];
        self.overall = [self.overall[0] + counted[0], self.overall[1] + counted[1]];
        self.clusters.push(Cluster::of(satisfied as i32, judgements.len() as u32));
        let prefix = item.category.split('_').next().unwrap_or_default();
        let mut compositions: Vec<&str> =
            item.composition_types.iter().map(String::as_str).collect();
        compositions.sort_unstable();
        count(&mut self.by_category, &item.category, counted);
        count(&mut self.by_prefix, prefix, counted);
        count(&mut self.by_task, &item.task_types, counted);
        count(&mut self.by_composition, &compositions.join("_"), counted);
        let selection = |types: &Vec<String>| types.iter().any(|name| name == "Selection");
        let group = self.groups.entry(item.group.clone()).or_insert_with(|| {
            let depth = item.questions.iter().filter(|q| selection(&q.composition_types)).count();
            Group { depth, instances: [0, 0] }
        });
        group.instances[0] += u64::from(!judgements.iter().any(|found| failed(*found)));
        group.instances[1] += 1;
    }

    fn statistics(self, plan: Plan) -> Statistics {
        let rate = |[hits, total]: [u64; 2]| Rate::new(hits, total);
        let table = |table: Table| -> BTreeMap<String, Rate> {
            table.into_iter().map(|(name, counted)| (name, rate(counted))).collect()
        };
        let mut overall = rate(self.overall);
        if let Some(drawn) = interval(&self.clusters, plan) {
            (overall.low, overall.high) = (drawn.low, drawn.high);
        }
        Statistics {
            overall,
            single: coherence(self.groups.values().filter(|group| group.depth == 1)),
            multiple: coherence(self.groups.values().filter(|group| group.depth >= 2)),
            by_category: table(self.by_category),
            by_prefix: table(self.by_prefix),
            by_task: table(self.by_task),
            by_composition: table(self.by_composition),
            by_kind: table(self.by_kind),
            by_label: table(self.by_label),
            unknown: self.unknown,
            missing: self.missing,
        }
    }
}

fn coherence<'a>(groups: impl Iterator<Item = &'a Group>) -> Coherence {
    let (mut instances, mut whole) = ([0, 0], [0, 0]);
    for group in groups {
        let [met, all] = group.instances;
        instances = [instances[0] + met, instances[1] + all];
        whole = [whole[0] + u64::from(met == all), whole[1] + 1];
    }
    let instances = Rate::new(instances[0], instances[1]);
    let groups = Rate::new(whole[0], whole[1]);
    let drop = (instances.correct > 0).then(|| (instances.rate - groups.rate) / instances.rate);
    Coherence { instances, groups, drop }
}

/// The kind of a constraint, in the official spelling.
fn kind(constraint: &str) -> &'static str {
    match constraint {
        "Word Matching" | "Keywords" => "Lexical",
        "JSON Format" | "Markdown Format" | "Bullets Format" | "Length" | "Start with"
        | "End with" | "Punctuation" | "Template" => "Structure",
        "Language Style" | "Personalization" | "Topic" | "Sentiment" => "Semantic",
        "Helpfulness" | "Target Language" | "Supportiveness" | "Consistency" | "Factuality" => {
            "Utillity"
        }
        _ => "Others",
    }
}
