//! A pattern as a program, run over a text in time linear in its length (Pike's construction).
//!
//! It is slower than the `regex` crate but knows Python's word boundaries, `$` and the rule that a
//! match after an empty one must not be empty at the same place. It runs where those differ.

use std::sync::Arc;

use super::chars;
use super::pattern_class::CharSet;
use super::pattern_parse::{Look, Node};

/// How many instructions a pattern may come to once its counted repetitions are written out.
const MAX_PROGRAM: usize = 20_000;

#[derive(Clone, Copy, Debug)]
enum Step {
    Char(u32),
    Set(usize),
    /// Both ways, the first preferred.
    Split(usize, usize),
    Jump(usize),
    Look(Look),
    Match,
}

/// A set with its ASCII part as bits.
#[derive(Debug)]
struct Class {
    ascii: u128,
    set: Arc<CharSet>,
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
    classes: Vec<Class>,
    /// The ASCII characters a match can start with; nothing where it may be empty.
    first: Option<u128>,
}

/// The pattern has more than [`MAX_PROGRAM`] instructions.
pub(super) struct TooLarge;

/// What a character matches under IGNORECASE.
pub(super) fn fold(point: u32) -> CharSet {
    match char::from_u32(point) {
        Some(c) if c.is_ascii() => {
            let (upper, lower) = (c.to_ascii_uppercase() as u32, c.to_ascii_lowercase() as u32);
            let mut ranges = vec![(upper, upper), (lower, lower)];
            match lower as u8 {
                b'i' => ranges.push((0x130, 0x131)),
                b'k' => ranges.push((0x212a, 0x212a)),
                b's' => ranges.push((0x17f, 0x17f)),
                _ => {}
            }
            return CharSet::new(ranges);
        }
        _ => {}
    }
    CharSet::single(point).ignoring_case(CharSet::default())
}

impl Program {
    pub(super) fn new(node: &Node) -> Result<Self, TooLarge> {
        let mut program = Self { steps: Vec::new(), classes: Vec::new(), first: None };
        program.add(node)?;
        program.push(Step::Match)?;
        program.first = program.first_chars();
        Ok(program)
    }

    fn push(&mut self, step: Step) -> Result<usize, TooLarge> {
        if self.steps.len() == MAX_PROGRAM {
            return Err(TooLarge);
        }
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }

    fn add(&mut self, node: &Node) -> Result<(), TooLarge> {
        match node {
            Node::Char(point, true) => {
                let set = fold(*point);
                match set.only() {
                    Some(point) => self.push(Step::Char(point)).map(drop)?,
                    None => self.add_set(&Arc::new(set))?,
                }
            }
            Node::Char(point, _) => self.push(Step::Char(*point)).map(drop)?,
            Node::Set(set) => self.add_set(set)?,
            Node::Look(look) => self.push(Step::Look(*look)).map(drop)?,
            Node::Concat(nodes) => nodes.iter().try_for_each(|node| self.add(node))?,
            Node::Alternatives(nodes) => self.add_alternatives(nodes)?,
            Node::Repeat { node, min, max, greedy } => {
                self.add_repeat(node, *min, *max, *greedy)?;
            }
            Node::Unsupported => unreachable!("the parser reports what is not run"),
        }
        Ok(())
    }

    fn add_set(&mut self, set: &Arc<CharSet>) -> Result<(), TooLarge> {
        let ascii = (0..128u8).filter(|&byte| set.contains(char::from(byte)));
        let ascii = ascii.fold(0, |bits, byte| bits | 1 << byte);
        self.classes.push(Class { ascii, set: Arc::clone(set) });
        self.push(Step::Set(self.classes.len() - 1)).map(drop)
    }

    fn add_alternatives(&mut self, nodes: &[Node]) -> Result<(), TooLarge> {
        let (last, rest) = nodes.split_last().expect("alternatives are never none");
        let mut jumps = Vec::new();
        for node in rest {
            let split = self.push(Step::Split(self.steps.len() + 1, 0))?;
            self.add(node)?;
            jumps.push(self.push(Step::Jump(0))?);
            self.steps[split] = Step::Split(split + 1, self.steps.len());
        }
        self.add(last)?;
        for jump in jumps {
            self.steps[jump] = Step::Jump(self.steps.len());
        }
        Ok(())
    }

    fn add_repeat(
        &mut self,
        node: &Node,
        min: u32,
        max: Option<u32>,
        greedy: bool,
    ) -> Result<(), TooLarge> {
        let split = |here: usize, out: usize| match greedy {
            true => Step::Split(here + 1, out),
            false => Step::Split(out, here + 1),
        };
        for copy in 0..min {
            let before = self.steps.len();
            self.add(node)?;
            if copy == 0 && before == self.steps.len() {
                return Ok(());
            }
        }
        match max {
            None => {
                let here = self.push(Step::Match)?;
                self.add(node)?;
                self.push(Step::Jump(here))?;
                self.steps[here] = split(here, self.steps.len());
            }
            Some(max) => {
                let mut splits = Vec::new();
                for _ in min..max {
                    splits.push(self.push(Step::Match)?);
                    self.add(node)?;
                }
                for here in splits {
                    self.steps[here] = split(here, self.steps.len());
                }
            }
        }
        Ok(())
    }

