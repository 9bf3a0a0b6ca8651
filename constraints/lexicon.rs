//! The words and sentences that texts are made of: embedded, read once.

use std::sync::LazyLock;

static WORDS: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let lines = include_str!("data/lexicon.txt").lines();
    lines.filter_map(|line| line.split_once('\t')).map(|(word, class)| entry(word, class)).collect()
});

static NOUNS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let nouns = WORDS.iter().filter(|entry| entry.class == Class::Noun && entry.word.len() > 3);
    nouns.map(|entry| entry.word).collect()
});

/// A word's part in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Singular noun.
    Noun,
    /// Plural noun.
    Nouns,
    /// Verb, third person singular.
    Verb,
    /// Verb, base form.
    Base,
    /// Adjective.
    Adjective,
    /// Adverb.
    Adverb,
    /// Preposition.
    Preposition,
    /// Determiner.
    Determiner,
    /// Conjunction.
    Conjunction,
}

/// A lower-case English word of ASCII letters.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The word.
    pub word: &'static str,
    /// Its part of speech.
    pub class: Class,
}

fn entry(word: &'static str, class: &str) -> Entry {
    let class = match class {
        "n" => Class::Noun,
        "N" => Class::Nouns,
        "v" => Class::Verb,
        "V" => Class::Base,
        "a" => Class::Adjective,
        "d" => Class::Adverb,
        "p" => Class::Preposition,
        "t" => Class::Determiner,
        _ => Class::Conjunction,
    };
    Entry { word, class }
}

/// All words, in the file's order.
pub fn words() -> &'static [Entry] {
    &WORDS
}

/// Singular nouns of four letters or more: keywords to ask for.
pub fn nouns() -> &'static [&'static str] {
    &NOUNS
}

/// Sentences in the language with this langdetect code; empty for an unknown code.
pub fn sentences(code: &str) -> Vec<&'static str> {
    let lines = include_str!("data/languages.txt").lines();
    lines
        .filter_map(|line| line.split_once('\t'))
        .filter(|(c, _)| *c == code)
        .map(|x| x.1)
        .collect()
}
