//! `position:nth_word`: one word in its place.

use serde_json::json;

use super::wording::{one_word, quote, same_word, words};
use crate::demand::Demand;
use crate::describe::ordinal;
use crate::draw::args;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static NTH_WORD: Rule = Rule {
    id: "position:nth_word",
    about: "The nth word of the response (from 1) is this one in any case. Words are runs of \
            letters and digits; one apostrophe or hyphen inside joins them (`don't` is one word).",
    schema: r#"{"properties": {
        "n": {"type": "integer", "minimum": 1, "maximum": 1000},
        "word": {"type": "string", "minLength": 1, "maxLength": 40}
    }, "required": ["n", "word"]}"#,
    texts: |_| {
        Ok(&[
            "The {n#} word of your response must be \"{word}\".",
            "Use \"{word}\" as the {n#} word of your answer.",
            "Counting from the start, word number {n} must be \"{word}\".",
            "Arrange your reply so that its {n#} word is \"{word}\".",
        ])
    },
    sample: |draw| {
        let n = draw.between(1, 40);
        args([("n", json!(n)), ("word", json!(draw.noun()))])
    },
    compile: |args, _| {
        let word = one_word(args, "word")?;
        let n = args.count("n")?;
        let skipped = n.checked_sub(1).ok_or_else(|| args.fault("n", "is below 1"))?;
        let place = ordinal(n);
        check(move |text| match words(text.raw()).nth(skipped as usize) {
            Some(found) if same_word(found, &word) => {
                Verdict::pass(format!("the {place} word is {word:?}"))
            }
            Some(found) => {
                let found = quote(found);
                Verdict::fail(format!("the {place} word is {found}, asked for {word:?}"))
            }
            None => Verdict::fail(format!(
                "{} words, asked for {word:?} as the {place}",
                words(text.raw()).count()
            )),
        })
    },
    demands: |args| {
        one_word(args, "word")?;
        Ok(vec![Demand::WordAt(args.count("n")?, args.text("word")?.to_owned())])
    },
    examples: &[
        Example {
            args: r#"{"n": 3, "word": "bread"}"#,
            response: "We don't, Bread",
            satisfied: true,
        },
        Example {
            args: r#"{"n": 1, "word": "well-known"}"#,
            response: "*Well-known* facts.",
            satisfied: true,
        },
        Example {
            args: r#"{"n": 3, "word": "bread"}"#,
            response: "Bread and salt.",
            satisfied: false,
        },
        Example { args: r#"{"n": 3, "word": "bread"}"#, response: "Bread bread", satisfied: false },
    ],
    deviations: &[],
};
