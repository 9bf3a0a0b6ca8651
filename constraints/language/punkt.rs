//! Sentences as NLTK 3.9.1 finds them in English: the Punkt algorithm (Kiss and Strunk, 2006,
//! "Unsupervised Multilingual Sentence Boundary Detection") with NLTK's model and its details.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr3_iter;

use super::punkt_tables::{self as tables, ABBREVIATION, ANY_LOWER, ANY_UPPER};
use super::punkt_tables::{MIDDLE_UPPER, START_LOWER, STARTER};
use crate::python::chars;
use crate::python::strings::{self, char_at};

/// The byte ranges of the sentences of a text, as `nltk.sent_tokenize(text)` returns them.
/// Linear in the length of the text.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    walk(text, |sentence| found.push(sentence));
    found
}

/// `len(nltk.sent_tokenize(text))`.
pub fn count_sentences(text: &str) -> usize {
    let mut count = 0;
    walk(text, |_| count += 1);
    count
}

/// Calls `emit` with every sentence, after moving closing punctuation to the sentence it closes.
fn walk(text: &str, mut emit: impl FnMut(Range<usize>)) {
    let mut moved = 0;
    let mut before: Option<Range<usize>> = None;
    slices(text, |slice| {
        if let Some(mut sentence) = before.replace(slice.clone()) {
            sentence.start += moved;
            match closing(text.get(slice.clone()).unwrap_or("")) {
                Some((punctuation, all)) => {
                    emit(sentence.start..slice.start + punctuation);
                    moved = all;
                }
                None => {
                    moved = 0;
                    if sentence.start < sentence.end {
                        emit(sentence);
                    }
                }
            }
        }
    });
    if let Some(sentence) = before
        && sentence.start + moved < sentence.end
    {
        emit(sentence.start + moved..sentence.end);
    }
}

/// The closing punctuation at the start of a slice, if white space, two hyphens or the end follow:
/// its length, and its length with that white space.
fn closing(slice: &str) -> Option<(usize, usize)> {
    let length = slice.bytes().take_while(|byte| b"\"')]}".contains(byte)).count();
    let rest = &slice[length..];
    let space = rest.len() - strings::lstrip(rest).len();
    (length > 0 && (space > 0 || rest.is_empty() || rest.starts_with("--")))
        .then_some((length, length + space))
}

/// A `.`, `?` or `!` that may end a sentence.
struct Candidate {
    /// Where the word before it starts.
    word: usize,
    /// Where it stands.
    at: usize,
    /// Where the context after it ends: one punctuation mark, or white space and a token.
    end: usize,
    /// Where that token starts.
    next: Option<usize>,
}

/// Calls `emit` with the text between sentence ends, the last piece without white space at its
/// end (which may leave its end before its start).
fn slices(text: &str, mut emit: impl FnMut(Range<usize>)) {
    let mut start = 0;
    let mut decide = |candidate: &Candidate| {
        if ends_sentence(text, candidate) {
            emit(start..candidate.at + 1);
            start = candidate.next.unwrap_or(candidate.at + 1);
        }
    };
    let mut previous: Option<Candidate> = None;
    for at in memchr3_iter(b'.', b'?', b'!', text.as_bytes()) {
        let Some((end, next)) = context_after(text, at + 1) else { continue };
        let (from, first) = previous.as_ref().map_or((0, 0), |known| (known.at, known.word));
        // White space at the very start of the stretch counts as none.
        let space = text.as_bytes()[from..at].iter().rposition(|byte| is_ascii_space(*byte));
        let word = match space {
            Some(offset) if offset > 0 => from + offset + 1,
            _ => first,
        };
        let candidate = Candidate { word, at, end, next };
        if let Some(known) = previous.replace(candidate)
            && known.at <= word
        {
            decide(&known);
        }
    }
    if let Some(known) = previous {
        decide(&known);
    }
    emit(start..strings::rstrip(text).len());
}

fn is_ascii_space(byte: u8) -> bool {
    matches!(byte, b' ' | 9..=13)
}

/// Characters that no word holds.
fn ends_word(byte: u8) -> bool {
    matches!(
        byte,
        b')' | b'"' | b';' | b'}' | b']' | b'*' | b':' | b'@' | b'\'' | b'(' | b'{' | b'['
    ) || matches!(byte, b'?' | b'!')
}

