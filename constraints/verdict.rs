//! What a check says of a response.

use std::borrow::Cow;
use std::fmt;

use crate::bound::Bound;

/// Whether a response satisfies one constraint, how nearly, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Whether the constraint holds.
    pub satisfied: bool,
    /// In [0, 1]; 1 exactly when satisfied, otherwise the nearness to the bound where there is one.
    pub degree: f32,
    /// One line of explanation.
    pub reason: Reason,
}

/// Why a verdict is what it is; its `Display` is the line to show.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// A count against its bound: "23 words, asked for at most 20".
    Count {
        /// What was counted in the response.
        found: u64,
        /// What was asked for.
        bound: Bound,
        /// The unit's name in the plural.
        unit: &'static str,
    },
    /// Anything else.
    Note(Cow<'static, str>),
    /// The official scorer raises here, or the check cannot be run: never satisfied.
    Fault(Cow<'static, str>),
}

impl Verdict {
    /// Satisfied when `found` lies in `bound`.
    pub fn count(found: u64, bound: Bound, unit: &'static str) -> Verdict {
        let reason = Reason::Count { found, bound, unit };
        Verdict { satisfied: bound.holds(found), degree: bound.degree(found), reason }
    }

    /// Satisfied, with the line that says why.
    pub fn pass(note: impl Into<Cow<'static, str>>) -> Verdict {
        Verdict { satisfied: true, degree: 1.0, reason: Reason::Note(note.into()) }
    }

    /// Not satisfied and not near to it.
    pub fn fail(note: impl Into<Cow<'static, str>>) -> Verdict {
        Verdict { satisfied: false, degree: 0.0, reason: Reason::Note(note.into()) }
    }

    /// Satisfied when all of `total` parts are; the degree is the share that is.
    pub fn share(good: u64, total: u64, note: impl Into<Cow<'static, str>>) -> Verdict {
        let degree = if total == 0 { 1.0 } else { (good as f64 / total as f64) as f32 };
        Verdict { satisfied: good == total, degree, reason: Reason::Note(note.into()) }
    }

    /// The check cannot decide: counted as not satisfied and listed as an error.
    pub fn fault(note: impl Into<Cow<'static, str>>) -> Verdict {
        Verdict { satisfied: false, degree: 0.0, reason: Reason::Fault(note.into()) }
    }

    /// The error that stands in for a verdict, if there is one.
    pub fn error(&self) -> Option<&str> {
        match &self.reason {
            Reason::Fault(note) => Some(note),
            _ => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Count { found, bound, unit } => {
                write!(f, "{found} {unit}, asked for {bound}")
            }
            Reason::Note(note) | Reason::Fault(note) => f.write_str(note),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_explains_itself() {
        let verdict = Verdict::count(23, Bound::at_most(20), "words");
        assert!(!verdict.satisfied);
        assert_eq!(verdict.reason.to_string(), "23 words, asked for at most 20");
    }
}
