//! IFEval's loose reading: a response passes when any of eight trimmed variants of it does.
//!
//! Source: `evaluation_lib.test_instruction_following_loose` of google-research's
//! `instruction_following_eval`. Order: as it is; without `*`; without the first line, the last
//! line, both (each stripped); those three without `*`.

use crate::constraint::Constraint;
use crate::python::strings::strip;
use crate::text::Text;
use crate::verdict::Verdict;

/// The number of variants.
pub const VARIANTS: usize = 8;

/// What one variant got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Satisfied.
    Pass,
    /// Not satisfied.
    Fail,
    /// Blank, so it was not tried.
    Blank,
    /// The official code raises on it.
    Fault,
}

impl Cell {
    /// `1`, `0`, `-` or `E`, as the recorded verdicts write it.
    pub fn letter(self) -> char {
        match self {
            Cell::Pass => '1',
            Cell::Fail => '0',
            Cell::Blank => '-',
            Cell::Fault => 'E',
        }
    }
}

/// The outcome of one constraint on one response: `None` stands for a raised error.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The response as it is, with degree and reason.
    pub verdict: Verdict,
    /// Satisfied as it is; `None` when the check raises.
    pub strict: Option<bool>,
    /// Satisfied by some variant, tried in order; `None` when one raises before any passes.
    pub loose: Option<bool>,
}

/// The variants of one response, equal ones shared, each analysed at most once.
pub struct Variants<'a> {
    texts: Vec<Text<'a>>,
    /// Index into `texts`; `None` for a blank variant.
    slots: [Option<u8>; VARIANTS],
}

/// The texts behind the variants without `*`, which must outlive them.
pub struct Unstarred(Option<[String; 4]>);

impl Unstarred {
    /// Removes the `*` from each line-trimmed variant of `response`.
    pub fn new(response: &str) -> Unstarred {
        if memchr::memchr(b'*', response.as_bytes()).is_none() {
            return Unstarred(None);
        }
        Unstarred(Some(trimmed(response).map(|text| text.replace('*', ""))))
    }
}

/// The response and what is left without its first line, its last and both.
fn trimmed(response: &str) -> [&str; 4] {
    let first = response.find('\n').map_or("", |at| &response[at + 1..]);
    let last = response.rfind('\n').map_or("", |at| &response[..at]);
    let both = first.rfind('\n').map_or("", |at| &first[..at]);
    [response, strip(first), strip(last), strip(both)]
}

impl<'a> Variants<'a> {
    /// The variants of `response`; `unstarred` must come from the same response.
    pub fn new(response: &'a str, unstarred: &'a Unstarred) -> Variants<'a> {
        let kept = trimmed(response);
        let bare = match &unstarred.0 {
            Some(texts) => texts.each_ref().map(String::as_str),
            None => kept,
        };
        let order = [kept[0], bare[0], kept[1], kept[2], kept[3], bare[1], bare[2], bare[3]];
        let mut texts: Vec<Text<'a>> = Vec::with_capacity(VARIANTS);
        let slots = order.map(|variant| {
            if strip(variant).is_empty() {
                return None;
            }
            let known = texts.iter().position(|text| text.raw() == variant);
            let at = known.unwrap_or_else(|| {
                texts.push(Text::new(variant));
                texts.len() - 1
            });
            Some(at as u8)
        });
        Variants { texts, slots }
    }

    /// Strict and loose, trying no more variants than needed.
    pub fn judge(&self, constraint: &Constraint) -> Judgement {
        let verdict = match self.slots[0] {
            Some(at) => constraint.check(&self.texts[at as usize]),
            None => Verdict::fail("the response is blank"),
        };
        let strict = match verdict.error() {
            Some(_) => None,
            None => Some(verdict.satisfied),
        };
        let mut seen = [None; VARIANTS];
        if let Some(at) = self.slots[0] {
            seen[at as usize] = Some(cell(&verdict));
        }
        let mut loose = Some(false);
        for at in self.slots.iter().flatten().map(|at| *at as usize) {
            let known = seen[at];
            let got = known.unwrap_or_else(|| cell(&constraint.check(&self.texts[at])));
            seen[at] = Some(got);
            match got {
                Cell::Pass => loose = Some(true),
                Cell::Fault => loose = None,
                Cell::Fail | Cell::Blank => continue,
            }
            break;
        }
        Judgement { verdict, strict, loose }
    }

    /// The outcomes of a check that cannot be run on any text.
    pub fn faults(&self) -> [Cell; VARIANTS] {
        self.slots.map(|slot| slot.map_or(Cell::Blank, |_| Cell::Fault))
    }

    /// Every variant's outcome, in the official order.
    pub fn cells(&self, constraint: &Constraint) -> [Cell; VARIANTS] {
        let mut seen: [Option<Cell>; VARIANTS] = [None; VARIANTS];
        self.slots.map(|slot| match slot {
            None => Cell::Blank,
            Some(at) => {
                let at = at as usize;
                *seen[at].get_or_insert_with(|| cell(&constraint.check(&self.texts[at])))
            }
        })
    }
}

fn cell(verdict: &Verdict) -> Cell {
    match (verdict.error(), verdict.satisfied) {
        (Some(_), _) => Cell::Fault,
        (None, true) => Cell::Pass,
        (None, false) => Cell::Fail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_drop_lines_and_stars() {
        let response = "Sure!\n*one*\n*two*\nBye";
        let unstarred = Unstarred::new(response);
        let variants = Variants::new(response, &unstarred);
        let texts: Vec<&str> = variants.texts.iter().map(Text::raw).collect();
        assert_eq!(
            texts,
            [
                response,
                "Sure!\none\ntwo\nBye",
                "*one*\n*two*\nBye",
                "Sure!\n*one*\n*two*",
                "*one*\n*two*",
                "one\ntwo\nBye",
                "Sure!\none\ntwo",
                "one\ntwo",
            ]
        );
    }

    #[test]
    fn equal_variants_are_analysed_once() {
        let response = "one line";
        let unstarred = Unstarred::new(response);
        let variants = Variants::new(response, &unstarred);
        assert_eq!(variants.texts.len(), 1);
        assert_eq!(variants.slots, [Some(0), Some(0), None, None, None, None, None, None]);
    }
}
