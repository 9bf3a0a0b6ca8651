//! The last passes of NLTK's word tokenizer, on tokens: clitics (`'s`, `n't`) and contractions
//! (`cannot`, `gonna`).

use super::tokenize::{Tokens, has_apostrophe};
use crate::python::chars;
use crate::python::strings::{char_at, split_whitespace};

/// Words that come apart, and how long their first part is; cut wherever they stand between word
/// boundaries.
const CONTRACTIONS: [(&str, usize); 7] = [
    ("cannot", 3),
    ("d'ye", 1),
    ("gimme", 3),
    ("gonna", 3),
    ("gotta", 3),
    ("lemme", 3),
    ("more'n", 4),
];

/// Comes apart at the end of a token only.
const WANNA: (&str, usize) = ("wanna", 3);

const LONG_CLITICS: [&str; 8] = ["'ll", "'LL", "'re", "'RE", "'ve", "'VE", "n't", "N'T"];

/// Splits a rewritten sentence at white space and takes its tokens apart.
pub(super) fn split(text: &str, tokens: &mut Tokens) {
    for token in split_whitespace(text) {
        if has_apostrophe(token) {
            let (token, short) = cut_short(token);
            let (token, long) = cut_long(token);
            for part in [token, long, short] {
                if !part.is_empty() {
                    contractions(part, tokens);
                }
            }
        } else {
            contractions(token, tokens);
        }
    }
}

/// The byte offset `length` bytes before the end, if what precedes it is not an apostrophe.
fn stem(token: &str, length: usize) -> Option<usize> {
    let at = token.len().checked_sub(length).filter(|at| *at > 0)?;
    (token.as_bytes()[at - 1] != b'\'').then_some(at)
}

/// Cuts off `'s`, `'m`, `'d` or an apostrophe.
fn cut_short(token: &str) -> (&str, &str) {
    let at = match token.as_bytes() {
        [.., b'\''] => stem(token, 1),
        [.., b'\'', b's' | b'S' | b'm' | b'M' | b'd' | b'D'] => stem(token, 2),
        _ => None,
    };
    token.split_at(at.unwrap_or(token.len()))
}

/// Cuts off `'ll`, `'re`, `'ve` or `n't`.
fn cut_long(token: &str) -> (&str, &str) {
    let long = LONG_CLITICS.iter().any(|clitic| token.ends_with(clitic));
    let at = if long { stem(token, 3) } else { None };
    token.split_at(at.unwrap_or(token.len()))
}

/// Cuts the contractions of a token.
fn contractions(token: &str, tokens: &mut Tokens) {
    let bytes = token.as_bytes();
    if bytes.iter().all(u8::is_ascii_alphanumeric) {
        // One word: it is a contraction as a whole or not at all.
        let could =
            matches!(bytes.len(), 5 | 6) && matches!(bytes[0] | 0x20, b'c' | b'g' | b'l' | b'w');
        match could.then(|| contraction_at(token, 0)).flatten() {
            Some((first, end)) => {
                tokens.push(&token[..first]);
                tokens.push(&token[first..end]);
            }
            None => tokens.push(token),
        }
        return;
    }
    let (mut done, mut before) = (0, false);
    for (at, c) in token.char_indices() {
        let word = chars::is_word(c);
        let starts = word && !before;
        before = word;
        if !starts || at < done {
            continue;
        }
        if let Some((first, end)) = contraction_at(token, at) {
            push_piece(&token[done..at], tokens);
            tokens.push(&token[at..first]);
            tokens.push(&token[first..end]);
            done = end;
        }
    }
    push_piece(&token[done..], tokens);
}

/// The contraction that starts at a word boundary: where its second part starts, and its end.
fn contraction_at(token: &str, at: usize) -> Option<(usize, usize)> {
    if !matches!(token.as_bytes()[at] | 0x20, b'c' | b'd' | b'g' | b'l' | b'm' | b'w') {
        return None;
    }
    let whole = CONTRACTIONS.iter().find_map(|&(form, cut)| {
        let end = matches(token, at, form)?;
        (!word_at(token, end)).then_some((end, cut))
    });
    let last = || matches(token, at, WANNA.0).filter(|end| *end == token.len());
    let (end, cut) = whole.or_else(|| Some((last()?, WANNA.1)))?;
    let first = token[at..].char_indices().nth(cut).map_or(end, |(length, _)| at + length);
    Some((first, end))
}

/// A piece between contractions; `'tis` and `'twas` come apart at its start.
fn push_piece(piece: &str, tokens: &mut Tokens) {
    let mut rest = piece;
    for form in ["'tis", "'twas"] {
        if let Some(end) = matches(rest, 0, form).filter(|end| !word_at(rest, *end)) {
            tokens.push(&rest[..2]);
            tokens.push(&rest[2..end]);
            rest = &rest[end..];
        }
    }
    if !rest.is_empty() {
        tokens.push(rest);
    }
}

fn word_at(token: &str, at: usize) -> bool {
    at < token.len() && chars::is_word(char_at(token, at))
}

/// Where a lower-case form ends that stands at `at`, its case ignored as Python ignores it.
fn matches(token: &str, at: usize, form: &str) -> Option<usize> {
    let mut rest = token[at..].chars();
    let holds = |letter: char| {
        rest.next().is_some_and(|c| match c {
            'ı' | 'İ' => letter == 'i',
            'ſ' => letter == 's',
            c => c.to_ascii_lowercase() == letter,
        })
    };
    form.chars().all(holds).then(|| token.len() - rest.as_str().len())
}
