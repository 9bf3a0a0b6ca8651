//! Recorded verdicts beside ours.

use std::collections::BTreeMap;
use std::path::Path;

use heedful_constraints::Profile;
use serde::Serialize;

use super::{Answer, Instructions, Mode};
use crate::error::Result;
use crate::metrics::Metric;
use crate::score::{Followed, Judged};

/// The most disagreements that are kept.
const KEPT: usize = 100;

/// How many recorded verdicts are ours as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The same.
    pub same: u64,
    /// Out of how many.
    pub compared: u64,
}

/// Recorded verdicts beside ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Agreement {
    /// By what is compared: `prompt_strict`, `inst_strict`, … verdict by verdict, or
    /// `inst_strict_count`, … where a file tells only how many instructions are followed.
    pub tallies: BTreeMap<String, Tally>,
    /// How many verdicts and counts differ.
    pub differing: u64,
    /// The first of them, in the order of the answers.
    pub disagreements: Vec<Disagreement>,
}

/// A recorded verdict that is not ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// Where the answer stands: `line 3`, or the name of an entry.
    pub place: String,
    /// The item's key.
    pub key: String,
    /// What is compared, as in [`Agreement::tallies`].
    pub of: String,
    /// The instruction's id; none where the whole prompt is compared.
    pub instruction: Option<String>,
    /// What the file says.
    pub theirs: String,
    /// What we say.
    pub ours: String,
    /// Why, of one instruction.
    pub reason: Option<String>,
}

/// A plain score of a file beside our strict verdict on the whole prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreCheck {
    /// Its name in the file.
    pub name: String,
    /// How many responses have it.
    pub responses: u64,
    /// Its mean over responses that follow every instruction; none where there are none.
    pub followed: Option<f64>,
    /// Its mean over the others.
    pub not_followed: Option<f64>,
}

/// Compares what the answers' file records with our verdicts under `profile`.
///
/// # Errors
/// Verdicts on another number of instructions than the item has.
pub(super) fn compare(
    path: &Path,
    answered: &[(&Answer, &Judged)],
    profile: Profile,
) -> Result<(Option<Agreement>, Vec<ScoreCheck>)> {
    let mut agreement = Agreement::default();
    for (answer, judged) in answered.iter().filter(|(answer, _)| answer.recorded.has_verdict()) {
        let mut one = One { agreement: &mut agreement, answer, judged, profile };
        let strict = one.mode("strict", &answer.recorded.strict, |followed| followed.strict);
        strict.map_err(|problem| answer.place.error(path, problem))?;
        let loose = one.mode("loose", &answer.recorded.loose, |followed| followed.loose);
        loose.map_err(|problem| answer.place.error(path, problem))?;
    }
    let agreement = (!agreement.tallies.is_empty()).then_some(agreement);
    Ok((agreement, plain(answered, profile)))
}

struct One<'a> {
    agreement: &'a mut Agreement,
    answer: &'a Answer,
    judged: &'a Judged,
    profile: Profile,
}

impl One<'_> {
    fn mode(
        &mut self,
        name: &str,
        theirs: &Mode,
        of: impl Fn(Followed) -> bool,
    ) -> std::result::Result<(), String> {
        let outcomes = &self.judged.outcomes;
        let ours: Vec<bool> = outcomes.iter().map(|o| of(o.under(self.profile))).collect();
        let all = ours.iter().all(|followed| *followed);
        match &theirs.instructions {
            Some(Instructions::Each(each)) => {
                if each.len() != ours.len() {
                    let (theirs, ours) = (each.len(), ours.len());
                    let key = &self.judged.key;
                    return Err(format!(
                        "item {key}: {theirs} recorded verdicts for {ours} instructions"
                    ));
                }
                for ((theirs, ours), outcome) in each.iter().zip(&ours).zip(outcomes) {
                    let why = (&outcome.id, &outcome.reason);
                    self.add(format!("inst_{name}"), said(*theirs), said(*ours), Some(why));
                }
            }
            Some(Instructions::Count(count)) => {
                let followed = ours.iter().filter(|followed| **followed).count();
                let (theirs, ours) = (count.to_string(), followed.to_string());
                self.add(format!("inst_{name}_count"), theirs, ours, None);
            }
            None => {}
        }
        if let Some(theirs) = theirs.prompt {
            self.add(format!("prompt_{name}"), said(theirs), said(all), None);
        }
        Ok(())
    }

    fn add(&mut self, of: String, theirs: String, ours: String, why: Option<(&String, &String)>) {
        let tally = self.agreement.tallies.entry(of.clone()).or_default();
        tally.compared += 1;
        if theirs == ours {
            tally.same += 1;
            return;
        }
        self.agreement.differing += 1;
        if self.agreement.disagreements.len() < KEPT {
            self.agreement.disagreements.push(Disagreement {
                place: self.answer.place.to_string(),
                key: self.judged.key.clone(),
                of,
                instruction: why.map(|(id, _)| id.clone()),
                theirs,
                ours,
                reason: why.map(|(_, reason)| reason.clone()),
            });
        }
    }
}

fn said(followed: bool) -> String {
    if followed { "followed" } else { "not followed" }.to_owned()
}

fn plain(answered: &[(&Answer, &Judged)], profile: Profile) -> Vec<ScoreCheck> {
    let mut names: Vec<&str> = Vec::new();
    let mut sums: Vec<[(f64, u64); 2]> = Vec::new();
    for (answer, judged) in answered {
        let followed = Metric::PromptStrict.cluster(judged, profile).gain == 1.0;
        for (name, score) in &answer.recorded.scores {
            let at = names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.push(name);
                sums.push([(0.0, 0); 2]);
                names.len() - 1
            });
            let (sum, n) = &mut sums[at][usize::from(followed)];
            (*sum, *n) = (*sum + score, *n + 1);
        }
    }
    let mean = |(sum, n): (f64, u64)| (n > 0).then(|| sum / n as f64);
    let check = |(name, [others, followed]): (&str, [(f64, u64); 2])| ScoreCheck {
        name: name.to_owned(),
        responses: others.1 + followed.1,
        followed: mean(followed),
        not_followed: mean(others),
    };
    names.into_iter().zip(sums).map(check).collect()
}
