//! What is put into running text: keywords, brackets, numbers, capitals, letters.

use rand::RngExt as _;

use crate::demand::{Case, Unit};
use crate::draw::Rng;

use super::compose::Knobs;
use super::document::{Document, Slot};
use super::filler::Pool;
use super::wants::Wants;

/// Puts everything that `wants` asks of the running text into its open slots.
pub(super) fn insert(
    wants: &Wants,
    knobs: &Knobs,
    pool: &mut Pool,
    rng: &mut Rng,
    document: &mut Document,
) {
    alliterate(wants, document);
    for token in tokens(wants, pool, rng) {
        scatter(Slot::Fixed(token), rng, document);
    }
    for (letter, n) in &knobs.rich {
        for _ in 0..*n {
            let word = pool.rich_in(*letter).map(|word| Slot::Filled(word.text));
            let sign = || Slot::Fixed(letter.to_string());
            scatter(word.unwrap_or_else(sign), rng, document);
        }
    }
    capitals(wants, pool, rng, document);
    endings(wants, document);
}

/// The single tokens that must stand somewhere.
fn tokens(wants: &Wants, pool: &mut Pool, rng: &mut Rng) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for (phrase, range) in &wants.mentions {
        let elsewhere = fixed_text(wants).to_lowercase().matches(phrase.as_str()).count() as u64;
        let n = range.bound.low.saturating_sub(elsewhere).min(20_000);
        list.extend((0..n).map(|_| phrase.clone()));
    }
    let need = |unit: Unit| wants.bound(unit).low.min(20_000);
    let pair = |pool: &mut Pool| {
        let words = [pool.next(1), pool.next(2)];
        words.iter().flatten().map(|word| word.text).collect::<Vec<&str>>().join(" ")
    };
    let (links, bold) = (need(Unit::Links), need(Unit::Bold));
    for _ in 0..links {
        list.push(format!("[{}](page)", pair(pool)));
    }
    for _ in 0..need(Unit::Placeholders) {
        list.push(format!("[{}]", pair(pool).replace(' ', "_")));
    }
    for _ in 0..bold {
        list.push(format!("**{}**", pair(pool)));
    }
    for _ in bold..need(Unit::Highlights) {
        list.push(format!("*{}*", pair(pool)));
    }
    for _ in 0..need(Unit::Quotations) {
        list.push(format!("\"{}\"", pair(pool)));
    }
    for _ in 0..need(Unit::Parentheses) {
        list.push(format!("({})", pair(pool)));
    }
    for _ in 0..need(Unit::HyphenatedWords) {
        list.push(pair(pool).replace(' ', "-"));
    }
    let dates = need(Unit::IsoDates);
    for _ in 0..dates {
        let (year, month) = (rng.random_range(1990..2050), rng.random_range(1..=12));
        list.push(format!("{year}-{month:02}-{:02}", rng.random_range(1..=28)));
    }
    for _ in 0..need(Unit::Numbers).saturating_sub(dates * 3) {
        list.push(rng.random_range(2..100).to_string());
    }
    for _ in 0..need(Unit::Semicolons) {
        list.extend(pool.next(2).map(|word| format!("{};", word.text)));
    }
    for _ in 0..need(Unit::Palindromes) {
        list.extend(pool.palindrome().map(str::to_owned));
    }
    list
}

/// Given text in which keywords may already stand.
fn fixed_text(wants: &Wants) -> String {
    let ends = [&wants.opens, &wants.closes, &wants.last_word];
    let ends = ends.into_iter().flatten().map(|asked| asked.what.as_str());
    let places = [&wants.words_at, &wants.sentence_starts, &wants.paragraph_starts];
    let places = places.into_iter().flatten().map(|asked| asked.what.1.as_str());
    let orders = wants.orders.iter().flat_map(|asked| asked.what.iter().map(String::as_str));
    let texts: Vec<&str> = ends.chain(places).chain(orders).collect();
    texts.join("\n")
}

/// Puts `slot` into an open slot, or at the end of some sentence when none is left.
fn scatter(slot: Slot, rng: &mut Rng, document: &mut Document) {
    let n = document.sentences.len();
    let start = rng.random_range(0..n.max(1));
    for i in (start..n).chain(0..start) {
        let slots = &mut document.sentences[i].slots;
        let len = slots.len();
        let from = rng.random_range(0..len.max(1));
        // Not first in a sentence: what stands there may be a sign that opens a block.
        let mut places = (from..len).chain(0..from).filter(|place| *place > 0);
        if let Some(place) = places.find(|place| slots[*place] == Slot::Free) {
            slots[place] = slot;
            return;
        }
    }
    if let Some(sentence) = document.sentences.get_mut(start) {
        let at = sentence.slots.len().saturating_sub(1).max(1).min(sentence.slots.len());
        sentence.slots.insert(at, slot);
    }
}

fn alliterate(wants: &Wants, document: &mut Document) {
    for asked in &wants.alliterations {
        let (letter, run) = (asked.what.0, asked.what.1.min(1000) as usize);
        let Some(sentence) = document.sentences.iter_mut().max_by_key(|s| s.slots.len()) else {
            return;
        };
        let open = sentence.slots.iter().rev().take_while(|slot| **slot == Slot::Free).count();
        let keep = sentence.slots.len() - open.min(run);
        sentence.slots.truncate(keep);
        sentence.slots.extend((0..run).map(|_| Slot::Initial(letter)));
    }
}

/// Words in capitals, unless the whole text is.
fn capitals(wants: &Wants, pool: &mut Pool, rng: &mut Rng, document: &mut Document) {
    if wants.case.as_ref().is_some_and(|asked| asked.what == Case::Upper) {
        return;
    }
    let sections: u64 = wants
        .sections
        .iter()
        .filter(|asked| asked.what.0.trim().chars().all(|c| c.is_uppercase()))
        .map(|asked| asked.what.1)
        .sum();
    for _ in sections..wants.bound(Unit::CapitalWords).low.min(20_000) {
        if let Some(word) = pool.find(|word| word.chars > 1) {
            scatter(Slot::Fixed(word.text.to_uppercase()), rng, document);
        }
    }
}

/// Question and exclamation marks, and what to do where the full stop is forbidden.
fn endings(wants: &Wants, document: &mut Document) {
    let forbidden = |c: char| wants.avoid_chars.iter().any(|asked| asked.what == c);
    let closed = |unit: Unit| wants.bound(unit).high == 0;
    if forbidden('.') {
        let marks = [('!', Unit::Exclamations), ('?', Unit::Questions)];
        let other = marks.into_iter().find(|(c, unit)| !forbidden(*c) && !closed(*unit));
        let end = other.map(|(c, _)| c.to_string()).unwrap_or_default();
        for sentence in &mut document.sentences {
            sentence.end.clone_from(&end);
        }
    }
    let questions = wants.bound(Unit::Questions).low.min(20_000) as usize;
    let mut left = wants.bound(Unit::Exclamations).low.min(20_000) as usize;
    let mut sentences = document.sentences.iter_mut().filter(|s| !s.end.is_empty());
    for sentence in sentences.by_ref().take(questions) {
        sentence.end = "?".to_owned();
    }
    let mut rest: Vec<_> = sentences.collect();
    let count = rest.len();
    for (i, sentence) in rest.iter_mut().enumerate().take(left) {
        let marks = if i + 1 == count { left } else { 1 };
        sentence.end = "!".repeat(marks);
        left -= marks;
    }
}
