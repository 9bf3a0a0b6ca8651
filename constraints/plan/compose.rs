//! From merged demands to a document: which blocks, how many sentences, what stands where.

use std::ops::Range;

use rand::RngExt as _;

use crate::bound::Bound;
use crate::demand::{Each, Unit};
use crate::draw::Rng;
use crate::language::punkt;
use crate::python::strings::count_words;

use super::clash::limited;
use super::document::{Document, Item, Sentence, Slot};
use super::filler::Pool;
use super::fit;
use super::inline;
use super::layout::{self, Layout};
use super::wants::Wants;

/// What is turned until the text has the right size.
#[derive(Debug, Clone)]
pub(super) struct Knobs {
    /// Words of running text.
    pub(super) words: usize,
    /// Sentences of running text.
    pub(super) sentences: usize,
    /// Line breaks between words.
    pub(super) breaks: usize,
    /// Different filler words.
    pub(super) distinct: usize,
    /// Words rich in a letter.
    pub(super) rich: Vec<(char, usize)>,
}

/// The document for these knobs, its open slots filled.
pub(super) fn build(wants: &Wants, knobs: &Knobs, pool: &mut Pool, rng: &mut Rng) -> Document {
    let layout = layout::lay_out(wants, pool, rng);
    let mut document = Document {
        case: wants.case.as_ref().map(|asked| asked.what),
        quoted: wants.quoted.is_some(),
        json: wants.json.is_some(),
        width: width(wants),
        breaks: knobs.breaks,
        ..Document::default()
    };
    let chunks = sentences(wants, knobs, &layout, &mut document);
    place_starts(wants, &layout, &chunks, &mut document);
    inline::insert(wants, knobs, pool, rng, &mut document);
    document.paragraphs = layout.paragraphs(&chunks);
    place_last(wants, &mut document);
    fit::sentences(wants, &mut document);
    fit::paragraph_words(wants, &mut document);
    place_words(wants, &mut document);
    document.fill(pool, wants.no_neighbours.is_some());
    fit::paragraph_sentences(wants, &mut document);
    document
}

fn width(wants: &Wants) -> usize {
    let bound = wants.each(Each::LineCharacters);
    if limited(bound) { bound.high as usize } else { 0 }
}

/// Makes the sentences and says which belong to which chunk of prose.
fn sentences(
    wants: &Wants,
    knobs: &Knobs,
    layout: &Layout,
    document: &mut Document,
) -> Vec<Range<usize>> {
    let shares = share(knobs.sentences, layout.chunks, layout.prose_first);
    let total: usize = shares.iter().map(|n| (*n).max(1)).sum();
    let each = wants.each(Each::SentenceWords);
    let mut left = knobs.words.max(total);
    let mut ranges = Vec::with_capacity(shares.len());
    for &count in &shares {
        let start = document.sentences.len();
        for _ in 0..count.max(1) {
            let rest = total - document.sentences.len();
            let words = clamp(left.div_ceil(rest), each).max(1);
            left = left.saturating_sub(words);
            let end = if count == 0 { "" } else { "." };
            document.sentences.push(Sentence {
                slots: vec![Slot::Free; words],
                end: end.to_owned(),
                breaks: false,
            });
        }
        ranges.push(start..document.sentences.len());
    }
    ranges
}

/// `n` sentences over `chunks`; with `first` the bulk goes to the first chunk.
fn share(n: usize, chunks: usize, first: bool) -> Vec<usize> {
    let mut shares = vec![n / chunks; chunks];
    for share in shares.iter_mut().take(n % chunks) {
        *share += 1;
    }
    if first && n >= chunks {
        shares = vec![1; chunks];
        shares[0] = n - (chunks - 1);
    }
    shares
}

/// `n`, moved into `bound`.
pub(super) fn clamp(n: usize, bound: Bound) -> usize {
    (n as u64).clamp(bound.low, bound.high.max(bound.low)) as usize
}

