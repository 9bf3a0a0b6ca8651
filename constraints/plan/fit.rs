//! Fits sentences and paragraphs to limits that hold for each of them.

use crate::bound::Bound;
use crate::demand::Each;
use crate::language::punkt;
use crate::python::strings::count_words;

use super::document::{Document, Item, Sentence, Slot};
use super::wants::Wants;

/// Adds or drops open slots until every sentence has an allowed number of words.
pub(super) fn sentences(wants: &Wants, document: &mut Document) {
    let bound = wants.each(Each::SentenceWords);
    if bound == Bound::ANY {
        return;
    }
    for sentence in &mut document.sentences {
        resize(sentence, excess(words_of(sentence), bound));
    }
}

/// Adds or drops open slots until every paragraph has an allowed number of words.
pub(super) fn paragraph_words(wants: &Wants, document: &mut Document) {
    let bound = wants.each(Each::ParagraphWords);
    if bound == Bound::ANY {
        return;
    }
    for at in 0..document.paragraphs.len() {
        let mut words = 0;
        let mut prose: Vec<usize> = Vec::new();
        for item in &document.paragraphs[at] {
            match item {
                Item::Lines(text) | Item::Tail(text) => words += count_words(text),
                Item::Prose(range) => prose.extend(range.clone()),
            }
        }
        words += prose.iter().map(|i| words_of(&document.sentences[*i])).sum::<usize>();
        let mut off = excess(words, bound);
        for i in prose {
            let before = words_of(&document.sentences[i]);
            resize(&mut document.sentences[i], off);
            off += words_of(&document.sentences[i]) as i64 - before as i64;
            if off == 0 {
                break;
            }
            // What could not be dropped here is dropped from the next sentence.
        }
    }
}

/// Sets and removes full stops until every paragraph has an allowed number of sentences.
pub(super) fn paragraph_sentences(wants: &Wants, document: &mut Document) {
    let bound = wants.each(Each::ParagraphSentences);
    if bound == Bound::ANY {
        return;
    }
    for at in 0..document.paragraphs.len() {
        let found = punkt::count_sentences(&document.render_paragraph(at));
        let mut off = excess(found, bound);
        let prose = document.paragraphs[at].iter().filter_map(|item| match item {
            Item::Prose(range) => Some(range.clone()),
            _ => None,
        });
        let ranges: Vec<_> = prose.collect();
        for range in ranges {
            for i in range.clone() {
                let sentence = &mut document.sentences[i];
                if off > 0 && i + 1 < range.end && !sentence.end.is_empty() {
                    sentence.end.clear();
                    off -= 1;
                } else if off < 0 {
                    off += split(sentence, off.unsigned_abs() as usize) as i64;
                }
            }
        }
    }
}

/// Ends up to `n` more sentences inside this one.
fn split(sentence: &mut Sentence, n: usize) -> usize {
    let mut made = 0;
    let last = sentence.slots.len().saturating_sub(1);
    for place in (1..last).step_by(2) {
        if made == n {
            break;
        }
        if let Slot::Filled(word) = &sentence.slots[place] {
            sentence.slots[place] = Slot::Fixed(format!("{word}."));
            made += 1;
        }
    }
    made
}

fn words_of(sentence: &Sentence) -> usize {
    let words = sentence.slots.iter().map(|slot| match slot {
        Slot::Fixed(text) => count_words(text),
        _ => 1,
    });
    words.sum()
}

/// How far `found` lies outside `bound`: positive when there are too many.
fn excess(found: usize, bound: Bound) -> i64 {
    let found = found as i64;
    let (low, high) = (bound.low.min(1 << 40) as i64, bound.high.min(1 << 40) as i64);
    if found > high { found - high } else { (found - low).min(0) }
}

/// Drops `off` open slots, or adds `-off`; at least one slot stays.
fn resize(sentence: &mut Sentence, off: i64) {
    if off < 0 {
        let at = sentence.slots.len().min(1);
        let n = off.unsigned_abs().min(50_000) as usize;
        sentence.slots.splice(at..at, std::iter::repeat_n(Slot::Free, n));
        return;
    }
    let mut left = off;
    while left > 0 && sentence.slots.len() > 1 {
        match sentence.slots.iter().rposition(|slot| *slot == Slot::Free) {
            Some(place) => sentence.slots.remove(place),
            None => break,
        };
        left -= 1;
    }
}
