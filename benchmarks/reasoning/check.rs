//! Checking a response: its reasoning is removed, its answer found and compared.

use serde::{Deserialize, Serialize};

use super::items::Item;
use crate::answer::{self, Grade};
use crate::responses::Response;
use crate::thinking::{Policy, State};
use crate::truncation::is_truncated;

/// How responses are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// How reasoning is removed.
    pub thinking: Policy,
    /// The chat template writes the opening tag of the reasoning itself.
    pub prefilled: bool,
    /// How many samples an item has; `None` for as many as the item with the most. What an item
    /// lacks counts as not answered, and what it has beyond is left out.
    pub samples: Option<u32>,
}

/// The most samples of an item: the votes of one are compared pair by pair.
pub const MOST_SAMPLES: u32 = 1024;

/// One response to an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The line of the response, from 1; `None` where there is none.
    pub line: Option<u64>,
    /// The final answer as it was found: a letter where the item has options.
    pub answer: Option<String>,
    /// Whether it is the right one.
    pub grade: Grade,
    /// Whether the response was cut; `None` where nothing tells.
    pub truncated: Option<bool>,
    /// Where the reasoning stood; `None` without a response.
    pub thinking: Option<State>,
    /// The reasoning tags were repeated, mismatched or late.
    pub irregular: bool,
}

impl Sample {
    /// A sample that no response was given for.
    pub const ABSENT: Sample = Sample {
        line: None,
        answer: None,
        grade: Grade::Missing,
        truncated: None,
        thinking: None,
        irregular: false,
    };
}

/// Checks one response to `item`. Reasoning that never ended holds no answer.
pub fn check(item: &Item, response: &Response, setting: &Setting) -> Sample {
    let Some(text) = response.text.as_deref() else { return Sample::ABSENT };
    let found = setting.thinking.answer(text, setting.prefilled).apart(response.reasoned);
    let answer = match item.options.is_empty() {
        true => answer::given(&item.answer, found.text),
        false => answer::choose(found.text, &item.options).map(String::from),
    };
    Sample {
        line: Some(response.line),
        grade: answer::verdict(&item.answer, answer.as_deref()),
        answer,
        truncated: is_truncated(response.finish_reason.as_ref(), Some(found.state)),
        thinking: Some(found.state),
        irregular: found.irregular,
    }
}
