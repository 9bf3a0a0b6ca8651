//! The stages of a cycle: how each is planned, and what it does.

use std::path::{Path, PathBuf};

use heedful_benchmarks::thinking;
use heedful_constraints::Profile;
use heedful_datasets::manifest::Plan as Identity;
use heedful_datasets::{artifact, grammar, recipe as build, stage};
use heedful_kernels::{Dtype, sample};
use heedful_models::engine::{Keep, Settings as Slots};
use heedful_models::generate::Overlong;
use heedful_models::save;
use heedful_models::schedule::Shape;
use serde_json::json;

use super::evaluate::{self, Ask};
use super::ifeval;
use super::judged::{self, Item};
use super::plan::{Plan, Stage};
use super::recipe::{Recipe, Source};
use super::start;
use crate::error::{Error, Result};
use crate::generate::{self, Job, input, local};
use crate::place::Place;
use crate::reward::split::Split;
use crate::reward::template::Template;
use crate::reward::train::{self as reward, Reward};
use crate::train::policy::{self, Policy};
use crate::{demonstrate, pairs, revision};

/// A cycle that is about to run.
pub struct Cycle<'a> {
    /// The recipe.
    pub recipe: &'a Recipe,
    /// The checkpoint.
    pub model: PathBuf,
    /// How the policy is trained; model, data, classifier and folder are filled in here.
    pub policy: Policy,
    /// Where the model runs.
    pub place: Place,
}

/// Told how far a stage is: what is done, of how much where that is known, and a word on it.
pub type Watch<'a> = &'a mut dyn FnMut(u64, Option<u64>, &str);

/// The folder of prompts: files of the grammar, or the tables of a dataset.
pub(super) struct Asked {
    pub(super) train: Vec<PathBuf>,
    ladders: PathBuf,
    test: Vec<PathBuf>,
    held_out: Vec<PathBuf>,
    bare: Vec<PathBuf>,
    groups: Option<PathBuf>,
}

/// What is asked of a policy, for an artifact of responses.
pub(super) struct Asking<'a> {
    /// The prompts.
    pub(super) files: &'a [PathBuf],
    /// Takes only the first so many of them.
    pub(super) limit: usize,
    /// Samples of each.
    pub(super) samples: u32,
    /// The checkpoint that answers.
    pub(super) model: &'a Path,
    /// Divides the logits; 0 is greedy.
    pub(super) temperature: f32,
    /// Tokens of an answer at most.
    pub(super) max_tokens: usize,
    /// Of the samples.
    pub(super) seed: u64,
}

