//! Word tokens as NLTK 3.9.1's `word_tokenize` cuts them: Punkt sentences, then its improved
//! Treebank tokenizer, which rewrites a sentence in some twenty passes and splits what results.
//!
//! Passes that cannot disturb each other are one loop here, a pass without anything to rewrite is
//! skipped, and the passes that look at ends of tokens run on tokens (`clitics.rs`).

use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2_iter, memrchr};

use super::clitics;
use super::punkt;
use crate::python::chars;
use crate::python::strings::char_at;

/// The tokens of a text, in one buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    text: String,
    ends: Vec<usize>,
}

impl Tokens {
    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The token at a position, counted from 0.
    pub fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)?;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end])
    }

    /// The tokens in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        (0..self.len()).map(|at| self.get(at).expect("the position is below the length"))
    }

    pub(super) fn push(&mut self, token: &str) {
        self.text.push_str(token);
        self.ends.push(self.text.len());
    }
}

/// `nltk.word_tokenize(text)`. Double quotes come out as ` `` ` and `''`. Linear in the length of
/// the text.
pub fn word_tokenize(text: &str) -> Tokens {
    let mut tokens = Tokens {
        text: String::with_capacity(text.len()),
        ends: Vec::with_capacity(text.len() / 4),
    };
    let mut buffers = Buffers::default();
    for range in punkt::sentences(text) {
        tokenize_sentence(&text[range], &mut buffers, &mut tokens);
    }
    tokens
}

/// The tokens of so many of the `sentences` of a text that there are `enough`, if there are.
pub fn first_tokens(
    text: &str,
    sentences: impl Iterator<Item = Range<usize>>,
    enough: usize,
) -> Tokens {
    let mut tokens = Tokens::default();
    let mut buffers = Buffers::default();
    for range in sentences {
        tokenize_sentence(&text[range], &mut buffers, &mut tokens);
        if tokens.len() >= enough {
            break;
        }
    }
    tokens
}

/// The sentence as rewritten so far, and room for the next pass.
#[derive(Default)]
struct Buffers {
    now: String,
    next: String,
}

impl Buffers {
    /// Runs a pass: it appends the rewritten text to its second argument.
    fn pass(&mut self, rewrite: impl FnOnce(&str, &mut String)) {
        self.next.clear();
        rewrite(&self.now, &mut self.next);
        std::mem::swap(&mut self.now, &mut self.next);
    }
}

/// What a sentence holds, as bits: which passes have anything to do.
const BACKTICK: u8 = 1;
const DOUBLE_QUOTE: u8 = 1 << 1;
const APOSTROPHE: u8 = 1 << 2;
const COMMA: u8 = 1 << 3;
const MARK: u8 = 1 << 4;
const BRACKET: u8 = 1 << 5;
/// The first bytes of « » and of the curly quotes.
const FOREIGN_QUOTE: u8 = 1 << 6;
const PERIOD: u8 = 1 << 7;

static KINDS: [u8; 256] = kinds();

const fn kinds() -> [u8; 256] {
    let mut table = [0; 256];
    let groups: [(&[u8], u8); 8] = [
        (b"`", BACKTICK),
        (b"\"", DOUBLE_QUOTE),
        (b"'", APOSTROPHE),
        (b":,", COMMA),
        (b";@#$%&?!", MARK),
        (b"*()[]{}<>-", BRACKET),
        (b"\xc2\xe2", FOREIGN_QUOTE),
        (b".", PERIOD),
    ];
    let mut group = 0;
    while group < groups.len() {
        let (bytes, kind) = groups[group];
        let mut at = 0;
        while at < bytes.len() {
            table[bytes[at] as usize] = kind;
            at += 1;
        }
        group += 1;
    }
    table
}

fn tokenize_sentence(sentence: &str, buffers: &mut Buffers, tokens: &mut Tokens) {
    let kinds = sentence.bytes().fold(0, |kinds, byte| kinds | KINDS[usize::from(byte)]);
    let quotes = kinds & (DOUBLE_QUOTE | APOSTROPHE) != 0;
    buffers.now.clear();
    buffers.now.push_str(sentence);
    if kinds & (BACKTICK | FOREIGN_QUOTE) != 0 || sentence.starts_with('"') {
        buffers.pass(open_quotes);
    }
    if quotes {
        buffers.pass(convert_opening);
    }
    if kinds & APOSTROPHE != 0 {
        buffers.pass(detach_letter);
    }
    if kinds & PERIOD != 0 {
        detach_period(&mut buffers.now);
    }
    if kinds & COMMA != 0 {
        buffers.pass(pad_commas);
    }
    if kinds & (MARK | PERIOD) != 0 {
        buffers.pass(pad_marks);
    }
    if kinds & APOSTROPHE != 0 {
        buffers.pass(detach_apostrophe);
    }
    if quotes || kinds & (BRACKET | FOREIGN_QUOTE) != 0 {
        buffers.pass(pad_rest);
    }
    clitics::split(&buffers.now, tokens);
}

