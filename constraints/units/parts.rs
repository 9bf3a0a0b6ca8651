//! What the parts of a text measure, in the text's order.

use std::ops::Range;

use crate::demand::Each;
use crate::python::chars::is_alpha;
use crate::python::strings::{char_len, count_words, rstrip, strip};
use crate::text::Text;

use super::markdown;

/// The measure of every part that `each` speaks of; see [`visit_each`].
pub fn measure_each(each: Each, text: &Text<'_>) -> Vec<u64> {
    let mut measures = Vec::new();
    visit_each(each, text, |measure| measures.push(measure));
    measures
}

/// Calls `visit` with the measure of every part that `each` speaks of, in the text's order.
///
/// | each | parts | measured in |
/// |---|---|---|
/// | `SentenceWords` | Punkt sentences, cut at line ends too, that have a word | `\w+` runs |
/// | `ParagraphSentences` | paragraphs | Punkt sentences, cut at blank lines too |
/// | `ParagraphWords` | paragraphs | `\w+` runs |
/// | `LineCharacters` | lines that are not blank | code points, no trailing white space |
/// | `WordLetters` | `\w+` runs with a letter | letters (digits and `_` are none) |
/// | `ListItemWords` | list items, one line each | `\w+` runs behind the marker |
///
/// Headings, list items and table rows are lines and paragraphs like any other.
pub fn visit_each(each: Each, text: &Text<'_>, mut visit: impl FnMut(u64)) {
    let raw = text.raw();
    match each {
        Each::SentenceWords => {
            let pieces = text.sentences().iter().flat_map(|range| raw[range.clone()].split('\n'));
            pieces.map(count_words).filter(|n| *n > 0).for_each(|n| visit(n as u64));
        }
        Each::ParagraphSentences => paragraph_sentences(raw, text.sentences(), visit),
        Each::ParagraphWords => {
            paragraphs(raw).for_each(|range| visit(count_words(&raw[range]) as u64));
        }
        Each::LineCharacters => text.lines().for_each(|line| visit(char_len(rstrip(line)) as u64)),
        Each::WordLetters => {
            let letters = text.words().map(letters).filter(|n| *n > 0);
            letters.for_each(|n| visit(n as u64));
        }
        Each::ListItemWords => {
            markdown::list_items(raw).for_each(|item| visit(count_words(item) as u64));
        }
    }
}

fn letters(word: &str) -> usize {
    if word.is_ascii() {
        word.bytes().filter(u8::is_ascii_alphabetic).count()
    } else {
        word.chars().filter(|c| is_alpha(*c)).count()
    }
}

/// Counts, for each paragraph, the sentences that have something in it: one merge of both lists.
fn paragraph_sentences(raw: &str, sentences: &[Range<usize>], mut visit: impl FnMut(u64)) {
    let mut next = 0;
    for paragraph in paragraphs(raw) {
        while next < sentences.len() && sentences[next].end <= paragraph.start {
            next += 1;
        }
        let mut found = 0;
        let mut at = next;
        while at < sentences.len() && sentences[at].start < paragraph.end {
            let start = sentences[at].start.max(paragraph.start);
            let end = sentences[at].end.min(paragraph.end);
            found += u64::from(!strip(&raw[start..end]).is_empty());
            at += 1;
        }
        // The last one may reach into the next paragraph.
        next = at.saturating_sub(1).max(next);
        visit(found);
    }
}

/// The byte ranges of the runs of lines that are not blank: those of `Text::paragraphs`.
pub(super) fn paragraphs(raw: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let mut block: Option<Range<usize>> = None;
        while at <= raw.len() {
            let rest = &raw.as_bytes()[at..];
            let end = at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let start = std::mem::replace(&mut at, end + 1);
            let blank = strip(&raw[start..end]).is_empty();
            match (&mut block, blank) {
                (None, true) => {}
                (None, false) => block = Some(start..end),
                (Some(block), false) => block.end = end,
                (Some(_), true) => break,
            }
        }
        block
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_in_order() {
        let cases: [(Each, &str, &[u64]); 8] = [
            (Each::ParagraphWords, "a b\nc\n\nd\n", &[3, 1]),
            (Each::ParagraphWords, "", &[]),
            (Each::LineCharacters, "ab \r\n\n  é\n", &[2, 3]),
            (Each::WordLetters, "don't 42 A4 naïve", &[3, 1, 1, 5]),
            (Each::WordLetters, "42 !", &[]),
            (Each::ListItemWords, "- one two\ntext\n1. three\n  more", &[2, 1]),
            (Each::ListItemWords, "no list", &[]),
            (Each::ListItemWords, "* !\n", &[0]),
        ];
        for (each, text, expected) in cases {
            assert_eq!(measure_each(each, &Text::new(text)), expected, "{each:?} of {text:?}");
        }
    }

    #[test]
    fn sentences_are_cut_by_blank_lines() {
        let raw = "Title\n\nOne. Two.\nThree\n\nfour. Five.";
        // As Punkt would cut it: the title and `One.` are one sentence, `Three` and `four.` too.
        let sentences = [0..11, 12..16, 17..29, 30..35];
        let mut found = Vec::new();
        paragraph_sentences(raw, &sentences, |n| found.push(n));
        assert_eq!(found, [1, 3, 2]);
    }
}
