//! The reward of a response: what rules, the judge and the grader say of it.

use heedful_benchmarks::answer::{self, Grade};
use heedful_benchmarks::thinking;
use heedful_constraints::Text;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::gates::{Gates, Lengths, Refusal};
use super::judge::{self, Judge, Question};
use super::tasks::{Check, Item, Task};
use crate::error::{Error, Result};

/// How the items of a prompt become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregate {
    /// Their mean.
    Mean,
    /// 1 where all are satisfied, else 0.
    All,
    /// The mean, where one that fails takes those after it with it.
    Chained,
}

/// What an item is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credit {
    /// 1 where it is satisfied, else 0; a soft one is where its probability is 0.5 at least.
    Binary,
    /// A soft one is worth its probability, others as in `Binary`.
    Probability,
    /// A soft one is worth its probability, a rule its verdict's degree: how near the response
    /// came.
    Graded,
}

/// A soft constraint of this probability is satisfied.
const SATISFIED: f32 = 0.5;

/// What a response earned.
#[derive(Debug, Clone, PartialEq)]
pub struct Earned {
    /// The reward, in [0, 1].
    pub reward: f32,
    /// What each item is worth, in [0, 1].
    pub worth: Vec<f32>,
    /// Whether each item is satisfied.
    pub satisfied: Vec<bool>,
    /// Why it earns nothing all the same.
    pub refused: Option<Refusal>,
}

impl Earned {
    /// Whether it has all that was asked for.
    pub fn passes(&self) -> bool {
        self.refused.is_none() && self.satisfied.iter().all(|good| *good)
    }

    /// What it would earn were these the only items, by their numbers.
    pub fn of(&self, items: &[usize], aggregate: Aggregate) -> f32 {
        let worth: Vec<f32> = items.iter().map(|&at| self.worth[at]).collect();
        let satisfied: Vec<bool> = items.iter().map(|&at| self.satisfied[at]).collect();
        if self.refused.is_some() { 0.0 } else { total(&worth, &satisfied, aggregate) }
    }

    /// The mean worth of the items of one kind; `None` where there are none.
    pub fn mean(&self, task: &Task, soft: bool) -> Option<f32> {
        let pairs = task.items.iter().zip(&self.worth);
        let (mut sum, mut count) = (0.0, 0);
        for (_, worth) in pairs.filter(|(item, _)| item.is_soft() == soft) {
            (sum, count) = (sum + worth, count + 1);
        }
        (count > 0).then(|| sum / count as f32)
    }
}

/// How responses are paid.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// How reasoning is told from the answer, and whether the template opens it.
    pub thinking: &'a (thinking::Policy, bool),
    /// How items become a reward.
    pub aggregate: Aggregate,
    /// What an item is worth.
    pub credit: Credit,
    /// What earns nothing.
    pub gates: &'a Gates,
}

/// What these responses earn; the judge is asked once, about all of them. A response whose
/// reasoning never ended has no answer, and earns nothing.
///
/// # Errors
/// Of the judge; soft constraints without one.
pub fn earn(
    terms: Terms<'_>,
    given: &[(&Task, &str)],
    lengths: &mut Lengths,
    judge: Option<&mut dyn Judge>,
) -> Result<Vec<Earned>> {
    let (thinking, prefilled) = terms.thinking;
    let answers: Vec<Option<&str>> = given
        .iter()
        .map(|(_, response)| thinking.answer(response, *prefilled))
        .map(|found| (found.state != thinking::State::Unclosed).then_some(found.text))
        .collect();
    if terms.gates.length.is_some() {
        let answered = given.iter().zip(&answers).filter(|((task, _), _)| !task.is_question());
        lengths.note(answered.filter_map(|((task, _), answer)| Some((task.level, (*answer)?))));
    }
    let lengths = &*lengths;
    let mut earned: Vec<Earned> = given
        .par_iter()
        .zip(&answers)
        .map(|((task, _), answer)| judge_hard(terms, task, *answer, lengths))
        .collect();
    judge_soft(given, &answers, &mut earned, terms.credit, judge)?;
    for earned in &mut earned {
        earned.reward = match earned.refused {
            Some(_) => 0.0,
            None => total(&earned.worth, &earned.satisfied, terms.aggregate),
        };
    }
    Ok(earned)
}

/// All but soft constraints and the reward.
fn judge_hard(terms: Terms<'_>, task: &Task, answer: Option<&str>, lengths: &Lengths) -> Earned {
    let count = task.items.len();
    let Some(answer) = answer else {
        let refused = Some(Refusal::Unended);
        return Earned {
            reward: 0.0,
            worth: vec![0.0; count],
            satisfied: vec![false; count],
            refused,
        };
    };
    let text = Text::new(answer);
    let judge = |item: &Item| match &item.check {
        Check::Rule(rule) => {
            let verdict = rule.check(&text);
            let graded = terms.credit == Credit::Graded;
            let worth = if graded { verdict.degree } else { whole(verdict.satisfied) };
            (worth, verdict.satisfied)
        }
        Check::Answer(expected) => {
            let right = answer::grade(expected, answer) == Grade::Right;
            (whole(right), right)
        }
        Check::Judge => (0.0, false),
    };
    let (worth, satisfied) = task.items.iter().map(judge).unzip();
    let level = (task.level, lengths);
    let refused = match task.is_question() {
        true => None,
        false => terms.gates.refusal(answer, &task.prompt, task.about(), level),
    };
    Earned { reward: 0.0, worth, satisfied, refused }
}

/// Asks the judge about all soft constraints of answers that are not blank, at once.
fn judge_soft(
    given: &[(&Task, &str)],
    answers: &[Option<&str>],
    earned: &mut [Earned],
    credit: Credit,
    judge: Option<&mut dyn Judge>,
) -> Result<()> {
    let (mut questions, mut places) = (Vec::new(), Vec::new());
    for (at, ((task, _), answer)) in given.iter().zip(answers).enumerate() {
        let Some(response) = answer.filter(|answer| !answer.trim().is_empty()) else { continue };
        for (number, item) in task.items.iter().enumerate().filter(|(_, item)| item.is_soft()) {
            let constraint = item.text.as_deref().unwrap_or_default();
            questions.push(Question { instruction: task.about(), constraint, response });
            places.push((at, number));
        }
    }
    let scores = match judge {
        Some(judge) => judge::ask(judge, &questions)?,
        None if questions.is_empty() => Vec::new(),
        None => return Err(Error::usage("soft constraints without a judge")),
    };
    for ((at, number), score) in places.into_iter().zip(scores) {
        let good = score >= SATISFIED;
        earned[at].satisfied[number] = good;
        earned[at].worth[number] = if credit == Credit::Binary { whole(good) } else { score };
    }
    Ok(())
}

fn whole(good: bool) -> f32 {
    f32::from(u8::from(good))
}

fn total(worth: &[f32], satisfied: &[bool], aggregate: Aggregate) -> f32 {
    let count = satisfied.len() as f32;
    match aggregate {
        Aggregate::Mean => worth.iter().sum::<f32>() / count,
        Aggregate::All => whole(satisfied.iter().all(|good| *good)),
        Aggregate::Chained => {
            let good = satisfied.iter().take_while(|good| **good).count();
            // The first that fails still earns its worth.
            worth.iter().take(good + 1).sum::<f32>() / count
        }
    }
}

#[cfg(test)]
#[path = "reward_tests.rs"]
mod tests;
