//! `length_constraints:nth_paragraph_first_word`: paragraphs, and how one starts (IFEval).

use serde_json::json;

use super::phrase::{Phrase, is_word};
use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::strings::{lower, split_whitespace, strip};
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "length_constraints:nth_paragraph_first_word",
    about: "Exactly so many paragraphs with blank lines between, the nth of which starts with \
            the word, whatever its case. Official: pieces between two line feeds, blank ones not \
            counted but numbered; the word ends at the first of `.,?!'\"`. Corrected: blank \
            pieces are not numbered either, and marks before the word are skipped.",
    schema: r#"{
        "properties": {
            "num_paragraphs": {"type": "integer", "minimum": 1},
            "nth_paragraph": {"type": "integer", "minimum": 1},
            "first_word": {"type": "string"}
        },
        "required": ["num_paragraphs", "nth_paragraph", "first_word"]
    }"#,
    texts: |_| {
        Ok(&[
            "There should be exactly {num_paragraphs:paragraph}, separated by two line breaks. \
             The {nth_paragraph#} paragraph must start with the word \"{first_word}\".",
            "Write exactly {num_paragraphs:paragraph} with a blank line between them, and begin \
             paragraph {nth_paragraph} with \"{first_word}\".",
            "Your response must consist of {num_paragraphs:paragraph}, no more and no fewer, set \
             apart by blank lines. The first word of the {nth_paragraph#} one is \"{first_word}\".",
            "Use a blank line to separate paragraphs and write precisely {num_paragraphs} of \
             them; let the {nth_paragraph#} open with \"{first_word}\".",
        ])
    },
    sample: |draw| {
        const STARTERS: [&str; 12] = [
            "today", "however", "first", "finally", "many", "when", "although", "imagine",
            "perhaps", "every", "most", "once",
        ];
        let n = draw.between(2, 7);
        let nth = draw.between(1, n);
        let word = if draw.coin() { draw.pick(&STARTERS) } else { draw.noun() };
        args([
            ("num_paragraphs", json!(n)),
            ("nth_paragraph", json!(nth)),
            ("first_word", json!(word)),
        ])
    },
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands: |args| {
        let (n, nth) = numbers(args)?;
        let word = args.text("first_word")?.to_owned();
        Ok(vec![
            Demand::Count(Unit::Paragraphs, Bound::exactly(n)),
            Demand::ParagraphStart(nth, word),
        ])
    },
    examples: EXAMPLES,
    deviations: &[
        Deviation {
            reason: "marks of emphasis are not a part of the first word",
            args: r#"{"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "bread"}"#,
            response: "**Bread** is old.",
            official: false,
        },
        Deviation {
            reason: "an empty piece between further blank lines is no paragraph to be numbered",
            args: r#"{"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "salt"}"#,
            response: "Bread first.\n\n\n\nSalt next.",
            official: false,
        },
        Deviation {
            reason: "a word with an apostrophe can be asked for",
            args: r#"{"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "it's"}"#,
            response: "It's late.",
            official: false,
        },
    ],
};

const EXAMPLES: &[Example] = &[
    Example {
        args: r#"{"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "salt"}"#,
        response: "Bread first.\n\nSalt, then.",
        satisfied: true,
    },
    Example {
        args: r#"{"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "bread"}"#,
        response: "\"Bread!\" they said.",
        satisfied: true,
    },
    Example {
        args: r#"{"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "salt"}"#,
        response: "Bread first.\n\nThen salt.",
        satisfied: false,
    },
    Example {
        args: r#"{"num_paragraphs": 2, "nth_paragraph": 1, "first_word": "bread"}"#,
        response: "Bread first.\nSalt next.",
        satisfied: false,
    },
];

/// The number of paragraphs and which of them is looked at: the official scorer would draw another
/// one at random where there is none of that number.
fn numbers(args: &Reader<'_>) -> Result<(u64, u64)> {
    let (n, nth) = (args.count("num_paragraphs")?, args.count("nth_paragraph")?);
    if nth == 0 || nth > n {
        return Err(args.fault("nth_paragraph", format!("is not between 1 and {n} paragraphs")));
    }
    Ok((n, nth))
}

/// The paragraphs and, where their number is right, the first word.
fn judge(found: u64, n: u64, is_first_word: impl FnOnce() -> bool) -> Verdict {
    if found != n {
        return Verdict::count(found, Bound::exactly(n), "paragraphs");
    }
    match is_first_word() {
        true => Verdict::pass("the paragraph starts with the word"),
        false => Verdict::share(1, 2, "the paragraph does not start with the word"),
    }
}

fn official(args: &Reader<'_>) -> Result<Check> {
    let (n, nth) = numbers(args)?;
    let word = lower(args.text("first_word")?).into_owned();
    check(move |text| {
        let pieces = || text.raw().split("\n\n");
        let found = pieces().filter(|piece| !strip(piece).is_empty()).count() as u64;
        judge(found, n, || {
            let first = pieces().nth(nth as usize - 1).and_then(|p| split_whitespace(p).next());
            first.is_some_and(|first| is_official_word(first, &word))
        })
    })
}

/// Whether a token, cut at the first mark and put into lower case character by character, is the
/// word.
fn is_official_word(token: &str, word: &str) -> bool {
    let token = token.trim_start_matches('\'').trim_start_matches('"');
    let token = token.split(['.', ',', '?', '!', '\'', '"']).next().unwrap_or("");
    let mut rest = word;
    let mut small = [0; 4];
    token.chars().all(|c| {
        let after = rest.strip_prefix(&*lower(c.encode_utf8(&mut small)));
        rest = after.unwrap_or("");
        after.is_some()
    }) && rest.is_empty()
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let (n, nth) = numbers(args)?;
    let word = strip(args.text("first_word")?);
    let bare = word.trim_start_matches(|c| !is_word(c));
    let (phrase, skips_marks) = match (Phrase::new(bare), Phrase::new(word)) {
        (Some(phrase), _) => (phrase, true),
        (None, Some(marks)) => (marks, false),
        (None, None) => return Err(args.fault("first_word", "is blank")),
    };
    check(move |text| {
        let paragraphs = text.paragraphs();
        judge(paragraphs.len() as u64, n, || {
            let Some(paragraph) = paragraphs.get(nth as usize - 1) else { return false };
            let paragraph = strip(paragraph);
            let first = match skips_marks {
                true => paragraph.trim_start_matches(|c| !is_word(c) || c == '_'),
                false => paragraph,
            };
            phrase.opens(&lower(first))
        })
    })
}
