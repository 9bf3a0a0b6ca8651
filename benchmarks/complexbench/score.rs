//! The judgement of every question of one instance.

use serde::Serialize;

use super::items::Item;
use super::reply::{Answer, extract, parse};
use super::rule::{Fault, Verdict, decide};
use crate::error::{Error, Result};

/// What became of one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// The constraint is met; the official `True`.
    Satisfied,
    /// It is not; the official `False`.
    Violated,
    /// The rule is none that the official code knows; its value 2, which some of its figures take
    /// for met and some do not.
    Unknown,
    /// There is no judgement: no reply, or a rule that stops the official code. Counted as not met.
    Missing,
}

impl From<Verdict> for Judgement {
    fn from(verdict: Verdict) -> Judgement {
        match verdict {
            Verdict::Satisfied => Judgement::Satisfied,
            Verdict::Violated => Judgement::Violated,
            Verdict::Unknown => Judgement::Unknown,
        }
    }
}

/// One question with its judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// What counts.
    pub judgement: Judgement,
    /// The judge's answer, where a judge was asked and replied.
    pub answer: Option<Answer>,
    /// Why the rule could not decide.
    pub fault: Option<Fault>,
}

/// Scores a response by the replies to [`super::request`], one for each question of `item`.
///
/// A reply is the judge's where the question has no rule, and the extractor's where it has one.
///
/// # Errors
/// As many replies as the instance has no questions.
pub fn score(item: &Item, response: Option<&str>, replies: &[Option<&str>]) -> Result<Vec<Scored>> {
    if replies.len() != item.questions.len() {
        return Err(Error::Setting(format!(
            "instance {}: {} replies to {} questions",
            item.main_id,
            replies.len(),
            item.questions.len()
        )));
    }
    let scored = item.questions.iter().zip(replies).map(|(question, reply)| {
        let Some(reply) = *reply else {
            return Scored { judgement: Judgement::Missing, answer: None, fault: None };
        };
        let Some(rule) = &question.rule else {
            let answer = parse(reply);
            return Scored { judgement: answer.judgement(), answer: Some(answer), fault: None };
        };
        match decide(rule, &extract(response, Some(reply)).objects) {
            Ok(verdict) => Scored { judgement: verdict.into(), answer: None, fault: None },
            Err(fault) => {
                Scored { judgement: Judgement::Missing, answer: None, fault: Some(fault) }
            }
        }
    });
    Ok(scored.collect())
}