/// Copies up to `at`, then writes a replacement, and moves past `skip` bytes.
fn replace(text: &str, out: &mut String, copied: &mut usize, at: usize, skip: usize, with: &str) {
    out.push_str(&text[*copied..at]);
    out.push_str(with);
    *copied = at + skip;
}

/// Pads opening quotes, makes pairs of backticks tokens, and converts a double quote that opens
/// the sentence.
fn open_quotes(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    if bytes.first() == Some(&b'"') {
        replace(text, out, &mut copied, 0, 1, " `` ");
    }
    let mut at = copied;
    while at < bytes.len() {
        match bytes[at..] {
            [b'`', ..] => {
                let run = bytes[at..].iter().take_while(|byte| **byte == b'`').count();
                replace(text, out, &mut copied, at, run, " ");
                for _ in 0..run / 2 {
                    out.push_str(" `` ");
                }
                out.push_str(if run % 2 == 1 { "` " } else { " " });
                at += run;
            }
            [0xc2, 0xab, ..] => {
                replace(text, out, &mut copied, at, 2, " « ");
                at += 2;
            }
            [0xe2, 0x80, quote @ (0x9c | 0x98 | 0x9e), ..] => {
                let padded = match quote {
                    0x9c => " “ ",
                    0x98 => " ‘ ",
                    _ => " „ ",
                };
                replace(text, out, &mut copied, at, 3, padded);
                at += 3;
            }
            _ => at += 1,
        }
    }
    out.push_str(&text[copied..]);
}

/// A double quote, or two apostrophes, after a space or an opening bracket.
fn convert_opening(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for at in memchr2_iter(b'"', b'\'', bytes) {
        // What is before `copied` belongs to the match before.
        if at <= copied || !b" ([{<".contains(&bytes[at - 1]) {
            continue;
        }
        let length = match bytes[at..] {
            [b'"', ..] => 1,
            [b'\'', b'\'', ..] => 2,
            _ => continue,
        };
        replace(text, out, &mut copied, at, length, " `` ");
    }
    out.push_str(&text[copied..]);
}

/// An apostrophe before a single word character that is no clitic.
fn detach_letter(text: &str, out: &mut String) {
    let mut copied = 0;
    for at in memchr_iter(b'\'', text.as_bytes()) {
        let mut after = text[at + 1..].chars();
        let Some(letter) = after.next().filter(|c| chars::is_word(*c)) else { continue };
        let clitic = matches!(letter.to_ascii_lowercase(), 'm' | 't' | 's' | 'd' | 'n' | 'ſ');
        if !clitic && !after.next().is_some_and(chars::is_word) {
            replace(text, out, &mut copied, at, 1, "' ");
        }
    }
    out.push_str(&text[copied..]);
}

/// The period that ends the sentence, with the closing quotes, brackets and spaces after it.
fn detach_period(text: &mut String) {
    let Some(at) = memrchr(b'.', text.as_bytes()).filter(|at| *at > 0) else { return };
    if text.as_bytes()[at - 1] == b'.' {
        return;
    }
    let tail = &text[at + 1..];
    let spaces = tail.trim_start_matches(|c| "])}>\"'»”’ ".contains(c));
    if !spaces.chars().all(chars::is_space) {
        return;
    }
    let closing = tail[..tail.len() - spaces.len()].to_owned();
    text.truncate(at);
    text.push_str(" . ");
    text.push_str(&closing);
    text.push(' ');
}

/// Commas and colons before anything but a digit. The character after one belongs to its match, so
/// of two commas in a row the second stays as it is, unless it ends the text.
fn pad_commas(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for at in memchr2_iter(b':', b',', bytes) {
        if at < copied || at + 1 == bytes.len() {
            continue;
        }
        let after = char_at(text, at + 1);
        if !chars::is_digit(after) {
            let mark = if bytes[at] == b',' { " , " } else { " : " };
            replace(text, out, &mut copied, at, 1, mark);
            out.push(after);
            copied += after.len_utf8();
        }
    }
    out.push_str(&text[copied..]);
    let body = out.strip_suffix('\n').unwrap_or(out);
    if body.ends_with([':', ',']) {
        let at = body.len();
        out.insert(at, ' ');
        out.insert(at - 1, ' ');
    }
}

