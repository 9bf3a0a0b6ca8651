//! What a constraint asks of a text, in the one vocabulary of conflict, witness and mutation.
//!
//! A rule turns its arguments into demands; it never talks to the planner. Two sets of demands can
//! be compared, merged and refused without knowing any rule.

use crate::bound::Bound;

/// Something that can be counted in a text. What each one counts is told in `units.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Unicode code points of the text without its outer whitespace.
    Characters,
    /// Runs of word characters (`\w+` of Python).
    Words,
    /// Different words, case folded.
    UniqueWords,
    /// Sentences by Punkt over the whole text.
    Sentences,
    /// Lines that are not blank.
    Lines,
    /// Blocks set apart by blank lines.
    Paragraphs,
    /// Pieces set apart by `***`, as IFEval's `number_paragraphs` counts them.
    StarParagraphs,
    /// Bullet lines as IFEval's `number_bullet_lists` counts them.
    Bullets,
    /// Bulleted or numbered list items.
    ListItems,
    /// Rows of Markdown tables below the head.
    TableRows,
    /// Markdown headings.
    Headings,
    /// Sentences that end in a question mark.
    Questions,
    /// Exclamation marks.
    Exclamations,
    /// `[…]` on one line.
    Placeholders,
    /// `*…*` or `**…**` as IFEval's `number_highlighted_sections` counts them.
    Highlights,
    /// `**…**` with text inside.
    Bold,
    /// Phrases between straight or curly double quotes.
    Quotations,
    /// Remarks in round brackets.
    Parentheses,
    /// Tokens made of digits.
    Numbers,
    /// Tokens in capitals as IFEval's `capital_word_frequency` counts them.
    CapitalWords,
    /// Words joined by a hyphen.
    HyphenatedWords,
    /// Fenced code blocks.
    CodeBlocks,
    /// Markdown block quotes.
    BlockQuotes,
    /// Markdown links `[text](target)`.
    Links,
    /// Dates written as year-month-day.
    IsoDates,
    /// Palindromes of three letters or more.
    Palindromes,
    /// Semicolons.
    Semicolons,
}

/// A part of a text to which a limit applies each time that it occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Each {
    /// Words of each sentence; a line break ends a sentence too.
    SentenceWords,
    /// Sentences of each paragraph.
    ParagraphSentences,
    /// Words of each paragraph.
    ParagraphWords,
    /// Characters of each line.
    LineCharacters,
    /// Letters of each word.
    WordLetters,
    /// Words of each list item (the marker is no word).
    ListItemWords,
}

/// The case that the whole text keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Case {
    /// No capital letter.
    Lower,
    /// No small letter.
    Upper,
}

/// How the items of a numbered list are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Numbering {
    /// `1.`
    Dot,
    /// `1)`
    Bracket,
    /// `(1)`
    Brackets,
    /// `a)`
    Letter,
    /// `i.`
    Roman,
}

/// One thing that a text must be, have or lack.
#[derive(Debug, Clone, PartialEq)]
pub enum Demand {
    /// So many of a unit.
    Count(Unit, Bound),
    /// A limit on each part.
    Each(Each, Bound),
    /// So many occurrences of a phrase: as a substring, case-insensitively.
    Mention(String, Bound),
    /// This word or phrase nowhere between word boundaries, case-insensitively.
    AvoidWord(String),
    /// None of these characters.
    AvoidChars(String),
    /// Nothing but ASCII.
    AsciiOnly,
    /// So many of a letter in the lower-cased text.
    Letter(char, Bound),
    /// One case throughout.
    Case(Case),
    /// Written in the language with this langdetect code.
    Language(String),
    /// The text begins with this, case-insensitively.
    Opens(String),
    /// The text ends with this, case-insensitively.
    Closes(String),
    /// The text is one of these, outer whitespace aside, and nothing else.
    Whole(Vec<String>),
    /// A title in double angle brackets on one line.
    Title,
    /// A Markdown heading of this level with this text, case-insensitively.
    Heading(u8, String),
    /// At least so many sections, each opened by `marker` and a number.
    Sections(String, u64),
    /// A numbered list of exactly so many items in this style.
    Numbered(Numbering, u64),
    /// A Markdown table with exactly so many columns.
    Table(u64),
    /// A fenced block with this info string and body.
    Fenced(String, String),
    /// A postscript that starts with this marker, case-insensitively.
    Postscript(String),
    /// The whole text in double quotes.
    Quoted,
    /// The whole text as one JSON value.
    Json,
    /// Two different texts with `******` between.
    TwoResponses,
    /// The nth paragraph (from 1) starts with this word, case-insensitively.
    ParagraphStart(u64, String),
    /// The nth sentence (from 1) starts with this word, case-insensitively.
    SentenceStart(u64, String),
    /// The nth word (from 1) is this one, case-insensitively.
    WordAt(u64, String),
    /// The last word is this one, case-insensitively.
    LastWord(String),
    /// First occurrences in this order, as whole words, case-insensitively.
    Order(Vec<String>),
    /// So many consecutive words that start with this letter.
    Alliteration(char, u64),
    /// Every sentence starts with this letter.
    SentenceInitial(char),
    /// The first letters of the lines that are not blank spell this, from the first line on.
    Acrostic(String),
    /// No two neighbouring words start with the same letter.
    NoNeighbourInitials,
    /// Texts that satisfy the constraint by themselves, each in another way, where no demand above
    /// says how to write one. What else is asked for is put beside them.
    Draft(Vec<String>),
}
