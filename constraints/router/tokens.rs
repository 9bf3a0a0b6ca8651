//! Words, numbers, quotations and marks of a constraint text, and a cursor that reads them.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A run of letters, or an abbreviation with inner dots such as `P.S.`.
    Word,
    /// A whole number in digits.
    Number(u64),
    /// A quotation: the text between its marks.
    Quoted(String),
    /// Something shown as a sample: `<<title>>`, `[name]`, `*highlighted*`.
    Sample,
    /// Anything else, one character or a run of the same asterisks.
    Mark,
}

/// One token with its place in the text.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Lower case, curly apostrophes straightened.
    pub(super) norm: String,
    /// As written.
    pub(super) raw: String,
    pub(super) span: Range<usize>,
}

/// Splits a text into tokens. Hyphens inside words separate them and are dropped; between digits
/// they stay, for ranges.
pub(super) fn tokenise(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, len) = next_token(text, at, first);
        let raw = &text[at..at + len];
        if !(raw == "-" && is_inner_hyphen(text, at)) {
            let norm = raw.to_lowercase().replace(['\u{2019}', '\u{2018}'], "'");
            tokens.push(Token { kind, norm, raw: raw.to_owned(), span: at..at + len });
        }
        at += len;
    }
    tokens
}

fn next_token(text: &str, at: usize, first: char) -> (Kind, usize) {
    let rest = &text[at..];
    if first.is_alphabetic() {
        return (Kind::Word, word_len(rest));
    }
    if first.is_ascii_digit() {
        return number(rest);
    }
    if let Some(found) = quotation(text, at, first).or_else(|| sample(rest)) {
        return found;
    }
    let stars = rest.bytes().take_while(|b| *b == b'*').count();
    (Kind::Mark, if stars > 0 { stars } else { first.len_utf8() })
}

/// Letters, inner apostrophes, and inner dots of abbreviations with the last dot (`P.P.S.`).
fn word_len(rest: &str) -> usize {
    let mut len = 0;
    let mut dotted = false;
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        let next_is_letter = chars.peek().is_some_and(|n| n.is_alphabetic());
        let inner = matches!(c, '\'' | '\u{2019}') && next_is_letter;
        let dot = c == '.' && (dotted || next_is_letter);
        if !(c.is_alphabetic() || inner || dot) {
            break;
        }
        dotted |= dot;
        len += c.len_utf8();
    }
    len
}

/// Digits with thousands commas. A decimal is no whole number and becomes a mark.
fn number(rest: &str) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut len = digits(0);
    while bytes.get(len) == Some(&b',') && digits(len + 1) == 3 {
        len += 4;
    }
    if bytes.get(len) == Some(&b'.') && digits(len + 1) > 0 {
        return (Kind::Mark, len + 1 + digits(len + 1));
    }
    let value = rest[..len].replace(',', "").parse();
    (value.map_or(Kind::Mark, Kind::Number), len)
}

fn quotation(text: &str, at: usize, first: char) -> Option<(Kind, usize)> {
    let close = match first {
        '"' => '"',
        '\u{201c}' => '\u{201d}',
        '\u{2018}' => '\u{2019}',
        '\'' => '\'',
        '`' => '`',
        _ => return None,
    };
    let body_at = at + first.len_utf8();
    let after_word = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
    let single = matches!(close, '\'' | '\u{2019}');
    if after_word && single {
        return None;
    }
    let ends = |(i, c): &(usize, char)| {
        let next = text[body_at + i + c.len_utf8()..].chars().next();
        *c == close && !(single && next.is_some_and(char::is_alphanumeric))
    };
    let (len, _) = text[body_at..].char_indices().find(ends)?;
    let body = text[body_at..body_at + len].to_owned();
    Some((Kind::Quoted(body), first.len_utf8() + len + close.len_utf8()))
}

fn sample(rest: &str) -> Option<(Kind, usize)> {
    for (open, close) in [("<<", ">>"), ("[", "]"), ("*", "*")] {
        let Some(body) = rest.strip_prefix(open) else { continue };
        if let Some(len) = body.find(close)
            && len > 0
            && !body.starts_with([' ', '*'])
        {
            return Some((Kind::Sample, open.len() + len + close.len()));
        }
    }
    None
}

fn is_inner_hyphen(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at + 1..].chars().next();
    let (Some(before), Some(after)) = (before, after) else { return false };
    before.is_alphanumeric()
        && after.is_alphanumeric()
        && !(before.is_ascii_digit() && after.is_ascii_digit())
}

/// A place in a token list. Copy it to try a reading and keep it only when the reading holds.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    tokens: &'a [Token],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(tokens: &'a [Token]) -> Self {
        Self { tokens, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn at_end(&self) -> bool {
        self.at == self.tokens.len()
    }

    /// Takes the words of `phrase` when they come next, all or none.
    pub(super) fn eat(&mut self, phrase: &str) -> bool {
        let mut at = self.at;
        let mut rest = Some(phrase);
        while let Some(words) = rest {
            // Most phrases fail at the first word: it is compared before it is divided off.
            let Some(token) = self.tokens.get(at) else { return false };
            let Some(after) = words.strip_prefix(token.norm.as_str()) else { return false };
            if matches!(token.kind, Kind::Quoted(_)) {
                return false;
            }
            rest = match after.strip_prefix(' ') {
                None if after.is_empty() => None,
                None => return false,
                further => further,
            };
            at += 1;
        }
        self.at = at;
        true
    }

    /// Whether `phrase` comes next.
    pub(super) fn sees(&self, phrase: &str) -> bool {
        let mut trial = *self;
        trial.eat(phrase)
    }

    /// Whether the token taken last is this word.
    pub(super) fn just_took(&self, word: &str) -> bool {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.is_some_and(|token| token.norm == word)
    }

    /// Takes the first of `phrases` that comes next: list longer ones first.
    pub(super) fn any(&mut self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.eat(phrase))
    }

    /// Takes one of `phrases` if one comes next; says nothing about it.
    pub(super) fn skip(&mut self, phrases: &[&str]) {
        self.any(phrases);
    }

    /// Takes the next token when it is a quotation.
    pub(super) fn quoted(&mut self) -> Option<&'a str> {
        let Kind::Quoted(body) = &self.peek()?.kind else { return None };
        self.at += 1;
        Some(body)
    }

    /// Takes the next token when it is a plain word.
    pub(super) fn word(&mut self) -> Option<&'a Token> {
        let token = self.peek().filter(|token| token.kind == Kind::Word)?;
        self.at += 1;
        Some(token)
    }

    /// Takes the next token when it shows a sample.
    pub(super) fn sample(&mut self) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == Kind::Sample);
        self.at += usize::from(found);
        found
    }

    /// Runs a reading and keeps what it took only when it holds.
    pub(super) fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut trial = *self;
        let value = read(&mut trial)?;
        *self = trial;
        Some(value)
    }
}
