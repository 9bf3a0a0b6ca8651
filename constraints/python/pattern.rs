//! Regular expressions as Python's `re` (3.11) runs them, in time linear in the text.

use std::iter::FusedIterator;
use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::pattern_emit::{self, Empty, Traits};
use super::pattern_literal::Literal;
use super::pattern_parse::{self, ParseError};
use super::pattern_vm::{Program, TooLarge};

/// The automaton of one pattern, in bytes; larger ones run as their own program.
const MAX_AUTOMATON: usize = 2 << 20;

/// Flags of `re.compile`; inline flags as `(?i)` are read from the pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `re.IGNORECASE`, with Python's folding (`İ`, `ı`, `ſ` and the kelvin sign included).
    pub ignore_case: bool,
    /// `re.MULTILINE`: `^` and `$` hold at every line feed.
    pub multi_line: bool,
    /// `re.DOTALL`: `.` matches a line feed too.
    pub dot_all: bool,
    /// `re.VERBOSE`: white space and `#` comments are skipped.
    pub verbose: bool,
}

impl Flags {
    /// `re.IGNORECASE` alone.
    pub const IGNORE_CASE: Self =
        Self { ignore_case: true, multi_line: false, dot_all: false, verbose: false };
    /// `re.MULTILINE` alone.
    pub const MULTI_LINE: Self =
        Self { ignore_case: false, multi_line: true, dot_all: false, verbose: false };
}

/// Why a pattern cannot be used. Offsets count characters from 0, as Python's do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Python's `re.compile` raises `re.error` as well.
    #[error("invalid pattern {pattern:?} at character {offset}: {what}")]
    Invalid {
        /// The whole pattern.
        pattern: String,
        /// Where the fault is.
        offset: usize,
        /// What is wrong there.
        what: String,
    },
    /// Python runs the pattern, but not in linear time or not within bounds; it is not run here.
    #[error("pattern {pattern:?} at character {offset}: {what} is not supported")]
    Unsupported {
        /// The whole pattern.
        pattern: String,
        /// Where the construct starts.
        offset: usize,
        /// The construct.
        what: String,
    },
}

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    source: String,
    groups: usize,
    engine: Engine,
}

#[derive(Debug)]
enum Engine {
    Literal(Box<Literal>),
    Automaton { regex: Option<Regex>, program: Program, traits: Traits },
}

/// Which engine searches one text.
#[derive(Clone, Copy)]
enum Search<'p> {
    Literal(&'p Literal),
    Regex(&'p Regex),
    Program(&'p Program),
}

impl Pattern {
    /// `re.compile(pattern, flags)`. A plain text, also between two `\b`, compiles no regular
    /// expression.
    ///
    /// # Errors
    ///
    /// [`PatternError::Invalid`] where Python refuses the pattern;
    /// [`PatternError::Unsupported`] for look-around, back-references, atomic groups, possessive
    /// quantifiers, conditions, named characters, the ASCII flag, repetition of a part that
    /// prefers to be empty, more than 100 nested groups and patterns of more than 20,000 states.
    pub fn new(pattern: &str, flags: Flags) -> Result<Self, PatternError> {
        let unsupported = |offset: usize, what: &str| PatternError::Unsupported {
            pattern: pattern.to_owned(),
            offset,
            what: what.to_owned(),
        };
        let (node, groups) = pattern_parse::parse(pattern, flags).map_err(|error| match error {
            ParseError::Invalid(offset, what) => {
                PatternError::Invalid { pattern: pattern.to_owned(), offset, what }
            }
            ParseError::Unsupported(offset, what) => unsupported(offset, what),
        })?;
        let source = pattern.to_owned();
        if let Some(literal) = Literal::new(&node) {
            return Ok(Self { source, groups, engine: Engine::Literal(Box::new(literal)) });
        }
        let empty = pattern_emit::empty(&node)
            .ok_or_else(|| unsupported(0, "repetition of a part that prefers to be empty"))?;
        let program =
            Program::new(&node).map_err(|TooLarge| unsupported(0, "a pattern of this size"))?;
        let traits = pattern_emit::traits(&node);
        let regex = (empty != Empty::Earlier && !traits.not_boundary)
            .then(|| pattern_emit::emit(&node))
            .flatten()
            .and_then(|text| RegexBuilder::new(&text).size_limit(MAX_AUTOMATON).build().ok());
        Ok(Self { source, groups, engine: Engine::Automaton { regex, program, traits } })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// How many capturing groups the pattern has (`re.split` returns more pieces for them).
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// `re.search(pattern, text) is not None`.
    pub fn is_match(&self, text: &str) -> bool {
        match self.search(text) {
            Search::Regex(regex) => regex.is_match(text),
            search => search.find(text, 0, false).is_some(),
        }
    }

    /// The span in bytes of `re.search(pattern, text)`.
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        self.search(text).find(text, 0, false).map(|(start, end)| start..end)
    }

    /// `len(re.findall(pattern, text))`.
    pub fn count(&self, text: &str) -> usize {
        self.find_iter(text).count()
    }

    /// The spans in bytes of `re.finditer(pattern, text)`: unlike in other engines, an empty match
    /// may follow another match without a gap.
    pub fn find_iter<'p, 't>(&'p self, text: &'t str) -> Matches<'p, 't> {
        Matches { search: self.search(text), text, at: 0, fill: false }
    }

    fn search(&self, text: &str) -> Search<'_> {
        match &self.engine {
            Engine::Literal(literal) => Search::Literal(literal),
            Engine::Automaton { regex, program, traits } => match regex {
                Some(regex)
                    if (!traits.boundary || text.is_ascii())
                        && (!traits.last_line || !text.ends_with('\n')) =>
                {
                    Search::Regex(regex)
                }
                _ => Search::Program(program),
            },
        }
    }
}

impl Search<'_> {
    /// The first match at or after `from`; with `fill` not an empty one at `from`.
    fn find(self, text: &str, from: usize, fill: bool) -> Option<(usize, usize)> {
        match self {
            Self::Literal(literal) => literal.find(text, from),
            Self::Regex(regex) => {
                // Where the empty match is the last resort, none but it starts at `from`.
                let from = if fill { from + text[from..].chars().next()?.len_utf8() } else { from };
                regex.find_at(text, from).map(|found| (found.start(), found.end()))
            }
            Self::Program(program) => program.find(text, from, fill),
        }
    }
}

