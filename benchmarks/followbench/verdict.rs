//! What came of one answer.

use serde::Serialize;

use super::items::{How, Item, Language};
use super::template;
use crate::error::Result;

/// How many of the constraints of its level an answer satisfies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The judge's, constraint by constraint.
    Judged {
        /// How many are satisfied.
        met: u8,
        /// Of how many: the level.
        of: u8,
    },
    /// A rule's or a template's, of all at once.
    Decided(bool),
    /// The judge's reply cannot be read. The official code puts −1 for both figures, and adds it
    /// up.
    Unread,
}

impl Verdict {
    /// 1 if all constraints are satisfied, 0 if not, −1 if the reply cannot be read.
    pub fn hard(self) -> i32 {
        match self {
            Verdict::Judged { met, of } => i32::from(met == of),
            Verdict::Decided(met) => i32::from(met),
            Verdict::Unread => -1,
        }
    }

    /// The share of constraints that are satisfied, in [0, 1]; −1 if the reply cannot be read.
    pub fn soft(self) -> f64 {
        match self {
            Verdict::Judged { met, of } => f64::from(met) / f64::from(of),
            Verdict::Decided(_) | Verdict::Unread => f64::from(self.hard()),
        }
    }
}

/// The verdict on `response`, where it takes no judge; else `None`, as of items without a score.
///
/// # Errors
/// A target that the item's rule cannot read, which [`load`](super::load) has refused.
pub fn decide(item: &Item, language: Language, response: &str) -> Result<Option<Verdict>> {
    let met = match item.how {
        How::Seed | How::Judge | How::Unscored => return Ok(None),
        How::Rule(rule) => rule.check(language, item.level, &item.target, response)?,
        How::Template => template::matches(&item.target.replace("{instruction}\n", ""), response),
    };
    Ok(Some(Verdict::Decided(met)))
}
