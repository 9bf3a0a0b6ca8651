//! Graded groups of the grammar: answers that are told which constraints to obey.

use heedful_constraints::draw::stream;
use rand::RngExt as _;

use super::draw::{Demonstrations, Split};
use crate::groups::{Graded, Group, Member};
use crate::sets::Kind;

/// How many answers are drawn for a response until one obeys exactly what it should.
const TRIES: usize = 16;

/// Chance that meets no other stream.
const ORDER: u64 = 0x1f83_d9ab_fb41_bd6b;

impl Demonstrations {
    /// The group of a prompt's first `size` constraints, hard and soft; each response obeys one
    /// more than the one before. `None` where the prompt has fewer constraints, or no answer that
    /// was drawn obeys exactly what it should.
    pub fn group(&self, split: Split, index: u64, size: usize) -> Option<Group> {
        let prompt = self.prompt(split, index);
        let asked = prompt.asked.get(..size)?;
        let mut rng = stream(self.seed() ^ ORDER, index);
        let mut order: Vec<usize> = (0..size).collect();
        for at in (1..size).rev() {
            order.swap(at, rng.random_range(0..=at));
        }
        let mut wants = vec![false; size];
        let mut responses = Vec::with_capacity(size);
        for (count, &at) in order.iter().enumerate() {
            wants[at] = true;
            let first = (count * TRIES) as u64;
            let mut drawn =
                (first..first + TRIES as u64).map(|sample| self.respond(&prompt, &wants, sample));
            let answer = drawn.find(|answer| answer.obeyed == wants)?;
            responses.push(Graded::new(answer.answer, answer.obeyed));
        }
        let kind = |soft: bool| if soft { Kind::Soft } else { Kind::Hard };
        let members = asked.iter().map(|asked| Member {
            id: asked.id.to_owned(),
            kind: kind(asked.soft.is_some()),
            text: asked.text.clone(),
            args: asked.args.clone(),
        });
        Some(Group {
            key: format!("{}-{}-{index}", split.name(), self.seed()),
            instruction: Some(prompt.instruction.clone()),
            prompt: prompt.text(size),
            constraints: members.collect(),
            responses,
        })
    }
}