    fn first_chars(&self) -> Option<u128> {
        let (mut seen, mut stack, mut first) = (vec![false; self.steps.len()], vec![0], 0);
        while let Some(at) = stack.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            match self.steps[at] {
                Step::Char(point @ 0..128) => first |= 1 << point,
                Step::Char(_) => {}
                Step::Set(class) => first |= self.classes[class].ascii,
                Step::Split(a, b) => stack.extend([a, b]),
                Step::Jump(to) => stack.push(to),
                Step::Look(_) => stack.push(at + 1),
                Step::Match => return None,
            }
        }
        Some(first)
    }

    /// The leftmost match at or after `from`, preferred as Python prefers. `fill` forbids the
    /// empty match at `from` itself.
    pub(super) fn find(&self, text: &str, from: usize, fill: bool) -> Option<(usize, usize)> {
        let mut now = Threads::new(self.steps.len());
        let mut next = Threads::new(self.steps.len());
        let mut found = None;
        let mut place = Place::new(text, from);
        loop {
            if now.list.is_empty() {
                if found.is_some() {
                    return found;
                }
                if let Some(first) = self.first {
                    place = place.advance(first)?;
                }
            }
            if found.is_none() {
                self.follow(&mut now, 0, place.at, &place);
            }
            next.clear();
            let after = place.next();
            for &(step, start) in &now.list {
                let goes = match (self.steps[step], place.after) {
                    (Step::Match, _) => {
                        if fill && place.at == from {
                            continue;
                        }
                        found = Some((start, place.at));
                        break;
                    }
                    (Step::Char(point), Some(c)) => point == c as u32,
                    (Step::Set(class), Some(c)) => match u32::from(c) {
                        point @ 0..128 => self.classes[class].ascii >> point & 1 == 1,
                        _ => self.classes[class].set.contains(c),
                    },
                    _ => false,
                };
                if let (true, Some(after)) = (goes, &after) {
                    self.follow(&mut next, step + 1, start, after);
                }
            }
            std::mem::swap(&mut now, &mut next);
            place = match after {
                Some(after) => after,
                None => return found,
            };
        }
    }

    /// Adds the steps that are reached from `step` without a character.
    fn follow(&self, threads: &mut Threads, step: usize, start: usize, place: &Place<'_>) {
        let mut stack = std::mem::take(&mut threads.stack);
        stack.push(step);
        while let Some(step) = stack.pop() {
            if threads.seen[step] == threads.turn {
                continue;
            }
            threads.seen[step] = threads.turn;
            match self.steps[step] {
                Step::Jump(to) => stack.push(to),
                Step::Split(first, second) => stack.extend([second, first]),
                Step::Look(look) if place.meets(look) => stack.push(step + 1),
                Step::Look(_) => {}
                _ => threads.list.push((step, start)),
            }
        }
        threads.stack = stack;
    }
}

/// The threads alive at one place, best first: a step and where the match started.
struct Threads {
    list: Vec<(usize, usize)>,
    seen: Vec<u32>,
    turn: u32,
    stack: Vec<usize>,
}

impl Threads {
    fn new(steps: usize) -> Self {
        Self { list: Vec::new(), seen: vec![0; steps], turn: 1, stack: Vec::new() }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.turn = self.turn.wrapping_add(1);
        if self.turn == 0 {
            self.seen.fill(0);
            self.turn = 1;
        }
    }
}

/// A place in a text, between two characters.
struct Place<'t> {
    text: &'t str,
    at: usize,
    before: Option<char>,
    after: Option<char>,
}

impl<'t> Place<'t> {
    fn new(text: &'t str, at: usize) -> Self {
        let before = text[..at].chars().next_back();
        Self { text, at, before, after: text[at..].chars().next() }
    }

    fn next(&self) -> Option<Self> {
        let before = self.after?;
        let at = self.at + before.len_utf8();
        let after = self.text[at..].chars().next();
        Some(Self { text: self.text, at, before: Some(before), after })
    }

    /// The first place from here on before a character outside ASCII or in `first`.
    fn advance(self, first: u128) -> Option<Self> {
        let bytes = &self.text.as_bytes()[self.at..];
        let wanted = |byte: &u8| *byte >= 128 || first >> *byte & 1 == 1;
        match bytes.iter().position(wanted)? {
            0 => Some(self),
            skipped => Some(Self::new(self.text, self.at + skipped)),
        }
    }

    fn meets(&self, look: Look) -> bool {
        let word = |c: Option<char>| c.is_some_and(chars::is_word);
        match look {
            Look::TextStart => self.before.is_none(),
            Look::LineStart => self.before.is_none_or(|c| c == '\n'),
            Look::TextEnd => self.after.is_none(),
            Look::TextEndOrLastLine => match self.after {
                None => true,
                Some(c) => c == '\n' && self.at + 1 == self.text.len(),
            },
            Look::LineEnd => self.after.is_none_or(|c| c == '\n'),
            Look::Boundary => word(self.before) != word(self.after),
            // Python's `\B` does not match the empty text.
            Look::NotBoundary => !self.text.is_empty() && word(self.before) == word(self.after),
        }
    }
}
