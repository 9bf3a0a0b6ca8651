//! Hindsight: a sample that failed its prompt is a success at an easier one (HiR).
//!
//! A sample that satisfies some items and not all is set under the prompt that asks for just those:
//! the row of the same ladder that does, else one composed as its own prompt is. It enters the
//! update beside the groups with ln π_old taken anew under that prompt, before the first update,
//! so that its ratio begins at 1. Its advantage is what the group's formula gives it where all of
//! the group's samples are paid for those items alone,
//!
//! A = (r′ − b(r′)) · s(r′), r′ᵢ = the reward of sample i for the satisfied items,
//!
//! with the training's baseline b and scale s: the others of the group tell what a sample is worth
//! under the easier prompt, though they answered the harder one. Where all of them satisfy those
//! items, or where A is not above 0, there is nothing to learn and the sample stays out. What fails
//! is not learned from: the others did not answer that prompt.

use std::collections::BTreeMap;

use heedful_kernels::Device;
use heedful_models::counter::Counter;

use super::tasks::Task;
use super::{Group, Policy, advantages};
use crate::error::Result;

/// A sample under another prompt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Relabelled {
    /// The sample's number in its group.
    pub(super) sample: usize,
    /// The easier prompt.
    pub(super) prompt: String,
    /// Above 0.
    pub(super) advantage: f32,
}

/// Prompts by what they ask for.
pub(super) struct Ladders(BTreeMap<String, usize>);

impl Ladders {
    pub(super) fn new(tasks: &[Task]) -> Ladders {
        let whole = |(at, task): (usize, &Task)| {
            let every: Vec<usize> = (0..task.items.len()).collect();
            (task.unjudged == 0).then(|| key(task, &every)).flatten().map(|key| (key, at))
        };
        Ladders(tasks.iter().enumerate().filter_map(whole).collect())
    }

    /// The prompt that asks for just these items of a task.
    fn prompt(&self, tasks: &[Task], task: &Task, items: &[usize]) -> Option<String> {
        let known = key(task, items).and_then(|key| self.0.get(&key));
        if let Some(&known) = known {
            return Some(tasks[known].prompt.clone());
        }
        let texts = items.iter().map(|&at| task.items[at].text.as_deref());
        let texts: Vec<&str> = texts.collect::<Option<_>>()?;
        Some(task.layout?.prompt(task.instruction.as_deref()?, texts.into_iter()))
    }

    /// A share of the failed samples of a group, under the prompts that they succeed at.
    pub(super) fn relabel(
        &self,
        device: &Device,
        with: &Policy,
        tasks: &[Task],
        group: &Group,
        luck: Counter,
    ) -> Result<Vec<Relabelled>> {
        let task = &tasks[group.task];
        let mut all = Vec::new();
        for (sample, earned) in group.earned.iter().enumerate() {
            let own = f64::from(luck.uniform(sample as u64)) / 2.0 + 0.5;
            let good = |at: &usize| earned.satisfied[*at];
            let items: Vec<usize> = (0..task.items.len()).filter(good).collect();
            if own >= with.hindsight
                || earned.refused.is_some()
                || items.is_empty()
                || items.len() == task.items.len()
            {
                continue;
            }
            let Some(prompt) = self.prompt(tasks, task, &items) else { continue };
            let rewards: Vec<f32> =
                group.earned.iter().map(|other| other.of(&items, with.aggregate)).collect();
            let advantage = advantages(device, with, &rewards)?[sample];
            if advantage > 0.0 {
                all.push(Relabelled { sample, prompt, advantage });
            }
        }
        Ok(all)
    }
}

/// The ladder and some items of a task.
fn key(task: &Task, items: &[usize]) -> Option<String> {
    let mut key = task.ladder.clone()?;
    for &at in items {
        key.push('\0');
        key.push_str(&task.items[at].identity());
    }
    Some(key)
}

#[cfg(test)]
#[path = "hindsight_tests.rs"]
mod tests;
