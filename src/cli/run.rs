//! `heedful run` and `heedful status`: a whole cycle by one recipe.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::train_policy;
use crate::error::{Error, Result};
use crate::place::Place;
use crate::progress;
use crate::run::plan::Plan;
use crate::run::recipe::{self, Recipe};
use crate::run::stages::Cycle;
use crate::run::{self as cycle, Event};

/// Run a whole cycle: prompts, answers, pairs, reward classifier, policy, and accuracies on
/// held-out prompts before and after, with a report.
///
/// Without a recipe the quick start: the embedded model and its own grammar, offline, in minutes.
/// A stage whose result is there is not run again; one that was cut goes on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful run
  heedful run recipes/smollm2.toml --out out/smollm2 --dry-run
  heedful run --set ifeval.prompts=input_data.jsonl --set ifeval.max-tokens=200
  heedful run --seed 2 --set policy.rate=0 --set eval.same-chance=false --out out/control --json
  heedful run --from policy --set policy.loss=gspo")]
pub(super) struct Run {
    #[command(flatten)]
    which: Which,
    /// Do this stage and those after it anew: prompts, before, ifeval-before, generate, pairs,
    /// reward, start, policy, after or ifeval-after.
    #[arg(long, value_name = "STAGE")]
    from: Option<String>,
    /// Print the stages, how they stand, their sizes and rough times, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Tell how the stages of a cycle stand: done, unfinished, missing, or stale and why.
///
/// Exits with 1 where something is left to do.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  heedful status
  heedful status recipes/smollm2.toml --out out/smollm2 --json")]
pub(super) struct Status {
    #[command(flatten)]
    which: Which,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// A recipe and where its results lie.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The recipe, in TOML; by default the quick start's.
    #[arg(value_name = "RECIPE")]
    recipe: Option<PathBuf>,
    /// The folder of the results; by default `out/` and the recipe's name.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// In place of the recipe's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A value in place of the recipe's, as `policy.rate=1e-4`; `none` takes the key away, `'none'`
    /// is the word. May be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Which {
    /// The recipe and the folder.
    pub(super) fn read(&self, more: &[String]) -> Result<(Recipe, PathBuf)> {
        let mut set = self.set.clone();
        set.extend(self.seed.map(|seed| format!("seed={seed}")));
        set.extend(more.iter().cloned());
        let recipe = recipe::read(self.recipe.as_deref(), &set)?;
        let out = self.out.clone().unwrap_or_else(|| Path::new("out").join(&recipe.name));
        Ok((recipe, out))
    }
}

/// The cycle of a recipe.
pub(super) fn cycle(recipe: &Recipe, place: Place) -> Result<Cycle<'_>> {
    let model = heedful_models::resolve(&recipe.model)?;
    let ours = ["reward", "seed", "max-tokens"];
    if let Some(key) = ours.into_iter().find(|key| recipe.policy.contains_key(*key)) {
        let problem = format!("key `policy.{key}`: the cycle itself says this");
        return Err(Error::usage(format!("recipe {}: {problem}", recipe.name)));
    }
    let mut policy = train_policy::of_table(&recipe.policy)
        .map_err(|e| Error::usage(format!("recipe {}: policy: {e}", recipe.name)))?;
    policy.seed = recipe.seed;
    policy.max_tokens = recipe.max_tokens;
    Ok(Cycle { recipe, model, policy, place })
}

impl Run {
    pub(super) fn run(self, place: Place, quiet: bool) -> Result<bool> {
        let (recipe, out) = self.which.read(&[])?;
        let cycle = cycle(&recipe, place)?;
        if self.dry_run {
            let plan = cycle::plan(&cycle, &out)?;
            tell(&plan, self.json)?;
            return Ok(true);
        }
        let outcome = watched(&cycle, &out, &out, self.from.as_deref(), quiet)?;
        if self.json {
            super::print_json(&outcome)?;
        } else {
            let report = outcome.report.display();
            super::print(&format!("{}\nreport {report}\n", outcome.text()))?;
        }
        Ok(true)
    }
}

/// Runs with a line a stage and a bar.
pub(super) fn watched(
    cycle: &Cycle<'_>,
    out: &Path,
    results: &Path,
    from: Option<&str>,
    quiet: bool,
) -> Result<crate::run::outcome::Outcome> {
    let mut bar = progress::bar("", None, true);
    let mut name = "";
    cycle::run(cycle, out, results, from, &mut |event| match event {
        Event::Found(stage) if !quiet => {
            eprintln!("{}: there already, {}", stage.name, stage.path.display());
        }
        Event::Found(_) => {}
        Event::LeftOut(line) => eprintln!("{line}"),
        Event::Begins(stage) => {
            name = stage.name;
            bar = progress::bar(name, None, quiet);
        }
        Event::Goes(done, of, word) => {
            if bar.length().is_none()
                && let Some(of) = of
            {
                bar.finish_and_clear();
                bar = progress::bar(name, Some(of), quiet);
            }
            bar.set_position(done);
            bar.set_message(format!("{name} {word}"));
        }
        Event::Ended(stage, seconds) => {
            bar.finish_and_clear();
            if !quiet {
                eprintln!("{}: {} in {seconds:.1} s", stage.name, stage.size);
            }
        }
    })
}

impl Status {
    pub(super) fn run(self, place: Place) -> Result<bool> {
        let (recipe, out) = self.which.read(&[])?;
        let plan = cycle::plan(&cycle(&recipe, place)?, &out)?;
        tell(&plan, self.json)
    }
}

/// Prints how the stages stand; true where all are there.
fn tell(plan: &Plan, as_json: bool) -> Result<bool> {
    let states = cycle::states(plan)?;
    let done = |state: &Value| state["state"] == "done";
    let left: f64 =
        states.iter().filter(|s| !done(s)).filter_map(|s| s["estimated_seconds"].as_f64()).sum();
    let all = states.iter().all(done);
    if as_json {
        let left_out = &plan.left_out;
        super::print_json(&json!({
            "stages": states, "left_out": left_out, "done": all, "estimated_seconds": left,
        }))?;
        return Ok(all);
    }
    let mut text = String::new();
    for state in &states {
        let word = |key: &str| state[key].as_str().unwrap_or_default();
        let time = match state["seconds"].as_f64() {
            Some(seconds) => format!("took {seconds:.1} s"),
            None => format!("about {} s", state["estimated_seconds"]),
        };
        let (name, how, size) = (word("stage"), word("state"), word("size"));
        text.push_str(&format!("{name:<13} {how:<11} {size}, {time}; {}\n", word("path")));
        for why in state["why"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            text.push_str(&format!("              {why}\n"));
        }
    }
    plan.left_out.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    if !all {
        text.push_str(&format!("left to do: about {left:.0} s (a rough guess)\n"));
    }
    super::print(&text)?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::run::ablate;

    #[test]
    fn every_variant_of_the_grid_is_another_cycle() {
        let mut known = BTreeMap::new();
        for variant in ablate::read(None).unwrap().variant {
            let recipe = recipe::read(None, &variant.set).unwrap();
            let plan =
                cycle::plan(&cycle(&recipe, Place::host(1)).unwrap(), Path::new("out")).unwrap();
            let last = plan.stages.last().unwrap().id.clone();
            if let Some(other) = known.insert(last, variant.name.clone()) {
                panic!("{} and {other} are one", variant.name);
            }
        }
    }
}
