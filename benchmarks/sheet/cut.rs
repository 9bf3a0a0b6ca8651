//! A sheet's metric apart for responses that met the limit on tokens and for the others.

use serde::Serialize;

use super::{Figure, Row, Sheet, figure};
use crate::metrics::Rate;
use crate::statistics::bootstrap::{Cluster, Plan};
use crate::truncation::is_truncated;

/// What became of cut responses, and of the others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cut {
    /// The metric over responses that ended by themselves.
    pub completed: Figure,
    /// The metric over responses that were cut.
    pub truncated: Figure,
    /// Responses that were cut, among those that tell why they ended.
    pub cap_hit: Rate,
    /// Responses that do not tell.
    pub unknown: u64,
}

impl Sheet {
    /// The metric at `at` for both; `None` where no response tells why it ended.
    pub fn cut(&self, at: usize, plan: Plan) -> Option<Cut> {
        let state = |row: &Row| {
            row.response.as_ref()?;
            is_truncated(row.finish_reason.as_ref(), row.thinking)
        };
        if self.rows.iter().all(|row| state(row).is_none()) {
            return None;
        }
        let count = |wanted: Option<bool>| {
            let answered = self.rows.iter().filter(|row| row.response.is_some());
            answered.filter(|row| state(row) == wanted).count() as u64
        };
        let (cut, whole) = (count(Some(true)), count(Some(false)));
        let of = |cut: bool| {
            let keep = |row: &Row| state(row) == Some(cut);
            let clusters: Vec<Cluster> =
                self.clusters(at, keep).into_iter().map(|(_, cluster)| cluster).collect();
            figure(&clusters, self.metrics[at].best, plan)
        };
        let cap_hit = Rate::new(cut, cut + whole);
        Some(Cut { completed: of(false), truncated: of(true), cap_hit, unknown: count(None) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Metric;
    use super::*;
    use crate::finish::FinishReason;

    #[test]
    fn cut_responses_are_told_apart() {
        let row = |reason: Option<&str>, gain| Row {
            cluster: format!("{reason:?}{gain}"),
            response: Some(String::new()),
            finish_reason: reason.map(FinishReason::named),
            shares: vec![Cluster::of(gain, 1)],
            ..Row::default()
        };
        let metrics = vec![Metric { name: "m".to_owned(), best: 1.0 }];
        let plan = Plan { resamples: 100, seed: 0 };
        let rows = vec![row(Some("length"), 0), row(Some("stop"), 1), row(Some("stop"), 0)];
        let sheet = Sheet { metrics: metrics.clone(), rows };
        let cut = sheet.cut(0, plan).unwrap();
        assert_eq!((cut.cap_hit.correct, cut.cap_hit.total, cut.unknown), (1, 3, 0));
        let mut more = sheet.clone();
        more.rows.push(row(None, 1));
        let more = more.cut(0, plan).unwrap();
        assert_eq!((more.cap_hit.total, more.unknown, more.completed.value), (3, 1, 0.5));
        assert_eq!((cut.completed.value, cut.truncated.value), (0.5, 0.0));
        assert_eq!(Sheet { metrics, rows: vec![row(None, 1)] }.cut(0, plan), None);
    }
}
