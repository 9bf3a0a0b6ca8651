//! Methods of Python's `str`, and `re.findall(r"\w+", text)`.

use std::borrow::Cow;

use super::chars::{self, LOWER, SPACE, TITLE, UPPER, WORD};

/// `text.strip()`.
pub fn strip(text: &str) -> &str {
    lstrip(rstrip(text))
}

/// `text.lstrip()`.
pub fn lstrip(text: &str) -> &str {
    text.trim_start_matches(chars::is_space)
}

/// `text.rstrip()`.
pub fn rstrip(text: &str) -> &str {
    text.trim_end_matches(chars::is_space)
}

/// `text.strip(set)`: removes the characters of `set` from both ends.
pub fn strip_chars<'t>(text: &'t str, set: &str) -> &'t str {
    text.trim_matches(|c| set.contains(c))
}

/// `text.lstrip(set)`.
pub fn lstrip_chars<'t>(text: &'t str, set: &str) -> &'t str {
    text.trim_start_matches(|c| set.contains(c))
}

/// `text.rstrip(set)`.
pub fn rstrip_chars<'t>(text: &'t str, set: &str) -> &'t str {
    text.trim_end_matches(|c| set.contains(c))
}

/// `text.split()`: the pieces between runs of white space.
pub fn split_whitespace(text: &str) -> impl Iterator<Item = &str> {
    Runs { text, mask: SPACE, inside: 0, at: 0 }
}

/// `re.findall(r"\w+", text)`.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    Runs { text, mask: WORD, inside: WORD, at: 0 }
}

/// `len(re.findall(r"\w+", text))`.
pub fn count_words(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut count, mut inside, mut at) = (0, 0, 0);
    while at < bytes.len() {
        let word = if bytes[at] < 128 {
            at += 1;
            chars::ascii_flags(bytes[at - 1]) & WORD
        } else {
            let c = char_at(text, at);
            at += c.len_utf8();
            chars::flags(c) & WORD
        };
        count += usize::from(word & !inside);
        inside = word;
    }
    count
}

/// Maximal runs of the characters whose flags under `mask` equal `inside`.
struct Runs<'t> {
    text: &'t str,
    mask: u8,
    inside: u8,
    at: usize,
}

impl Runs<'_> {
    /// The end of the run of characters that are inside (or not) and start at `at`.
    fn run_end(&self, mut at: usize, inside: bool) -> usize {
        let bytes = self.text.as_bytes();
        while at < bytes.len() {
            let (flags, width) = if bytes[at] < 128 {
                (chars::ascii_flags(bytes[at]), 1)
            } else {
                let c = char_at(self.text, at);
                (chars::flags(c), c.len_utf8())
            };
            if (flags & self.mask == self.inside) != inside {
                break;
            }
            at += width;
        }
        at
    }
}

impl<'t> Iterator for Runs<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let start = self.run_end(self.at, false);
        self.at = self.run_end(start, true);
        (start < self.at).then(|| &self.text[start..self.at])
    }
}

/// The character that starts at a byte offset.
#[inline]
pub(crate) fn char_at(text: &str, at: usize) -> char {
    text[at..].chars().next().expect("the offset is before the end")
}

/// `len(text)`: the number of code points.
pub fn char_len(text: &str) -> usize {
    text.chars().count()
}

/// `text.isupper()`: at least one upper-case character and none in lower or title case.
pub fn str_is_upper(text: &str) -> bool {
    all_cased(text, UPPER, LOWER | TITLE)
}

/// `text.islower()`: at least one lower-case character and none in upper or title case.
pub fn str_is_lower(text: &str) -> bool {
    all_cased(text, LOWER, UPPER | TITLE)
}

fn all_cased(text: &str, wanted: u8, refused: u8) -> bool {
    let mut seen = 0;
    for c in text.chars() {
        let flags = chars::flags(c);
        if flags & refused != 0 {
            return false;
        }
        seen |= flags;
    }
    seen & wanted != 0
}

