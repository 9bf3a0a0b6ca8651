//! Which prompts a rollout takes.
//!
//! *Mixed.* All levels shuffled together, an order of its own for each epoch (as upstream does).
//!
//! *Staged.* One level after the other, from the lowest. A stage ends with the rollout after which
//! the last prompts of its level (as many as its window) passed often enough, or after so many
//! rollouts; the last one has no end.
//!
//! *Adaptive.* Shuffled, but prompts whose pass rate lies in a band come first. A prompt's rate is
//! an exponentially weighted mean of what share of its samples passed; of a prompt that was not
//! seen yet it is its level's; of a level that was not seen yet it is unknown, which counts as in
//! the band. Others are passed over nine times in ten, so that rates that moved are noticed; an
//! epoch that has too few of the band gives those nearest to it.
//!
//! A sample passes if it satisfies all and no gate refuses it. Questions with a right answer stand
//! beside the curriculum: they have a fixed share of the prompts, and an order of their own.

use std::collections::{BTreeMap, VecDeque};

use heedful_models::counter::Counter;
use serde::{Deserialize, Serialize};

use super::tasks::Task;
use crate::error::{Error, Result};

/// In what order prompts come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Curriculum {
    /// All levels at once.
    Mixed,
    /// Level after level.
    Staged {
        /// The share of samples that must pass.
        gate: f64,
        /// Over so many prompts of the level; 0 takes as many as a rollout has.
        window: usize,
        /// Rollouts of a stage at most; 0 has no limit.
        most: u64,
    },
    /// Those that are neither too hard nor too easy.
    Adaptive {
        /// The lowest and the highest pass rate of the band.
        band: (f64, f64),
    },
}

/// What of a prompt's rate is kept when it is seen again.
const KEPT: f32 = 0.7;

/// Of prompts outside of the band, one in so many is looked at.
const LOOKS: u64 = 10;

/// Where the choosing stands: what a training that goes on has to know.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Prompts that were chosen.
    chosen: u64,
    /// Prompts with constraints that were looked at, of this stage.
    cursor: usize,
    /// Questions that were looked at.
    questions: usize,
    /// Stages that are done.
    stage: usize,
    /// Rollouts of this stage.
    rollouts: u64,
    /// Of the last prompts of this stage: how many samples passed, of how many.
    recent: VecDeque<(u32, u32)>,
    /// Pass rates by task and by level: the bits of 32-bit floats.
    tasks: BTreeMap<usize, u32>,
    levels: BTreeMap<u64, u32>,
    /// Of the present rollout: prompts that were looked at, and those of the band.
    looked: u64,
    inside: u64,
}

/// Chooses prompts.
pub(super) struct Chooser {
    curriculum: Curriculum,
    seed: u64,
    /// The tasks with constraints, all and by level.
    all: Vec<usize>,
    levels: Vec<(u64, Vec<usize>)>,
    of_task: Vec<u64>,
    questions: Vec<usize>,
    /// The questions' share of the prompts.
    share: f64,
    window: usize,
    pub(super) place: Place,
}

impl Chooser {
    /// Of these tasks; by default questions have the share of the prompts that they are.
    pub(super) fn new(
        tasks: &[Task],
        curriculum: Curriculum,
        share: Option<f64>,
        prompts: usize,
        seed: u64,
    ) -> Result<Chooser> {
        let (questions, all): (Vec<usize>, Vec<usize>) =
            (0..tasks.len()).partition(|&at| tasks[at].is_question());
        let mut levels: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for &at in &all {
            levels.entry(tasks[at].level).or_default().push(at);
        }
        let share = share.unwrap_or(questions.len() as f64 / tasks.len() as f64);
        if share > 0.0 && questions.is_empty() || share < 1.0 && all.is_empty() {
            let (questions, others) = (questions.len(), all.len());
            let problem = format!(
                "a share of {share} of questions with an answer, of which there are {questions} \
                 beside {others} other prompts"
            );
            return Err(Error::usage(problem));
        }
        let window = match curriculum {
            Curriculum::Staged { window, .. } if window > 0 => window,
            _ => prompts,
        };
        let of_task = tasks.iter().map(|task| task.level).collect();
        let (levels, place) = (levels.into_iter().collect(), Place::default());
        Ok(Chooser { curriculum, seed, all, levels, of_task, questions, share, window, place })
    }

    /// The next prompts.
    pub(super) fn choose(&mut self, count: usize) -> Vec<usize> {
        let before = self.place.chosen;
        let asked = |chosen: u64| (chosen as f64 * self.share) as u64;
        let questions = (asked(before + count as u64) - asked(before)) as usize;
        let mut chosen = match self.curriculum {
            Curriculum::Mixed => self.mixed(count - questions),
            Curriculum::Staged { .. } => self.staged(count - questions),
            Curriculum::Adaptive { band } => self.adaptive(count - questions, band),
        };
        self.place.chosen += count as u64;
        if questions > 0 {
            let chance = Counter::named("questions").split(self.seed);
            let cursor = &mut self.place.questions;
            chosen.extend(walk(&self.questions, chance, cursor).take(questions));
            let order = Counter::named("mix").split(self.seed).split(before).order(count);
            chosen = order.into_iter().map(|at| chosen[at]).collect();
        }
        chosen
    }

