//! What a judge's reply says of each criterion.

use heedful_constraints::python::strings::strip;
use serde::Serialize;
use thiserror::Error;

use super::items::Criterion;
use super::number::float;

/// How a reply was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A mark for every criterion, in order.
    Read,
    /// Only single lines could be used; which criteria they are about is not known.
    Fallback,
    /// Nothing could be used.
    Unread,
}

impl State {
    /// `judge_parsing` in the official files.
    pub const fn code(self) -> &'static str {
        match self {
            State::Read => "1",
            State::Fallback => "0",
            State::Unread => "-1",
        }
    }
}

/// What the judge put behind a criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// As it was written, without white space around: `1`, `0`, also `1.0` or `１`.
    pub text: String,
    /// Whether it is worth 1.
    pub met: bool,
}

/// A reply as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// How.
    pub state: State,
    /// `judge_score`: one for each criterion if `Read`; only those worth 1 if `Fallback`; a single
    /// 0 that nobody gave if `Unread`.
    pub marks: Vec<Mark>,
}

/// A line whose mark is no number, on which the official fallback ends with a `ValueError`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line} of the judge's reply: the mark `{mark}` is no number")]
pub struct BadMark {
    /// From 1.
    pub line: usize,
    /// What stands behind the tab.
    pub mark: String,
}

/// A reply in just the form that was asked for; of any other the judge is asked again.
pub fn parse_strictly(criteria: &[Criterion], reply: &str) -> Option<Reading> {
    let mut parts = reply.split("\n\n");
    let mut marks = Vec::with_capacity(criteria.len());
    for criterion in criteria {
        let (text, mark) = halves(parts.next()?)?;
        if text != criterion.text {
            return None;
        }
        marks.push(self::mark(mark)?);
    }
    // A reply to no criteria has one part still, if an empty one.
    parts.next().is_none().then_some(Reading { state: State::Read, marks })
}

/// The official reading of the last reply: in form, else whatever lines are worth 1.
///
/// The fallback drops marks of 0, so a reply in bad form has all of its criteria met or is unread;
/// [`parse_corrected`] keeps them.
///
/// # Errors
/// A mark in the fallback that is no number: the official evaluation stops here.
pub fn parse(criteria: &[Criterion], reply: &str) -> Result<Reading, BadMark> {
    if let Some(reading) = parse_strictly(criteria, reply) {
        return Ok(reading);
    }
    let mut marks = Vec::new();
    for (line, at) in reply.split('\n').zip(1..) {
        let Some((_, mark)) = halves(line) else { continue };
        let bad = || BadMark { line: at, mark: mark.to_owned() };
        if float(mark).ok_or_else(bad)? == 1.0 {
            marks.push(Mark { text: strip(mark).to_owned(), met: true });
        }
    }
    if marks.is_empty() {
        return Ok(unread());
    }
    Ok(Reading { state: State::Fallback, marks })
}

/// The reading of a reply with the criteria in order and a mark of 0 or 1 behind each, however
/// blank lines are set and whatever lines without a tab stand between; any other is unread.
pub fn parse_corrected(criteria: &[Criterion], reply: &str) -> Reading {
    if let Some(reading) = parse_strictly(criteria, reply) {
        return reading;
    }
    let lines = reply.lines().filter_map(|line| line.rsplit_once('\t'));
    let mut marks = Vec::with_capacity(criteria.len());
    for (text, mark) in lines {
        let asked = criteria.get(marks.len()).is_some_and(|c| strip(&c.text) == strip(text));
        match self::mark(mark) {
            Some(mark) if asked => marks.push(mark),
            _ => return unread(),
        }
    }
    if marks.len() < criteria.len() {
        return unread();
    }
    Reading { state: State::Read, marks }
}

fn unread() -> Reading {
    Reading { state: State::Unread, marks: vec![Mark { text: "0".to_owned(), met: false }] }
}

/// The two sides of the only tab.
fn halves(part: &str) -> Option<(&str, &str)> {
    part.split_once('\t').filter(|(_, mark)| !mark.contains('\t'))
}

fn mark(text: &str) -> Option<Mark> {
    let value = float(text)?;
    let met = value == 1.0;
    (met || value == 0.0).then(|| Mark { text: strip(text).to_owned(), met })
}