/// The context that makes a candidate of the mark before `at`.
fn context_after(text: &str, at: usize) -> Option<(usize, Option<usize>)> {
    let byte = *text.as_bytes().get(at)?;
    if byte < 128 && chars::ascii_flags(byte) & chars::SPACE == 0 {
        return ends_word(byte).then_some((at + 1, None));
    }
    let rest = &text[at..];
    let next = at + (rest.len() - strings::lstrip(rest).len());
    if next == at || next == text.len() {
        return None;
    }
    Some((token_end(text, next), Some(next)))
}

/// The end of the run of characters other than white space.
fn token_end(text: &str, start: usize) -> usize {
    text[start..].find(chars::is_space).map_or(text.len(), |length| start + length)
}

/// Whether some token of the candidate's context, other than the last, ends a sentence.
fn ends_sentence(text: &str, candidate: &Candidate) -> bool {
    let mut before: Option<Token<'_>> = None;
    for line in text[candidate.word..candidate.end].split('\n') {
        let mut at = 0;
        while let Some(range) = next_token(line, at) {
            at = range.end;
            let token = Token::new(&line[range]);
            if before.is_some_and(|before| before.ends_before(&token)) {
                return true;
            }
            before = Some(token);
        }
    }
    false
}

/// The next token of a line at or after `from`.
fn next_token(line: &str, from: usize) -> Option<Range<usize>> {
    let start = from + line[from..].find(|c| !chars::is_space(c))?;
    let bytes = line.as_bytes();
    if let Some(length) = repeated_mark(line, start) {
        return Some(start..start + length);
    }
    let first = char_at(line, start).len_utf8();
    if b"(\"`{[:;&#*@)}]-,".contains(&bytes[start]) {
        return Some(start..start + first);
    }
    let mut at = start + first;
    while at < bytes.len() && !word_stops(line, at) {
        at += if bytes[at] < 128 { 1 } else { char_at(line, at).len_utf8() };
    }
    Some(start..at)
}

/// Whether a word stops before the character at `at`.
fn word_stops(line: &str, at: usize) -> bool {
    let after_comma = line.as_bytes()[at] == b',';
    stops_at(line, at) || after_comma && (at + 1 == line.len() || stops_at(line, at + 1))
}

fn stops_at(line: &str, at: usize) -> bool {
    match line.as_bytes()[at] {
        b'.' | b'-' => repeats(line, at),
        byte if byte < 128 => ends_word(byte) || chars::ascii_flags(byte) & chars::SPACE != 0,
        _ => chars::is_space(char_at(line, at)),
    }
}

/// Whether two hyphens, two periods or three periods with white space between stand here.
fn repeats(line: &str, at: usize) -> bool {
    match line.as_bytes()[at..] {
        [b'-', b'-', ..] | [b'.', b'.', ..] => true,
        [b'.', _, ..] => spaced_periods(line, at, 3) == 3,
        _ => false,
    }
}

/// How many periods stand here with one white space after each but the last, at most `limit`.
fn spaced_periods(line: &str, at: usize, limit: usize) -> usize {
    let mut rest = line[at..].chars();
    let mut count = 0;
    while count < limit && rest.next() == Some('.') {
        count += 1;
        if !rest.next().is_some_and(chars::is_space) {
            break;
        }
    }
    count
}

/// The length of the run of hyphens or periods, or of spaced periods, that stands here.
fn repeated_mark(line: &str, at: usize) -> Option<usize> {
    let bytes = &line.as_bytes()[at..];
    let mark = bytes[0];
    if mark != b'-' && mark != b'.' {
        return None;
    }
    let run = bytes.iter().take_while(|byte| **byte == mark).count();
    if run > 1 {
        return Some(run);
    }
    let periods = if mark == b'.' { spaced_periods(line, at, usize::MAX) } else { 0 };
    (periods > 2).then(|| {
        let pairs = line[at..].chars().take(2 * periods - 1);
        pairs.map(char::len_utf8).sum()
    })
}

/// A token with what its form alone says.
struct Token<'t> {
    text: &'t str,
    /// The text in lower case, or a stand-in for numbers.
    kind: Cow<'t, str>,
    sentence_end: bool,
    abbreviation: bool,
    ellipsis: bool,
}