/// `text.splitlines()`: Python's ten line ends, `\r\n` as one, none kept.
pub fn splitlines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some((at, end)) = rest.char_indices().find(|&(_, c)| is_line_end(c)) else {
            return Some(std::mem::take(&mut rest));
        };
        let line = &rest[..at];
        rest = &rest[at + end.len_utf8()..];
        if end == '\r' {
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
        Some(line)
    })
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// `text.lower()`.
pub fn lower(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        };
    }
    if !text.chars().any(|c| chars::flags(c) & (UPPER | TITLE) != 0) {
        return Cow::Borrowed(text);
    }
    let mut lowered = String::with_capacity(text.len() + 2);
    for (at, c) in text.char_indices() {
        if c == 'Σ' {
            lowered.push(if is_final_sigma(text, at) { 'ς' } else { 'σ' });
        } else if c.is_ascii() {
            lowered.push(c.to_ascii_lowercase());
        } else if chars::flags(c) & (UPPER | TITLE) != 0 {
            lowered.extend(c.to_lowercase());
        } else {
            lowered.push(c);
        }
    }
    Cow::Owned(lowered)
}

/// Whether the sigma at a byte offset ends a word: a cased character before it and none after it,
/// characters that case ignores apart.
fn is_final_sigma(text: &str, at: usize) -> bool {
    let cased = |c: &char| chars::flags(*c) & (UPPER | LOWER | TITLE) != 0;
    let ignored = |c: &char| !c.is_ascii_alphabetic() && ignorable(*c);
    let before = text[..at].chars().rev().find(|c| !ignored(c));
    let after = text[at + 'Σ'.len_utf8()..].chars().find(|c| !ignored(c));
    before.as_ref().is_some_and(cased) && !after.as_ref().is_some_and(cased)
}

/// Unicode's `Case_Ignorable`, asked of the standard library, which applies it to sigmas only: the
/// sigma of `AΣcA` is final unless `c` is ignored (or cased, as `AΣc` then tells).
fn ignorable(c: char) -> bool {
    let sigma = |text: &str| text.to_lowercase().chars().nth(1);
    sigma(&format!("AΣ{c}A")) == Some('σ') && sigma(&format!("AΣ{c}")) == Some('ς')
}

/// `text.upper()`.
pub fn upper(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            true => Cow::Owned(text.to_ascii_uppercase()),
            false => Cow::Borrowed(text),
        };
    }
    let mut raised = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        // These had no capital in Unicode 14.
        let newer = matches!(c, '\u{19b}' | '\u{264}' | '\u{a7d3}' | '\u{a7d5}');
        if chars::flags(c) & (LOWER | TITLE) == 0 || newer {
            raised.push(c);
        } else {
            raised.extend(c.to_uppercase());
        }
    }
    Cow::Owned(raised)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_python_white_space() {
        assert_eq!(strip("\u{1c}\u{85} a b\u{3000}\n"), "a b");
        assert_eq!(strip("\u{200b}a"), "\u{200b}a");
        assert_eq!(strip_chars("\"'a\"", "\"'"), "a");
        let pieces: Vec<_> = split_whitespace(" a\u{1f}b\u{a0}c\n").collect();
        assert_eq!(pieces, ["a", "b", "c"]);
    }

    #[test]
    fn counts_words_without_marks() {
        assert_eq!(count_words("don't stop_me now²"), 4);
        assert_eq!(count_words("मेरे"), 2);
        assert_eq!(words("a-b c, déjà").collect::<Vec<_>>(), ["a", "b", "c", "déjà"]);
        assert_eq!(count_words(""), 0);
    }

    #[test]
    fn case_follows_python() {
        assert!(str_is_upper("U.S.") && !str_is_upper("123") && !str_is_upper("Aǅ"));
        assert!(str_is_lower("a1") && !str_is_lower("") && !str_is_lower("ab C"));
        assert_eq!(lower("İΑΣ ΑΣΑ Σ"), "i\u{307}ας ασα σ");
        assert_eq!(lower("ΑΣ.\u{301} b"), "ας.\u{301} b");
        assert_eq!(upper("straße ŉ"), "STRASSE ʼN");
        assert!(matches!(lower("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn splits_lines_at_all_ten_ends() {
        let lines: Vec<_> = splitlines("a\r\nb\u{85}c\u{2028}\u{1d}d\n").collect();
        assert_eq!(lines, ["a", "b", "c", "", "d"]);
        assert_eq!(splitlines("\n\r").collect::<Vec<_>>(), ["", ""]);
    }
}
