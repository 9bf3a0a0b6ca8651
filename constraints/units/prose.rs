//! Marks and tokens of running text: questions, quotations, remarks, numbers, dates, hyphens.

use std::ops::Range;

use memchr::{memchr, memmem};

use crate::python::chars::{is_alpha, is_digit, is_word};
use crate::python::strings::{self, strip};

/// Sentences whose last character is `?`, closing quotes, brackets and emphasis marks aside.
pub(super) fn questions(text: &str, sentences: &[Range<usize>]) -> usize {
    const CLOSERS: [char; 10] = ['"', '\'', '”', '’', '»', ')', ']', '*', '_', '`'];
    let asks = |range: &&Range<usize>| {
        let sentence = strings::rstrip(&text[(*range).clone()]);
        sentence.trim_end_matches(CLOSERS).ends_with('?')
    };
    sentences.iter().filter(asks).count()
}

/// `"…"` or `“…”` on one line, not blank.
pub(super) fn quotations(text: &str) -> usize {
    text.split('\n').map(quotations_in_line).sum()
}

fn quotations_in_line(line: &str) -> usize {
    let (mut found, mut at) = (0, 0);
    // A closing mark that was not found once will not be found further on.
    let (mut straight, mut curly) = (true, true);
    while straight || curly {
        let rest = &line[at..];
        let open = match (straight, curly) {
            (true, true) => rest.find(['"', '“']),
            (true, false) => memchr(b'"', rest.as_bytes()),
            _ => rest.find('“'),
        };
        let Some(open) = open else { break };
        let (mark, close) = if rest[open..].starts_with('"') { (1, "\"") } else { (3, "”") };
        let inside = &rest[open + mark..];
        match memmem::find(inside.as_bytes(), close.as_bytes()) {
            Some(length) => {
                found += usize::from(!strip(&inside[..length]).is_empty());
                at += open + mark + length + close.len();
            }
            None => {
                if mark == 1 {
                    straight = false
                } else {
                    curly = false
                }
                at += open + mark;
            }
        }
    }
    found
}

/// Balanced `(…)` on one line, not blank inside; of nested ones the outermost counts. A `(` right
/// behind a `]` opens a link target, which is no remark.
pub(super) fn parentheses(text: &str) -> usize {
    let mut open = Vec::new();
    text.split('\n').map(|line| parentheses_in_line(line, &mut open)).sum()
}

/// A bracket that is open: where, whether it can be a remark, and how many are closed inside.
struct Bracket {
    inside: usize,
    remark: bool,
    found: usize,
}

fn parentheses_in_line(line: &str, open: &mut Vec<Bracket>) -> usize {
    open.clear();
    let mut found = 0;
    for (at, byte) in line.bytes().enumerate() {
        if byte == b'(' {
            let remark = !line[..at].ends_with(']');
            open.push(Bracket { inside: at + 1, remark, found: 0 });
        } else if byte == b')' {
            let Some(bracket) = open.pop() else { continue };
            let remark = bracket.remark && !blank_within(&line[bracket.inside..at]);
            let closed = if remark { 1 } else { bracket.found };
            match open.last_mut() {
                Some(outer) => outer.found += closed,
                None => found += closed,
            }
        }
    }
    found + open.iter().map(|bracket| bracket.found).sum::<usize>()
}

/// Whether only white space stands here; decided at the first other character.
fn blank_within(text: &str) -> bool {
    strings::lstrip(text).is_empty()
}

/// Words made of digits alone, joined over one inner `.` or `,` between digits.
pub(super) fn numbers(text: &str) -> usize {
    let mut found = 0;
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        rest = &rest[start..];
        let mut digits_only = true;
        loop {
            let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
            digits_only &= word.chars().all(is_digit);
            let last_is_digit = word.chars().next_back().is_some_and(is_digit);
            rest = &rest[word.len()..];
            let joined = rest.strip_prefix(['.', ',']);
            match joined.filter(|next| last_is_digit && next.starts_with(is_digit)) {
                Some(next) => rest = next,
                None => break,
            }
        }
        found += usize::from(digits_only);
    }
    found
}

/// Maximal runs of letters with single hyphens between letters, at least one hyphen in each.
pub(super) fn hyphenated(text: &str) -> usize {
    let mut found = 0;
    let (mut before, mut last) = ('\0', '\0');
    // Whether the run that `last` ends was counted.
    let mut counted = false;
    for c in text.chars() {
        if is_alpha(c) {
            let joins = is_hyphen(last) && is_alpha(before);
            if joins && !counted {
                found += 1;
                counted = true;
            } else if !joins && !is_alpha(last) {
                counted = false;
            }
        }
        (before, last) = (last, c);
    }
    found
}

