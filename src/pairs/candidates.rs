//! Candidates: every response with every constraint that it is paired with, before labels.

use std::cmp::Reverse;

use heedful_constraints::Text;
use heedful_datasets::pairs::Side;
use rayon::prelude::*;

use super::Reach;
use super::answers::Answers;
use super::classes::Classes;
use super::ladders::Ladders;

/// Responses judged between two words to the progress bar.
const CHUNK: usize = 1024;

/// How many levels are named of those that lack a side.
const SHOWN: usize = 20;

/// A response with a constraint.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) ladder: usize,
    /// The level that adds the constraint.
    pub(super) level: usize,
    pub(super) class: usize,
    pub(super) answer: usize,
    /// The level that the response answers.
    pub(super) response_level: usize,
    pub(super) sample: u32,
    /// The rule's verdict, where one decides.
    pub(super) rule: Option<bool>,
    /// The truth of a trait.
    pub(super) truth: Option<bool>,
}

impl Candidate {
    pub(super) fn side(&self) -> Side {
        if self.response_level < self.level { Side::Negative } else { Side::Positive }
    }

    /// Whether it is one of the two of a pair: the constraint is its newest, or the next one.
    pub(super) fn is_paired(&self) -> bool {
        self.response_level == self.level || self.response_level + 1 == self.level
    }
}

/// Levels of ladders that lack a side of their pairs.
#[derive(Debug, Default, PartialEq, serde::Serialize)]
pub(super) struct Lacking {
    pub(super) levels: u64,
    /// The first of these: ladder and level.
    pub(super) first: Vec<String>,
}

impl Lacking {
    fn add(&mut self, ladder: &str, level: usize) {
        self.levels += 1;
        if self.first.len() < SHOWN {
            self.first.push(format!("{ladder} level {level}"));
        }
    }
}

/// All candidates, by ladder, level and sample; of these the highest response level first.
pub(super) struct Candidates {
    pub(super) list: Vec<Candidate>,
    /// Levels without answers of their own: nothing is made of them.
    pub(super) without_positives: Lacking,
    /// Levels with no answer to the level below.
    pub(super) without_negatives: Lacking,
}

impl Candidates {
    /// Pairs the answers with constraints; nothing is judged yet.
    pub(super) fn of(ladders: &Ladders, answers: &Answers, reach: Reach) -> Candidates {
        let mut made = Candidates {
            list: Vec::new(),
            without_positives: Lacking::default(),
            without_negatives: Lacking::default(),
        };
        let answered = |rung: &usize| !answers.of(*rung).is_empty();
        for (at, ladder) in ladders.ladders.iter().enumerate() {
            for level in 1..ladder.chain.len() {
                // A level that another ladder has written too makes its pairs there.
                let Some(own) = ladder.own.get(&level) else { continue };
                if !answered(own) {
                    made.without_positives.add(&ladder.name, level);
                    continue;
                }
                if ladder.chain[level - 1].as_ref().is_none_or(|below| !answered(below)) {
                    made.without_negatives.add(&ladder.name, level);
                }
                made.add(ladders, answers, at, level, reach);
            }
        }
        made
    }

    /// The candidates for the constraint that `level` adds.
    fn add(
        &mut self,
        ladders: &Ladders,
        answers: &Answers,
        ladder: usize,
        level: usize,
        reach: Reach,
    ) {
        let begun = self.list.len();
        let (class, _) = *ladders.newest(ladder, level);
        for (response_level, rung) in ladders.ladders[ladder].chain.iter().enumerate() {
            let Some(rung) = rung else { continue };
            let candidate = |answer: usize| Candidate {
                ladder,
                level,
                class,
                answer,
                response_level,
                sample: answers.list[answer].sample,
                rule: None,
                truth: None,
            };
            let of_level = answers.of(*rung).map(candidate);
            self.list.extend(of_level.filter(|made| reach == Reach::All || made.is_paired()));
        }
        self.list[begun..].sort_by_key(|made| (made.sample, Reverse(made.response_level)));
    }

    /// Asks the rules, and the grammar for its traits, on all threads.
    pub(super) fn judge(&mut self, classes: &Classes, answers: &Answers, progress: &dyn Fn(u64)) {
        let mut of: Vec<Vec<usize>> = vec![Vec::new(); answers.list.len()];
        for (at, candidate) in self.list.iter().enumerate() {
            of[candidate.answer].push(at);
        }
        for (start, chunk) in of.chunks(CHUNK).enumerate().map(|(n, chunk)| (n * CHUNK, chunk)) {
            let list = &self.list;
            let one = |(offset, asked): (usize, &Vec<usize>)| -> Vec<_> {
                let answer = &answers.list[start + offset].text;
                let text = Text::new(answer);
                let judge = |&at: &usize| {
                    let class = classes.get(list[at].class);
                    (at, class.verdict(&text), class.truth(answer))
                };
                asked.iter().map(judge).collect()
            };
            let judged: Vec<Vec<_>> = chunk.par_iter().enumerate().map(one).collect();
            for (at, rule, truth) in judged.into_iter().flatten() {
                (self.list[at].rule, self.list[at].truth) = (rule, truth);
            }
            progress((start + chunk.len()) as u64);
        }
    }
}