impl Cycle<'_> {
    /// Runs one stage, in its folder.
    ///
    /// # Errors
    /// Of the stage.
    pub fn run(&self, plan: &Plan, at: usize, watch: Watch<'_>) -> Result<()> {
        let stage = &plan.stages[at];
        std::fs::create_dir_all(&stage.path).map_err(|e| Error::io(&stage.path, e))?;
        let of = |name: &str| {
            let found = plan.stages.iter().find(|stage| stage.name == name);
            found.ok_or_else(|| Error::usage(format!("the plan has no stage {name}")))
        };
        let prompts = of("prompts")?;
        match stage.name {
            "prompts" => self.prompts(stage),
            "generate" => self.generate(&asked(self.recipe, &prompts.path)?, stage, watch),
            "pairs" => self.pairs(&asked(self.recipe, &prompts.path)?, of("generate")?, stage),
            "reward" => {
                self.reward(&asked(self.recipe, &prompts.path)?, of("pairs")?, stage, watch)
            }
            "start" => {
                let cold = self.recipe.cold_start.clone().unwrap_or_default();
                start::run(self, &cold, &asked(self.recipe, &prompts.path)?, stage, watch)
            }
            "policy" => self.policy(&asked(self.recipe, &prompts.path)?, plan, stage, watch),
            "before" => self.evaluate(&prompts.path, &self.model, stage, watch),
            "ifeval-before" => ifeval::run(self, &self.model, stage, watch),
            "after" | "ifeval-after" => {
                let trained = of("policy")?.path.join("model");
                match stage.name {
                    "after" => self.evaluate(&prompts.path, &trained, stage, watch),
                    _ => ifeval::run(self, &trained, stage, watch),
                }
            }
            other => Err(Error::usage(format!("nothing is known of a stage {other}"))),
        }
    }

    fn prompts(&self, stage: &Stage) -> Result<()> {
        let recipe = &self.recipe.prompts;
        if recipe.source == Source::Build {
            let made = match &recipe.recipe {
                Some(path) => build::read(path)?,
                None => build::parse(build::DEFAULT, "the embedded recipe", Path::new(""))?,
            };
            stage::build(&made, &stage.path, revision::current(), &|_| {})?;
            return Ok(());
        }
        let mut drawn = demonstrate::recipe(recipe.recipe.as_deref())?;
        if !recipe.soft.is_empty() {
            drawn.soft.include.clone_from(&recipe.soft);
        }
        let seed = self.recipe.seed;
        let of = |drawn: &grammar::Recipe, name: &str, split, levels: (usize, usize), rows: u64| {
            let what = demonstrate::What::Prompts(split, levels.0, levels.1);
            demonstrate::write(drawn.clone(), seed, what, 0, rows, &stage.path.join(name))
        };
        let write = |name: &str, split, levels, rows| of(&drawn, name, split, levels, rows);
        let top = recipe.test_levels;
        let lowest = if recipe.decompose { 1 } else { recipe.levels };
        write("train.jsonl", grammar::Split::Train, (lowest, recipe.levels), recipe.train)?;
        let mut labelled = drawn.clone();
        labelled.soft_share = recipe.labelled_soft_share.unwrap_or(labelled.soft_share);
        let levels = (0, recipe.labelled_levels.unwrap_or(recipe.levels));
        of(&labelled, "ladders.jsonl", grammar::Split::Train, levels, recipe.labelled)?;
        write("test.jsonl", grammar::Split::Test, (1, top), recipe.test)?;
        write("held-out.jsonl", grammar::Split::HeldOut, (1, 1), recipe.held_out)?;
        write("bare.jsonl", grammar::Split::Test, (0, 0), recipe.bare)?;
        if self.recipe.reward.groups > 0 {
            let (split, wanted) = (grammar::Split::Test, self.recipe.reward.groups);
            let groups = demonstrate::Groups { split, size: grammar::MOST, wanted };
            demonstrate::groups(drawn.clone(), seed, groups, 0, &stage.path.join("groups.jsonl"))?;
        }
        Ok(())
    }

    fn generate(&self, asked: &Asked, stage: &Stage, watch: Watch<'_>) -> Result<()> {
        let samples = self.recipe.pairs.as_ref().map_or(1, |pairs| pairs.samples);
        // A dataset holds its ladders one after the other.
        let with = &self.recipe.prompts;
        let levels = with.labelled_levels.unwrap_or(with.levels) + 1;
        let limit = with.labelled as usize * levels;
        let files = std::slice::from_ref(&asked.ladders);
        self.respond(stage, &self.sampling(files, limit, samples), watch)?;
        Ok(())
    }

    /// Samples at temperature 1 of the policy that is begun with.
    pub(super) fn sampling<'a>(
        &'a self,
        files: &'a [PathBuf],
        limit: usize,
        samples: u32,
    ) -> Asking<'a> {
        let Recipe { max_tokens, seed, .. } = *self.recipe;
        Asking { files, limit, samples, model: &self.model, temperature: 1.0, max_tokens, seed }
    }

    /// The answers as an artifact in the stage's folder.
    pub(super) fn respond(
        &self,
        stage: &Stage,
        asking: &Asking<'_>,
        watch: Watch<'_>,
    ) -> Result<PathBuf> {
        let Asking { files, limit, samples, .. } = *asking;
        let (mut rows, mut parents, mut inputs) = (Vec::new(), Vec::new(), Vec::new());
        for path in files {
            if rows.len() < limit {
                let read = input::read(path, Some(limit - rows.len()), None)?;
                rows.extend(read.rows);
                parents.extend(read.parents);
                inputs.extend(read.files);
            }
        }
        let total = rows.len() as u64 * u64::from(samples);
        let job = Job {
            out: stage.path.clone(),
            plan: Identity {
                stage: generate::STAGE.to_owned(),
                name: "responses".to_owned(),
                config: json!({"cycle": stage.id, "samples": samples}),
                seed: asking.seed,
                parents,
                inputs,
                schema_version: generate::artifact::SCHEMA_VERSION,
                verifiers: Vec::new(),
            },
            rows,
            samples,
            policy: match asking.model == self.model {
                true => self.recipe.model.clone(),
                false => asking.model.display().to_string(),
            },
            revision: revision::current(),
        };
        let settings = local::Settings {
            model: asking.model.to_owned(),
            sampling: sample::Settings {
                temperature: asking.temperature,
                ..sample::Settings::PLAIN
            },
            seed: asking.seed,
            max_tokens: asking.max_tokens,
            stop: Vec::new(),
            thinking: None,
            overlong: Overlong::Refuse,
            weights: Keep::Blocks(Dtype::F32),
            slots: Slots { slots: 64, ..Slots::default() },
            place: self.place,
        };
        let made = generate::complete(&job, |requests, done| {
            let behind = total - requests.len() as u64;
            local::run(&settings, requests, done, &mut |progress| {
                watch(behind + progress.finished, Some(total), "");
            })
        })?;
        Ok(made.path)
    }

    fn pairs(&self, asked: &Asked, responses: &Stage, stage: &Stage) -> Result<()> {
        let wanted = self.recipe.pairs.clone().unwrap_or_default();
        let config = pairs::Config {
            data: asked.ladders.clone(),
            responses: only(&responses.path, "responses-")?,
            out: stage.path.clone(),
            name: "pairs".to_owned(),
            labels: wanted.labels,
            reach: wanted.reach,
            profile: Profile::Corrected,
            thinking: thinking::Policy::default(),
            prefilled: false,
            revision: revision::current(),
        };
        pairs::run(&config, &|_| {})?;
        Ok(())
    }

    fn reward(
        &self,
        asked: &Asked,
        labelled: &Stage,
        stage: &Stage,
        watch: Watch<'_>,
    ) -> Result<()> {
        let with = &self.recipe.reward;
        let (dev, seeds, held_out_share) = (0.1, 0.1, with.held_out_share);
        let seed = self.recipe.seed;
        let settings = Reward {
            model: self.model.clone(),
            data: vec![only(&labelled.path, "pairs-")?],
            soft_only: self.recipe.pairs.as_ref().is_some_and(|pairs| pairs.soft_only),
            groups: asked.groups.clone().into_iter().collect(),
            out: stage.path.clone(),
            template: Template { instruction: with.instruction, length: with.length },
            epochs: with.epochs,
            batch: with.batch,
            tokens: (2 * with.length).max(2048),
            rate: with.rate,
            shape: Shape::Cosine,
            warmup: 0,
            weight_decay: 0.0,
            clip: 1.0,
            balance: true,
            split: Split { dev, seeds, held_out: Vec::new(), held_out_share, seed },
            evaluate_every: 0,
            patience: 2,
            baselines: with.baselines.clone(),
            seed,
            dtype: save::Dtype::F32,
            one_label: false,
            place: self.place,
        };
        if settings.out.join("model").exists() {
            // Killed between the last rename and `stage.json`.
            return Ok(());
        }
        reward::train(&settings, |line, steps| {
            watch(line.step, Some(steps), &format!("loss {:.3}", line.loss));
        })?;
        Ok(())
    }

    fn policy(&self, asked: &Asked, plan: &Plan, stage: &Stage, watch: Watch<'_>) -> Result<()> {
        let of = |name: &str| plan.stages.iter().find(|stage| stage.name == name);
        let (reward, begun) = (of("reward"), of("start"));
        let begun = begun.map(|stage| stage.path.join(start::TRAINED).join("model"));
        let settings = Policy {
            model: begun.unwrap_or_else(|| self.model.clone()),
            data: asked.train.clone(),
            out: stage.path.clone(),
            reward: reward.map(|stage| stage.path.join("model")),
            place: self.place,
            ..self.policy.clone()
        };
        if settings.out.join("model").exists() {
            return Ok(());
        }
        let steps = settings.steps;
        policy::train(&settings, |line| {
            watch(line.step, Some(steps), &format!("reward {:.3}", line.reward));
        })?;
        Ok(())
    }

    fn evaluate(
        &self,
        prompts: &Path,
        model: &Path,
        stage: &Stage,
        watch: Watch<'_>,
    ) -> Result<()> {
        if stage.path.join(evaluate::FILE).exists() {
            return Ok(());
        }
        let items = self.items(prompts)?;
        let ask = Ask {
            id: &stage.id,
            model,
            samples: self.recipe.eval.samples,
            max_tokens: self.recipe.max_tokens,
            seed: chance(self.recipe, stage.name),
            place: self.place,
        };
        let total = items.len() as u64 * u64::from(ask.samples + 1);
        evaluate::run(&ask, &items, &stage.path, &mut |n| watch(n, Some(total), ""))
    }

    /// The prompts to measure on.
    fn items(&self, prompts: &Path) -> Result<Vec<Item>> {
        let asked = asked(self.recipe, prompts)?;
        let with = &self.recipe.prompts;
        let top = with.test_levels as u64;
        let mut items = judged::read("test", &asked.test, 1..=top, with.test)?;
        items.extend(judged::read("held_out", &asked.held_out, 1..=top, with.held_out)?);
        items.extend(judged::read("bare", &asked.bare, 0..=0, with.bare)?);
        Ok(items)
    }
}