/// The matches of a pattern in a text; made by [`Pattern::find_iter`].
pub struct Matches<'p, 't> {
    search: Search<'p>,
    text: &'t str,
    at: usize,
    /// The match before was empty: the next must not be, if it starts at the same place.
    fill: bool,
}

impl Iterator for Matches<'_, '_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        if self.at > self.text.len() {
            return None;
        }
        match self.search.find(self.text, self.at, self.fill) {
            Some((start, end)) => {
                self.fill = start == end;
                self.at = end;
                Some(start..end)
            }
            None => {
                self.at = self.text.len() + 1;
                None
            }
        }
    }
}

impl FusedIterator for Matches<'_, '_> {}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Flags =
        Flags { ignore_case: false, multi_line: false, dot_all: false, verbose: false };

    fn spans(pattern: &str, flags: Flags, text: &str) -> Vec<(usize, usize)> {
        let pattern = Pattern::new(pattern, flags).expect("a good pattern");
        let spans: Vec<_> = pattern.find_iter(text).map(|range| (range.start, range.end)).collect();
        assert_eq!(pattern.is_match(text), !spans.is_empty());
        assert_eq!(pattern.count(text), spans.len());
        spans
    }

    fn found<'t>(pattern: &str, flags: Flags, text: &'t str) -> Vec<&'t str> {
        spans(pattern, flags, text).into_iter().map(|(start, end)| &text[start..end]).collect()
    }

    fn invalid(pattern: &str) -> Option<(usize, String)> {
        match Pattern::new(pattern, NONE) {
            Err(PatternError::Invalid { offset, what, .. }) => Some((offset, what)),
            _ => None,
        }
    }

    #[test]
    fn plain_text_is_found_with_python_case_folding() {
        let icase = Flags::IGNORE_CASE;
        assert_eq!(found("rock", icase, "Rock, ROCKY, roc"), ["Rock", "ROCK"]);
        assert_eq!(found("skill", icase, "SKILL ſKİLL skıll"), ["SKILL", "ſKİLL", "skıll"]);
        assert_eq!(found("straße", icase, "STRAẞE strasse Straße"), ["STRAẞE", "Straße"]);
        assert_eq!(found(r"C\+\+", icase, "c++ C+"), ["c++"]);
        assert_eq!(found("aa", NONE, "aaaaa").len(), 2);
        assert_eq!(found("привет", icase, "Привет, ПРИВЕТ"), ["Привет", "ПРИВЕТ"]);
    }

    #[test]
    fn many_matches_take_linear_time() {
        let text = "is ".repeat(100_000) + "İſ";
        assert_eq!(spans("is", Flags::IGNORE_CASE, &text).len(), 100_001);
        assert_eq!(spans(r"\bis\b", Flags::IGNORE_CASE, &text).len(), 100_001);
        assert_eq!(spans(r"\bi\w\b", Flags::IGNORE_CASE, &text).len(), 100_001);
    }

    #[test]
    fn boundaries_follow_pythons_word_characters() {
        let icase = Flags::IGNORE_CASE;
        assert_eq!(spans(r"\bcat\b", icase, "Cat concat cat's ²cat cat_"), [(0, 3), (11, 14)]);
        // A combining mark is no word character in Python: both forms of é differ.
        assert_eq!(spans(r"\bcafe\b", NONE, "cafe\u{301} café"), [(0, 4)]);
        assert_eq!(spans(r"\b[a-z]+\b", NONE, "cafe\u{301} ab"), [(0, 4), (7, 9)]);
        assert_eq!(spans(r"\bC\+\+\b", NONE, "C++ C++x"), [(4, 7)]);
        assert_eq!(spans(r"\B", NONE, ""), []);
        assert_eq!(spans(r"\Ba\B", NONE, "bab a"), [(1, 2)]);
    }

    #[test]
    fn empty_matches_and_line_ends_follow_python() {
        assert_eq!(spans("a*", NONE, "baac"), [(0, 0), (1, 3), (3, 3), (4, 4)]);
        assert_eq!(spans("|a", NONE, "a"), [(0, 0), (0, 1), (1, 1)]);
        assert_eq!(spans("a*?", NONE, "aa"), [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)]);
        assert_eq!(spans("$", NONE, "a\n"), [(1, 1), (2, 2)]);
        assert_eq!(spans(r"\Z", NONE, "a\n"), [(2, 2)]);
        assert_eq!(spans(r"a$", NONE, "a\na\n"), [(2, 3)]);
        assert_eq!(spans(r"^a$", Flags::MULTI_LINE, "a\na\n"), [(0, 1), (2, 3)]);
        assert_eq!(spans("", NONE, "é"), [(0, 0), (2, 2)]);
    }

    #[test]
    fn official_patterns_count_as_in_python() {
        let bullets = "* a\n* b\n- c\n**bold**\n  * d\n---\n";
        assert_eq!(found(r"^\s*\*[^\*].*$", Flags::MULTI_LINE, bullets).len(), 3);
        assert_eq!(found(r"^\s*-.*$", Flags::MULTI_LINE, bullets).len(), 2);
        assert_eq!(found(r"\s?Section\s?\d+\s?", NONE, "Section 1 x\nSection ٢\ny").len(), 2);
        assert_eq!(found(r"\[.*?\]", NONE, "[a] [] [b\n]"), ["[a]", "[]"]);
        assert_eq!(found(r"<<[^\n]+>>", NONE, "<<a>> b>>"), ["<<a>> b>>"]);
        assert_eq!(found(r"p\.\s?p\.\s?s", NONE, "p. p.s"), ["p. p.s"]);
    }

    #[test]
    fn python_syntax_is_read() {
        assert_eq!(found("a{,2}b{x}{", NONE, "aab{x}{"), ["aab{x}{"]);
        assert_eq!(found(r"(?P<year>\d{4})-\x41[]x-]", NONE, "2024-A]"), ["2024-A]"]);
        assert_eq!(found("(?i:A)b(?#note)", NONE, "ab aB"), ["ab"]);
        assert_eq!(found("(?x) a b # c\n", NONE, "ab"), ["ab"]);
        assert_eq!(found("(?s)a.b", NONE, "a\nb").len(), 1);
        assert_eq!(found(r"[\w\-]+", NONE, "a-b ²").len(), 2);
        assert_eq!(Pattern::new("(a)(?:b)(?P<n>c)", NONE).expect("good").groups(), 2);
    }

    #[test]
    fn what_python_refuses_is_invalid() {
        for (pattern, offset) in [
            ("*", 0),
            ("(x", 0),
            ("x)", 1),
            (r"\q", 0),
            (r"\b(?i)a\b", 2),
            ("a**", 2),
            ("^*", 1),
            ("[b-a]", 1),
            ("[a", 0),
            ("a{2,1}", 1),
            ("(?P<1>a)", 1),
            (r"\1", 1),
            ("a\\", 1),
            ("(?z)", 1),
        ] {
            assert_eq!(invalid(pattern).map(|found| found.0), Some(offset), "{pattern}");
        }
        assert!(invalid("C++").is_none());
    }

    #[test]
    fn what_cannot_run_in_linear_time_is_named() {
        for (pattern, construct) in [
            ("a(?=b)", "look-ahead"),
            ("(?<!b)a", "look-behind"),
            (r"(a)\1", "back-reference"),
            ("(?>a)", "atomic group"),
            ("C++", "possessive quantifier"),
            ("(a)?(?(1)b|c)", "condition on a group"),
            ("(?:a*?)*", "repetition of a part that prefers to be empty"),
            ("(?:a{1000}){1000}", "a pattern of this size"),
        ] {
            match Pattern::new(pattern, NONE) {
                Err(PatternError::Unsupported { what, .. }) => assert_eq!(what, construct),
                other => panic!("{pattern}: {other:?}"),
            }
        }
        let deep = "(".repeat(100_000);
        assert!(Pattern::new(&deep, NONE).is_err());
    }
}
