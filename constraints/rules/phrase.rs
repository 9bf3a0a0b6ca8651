//! Words and phrases as readers see them: literal, whole, in any case.

use memchr::memmem::Finder;

use crate::python::strings;

/// A phrase to look for in lower-cased texts.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    finder: Finder<'static>,
    length: usize,
    /// Whether a letter before the phrase would make it a part of a longer word.
    left: bool,
    /// The same for a letter after it.
    right: bool,
}

impl Phrase {
    /// `None` for a blank phrase, which is nowhere and everywhere.
    pub(super) fn new(phrase: &str) -> Option<Phrase> {
        let lowered = strings::lower(strings::strip(phrase)).into_owned();
        let left = joins(lowered.chars().next()?);
        let right = joins(lowered.chars().next_back()?);
        let finder = Finder::new(lowered.as_bytes()).into_owned();
        Some(Phrase { finder, length: lowered.len(), left, right })
    }

    /// How often it stands in `lowered` as a whole, without overlaps.
    pub(super) fn count(&self, lowered: &str) -> u64 {
        let mut from = 0;
        let mut found = 0;
        while let Some(end) = self.next(lowered, from) {
            found += 1;
            from = end;
        }
        found
    }

    /// Whether it stands in `lowered` as a whole.
    pub(super) fn is_in(&self, lowered: &str) -> bool {
        self.next(lowered, 0).is_some()
    }

    /// Whether `lowered` begins with it.
    pub(super) fn opens(&self, lowered: &str) -> bool {
        lowered.as_bytes().starts_with(self.finder.needle()) && self.is_whole(lowered, 0)
    }

    /// Whether `lowered` ends with it.
    pub(super) fn closes(&self, lowered: &str) -> bool {
        lowered.as_bytes().ends_with(self.finder.needle())
            && self.is_whole(lowered, lowered.len() - self.length)
    }

    /// The end of the first occurrence from the byte `from` on.
    fn next(&self, lowered: &str, from: usize) -> Option<usize> {
        let mut from = from;
        loop {
            let start = from + self.finder.find(&lowered.as_bytes()[from..])?;
            if self.is_whole(lowered, start) {
                return Some(start + self.length);
            }
            from = start + 1;
        }
    }

    fn is_whole(&self, lowered: &str, start: usize) -> bool {
        let before = || lowered[..start].chars().next_back().is_some_and(joins);
        let after = || lowered[start + self.length..].chars().next().is_some_and(joins);
        !(self.left && before() || self.right && after())
    }
}

/// A letter, mark, digit or connector: unlike Python's `\w` with the combining marks, without
/// which words of Hindi or of decomposed French fall apart.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() || c == '_' } else { is_word_beyond_ascii(c) }
}

fn is_word_beyond_ascii(c: char) -> bool {
    // The joiners and variation selectors of emoji count as marks, but make no word.
    !matches!(c, '\u{fe00}'..='\u{fe0f}') && regex_syntax::is_word_character(c)
}

/// A character that a neighbour of its kind joins to one word: scripts that are written without
/// spaces have no boundaries to look for.
fn joins(c: char) -> bool {
    is_word(c) && !is_unspaced(c)
}

/// Thai, Lao, Burmese, Khmer, kana and Han.
fn is_unspaced(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(phrase: &str, text: &str) -> u64 {
        Phrase::new(phrase).expect("not blank").count(&strings::lower(text))
    }

    #[test]
    fn only_whole_phrases_count() {
        assert_eq!(count("art", "Art starts in art-school: ART"), 3);
        assert_eq!(count("C++", "c++ and C++17"), 2);
        assert_eq!(count("क", "क कि"), 1);
        assert_eq!(count("日本", "日本語と日本"), 2);
        assert_eq!(count("ha ha", "ha ha ha ha"), 2);
        assert!(Phrase::new(" \n").is_none());
    }

    #[test]
    fn edges_are_found() {
        let phrase = Phrase::new("The End").expect("not blank");
        assert!(phrase.closes("this is the end"));
        assert!(!phrase.closes("breathe end"));
        assert!(phrase.opens("the end of it"));
        assert!(!phrase.opens("the ending"));
    }
}
