//! What each [`Unit`] counts and each [`Each`] measures: the one definition that checks, witnesses
//! and mutations share.
//!
//! Every measure is one pass over the text (linear time) and builds no pattern. `Words`,
//! `Sentences`, `CapitalWords`, `Bullets`, `Highlights`, `StarParagraphs` and `Placeholders` count
//! as the official IFEval scorer does; the rest is defined here. White space, word characters,
//! letters and digits are Python's. Headings, list items, table rows, block quotes, links and bold
//! phrases are looked for outside fenced code only; everything else is counted everywhere.
//!
//! | unit | counts |
//! |---|---|
//! | `Characters` | code points of the text without its outer white space |
//! | `Words` | `\w+` runs: `don't` and `well-known` are two each |
//! | `UniqueWords` | different `\w+` runs after lower-casing |
//! | `Sentences` | Punkt's sentences of the whole text |
//! | `Lines` | lines (ended by `\n`) that are not blank |
//! | `Paragraphs` | runs of lines that are not blank |
//! | `StarParagraphs` | see [`star_paragraphs`]; 0 where that has no answer |
//! | `Bullets` | matches of `^\s*\*[^\*].*$` and of `^\s*-.*$`, several lines at a time |
//! | `ListItems` | lines with a bullet or a number before some text: see [`list_item`] |
//! | `TableRows` | lines with a `\|` directly below a Markdown table's delimiter row |
//! | `Headings` | lines of one to six `#`, white space and some text; no indent |
//! | `Questions` | Punkt sentences that end in `?`, closing quotes and brackets aside |
//! | `Exclamations`, `Semicolons` | `!` and `;`, wherever they stand |
//! | `Placeholders` | matches of `\[.*?\]`, `[]` included |
//! | `Highlights` | `*…*` that is not blank, and `**…**` that is not blank |
//! | `Bold` | `**…**` on one line, no white space at its inner ends |
//! | `Quotations` | `"…"` or `“…”` on one line, not blank; what is quoted within is not counted |
//! | `Parentheses` | balanced `(…)` on one line, not blank; outermost only; no link targets |
//! | `Numbers` | words of digits alone, inner `.` and `,` joined: `1,000.5` is one, `A4` none |
//! | `CapitalWords` | NLTK word tokens that are in upper case (`str.isupper`) |
//! | `HyphenatedWords` | runs of letters with single hyphens inside: `state-of-the-art` is one |
//! | `CodeBlocks` | fenced blocks that are closed |
//! | `BlockQuotes` | runs of lines that start with `>` after an optional indent |
//! | `Links` | `[text](target)` on one line, neither blank, no bracket in the text, no image |
//! | `IsoDates` | `YYYY-MM-DD` that is in the calendar, no word character or hyphen beside it |
//! | `Palindromes` | words of three or more letters and nothing else that read the same backwards |

mod ifeval;
mod markdown;
mod parts;
mod prose;

use std::collections::HashSet;

use crate::demand::{Each, Unit};
use crate::python::strings;
use crate::text::Text;

pub use ifeval::star_paragraphs;
pub use markdown::list_item;
pub use parts::{measure_each, visit_each};

