//! IFEval before and after: the likeliest answers to the official prompts, scored as
//! `heedful eval ifeval` scores them, and their paired differences.
//!
//! The prompts are not ours to hand on, so a recipe names a file that may not be there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use heedful_benchmarks::items::Items;
use heedful_benchmarks::metrics::Metric;
use heedful_benchmarks::score::Setting;
use heedful_benchmarks::sheet::Figure;
use heedful_benchmarks::statistics::Interval;
use heedful_benchmarks::thinking::Policy;
use heedful_benchmarks::{ifeval, verifiable};
use heedful_constraints::Profile;
use serde::Serialize;
use serde_json::{Value, json};

use super::Guess;
use super::plan::{Plan, Stage};
use super::recipe::{Ifeval, Missing};
use super::stages::{Asking, Cycle, Watch, only};
use crate::error::{Error, Result};
use crate::evaluate::{self, Config};
use crate::report::{self, Source};
use crate::revision;

/// The stages' names.
pub const STAGES: [&str; 2] = ["ifeval-before", "ifeval-after"];

/// The published reading; the scores hold the other beside it.
const SETTING: Setting =
    Setting { profile: Profile::Official, thinking: Policy::None, prefilled: false };

/// IFEval of a cycle, as `run.json` has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Official {
    /// It was measured.
    Measured(Box<Measured>),
    /// The prompts are not there, and the recipe takes that.
    LeftOut {
        /// What is not there.
        left_out: String,
    },
}

/// The four accuracies before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Each accuracy by its name.
    #[serde(flatten)]
    pub metrics: BTreeMap<String, Change>,
    /// Prompts.
    pub prompts: usize,
    /// The digest of the prompts.
    pub dataset: String,
    /// The version of the reading.
    pub profile: String,
    /// Tokens of an answer at most.
    pub max_tokens: usize,
    /// The share of answers that this limit cut, before and after, in percent.
    pub truncated: [f64; 2],
    /// The answers, before and after: artifacts for `heedful eval ifeval`.
    pub answers: [PathBuf; 2],
    /// Their scores: artifacts for `heedful report`.
    pub scores: [PathBuf; 2],
}

/// An accuracy before and after, in percent; the difference in points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// Prompts or instructions.
    pub total: u64,
    /// Before.
    pub before: f64,
    /// Its 95 % interval, as `heedful eval ifeval` has it.
    pub before_interval: Interval,
    /// After.
    pub after: f64,
    /// Its 95 % interval.
    pub after_interval: Interval,
    /// After less before.
    pub gain_points: f64,
    /// Its 95 % interval: bootstrap over prompts, both answers of each together.
    pub interval: Interval,
    /// That there is no difference, as `heedful report` tests it.
    pub p: f64,
    /// The same after Holm's correction over the four.
    pub p_holm: f64,
}

/// The first of the places that holds the prompts.
fn find(with: &Ifeval) -> std::result::Result<&Path, String> {
    let found = with.places.iter().find(|path| path.exists());
    found.map(PathBuf::as_path).ok_or_else(|| {
        let places: Vec<String> = with.places.iter().map(|p| p.display().to_string()).collect();
        format!("no official prompts at {}", places.join(" or "))
    })
}

/// The prompts, all of which can be scored.
fn prompts(with: &Ifeval) -> Result<(&Path, Items)> {
    let path = find(with).map_err(|missing| {
        let hint = "or set `ifeval.when-missing` to \"skip\"";
        Error::usage(format!(
            "key `ifeval.prompts`: {missing}; name their folder in \
                              HEEDFUL_DATA, {hint}"
        ))
    })?;
    let items = verifiable::prompts(path, &SETTING)?;
    if let Some(key) = items.repeated_keys.first() {
        return Err(Error::usage(format!("{}: the key `{key}` stands twice", path.display())));
    }
    Ok((path, items))
}

/// Adds the stage before, or a line that says why it is not there, and gives settings and size of
/// the one after.
///
/// # Errors
/// Prompts that are not there, unless the recipe takes that; that cannot be scored.
pub(super) fn plan(
    cycle: &Cycle<'_>,
    plan: &mut Plan,
    (weights, guess): (&str, &Guess),
) -> Result<Option<(Value, (String, f64))>> {
    let Some(with) = &cycle.recipe.ifeval else { return Ok(None) };
    if let (Err(missing), Missing::Skip) = (find(with), with.when_missing) {
        plan.left_out.push(format!("IFEval is left out: {missing}"));
        return Ok(None);
    }
    let (_, items) = prompts(with)?;
    let max_tokens = with.max_tokens.unwrap_or(cycle.recipe.max_tokens);
    let settings = json!({
        "model": weights, "prompts": items.digest, "max_tokens": max_tokens,
        "profile": SETTING.profile.version(),
    });
    let size = guess.answering(items.list.len() as u64, max_tokens);
    plan.add(STAGES[0], settings.clone(), &[], size.clone());
    Ok(Some((settings, size)))
}

