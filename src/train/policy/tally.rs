//! What a rollout and its updates came to, as numbers for `metrics.jsonl`.

use std::collections::BTreeMap;

use heedful_models::policy;

use super::Group;
use super::gates::Refusal;
use super::tasks::Task;

/// Means by name, in the order of names.
#[derive(Debug, Clone, Default)]
struct Means(BTreeMap<String, (f64, u64)>);

impl Means {
    fn note(&mut self, name: impl Into<String>, value: f64) {
        let (sum, count) = self.0.entry(name.into()).or_default();
        (*sum, *count) = (*sum + value, *count + 1);
    }

    fn mean(&self, name: &str) -> f64 {
        self.0.get(name).map_or(f64::NAN, |(sum, count)| sum / *count as f64)
    }
}

/// What all samples of a rollout came to, those of prompts that were passed over too.
#[derive(Default)]
pub(super) struct Tally {
    means: Means,
    tokens: u64,
}

impl Tally {
    pub(super) fn note(&mut self, group: &Group, tasks: &[Task]) {
        let rewards = || group.earned.iter().map(|earned| f64::from(earned.reward));
        let count = rewards().count() as f64;
        let mean = rewards().sum::<f64>() / count;
        let variance = rewards().map(|r| (r - mean).powi(2)).sum::<f64>() / (count - 1.0);
        self.means.note("reward_std", variance.sqrt());
        let task = &tasks[group.task];
        for (answer, earned) in group.answers.iter().zip(&group.earned) {
            let means = &mut self.means;
            self.tokens += answer.len() as u64;
            means.note("reward", f64::from(earned.reward));
            means.note(format!("reward/level{}", task.level), f64::from(earned.reward));
            for (name, soft) in [("reward_hard", false), ("reward_soft", true)] {
                if let Some(mean) = earned.mean(task, soft) {
                    means.note(name, f64::from(mean));
                }
            }
            means.note("length", answer.len() as f64);
            means.note("truncated", share(answer.cut));
            for why in [Refusal::Unended, Refusal::Length, Refusal::Intent] {
                let refused = share(earned.refused == Some(why));
                means.note(format!("refused/{}", why.name()), refused);
            }
            let items = task.items.iter().zip(&earned.worth).zip(&earned.satisfied);
            for ((item, worth), good) in items {
                means.note(format!("reward/{}", item.id), f64::from(*worth));
                means.note(format!("satisfied/{}", item.id), share(*good));
                means.note("satisfied", share(*good));
                let kind = if item.is_soft() { "satisfied_soft" } else { "satisfied_hard" };
                means.note(kind, share(*good));
                means.note(format!("satisfied/level{}", task.level), share(*good));
            }
            means.note("all_satisfied", share(earned.passes()));
            means.note(format!("all_satisfied/level{}", task.level), share(earned.passes()));
        }
    }

    pub(super) fn reward(&self) -> f64 {
        self.means.mean("reward")
    }

    /// Tokens that were sampled.
    pub(super) fn tokens(&self) -> u64 {
        self.tokens
    }

    pub(super) fn values(&self) -> Vec<(String, f64)> {
        self.means.0.keys().map(|name| (name.clone(), self.means.mean(name))).collect()
    }
}

fn share(good: bool) -> f64 {
    f64::from(u8::from(good))
}

/// What the parts of a step took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seconds {
    /// Sampling.
    pub(super) rollout: f64,
    /// Judging.
    pub(super) reward: f64,
    /// Log-probabilities and updates.
    pub(super) train: f64,
}

impl Seconds {
    /// With speeds, of tokens of answers that were sampled and judged, and of those learned from.
    pub(super) fn values(self, sampled: u64, trained: usize) -> Vec<(String, f64)> {
        let (sampled, trained) = (sampled as f64, trained as f64);
        [
            ("rollout_s", self.rollout),
            ("reward_s", self.reward),
            ("train_s", self.train),
            ("rollout_tokens_per_s", sampled / self.rollout),
            ("reward_tokens_per_s", sampled / self.reward),
            ("train_tokens_per_s", trained / self.train),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

/// What the updates of a rollout came to, on average.
pub(super) fn updates(done: &[policy::Update]) -> Vec<(String, f64)> {
    let Some(last) = done.last() else { return Vec::new() };
    let sum = |of: fn(&policy::Update) -> f64| done.iter().map(of).sum::<f64>();
    let tokens = sum(|update| update.totals.tokens as f64);
    let each = done.len() as f64;
    let clipped = sum(|u| (u.totals.clipped_high + u.totals.clipped_low) as f64);
    [
        ("loss", sum(|update| update.totals.loss) / each),
        ("kl", sum(|update| update.totals.divergence) / tokens),
        ("entropy", sum(|update| update.entropy) / tokens),
        ("ratio", sum(|update| update.totals.ratio) / tokens),
        ("clipped", clipped / tokens),
        ("grad_norm", sum(|update| update.norm) / each),
        ("lr", last.rate),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}
