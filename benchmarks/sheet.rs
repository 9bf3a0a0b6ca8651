//! What a run of any benchmark came to, item by item: what reports compare.
//!
//! A metric is Σ gain / Σ size over the rows; rows of one cluster are drawn together when intervals
//! are made. Every printed figure can be computed from the rows anew.

mod cut;
mod table;
mod verifiable;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::finish::FinishReason;
use crate::metrics::Rate;
use crate::statistics::bootstrap::{Cluster, Plan, interval};
use crate::thinking::State;

pub use cut::Cut;
pub use table::{Origin, SCHEMA_VERSION, read, write};

/// The metrics of one benchmark, and its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// In the order in which they are printed; the headline first.
    pub metrics: Vec<Metric>,
    /// One a response, in the order of the benchmark.
    pub rows: Vec<Row>,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// As its authors call it, in lower case.
    pub name: String,
    /// The best value: 1 of a share, 5 of levels in a row.
    pub best: f64,
}

/// One item with its response. FollowBench has one a level, reasoning one a sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// Its name, unique among the rows.
    pub key: String,
    /// Rows of one cluster are not independent: variants of a prompt, samples of a question.
    pub cluster: String,
    /// What the model was asked.
    pub prompt: String,
    /// The response as it came; none where there is none.
    pub response: Option<String>,
    /// What was scored, where that is not the whole response.
    pub answer: Option<String>,
    /// Why the model stopped, if told.
    pub finish_reason: Option<FinishReason>,
    /// Where the reasoning stood; none without a response.
    pub thinking: Option<State>,
    /// The tokens of the response, if told.
    pub tokens: Option<u64>,
    /// What it adds to each of the sheet's metrics; size 0 where it has no part in it.
    pub shares: Vec<Cluster>,
    /// What it is of, such as level 3 or domain `law`.
    pub groups: Vec<Group>,
    /// What was decided about it, constraint by constraint.
    pub marks: Vec<Mark>,
}

/// The name of the row of an item's sample, from 0: the item's own, then `ITEM#2` and on.
pub fn sample_key(item: &str, sample: usize) -> String {
    if sample == 0 { item.to_owned() } else { format!("{item}#{}", sample + 1) }
}

/// A part of the items or of the constraints: `{"dimension": "level", "name": "3"}`.
///
/// Dimensions in use: `instruction`, `family`, `type`, `level`, `composition`, `category`,
/// `domain`, `split`, `language`, `constraints` (how many an item has).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// By what is divided.
    pub dimension: String,
    /// The part.
    pub name: String,
}

impl Group {
    /// A part of a dimension.
    pub fn new(dimension: &str, name: impl ToString) -> Group {
        Group { dimension: dimension.to_owned(), name: name.to_string() }
    }
}

/// What was decided about one constraint of a row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The constraint: a rule's id with its arguments, or a criterion's text.
    pub about: String,
    /// Satisfied; none where nobody could tell, which counts as not satisfied.
    pub met: Option<bool>,
    /// Satisfied by some variant of the response, where the benchmark has a loose reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loose: Option<bool>,
    /// Why: the rule's line with its numbers, or the judge's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What it is of, such as rule or type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

/// A sheet with where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The artifact.
    pub artifact: heedful_datasets::artifact::Artifact,
    /// The benchmark's name.
    pub benchmark: String,
    /// The rows and metrics.
    pub sheet: Sheet,
}

impl Read {
    /// A value of the artifact's configuration, as text.
    pub fn config(&self, key: &str) -> Option<String> {
        match self.artifact.manifest.config.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// How the responses were made, where that is known: model, sampling, seed, limits.
    pub fn generation(&self) -> Option<&Map<String, Value>> {
        self.artifact.manifest.config.get("generation")?.as_object()
    }
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// Σ gain / Σ size; 0 of nothing.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Σ size: items, constraints or groups.
    pub size: f64,
    /// Independent clusters that take part.
    pub clusters: usize,
}

impl Sheet {
    /// The place of the metric of this name.
    pub fn metric(&self, name: &str) -> Option<usize> {
        self.metrics.iter().position(|metric| metric.name == name)
    }

