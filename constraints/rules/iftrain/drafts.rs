//! What the drafts of this folder's rules are made of.

use crate::lexicon;
use crate::python::strings::{lower, upper};
use crate::rules::wording;

/// Nouns of four letters or more; `turn` says which come first. None comes twice among the first
/// few hundred.
pub(super) fn nouns(turn: usize) -> impl Iterator<Item = &'static str> {
    let nouns = lexicon::nouns();
    (0..).map(move |at: usize| nouns[(turn * 97 + at * 61) % nouns.len()])
}

/// The text with a capital at its start.
pub(super) fn capital(text: &str) -> String {
    let first = text.chars().next().map_or(0, char::len_utf8);
    format!("{}{}", upper(&text[..first]), &text[first..])
}

/// So many words as one sentence.
pub(super) fn sentence<'w>(words: impl Iterator<Item = &'w str>, n: usize) -> String {
    let words: Vec<&str> = words.take(n).collect();
    capital(&format!("{}.", words.join(" ")))
}

/// Whether `text` is one word, so that demands on words can speak of it.
pub(super) fn is_word(text: &str) -> bool {
    wording::is_one_word(&lower(text))
}