/// First words and letters of the text, of sentences, of paragraphs and of lines.
fn place_starts(wants: &Wants, layout: &Layout, chunks: &[Range<usize>], document: &mut Document) {
    if let Some(initial) = &wants.sentence_initial {
        for sentence in &mut document.sentences {
            put(&mut sentence.slots, 0, Slot::Initial(initial.what));
        }
    }
    for asked in &wants.paragraph_starts {
        let (nth, word) = &asked.what;
        let chunk = layout.leading.get((*nth as usize).saturating_sub(1));
        if let Some(range) = chunk.and_then(|at| chunks.get(*at)) {
            put(&mut document.sentences[range.start].slots, 0, Slot::Fixed(word.clone()));
        }
    }
    // A complete opening phrase brings its own sentences before ours.
    let before = wants.opens.as_ref().filter(|asked| complete(&asked.what));
    let before = before.map_or(0, |asked| punkt::sentences(&asked.what).len());
    for asked in &wants.sentence_starts {
        let (nth, word) = &asked.what;
        let Some(at) = (*nth as usize).checked_sub(before + 1) else { continue };
        if let Some(sentence) = document.sentences.get_mut(at) {
            put(&mut sentence.slots, 0, Slot::Fixed(word.clone()));
        }
    }
    if let Some(asked) = &wants.acrostic {
        let letters: Vec<char> = asked.what.to_lowercase().chars().collect();
        for (sentence, letter) in document.sentences.iter_mut().zip(letters) {
            put(&mut sentence.slots, 0, Slot::Initial(letter));
            sentence.breaks = true;
        }
    }
    if let Some(asked) = &wants.opens {
        open_with(&asked.what, document);
    }
}

/// Puts the opening phrase before the first sentence, in place of as many open slots.
fn open_with(phrase: &str, document: &mut Document) {
    let words = count_words(phrase);
    let Some(sentence) = document.sentences.first_mut() else { return };
    let keep = sentence.slots.len().saturating_sub(words).max(1);
    sentence.slots.truncate(keep);
    if complete(phrase) {
        // The phrase is a sentence of its own; what follows starts with a capital again.
        sentence.slots.insert(0, Slot::Fixed(phrase.trim_end().to_owned()));
    } else {
        put(&mut sentence.slots, 0, Slot::Fixed(phrase.trim_end().to_owned()));
    }
}

/// Whether a phrase ends its own sentence.
fn complete(phrase: &str) -> bool {
    phrase.trim_end().ends_with(['.', '!', '?'])
}

/// Sets the slot at `place` if it is open, else pushes it in before.
fn put(slots: &mut Vec<Slot>, place: usize, slot: Slot) {
    match slots.get_mut(place) {
        Some(open) if open.is_open() => *open = slot,
        _ => slots.insert(place.min(slots.len()), slot),
    }
}

/// The last word, in place of an open slot where there is one.
fn place_last(wants: &Wants, document: &mut Document) {
    let Some(asked) = &wants.last_word else { return };
    let Some(sentence) = document.sentences.last_mut() else { return };
    if sentence.slots.len() > 1 && sentence.slots.last() == Some(&Slot::Free) {
        sentence.slots.pop();
    }
    sentence.slots.push(Slot::Fixed(asked.what.clone()));
}

/// Words asked for at a place in the whole text, and words in a given order.
fn place_words(wants: &Wants, document: &mut Document) {
    for asked in &wants.orders {
        place_order(&asked.what, document);
    }
    let mut places: Vec<&(u64, String)> = wants.words_at.iter().map(|asked| &asked.what).collect();
    places.sort();
    for (nth, word) in places {
        place_word(*nth as usize, word, document);
    }
}

fn place_order(words: &[String], document: &mut Document) {
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (i, sentence) in document.sentences.iter().enumerate() {
        let slots = sentence.slots.iter().enumerate();
        open.extend(slots.filter(|(_, slot)| **slot == Slot::Free).map(|(j, _)| (i, j)));
    }
    if open.len() < words.len() {
        if let Some(sentence) = document.sentences.last_mut() {
            sentence.slots.extend(words.iter().cloned().map(Slot::Fixed));
        }
        return;
    }
    let step = open.len() / words.len();
    for (k, word) in words.iter().enumerate() {
        let (i, j) = open[k * step + step / 2];
        document.sentences[i].slots[j] = Slot::Fixed(word.clone());
    }
}

