//! What a training came to: `measures.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::fit::Ended;
use super::measure::{self, Against, Judge, Ranking, Truth};
use super::pairs::Pair;
use super::template;
use super::train::Run;
use crate::error::{Error, Result};
use crate::whole;

/// The file in the folder of the training.
pub const FILE: &str = "measures.json";

/// Measures of one judge by part: `dev`, `seeds` (groups that nothing was learned from), `families`
/// (constraints that nothing was learned from).
pub type Parts = BTreeMap<&'static str, Against>;

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The checkpoint.
    pub model: PathBuf,
    /// The template's version.
    pub template: &'static str,
    /// What scores are divided by.
    pub temperature: f64,
    /// Pairs by part.
    pub pairs: BTreeMap<&'static str, usize>,
    /// Constraints that nothing was learned from.
    pub held_out: Vec<String>,
    /// How the training ended.
    pub training: Ended,
    /// By judge.
    pub measures: BTreeMap<&'static str, Parts>,
    /// On graded groups, by judge.
    pub groups: BTreeMap<&'static str, Ranking>,
    /// How often labels and the classifier are true, by constraint, on all that was not learned
    /// from.
    pub truth: BTreeMap<String, Truth>,
    /// Pairs that the classifier scores in a second.
    pub pairs_per_s: f64,
    /// Baselines that could not be, and why.
    pub left_out: Vec<String>,
}

impl Outcome {
    pub(super) fn new(run: &Run<'_>, temperature: f64, training: Ended) -> Outcome {
        let mut pairs: BTreeMap<_, _> =
            parts(run).into_iter().map(|(name, part)| (name, part.len())).collect();
        pairs.insert("train", run.parts.train.len());
        Outcome {
            model: PathBuf::new(),
            template: template::VERSION,
            temperature,
            pairs,
            held_out: run.parts.held_out.clone(),
            training,
            measures: BTreeMap::new(),
            groups: BTreeMap::new(),
            truth: BTreeMap::new(),
            pairs_per_s: 0.0,
            left_out: Vec::new(),
        }
    }

    /// Measures a judge on all parts and groups.
    pub(super) fn judge(
        &mut self,
        run: &Run<'_>,
        name: &'static str,
        judge: Judge<'_>,
    ) -> Result<()> {
        let mut measured = Parts::new();
        let (mut all, mut answers) = (Vec::new(), Vec::new());
        for (part, members) in parts(run) {
            let pairs: Vec<&Pair> = members.iter().map(|&at| &run.pairs[at]).collect();
            let questions: Vec<_> = pairs.iter().map(|pair| pair.question()).collect();
            let scores = judge(&questions)?;
            measured.insert(part, measure::against(&pairs, &scores));
            all.extend(pairs);
            answers.extend(scores);
        }
        if name == CLASSIFIER {
            self.truth = measure::truths(&all, &answers);
        }
        self.measures.insert(name, measured);
        if let Some(ranking) = measure::rank(&run.groups, judge)? {
            self.groups.insert(name, ranking);
        }
        Ok(())
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|e| Error::usage(format!("the measures cannot be written: {e}")))?;
        whole::write(&folder.join(FILE), |out| {
            let path = folder.join(FILE);
            writeln!(out, "{text}").map_err(|e| Error::io(&path, e))
        })
    }
}

/// The classifier's name among the judges.
pub const CLASSIFIER: &str = "classifier";

/// What was not learned from.
fn parts<'a>(run: &'a Run<'_>) -> [(&'static str, &'a [usize]); 3] {
    let parts = &run.parts;
    [("dev", &parts.dev), ("families", &parts.families), ("seeds", &parts.seeds)]
}
