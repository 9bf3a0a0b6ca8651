//! A response, cut once and lent to all checks.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use crate::language::{langdetect, punkt, tokenize};
use crate::python::strings;

/// A response with the views of it that checks share, each made when first asked for.
///
/// One `Text` serves one thread; threads share nothing.
pub struct Text<'a> {
    raw: &'a str,
    lower: OnceCell<Cow<'a, str>>,
    words: OnceCell<usize>,
    sentences: OnceCell<Vec<Range<usize>>>,
    capitals: OnceCell<usize>,
    language: OnceCell<Option<&'static str>>,
}

impl<'a> Text<'a> {
    /// The view of `raw`; nothing is computed yet.
    pub fn new(raw: &'a str) -> Text<'a> {
        Text {
            raw,
            lower: OnceCell::new(),
            words: OnceCell::new(),
            sentences: OnceCell::new(),
            capitals: OnceCell::new(),
            language: OnceCell::new(),
        }
    }

    /// The response as it is.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// Python's `str.lower()` of it.
    pub fn lower(&self) -> &str {
        self.lower.get_or_init(|| strings::lower(self.raw))
    }

    /// Python's `str.strip()` of it.
    pub fn stripped(&self) -> &'a str {
        strings::strip(self.raw)
    }

    /// The number of `\w+` runs.
    pub fn word_count(&self) -> usize {
        *self.words.get_or_init(|| strings::count_words(self.raw))
    }

    /// The `\w+` runs.
    pub fn words(&self) -> impl Iterator<Item = &'a str> {
        strings::words(self.raw)
    }

    /// Byte ranges of the Punkt sentences.
    pub fn sentences(&self) -> &[Range<usize>] {
        self.sentences.get_or_init(|| punkt::sentences(self.raw))
    }

    /// How many of NLTK's word tokens are in capitals (`str.isupper`).
    pub fn capital_words(&self) -> usize {
        *self.capitals.get_or_init(|| {
            let tokens = tokenize::word_tokenize(self.raw);
            tokens.iter().filter(|token| strings::str_is_upper(token)).count()
        })
    }

    /// The langdetect code at seed 0; `None` where it finds no features.
    pub fn language(&self) -> Option<&'static str> {
        *self.language.get_or_init(|| langdetect::detect(self.raw, 0))
    }

    /// The lines, without their ends, that are not blank.
    pub fn lines(&self) -> impl Iterator<Item = &'a str> {
        self.raw.split('\n').filter(|line| !strings::strip(line).is_empty())
    }

    /// The blocks that blank lines set apart, in order, none of them blank.
    pub fn paragraphs(&self) -> Vec<&'a str> {
        let mut blocks = Vec::new();
        let mut block: Option<Range<usize>> = None;
        let mut at = 0;
        for line in self.raw.split('\n') {
            let end = at + line.len();
            if strings::strip(line).is_empty() {
                blocks.extend(block.take());
            } else {
                block = Some(block.map_or(at, |b| b.start)..end);
            }
            at = end + 1;
        }
        blocks.extend(block);
        blocks.into_iter().map(|range| &self.raw[range]).collect()
    }
}
