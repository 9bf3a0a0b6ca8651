//! Accuracies with intervals, computed from judged items and from nothing else.

use std::collections::BTreeMap;

use heedful_constraints::Profile;
use serde::Serialize;

use crate::score::{Followed, Judged};
use crate::statistics::bootstrap::{Cluster, Plan, intervals};
use crate::statistics::wilson::wilson;

/// A rate with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// How many were followed.
    pub correct: u64,
    /// Out of how many.
    pub total: u64,
    /// Their ratio; 0 of nothing.
    pub rate: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Rate {
    /// With Wilson's interval.
    pub fn new(correct: u64, total: u64) -> Rate {
        let interval = wilson(correct, total);
        let rate = if total == 0 { 0.0 } else { correct as f64 / total as f64 };
        Rate { correct, total, rate, low: interval.low, high: interval.high }
    }
}

/// The strict and the loose rate of one kind of instruction, each with Wilson's interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Both {
    /// The responses as they are.
    pub strict: Rate,
    /// Some variant of each.
    pub loose: Rate,
}

/// The four accuracies and the tables below them.
///
/// Prompt level: Wilson's interval. Instruction level: a percentile interval of the cluster
/// bootstrap, for the instructions of one prompt share a response; Wilson's for as many prompts
/// where all or none is followed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// Prompts with all instructions followed.
    pub prompt_strict: Rate,
    /// Instructions followed.
    pub inst_strict: Rate,
    /// Prompts with all instructions followed by some variant of the response.
    pub prompt_loose: Rate,
    /// Instructions followed by some variant of the response.
    pub inst_loose: Rate,
    /// By rule id.
    pub per_instruction: BTreeMap<String, Both>,
    /// By the group before the colon.
    pub per_family: BTreeMap<String, Both>,
}

/// Names of the four accuracies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// [`Metrics::prompt_strict`].
    PromptStrict,
    /// [`Metrics::inst_strict`].
    InstStrict,
    /// [`Metrics::prompt_loose`].
    PromptLoose,
    /// [`Metrics::inst_loose`].
    InstLoose,
}

impl Metric {
    /// In the order in which they are printed.
    pub const ALL: [Metric; 4] =
        [Metric::PromptStrict, Metric::InstStrict, Metric::PromptLoose, Metric::InstLoose];

    /// The name in JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Metric::PromptStrict => "prompt_strict",
            Metric::InstStrict => "inst_strict",
            Metric::PromptLoose => "prompt_loose",
            Metric::InstLoose => "inst_loose",
        }
    }

    /// What one item adds to this accuracy.
    pub fn cluster(self, item: &Judged, profile: Profile) -> Cluster {
        let strict = matches!(self, Metric::PromptStrict | Metric::InstStrict);
        let hit = |f: Followed| if strict { f.strict } else { f.loose };
        let verdicts = item.outcomes.iter().map(|o| hit(o.under(profile)));
        match self {
            Metric::PromptStrict | Metric::PromptLoose => {
                let mut verdicts = verdicts;
                Cluster::of(i32::from(verdicts.all(|ok| ok)), 1)
            }
            Metric::InstStrict | Metric::InstLoose => {
                let gain = verdicts.filter(|ok| *ok).count() as i32;
                Cluster::of(gain, item.outcomes.len() as u32)
            }
        }
    }
}

impl std::str::FromStr for Metric {
    type Err = String;

    fn from_str(name: &str) -> Result<Metric, String> {
        Metric::ALL.into_iter().find(|metric| metric.name() == name).ok_or_else(|| {
            let known: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
            format!("unknown metric `{name}`: expected one of {}", known.join(", "))
        })
    }
}

impl Metrics {
    /// One of the four.
    pub fn get(&self, metric: Metric) -> Rate {
        match metric {
            Metric::PromptStrict => self.prompt_strict,
            Metric::InstStrict => self.inst_strict,
            Metric::PromptLoose => self.prompt_loose,
            Metric::InstLoose => self.inst_loose,
        }
    }
}

/// Computes everything from `items` under `profile`.
pub fn compute(items: &[Judged], profile: Profile, plan: Plan) -> Metrics {
    let clusters = |metric: Metric| items.iter().map(move |item| metric.cluster(item, profile));
    let rate = |metric| {
        let sum = |(gain, size), c: Cluster| (gain + c.gain as u64, size + c.size as u64);
        let (correct, total) = clusters(metric).fold((0, 0), sum);
        Rate::new(correct, total)
    };
    let rows: Vec<[Cluster; 2]> = clusters(Metric::InstStrict)
        .zip(clusters(Metric::InstLoose))
        .map(|(strict, loose)| [strict, loose])
        .collect();
    let (mut inst_strict, mut inst_loose) = (rate(Metric::InstStrict), rate(Metric::InstLoose));
    if let Some([strict, loose]) = intervals(&rows, plan) {
        (inst_strict.low, inst_strict.high) = (strict.low, strict.high);
        (inst_loose.low, inst_loose.high) = (loose.low, loose.high);
    }
    for rate in [&mut inst_strict, &mut inst_loose] {
        // Draws from all or nothing are all the same.
        if rate.correct == 0 || rate.correct == rate.total {
            let count = items.len() as u64;
            let end = Rate::new(if rate.correct == 0 { 0 } else { count }, count);
            (rate.low, rate.high) = (end.low, end.high);
        }
    }
    Metrics {
        prompt_strict: rate(Metric::PromptStrict),
        inst_strict,
        prompt_loose: rate(Metric::PromptLoose),
        inst_loose,
        per_instruction: table(items, profile, |id| id),
        per_family: table(items, profile, family),
    }
}

/// The group of a rule: what stands before the colon.
pub fn family(id: &str) -> &str {
    id.split_once(':').map_or(id, |(group, _)| group)
}

fn table(
    items: &[Judged],
    profile: Profile,
    name: impl Fn(&str) -> &str,
) -> BTreeMap<String, Both> {
    let mut counts: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    for outcome in items.iter().flat_map(|item| &item.outcomes) {
        let followed = outcome.under(profile);
        let [strict, loose, total] = counts.entry(name(&outcome.id)).or_default();
        *strict += u64::from(followed.strict);
        *loose += u64::from(followed.loose);
        *total += 1;
    }
    let both = |[strict, loose, total]: [u64; 3]| Both {
        strict: Rate::new(strict, total),
        loose: Rate::new(loose, total),
    };
    counts.into_iter().map(|(id, counts)| (id.to_owned(), both(counts))).collect()
}
