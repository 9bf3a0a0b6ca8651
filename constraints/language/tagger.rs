//! Parts of speech as NLTK 3.9.1's `pos_tag` finds them in English: a greedy averaged perceptron
//! (M. Honnibal, 2013) over a word, its neighbours and the two tags before.
//!
//! A tag depends on the words before it and on two words after it, so it is found as it is asked
//! for: the first tag of a text costs three words.

use std::sync::LazyLock;

use super::tagger_table::{Entry, Kind, LABELS, STARTS, Scores};
use crate::python::chars;
use crate::python::strings;

/// The entries of the constant feature, and of the labels and starts by number.
static KNOWN: LazyLock<(Entry, Vec<Entry>)> = LazyLock::new(|| {
    let tags = LABELS.iter().chain(&STARTS).map(|tag| Entry::find(&format!(" {tag}")));
    (Entry::find(" "), tags.collect())
});

/// `nltk.pos_tag(tokens)`: the tag of every token. Tokens hold no white space, as `word_tokenize`
/// cuts them.
pub fn tags<'t>(tokens: impl Iterator<Item = &'t str>) -> impl Iterator<Item = &'static str> {
    let mut words = tokens.map(Word::new).chain(["-END-", "-END2-"].map(Word::edge));
    let [before, last] = STARTS.map(Word::edge);
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    let mut near = [Word::default(), before, last, first, second];
    // The tag before the first word is the first start, the one before that the second.
    let mut tags = Before { one: LABELS.len(), two: LABELS.len() + 1 };
    std::iter::from_fn(move || {
        near.rotate_left(1);
        near[4] = words.next()?;
        let tag = near[2].dictionary().unwrap_or_else(|| predict(&near, &tags));
        tags = Before { one: tag, two: tags.one };
        Some(LABELS[tag])
    })
}

/// The numbers of the tags of the last word and of the one before it.
struct Before {
    one: usize,
    two: usize,
}

/// A word with what the table knows of it.
#[derive(Clone, Copy, Default)]
struct Word<'t> {
    raw: &'t str,
    /// Of the word as its neighbours see it.
    word: Entry,
    /// Of its last three characters, as its neighbours see them.
    suffix: Entry,
}

impl<'t> Word<'t> {
    fn new(raw: &'t str) -> Word<'t> {
        if let Some(class) = class(raw) {
            return Word { raw, ..Word::edge(class) };
        }
        Word { raw, ..Word::edge(&strings::lower(raw)) }
    }

    /// What stands for a word.
    fn edge(text: &str) -> Word<'static> {
        Word { raw: "", word: Entry::find(text), suffix: Entry::find(suffix(text)) }
    }

    fn dictionary(&self) -> Option<usize> {
        Entry::find(self.raw).in_dictionary()
    }
}

/// What stands for words with a hyphen, for years and for numbers.
fn class(raw: &str) -> Option<&'static str> {
    let first = raw.chars().next()?;
    if first != '-' && memchr::memchr(b'-', raw.as_bytes()).is_some() {
        return Some("!HYPHEN");
    }
    let year = || raw.chars().count() == 4 && raw.chars().all(is_digit);
    is_digit(first).then(|| if year() { "!YEAR" } else { "!DIGITS" })
}

/// `str.isdigit` of one character: decimal digits, and those in circles, brackets and the like.
fn is_digit(c: char) -> bool {
    chars::is_digit(c) || !c.is_ascii() && is_digit_besides(c)
}

fn is_digit_besides(c: char) -> bool {
    matches!(
        c,
        '²' | '³'
            | '¹'
            | '\u{1369}'..='\u{1371}'
            | '\u{19da}'
            | '\u{2070}'
            | '\u{2074}'..='\u{2079}'
            | '\u{2080}'..='\u{2089}'
            | '\u{2460}'..='\u{2468}'
            | '\u{2474}'..='\u{247c}'
            | '\u{2488}'..='\u{2490}'
            | '\u{24ea}'
            | '\u{24f5}'..='\u{24fd}'
            | '\u{24ff}'
            | '\u{2776}'..='\u{277e}'
            | '\u{2780}'..='\u{2788}'
            | '\u{278a}'..='\u{2792}'
            | '\u{10a40}'..='\u{10a43}'
            | '\u{10e60}'..='\u{10e68}'
            | '\u{11052}'..='\u{1105a}'
            | '\u{1f100}'..='\u{1f10a}'
    )
}

