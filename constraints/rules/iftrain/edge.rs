//! A word asked for at the beginning or at the end of a text or sentence, marks aside.

use crate::args::Reader;
use crate::error::Result;
use crate::python::strings::{lower, strip};
use crate::rules::phrase::{Phrase, is_word};

/// A word (or phrase) to find at an edge.
pub(super) struct Edge {
    phrase: Phrase,
    /// Whether the word has letters or digits, so that other signs can be passed over.
    skips_marks: bool,
}

impl Edge {
    /// The word under `key`, of which `word` is the text.
    pub(super) fn new(args: &Reader<'_>, key: &str, word: &str) -> Result<Edge> {
        let bare = strip(word).trim_matches(|c| !is_word(c));
        if let Some(phrase) = Phrase::new(bare) {
            return Ok(Edge { phrase, skips_marks: true });
        }
        let phrase = Phrase::new(word).ok_or_else(|| args.fault(key, "is blank"))?;
        Ok(Edge { phrase, skips_marks: false })
    }

    /// Whether `text` begins with the word.
    pub(super) fn opens(&self, text: &str) -> bool {
        let text = lower(strip(text));
        match self.skips_marks {
            true => self.phrase.opens(text.trim_start_matches(is_mark)),
            false => self.phrase.opens(&text),
        }
    }

    /// Whether `text` ends with the word.
    pub(super) fn closes(&self, text: &str) -> bool {
        let text = lower(strip(text));
        match self.skips_marks {
            true => self.phrase.closes(text.trim_end_matches(is_mark)),
            false => self.phrase.closes(&text),
        }
    }
}

fn is_mark(c: char) -> bool {
    !is_word(c) || c == '_'
}

/// The text under `key`, or the first of a list of them, outer white space taken off: the published
/// arguments have both.
pub(super) fn word<'a>(args: &Reader<'a>, key: &str) -> Result<&'a str> {
    let value = args.value(key)?;
    let word = value.as_str().or_else(|| value.as_array()?.first()?.as_str());
    word.map(strip).ok_or_else(|| args.fault(key, "is neither a text nor a list of texts"))
}
