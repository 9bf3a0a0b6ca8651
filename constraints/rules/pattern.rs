//! Keywords that the official scorer takes for regular expressions.

use crate::args::Reader;
use crate::error::Result;
use crate::python::pattern::{Flags, Pattern, PatternError};
use crate::verdict::Verdict;

/// A keyword as the official scorer searches it.
#[derive(Debug)]
pub(super) enum Search {
    /// It can be searched.
    Ready(Pattern),
    /// Python raises `re.error` each time that it comes to search it.
    Raises(String),
}

/// Prepares `pattern`, made from the argument under `key`.
///
/// # Errors
/// A pattern that Python would run and that is not supported here.
pub(super) fn prepare(args: &Reader<'_>, key: &str, pattern: &str, flags: Flags) -> Result<Search> {
    match Pattern::new(pattern, flags) {
        Ok(pattern) => Ok(Search::Ready(pattern)),
        Err(error @ PatternError::Invalid { .. }) => Ok(Search::Raises(error.to_string())),
        Err(error @ PatternError::Unsupported { .. }) => Err(args.fault(key, error.to_string())),
    }
}

impl Search {
    /// The pattern, or the verdict that stands for Python's error.
    pub(super) fn pattern(&self) -> std::result::Result<&Pattern, Verdict> {
        match self {
            Search::Ready(pattern) => Ok(pattern),
            Search::Raises(error) => Err(Verdict::fault(error.clone())),
        }
    }
}

/// Whether a pattern means nothing but its own characters.
pub(super) fn is_plain(pattern: &str) -> bool {
    !pattern.bytes().any(|byte| br"\.^$*+?{}[]|()".contains(&byte))
}