/// Puts `word` where exactly `nth - 1` words stand before it.
fn place_word(nth: usize, word: &str, document: &mut Document) {
    // In JSON the key comes before all.
    let mut before = usize::from(document.json);
    for sentence in &mut document.sentences {
        for place in 0..sentence.slots.len() {
            if before + 1 == nth {
                let slot = Slot::Fixed(word.to_owned());
                put(&mut sentence.slots, place, slot);
                return;
            }
            before += match &sentence.slots[place] {
                Slot::Fixed(text) => count_words(text),
                _ => 1,
            };
        }
    }
}

/// The knobs to begin with.
pub(super) fn first_knobs(wants: &Wants, round: usize, rng: &mut Rng) -> Knobs {
    let bound = wants.bound(Unit::Words);
    let mut words = 36 + 8 * round + rng.random_range(0..24);
    let fixed = wants
        .mentions
        .iter()
        .map(|(phrase, range)| (count_words(phrase) as u64).saturating_mul(range.bound.low));
    words += fixed.sum::<u64>().min(20_000) as usize;
    let inline: u64 = wants.counts.iter().map(|(unit, range)| per_unit(*unit, range.bound)).sum();
    words += inline.min(20_000) as usize;
    for (_, range) in &wants.letters {
        words = words.max(range.bound.low.min(20_000) as usize);
    }
    let characters = wants.bound(Unit::Characters);
    if characters != Bound::ANY {
        let target = characters.low.max(characters.high.min(characters.low + 400) / 2);
        words = (target / 6).min(20_000) as usize;
    }
    for asked in &wants.alliterations {
        words = words.max(asked.what.1 as usize + 8);
    }
    let places = wants.words_at.iter().map(|asked| asked.what.0 as usize + 4);
    words = words.max(places.max().unwrap_or(0));
    if bound != Bound::ANY {
        let spread = bound.high.saturating_sub(bound.low).min(30) as usize;
        let low = (bound.low as usize).min(200_000);
        words = clamp(words, bound).min(low.max(words)).max(low + rng.random_range(0..=spread) / 2);
        words = clamp(words, bound);
    }
    let sentences = first_sentences(wants, words);
    let distinct = match wants.range(Unit::UniqueWords) {
        Some(range) if limited(range.bound) => range.bound.high.min(1 << 20) as usize,
        _ => usize::MAX,
    };
    let rich = wants.letters.iter().map(|(letter, _)| (*letter, 0)).collect();
    Knobs { words, sentences, breaks: 0, distinct, rich }
}

/// Roughly how many words a required unit adds.
fn per_unit(unit: Unit, bound: Bound) -> u64 {
    let words = match unit {
        Unit::CapitalWords | Unit::UniqueWords => 2,
        Unit::Placeholders | Unit::Numbers | Unit::Palindromes | Unit::Semicolons => 2,
        Unit::Highlights | Unit::Bold | Unit::Quotations | Unit::Parentheses => 4,
        Unit::HyphenatedWords | Unit::Links => 4,
        Unit::IsoDates => 5,
        Unit::Questions | Unit::Sentences => 4,
        Unit::Lines => 2,
        _ => 0,
    };
    bound.low.saturating_mul(words)
}

fn first_sentences(wants: &Wants, words: usize) -> usize {
    let bound = wants.bound(Unit::Sentences);
    let each = wants.each(Each::SentenceWords);
    let per = clamp(11, each).max(1);
    let mut sentences = (words / per).max(1);
    if limited(each) {
        sentences = words.div_ceil((each.high as usize).max(1)).max(sentences);
    }
    sentences = sentences.max(wants.bound(Unit::Questions).low as usize);
    let starts = wants.sentence_starts.iter().map(|asked| asked.what.0 as usize);
    sentences = sentences.max(starts.max().unwrap_or(0));
    if let Some(asked) = &wants.acrostic {
        sentences = sentences.max(asked.what.chars().count());
    }
    let per_paragraph = wants.each(Each::ParagraphSentences);
    if per_paragraph != Bound::ANY {
        let paragraphs = layout::paragraphs_wanted(wants);
        sentences = clamp(sentences / paragraphs, per_paragraph).max(1) * paragraphs;
    }
    clamp(sentences, bound)
}

/// The items of a paragraph, in order.
pub(super) type Paragraph = Vec<Item>;
