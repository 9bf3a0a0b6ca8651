//! What the rules of both languages look for.

use heedful_constraints::python::chars::is_digit;
use heedful_constraints::python::strings::lstrip;

/// The pieces between `marks` that are not empty.
pub(super) fn sentences<'t>(text: &'t str, marks: &'t [char]) -> impl Iterator<Item = &'t str> {
    text.split(marks).filter(|sentence| !sentence.is_empty())
}

/// The last `(A)` to `(Z)`.
pub(super) fn last_choice(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let at = bytes
        .windows(3)
        .rposition(|w| w[0] == b'(' && w[1].is_ascii_uppercase() && w[2] == b')')?;
    text.get(at..at + 3)
}

/// The last `dd/dd/dddd` of those that a search from the left finds one after the other.
pub(super) fn last_date(text: &str) -> Option<&str> {
    const FORM: &str = "dd/dd/dddd";
    let length = |text: &str| {
        let mut chars = text.chars();
        let mut length = 0;
        for form in FORM.chars() {
            let c = chars.next()?;
            if !(if form == 'd' { is_digit(c) } else { c == form }) {
                return None;
            }
            length += c.len_utf8();
        }
        Some(length)
    };
    let (mut rest, mut last) = (text, None);
    while let Some(first) = rest.chars().next() {
        let found = length(rest);
        if let Some(length) = found {
            last = Some(&rest[..length]);
        }
        rest = &rest[found.unwrap_or(first.len_utf8())..];
    }
    last
}

/// How long the digits are that `text` starts with, in bytes.
pub(super) fn digits(text: &str) -> usize {
    text.find(|c| !is_digit(c)).unwrap_or(text.len())
}

/// Whether every paragraph that is not blank starts with a number and a full stop.
pub(super) fn paragraphs_are_numbered(text: &str) -> bool {
    text.split("\n\n").map(lstrip).all(|paragraph| {
        let number = digits(paragraph);
        paragraph.is_empty() || (number > 0 && paragraph[number..].starts_with('.'))
    })
}

/// What format example 22 asks for at all levels, in one language.
pub(super) struct Paragraphs<'t> {
    /// What ends a sentence.
    pub(super) marks: &'t [char],
    /// Whether a sentence is long enough.
    pub(super) long: fn(&str) -> bool,
    /// The last words of level 5.
    pub(super) end: &'t str,
}

impl Paragraphs<'_> {
    /// Three paragraphs, four at level 5; of the first three each has fewer than three sentences;
    /// then long sentences, then numbers, then the last words.
    pub(super) fn check(&self, level: u8, text: &str) -> bool {
        let wanted = if matches!(level, 1..=4) { 3 } else { 4 };
        let short = |paragraph: &str| sentences(paragraph, self.marks).count() < 3;
        text.split("\n\n").count() == wanted
            && (level == 1 || text.split("\n\n").take(3).all(short))
            && (matches!(level, 1 | 2) || sentences(text, self.marks).all(self.long))
            && (matches!(level, 1..=3) || paragraphs_are_numbered(text))
            && (matches!(level, 1..=4) || text.ends_with(self.end))
    }
}