/// The last three characters.
fn suffix(text: &str) -> &str {
    text.char_indices().nth_back(2).map_or(text, |(at, _)| &text[at..])
}

/// The label with the highest score for the word in the middle, the last one in spelling among
/// equals. Python adds up the features in this order, on which the last digits depend.
fn predict(near: &[Word<'_>; 5], before: &Before) -> usize {
    let [two_before, one_before, word, after, two_after] = near;
    let (bias, tags) = &*KNOWN;
    let initial = word.raw.chars().next().map_or(0, char::len_utf8);
    let mut scores: Scores = [0.0; 64];
    bias.add(Kind::BIAS, &mut scores);
    Entry::find(suffix(word.raw)).add(Kind::Suffix, &mut scores);
    Entry::find(&word.raw[..initial]).add(Kind::Initial, &mut scores);
    tags[before.one].add(Kind::TAG_BEFORE, &mut scores);
    tags[before.two].add(Kind::TAG_TWO_BEFORE, &mut scores);
    tags[before.two].add_pair(before.one, &mut scores);
    word.word.add(Kind::Word, &mut scores);
    word.word.add_pair(before.one, &mut scores);
    one_before.word.add(Kind::WordBefore, &mut scores);
    one_before.suffix.add(Kind::SuffixBefore, &mut scores);
    two_before.word.add(Kind::WordTwoBefore, &mut scores);
    after.word.add(Kind::WordAfter, &mut scores);
    after.suffix.add(Kind::SuffixAfter, &mut scores);
    two_after.word.add(Kind::WordTwoAfter, &mut scores);
    let mut best = 0;
    for label in 1..LABELS.len() {
        if scores[label] >= scores[best] {
            best = label;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{goldens, tokenize};

    #[test]
    fn agrees_with_recorded_tags() {
        let rows = goldens::each_row("components/pos_tag_dev.jsonl.gz", |row| {
            let tokens = goldens::strings(&row["tokens"]);
            let found: Vec<&str> = tags(tokens.iter().copied()).collect();
            assert_eq!(found, goldens::strings(&row["tags"]), "{tokens:?}");
        });
        eprintln!("{rows} texts");
    }

    #[test]
    fn words_are_tagged_in_their_context() {
        let tokens =
            tokenize::word_tokenize("They refuse to permit us to obtain the refuse permit.");
        let found: Vec<&str> = tags(tokens.iter()).collect();
        let known = ["PRP", "VBP", "TO", "VB", "PRP", "TO", "VB", "DT", "NN", "NN", "."];
        assert_eq!(found, known);
        assert_eq!(tags([].into_iter()).next(), None);
        assert_eq!(tags(["the"].into_iter()).collect::<Vec<_>>(), ["DT"]);
    }

    #[test]
    fn numbers_years_and_hyphens_are_classes() {
        let known = [
            ("1984", "!YEAR"),
            ("①②③④", "!YEAR"),
            ("19845", "!DIGITS"),
            ("198a", "!DIGITS"),
            ("³x", "!DIGITS"),
            ("so-so", "!HYPHEN"),
            ("1-2", "!HYPHEN"),
        ];
        for (word, wanted) in known {
            assert_eq!(class(word), Some(wanted), "{word}");
        }
        for word in ["-5", "a1", "½", "", "--"] {
            assert_eq!(class(word), None, "{word}");
        }
        assert_eq!((suffix("ab"), suffix("abéd")), ("ab", "béd"));
    }

    #[test]
    fn odd_tokens_get_tags() {
        let long = "é".repeat(100_000);
        let tokens = ["", long.as_str(), "\u{0}", " NN", "-", "𝒜"];
        assert_eq!(tags(tokens.into_iter()).count(), tokens.len());
    }
}
