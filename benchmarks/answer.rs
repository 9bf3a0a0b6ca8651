//! Answers to maths and science questions: found in a response, and compared with the right one.
//!
//! Two answers are the same if they are the same number, expression, list, interval, matrix, choice
//! or text, whatever their notation: plain or LaTeX, fraction or decimal, with or without a unit.
//! Integers are compared exactly, decimals to six significant digits, expressions with variables at
//! fixed points.

mod expression;
mod extract;
mod number;
mod parse;
mod shape;
#[cfg(test)]
mod tests;

pub use extract::{boxed, choice, choose, extract};
use serde::{Deserialize, Serialize};
use shape::Shape;

/// What came of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// Its answer is the right one.
    Right,
    /// Its answer is another one.
    Wrong,
    /// It gives none.
    Missing,
}

/// Whether the response's final answer is `expected`. A single capital letter is a choice.
pub fn grade(expected: &str, response: &str) -> Grade {
    verdict(expected, given(expected, response).as_deref())
}

/// What an answer that was found is worth; `None` is one that was not.
pub fn verdict(expected: &str, answer: Option<&str>) -> Grade {
    let right = |answer: &str| match letter(expected) {
        Some(expected) => letter(answer) == Some(expected),
        None => equivalent(expected, answer),
    };
    match answer.map(right) {
        Some(true) => Grade::Right,
        Some(false) => Grade::Wrong,
        None => Grade::Missing,
    }
}

/// The final answer of a response, of the kind that `expected` is: the letter of a choice, or
/// what [`extract`] finds.
pub fn given(expected: &str, response: &str) -> Option<String> {
    match letter(expected) {
        Some(_) => choice(response).map(String::from),
        None if extract::is_number(expected) => extract::number(expected, response),
        None => extract(response),
    }
}

/// The letter that is the whole of an answer, maybe in brackets.
fn letter(answer: &str) -> Option<char> {
    let bare = answer.trim().trim_start_matches('(').trim_end_matches(['.', ')']);
    let mut chars = bare.chars();
    let first = chars.next().filter(|c| ('A'..='J').contains(c))?;
    chars.next().is_none().then_some(first)
}

/// Longer answers are compared as texts alone.
const LONGEST: usize = 2000;

/// Whether two answers are the same.
pub fn equivalent(expected: &str, answer: &str) -> bool {
    let (expected, answer) = (shape::clean(expected), shape::clean(answer));
    if shape::folded(&expected) == shape::folded(&answer) {
        return !expected.is_empty();
    }
    if expected.len() > LONGEST || answer.len() > LONGEST {
        return false;
    }
    let (expected, answer) = (shape::of(&expected), shape::of(&answer));
    same(&expected, &answer)
}

fn same(expected: &Shape, answer: &Shape) -> bool {
    match (expected, answer) {
        (Shape::One(a), Shape::One(b)) => one(a, b),
        (Shape::Row(open, a, close), Shape::Row(other_open, b, other_close)) => {
            open == other_open && close == other_close && in_order(a, b)
        }
        (Shape::Set(a), Shape::Set(b)) => in_any_order(a, b),
        // `5` for `{5}`.
        (Shape::Set(a), one @ Shape::One(_)) | (one @ Shape::One(_), Shape::Set(a)) => {
            a.len() == 1 && same(&a[0], one)
        }
        _ => false,
    }
}

fn in_order(a: &[Shape], b: &[Shape]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

/// Each of `a` has one of `b` of its own.
fn in_any_order(a: &[Shape], b: &[Shape]) -> bool {
    let mut left: Vec<&Shape> = b.iter().collect();
    a.len() == b.len()
        && a.iter().all(|a| {
            let found = left.iter().position(|b| same(a, b));
            found.map(|at| left.swap_remove(at)).is_some()
        })
}

/// Two single answers: as values, without the unit that one of them has, as texts.
fn one(a: &str, b: &str) -> bool {
    let (a, b) = (shape::without_article(a), shape::without_article(b));
    if shape::folded(a) == shape::folded(b) {
        return true;
    }
    // `1011` for `1011_2`, where the question names the base.
    match (shape::digits_of_base(a), shape::digits_of_base(b)) {
        (Some(a), None) if a == b.trim() => return true,
        (None, Some(b)) if b == a.trim() => return true,
        _ => {}
    }
    if number::same_values(a, b) {
        return true;
    }
    match (shape::unit(a), shape::unit(b)) {
        (Some((a, _)), None) => number::same_values(a, b),
        (None, Some((b, _))) => number::same_values(a, b),
        (Some((a, unit)), Some((b, other))) => {
            shape::folded(unit) == shape::folded(other) && number::same_values(a, b)
        }
        (None, None) => false,
    }
}
