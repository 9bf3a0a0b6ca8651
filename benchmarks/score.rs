//! Judging the joined responses: strict and loose, under both profiles.

use heedful_constraints::loose::{Judgement, Unstarred, Variants};
use heedful_constraints::{Constraint, Profile};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::asked::Asked;
use crate::error::{Error, Result};
use crate::finish::FinishReason;
use crate::items::{Item, Items};
use crate::join::Joined;
use crate::responses::Response;
use crate::thinking::{Policy, State};

/// One item with what its response got: what a row of the scores table is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The item's key.
    pub key: String,
    /// The prompt.
    pub prompt: String,
    /// The response as it came; `None` when there is none.
    pub response: Option<String>,
    /// What was judged, where that is not the whole response.
    pub answer: Option<String>,
    /// Why the model stopped, if told.
    pub finish_reason: Option<FinishReason>,
    /// Where the reasoning stood; `None` without a response.
    pub thinking: Option<State>,
    /// The reasoning tags were repeated, mismatched or late.
    pub irregular: bool,
    /// One an instruction, in the order of the item.
    pub outcomes: Vec<Outcome>,
}

/// What one instruction got.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The rule's id.
    pub id: String,
    /// The arguments as JSON.
    pub args: String,
    /// The degree of the main profile, in [0, 1].
    pub degree: f32,
    /// The main profile's line of explanation.
    pub reason: String,
    /// Where the official code raises or the check cannot be run.
    pub error: Option<String>,
    /// Under [`Profile::Official`].
    pub official: Followed,
    /// Under [`Profile::Corrected`].
    pub corrected: Followed,
}

/// Whether an instruction was followed; an error counts as not followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// The response as it is.
    pub strict: bool,
    /// Some variant of it.
    pub loose: bool,
}

impl Outcome {
    /// The verdicts of `profile`.
    pub fn under(&self, profile: Profile) -> Followed {
        match profile {
            Profile::Official => self.official,
            Profile::Corrected => self.corrected,
        }
    }
}

/// How to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The main profile: its degrees and reasons are kept. The verdicts of both are.
    pub profile: Profile,
    /// How reasoning is removed before judging.
    pub thinking: Policy,
    /// The chat template writes the opening tag of the reasoning itself.
    pub prefilled: bool,
}

/// A constraint compiled for the main profile, and for the other where it reads differently.
struct Compiled {
    main: Constraint,
    other: Option<Constraint>,
}

/// Judges every item, on all threads of the pool; the result is in the order of the items.
///
/// # Errors
/// An instruction of an item that no rule can take: unknown id or bad arguments.
pub fn score(
    items: &Items,
    responses: &[Response],
    joined: &Joined,
    setting: &Setting,
    path: &std::path::Path,
) -> Result<Vec<Judged>> {
    let pairs = items.list.par_iter().zip(&joined.of_item);
    pairs
        .map(|(item, at)| {
            let response = at.map(|at| &responses[at]);
            judge(item, response, setting).map_err(|e| Error::line(path, item.line, e))
        })
        .collect()
}

fn judge(
    item: &Item,
    response: Option<&Response>,
    setting: &Setting,
) -> std::result::Result<Judged, String> {
    let compiled: Vec<Compiled> = item
        .asked
        .iter()
        .map(|asked| compile(asked, setting.profile))
        .collect::<std::result::Result<_, _>>()
        .map_err(|e| format!("item {}: {e}", item.key))?;
    let text = response.and_then(|response| response.text.as_deref());
    let reasoned = response.is_some_and(|response| response.reasoned);
    let answer = text.map(|text| setting.thinking.answer(text, setting.prefilled).apart(reasoned));
    let outcomes = match answer {
        None => compiled.iter().map(|c| outcome(c, None, setting.profile)).collect(),
        Some(answer) => {
            let unstarred = Unstarred::new(answer.text);
            let variants = Variants::new(answer.text, &unstarred);
            compiled.iter().map(|c| outcome(c, Some(&variants), setting.profile)).collect()
        }
    };
    let cut = answer.filter(|answer| Some(answer.text) != text);
    Ok(Judged {
        key: item.key.clone(),
        prompt: item.prompt.clone(),
        response: text.map(str::to_owned),
        answer: cut.map(|answer| answer.text.to_owned()),
        finish_reason: response.and_then(|response| response.finish_reason.clone()),
        thinking: answer.map(|answer| answer.state),
        irregular: answer.is_some_and(|answer| answer.irregular),
        outcomes,
    })
}

fn compile(asked: &Asked, profile: Profile) -> heedful_constraints::Result<Compiled> {
    let main = Constraint::compile(&asked.id, asked.args.clone(), profile)?;
    let other = match profile {
        Profile::Official => Profile::Corrected,
        Profile::Corrected => Profile::Official,
    };
    let other = match main.rule().deviations {
        [] => None,
        _ => Some(Constraint::compile(&asked.id, asked.args.clone(), other)?),
    };
    Ok(Compiled { main, other })
}

fn outcome(compiled: &Compiled, variants: Option<&Variants<'_>>, profile: Profile) -> Outcome {
    let args = serde_json::to_string(compiled.main.args()).expect("a JSON object prints");
    let id = compiled.main.id().to_owned();
    let Some(variants) = variants else {
        let reason = "no response".to_owned();
        let none = Followed::default();
        let (official, corrected) = (none, none);
        return Outcome { id, args, degree: 0.0, reason, error: None, official, corrected };
    };
    let judgement = variants.judge(&compiled.main);
    let main = followed(&judgement);
    let other = compiled.other.as_ref().map_or(main, |other| followed(&variants.judge(other)));
    let (official, corrected) = match profile {
        Profile::Official => (main, other),
        Profile::Corrected => (other, main),
    };
    let reason = judgement.verdict.reason.to_string();
    let raised = judgement.verdict.error().map(str::to_owned);
    let error = match (raised, judgement.loose) {
        (None, None) => Some("a variant of the response cannot be checked".to_owned()),
        (raised, _) => raised,
    };
    Outcome { id, args, degree: judgement.verdict.degree, reason, error, official, corrected }
}

fn followed(judgement: &Judgement) -> Followed {
    Followed { strict: judgement.strict.unwrap_or(false), loose: judgement.loose.unwrap_or(false) }
}