/// How many of `unit` the text has, as the table of this module tells.
pub fn measure(unit: Unit, text: &Text<'_>) -> u64 {
    let raw = text.raw();
    let count = match unit {
        Unit::Characters => strings::char_len(text.stripped()),
        Unit::Words => text.word_count(),
        Unit::UniqueWords => unique_words(text),
        Unit::Sentences => text.sentences().len(),
        Unit::Lines => text.lines().count(),
        Unit::Paragraphs => parts::paragraphs(raw).count(),
        Unit::StarParagraphs => return star_paragraphs(raw).unwrap_or(0),
        Unit::Bullets => ifeval::bullets(raw),
        Unit::ListItems => markdown::list_items(raw).count(),
        Unit::TableRows => markdown::table_rows(raw),
        Unit::Headings => markdown::headings(raw),
        Unit::Questions => prose::questions(raw, text.sentences()),
        Unit::Exclamations => memchr::memchr_iter(b'!', raw.as_bytes()).count(),
        Unit::Placeholders => ifeval::placeholders(raw),
        Unit::Highlights => ifeval::highlights(raw),
        Unit::Bold => markdown::bold(raw),
        Unit::Quotations => prose::quotations(raw),
        Unit::Parentheses => prose::parentheses(raw),
        Unit::Numbers => prose::numbers(raw),
        Unit::CapitalWords => text.capital_words(),
        Unit::HyphenatedWords => prose::hyphenated(raw),
        Unit::CodeBlocks => markdown::code_blocks(raw),
        Unit::BlockQuotes => markdown::block_quotes(raw),
        Unit::Links => markdown::links(raw),
        Unit::IsoDates => prose::iso_dates(raw),
        Unit::Palindromes => text.words().filter(|word| prose::is_palindrome(word)).count(),
        Unit::Semicolons => memchr::memchr_iter(b';', raw.as_bytes()).count(),
    };
    count as u64
}

fn unique_words(text: &Text<'_>) -> usize {
    let mut seen = HashSet::new();
    text.words().filter(|word| seen.insert(strings::lower(word))).count()
}

impl Unit {
    /// The unit's name for one of it, as messages use it.
    pub const fn singular(self) -> &'static str {
        self.names().0
    }

    /// The unit's name for any other number.
    pub const fn plural(self) -> &'static str {
        self.names().1
    }

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Unit::Characters => ("character", "characters"),
            Unit::Words => ("word", "words"),
            Unit::UniqueWords => ("different word", "different words"),
            Unit::Sentences => ("sentence", "sentences"),
            Unit::Lines => ("line", "lines"),
            Unit::Paragraphs | Unit::StarParagraphs => ("paragraph", "paragraphs"),
            Unit::Bullets => ("bullet point", "bullet points"),
            Unit::ListItems => ("list item", "list items"),
            Unit::TableRows => ("table row", "table rows"),
            Unit::Headings => ("heading", "headings"),
            Unit::Questions => ("question", "questions"),
            Unit::Exclamations => ("exclamation mark", "exclamation marks"),
            Unit::Placeholders => ("placeholder", "placeholders"),
            Unit::Highlights => ("highlighted section", "highlighted sections"),
            Unit::Bold => ("bold phrase", "bold phrases"),
            Unit::Quotations => ("quotation", "quotations"),
            Unit::Parentheses => ("remark in parentheses", "remarks in parentheses"),
            Unit::Numbers => ("number", "numbers"),
            Unit::CapitalWords => ("word in capitals", "words in capitals"),
            Unit::HyphenatedWords => ("hyphenated word", "hyphenated words"),
            Unit::CodeBlocks => ("code block", "code blocks"),
            Unit::BlockQuotes => ("block quote", "block quotes"),
            Unit::Links => ("link", "links"),
            Unit::IsoDates => ("ISO date", "ISO dates"),
            Unit::Palindromes => ("palindrome", "palindromes"),
            Unit::Semicolons => ("semicolon", "semicolons"),
        }
    }
}

