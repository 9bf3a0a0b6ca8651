//! Keywords that the official scorer takes for regular expressions.

use crate::args::Reader;
use crate::error::Result;
use crate::python::pattern::{Flags, Pattern, PatternError};
use crate::verdict::Verdict;

/// A keyword as the official scorer searches it.
#[derive(Debug)]
pub(super) enum Search {
    /// It can be searched.
    Ready(Box<Pattern>),
    /// Python raises `re.error` each time that it comes to search it.
    Raises(String),
}

/// Prepares `pattern`, made from the argument under `key`.
///
/// # Errors
/// A pattern that Python would run and that is not supported here.
pub(super) fn prepare(args: &Reader<'_>, key: &str, pattern: &str, flags: Flags) -> Result<Search> {
    match Pattern::new(pattern, flags) {
        Ok(pattern) => Ok(Search::Ready(Box::new(pattern))),
        Err(error @ PatternError::Invalid { .. }) => Ok(Search::Raises(error.to_string())),
        Err(error @ PatternError::Unsupported { .. }) => {
            match unpossessive(pattern).and_then(|same| Pattern::new(&same, flags).ok()) {
                Some(pattern) => Ok(Search::Ready(Box::new(pattern))),
                None => Err(args.unsupported(key, error.to_string())),
            }
        }
    }
}

/// The same pattern with `+` for the possessive `++`, which keywords such as `C++` hold by
/// accident. They match the same where a letter or digit is repeated and what follows cannot match
/// it as well: the end, `\b` or another plain character. `None` for all other patterns.
fn unpossessive(pattern: &str) -> Option<String> {
    let escapes = pattern.matches('\\').count();
    if escapes > pattern.matches(r"\b").count() || pattern.contains(['[', '(', '|', '{']) {
        return None;
    }
    let mut plain = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("++") {
        let repeated = before.chars().next_back().filter(char::is_ascii_alphanumeric)?;
        if before.ends_with(r"\b") || !cannot_take(after, repeated) {
            return None;
        }
        plain.push_str(before);
        plain.push('+');
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

/// Whether what follows in a pattern begins with something else than this letter or digit.
fn cannot_take(pattern: &str, repeated: char) -> bool {
    let mut chars = pattern.chars();
    let (first, second) = (chars.next(), chars.next());
    let is_other =
        |c: char| (c == ' ' || c.is_ascii_alphanumeric()) && !c.eq_ignore_ascii_case(&repeated);
    pattern.is_empty()
        || pattern.starts_with(r"\b")
        || (first.is_some_and(is_other) && !matches!(second, Some('*' | '?')))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn possessive_repetition_is_taken_where_it_cannot_matter() {
        let cases = [
            ("C++", Some("C+")),
            (r"\bC++\b", Some(r"\bC+\b")),
            ("use C++ 17", Some("use C+ 17")),
            (r"\d++", None),
            ("a++a", None),
            ("a++b*", None),
            ("(a)++", None),
            ("[a]++", None),
        ];
        for (pattern, expected) in cases {
            assert_eq!(unpossessive(pattern).as_deref(), expected, "{pattern}");
        }
    }
}
