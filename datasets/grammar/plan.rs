//! A plan: everything that is settled about an answer before its words are.

use super::traits::Traits;

/// How an answer's sentences are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One paragraph.
    Prose,
    /// So many paragraphs, set apart by blank lines.
    Paragraphs(usize),
    /// So many paragraphs with `***` between them.
    Starred(usize),
    /// So many lines, a sentence each.
    Lines(usize),
    /// A sentence, then so many points.
    Bullets(usize),
    /// A sentence, then so many numbered points.
    Numbered(usize),
}

/// The case of an answer's letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// As written.
    Mixed,
    /// All small.
    Lower,
    /// All capitals.
    Upper,
}

/// What an answer is to be like.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub shape: Shape,
    pub case: Case,
    /// The number of sentences, a closing phrase included.
    pub sentences: usize,
    /// The words that the answer may have, both ends included.
    pub words: Option<(usize, usize)>,
    /// The words that it opens with.
    pub opening: Option<String>,
    /// The first word of the sentence of this number, from 1.
    pub start: Option<(usize, String)>,
    /// The sentence that it ends with.
    pub closing: Option<String>,
    /// The word that it ends with.
    pub last_word: Option<String>,
    /// The mark of a postscript.
    pub postscript: Option<String>,
    pub quoted: bool,
    pub title: bool,
    pub headings: usize,
    /// Words to mention, in this order.
    pub mentions: Vec<String>,
    /// Whether the subject is called by a pronoun only.
    pub unnamed: bool,
    pub commas: bool,
    pub exclamations: usize,
    pub questions: usize,
    pub highlights: usize,
    pub parentheses: usize,
    pub placeholders: usize,
    pub traits: Traits,
}

impl Plan {
    /// A plan that does nothing that would have to be asked for.
    pub(super) fn plain(sentences: usize) -> Plan {
        Plan {
            shape: Shape::Prose,
            case: Case::Mixed,
            sentences,
            words: None,
            opening: None,
            start: None,
            closing: None,
            last_word: None,
            postscript: None,
            quoted: false,
            title: false,
            headings: 0,
            mentions: Vec::new(),
            unnamed: false,
            commas: true,
            exclamations: 0,
            questions: 0,
            highlights: 0,
            parentheses: 0,
            placeholders: 0,
            traits: Traits::NONE,
        }
    }

    /// How many sentences of running text it takes to hold all that is planned.
    pub(super) fn content(&self) -> usize {
        let closing = usize::from(self.closing.is_some());
        let wanted = self.sentences.saturating_sub(closing).max(1);
        let least = match self.shape {
            Shape::Bullets(_) | Shape::Numbered(_) => {
                let after = self.questions + self.exclamations;
                return 1 + after.max(usize::from(self.last_word.is_some()));
            }
            Shape::Lines(n) => {
                return n.saturating_sub(closing + usize::from(self.postscript.is_some())).max(1);
            }
            Shape::Paragraphs(n) | Shape::Starred(n) => n,
            Shape::Prose => 1,
        };
        let start = self.start.as_ref().map_or(0, |(nth, _)| *nth);
        wanted.max(least).max(self.questions + self.exclamations).max(start)
    }
}
