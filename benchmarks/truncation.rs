//! Scores apart for responses that met the limit on tokens and for those that ended by themselves.
//!
//! A budget that runs out looks like a model that does not follow; olmo-eval#399 tells of 69 %
//! overall where 96 % of the completed responses were right.

use std::collections::BTreeMap;

use heedful_constraints::Profile;
use serde::Serialize;

use crate::finish::FinishReason;
use crate::metrics::{Metric, Rate};
use crate::score::Judged;
use crate::thinking::State;

/// What became of responses that met the token limit, and of the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truncation {
    /// Prompts followed (strict) among responses that ended by themselves.
    pub completed: Rate,
    /// Among those that were cut off.
    pub truncated: Rate,
    /// How many of these responses were cut off.
    pub cap_hit: Rate,
    /// Responses that do not tell why they ended; they are in none of the others.
    pub unknown: u64,
    /// The four accuracies apart, by name.
    pub by_metric: BTreeMap<&'static str, Apart>,
}

/// One accuracy apart: rates with Wilson's interval, of instructions as well.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Apart {
    /// Of responses that ended by themselves.
    pub completed: Rate,
    /// Of those that were cut off.
    pub truncated: Rate,
}

/// The figures of `items` under `profile`; `None` where no response tells why it ended.
pub fn truncation(items: &[Judged], profile: Profile) -> Option<Truncation> {
    let answered = || items.iter().filter(|item| item.response.is_some());
    if answered().all(|item| is_cut(item).is_none()) {
        return None;
    }
    let rate = |cut: bool, metric: Metric| {
        let part = answered().filter(|item| is_cut(item) == Some(cut));
        let (followed, total) = part.fold((0, 0), |(followed, total), item| {
            let cluster = metric.cluster(item, profile);
            (followed + cluster.gain as u64, total + cluster.size as u64)
        });
        Rate::new(followed, total)
    };
    let apart = |metric| Apart { completed: rate(false, metric), truncated: rate(true, metric) };
    let Apart { completed, truncated } = apart(Metric::PromptStrict);
    Some(Truncation {
        completed,
        truncated,
        cap_hit: Rate::new(truncated.total, completed.total + truncated.total),
        unknown: answered().filter(|item| is_cut(item).is_none()).count() as u64,
        by_metric: Metric::ALL.map(|metric| (metric.name(), apart(metric))).into(),
    })
}

/// How many of the responses ended for which reason, `unknown` where they do not tell.
pub fn ends<'a>(reasons: impl Iterator<Item = Option<&'a FinishReason>>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason.map_or("unknown", FinishReason::name).to_owned()).or_insert(0) += 1;
    }
    counts
}

/// The same for a terminal.
pub fn ends_told(counts: &BTreeMap<String, u64>) -> String {
    let told: Vec<String> =
        counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    match told.is_empty() {
        true => "finish reasons: no response".to_owned(),
        false => format!("finish reasons: {}", told.join(", ")),
    }
}

fn is_cut(item: &Judged) -> Option<bool> {
    is_truncated(item.finish_reason.as_ref(), item.thinking)
}

/// Whether a response was cut: by its reason, or because its reasoning never ended. `None` where
/// neither tells.
pub fn is_truncated(reason: Option<&FinishReason>, state: Option<State>) -> Option<bool> {
    match (reason, state) {
        (Some(FinishReason::Length), _) | (None, Some(State::Unclosed)) => Some(true),
        (Some(_), _) => Some(false),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Followed, Outcome};

    fn judged(reason: Option<&str>, thinking: Option<State>, strict: bool) -> Judged {
        let followed = Followed { strict, loose: strict };
        let outcome = Outcome {
            id: "punctuation:no_comma".to_owned(),
            args: "{}".to_owned(),
            degree: 0.0,
            reason: String::new(),
            error: None,
            official: followed,
            corrected: followed,
        };
        Judged {
            key: String::new(),
            prompt: String::new(),
            response: Some(String::new()),
            answer: None,
            finish_reason: reason.map(FinishReason::named),
            thinking,
            irregular: false,
            outcomes: vec![outcome],
        }
    }

    #[test]
    fn cut_and_whole_responses_apart() {
        let unclosed = Some(State::Unclosed);
        let items = [
            judged(Some("stop"), None, true),
            judged(Some("eos"), None, false),
            judged(Some("length"), None, false),
            judged(None, unclosed, false),
            judged(None, Some(State::Plain), true),
            Judged { response: None, ..judged(Some("length"), None, false) },
        ];
        let cut = truncation(&items, Profile::Official).unwrap();
        assert_eq!((cut.completed.correct, cut.completed.total), (1, 2));
        assert_eq!((cut.truncated.correct, cut.truncated.total), (0, 2));
        assert_eq!((cut.cap_hit.correct, cut.cap_hit.total, cut.unknown), (2, 4, 1));
        assert_eq!(cut.by_metric["inst_loose"].completed, Rate::new(1, 2));
        let told = ends_told(&ends(items.iter().map(|item| item.finish_reason.as_ref())));
        assert_eq!(told, "finish reasons: 2 length, 2 stop, 2 unknown");
        assert_eq!(truncation(&items[4..5], Profile::Official), None);
        assert_eq!(truncation(&[], Profile::Official), None);
    }

    #[test]
    fn what_was_cut() {
        let reason = |name| Some(FinishReason::named(name));
        for (reason, state, expected) in [
            (reason("length"), Some(State::Plain), Some(true)),
            (reason("stop"), Some(State::Plain), Some(false)),
            (reason("stop"), Some(State::Unclosed), Some(false)),
            (None, Some(State::Unclosed), Some(true)),
            (None, Some(State::Plain), None),
            (None, None, None),
        ] {
            assert_eq!(is_truncated(reason.as_ref(), state), expected);
        }
    }
}
