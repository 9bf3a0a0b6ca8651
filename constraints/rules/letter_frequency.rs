//! `keywords:letter_frequency`: how often one letter occurs (IFEval).

use memchr::memmem::Finder;
use serde_json::json;

use super::relation::{demanded, limit, texts};
use crate::demand::Demand;
use crate::draw::args;
use crate::profile::Profile;
use crate::python::strings::{lower, strip};
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "keywords:letter_frequency",
    about: "The letter occurs at least, or less than, so many times in the lower-cased response. \
            Any character may be asked for and is counted as it is (the reading of 2025). \
            Official: white space and letters whose small form is two code points are never \
            found.",
    schema: r#"{
        "properties": {
            "letter": {"type": "string", "minLength": 1, "maxLength": 1},
            "let_frequency": {"type": "integer", "minimum": 0},
            "let_relation": {"enum": ["less than", "at least"]}
        },
        "required": ["letter", "let_frequency", "let_relation"]
    }"#,
    texts: |args| texts(args, "let_relation", AT_LEAST, LESS_THAN),
    sample: |draw| {
        let (letters, most) = if draw.between(1, 4) == 1 { (RARE, 4) } else { (COMMON, 40) };
        let letter = letters[draw.between(0, letters.len() as u64 - 1) as usize];
        let few = draw.coin();
        let n = if few { draw.between(most / 4 + 1, most) } else { draw.between(1, most) };
        args([
            ("letter", json!(letter)),
            ("let_frequency", json!(n)),
            ("let_relation", json!(if few { "less than" } else { "at least" })),
        ])
    },
    compile: |args, profile| {
        let limit = limit(args, "let_relation", "let_frequency")?;
        let letter = args.letter("letter")?.to_string();
        let lowered = match profile {
            Profile::Official => lower(strip(&letter)).into_owned(),
            Profile::Corrected => lower(&letter).into_owned(),
        };
        if profile == Profile::Official && lowered.chars().count() != 1 {
            return check(move |_| limit.judge(0, "such letters"));
        }
        if let [byte] = *lowered.as_bytes() {
            return check(move |text| judge(limit, count_byte(byte, text.lower())));
        }
        let finder = Finder::new(lowered.as_bytes()).into_owned();
        check(move |text| judge(limit, finder.find_iter(text.lower().as_bytes()).count()))
    },
    demands: |args| {
        let bound = demanded(args, "let_relation", "let_frequency")?;
        let letter = lower(args.text("letter")?).into_owned();
        let mut chars = letter.chars();
        match (chars.next(), chars.next()) {
            (Some(letter), None) => Ok(vec![Demand::Letter(letter, bound)]),
            _ => Err(args.fault("letter", "is two characters in lower case")),
        }
    },
    examples: EXAMPLES,
    deviations: &[
        Deviation {
            reason: "a space that is asked for is counted, not stripped away",
            args: r#"{"letter": " ", "let_frequency": 2, "let_relation": "at least"}"#,
            response: "one two three",
            official: false,
        },
        Deviation {
            reason: "a letter whose small form is two code points is counted too",
            args: r#"{"letter": "İ", "let_frequency": 1, "let_relation": "at least"}"#,
            response: "İyi günler",
            official: false,
        },
    ],
};

const COMMON: &[char] = &[
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'k', 'l', 'm', 'n', 'o', 'p', 'r', 's', 't', 'u',
    'v', 'w', 'y',
];
const RARE: &[char] = &['j', 'q', 'x', 'z'];

const AT_LEAST: &[&str] = &[
    "The letter {letter} should appear at least {let_frequency:time} in your response.",
    "Use the letter {letter} {let_frequency:time} or more.",
    "In your answer, let the letter {letter} occur no fewer than {let_frequency:time}.",
    "Your response needs a minimum of {let_frequency:occurrence} of the letter {letter}.",
];

const LESS_THAN: &[&str] = &[
    "The letter {letter} should appear fewer than {let_frequency:time} in your response.",
    "Use the letter {letter} less than {let_frequency:time}.",
    "In your answer, keep the occurrences of the letter {letter} below {let_frequency}.",
    "The count of the letter {letter} in your response must stay under {let_frequency}.",
];

const EXAMPLES: &[Example] = &[
    Example {
        args: r#"{"letter": "a", "let_frequency": 3, "let_relation": "at least"}"#,
        response: "Bananas",
        satisfied: true,
    },
    Example {
        args: r##"{"letter": "#", "let_frequency": 2, "let_relation": "less than"}"##,
        response: "# One heading",
        satisfied: true,
    },
    Example {
        args: r#"{"letter": "Q", "let_frequency": 2, "let_relation": "at least"}"#,
        response: "A quiet room",
        satisfied: false,
    },
    Example {
        args: r#"{"letter": "o", "let_frequency": 2, "let_relation": "less than"}"#,
        response: "Look out",
        satisfied: false,
    },
];

fn count_byte(byte: u8, text: &str) -> usize {
    memchr::memchr_iter(byte, text.as_bytes()).count()
}

fn judge(limit: super::relation::Limit, found: usize) -> Verdict {
    limit.judge(found as u64, "such letters")
}
