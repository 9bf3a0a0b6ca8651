//! What a judge is worth: measures on pairs, by reference and by part, and on graded groups.

use std::collections::BTreeMap;

use heedful_benchmarks::statistics::binary::{self, Figure, Item, Measures};
use heedful_benchmarks::statistics::bootstrap::{self, Plan};
use heedful_benchmarks::statistics::ranking;
use heedful_datasets::groups::Group;
use serde::Serialize;

use super::classifier::Question;
use super::pairs::Pair;
use crate::error::Result;

/// How intervals are drawn.
pub const PLAN: Plan = Plan { resamples: 1000, seed: 0 };

/// Gives probabilities of yes, in the order of the questions.
pub type Judge<'a> = &'a mut dyn FnMut(&[Question<'_>]) -> Result<Vec<f32>>;

/// Measures on some pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Against {
    /// Against the labels that were learned from.
    pub labels: Option<Measures>,
    /// Against the truth, of pairs where a rule or the grammar knows it.
    pub truth: Option<Measures>,
}

/// Of one constraint, how often labels and the judge are true.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Truth {
    /// Pairs whose truth is known.
    pub pairs: u64,
    /// Of these, satisfied.
    pub satisfied: u64,
    /// The share of labels that are true.
    pub labels: f64,
    /// The share of the judge's answers that are.
    pub judge: f64,
}

/// Measures on graded groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    /// Groups.
    pub groups: u64,
    /// Kendall's τ-b of the mean probability over the constraints and the number satisfied; a
    /// group whose responses all score the same counts 0.
    pub tau: Figure,
    /// The share of places that have the right response.
    pub position: Figure,
}

/// Judges pairs; `scores` are theirs.
pub fn against(pairs: &[&Pair], scores: &[f32]) -> Against {
    let mut clusters = BTreeMap::new();
    for pair in pairs {
        let next = clusters.len() as u32;
        clusters.entry(pair.group.as_str()).or_insert(next);
    }
    let items = |truth: &dyn Fn(&Pair) -> Option<bool>| -> Vec<Item> {
        let item = |(pair, score): (&&Pair, &f32)| {
            Some(Item {
                score: *score,
                truth: truth(pair)?,
                cluster: clusters[pair.group.as_str()],
            })
        };
        pairs.iter().zip(scores).filter_map(item).collect()
    };
    Against {
        labels: binary::measures(&items(&|pair| Some(pair.label)), PLAN),
        truth: binary::measures(&items(&|pair| pair.truth), PLAN),
    }
}

/// How often labels and scores are true, by constraint.
pub fn truths(pairs: &[&Pair], scores: &[f32]) -> BTreeMap<String, Truth> {
    let mut all = BTreeMap::<String, Truth>::new();
    for (pair, score) in pairs.iter().zip(scores) {
        let Some(truth) = pair.truth else { continue };
        for name in [pair.id.as_str(), if pair.soft { "soft" } else { "hard" }] {
            let one = all.entry(name.to_owned()).or_default();
            one.pairs += 1;
            one.satisfied += u64::from(truth);
            one.labels += f64::from(u8::from(pair.label == truth));
            one.judge += f64::from(u8::from((*score >= 0.5) == truth));
        }
    }
    for one in all.values_mut() {
        one.labels /= one.pairs as f64;
        one.judge /= one.pairs as f64;
    }
    all
}

/// Ranks the responses of each group; `None` without groups.
///
/// # Errors
/// The judge's.
pub fn rank(groups: &[Group], judge: Judge<'_>) -> Result<Option<Ranking>> {
    let mut values = Vec::with_capacity(groups.len());
    for group in groups {
        let scores = means(group, judge)?;
        let truth: Vec<f64> = group.responses.iter().map(|r| r.count as f64).collect();
        let tau = ranking::tau_b(&scores, &truth).unwrap_or(0.0);
        values.push([tau, ranking::position_consistency(&scores, &truth)]);
    }
    let figure = |column: usize| -> Option<Figure> {
        let mean = |weights: &[u32]| {
            let sum: f64 = values.iter().zip(weights).map(|(v, &w)| v[column] * f64::from(w)).sum();
            sum / weights.iter().map(|&w| f64::from(w)).sum::<f64>()
        };
        let interval = bootstrap::statistic(values.len(), PLAN, mean)?;
        Some(Figure { value: mean(&vec![1; values.len()]), interval })
    };
    let groups = groups.len() as u64;
    Ok(figure(0).zip(figure(1)).map(|(tau, position)| Ranking { groups, tau, position }))
}

/// The mean probability over the constraints, of each response of a group.
///
/// # Errors
/// The judge's.
pub fn means(group: &Group, judge: Judge<'_>) -> Result<Vec<f64>> {
    let mut questions = Vec::new();
    for response in &group.responses {
        questions.extend(group.constraints.iter().map(|constraint| Question {
            instruction: group.instruction.as_deref().unwrap_or(&group.prompt),
            constraint: &constraint.text,
            response: &response.text,
        }));
    }
    let scores = judge(&questions)?;
    let each = group.constraints.len();
    let mean = |scores: &[f32]| scores.iter().map(|&p| f64::from(p)).sum::<f64>() / each as f64;
    Ok(scores.chunks_exact(each).map(mean).collect())
}
