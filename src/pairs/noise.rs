//! What the manifest counts: how noisy the sides are as labels, what was kept, what was left out.
//!
//! Rates are of all candidates, before any is left out; a rate of nothing is null.

use std::collections::BTreeMap;

use heedful_datasets::pairs::{LabelSource, Side};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Labels;
use super::answers::Answers;
use super::candidates::{Candidate, Candidates};
use super::label::{Fate, groups, verdicts};
use super::ladders::Ladders;

/// A number out of others.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
struct Share {
    of: u64,
    n: u64,
    rate: Option<f64>,
}

impl Share {
    fn add(&mut self, counts: bool) {
        self.of += 1;
        self.n += u64::from(counts);
        self.rate = Some(self.n as f64 / self.of as f64);
    }
}

/// The counts of all candidates, of a family or of a constraint.
#[derive(Debug, Default, Serialize)]
struct Tally {
    /// Candidates by side.
    positives: u64,
    negatives: u64,
    /// Positives that satisfy, of those that a rule judged.
    positives_satisfied: Share,
    /// Negatives that violate, of those that a rule judged.
    negatives_violated: Share,
    /// Pairs with a verdict on both sides, as they should be: satisfied and violated.
    pairs_sound: Share,
    /// The others of these.
    both_satisfied: u64,
    both_violated: u64,
    inversions: u64,
    /// Rows by label.
    kept_1: u64,
    kept_0: u64,
    /// Rows by source.
    sources: BTreeMap<&'static str, u64>,
    /// Left out, by reason.
    dropped: BTreeMap<&'static str, u64>,
    /// Sides that equal the truth of a trait.
    side_true: Share,
    /// Labels of rows that do.
    label_true: Share,
}

impl Tally {
    fn candidate(&mut self, one: &Candidate, fate: Fate) {
        let positive = one.side() == Side::Positive;
        *(if positive { &mut self.positives } else { &mut self.negatives }) += 1;
        match one.rule {
            Some(verdict) if positive => self.positives_satisfied.add(verdict),
            Some(verdict) => self.negatives_violated.add(!verdict),
            None => {}
        }
        if let Some(truth) = one.truth {
            self.side_true.add(truth == positive);
        }
        match fate {
            Fate::Kept { label, source } => {
                *(if label { &mut self.kept_1 } else { &mut self.kept_0 }) += 1;
                *self.sources.entry(source.name()).or_default() += 1;
                if let Some(truth) = one.truth {
                    self.label_true.add(truth == label);
                }
            }
            Fate::Dropped(reason) => *self.dropped.entry(reason.name()).or_default() += 1,
        }
    }

    fn pair(&mut self, verdicts: (bool, bool)) {
        self.pairs_sound.add(verdicts == (true, false));
        match verdicts {
            (true, true) => self.both_satisfied += 1,
            (false, false) => self.both_violated += 1,
            (false, true) => self.inversions += 1,
            (true, false) => {}
        }
    }
}

/// The counts of the manifest.
pub(super) fn counts(
    ladders: &Ladders,
    answers: &Answers,
    candidates: &Candidates,
    fates: &[Fate],
    labels: Labels,
    policy: Option<&str>,
) -> Map<String, Value> {
    let mut all = Tally::default();
    let mut families: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut constraints: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut splits: BTreeMap<&str, u64> = BTreeMap::new();
    let mut rest = fates;
    for group in groups(&candidates.list) {
        let (own, others) = rest.split_at(group.len());
        rest = others;
        let class = ladders.classes.get(group[0].class);
        let family = families.entry(&class.family).or_default();
        let constraint = constraints.entry(&class.id).or_default();
        for tally in [&mut all, family, constraint] {
            group.iter().zip(own).for_each(|(one, fate)| tally.candidate(one, *fate));
            if let Some(verdicts) = verdicts(group) {
                tally.pair(verdicts);
            }
        }
        for (one, _) in group.iter().zip(own).filter(|(_, fate)| matches!(fate, Fate::Kept { .. }))
        {
            let row = &ladders.rungs[answers.list[one.answer].rung].row;
            *splits.entry(row.split.as_deref().unwrap_or("none")).or_default() += 1;
        }
    }
    // Where other samples are asked, they know nothing of what is still labelled by the ladder.
    let asked = labels == Labels::Agreed;
    let unsupported =
        asked.then(|| all.sources.get(LabelSource::Ladder.name()).copied().unwrap_or(0));
    let told = json!({
        "policy": policy,
        "prompts": ladders.rungs.len(),
        "ladders": ladders.ladders.len(),
        "joined": answers.joined,
        "without_positives": candidates.without_positives,
        "without_negatives": candidates.without_negatives,
        "candidates": candidates.list.len(),
        "kept": all.kept_1 + all.kept_0,
        "unsupported": unsupported,
        "splits": splits,
        "all": all,
        "families": families,
        "constraints": constraints,
    });
    match told {
        Value::Object(counts) => counts,
        _ => unreachable!("it was written as an object"),
    }
}
