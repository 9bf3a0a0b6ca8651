//! Benchmarks of verifiable instructions, scored as their official scorers do: IFEval and IFBench
//! share their layout, their modes and their four accuracies.

use std::path::Path;

use crate::error::Result;
use crate::items::{self, Items};
use crate::join::{self, Report};
use crate::responses;
use crate::score::{Judged, Setting, score};
use crate::statistics::bootstrap::Plan;
use crate::thinking::Counts;

/// The draws behind the instruction-level intervals of one run.
pub const PLAN: Plan = Plan { resamples: 2_000, seed: 0 };

/// A scored run.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Every item of the prompts file, in its order.
    pub items: Vec<Judged>,
    /// The digest of the items.
    pub dataset: String,
    /// What did not join one to one.
    pub join: Report,
    /// How the reasoning blocks stood.
    pub thinking: Counts,
}

/// Scores the responses in `responses` to the prompts in `prompts`.
///
/// # Errors
/// A file or a line that cannot be taken, or an instruction that no rule can take.
pub fn run(prompts: &Path, responses: &Path, setting: &Setting) -> Result<Evaluation> {
    let (items, answers) = rayon::join(|| items::read(prompts), || responses::read(responses));
    let (items, answers) = (items?, answers?);
    let joined = join::join(&items, &answers);
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
