//! Scores of verifiable instructions as a sheet: the four accuracies.

use super::{Group, Mark, Metric as Measured, Row, Sheet, sample_key};
use crate::metrics::{Metric, family, is_sample_of};
use crate::score::{Judged, Outcome};
use crate::scores::Scores;
use heedful_constraints::Profile;

impl Sheet {
    /// The sheet of `scores`, under the profile that they were scored with.
    pub fn of_scores(scores: &Scores) -> Sheet {
        let metric = |metric: Metric| Measured { name: metric.name().to_owned(), best: 1.0 };
        let rows = scores.items.chunk_by(is_sample_of).flat_map(|samples| {
            let rows = samples.iter().enumerate();
            rows.map(|(at, item)| row(item, sample_key(&item.key, at), scores.profile))
        });
        Sheet { metrics: Metric::ALL.map(metric).into(), rows: rows.collect() }
    }
}

fn row(item: &Judged, key: String, profile: Profile) -> Row {
    Row {
        key,
        cluster: item.prompt.clone(),
        prompt: item.prompt.clone(),
        response: item.response.clone(),
        answer: item.answer.clone(),
        finish_reason: item.finish_reason.clone(),
        thinking: item.thinking,
        tokens: None,
        shares: Metric::ALL.map(|metric| metric.cluster(item, profile)).into(),
        groups: vec![Group::new("constraints", item.outcomes.len())],
        marks: item.outcomes.iter().map(|outcome| mark(outcome, profile)).collect(),
    }
}

fn mark(outcome: &Outcome, profile: Profile) -> Mark {
    let followed = outcome.under(profile);
    let arguments = if outcome.args == "{}" { "" } else { outcome.args.as_str() };
    Mark {
        about: format!("{} {arguments}", outcome.id).trim_end().to_owned(),
        met: Some(followed.strict),
        loose: Some(followed.loose),
        reason: outcome.error.clone().unwrap_or_else(|| outcome.reason.clone()),
        groups: vec![
            Group::new("instruction", &outcome.id),
            Group::new("family", family(&outcome.id)),
        ],
    }
}
