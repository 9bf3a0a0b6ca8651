//! `letters:without` and `letters:between`: how often a letter stands in the response.

use serde_json::json;

use super::wording::one_letter;
use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::rule::{Example, Rule, check};
use crate::text::Text;
use crate::verdict::Verdict;

pub(super) static WITHOUT: Rule = Rule {
    id: "letters:without",
    about: "A lipogram: the letter stands nowhere in the response, in any case.",
    schema: r#"{"properties": {
        "letter": {"type": "string", "pattern": "^[A-Za-z]$"}
    }, "required": ["letter"]}"#,
    texts: |_| {
        Ok(&[
            "Do not use the letter \"{letter}\" anywhere, neither as a capital nor as a small \
             letter.",
            "Write a lipogram: no word may contain the letter \"{letter}\" in either case.",
            "Your whole response must avoid the letter \"{letter}\", upper and lower case.",
            "Leave out every word that has the letter \"{letter}\" in it, capital or small.",
        ])
    },
    sample: |draw| {
        let letter = draw.pick(&[
            "b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "p", "q", "u", "v", "w", "x", "y",
            "z",
        ]);
        args([("letter", json!(letter))])
    },
    compile: |args, _| {
        let letter = one_letter(args, "letter")?;
        check(move |text| Verdict::count(count(text, letter), Bound::NONE, UNIT))
    },
    demands: |args| Ok(vec![Demand::Letter(one_letter(args, "letter")?, Bound::NONE)]),
    examples: &[
        Example { args: r#"{"letter": "e"}"#, response: "A loaf of rich rum.", satisfied: true },
        Example { args: r#"{"letter": "Z"}"#, response: "The end.", satisfied: true },
        Example { args: r#"{"letter": "e"}"#, response: "Eat a loaf.", satisfied: false },
        Example { args: r#"{"letter": "E"}"#, response: "Bread.", satisfied: false },
    ],
    deviations: &[],
};

pub(super) static BETWEEN: Rule = Rule {
    id: "letters:between",
    about: "The letter stands at least n and at most m times in the response, capitals and small \
            letters counted together.",
    schema: r#"{"properties": {
        "letter": {"type": "string", "pattern": "^[A-Za-z]$"},
        "n": {"type": "integer", "minimum": 0, "maximum": 100000},
        "m": {"type": "integer", "minimum": 1, "maximum": 100000}
    }, "required": ["letter", "n", "m"]}"#,
    texts: |_| {
        Ok(&[
            "Use the letter \"{letter}\" at least {n} and at most {m:time}, capitals included.",
            "The letter \"{letter}\" must appear between {n} and {m:time} in your response \
             (both included, in either case).",
            "Let the number of times that you use the letter \"{letter}\", small or capital, be \
             no less than {n} and no more than {m}.",
            "In total, your answer must contain no fewer than {n} and no more than {m} of the \
             letter \"{letter}\", counting both cases.",
        ])
    },
    sample: |draw| {
        let letter = draw.pick(&["a", "c", "d", "g", "h", "l", "m", "o", "p", "r", "s", "u", "w"]);
        let n = draw.between(0, 30);
        let m = n + draw.between(5, 40);
        args([("letter", json!(letter)), ("n", json!(n)), ("m", json!(m))])
    },
    compile: |args, _| {
        let letter = one_letter(args, "letter")?;
        let bound = bound(args)?;
        check(move |text| Verdict::count(count(text, letter), bound, UNIT))
    },
    demands: |args| Ok(vec![Demand::Letter(one_letter(args, "letter")?, bound(args)?)]),
    examples: &[
        Example {
            args: r#"{"letter": "b", "n": 2, "m": 3}"#,
            response: "Bakers bake.",
            satisfied: true,
        },
        Example { args: r#"{"letter": "B", "n": 0, "m": 1}"#, response: "No.", satisfied: true },
        Example {
            args: r#"{"letter": "b", "n": 2, "m": 3}"#,
            response: "Bread.",
            satisfied: false,
        },
        Example {
            args: r#"{"letter": "b", "n": 2, "m": 3}"#,
            response: "Bob bobs.",
            satisfied: false,
        },
    ],
    deviations: &[],
};

const UNIT: &str = "occurrences of the letter";

fn bound(args: &Reader<'_>) -> Result<Bound> {
    let (n, m) = (args.count("n")?, args.count("m")?);
    match n <= m {
        true => Ok(Bound::between(n, m)),
        false => Err(args.fault("m", "is below `n`")),
    }
}

fn count(text: &Text<'_>, letter: char) -> u64 {
    let byte = u8::try_from(letter).expect("one_letter gives a letter from a to z");
    memchr::memchr_iter(byte, text.lower().as_bytes()).count() as u64
}