/// Runs of periods, and the marks that always stand alone.
fn pad_marks(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    let (mut copied, mut at) = (0, 0);
    while at < bytes.len() {
        let length = match KINDS[usize::from(bytes[at])] {
            MARK => 1,
            PERIOD => bytes[at..].iter().take_while(|byte| **byte == b'.').count(),
            _ => 0,
        };
        if length > 1 || length == 1 && bytes[at] != b'.' {
            replace(text, out, &mut copied, at, 0, " ");
            out.push_str(&text[at..at + length]);
            out.push(' ');
            copied = at + length;
        }
        at += length.max(1);
    }
    out.push_str(&text[copied..]);
}

/// An apostrophe between something else and a space.
fn detach_apostrophe(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for at in memchr_iter(b'\'', bytes) {
        if at > 0 && bytes[at - 1] != b'\'' && bytes.get(at + 1) == Some(&b' ') {
            replace(text, out, &mut copied, at, 0, " ");
        }
    }
    out.push_str(&text[copied..]);
}

/// Asterisks, brackets, double hyphens, closing quotes, and the double quotes that are left.
fn pad_rest(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    let (mut copied, mut at) = (0, 0);
    while at < bytes.len() {
        let kind = KINDS[usize::from(bytes[at])];
        if kind & (BRACKET | DOUBLE_QUOTE | APOSTROPHE | FOREIGN_QUOTE) == 0 {
            at += 1;
            continue;
        }
        let (length, quote) = match bytes[at..] {
            [b'-', b'-', ..] => (2, false),
            [b'-', ..] => (0, false),
            [b'"', ..] => (1, true),
            [b'\'', b'\'', ..] => (2, true),
            [0xc2, 0xbb, ..] => (2, false),
            [0xe2, 0x80, 0x9d | 0x99, ..] => (3, false),
            _ if kind == BRACKET => (1, false),
            _ => (0, false),
        };
        if length > 0 {
            replace(text, out, &mut copied, at, 0, " ");
            out.push_str(if quote { "''" } else { &text[at..at + length] });
            out.push(' ');
            copied = at + length;
        }
        at += length.max(1);
    }
    out.push_str(&text[copied..]);
}

/// Whether a token holds an apostrophe.
pub(super) fn has_apostrophe(token: &str) -> bool {
    memchr(b'\'', token.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::goldens;
    use crate::python::strings;

    fn cut(text: &str) -> Vec<String> {
        word_tokenize(text).iter().map(str::to_owned).collect()
    }

    #[test]
    fn agrees_with_recorded_tokens() {
        let rows = goldens::each_row("components/word_tokenize_dev.jsonl.gz", |row| {
            let text = row["text"].as_str().expect("text");
            assert_eq!(cut(text), goldens::strings(&row["tokens"]), "{text:?}");
            assert_eq!(strings::count_words(text) as u64, row["w_count"].as_u64().expect("count"));
            assert_eq!(strings::words(text).count(), strings::count_words(text));
        });
        eprintln!("{rows} texts");
    }

    #[test]
    fn cuts_quotes_clitics_and_punctuation() {
        let text = "\"I can't,\" she said, 'cause it's 3,000... (isn't it?)";
        let expected = [
            "``", "I", "ca", "n't", ",", "''", "she", "said", ",", "'cause", "it", "'s", "3,000",
            "...", "(", "is", "n't", "it", "?", ")",
        ];
        assert_eq!(cut(text), expected);
        assert_eq!(
            cut("'Tis gonna be what we cannot."),
            ["'T", "is", "gon", "na", "be", "what", "we", "can", "not", "."]
        );
        assert!(word_tokenize(" \n").is_empty());
    }

    #[test]
    fn tokens_are_found_by_position() {
        let tokens = word_tokenize("One two.");
        assert_eq!((tokens.len(), tokens.get(2), tokens.get(3)), (3, Some("."), None));
        assert_eq!(tokens.iter().next_back(), Some("."));
        let text = "One. Two. Three. Four.";
        let first = first_tokens(text, punkt::sentences(text).into_iter(), 3);
        assert_eq!(first.iter().collect::<Vec<_>>(), ["One", ".", "Two", "."]);
    }

    #[test]
    fn long_runs_stay_linear() {
        for unit in ["'", "\"", "`", ",", "--", "* ", "n't ", "'s", "cannot-", "a'", "«"] {
            let text = unit.repeat(100_000 / unit.len());
            assert!(!word_tokenize(&text).is_empty());
        }
    }
}