/// The hyphen-minus, the hyphen and the hyphen that does not break.
fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}')
}

/// `YYYY-MM-DD` in ASCII digits that names a day from 0001-01-01 on, with no word character or
/// hyphen on either side.
pub(super) fn iso_dates(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (0, 0);
    while let Some(dash) = memchr(b'-', &bytes[at..]) {
        let dash = at + dash;
        at = dash + 1;
        let (Some(start), end) = (dash.checked_sub(4), dash + 6) else { continue };
        let beside = |c: Option<char>| c.is_some_and(|c| is_word(c) || c == '-');
        if bytes.get(start..end).is_some_and(is_day)
            && !beside(text[..start].chars().next_back())
            && !beside(text[end..].chars().next())
        {
            found += 1;
            at = end;
        }
    }
    found
}

fn is_day(date: &[u8]) -> bool {
    let number = |range: Range<usize>| {
        date[range].iter().try_fold(0u32, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
        })
    };
    let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    date[4] == b'-' && date[7] == b'-' && year > 0 && (1..=days).contains(&day)
}

/// Whether a word is three or more letters that read the same backwards, whatever their case.
pub(super) fn is_palindrome(word: &str) -> bool {
    if word.is_ascii() {
        let bytes = word.as_bytes();
        return bytes.len() >= 3
            && bytes.iter().zip(bytes.iter().rev()).all(|(a, b)| a.eq_ignore_ascii_case(b))
            && bytes.iter().all(u8::is_ascii_alphabetic);
    }
    let word = strings::lower(word);
    word.chars().nth(2).is_some()
        && word.chars().eq(word.chars().rev())
        && word.chars().all(is_alpha)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(count: fn(&str) -> usize, cases: &[(&str, usize)]) {
        for (text, expected) in cases {
            assert_eq!(count(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn questions_end_in_the_mark() {
        let text = "Why? Because. \"Really?\" he said (no?)\n";
        let sentences = [0..4, 5..13, 14..37];
        assert_eq!(questions(text, &sentences), 2);
        assert_eq!(questions("What?!", std::slice::from_ref(&(0..6))), 0);
        assert_eq!(questions("", &[]), 0);
    }

    #[test]
    fn quotations_on_one_line() {
        table(
            quotations,
            &[
                ("\"a\" and “b”", 2),
                ("\"\" \" \"", 0),
                ("\"a\nb\"", 0),
                ("“a \"b\" c”", 1),
                ("5\" wide “b”", 1),
                ("““a” “b", 1),
                ("\"a\" \"b", 1),
                ("'a'", 0),
            ],
        );
    }

    #[test]
    fn remarks_in_brackets() {
        table(
            parentheses,
            &[
                ("a (b) (c d)", 2),
                ("() ( )", 0),
                ("(a (b) c)", 1),
                ("(a (b)", 1),
                ("(a\nb)", 0),
                ("1) a :)", 0),
                ("[a](b) (c)", 1),
                ("(see [a](b))", 1),
                ("(()) ((a))", 2),
            ],
        );
    }

    #[test]
    fn numbers_are_tokens_of_digits() {
        table(
            numbers,
            &[
                ("3 1,000.5 20%", 3),
                ("A4 3rd 10k v2.0 x_1", 0),
                ("2024-01-02", 3),
                ("1. One, 2.", 2),
                ("1.2.3", 1),
                ("3.a", 1),
                ("-5 $7", 2),
                ("٣", 1),
                ("", 0),
            ],
        );
    }

    #[test]
    fn hyphens_between_letters() {
        table(
            hyphenated,
            &[
                ("well-known state-of-the-art", 2),
                ("a--b x- -y COVID-19 2-year", 0),
                ("re\u{2011}do é-à", 2),
                ("a-b-c d-e", 2),
                ("a-b--c-d", 2),
                ("a- b", 0),
            ],
        );
    }

    #[test]
    fn dates_are_in_the_calendar() {
        table(
            iso_dates,
            &[
                ("2024-02-29, (2023-12-31).", 2),
                ("2023-02-29 2023-13-01 2023-00-10 2023-01-00 0000-01-01", 0),
                ("12024-01-01 2024-01-011 2024-01-01T10:00 x2024-01-01", 0),
                ("2024-01-01-2024-01-02", 0),
                ("1900-02-29 2000-02-29", 1),
                ("2024/01/01 2024-1-1 éé-é", 0),
                ("-2024-01-01", 0),
            ],
        );
    }
}
