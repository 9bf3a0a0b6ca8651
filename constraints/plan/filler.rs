//! The words that fill a witness: those of the lexicon that nothing forbids.

use std::sync::LazyLock;

use rand::RngExt as _;

use crate::demand::{Case, Each, Unit};
use crate::draw::Rng;
use crate::lexicon::{self, Class};
use crate::python::strings::{char_len, count_words};

use super::clash::limited;
use super::wants::Wants;

/// One filler word (or, in scripts without spaces, one run of text).
#[derive(Debug, Clone, Copy)]
pub(super) struct Fill {
    pub(super) text: &'static str,
    /// How many `\w+` runs it makes.
    pub(super) words: usize,
    pub(super) chars: usize,
    class: Option<Class>,
    /// Which of a-z it holds.
    letters: u32,
}

static ENGLISH: LazyLock<Vec<Fill>> = LazyLock::new(|| {
    lexicon::words().iter().map(|entry| fill(entry.word, Some(entry.class))).collect()
});

/// The order of word classes in a sentence; it repeats.
const GRAMMAR: [Class; 14] = [
    Class::Determiner,
    Class::Adjective,
    Class::Noun,
    Class::Verb,
    Class::Determiner,
    Class::Noun,
    Class::Preposition,
    Class::Determiner,
    Class::Noun,
    Class::Conjunction,
    Class::Nouns,
    Class::Base,
    Class::Adjective,
    Class::Nouns,
];

fn fill(text: &'static str, class: Option<Class>) -> Fill {
    let letters = text.bytes().filter(u8::is_ascii_lowercase).fold(0, |m, b| m | bit(b));
    Fill { text, words: count_words(text), chars: char_len(text), class, letters }
}

fn bit(letter: u8) -> u32 {
    1 << (letter - b'a')
}

/// The allowed words, dealt without repetition as long as they last.
pub(super) struct Pool {
    all: Vec<Fill>,
    /// Indices into `all` by class; empty for languages other than English.
    classes: [Vec<u16>; 9],
    /// The allowed palindromes, which running text leaves out where they are limited.
    palindromes: Vec<&'static str>,
    at: usize,
    stride: usize,
    english: bool,
}

impl Pool {
    /// The words that `wants` leaves over; `distinct` limits them to so many.
    pub(super) fn new(wants: &Wants, distinct: usize, rng: &mut Rng) -> Pool {
        let code = wants.language.as_ref().map_or("en", |asked| asked.what.as_str());
        let english = code == "en";
        let mut sieve = Sieve::new(wants);
        let mut all: Vec<Fill> = if english {
            ENGLISH.iter().filter(|word| sieve.passes(word)).copied().collect()
        } else {
            let text = lexicon::sentences(code);
            let words = text.iter().flat_map(|sentence| sentence.split(' '));
            let bare = words.map(|word| word.trim_end_matches(['.', '。', '।', '?', '!', '۔']));
            bare.map(|word| fill(word, None)).filter(|word| sieve.passes(word)).collect()
        };
        let limited_palindromes = std::mem::take(&mut sieve.no_palindromes);
        let palindromes = if limited_palindromes || wants.range(Unit::Palindromes).is_some() {
            let fit = ENGLISH.iter().filter(|word| is_palindrome(word.text) && sieve.passes(word));
            fit.map(|word| word.text).collect()
        } else {
            Vec::new()
        };
        if distinct < all.len() {
            let from = rng.random_range(0..=all.len() - distinct);
            all = all.split_off(from);
            all.truncate(distinct);
        }
        let mut classes: [Vec<u16>; 9] = Default::default();
        for (i, word) in all.iter().enumerate() {
            if let Some(class) = word.class {
                classes[class as usize].push(i as u16);
            }
        }
        const STRIDES: [usize; 4] = [101, 211, 307, 401];
        let stride = STRIDES[rng.random_range(0..STRIDES.len())];
        let at = rng.random_range(0..4096);
        Pool { all, classes, palindromes, at, stride: if english { stride } else { 1 }, english }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The word for place `place` of a sentence.
    pub(super) fn next(&mut self, place: usize) -> Option<Fill> {
        self.at += 1;
        let turn = self.at * self.stride;
        let class = &self.classes[GRAMMAR[place % GRAMMAR.len()] as usize];
        if self.english && !class.is_empty() {
            return Some(self.all[class[turn % class.len()] as usize]);
        }
        let len = self.all.len();
        (len > 0).then(|| self.all[turn % len])
    }

    /// The first word from a moving start that `wanted` accepts.
    pub(super) fn find(&mut self, wanted: impl Fn(&Fill) -> bool) -> Option<Fill> {
        self.at += 1;
        let len = self.all.len().max(1);
        let start = self.at * self.stride % len;
        let (before, after) = self.all.split_at(start.min(self.all.len()));
        after.iter().chain(before).find(|word| wanted(word)).copied()
    }

    /// A palindrome of three letters or more.
    pub(super) fn palindrome(&mut self) -> Option<&'static str> {
        self.at += 1;
        let turn = self.at;
        let len = self.palindromes.len();
        (len > 0).then(|| self.palindromes[turn % len])
    }

