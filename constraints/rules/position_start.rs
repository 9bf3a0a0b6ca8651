//! `position:paragraph_starts` and `position:sentence_starts`: the first word of the nth one.

use serde_json::json;

use super::wording::{first_word, one_word, quote, same_word, sentences};
use crate::args::{Args, Reader};
use crate::demand::Demand;
use crate::describe::ordinal;
use crate::draw::{Draw, args};
use crate::error::Result;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

/// Words that can begin a sentence of any text.
const STARTS: [&str; 16] = [
    "after",
    "before",
    "every",
    "first",
    "however",
    "later",
    "many",
    "meanwhile",
    "most",
    "next",
    "often",
    "some",
    "still",
    "then",
    "today",
    "yet",
];

pub(super) static PARAGRAPH_STARTS: Rule = Rule {
    id: "position:paragraph_starts",
    about: "The nth paragraph (from 1; blank lines set paragraphs apart) starts with this word in \
            any case; marks of headings, quotes and lists are passed over.",
    schema: r#"{"properties": {
        "nth": {"type": "integer", "minimum": 1, "maximum": 100},
        "word": {"type": "string", "minLength": 1, "maxLength": 40}
    }, "required": ["nth", "word"]}"#,
    texts: |_| {
        Ok(&[
            "Separate paragraphs with blank lines and start the {nth#} paragraph with \"{word}\".",
            "The {nth#} paragraph, paragraphs being set apart by blank lines, must begin with \
             the word \"{word}\".",
            "Your {nth#} paragraph must open with the word \"{word}\" (leave a blank line between \
             paragraphs).",
            "Make \"{word}\" the first word of the {nth#} paragraph; blank lines part paragraphs.",
        ])
    },
    sample: |draw| place(draw, 5),
    compile: |args, _| {
        let word = one_word(args, "word")?;
        let (skipped, place) = nth(args)?;
        check(move |text| {
            let paragraphs = text.paragraphs();
            match paragraphs.get(skipped) {
                Some(paragraph) => starts(paragraph, &word, &place, "paragraph"),
                None => Verdict::fail(format!(
                    "{} paragraphs, asked for the {place} to start with {word:?}",
                    paragraphs.len()
                )),
            }
        })
    },
    demands: |args| {
        one_word(args, "word")?;
        Ok(vec![Demand::ParagraphStart(args.count("nth")?, args.text("word")?.to_owned())])
    },
    examples: &[
        Example {
            args: r#"{"nth": 2, "word": "later"}"#,
            response: "We knead.\n\n \nLater we bake.\n\nThen we eat.",
            satisfied: true,
        },
        Example {
            args: r#"{"nth": 2, "word": "later"}"#,
            response: "Title\r\n\r\n- later, we bake",
            satisfied: true,
        },
        Example {
            args: r#"{"nth": 2, "word": "later"}"#,
            response: "Later we bake.\nLater we eat.",
            satisfied: false,
        },
        Example {
            args: r#"{"nth": 2, "word": "later"}"#,
            response: "We knead.\n\nThen, later, we bake.",
            satisfied: false,
        },
    ],
    deviations: &[],
};

pub(super) static SENTENCE_STARTS: Rule = Rule {
    id: "position:sentence_starts",
    about: "The nth sentence (from 1; Punkt's, a line break ends one too, and fenced \
            code has none) starts with this \
            word in any case; marks of headings, quotes and lists are passed over.",
    schema: r#"{"properties": {
        "nth": {"type": "integer", "minimum": 1, "maximum": 200},
        "word": {"type": "string", "minLength": 1, "maxLength": 40}
    }, "required": ["nth", "word"]}"#,
    texts: |_| {
        Ok(&[
            "The {nth#} sentence of your response must start with the word \"{word}\".",
            "Begin your {nth#} sentence with \"{word}\".",
            "Make \"{word}\" the first word of the {nth#} sentence.",
            "Let the {nth#} sentence of your answer open with the word \"{word}\".",
        ])
    },
    sample: |draw| place(draw, 8),
    compile: |args, _| {
        let word = one_word(args, "word")?;
        let (skipped, place) = nth(args)?;
        check(move |text| match sentences(text).nth(skipped) {
            Some(sentence) => starts(sentence, &word, &place, "sentence"),
            None => Verdict::fail(format!(
                "{} sentences, asked for the {place} to start with {word:?}",
                sentences(text).count()
            )),
        })
    },
    demands: |args| {
        one_word(args, "word")?;
        Ok(vec![Demand::SentenceStart(args.count("nth")?, args.text("word")?.to_owned())])
    },
    examples: &[
        Example {
            args: r#"{"nth": 2, "word": "then"}"#,
            response: "We knead it. Then we bake it.",
            satisfied: true,
        },
        Example {
            args: r#"{"nth": 2, "word": "then"}"#,
            response: "# Bread\n1. **Then** we bake it.",
            satisfied: true,
        },
        Example {
            args: r#"{"nth": 2, "word": "then"}"#,
            response: "Then we bake it. We eat it.",
            satisfied: false,
        },
        Example {
            args: r#"{"nth": 2, "word": "then"}"#,
            response: "Then we bake it.",
            satisfied: false,
        },
    ],
    deviations: &[],
};

fn place(draw: &mut Draw<'_>, highest: u64) -> Args {
    let nth = draw.between(1, highest);
    let word = if draw.coin() { draw.noun().to_owned() } else { draw.pick(&STARTS).to_owned() };
    args([("nth", json!(nth)), ("word", json!(word))])
}

/// How many to skip, and the ordinal for reasons.
fn nth(args: &Reader<'_>) -> Result<(usize, String)> {
    let nth = args.count("nth")?;
    let skipped = nth.checked_sub(1).ok_or_else(|| args.fault("nth", "is below 1"))?;
    Ok((skipped as usize, ordinal(nth)))
}

fn starts(block: &str, word: &str, place: &str, part: &str) -> Verdict {
    match first_word(block) {
        Some(first) if same_word(first, word) => {
            Verdict::pass(format!("the {place} {part} starts with {word:?}"))
        }
        first => {
            let found = quote(first.unwrap_or_default());
            Verdict::fail(format!("the {place} {part} starts with {found}, asked for {word:?}"))
        }
    }
}
