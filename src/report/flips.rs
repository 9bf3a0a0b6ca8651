//! Items on which runs differ, with their responses and explanations.

use heedful_benchmarks::score::Judged;
use heedful_benchmarks::scores::Scores;
use serde::Serialize;

use super::compare::Pairs;

/// An item whose strict verdict on some instruction differs from the baseline's in some run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flip {
    /// The item's key.
    pub key: String,
    /// The prompt.
    pub prompt: String,
    /// `won` or `lost` when some run follows all instructions and the baseline does not, or the
    /// other way round; `mixed` otherwise.
    pub kind: &'static str,
    /// The instructions' ids and arguments.
    pub instructions: Vec<(String, String)>,
    /// One a run.
    pub sides: Vec<Side>,
}

/// What one run made of the item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// The response as it came; `None` where there is none.
    pub response: Option<String>,
    /// What was judged, where that is less.
    pub answer: Option<String>,
    /// Why the model stopped, if told.
    pub finish_reason: Option<String>,
    /// One an instruction.
    pub verdicts: Vec<Verdicts>,
}

/// What one instruction got.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdicts {
    /// Followed as it is.
    pub strict: bool,
    /// Followed in some variant.
    pub loose: bool,
    /// The line of explanation.
    pub reason: String,
}

pub(super) fn flips(runs: &[Scores], pairs: &Pairs) -> Vec<Flip> {
    let base = &runs[0];
    // For each item of the baseline, where it stands in each of the other runs.
    let mut places: Vec<Vec<Option<usize>>> = vec![vec![None; pairs.len()]; base.items.len()];
    for (run, pairs) in pairs.iter().enumerate() {
        for &(first, at) in pairs {
            places[first][run] = Some(at);
        }
    }
    let strict = |scores: &Scores, item: &Judged| -> Vec<bool> {
        item.outcomes.iter().map(|o| o.under(scores.profile).strict).collect()
    };
    let mut flips = Vec::new();
    for (item, places) in base.items.iter().zip(&places) {
        let first = strict(base, item);
        let others: Vec<(&Scores, &Judged)> = places
            .iter()
            .zip(&runs[1..])
            .filter_map(|(at, run)| Some((run, &run.items[(*at)?])))
            .collect();
        let verdicts: Vec<Vec<bool>> = others.iter().map(|(run, item)| strict(run, item)).collect();
        if verdicts.iter().all(|verdicts| *verdicts == first) {
            continue;
        }
        let all = |verdicts: &[bool]| verdicts.iter().all(|ok| *ok);
        let changed = verdicts.iter().map(|verdicts| (all(&first), all(verdicts)));
        let (mut won, mut lost) = (false, false);
        for (before, after) in changed {
            won |= after && !before;
            lost |= before && !after;
        }
        let kind = match (won, lost) {
            (true, false) => "won",
            (false, true) => "lost",
            _ => "mixed",
        };
        let sides = std::iter::once(side(base, Some(item))).chain(
            places.iter().zip(&runs[1..]).map(|(at, run)| side(run, at.map(|at| &run.items[at]))),
        );
        flips.push(Flip {
            key: item.key.clone(),
            prompt: item.prompt.clone(),
            kind,
            instructions: item.outcomes.iter().map(|o| (o.id.clone(), o.args.clone())).collect(),
            sides: sides.collect(),
        });
    }
    flips
}

fn side(run: &Scores, item: Option<&Judged>) -> Side {
    let Some(item) = item else {
        return Side { response: None, answer: None, finish_reason: None, verdicts: Vec::new() };
    };
    let verdicts = item.outcomes.iter().map(|outcome| {
        let followed = outcome.under(run.profile);
        let reason = outcome.error.clone().unwrap_or_else(|| outcome.reason.clone());
        Verdicts { strict: followed.strict, loose: followed.loose, reason }
    });
    Side {
        response: item.response.clone(),
        answer: item.answer.clone(),
        finish_reason: item.finish_reason.as_ref().map(|reason| reason.name().to_owned()),
        verdicts: verdicts.collect(),
    }
}
