//! `letters:letter_counting` and `letters:letter_counting2`: how many letters (open-instruct).

use memchr::memchr_iter;
use serde_json::json;

use super::drafts::{capital, nouns};
use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::chars::is_alpha;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::relation::{demanded, limit, texts};
use crate::rules::wording::one_letter;

pub(super) static TOTAL: Rule = Rule {
    id: "letters:letter_counting",
    about: "The response has at least, or less than, so many letters. Official: from a to z in \
            either case. Corrected: the letters of every script (open-instruct).",
    schema: r#"{
        "properties": {
            "N": {"type": "integer", "minimum": 1, "maximum": 100000},
            "relation": {"enum": ["less than", "at least"]}
        },
        "required": ["N", "relation"]
    }"#,
    texts: |args| texts(args, "relation", TOTAL_AT_LEAST, TOTAL_LESS_THAN),
    sample: |draw| {
        let few = draw.coin();
        let n = if few { draw.between(60, 1500) } else { draw.between(40, 1200) };
        let relation = if few { "less than" } else { "at least" };
        args([("N", json!(n)), ("relation", json!(relation))])
    },
    compile: |args, profile| {
        const UNIT: &str = "letters";
        let limit = limit(args, "relation", "N")?;
        match profile {
            Profile::Official => check(move |text| limit.judge(ascii(text.raw()), UNIT)),
            Profile::Corrected => check(move |text| limit.judge(every(text.raw()), UNIT)),
        }
    },
    demands,
    examples: &[
        Example {
            args: r#"{"N": 6, "relation": "at least"}"#,
            response: "Tea, été!",
            satisfied: true,
        },
        Example {
            args: r#"{"N": 4, "relation": "less than"}"#,
            response: "1 + 1 = two",
            satisfied: true,
        },
        Example {
            args: r#"{"N": 4, "relation": "at least"}"#,
            response: "Tea 2000",
            satisfied: false,
        },
        Example { args: r#"{"N": 3, "relation": "less than"}"#, response: "Tea", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a letter with an accent is a letter",
            args: r#"{"N": 3, "relation": "at least"}"#,
            response: "été",
            official: false,
        },
        Deviation {
            reason: "other scripts have letters too",
            args: r#"{"N": 3, "relation": "less than"}"#,
            response: "Чай готов.",
            official: true,
        },
    ],
};

const TOTAL_AT_LEAST: &[&str] = &[
    "Answer with at least {N:letter}.",
    "Your response must contain {N:letter} or more.",
    "Write no fewer than {N:letter} in all, not counting spaces, digits and punctuation.",
    "The letters of your answer must add up to {N} at least.",
];

const TOTAL_LESS_THAN: &[&str] = &[
    "Answer with fewer than {N:letter}.",
    "Your response must contain less than {N:letter}.",
    "Keep the number of letters in what you write below {N}, not counting spaces, digits and \
     punctuation.",
    "The letters of your answer must stay under {N} in all.",
];

fn ascii(text: &str) -> u64 {
    text.bytes().filter(u8::is_ascii_alphabetic).count() as u64
}

fn every(text: &str) -> u64 {
    if text.is_ascii() { ascii(text) } else { text.chars().filter(|c| is_alpha(*c)).count() as u64 }
}

/// Texts with few letters, the last ones with none.
const SHORT: [&str; 7] = [
    "Bread, salt and a warm stove make a kitchen.",
    "Quiet harbors sleep late.",
    "We agree on this.",
    "Yes, indeed.",
    "No.",
    "1 + 1 = 2",
    "100 %",
];

