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
    /// How many prompts; with several samples each, fewer than the rates are of.
    #[serde(skip)]
    pub prompts: u64,
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

/// Whether two rows are samples of one prompt.
pub fn is_sample_of(a: &Judged, b: &Judged) -> bool {
    a.key == b.key && a.prompt == b.prompt
}

/// Computes everything from `items` under `profile`. Samples of a prompt stand together and are one
/// cluster: drawn with all of its samples, for what chance does within a prompt is in the spread
/// between prompts already, and to draw samples anew as well would count it twice.
pub fn compute(items: &[Judged], profile: Profile, plan: Plan) -> Metrics {
    let prompts: Vec<[Cluster; 4]> = items
        .chunk_by(is_sample_of)
        .map(|samples| Metric::ALL.map(|metric| sum(samples, metric, profile)))
        .collect();
    let several = prompts.len() < items.len();
    let drawn = intervals(&prompts, plan);
    let rate = |at: usize| {
        let (correct, total) = prompts.iter().fold((0, 0), |(correct, total), row| {
            (correct + row[at].gain as u64, total + row[at].size as u64)
        });
        let mut rate = Rate::new(correct, total);
        let of_prompts = matches!(Metric::ALL[at], Metric::PromptStrict | Metric::PromptLoose);
        // Single answers to prompts have Wilson's.
        if let (false, Some(drawn)) = (of_prompts && !several, drawn) {
            (rate.low, rate.high) = (drawn[at].low, drawn[at].high);
            // Draws from all or nothing are all the same.
            if correct == 0 || correct == total {
                let count = prompts.len() as u64;
                let end = Rate::new(if correct == 0 { 0 } else { count }, count);
                (rate.low, rate.high) = (end.low, end.high);
            }
        }
        rate
    };
    let [prompt_strict, inst_strict, prompt_loose, inst_loose] = std::array::from_fn(rate);
    Metrics {
        prompts: prompts.len() as u64,
        prompt_strict,
        inst_strict,
        prompt_loose,
        inst_loose,
        per_instruction: table(items, profile, |id| id),
        per_family: table(items, profile, family),
    }
}

fn sum(samples: &[Judged], metric: Metric, profile: Profile) -> Cluster {
    samples.iter().map(|item| metric.cluster(item, profile)).fold(Cluster::default(), |sum, one| {
        Cluster { gain: sum.gain + one.gain, size: sum.size + one.size }
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Outcome;

    const PLAN: Plan = Plan { resamples: 500, seed: 0 };

    fn item(key: usize, verdicts: [bool; 2]) -> Judged {
        let outcome = |followed| {
            let followed = Followed { strict: followed, loose: followed };
            Outcome {
                id: "a:b".to_owned(),
                args: "{}".to_owned(),
                degree: 0.0,
                reason: String::new(),
                error: None,
                official: followed,
                corrected: followed,
            }
        };
        Judged {
            key: key.to_string(),
            prompt: format!("p{key}"),
            response: Some(String::new()),
            answer: None,
            finish_reason: None,
            thinking: None,
            irregular: false,
            outcomes: verdicts.map(outcome).into(),
        }
    }

    #[test]
    fn equal_samples_of_a_prompt_tell_no_more_than_one() {
        let once: Vec<Judged> = (0..40).map(|at| item(at, [at % 2 == 0, at % 3 > 0])).collect();
        let thrice: Vec<Judged> = once.iter().flat_map(|item| vec![item.clone(); 3]).collect();
        let [one, three] = [&once, &thrice].map(|list| compute(list, Profile::Official, PLAN));
        assert_eq!((one.prompts, three.prompts, three.prompt_strict.total), (40, 40, 120));
        let ends = |rate: Rate| (rate.rate, rate.low, rate.high);
        assert_eq!(ends(one.inst_strict), ends(three.inst_strict));
        // Wilson's interval of 120 single answers would be far narrower than that of 40 prompts.
        let (of_prompts, drawn) = (one.prompt_strict, three.prompt_strict);
        let wide = drawn.high - drawn.low;
        assert!((wide / (of_prompts.high - of_prompts.low) - 1.0).abs() < 0.15, "{drawn:?}");
        let single = Rate::new(drawn.correct, drawn.total);
        assert!(wide > 1.5 * (single.high - single.low));
        let all = compute(&vec![item(0, [true; 2]); 3], Profile::Official, PLAN);
        assert_eq!(all.prompt_strict.low, Rate::new(1, 1).low);
    }
}
