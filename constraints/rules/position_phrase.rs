//! `position:starts_with` and `position:ends_with_word`: the two ends of a response.

use serde_json::json;

use super::wording::{one_word, quote, same_word, words};
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::{Draw, args};
use crate::error::Result;
use crate::python::strings;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

/// Openings that any kind of text can take.
const OPENINGS: [&str; 12] = [
    "In short",
    "To begin with",
    "The truth is",
    "Here is",
    "First of all",
    "Let us start",
    "At first sight",
    "Simply put",
    "On the whole",
    "By all accounts",
    "Without doubt",
    "As a rule",
];

pub(super) static STARTS_WITH: Rule = Rule {
    id: "position:starts_with",
    about: "The response, outer whitespace aside, begins with the phrase in any case; the phrase \
            does not end inside a longer word.",
    schema: r#"{"properties": {
        "phrase": {"type": "string", "minLength": 1, "maxLength": 200}
    }, "required": ["phrase"]}"#,
    texts: |_| {
        Ok(&[
            "Begin your response with the exact phrase \"{phrase}\".",
            "The very first words of your answer must be \"{phrase}\".",
            "Start your reply with \"{phrase}\", with nothing before it.",
            "Open with the words \"{phrase}\".",
        ])
    },
    sample: |draw| args([("phrase", json!(opening(draw)))]),
    compile: |args, _| {
        let phrase = strings::lower(phrase(args)?).into_owned();
        check(move |text| match strings::lstrip(text.lower()).strip_prefix(phrase.as_str()) {
            Some(rest) if !cuts_a_word(&phrase, rest) => {
                Verdict::pass("starts with the phrase asked for")
            }
            Some(_) => Verdict::fail(format!("a longer word follows on {}", quote(&phrase))),
            None => {
                let found = quote(text.stripped());
                Verdict::fail(format!("starts with {found}, asked for {}", quote(&phrase)))
            }
        })
    },
    demands: |args| Ok(vec![Demand::Opens(phrase(args)?.to_owned())]),
    examples: &[
        Example {
            args: r#"{"phrase": "In short"}"#,
            response: "\nIn short, bread needs time.",
            satisfied: true,
        },
        Example { args: r#"{"phrase": "In short"}"#, response: "in short: salt.", satisfied: true },
        Example {
            args: r#"{"phrase": "In short"}"#,
            response: "In shorter terms: salt.",
            satisfied: false,
        },
        Example {
            args: r#"{"phrase": "In short"}"#,
            response: "Bread, in short, needs time.",
            satisfied: false,
        },
    ],
    deviations: &[],
};

fn opening(draw: &mut Draw<'_>) -> String {
    match draw.between(0, 2) {
        0 => format!("The {}", draw.noun()),
        1 => format!("Every {}", draw.noun()),
        _ => draw.pick(&OPENINGS).to_owned(),
    }
}

fn phrase<'a>(args: &Reader<'a>) -> Result<&'a str> {
    let phrase = args.text("phrase")?;
    match strings::strip(phrase) == phrase && !phrase.is_empty() {
        true => Ok(phrase),
        false => Err(args.fault("phrase", "is blank or has whitespace at an end")),
    }
}

fn cuts_a_word(phrase: &str, rest: &str) -> bool {
    phrase.ends_with(char::is_alphanumeric) && rest.starts_with(char::is_alphanumeric)
}

pub(super) static ENDS_WITH_WORD: Rule = Rule {
    id: "position:ends_with_word",
    about: "The last word of the response is this one in any case; what stands after it that is \
            no word (punctuation, quotes, emphasis marks) is passed over.",
    schema: r#"{"properties": {
        "word": {"type": "string", "minLength": 1, "maxLength": 40}
    }, "required": ["word"]}"#,
    texts: |_| {
        Ok(&[
            "The last word of your response must be \"{word}\".",
            "End your answer with the word \"{word}\"; only punctuation may follow it.",
            "Make \"{word}\" the final word of your reply.",
            "Let your response close on the word \"{word}\".",
        ])
    },
    sample: |draw| args([("word", json!(draw.noun()))]),
    compile: |args, _| {
        let word = one_word(args, "word")?;
        check(move |text| match words(text.raw()).last() {
            Some(last) if same_word(last, &word) => Verdict::pass("ends with the word asked for"),
            Some(last) => {
                Verdict::fail(format!("the last word is {}, asked for {word:?}", quote(last)))
            }
            None => Verdict::fail("has no word"),
        })
    },
    demands: |args| {
        one_word(args, "word")?;
        Ok(vec![Demand::LastWord(args.text("word")?.to_owned())])
    },
    examples: &[
        Example {
            args: r#"{"word": "bread"}"#,
            response: "The baker sells **Bread**!",
            satisfied: true,
        },
        Example { args: r#"{"word": "bread"}"#, response: "We bake bread.\n", satisfied: true },
        Example { args: r#"{"word": "bread"}"#, response: "Bread is good.", satisfied: false },
        Example { args: r#"{"word": "bread"}"#, response: "We eat gingerbread.", satisfied: false },
    ],
    deviations: &[],
};