impl<'t> Token<'t> {
    fn new(text: &'t str) -> Self {
        let lowered = strings::lower(text);
        let kind = if is_number(&lowered) { Cow::Borrowed("##number##") } else { lowered.clone() };
        let mut token =
            Self { text, kind, sentence_end: false, abbreviation: false, ellipsis: false };
        if matches!(text, "." | "?" | "!") {
            token.sentence_end = true;
        } else if text.len() > 1 && text.bytes().all(|byte| byte == b'.') {
            token.ellipsis = true;
        } else if let Some(stem) = text.strip_suffix('.').filter(|stem| !stem.ends_with('.')) {
            let stem = strings::lower(stem);
            let part = stem.rsplit('-').next().unwrap_or("");
            let known = |word: &str| tables::flags(word) & ABBREVIATION != 0;
            token.abbreviation = known(&stem) || part.len() < stem.len() && known(part);
            token.sentence_end = !token.abbreviation;
        }
        token
    }

    /// The type without a period at its end.
    fn bare_kind(&self) -> &str {
        match self.kind.strip_suffix('.') {
            Some(bare) if !bare.is_empty() => bare,
            _ => &self.kind,
        }
    }

    fn first(&self) -> char {
        char_at(self.text, 0)
    }

    /// A single letter and a period.
    fn is_initial(&self) -> bool {
        let mut chars = self.text.chars();
        let letter = |c: char| chars::is_word(c) && !chars::is_digit(c);
        chars.next().is_some_and(letter) && chars.as_str() == "."
    }

    /// Whether a sentence ends between this token and the next.
    fn ends_before(&self, next: &Token<'_>) -> bool {
        if !self.text.ends_with('.') {
            return self.sentence_end;
        }
        let next_kind = if next.sentence_end { next.bare_kind() } else { &next.kind };
        let flags = tables::flags(next_kind);
        let kind = self.bare_kind();
        if tables::is_collocation(kind, next_kind, flags) {
            return false;
        }
        let initial = self.is_initial();
        let upper = chars::is_upper(next.first());
        let starts = next.starts_sentence(flags);
        if (self.abbreviation || self.ellipsis)
            && !initial
            && (starts == Some(true) || upper && flags & STARTER != 0)
        {
            return true;
        }
        if initial || kind == "##number##" {
            let name = starts.is_none() && initial && upper && flags & ANY_LOWER == 0;
            if starts == Some(false) || name {
                return false;
            }
        }
        self.sentence_end
    }

    /// What the spelling says of whether this token, whose type has `flags`, starts a sentence.
    fn starts_sentence(&self, flags: u16) -> Option<bool> {
        if matches!(self.text, ";" | ":" | "," | "." | "!" | "?") {
            return Some(false);
        }
        let first = self.first();
        if chars::is_upper(first) && flags & ANY_LOWER != 0 && flags & MIDDLE_UPPER == 0 {
            return Some(true);
        }
        let never = flags & ANY_UPPER != 0 || flags & START_LOWER == 0;
        (chars::is_lower(first) && never).then_some(false)
    }
}

/// `-?[\.,]?\d[\d,\.-]*\.?` as a whole.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let text = text.strip_prefix(['.', ',']).unwrap_or(text);
    text.chars().next().is_some_and(chars::is_digit)
        && text.chars().all(|c| chars::is_digit(c) || matches!(c, ',' | '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::goldens;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn splits_and_realigns() {
        let text = "Mr. Smith left at 5 p.m. (He was tired.) \"Why?\" she asked. See fig. 3...";
        let expected = [
            "Mr. Smith left at 5 p.m. (He was tired.)",
            "\"Why?\"",
            "she asked.",
            "See fig.",
            "3...",
        ];
        assert_eq!(split(text), expected);
        assert_eq!(split("  \n"), Vec::<&str>::new());
        assert_eq!(split("Wait!!! What?! No."), ["Wait!!!", "What?!", "No."]);
        assert_eq!(count_sentences("One. Two. "), 2);
    }

    #[test]
    fn agrees_with_recorded_sentences() {
        let rows = goldens::each_row("components/sent_tokenize_dev.jsonl.gz", |row| {
            let text = row["text"].as_str().expect("text");
            assert_eq!(split(text), goldens::strings(&row["punkt"]), "{text:?}");
            let count = row["ifeval_count_sentences"].as_u64().expect("count");
            assert_eq!(count_sentences(text) as u64, count);
        });
        eprintln!("{rows} texts");
    }

    #[test]
    fn numbers_have_one_type() {
        for text in ["3", "-.5", "1,000.", "٣-", "3.1.4"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "-", "..5", "3a", "a3"] {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn long_runs_stay_linear() {
        for unit in [".", ". ", "! ", "a.)", "?\"", "-", ". \n", ".\u{a0}", "'", ".,"] {
            let text = unit.repeat(200_000 / unit.len());
            assert_eq!(sentences(&text).len(), count_sentences(&text));
        }
    }
}
