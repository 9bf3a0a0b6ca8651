//! The rules: what the official code decides about extracted objects.
//!
//! A rule is a text such as `model_length:[300,10000]`. Which check it means is told by the names
//! that occur anywhere in it, the first of an order that matters. Checks of names with `model` look
//! at the first object, or with `each` at all; others look at the first object with and without the
//! quotation marks around it.

mod arguments;
mod checks;
mod first;
mod literal;
mod object;
mod objects;

use std::fmt;

/// What a rule says about the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They keep it.
    Satisfied,
    /// They break it.
    Violated,
    /// No check has this name; the official code gives 2.
    Unknown,
}

impl From<bool> for Verdict {
    fn from(satisfied: bool) -> Verdict {
        if satisfied { Verdict::Satisfied } else { Verdict::Violated }
    }
}

/// Why the official code stops instead of deciding: an exception of Python's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The rule's arguments are not found or are too few, or an object is nothing but line ends.
    Index,
    /// One of the two parts of a rule in two lines is not found.
    Attribute,
    /// A bound is no integer.
    Value,
    /// A bound is no number.
    Type,
    /// A list is none of Python's, or holds more than texts and numbers, which we do not evaluate.
    Syntax,
}

impl FaultKind {
    /// The name of Python's exception.
    pub const fn name(self) -> &'static str {
        match self {
            FaultKind::Index => "IndexError",
            FaultKind::Attribute => "AttributeError",
            FaultKind::Value => "ValueError",
            FaultKind::Type => "TypeError",
            FaultKind::Syntax => "SyntaxError",
        }
    }
}

/// A rule that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which exception it is in the official code.
    pub kind: FaultKind,
    /// What is wrong, with the value.
    pub problem: String,
}

impl Fault {
    fn new(kind: FaultKind, problem: impl Into<String>) -> Fault {
        Fault { kind, problem: problem.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.problem)
    }
}

impl std::error::Error for Fault {}

/// A check's outcome.
type Outcome = Result<bool, Fault>;

/// Applies `rule` to the extracted objects.
///
/// # Errors
/// Where the official code raises.
pub fn decide(rule: &str, objects: &[String]) -> Result<Verdict, Fault> {
    for family in &objects::FAMILIES {
        if family.names.iter().all(|name| rule.contains(name)) {
            let none = matches!(objects, [] | [_]) && objects.iter().all(String::is_empty);
            let kept = if none { family.of_nothing } else { (family.check)(rule, objects)? };
            return Ok(kept.into());
        }
    }
    if rule.contains("model") || rule.contains("each") {
        return Ok(Verdict::Unknown);
    }
    let Some(object) = objects.first() else { return first::decide(rule, "") };
    match first::decide(rule, checks::unquoted(object)?)? {
        Verdict::Violated => first::decide(rule, object),
        other => Ok(other),
    }
}
