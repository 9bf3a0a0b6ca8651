//! Benchmarks of verifiable instructions, scored as their official scorers do: IFEval and IFBench
//! share their layout, their modes and their four accuracies.

use std::path::Path;

use crate::error::Result;
use crate::items::{self, Items};
use crate::join::{self, Joined, Report, Row};
use crate::responses::{self, Response};
use crate::score::{Judged, Setting, score};
use crate::statistics::bootstrap::Plan;
use crate::thinking::Counts;

/// The draws behind the instruction-level intervals of one run.
pub const PLAN: Plan = Plan { resamples: 2_000, seed: 0 };

/// A scored run.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Every item of the prompts file, in its order; a row a sample, where there are several.
    pub items: Vec<Judged>,
    /// The digest of the items.
    pub dataset: String,
    /// What did not join one to one.
    pub join: Report,
    /// How the reasoning blocks stood.
    pub thinking: Counts,
}

/// Scores the responses in `responses` to the prompts in `prompts`: of a file the last one to a
/// prompt, as the official scorers do; of an artifact every sample.
///
/// # Errors
/// A file or a line that cannot be taken, or an instruction that no rule can take.
pub fn run(prompts: &Path, responses: &Path, setting: &Setting) -> Result<Evaluation> {
    let (items, answers) = rayon::join(|| items::read(prompts), || responses::read(responses));
    let (items, answers) = (items?, answers?);
    let (items, joined) = match responses::samples(responses)? {
        0..=1 => {
            let joined = join::join(&items, &answers);
            (items, joined)
        }
        _ => samples(&items, &answers),
    };
    if let (true, Some(item), Some(first)) =
        (joined.of_item.iter().all(Option::is_none), items.list.first(), answers.first())
    {
        let named = (first.key.as_deref(), first.prompt.as_deref());
        return join::nothing(responses, answers.len(), named, (&item.key, &item.prompt));
    }
    let judged = score(&items, &answers, &joined, setting, prompts)?;
    let mut thinking = Counts::default();
    for item in &judged {
        if let Some(state) = item.thinking {
            thinking.add(state, item.irregular);
        }
    }
    Ok(Evaluation { items: judged, dataset: items.digest, join: joined.report, thinking })
}

/// A row a sample.
fn samples(items: &Items, answers: &[Response]) -> (Items, Joined) {
    let (of_item, report) = join::join_all(items, answers);
    let rows = join::rows(&of_item);
    let told = |row: &Row| row.answer.filter(|&at| answers[at].text.is_some());
    let of_item = rows.iter().map(told).collect();
    (join::items_of(&rows, items), Joined { of_item, report })
}

/// Reads the prompts and compiles their instructions, so that a file that cannot be scored is
/// refused before anything is asked.
///
/// # Errors
/// As [`run`], of the prompts alone.
pub fn prompts(path: &Path, setting: &Setting) -> Result<Items> {
    let items = items::read(path)?;
    score(&items, &[], &join::join(&items, &[]), setting, path)?;
    Ok(items)
}
