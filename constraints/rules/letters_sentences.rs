//! `letters:sentence_initial`: every sentence starts with one letter.

use serde_json::json;

use super::wording::{one_letter, sentences};
use crate::demand::Demand;
use crate::draw::args;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "letters:sentence_initial",
    about: "The first letter of every sentence is this one, in any case. Sentences are Punkt's, \
            a line break ends one too, and fenced code has none; marks of lists and sentences \
            without any letter are passed over.",
    schema: r#"{"properties": {
        "letter": {"type": "string", "pattern": "^[A-Za-z]$"}
    }, "required": ["letter"]}"#,
    texts: |_| {
        Ok(&[
            "Start every sentence with the letter \"{letter}\".",
            "Each sentence of your response must begin with the letter \"{letter}\".",
            "Let the first letter of every single sentence be \"{letter}\".",
            "No sentence of your answer may begin with any letter but \"{letter}\".",
        ])
    },
    sample: |draw| {
        let letter = draw.pick(&["A", "B", "C", "F", "H", "I", "M", "O", "P", "S", "T", "W"]);
        args([("letter", json!(letter))])
    },
    compile: |args, _| {
        let letter = one_letter(args, "letter")?;
        check(move |text| {
            let mut good = 0;
            let mut total = 0;
            for first in sentences(text).filter_map(|s| s.chars().find(|c| c.is_alphabetic())) {
                total += 1;
                good += u64::from(first.to_ascii_lowercase() == letter);
            }
            match total {
                0 => Verdict::fail("no sentence with a letter in it"),
                _ => {
                    let note = format!("{good} of {total} sentences start with {letter:?}");
                    Verdict::share(good, total, note)
                }
            }
        })
    },
    demands: |args| Ok(vec![Demand::SentenceInitial(one_letter(args, "letter")?)]),
    examples: &[
        Example {
            args: r#"{"letter": "T"}"#,
            response: "The oven is hot. \"Take care!\" they say.\n- tea helps",
            satisfied: true,
        },
        Example { args: r#"{"letter": "t"}"#, response: "Take bread.", satisfied: true },
        Example {
            args: r#"{"letter": "T"}"#,
            response: "The oven is hot. Bread waits.",
            satisfied: false,
        },
        Example { args: r#"{"letter": "T"}"#, response: "1 + 1 = 2", satisfied: false },
    ],
    deviations: &[],
};
