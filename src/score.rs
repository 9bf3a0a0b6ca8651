//! The stage `score`: answers that other tools wrote × our rules → scores.

use std::path::PathBuf;

use heedful_benchmarks::catalogue;
use heedful_benchmarks::exchange::{self, Agreement, Layout, Rescored, ScoreCheck};
use heedful_benchmarks::score::Setting;
use heedful_benchmarks::scores::{self, Origin};
use heedful_constraints::registry::{self, Origin as RuleOrigin};
use heedful_datasets::manifest::Revision;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::evaluate;

/// What to score and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file of answers.
    pub answers: PathBuf,
    /// Its layout; by default what its content shows.
    pub layout: Option<Layout>,
    /// The benchmark that the scores are of; by default by the ids of the instructions.
    pub benchmark: Option<&'static catalogue::Benchmark>,
    /// The prompts with their constraints; by default those that the file holds.
    pub prompts: Option<PathBuf>,
    /// The one sample of each prompt to score, from 1; by default all.
    pub sample: Option<usize>,
    /// Profile and thinking policy.
    pub setting: Setting,
    /// The folder to write the scores artifact into; `None` writes none.
    pub out: Option<PathBuf>,
    /// The name of the run; by default that of the file.
    pub name: Option<String>,
    /// The code that runs, for the manifest.
    pub revision: Revision,
}

/// Scored answers; as JSON it is what `heedful score --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// What `heedful eval` tells of a run.
    #[serde(flatten)]
    pub run: evaluate::Outcome,
    /// The layout of the file.
    pub layout: &'static str,
    /// The benchmark.
    pub benchmark: &'static str,
    /// Where the constraints are from: `file` or `prompts`.
    pub constraints: &'static str,
    /// How many prompts.
    pub prompts: usize,
    /// How many responses were judged.
    pub responses: usize,
    /// The fewest and the most samples of a prompt that has any.
    pub samples: [usize; 2],
    /// Tokens of a response, where the file tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<f64>,
    /// How the verdicts of the file compare with ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
    /// How its plain scores compare with our verdicts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ScoreCheck>,
    /// What a reader must know beside the figures.
    pub notes: Vec<String>,
}

/// Reads the answers and judges them.
///
/// # Errors
/// A file that cannot be taken, an item that no rule can take; scores that cannot be written.
pub fn run(config: &Config) -> Result<Outcome> {
    let answers = exchange::read(&config.answers, config.layout)?;
    let how = exchange::Config {
        path: &config.answers,
        prompts: config.prompts.as_deref(),
        setting: &config.setting,
        sample: config.sample,
    };
    let scored = exchange::rescore(&answers, &how)?;
    let benchmark = config.benchmark.map_or_else(|| of_rules(&scored), Ok)?;
    let artifact = match &config.out {
        None => None,
        Some(out) => {
            let name = config.name.clone();
            let origin = Origin {
                benchmark: benchmark.name,
                name: &name.unwrap_or_else(|| evaluate::default_name(&config.answers)),
                prompts: config.prompts.as_deref().unwrap_or(&config.answers),
                responses: &config.answers,
                setting: &config.setting,
                read_as: Some((answers.layout.name(), config.sample)),
                generation: None,
            };
            let (run, metrics) = (&scored.evaluation, &scored.metrics);
            Some(scores::write(out, &origin, run, metrics, config.revision.clone())?)
        }
    };
    let Rescored { prompts, responses, fewest, most, tokens, .. } = scored;
    Ok(Outcome {
        layout: answers.layout.name(),
        benchmark: benchmark.name,
        constraints: if config.prompts.is_some() { "prompts" } else { "file" },
        prompts,
        responses,
        samples: [fewest, most],
        tokens,
        agreement: scored.agreement,
        scores: scored.scores,
        notes: scored.notes,
        run: evaluate::Outcome::new(scored.evaluation, scored.metrics, &config.setting, artifact),
    })
}

/// IFBench where every rule is one of its own, else IFEval, whose layout all others share.
fn of_rules(scored: &Rescored) -> Result<&'static catalogue::Benchmark> {
    let mut ids = scored.evaluation.items.iter().flat_map(|item| &item.outcomes);
    let all = ids.all(|outcome| registry::origin(&outcome.id) == Some(RuleOrigin::IfBench));
    let name = if all { "ifbench" } else { "ifeval" };
    catalogue::find(name).ok_or_else(|| Error::usage(format!("no benchmark `{name}`")))
}

impl Outcome {
    /// The tables for a terminal, in Markdown.
    pub fn markdown(&self) -> String {
        let Outcome { prompts, responses, samples: [fewest, most], layout, .. } = self;
        let samples = match (fewest, most) {
            (_, 0..=1) => String::new(),
            (a, b) if a == b => format!(", {b} samples a prompt"),
            (a, b) => format!(", {a} to {b} samples a prompt"),
        };
        let from = match self.constraints {
            "file" => "constraints from the file itself",
            _ => "constraints from the prompts",
        };
        let mut text = format!(
            "{responses} responses to {prompts} prompts{samples} (layout {layout}, {from}, \
             {})\n\n",
            self.benchmark
        );
        text.push_str(&self.run.markdown());
        for note in &self.notes {
            text.push_str(&format!("\n{note}\n"));
        }
        if let Some(agreement) = &self.agreement {
            text.push_str(&agreed(agreement));
        }
        for check in &self.scores {
            let mean =
                |mean: Option<f64>| mean.map_or("–".to_owned(), |mean| format!("{mean:.3}"));
            text.push_str(&format!(
                "\nscore `{}` of {} responses: mean {} where all is followed, {} elsewhere\n",
                check.name,
                check.responses,
                mean(check.followed),
                mean(check.not_followed)
            ));
        }
        text
    }
}

/// Recorded verdicts beside ours: counts, and the first that differ.
fn agreed(agreement: &Agreement) -> String {
    const SHOWN: usize = 10;
    let mut text =
        String::from("\n| verdicts of the file | the same | compared |\n|---|---:|---:|\n");
    for (of, tally) in &agreement.tallies {
        text.push_str(&format!("| {of} | {} | {} |\n", tally.same, tally.compared));
    }
    if agreement.differing == 0 {
        text.push_str("\nEvery recorded verdict is ours as well.\n");
        return text;
    }
    text.push_str(&format!("\n{} differ", agreement.differing));
    if agreement.differing as usize > SHOWN {
        text.push_str(&format!(", the first {SHOWN}"));
    }
    text.push_str(":\n");
    for one in agreement.disagreements.iter().take(SHOWN) {
        let what = one.instruction.as_deref().unwrap_or("the prompt");
        let why = one.reason.as_ref().map_or(String::new(), |reason| format!(" ({reason})"));
        text.push_str(&format!(
            "  {}, item {}, {}, {what}: theirs {}, ours {}{why}\n",
            one.place, one.key, one.of, one.theirs, one.ours
        ));
    }
    text
}
