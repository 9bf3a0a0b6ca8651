//! The decomposed requirements following ratio: questions answered with yes, of those answered.

use std::collections::BTreeMap;

use serde::Serialize;

use super::conversation::Answer;
use super::items::Item;
use crate::error::{Error, Result};
use crate::metrics::Rate;
use crate::statistics::bootstrap::{Cluster, Plan, interval};

/// All figures. A rate's interval is Wilson's, but for `overall` and `complete`, whose is a
/// percentile interval of the bootstrap over instances.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statistics {
    /// The official figure. An unclear answer counts as no, and a question that was not reached is
    /// left out.
    pub overall: Rate,
    /// The same of all questions: one that was not reached is not met.
    pub complete: Rate,
    /// The official figure by [`Item::subset`].
    pub by_subset: BTreeMap<String, Rate>,
    /// The official figure by label; a question with two labels counts under both.
    pub by_label: BTreeMap<String, Rate>,
    /// Answers that are neither yes nor no.
    pub unclear: u64,
    /// Questions without an answer.
    pub unanswered: u64,
}

/// Hits and all, by name.
type Table = BTreeMap<String, [u64; 2]>;

/// Computes the figures of one run: `answers` has the answers to the first questions of each of
/// `items`, or none where the instance was not judged.
///
/// # Errors
/// Lists that do not fit the items.
pub fn aggregate(
    items: &[Item],
    answers: &[Option<Vec<Answer>>],
    plan: Plan,
) -> Result<Statistics> {
    if items.len() != answers.len() {
        let (found, wanted) = (answers.len(), items.len());
        return Err(Error::Setting(format!("answers on {found} instances, not on {wanted}")));
    }
    let (mut by_subset, mut by_label) = (Table::new(), Table::new());
    let (mut reached, mut all) = (Vec::new(), Vec::new());
    let mut unclear = 0;
    for (item, answers) in items.iter().zip(answers) {
        let answers = answers.as_deref().unwrap_or_default();
        let (found, asked) = (answers.len(), item.questions.len());
        if found > asked {
            let problem = format!("instance {}: {found} answers to {asked} questions", item.id);
            return Err(Error::Setting(problem));
        }
        let yes = answers.iter().filter(|answer| **answer == Answer::Yes).count();
        unclear += answers.iter().filter(|answer| **answer == Answer::Unclear).count() as u64;
        reached.push(Cluster::of(yes as i32, found as u32));
        all.push(Cluster::of(yes as i32, asked as u32));
        for (answer, question) in answers.iter().zip(&item.questions) {
            let hit = u64::from(*answer == Answer::Yes);
            for label in &question.labels {
                count(&mut by_label, label, hit);
            }
            count(&mut by_subset, &item.subset, hit);
        }
    }
    let (overall, complete) = (rate(&reached, plan), rate(&all, plan));
    Ok(Statistics {
        overall,
        complete,
        by_subset: rates(by_subset),
        by_label: rates(by_label),
        unclear,
        unanswered: complete.total - overall.total,
    })
}

fn count(table: &mut Table, name: &str, hit: u64) {
    let [hits, total] = table.entry(name.to_owned()).or_default();
    *hits += hit;
    *total += 1;
}

fn rates(table: Table) -> BTreeMap<String, Rate> {
    table.into_iter().map(|(name, [hits, total])| (name, Rate::new(hits, total))).collect()
}

fn rate(clusters: &[Cluster], plan: Plan) -> Rate {
    let sum = |[hits, total]: [u64; 2], c: &Cluster| [hits + c.gain as u64, total + c.size as u64];
    let [hits, total] = clusters.iter().fold([0, 0], sum);
    let mut rate = Rate::new(hits, total);
    if let Some(drawn) = interval(clusters, plan).filter(|_| total > 0) {
        (rate.low, rate.high) = (drawn.low, drawn.high);
    }
    rate
}
