//! `letters:alliteration`: a run of words that start alike.

use serde_json::json;

use super::wording::{initial, one_letter, words};
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::args;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "letters:alliteration",
    about: "Somewhere at least n words in a row start with the letter, in any case. The longest \
            such run counts; punctuation and line breaks do not interrupt it.",
    schema: r#"{"properties": {
        "letter": {"type": "string", "pattern": "^[A-Za-z]$"},
        "n": {"type": "integer", "minimum": 2, "maximum": 50}
    }, "required": ["letter", "n"]}"#,
    texts: |_| {
        Ok(&[
            "Include an alliteration: at least {n} consecutive words that start with the letter \
             \"{letter}\".",
            "Somewhere in your response, put {n} or more words in a row that begin with \
             \"{letter}\".",
            "Your answer must hold a run of no fewer than {n} words, one after the other, that \
             all start with \"{letter}\".",
            "Let {n} successive words, or more, begin with the letter \"{letter}\".",
        ])
    },
    sample: |draw| {
        let letter = draw.pick(&["a", "b", "c", "d", "f", "g", "h", "l", "m", "p", "r", "s", "t"]);
        args([("letter", json!(letter)), ("n", json!(draw.between(2, 8)))])
    },
    compile: |args, _| {
        let letter = one_letter(args, "letter")?;
        let bound = Bound::at_least(args.count("n")?);
        check(move |text| {
            let mut longest = 0;
            let mut run = 0;
            for word in words(text.lower()) {
                run = if initial(word) == Some(letter) { run + 1 } else { 0 };
                longest = longest.max(run);
            }
            Verdict::count(longest, bound, "consecutive words that start with the letter")
        })
    },
    demands: |args| Ok(vec![Demand::Alliteration(one_letter(args, "letter")?, args.count("n")?)]),
    examples: &[
        Example {
            args: r#"{"letter": "b", "n": 3}"#,
            response: "The best Baker, being tired, slept.",
            satisfied: true,
        },
        Example { args: r#"{"letter": "B", "n": 2}"#, response: "bake\nbread", satisfied: true },
        Example {
            args: r#"{"letter": "b", "n": 3}"#,
            response: "Best of bakers bake.",
            satisfied: false,
        },
        Example { args: r#"{"letter": "b", "n": 2}"#, response: "Bread.", satisfied: false },
    ],
    deviations: &[],
};
