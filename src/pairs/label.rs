//! Labels: which a candidate gets, or why it is left out.
//!
//! - `ladder`: the side.
//! - `rules`: the rule's verdict where one decides, else the side.
//! - `agreed`, where a rule decides: the side, if the verdicts on both of a pair say the same; of a
//!   candidate without its other half, if its own does.
//! - `agreed`, elsewhere: the side, if the other samples agree or do not know (`agreement.rs`).
//!
//! Responses that stand on both sides of a constraint, for one ladder and sample, are left out.

use heedful_datasets::pairs::{LabelSource, Side};

use super::Labels;
use super::agreement::{self, Sample};
use super::answers::Answers;
use super::candidates::Candidate;
use super::classes::Classes;

/// What becomes of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is a row.
    Kept { label: bool, source: LabelSource },
    /// It is none.
    Dropped(Reason),
}

/// Why a candidate is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The same text stands on the other side.
    SameText,
    /// Both of the pair satisfy the rule, or both violate it.
    Tie,
    /// The negative satisfies the rule and the positive violates it.
    Inversion,
    /// The rule contradicts the side, and there is no other half.
    Contradicted,
    /// The other samples contradict the side.
    Disagreed,
}

impl Reason {
    /// The name in the manifest.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Reason::SameText => "same_text",
            Reason::Tie => "tie",
            Reason::Inversion => "inversion",
            Reason::Contradicted => "contradicted",
            Reason::Disagreed => "disagreed",
        }
    }
}

/// The candidates of one ladder, level and sample.
pub(super) fn groups(candidates: &[Candidate]) -> impl Iterator<Item = &[Candidate]> {
    let of = |candidate: &Candidate| (candidate.ladder, candidate.level, candidate.sample);
    candidates.chunk_by(move |one, other| of(one) == of(other))
}

/// The rule's verdicts on the positive and on the negative of a pair, where there are both.
pub(super) fn verdicts(group: &[Candidate]) -> Option<(bool, bool)> {
    let of = |side| group.iter().find(|one| one.is_paired() && one.side() == side);
    of(Side::Positive)?.rule.zip(of(Side::Negative)?.rule)
}

/// The fate of each candidate.
pub(super) fn fates(
    candidates: &[Candidate],
    classes: &Classes,
    answers: &Answers,
    labels: Labels,
) -> Vec<Fate> {
    let mut fates = Vec::with_capacity(candidates.len());
    for group in groups(candidates) {
        let text = |one: &Candidate| answers.list[one.answer].text.as_str();
        for one in group {
            let opposed =
                |other: &Candidate| other.side() != one.side() && text(other) == text(one);
            fates.push(match group.iter().any(opposed) {
                true => Fate::Dropped(Reason::SameText),
                false => fate(one, group, labels),
            });
        }
    }
    if labels == Labels::Agreed {
        ask_others(candidates, classes, answers, &mut fates);
    }
    fates
}

/// What side and rule make of a candidate.
fn fate(one: &Candidate, group: &[Candidate], labels: Labels) -> Fate {
    let side = one.side() == Side::Positive;
    let by_side = Fate::Kept { label: side, source: LabelSource::Ladder };
    let Some(verdict) = one.rule else { return by_side };
    match labels {
        Labels::Ladder => by_side,
        Labels::Rules => Fate::Kept { label: verdict, source: LabelSource::Rule },
        Labels::Agreed => match verdicts(group).filter(|_| one.is_paired()) {
            Some((false, true)) => Fate::Dropped(Reason::Inversion),
            Some((positive, negative)) if positive == negative => Fate::Dropped(Reason::Tie),
            None if verdict != side => Fate::Dropped(Reason::Contradicted),
            _ => Fate::Kept { label: side, source: LabelSource::Rule },
        },
    }
}

/// Asks the other samples about what no rule decided.
fn ask_others(candidates: &[Candidate], classes: &Classes, answers: &Answers, fates: &mut [Fate]) {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); classes.len()];
    for (at, (one, fate)) in candidates.iter().zip(fates.iter()).enumerate() {
        if matches!(fate, Fate::Kept { source: LabelSource::Ladder, .. }) {
            members[one.class].push(at);
        }
    }
    let sample = |&at: &usize| {
        let one = &candidates[at];
        let text = answers.list[one.answer].text.as_str();
        let positive = one.side() == Side::Positive;
        Sample { ladder: one.ladder, number: one.sample, positive, text }
    };
    let samples: Vec<Vec<Sample<'_>>> =
        members.iter().map(|members| members.iter().map(sample).collect()).collect();
    for (members, agreed) in members.iter().zip(agreement::agreement(&samples)) {
        for (&at, agrees) in members.iter().zip(agreed) {
            let label = candidates[at].side() == Side::Positive;
            match agrees {
                Some(true) => fates[at] = Fate::Kept { label, source: LabelSource::Agreement },
                Some(false) => fates[at] = Fate::Dropped(Reason::Disagreed),
                None => {}
            }
        }
    }
}
