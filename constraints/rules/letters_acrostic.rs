//! `letters:acrostic`: the lines' first letters spell a word.

use serde_json::json;

use super::wording::quote;
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::rule::{Example, Rule, check};
use crate::text::Text;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "letters:acrostic",
    about: "The first letters of the lines that are not blank spell the word downwards, in any \
            case, from the first line on; lines after its last letter are free. What stands \
            before a line's first letter is passed over. The degree is the share of its letters \
            in place.",
    schema: r#"{"properties": {
        "word": {"type": "string", "pattern": "^[A-Za-z]{2,40}$"}
    }, "required": ["word"]}"#,
    texts: |_| {
        Ok(&[
            "Begin with an acrostic: the first letters of your first lines, read downwards, must \
             spell \"{word}\".",
            "From the top, let the first letter of each line spell out \"{word}\" (blank lines do \
             not count; lines after its last letter are free).",
            "Your opening lines must form an acrostic of the word \"{word}\", one line a letter.",
            "Start the first line with the first letter of \"{word}\", the second line with its \
             second letter, and so on to its last.",
        ])
    },
    sample: |draw| args([("word", json!(draw.noun()))]),
    compile: |args, _| {
        let word = word(args)?;
        check(move |text| spelled(text, &word))
    },
    demands: |args| Ok(vec![Demand::Acrostic(word(args)?)]),
    examples: &[
        Example {
            args: r#"{"word": "oat"}"#,
            response: "Ovens are hot\nAll day long\n\nTake care",
            satisfied: true,
        },
        Example {
            args: r#"{"word": "OAT"}"#,
            response: "**o**vens\n- all day\n2. take care\nfree line",
            satisfied: true,
        },
        Example {
            args: r#"{"word": "oat"}"#,
            response: "Ovens are hot\nTake care\nAll day long",
            satisfied: false,
        },
        Example { args: r#"{"word": "oat"}"#, response: "Ovens\nall day", satisfied: false },
    ],
    deviations: &[],
};

/// The word in lower case.
fn word(args: &Reader<'_>) -> Result<String> {
    let word = args.text("word")?;
    match !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphabetic()) {
        true => Ok(word.to_ascii_lowercase()),
        false => Err(args.fault("word", "is not a word of the letters a to z")),
    }
}

fn spelled(text: &Text<'_>, word: &str) -> Verdict {
    let lines = text.lines().take(word.len());
    let initials = lines.map(|line| line.chars().find(|c| c.is_alphabetic()).unwrap_or('-'));
    let found: String = initials.map(|c| c.to_ascii_lowercase()).collect();
    let good = found.chars().zip(word.chars()).filter(|(a, b)| a == b).count() as u64;
    let total = word.len() as u64;
    let note = format!("{good} of {total} letters: the lines spell {}", quote(&found));
    Verdict::share(good, total, note)
}