/// The seed of the samples that are measured.
pub(super) fn chance(recipe: &Recipe, stage: &str) -> u64 {
    // Its complement is no other run's seed, unless somebody means it to be.
    if stage == "before" || recipe.eval.same_chance { recipe.seed } else { !recipe.seed }
}

/// What lies in the folder of prompts.
fn asked(recipe: &Recipe, folder: &Path) -> Result<Asked> {
    let file = |name: &str| folder.join(name);
    if recipe.prompts.source == Source::Grammar {
        return Ok(Asked {
            train: vec![file("train.jsonl")],
            ladders: file("ladders.jsonl"),
            test: vec![file("test.jsonl")],
            held_out: vec![file("held-out.jsonl")],
            bare: vec![file("bare.jsonl")],
            groups: (recipe.reward.groups > 0).then(|| file("groups.jsonl")),
        });
    }
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder, e))?;
    let mut made: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(|e| Error::io(folder, e)))
        .collect::<Result<_>>()?;
    made.retain(|path| path.join("manifest.json").exists());
    let [dataset] = &made[..] else {
        return Err(Error::usage(format!("{}: not one dataset in it", folder.display())));
    };
    let found = artifact::open(dataset)?;
    let test = found.tables(Some("test"));
    Ok(Asked {
        train: found.tables(Some("train")),
        ladders: dataset.clone(),
        test: test.clone(),
        held_out: Vec::new(),
        bare: test,
        groups: None,
    })
}

/// The one artifact of a stage's folder.
pub(super) fn only(folder: &Path, start: &str) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder, e))?;
    for entry in entries {
        let path = entry.map_err(|e| Error::io(folder, e))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(start) && path.join("manifest.json").exists() {
            return Ok(path);
        }
    }
    Err(Error::usage(format!("{}: no {start}… in it", folder.display())))
}
