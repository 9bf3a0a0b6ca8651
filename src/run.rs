//! The whole cycle by one recipe: prompts, answers, pairs, classifier, policy, and what all of it
//! brought, measured before and after.
//!
//! Stages lie side by side in a folder, each named by a digest of what it depends on. One that is
//! there is not run again; one that was cut goes on.

pub mod ablate;
pub mod compare;
pub mod evaluate;
pub mod ifeval;
pub mod judged;
pub mod outcome;
mod page;
pub mod plan;
pub mod recipe;
mod sound;
pub mod stages;
mod start;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Instant;

use heedful_models::pull;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::train::policy;
use outcome::Outcome;
use plan::{Plan, State};
use recipe::{Recipe, Source};
use stages::Cycle;

/// What is told of a run.
pub enum Event<'a> {
    /// A stage is there already.
    Found(&'a plan::Stage),
    /// A stage begins.
    Begins(&'a plan::Stage),
    /// It is so far: done, of how many, and a word on it.
    Goes(u64, Option<u64>, &'a str),
    /// What the recipe asks for is not done, and why.
    LeftOut(&'a str),
    /// It ended, after so many seconds.
    Ended(&'a plan::Stage, f64),
}

/// The stages of a recipe, for results in `out`.
///
/// # Errors
/// A recipe of prompts that cannot be read; official prompts that are not there or no such.
pub fn plan(cycle: &Cycle<'_>, out: &Path) -> Result<Plan> {
    let Cycle { recipe, policy, model, .. } = cycle;
    let mut plan = Plan::new(out, cycle.place.mark());
    let weights = pull::digest(model)?;
    let prompts = &recipe.prompts;
    let guess = Guess::of(cycle)?;
    let settings = drawing(recipe)?;
    let asked = plan.add("prompts", settings, &[], (format!("{} ladders", prompts.train), 2.0));
    let measured = prompts.test * prompts.test_levels as u64 + prompts.held_out + prompts.bare;
    let answers = measured * u64::from(recipe.eval.samples + 1);
    let eval = |name| {
        json!({
            "model": weights, "samples": recipe.eval.samples, "max_tokens": recipe.max_tokens,
            "seed": stages::chance(recipe, name),
        })
    };
    let before = guess.sampling(answers);
    plan.add("before", eval("before"), &[asked], before.clone());
    let official = ifeval::plan(cycle, &mut plan, (&weights, &guess))?;
    let mut parents = vec![asked];
    if let Some(pairs) = &recipe.pairs {
        let levels = prompts.labelled_levels.unwrap_or(prompts.levels) as u64;
        let settings = json!({
            "model": weights, "samples": pairs.samples, "max_tokens": recipe.max_tokens,
            "seed": recipe.seed,
        });
        let answers = prompts.labelled * (prompts.levels as u64 + 1) * u64::from(pairs.samples);
        let generated = plan.add("generate", settings, &[asked], guess.sampling(answers));
        let labelled = prompts.labelled * levels * u64::from(pairs.samples) * 2;
        let settings = json!({"labels": pairs.labels, "reach": pairs.reach});
        let size = (format!("up to {labelled} pairs"), 1.0);
        let paired = plan.add("pairs", settings, &[asked, generated], size);
        let mut settings = json!(recipe.reward);
        settings["model"] = json!(weights);
        settings["seed"] = json!(recipe.seed);
        settings["soft_only"] = json!(pairs.soft_only);
        let size = guess.reading(labelled * recipe.reward.epochs, recipe.reward.length / 2, 3.0);
        parents.push(plan.add("reward", settings, &[asked, paired], size));
    }
    if let Some(cold) = &recipe.cold_start {
        let mut settings = json!(cold);
        settings["model"] = json!(weights);
        settings["asked"] = json!({"seed": recipe.seed, "max_tokens": recipe.max_tokens});
        let reading = format!("{} {:?}", policy.profile, policy.thinking);
        settings["policy"] = json!([policy.length, policy.tokens, reading]);
        let (size, seconds) = guess.sampling(cold.prompts as u64 * u64::from(cold.samples));
        let read = guess.reading(cold.prompts as u64 * cold.epochs, recipe.max_tokens, 3.0).1;
        parents.push(plan.add("start", settings, &[asked], (size, seconds + read)));
    }
    let mut settings = policy::settings(policy);
    settings["model"] = json!(weights);
    // Parents tell what it learns from and who judges.
    settings["data"] = Value::Null;
    settings["reward"] = Value::Null;
    let samples = policy.steps * policy.prompts as u64 * u64::from(policy.group);
    let (size, seconds) = guess.sampling(samples);
    let learning = guess.reading(samples, recipe.max_tokens, 3.0).1;
    let size = format!("{} steps, {size}", policy.steps);
    let trained = plan.add("policy", settings, &parents, (size, seconds + learning));
    plan.add("after", eval("after"), &[asked, trained], before);
    if let Some((settings, size)) = official {
        plan.add(ifeval::STAGES[1], settings, &[trained], size);
    }
    Ok(plan)
}

/// What the prompts depend on.
fn drawing(recipe: &Recipe) -> Result<Value> {
    let prompts = &recipe.prompts;
    let text = match &prompts.recipe {
        Some(path) => std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?,
        None => match prompts.source {
            Source::Grammar => "embedded".to_owned(),
            Source::Build => heedful_datasets::recipe::DEFAULT.to_owned(),
        },
    };
    let mut settings = json!(prompts);
    settings["recipe"] = json!(blake3::hash(text.as_bytes()).to_hex()[..12]);
    settings["seed"] = json!(recipe.seed);
    settings["groups"] = json!(recipe.reward.groups);
    settings["version"] = json!(env!("CARGO_PKG_VERSION"));
    Ok(settings)
}

/// Rough times of what goes through the model.
struct Guess {
    /// Floating-point operations of a token.
    token: f64,
    /// Operations a second.
    rate: f64,
    /// Tokens of an answer at most.
    max_tokens: usize,
}

impl Guess {
    fn of(cycle: &Cycle<'_>) -> Result<Guess> {
        let checkpoint = heedful_models::Checkpoint::open(&cycle.model)?;
        let layout = heedful_models::params::Layout::new(
            checkpoint.config(),
            heedful_models::config::Head::Lm,
        )?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = cycle.place.threads;
        let threads = if threads == 0 { cores } else { threads.min(cores) };
        // Measured at small shapes on machines with AVX2: 25 GFLOP/s a thread.
        let rate = 25e9 * threads as f64;
        let max_tokens = cycle.recipe.max_tokens;
        Ok(Guess { token: 2.0 * layout.len() as f64, rate, max_tokens })
    }

    fn sampling(&self, answers: u64) -> (String, f64) {
        self.answering(answers, self.max_tokens)
    }

    /// Answers are taken to be half as long as they may be.
    fn answering(&self, answers: u64, max_tokens: usize) -> (String, f64) {
        let seconds = answers as f64 * max_tokens as f64 / 2.0 * self.token / self.rate;
        (format!("{answers} answers"), 1.0 + seconds)
    }

    fn reading(&self, rows: u64, tokens: usize, passes: f64) -> (String, f64) {
        let seconds = rows as f64 * tokens as f64 * self.token * passes / self.rate;
        (format!("{rows} sequences"), 1.0 + seconds)
    }
}

/// Runs what is not there yet in `out`, all stages from `from` on anew, and tells what came of it.
/// The page is written to `report.html` in the folder `results`, the figures to `run.json`.
///
/// # Errors
/// Of a stage; an unknown name in `from`, or a stage before it that is not there.
pub fn run(
    cycle: &Cycle<'_>,
    out: &Path,
    results: &Path,
    from: Option<&str>,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
    let began = Instant::now();
    let plan = plan(cycle, out)?;
    std::fs::create_dir_all(results).map_err(|e| Error::io(results, e))?;
    let _alone = alone(out)?;
    if let Some(from) = from {
        forget(&plan, from)?;
    }
    plan.left_out.iter().for_each(|line| watch(Event::LeftOut(line)));
    for (at, stage) in plan.stages.iter().enumerate() {
        if matches!(plan.state(at)?, State::Done { .. }) {
            watch(Event::Found(stage));
            continue;
        }
        watch(Event::Begins(stage));
        let began = Instant::now();
        cycle.run(&plan, at, &mut |done, of, word| watch(Event::Goes(done, of, word)))?;
        let seconds = began.elapsed().as_secs_f64();
        stage.finish(&plan, seconds)?;
        watch(Event::Ended(stage, seconds));
    }
    let outcome = Outcome::read(cycle, &plan, results, began.elapsed().as_secs_f64())?;
    outcome.write(&plan, results)?;
    Ok(outcome)
}

/// Holds the folder for as long as the file lives: two runs would write each other's stages.
fn alone(out: &Path) -> Result<File> {
    std::fs::create_dir_all(out).map_err(|e| Error::io(out, e))?;
    let path = out.join(".lock");
    let file = File::create(&path).map_err(|e| Error::io(&path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::usage(format!("{}: another run works here", out.display())))
        }
        Err(TryLockError::Error(e)) => Err(Error::io(&path, e)),
    }
}

/// Removes the results of a stage and of those after it.
fn forget(plan: &Plan, from: &str) -> Result<()> {
    let first = plan.stages.iter().position(|stage| stage.name == from).ok_or_else(|| {
        let names: Vec<&str> = plan.stages.iter().map(|stage| stage.name).collect();
        Error::usage(format!("--from {from}: no such stage; there are {}", names.join(", ")))
    })?;
    for (at, stage) in plan.stages[..first].iter().enumerate() {
        if !matches!(plan.state(at)?, State::Done { .. }) {
            let (name, path) = (stage.name, stage.path.display());
            return Err(Error::usage(format!("--from {from}: {name} is not there: {path}")));
        }
    }
    for stage in &plan.stages[first..] {
        if stage.path.exists() {
            std::fs::remove_dir_all(&stage.path).map_err(|e| Error::io(&stage.path, e))?;
        }
    }
    Ok(())
}

/// The plan and how its stages stand, as JSON.
///
/// # Errors
/// Of the system.
pub fn states(plan: &Plan) -> Result<Vec<Value>> {
    let of = |at: usize| {
        let stage = &plan.stages[at];
        let mut told = json!(plan.state(at)?);
        told["stage"] = json!(stage.name);
        told["id"] = json!(stage.id);
        told["path"] = json!(stage.path);
        told["size"] = json!(stage.size);
        told["estimated_seconds"] = json!(stage.guess.round());
        Ok(told)
    };
    (0..plan.stages.len()).map(of).collect()
}
