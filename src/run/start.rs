//! The stage `start`: a policy begins from the best of its own answers.

use heedful_datasets::artifact;
use heedful_models::feed::Packing;
use heedful_models::save::Dtype;
use heedful_models::schedule::Shape;
use heedful_models::trainer::Update;

use super::plan::Stage;
use super::recipe::ColdStart;
use super::stages::{Asked, Cycle, Watch};
use crate::best::{self, Config};
use crate::error::{Error, Result};
use crate::train::{self, Sft};

/// The folder of the training within the stage's, with the checkpoint in `model`.
pub(super) const TRAINED: &str = "sft";

/// Answers prompts, chooses, and learns. What was cut in one of them goes on.
pub(super) fn run(
    cycle: &Cycle<'_>,
    with: &ColdStart,
    asked: &Asked,
    stage: &Stage,
    watch: Watch<'_>,
) -> Result<()> {
    let out = stage.path.join(TRAINED);
    if out.join("model").exists() {
        return Ok(());
    }
    let answered =
        cycle.respond(stage, &cycle.sampling(&asked.train, with.prompts, with.samples), watch)?;
    let chosen = stage.path.join("best.jsonl");
    let counts = best::best(&Config {
        data: asked.train.clone(),
        responses: artifact::open(&answered)?.tables(None),
        out: chosen.clone(),
        profile: cycle.policy.profile,
        thinking: cycle.policy.thinking.clone(),
    })?;
    if counts.kept == 0 {
        let problem = format!("none of {} samples satisfies its prompt", counts.samples);
        return Err(Error::usage(format!("key `cold-start`: {problem}")));
    }
    let settings = Sft {
        model: cycle.model.clone(),
        data: vec![chosen],
        dev: None,
        out,
        steps: None,
        epochs: with.epochs,
        rate: with.rate,
        shape: Shape::Cosine,
        warmup: 0,
        weight_decay: 0.0,
        clip: 1.0,
        tokens: cycle.policy.tokens,
        accumulate: 1,
        length: cycle.policy.length,
        packing: Packing::FirstFit,
        keep: cycle.policy.keep,
        states: cycle.policy.states,
        seed: cycle.recipe.seed,
        evaluate_every: 0,
        save_every: 20,
        dtype: Dtype::F32,
        place: cycle.place,
    };
    train::sft(&settings, |line, steps| {
        let Update { step, loss, .. } = line.update;
        watch(step, Some(steps), &format!("loss {loss:.3}"));
    })?;
    Ok(())
}