    /// What each cluster adds to the metric at `at`, in the order in which clusters first occur;
    /// of the rows that `keep` lets through.
    pub fn clusters(&self, at: usize, keep: impl Fn(&Row) -> bool) -> Vec<(&str, Cluster)> {
        let mut places = std::collections::HashMap::new();
        let mut list: Vec<(&str, Cluster)> = Vec::new();
        for row in self.rows.iter().filter(|row| row.shares[at].size > 0.0 && keep(row)) {
            let place = *places.entry(row.cluster.as_str()).or_insert_with(|| {
                list.push((&row.cluster, Cluster::default()));
                list.len() - 1
            });
            list[place].1.gain += row.shares[at].gain;
            list[place].1.size += row.shares[at].size;
        }
        list
    }

    /// The metric at `at` over all rows.
    pub fn figure(&self, at: usize, plan: Plan) -> Figure {
        let clusters = self.clusters(at, |_| true);
        let clusters: Vec<Cluster> = clusters.into_iter().map(|(_, cluster)| cluster).collect();
        figure(&clusters, self.metrics[at].best, plan)
    }
}

/// The figure of independent clusters of a metric that is `best` at most: Wilson's interval where
/// each is one yes or no, else a percentile interval of the bootstrap. Draws of clusters that are
/// all at one end would never leave it: there it is Wilson's for as many clusters.
pub fn figure(clusters: &[Cluster], best: f64, plan: Plan) -> Figure {
    let gain: f64 = clusters.iter().map(|c| c.gain).sum();
    let size: f64 = clusters.iter().map(|c| c.size).sum();
    let value = if size > 0.0 { gain / size } else { 0.0 };
    let single = |c: &Cluster| c.size == 1.0 && (c.gain == 0.0 || c.gain == 1.0);
    let count = clusters.len() as u64;
    let (low, high) = if best == 1.0 && clusters.iter().all(single) {
        let rate = Rate::new(gain as u64, size as u64);
        (rate.low, rate.high)
    } else if count > 0 && (value == 0.0 || value == best) {
        let rate = Rate::new(if value == 0.0 { 0 } else { count }, count);
        (best * rate.low, best * rate.high)
    } else {
        interval(clusters, plan).map_or((value, value), |drawn| (drawn.low, drawn.high))
    };
    Figure { value, low, high, size, clusters: clusters.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { resamples: 1000, seed: 0 };

    fn row(cluster: &str, gain: f64, size: f64) -> Row {
        let shares = vec![Cluster { gain, size }];
        Row { cluster: cluster.to_owned(), shares, ..Row::default() }
    }

    #[test]
    fn rows_of_one_cluster_go_together() {
        let metrics = vec![Metric { name: "csr".to_owned(), best: 1.0 }];
        let rows =
            vec![row("b", 1.0, 2.0), row("a", 0.5, 1.0), row("b", 0.0, 1.0), row("c", 0.0, 0.0)];
        let sheet = Sheet { metrics, rows };
        let found = sheet.clusters(0, |_| true);
        let expected = [("b", Cluster::of(1, 3)), ("a", Cluster { gain: 0.5, size: 1.0 })];
        assert_eq!(found, expected);
        let figure = sheet.figure(0, PLAN);
        assert_eq!((figure.value, figure.size, figure.clusters), (0.375, 4.0, 2));
        assert!(figure.low <= figure.value && figure.value <= figure.high);
    }

    #[test]
    fn single_answers_get_wilsons_interval() {
        let clusters: Vec<Cluster> = (0..10).map(|at| Cluster::of(i32::from(at < 7), 1)).collect();
        let (figure, rate) = (figure(&clusters, 1.0, PLAN), Rate::new(7, 10));
        assert_eq!((figure.value, figure.low, figure.high), (0.7, rate.low, rate.high));
        assert_eq!(super::figure(&[], 1.0, PLAN).value, 0.0);
    }

    #[test]
    fn intervals_at_an_end_have_a_width() {
        // Five constraints each, none met; levels in a row, of which each has 1 of 5.
        let none = figure(&[Cluster::of(0, 5); 20], 1.0, PLAN);
        assert_eq!((none.low, none.high), (0.0, Rate::new(0, 20).high));
        let all = figure(&[Cluster::of(5, 1); 20], 5.0, PLAN);
        assert_eq!((all.low, all.high), (5.0 * Rate::new(20, 20).low, 5.0));
        let mixed: Vec<Cluster> = (0..20).map(|at| Cluster::of(at % 2, 1)).collect();
        let levels = figure(&mixed, 5.0, PLAN);
        let rate = Rate::new(10, 20);
        assert!((levels.low, levels.high) != (rate.low, rate.high), "levels are no shares");
    }
}