/// Answers the prompts and scores the answers, in the stage's folder; what was answered before a
/// kill is not asked again.
pub(super) fn run(cycle: &Cycle<'_>, model: &Path, stage: &Stage, watch: Watch<'_>) -> Result<()> {
    let none = || Error::usage(format!("stage {}: the recipe has no `ifeval`", stage.name));
    let with = cycle.recipe.ifeval.as_ref().ok_or_else(none)?;
    let (path, items) = prompts(with)?;
    if stage.settings["prompts"] != items.digest.as_str() {
        let problem = "was changed while the cycle ran";
        return Err(Error::usage(format!("{}: {problem}", path.display())));
    }
    let asking = Asking {
        files: &[path.to_owned()],
        limit: usize::MAX,
        samples: 1,
        model,
        temperature: 0.0,
        max_tokens: with.max_tokens.unwrap_or(cycle.recipe.max_tokens),
        // The likeliest answer has no chance in it.
        seed: 0,
    };
    let responses = cycle.respond(stage, &asking, watch)?;
    evaluate::verifiable(&Config {
        benchmark: &ifeval::ABOUT,
        prompts: path.to_owned(),
        responses,
        setting: SETTING,
        out: Some(stage.path.clone()),
        name: Some("scores".to_owned()),
        revision: revision::current(),
    })?;
    Ok(())
}

/// What came of it; none where the recipe does not ask for it.
pub(super) fn read(cycle: &Cycle<'_>, plan: &Plan) -> Result<Option<Official>> {
    let Some(with) = &cycle.recipe.ifeval else { return Ok(None) };
    let folders = STAGES.map(|name| plan.stages.iter().find(|stage| stage.name == name));
    let [Some(before), Some(after)] = folders else {
        let left_out = plan.left_out.join("; ");
        return Ok(Some(Official::LeftOut { left_out }));
    };
    let both = |start: &str| -> Result<[PathBuf; 2]> {
        Ok([only(&before.path, start)?, only(&after.path, start)?])
    };
    let (answers, scores) = (both("responses-")?, both("scores-")?);
    let [first, last] = &scores;
    let runs = [Source::named("before", first), Source::named("after", last)];
    let found = report::run(&report::Config::of(runs.into()))?;
    let metrics = found.headline.iter().filter_map(|line| {
        let [Some(before), Some(after)] = &line.figures[..] else { return None };
        let [Some(delta)] = &line.deltas[..] else { return None };
        Some((line.metric.clone(), change(before, after, delta)))
    });
    let cut = |run: &report::Facts| run.truncation.map_or(0.0, |cut| 100.0 * cut.cap_hit.rate);
    let measured = found.benchmarks.first().map(|benchmark| &benchmark.runs[..]);
    let Some([Some(first), Some(last)]) = measured else {
        return Err(Error::usage("IFEval: not two runs to compare"));
    };
    Ok(Some(Official::Measured(Box::new(Measured {
        metrics: metrics.collect(),
        prompts: first.items,
        dataset: first.dataset.clone(),
        profile: first.settings.get("profile_version").cloned().unwrap_or_default(),
        max_tokens: with.max_tokens.unwrap_or(cycle.recipe.max_tokens),
        truncated: [cut(first), cut(last)],
        answers,
        scores,
    }))))
}

fn change(before: &Figure, after: &Figure, delta: &report::Delta) -> Change {
    let of = |low: f64, high: f64| Interval { low: 100.0 * low, high: 100.0 * high };
    Change {
        total: before.size as u64,
        before: 100.0 * before.value,
        before_interval: of(before.low, before.high),
        after: 100.0 * after.value,
        after_interval: of(after.low, after.high),
        gain_points: 100.0 * delta.paired.difference,
        interval: of(delta.paired.low, delta.paired.high),
        p: delta.paired.p,
        p_holm: delta.p_holm,
    }
}

impl Measured {
    /// The heads of [`Measured::rows`].
    pub const HEAD: [&'static str; 7] =
        ["accuracy", "of", "before", "after", "gain", "95 %", "p (Holm)"];

    /// The four accuracies as cells of a table.
    pub fn rows(&self) -> Vec<[String; 7]> {
        let row = |name: &str, one: &Change| {
            let Interval { low, high } = one.interval;
            let p = match one.p_holm {
                p if p < 0.001 => "< 0.001".to_owned(),
                p => format!("{p:.3}"),
            };
            [
                name.replace('_', ", "),
                one.total.to_string(),
                format!("{:.1}", one.before),
                format!("{:.1}", one.after),
                format!("{:+.1}", one.gain_points),
                format!("{low:+.1} … {high:+.1}"),
                p,
            ]
        };
        let all = Metric::ALL.into_iter().map(Metric::name);
        all.filter_map(|name| Some(row(name, self.metrics.get(name)?))).collect()
    }

    /// What the table is about.
    pub fn about(&self) -> String {
        let [before, after] = self.truncated;
        format!(
            "The likeliest answers to {} official prompts, {} tokens at most (cut: {before:.1} % \
             before, {after:.1} % after), read as {}; in percent, gains in points.",
            self.prompts, self.max_tokens, self.profile
        )
    }
}

impl Official {
    /// For a terminal, in Markdown.
    pub fn text(&self) -> String {
        let found = match self {
            Official::LeftOut { left_out } => return format!("\n**{left_out}**\n"),
            Official::Measured(found) => found,
        };
        let mut text = format!("\nIFEval. {}\n\n", found.about());
        text.push_str(&format!("| {} |\n", Measured::HEAD.join(" | ")));
        text.push_str("|---|---:|---:|---:|---:|---:|---:|\n");
        for row in found.rows() {
            text.push_str(&format!("| {} |\n", row.join(" | ")));
        }
        text
    }
}
