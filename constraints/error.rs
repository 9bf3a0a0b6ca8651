//! What can go wrong when a constraint is looked up, checked or compiled.

use std::fmt;

/// The result of everything in this crate that can be refused.
pub type Result<T> = std::result::Result<T, Error>;

/// A refusal: it names the rule, the key and the value that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Box<ErrorKind>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// No rule has this id.
    UnknownRule {
        /// The id as it was given.
        id: String,
        /// The known id that looks most like it, if one is near.
        nearest: Option<&'static str>,
    },
    /// An argument is missing, left over, of the wrong type or out of range.
    Argument {
        /// The rule's id.
        rule: String,
        /// The argument's key; empty when the arguments as a whole are wrong.
        key: String,
        /// The offending value as JSON, shortened.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An argument is well-formed, but what it asks for cannot be run here: a pattern with
    /// look-around or a back-reference.
    Unsupported {
        /// The rule's id.
        rule: String,
        /// The argument's key.
        key: String,
        /// The offending value as JSON, shortened.
        value: String,
        /// What cannot be run.
        problem: String,
    },
    /// The constraints of one set contradict each other.
    Conflict {
        /// The ids of the rules in conflict.
        rules: Vec<String>,
        /// Why they cannot hold together.
        reason: String,
    },
}

impl Error {
    /// What went wrong, to match on.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// An argument of `rule` that cannot be taken.
    pub fn argument(
        rule: &str,
        key: &str,
        value: &serde_json::Value,
        problem: impl Into<String>,
    ) -> Error {
        let kind = ErrorKind::Argument {
            rule: rule.to_owned(),
            key: key.to_owned(),
            value: shorten(&value.to_string()),
            problem: problem.into(),
        };
        kind.into()
    }

    /// An argument of `rule` that asks for what cannot be run.
    pub fn unsupported(
        rule: &str,
        key: &str,
        value: &serde_json::Value,
        problem: impl Into<String>,
    ) -> Error {
        let kind = ErrorKind::Unsupported {
            rule: rule.to_owned(),
            key: key.to_owned(),
            value: shorten(&value.to_string()),
            problem: problem.into(),
        };
        kind.into()
    }

    /// Whether the constraint is a good one that cannot be run here.
    pub fn is_unsupported(&self) -> bool {
        matches!(self.kind(), ErrorKind::Unsupported { .. })
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Error {
        Error { kind: Box::new(kind) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            ErrorKind::UnknownRule { id, nearest: Some(near) } => {
                write!(f, "unknown rule `{}`, did you mean `{near}`?", shorten(id))
            }
            ErrorKind::UnknownRule { id, nearest: None } => {
                write!(f, "unknown rule `{}`", shorten(id))
            }
            ErrorKind::Argument { rule, key, value, problem } if key.is_empty() => {
                write!(f, "rule `{rule}`: {problem} (value {value})")
            }
            ErrorKind::Argument { rule, key, value, problem }
            | ErrorKind::Unsupported { rule, key, value, problem } => {
                write!(f, "rule `{rule}`, key `{key}`: {problem} (value {value})")
            }
            ErrorKind::Conflict { rules, reason } => {
                write!(f, "rules {} conflict: {reason}", rules.join(" and "))
            }
        }
    }
}

impl std::error::Error for Error {}

/// Cuts a value to a length that fits a message line.
pub(crate) fn shorten(value: &str) -> String {
    const LONGEST: usize = 120;
    if value.chars().count() <= LONGEST {
        return value.to_owned();
    }
    let head: String = value.chars().take(LONGEST).collect();
    format!("{head}… ({} bytes)", value.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn messages_name_rule_key_and_value() {
        let error = Error::argument("count:words", "n", &json!("ten"), "is not an integer");
        assert_eq!(
            error.to_string(),
            "rule `count:words`, key `n`: is not an integer (value \"ten\")"
        );
    }

    #[test]
    fn long_values_are_cut() {
        let error = Error::argument("a:b", "k", &json!("x".repeat(100_000)), "is too long");
        assert!(error.to_string().len() < 300);
    }
}