    /// A word that starts with `letter`.
    pub(super) fn starting(&mut self, letter: char) -> Option<Fill> {
        self.find(|word| word.text.starts_with(letter))
    }

    /// Among some words, the one with the most of `letter`.
    pub(super) fn rich_in(&mut self, letter: char) -> Option<Fill> {
        let count = |word: &Fill| word.text.matches(letter).count();
        let two = self.find(|word| count(word) >= 2 && word.chars < 9);
        two.or_else(|| self.find(|word| count(word) >= 1))
    }
}

/// What makes a filler word unfit.
struct Sieve<'a> {
    wants: &'a Wants,
    /// Letters of a-z that must not occur.
    letters: u32,
    longest: usize,
    no_palindromes: bool,
    no_single: bool,
}

impl<'a> Sieve<'a> {
    fn new(wants: &'a Wants) -> Sieve<'a> {
        let case = wants.case.as_ref().map(|asked| asked.what);
        let mut letters = 0;
        for asked in &wants.avoid_chars {
            let seen = match case {
                Some(Case::Upper) => asked.what.is_ascii_uppercase(),
                Some(Case::Lower) => asked.what.is_ascii_lowercase(),
                None => asked.what.is_ascii_alphabetic(),
            };
            if seen {
                letters |= bit(asked.what.to_ascii_lowercase() as u8);
            }
        }
        for (letter, range) in &wants.letters {
            if limited(range.bound) && letter.is_ascii_lowercase() {
                letters |= bit(*letter as u8);
            }
        }
        let mut longest = wants.each(Each::WordLetters).high.min(64) as usize;
        if wants.bound(Unit::Characters).high < 400 {
            // Little room: short words leave more of it to what must stand there.
            longest = longest.min(6);
        }
        let no_palindromes = limited(wants.bound(Unit::Palindromes));
        let no_single = limited(wants.bound(Unit::CapitalWords));
        Sieve { wants, letters, longest, no_palindromes, no_single }
    }

    fn passes(&self, word: &Fill) -> bool {
        word.letters & self.letters == 0
            && word.chars <= self.longest
            && !(self.no_single && word.chars == 1)
            && !(self.no_palindromes && is_palindrome(word.text))
            && (self.wants.ascii_only.is_none() || word.text.is_ascii())
            && self.unlisted(word.text)
    }

    fn unlisted(&self, text: &str) -> bool {
        let wants = self.wants;
        let limited_phrase = wants
            .mentions
            .iter()
            .any(|(phrase, range)| limited(range.bound) && text.contains(phrase.as_str()));
        let avoided =
            wants.avoid_words.iter().any(|asked| asked.what.split(' ').any(|w| w == text));
        let ordered = wants
            .orders
            .iter()
            .any(|asked| asked.what.iter().any(|w| w.eq_ignore_ascii_case(text)));
        let odd_char = wants
            .avoid_chars
            .iter()
            .any(|asked| !asked.what.is_ascii_alphabetic() && text.contains(asked.what));
        !limited_phrase && !avoided && !ordered && !odd_char
    }
}

/// Whether a word of three letters or more reads the same backwards.
pub(super) fn is_palindrome(word: &str) -> bool {
    char_len(word) > 2 && word.chars().eq(word.chars().rev())
}