    fn mixed(&mut self, count: usize) -> Vec<usize> {
        let chance = Counter::named("prompts").split(self.seed);
        walk(&self.all, chance, &mut self.place.cursor).take(count).collect()
    }

    fn staged(&mut self, count: usize) -> Vec<usize> {
        let Some((level, pool)) = self.levels.get(self.place.stage) else { return Vec::new() };
        let chance = Counter::named("staged").split(self.seed).split(*level);
        walk(pool, chance, &mut self.place.cursor).take(count).collect()
    }

    fn adaptive(&mut self, count: usize, (low, high): (f64, f64)) -> Vec<usize> {
        let luck = Counter::named("looks").split(self.seed);
        let from = self.place.cursor;
        let chance = Counter::named("prompts").split(self.seed);
        let (mut chosen, mut passed, mut cursor) = (Vec::new(), Vec::new(), from);
        let walked = walk(&self.all, chance, &mut cursor).take(self.all.len());
        for (at, task) in (from as u64..).zip(walked) {
            if chosen.len() == count {
                break;
            }
            self.place.cursor += 1;
            self.place.looked += 1;
            let off = self.place.rate(task, self.of_task[task]).map_or(0.0, |rate| {
                let rate = f64::from(rate);
                (low - rate).max(rate - high).max(0.0)
            });
            self.place.inside += u64::from(off == 0.0);
            if off == 0.0 || luck.bits(at).is_multiple_of(LOOKS) {
                chosen.push(task);
            } else {
                passed.push((off, task));
            }
        }
        // Stable: those at the same distance stay in the order of the epoch.
        passed.sort_by(|a, b| a.0.total_cmp(&b.0));
        let left = count - chosen.len();
        chosen.extend(passed.into_iter().map(|(_, task)| task).take(left));
        // Fewer prompts than a rollout takes.
        let own = chosen.len();
        (own..count).filter(|_| own > 0).for_each(|at| chosen.push(chosen[at % own]));
        chosen
    }

    /// Hears how many of a prompt's samples passed.
    pub(super) fn note(&mut self, task: usize, passed: usize, samples: usize) {
        if self.questions.binary_search(&task).is_ok() {
            return;
        }
        let Place { recent, tasks, levels, .. } = &mut self.place;
        match self.curriculum {
            Curriculum::Mixed => {}
            Curriculum::Staged { .. } => {
                recent.push_back((passed as u32, samples as u32));
                if recent.len() > self.window {
                    recent.pop_front();
                }
            }
            Curriculum::Adaptive { .. } => {
                let now = passed as f32 / samples as f32;
                let mean = |old: Option<f32>| match old {
                    Some(old) => KEPT * old + (1.0 - KEPT) * now,
                    None => now,
                };
                let old = tasks.get(&task).copied().map(f32::from_bits);
                tasks.insert(task, mean(old).to_bits());
                let level = self.of_task[task];
                let old = levels.get(&level).copied().map(f32::from_bits);
                // A level hears of many prompts a rollout.
                let few = old.map_or(now, |old| old + (now - old) / self.window as f32);
                levels.insert(level, few.to_bits());
            }
        }
    }

    /// A rollout ends: what it came to, and whether the next stage begins.
    pub(super) fn end(&mut self) -> Vec<(&'static str, f64)> {
        let place = &mut self.place;
        match self.curriculum {
            Curriculum::Mixed => Vec::new(),
            Curriculum::Staged { gate, most, .. } => {
                let (passed, samples) =
                    place.recent.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
                let rate = f64::from(passed) / f64::from(samples.max(1));
                let level = self.levels.get(place.stage).map_or(0, |(level, _)| *level);
                place.rollouts += 1;
                let through = place.recent.len() >= self.window && rate >= gate;
                if (through || most > 0 && place.rollouts >= most)
                    && place.stage + 1 < self.levels.len()
                {
                    (place.stage, place.rollouts, place.cursor) = (place.stage + 1, 0, 0);
                    place.recent.clear();
                }
                vec![("curriculum/level", level as f64), ("curriculum/passed", rate)]
            }
            Curriculum::Adaptive { .. } => {
                let inside = place.inside as f64 / place.looked.max(1) as f64;
                let looked = place.looked as f64;
                (place.looked, place.inside) = (0, 0);
                vec![("curriculum/in_band", inside), ("curriculum/looked_at", looked)]
            }
        }
    }
}

impl Place {
    fn rate(&self, task: usize, level: u64) -> Option<f32> {
        let bits = self.tasks.get(&task).or_else(|| self.levels.get(&level));
        bits.copied().map(f32::from_bits)
    }

    /// Prompts that were chosen.
    pub(super) fn chosen(&self) -> u64 {
        self.chosen
    }
}

/// The pool without end, each epoch in an order of its own, from the cursor on, which moves along.
fn walk<'a>(
    pool: &'a [usize],
    chance: Counter,
    cursor: &'a mut usize,
) -> impl Iterator<Item = usize> + 'a {
    let (mut epoch, mut order) = (None, Vec::new());
    std::iter::from_fn(move || {
        let now = (*cursor).checked_div(pool.len())? as u64;
        if epoch != Some(now) {
            (epoch, order) = (Some(now), chance.split(now).order(pool.len()));
        }
        let at = *cursor % pool.len();
        *cursor += 1;
        Some(pool[order[at]])
    })
}

#[cfg(test)]
#[path = "curriculum_tests.rs"]
mod tests;
