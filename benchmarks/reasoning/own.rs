//! Questions of our own, made by code together with their answers: no file and no licence needed.
//!
//! Each item is a function of the seed and of its place. Seven categories have equally many items,
//! on three levels; every fourth item is multiple choice, its wrong options being what a slip in
//! the calculation gives. Puzzles of logic are solved by trying everything, and taken only where
//! exactly one solution is left.

mod algebra;
mod arithmetic;
mod counting;
mod logic;
mod numbers;
mod problem;
mod puzzles;
mod ratio;
mod science;
mod sequences;
mod words;

use std::collections::{HashMap, HashSet};

use super::draw::Draw;
use super::items::{Item, Items, gather};
use super::layout::letter;
use crate::answer::equivalent;
use problem::Problem;

/// The version of the questions: the same version and seed give the same items.
pub const VERSION: u32 = 1;

/// The seed of the items that are used where none is named.
pub const SEED: u64 = 1;

/// Items of each category.
const PER_CATEGORY: usize = 48;

/// Levels, from 1.
const LEVELS: usize = 3;

/// Every so many items one has options.
const CHOICE_EVERY: usize = 4;

/// Options of a question that has any.
const OPTIONS: usize = 4;

/// How many open questions may have the same answer.
const SAME_ANSWER: u32 = 3;

/// Draws that may fail before an item is given up.
const ATTEMPTS: usize = 400;

/// Draws of one template before the next one is tried.
const PATIENCE: usize = 40;

/// Makes a problem of a level from 1 to 3; `None` where what was drawn gives none.
type Template = fn(&mut Draw, usize) -> Option<Problem>;

/// Templates of one category with their names.
type Category = (&'static str, &'static [(&'static str, Template)]);

const CATEGORIES: [Category; 7] = [
    ("arithmetic", &arithmetic::TEMPLATES),
    ("algebra", &algebra::TEMPLATES),
    ("number theory", &numbers::TEMPLATES),
    ("sequences", &sequences::TEMPLATES),
    ("counting", &counting::TEMPLATES),
    ("logic", &logic::TEMPLATES),
    ("science", &science::TEMPLATES),
];

/// The items of `seed`, category by category.
pub fn items(seed: u64) -> Items {
    let mut made = Made::default();
    for (category, templates) in CATEGORIES {
        for slot in 0..PER_CATEGORY {
            made.add(seed, category, templates, slot);
        }
    }
    gather(made.list, None)
}

/// What was made so far.
#[derive(Default)]
struct Made {
    list: Vec<Item>,
    questions: HashSet<String>,
    answers: HashMap<String, u32>,
}

impl Made {
    /// Adds the item of one slot: the first draw that gives a new problem.
    fn add(
        &mut self,
        seed: u64,
        category: &str,
        templates: &[(&'static str, Template)],
        slot: usize,
    ) {
        let level = 1 + slot % LEVELS;
        for attempt in 0..ATTEMPTS {
            let (name, template) =
                templates[(slot / LEVELS + attempt / PATIENCE) % templates.len()];
            let place = [category, name, &slot.to_string(), &attempt.to_string()];
            let mut draw = Draw::of(seed, &place);
            let Some(problem) = template(&mut draw, level) else { continue };
            if self.questions.contains(&problem.question) {
                continue;
            }
            let options = match slot % CHOICE_EVERY == CHOICE_EVERY - 1 {
                true => options(&problem, &mut draw),
                false if self.is_worn(&problem.answer) => None,
                false => Some((Vec::new(), problem.answer.clone())),
            };
            let Some((options, answer)) = options else { continue };
            if options.is_empty() {
                *self.answers.entry(answer.clone()).or_default() += 1;
            }
            self.questions.insert(problem.question.clone());
            let line = self.list.len() as u64 + 1;
            self.list.push(Item {
                key: format!("{}-{name}-{line}", category.replace(' ', "_")),
                question: problem.question,
                options,
                answer,
                category: Some(category.to_owned()),
                level: Some(level.to_string()),
                line,
            });
            return;
        }
    }

    /// Whether enough questions have this answer.
    fn is_worn(&self, answer: &str) -> bool {
        self.answers.get(answer).is_some_and(|count| *count >= SAME_ANSWER)
    }
}

/// The options of a problem in an order that is drawn, and the letter of the right one; `None`
/// where too few wrong ones differ from it and from each other.
fn options(problem: &Problem, draw: &mut Draw) -> Option<(Vec<String>, String)> {
    let mut kept = vec![problem.answer.clone()];
    for wrong in &problem.wrong {
        let new = !kept.iter().any(|other| equivalent(other, wrong) || equivalent(wrong, other));
        if new && kept.len() < OPTIONS {
            kept.push(wrong.clone());
        }
    }
    if kept.len() < OPTIONS {
        return None;
    }
    let mut order: Vec<usize> = (0..OPTIONS).collect();
    draw.shuffle(&mut order);
    let right = order.iter().position(|at| *at == 0)?;
    let text = |at: &usize| match problem.unit {
        "" => kept[*at].clone(),
        unit => format!("{} {unit}", kept[*at]),
    };
    Some((order.iter().map(text).collect(), letter(right).to_string()))
}

#[cfg(test)]
mod tests;