fn demands(args: &Reader<'_>) -> Result<Vec<Demand>> {
    let bound = demanded(args, "relation", "N")?;
    if bound.low == 0 {
        let fits = |text: &&str| bound.holds(ascii(text));
        let drafts: Vec<String> = SHORT.into_iter().filter(fits).map(str::to_owned).collect();
        return Ok(vec![Demand::Draft(drafts)]);
    }
    let draft = |turn: usize| {
        let mut text = String::new();
        // Every other draft is one long sentence, for texts that may have but few full stops.
        let size = if turn.is_multiple_of(2) { 8 } else { usize::MAX };
        let mut written = 0;
        for (at, word) in nouns(turn).enumerate() {
            if written >= bound.low {
                break;
            }
            text.push_str(match at {
                0 => "",
                _ if at.is_multiple_of(size) => ". ",
                _ => " ",
            });
            text.push_str(&if at.is_multiple_of(size) { capital(word) } else { word.to_owned() });
            written += word.len() as u64;
        }
        text
    };
    let drafts = (0..4).map(draft).collect();
    Ok(vec![Demand::Count(Unit::Characters, Bound::at_least(bound.low)), Demand::Draft(drafts)])
}

pub(super) static LETTER: Rule = Rule {
    id: "letters:letter_counting2",
    about: "The letter occurs at least, or less than, so many times in the lower-cased response \
            (open-instruct; `keywords:letter_frequency` of IFEval by another name, for letters \
            from a to z).",
    schema: r#"{
        "properties": {
            "letter": {"type": "string", "pattern": "^[A-Za-z]$"},
            "let_frequency": {"type": "integer", "minimum": 0},
            "let_relation": {"enum": ["less than", "at least"]}
        },
        "required": ["letter", "let_frequency", "let_relation"]
    }"#,
    texts: |args| texts(args, "let_relation", AT_LEAST, LESS_THAN),
    sample: |draw| {
        let common = ["a", "e", "i", "o", "u", "n", "r", "s", "t", "l", "d", "m", "c", "p", "h"];
        let letter = draw.pick(&common);
        let few = draw.coin();
        let n = if few { draw.between(4, 30) } else { draw.between(1, 40) };
        let relation = if few { "less than" } else { "at least" };
        args([
            ("letter", json!(letter)),
            ("let_frequency", json!(n)),
            ("let_relation", json!(relation)),
        ])
    },
    compile: |args, _| {
        let letter = one_letter(args, "letter")? as u8;
        let limit = limit(args, "let_relation", "let_frequency")?;
        check(move |text| {
            let found = memchr_iter(letter, text.lower().as_bytes()).count();
            limit.judge(found as u64, "such letters")
        })
    },
    demands: |args| {
        let bound = demanded(args, "let_relation", "let_frequency")?;
        Ok(vec![Demand::Letter(one_letter(args, "letter")?, bound)])
    },
    examples: &[
        Example {
            args: r#"{"letter": "A", "let_frequency": 3, "let_relation": "at least"}"#,
            response: "A banana",
            satisfied: true,
        },
        Example {
            args: r#"{"letter": "e", "let_frequency": 1, "let_relation": "less than"}"#,
            response: "One tree",
            satisfied: false,
        },
        Example {
            args: r#"{"letter": "q", "let_frequency": 1, "let_relation": "less than"}"#,
            response: "A silent room",
            satisfied: true,
        },
        Example {
            args: r#"{"letter": "q", "let_frequency": 2, "let_relation": "at least"}"#,
            response: "A quiet room",
            satisfied: false,
        },
    ],
    deviations: &[],
};

const AT_LEAST: &[&str] = &[
    "In your response, the letter {letter} should appear at least {let_frequency:time}.",
    "Use the letter {letter} no fewer than {let_frequency:time}.",
    "Let your answer contain the letter {letter} {let_frequency:time} or more, in either case.",
    "What you write needs at least {let_frequency:occurrence} of the letter {letter}.",
];

const LESS_THAN: &[&str] = &[
    "In your response, the letter {letter} should appear fewer than {let_frequency:time}.",
    "Use the letter {letter} less than {let_frequency:time}.",
    "Keep the count of the letter {letter} in your answer below {let_frequency}, in either case.",
    "What you write may hold the letter {letter} fewer than {let_frequency:time} only.",
];