impl Each {
    /// The part that the limit goes for, in the singular.
    pub const fn part(self) -> &'static str {
        match self {
            Each::SentenceWords => "sentence",
            Each::ParagraphSentences | Each::ParagraphWords => "paragraph",
            Each::LineCharacters => "line",
            Each::WordLetters => "word",
            Each::ListItemWords => "list item",
        }
    }

    /// What is counted of one part, in the singular.
    pub const fn singular(self) -> &'static str {
        match self {
            Each::SentenceWords | Each::ParagraphWords | Each::ListItemWords => "word",
            Each::ParagraphSentences => "sentence",
            Each::LineCharacters => "character",
            Each::WordLetters => "letter",
        }
    }

    /// What is counted of one part, in the plural.
    pub const fn plural(self) -> &'static str {
        match self {
            Each::SentenceWords | Each::ParagraphWords | Each::ListItemWords => "words",
            Each::ParagraphSentences => "sentences",
            Each::LineCharacters => "characters",
            Each::WordLetters => "letters",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_a_text() {
        let cases: [(Unit, &[(&str, u64)]); 9] = [
            (Unit::Characters, &[("", 0), (" \n", 0), (" a é\n", 3), ("a\r\nb", 4)]),
            (Unit::Words, &[("", 0), ("don't well-known", 4), ("a_b 3.5", 3)]),
            (Unit::UniqueWords, &[("", 0), ("The the THE cat", 2), ("É é", 1)]),
            (Unit::Lines, &[("", 0), ("a\n\n \r\nb\n", 2), ("a", 1)]),
            (Unit::Paragraphs, &[("", 0), ("a\nb\n \n\nc", 2), ("\n\na\n\n", 1)]),
            (Unit::Exclamations, &[("a", 0), ("Oh! Oh!!", 3)]),
            (Unit::Semicolons, &[("a", 0), ("a; b;", 2)]),
            (Unit::StarParagraphs, &[("a\n***\nb", 2), ("a *** *** b", 0), ("***a***", 1)]),
            (
                Unit::Palindromes,
                &[("Anna saw a level kayak, not 121 or aa.", 3), ("racecar's", 1), ("a_a", 0)],
            ),
        ];
        for (unit, cases) in cases {
            for (text, expected) in cases {
                assert_eq!(measure(unit, &Text::new(text)), *expected, "{unit:?} of {text:?}");
            }
        }
    }

    #[test]
    fn paragraphs_agree_with_the_view() {
        for text in ["", "a", "\n a\nb\n\t\nc\r\n\r\nd", "x\n\n\n\ny\n"] {
            let text = Text::new(text);
            let paragraphs = text.paragraphs();
            assert_eq!(measure(Unit::Paragraphs, &text), paragraphs.len() as u64);
            let ours: Vec<&str> = parts::paragraphs(text.raw()).map(|r| &text.raw()[r]).collect();
            assert_eq!(ours, paragraphs);
        }
    }

    /// Texts of 64 KiB on which a scan that looks ahead again and again would take minutes.
    #[test]
    fn hostile_texts_are_read_in_linear_time() {
        let patterns = [
            "(",
            ")",
            "[",
            "]",
            "](",
            "[a](",
            "*",
            "**",
            "**a ",
            "***a",
            "“",
            "\"“",
            "\"",
            "-",
            "a-",
            "1,",
            "1.",
            "\n",
            "*\n",
            " \n",
            "- \n",
            "> \n",
            "|",
            "|-",
            "a|b\n-|-\n",
            "```\n",
            "~~~",
            "#",
            "2024-",
            "\\|",
            "é",
            "\u{1c}",
            "x. ",
            "( ",
            "iv) a\n",
            "[a]( ",
        ];
        for pattern in patterns {
            let raw = pattern.repeat((1 << 16) / pattern.len());
            let text = Text::new(&raw);
            for unit in UNITS {
                let found = measure(unit, &text);
                assert!(found <= raw.len() as u64, "{unit:?} of many {pattern:?}");
            }
        }
    }

    const UNITS: [Unit; 20] = [
        Unit::Characters,
        Unit::Lines,
        Unit::Paragraphs,
        Unit::StarParagraphs,
        Unit::Bullets,
        Unit::ListItems,
        Unit::TableRows,
        Unit::Headings,
        Unit::Exclamations,
        Unit::Placeholders,
        Unit::Highlights,
        Unit::Bold,
        Unit::Quotations,
        Unit::Parentheses,
        Unit::Numbers,
        Unit::HyphenatedWords,
        Unit::CodeBlocks,
        Unit::BlockQuotes,
        Unit::Links,
        Unit::IsoDates,
    ];
}
