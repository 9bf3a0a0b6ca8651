//! Words, sentences and quotes as the families of this toolkit read them.
//!
//! IFEval's `\w+` cuts `don't` in two and joins `snake_case`; a rule about *the* third word cannot.

use crate::args::Reader;
use crate::error::Result;
use crate::python::strings;
use crate::text::Text;

/// The words: runs of letters and digits of any script, joined inside by one apostrophe or hyphen.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let body = &rest[rest.find(is_inner)?..];
        let (word, after) = body.split_at(word_end(body));
        rest = after;
        Some(word)
    })
}

/// A letter, a digit, or an accent that stands as a character of its own.
fn is_inner(c: char) -> bool {
    c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)
}

fn is_joint(c: char) -> bool {
    matches!(c, '\'' | '’' | '-' | '\u{2011}')
}

/// Where the word that `body` starts with ends.
fn word_end(body: &str) -> usize {
    let mut end = 0;
    let mut joined = false;
    for (at, c) in body.char_indices() {
        if is_inner(c) {
            end = at + c.len_utf8();
            joined = false;
        } else if is_joint(c) && !joined {
            joined = true;
        } else {
            break;
        }
    }
    end
}

/// The letter that a word starts with, if it starts with one.
pub(super) fn initial(word: &str) -> Option<char> {
    word.chars().next().filter(|c| c.is_alphabetic())
}

/// Whether a word of a response is the `wanted` one, which is in lower case.
pub(super) fn same_word(found: &str, wanted: &str) -> bool {
    let lower = strings::lower(found);
    lower.chars().map(straight).eq(wanted.chars().map(straight))
}

fn straight(c: char) -> char {
    if c == '’' { '\'' } else { c }
}

/// The argument `key`, which must be one word, in lower case.
///
/// # Errors
/// A value with spaces or signs in it, or with no letter.
pub(super) fn one_word(args: &Reader<'_>, key: &str) -> Result<String> {
    let lower = strings::lower(args.text(key)?).into_owned();
    match is_one_word(&lower) {
        true => Ok(lower),
        false => Err(args.fault(key, "is not one single word")),
    }
}

/// Whether `text` is one word and nothing else.
pub(super) fn is_one_word(text: &str) -> bool {
    !text.is_empty() && words(text).next() == Some(text)
}

/// The argument `key`, one letter from `a` to `z`, in lower case.
///
/// # Errors
/// Anything else.
pub(super) fn one_letter(args: &Reader<'_>, key: &str) -> Result<char> {
    let letter = args.letter(key)?.to_ascii_lowercase();
    match letter.is_ascii_lowercase() {
        true => Ok(letter),
        false => Err(args.fault(key, "is not a letter from a to z")),
    }
}

/// The sentences that hold a word, marks of headings, quotes and lists taken off. Punkt finds
/// them, and a line break ends a sentence too.
pub(super) fn sentences<'t>(text: &'t Text<'_>) -> impl Iterator<Item = &'t str> {
    let raw = text.raw();
    let pieces = text.sentences().iter().flat_map(|range| raw[range.clone()].split('\n'));
    pieces.map(after_marks).filter(|piece| piece.contains(is_inner) && !is_bare_mark(piece))
}

/// Whether the piece is the mark of a list item that was taken for a sentence: `1.` or `1)`.
fn is_bare_mark(piece: &str) -> bool {
    let number = piece.trim_end().strip_suffix(['.', ')']);
    number.is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}

/// The first word of a line or block, marks of headings, quotes and lists passed over.
pub(super) fn first_word(block: &str) -> Option<&str> {
    words(after_marks(block)).next()
}

fn after_marks(line: &str) -> &str {
    let mut rest = strings::lstrip(line);
    loop {
        match mark_length(rest.as_bytes()) {
            0 => return rest,
            length => rest = strings::lstrip(&rest[length..]),
        }
    }
}

/// The bytes of the Markdown mark at the start of a line: `#`, `>`, `-`, `*`, `+`, `1.` or `1)`.
fn mark_length(line: &[u8]) -> usize {
    let run = |accept: fn(&u8) -> bool| line.iter().take_while(|b| accept(b)).count();
    let length = match line.first() {
        Some(b'>') => return 1,
        Some(b'#') => run(|b| *b == b'#'),
        Some(b'-' | b'*' | b'+') => 1,
        Some(b'0'..=b'9') => match run(u8::is_ascii_digit) {
            digits if matches!(line.get(digits), Some(b'.' | b')')) => digits + 1,
            _ => return 0,
        },
        _ => return 0,
    };
    match line.get(length) {
        Some(b' ' | b'\t') => length,
        _ => 0,
    }
}

/// A piece of a response for a one-line reason: quoted, escaped and cut.
pub(super) fn quote(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(LONGEST).collect();
    let rest = if chars.next().is_some() { "…" } else { "" };
    format!("{head:?}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_inner_apostrophes_and_hyphens() {
        let text = "**Don't** stop -- well-known; 'quoted' it’s rock-'n'-roll 3.5% a_b";
        let found: Vec<&str> = words(text).collect();
        let expected = ["Don't", "stop", "well-known", "quoted", "it’s", "rock", "n", "roll"];
        assert_eq!(found[..8], expected);
        assert_eq!(found[8..], ["3", "5", "a", "b"]);
        assert_eq!(words("").count() + words("--- '' …").count(), 0);
    }

    #[test]
    fn marks_before_a_line_are_no_words() {
        for line in ["bread", "- bread", "> 1. bread", "## bread", " 12) * bread", "**bread**"] {
            assert_eq!(first_word(line), Some("bread"), "{line}");
        }
        assert_eq!(first_word("2024 was dry"), Some("2024"));
        assert_eq!(first_word("#tag"), Some("tag"));
        assert_eq!(first_word("- - -"), None);
    }

    #[test]
    fn sentences_end_at_line_breaks() {
        let text = Text::new("# Title\nOne is here. Two is there.\n\n- three\n---\n");
        let found: Vec<&str> = sentences(&text).collect();
        assert_eq!(found, ["Title", "One is here.", "Two is there.", "three"]);
    }
}
