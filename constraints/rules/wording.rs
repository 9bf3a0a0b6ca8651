//! Words, sentences and quotes as the families of this toolkit read them.
//!
//! IFEval's `\w+` cuts `don't` in two and joins `snake_case`; a rule about *the* third word cannot.

use super::fences::block_ranges;
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
    same_lower(&strings::lower(found), wanted)
}

/// Whether two words in lower case are the same, the shape of apostrophes aside.
pub(super) fn same_lower(found: &str, wanted: &str) -> bool {
    found == wanted || found.chars().map(straight).eq(wanted.chars().map(straight))
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
/// them, a line break ends a sentence too, and fenced code has none.
pub(super) fn sentences<'t>(text: &'t Text<'_>) -> impl Iterator<Item = &'t str> {
    let raw = text.raw();
    let blocks = block_ranges(raw);
    let outside = move |at: usize| {
        let before = blocks.partition_point(|block| block.end <= at);
        blocks.get(before).is_none_or(|block| at < block.start)
    };
    let pieces = text.sentences().iter().flat_map(move |range| {
        let mut at = range.start;
        raw[range.clone()].split('\n').map(move |piece| {
            let start = at;
            at += piece.len() + 1;
            (start, piece)
        })
    });
    pieces
        .filter(move |(at, _)| outside(*at))
        .map(|(_, piece)| after_marks(piece))
        .filter(|piece| piece.contains(is_inner))
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

/// The bytes of the mark at the start of a line: `#`, `>`, `-`, `*`, `+`, `1.`, `1)`, `(1)`, `a)`
/// or `i.`.
fn mark_length(line: &[u8]) -> usize {
    let run = |accept: fn(&u8) -> bool| line.iter().take_while(|b| accept(b)).count();
    let at = |place: usize| line.get(place).copied();
    let length = match line.first() {
        Some(b'>') => return 1,
        Some(b'#') => run(|b| *b == b'#'),
        Some(b'-' | b'*' | b'+') => 1,
        Some(b'0'..=b'9') => match run(u8::is_ascii_digit) {
            digits if matches!(at(digits), Some(b'.' | b')')) => digits + 1,
            _ => return 0,
        },
        Some(b'(') => match line[1..].iter().take_while(|b| b.is_ascii_digit()).count() {
            digits @ 1.. if at(digits + 1) == Some(b')') => digits + 2,
            _ => return 0,
        },
        Some(b'a'..=b'z') if at(1) == Some(b')') => 2,
        Some(b'i' | b'v' | b'x' | b'l') => match run(|b| b"ivxlc".contains(b)) {
            letters if letters < 8 && at(letters) == Some(b'.') => letters + 1,
            _ => return 0,
        },
        _ => return 0,
    };
    match line.get(length) {
        None | Some(b' ' | b'\t' | b'\r') => length,
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
        for line in [
            "bread",
            "- bread",
            "> 1. bread",
            "## bread",
            " 12) * bread",
            "**bread**",
            "(3) bread",
            "b) bread",
            "iv. bread",
        ] {
            assert_eq!(first_word(line), Some("bread"), "{line}");
        }
        assert_eq!(first_word("2024 was dry"), Some("2024"));
        assert_eq!(first_word("#tag"), Some("tag"));
        assert_eq!(first_word("- - -"), None);
    }

    #[test]
    fn sentences_end_at_line_breaks() {
        let text =
            Text::new("# Title\nOne is here. Two is there.\n\n```\nno. no\n```\n- three\n---\n");
        let found: Vec<&str> = sentences(&text).collect();
        assert_eq!(found, ["Title", "One is here.", "Two is there.", "three"]);
    }
}
