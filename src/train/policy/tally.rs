//! What a rollout and its updates came to, as numbers for `metrics.jsonl`.

use heedful_models::policy;

use super::Group;
use super::reward::{Shares, Task};

/// What all samples of a rollout came to, those of prompts that were passed over too.
#[derive(Default)]
pub(super) struct Tally {
    rewards: f64,
    deviations: f64,
    groups: u64,
    samples: u64,
    tokens: u64,
    cut: u64,
    constraints: Shares,
    responses: Shares,
}

impl Tally {
    pub(super) fn note(&mut self, group: &Group, tasks: &[Task]) {
        let count = group.rewards.len() as f64;
        let sum: f64 = group.rewards.iter().map(|&r| f64::from(r)).sum();
        let squares = |r: &f32| (f64::from(*r) - sum / count).powi(2);
        let variance = group.rewards.iter().map(squares).sum::<f64>() / (count - 1.0);
        self.rewards += sum;
        self.deviations += variance.sqrt();
        self.groups += 1;
        let task = &tasks[group.task];
        for (answer, satisfied) in group.answers.iter().zip(&group.satisfied) {
            self.samples += 1;
            self.tokens += answer.len() as u64;
            self.cut += u64::from(answer.cut);
            for (rule, good) in task.rules.iter().zip(satisfied) {
                self.constraints.note(&format!("satisfied/{}", rule.id()), *good);
                self.constraints.note("satisfied", *good);
            }
            let all = satisfied.iter().all(|good| *good);
            self.responses.note("all_satisfied", all);
            self.responses.note(&format!("all_satisfied/level{}", task.level), all);
        }
    }

    pub(super) fn reward(&self) -> f64 {
        self.rewards / self.samples as f64
    }

    pub(super) fn values(&self) -> Vec<(String, f64)> {
        let samples = self.samples as f64;
        let mut values = vec![
            ("reward".to_owned(), self.reward()),
            ("reward_std".to_owned(), self.deviations / self.groups as f64),
            ("length".to_owned(), self.tokens as f64 / samples),
            ("truncated".to_owned(), self.cut as f64 / samples),
        ];
        let shares = self.constraints.iter().chain(self.responses.iter());
        values.extend(shares.map(|(name, share)| (name.to_owned(), share)));
        values
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
