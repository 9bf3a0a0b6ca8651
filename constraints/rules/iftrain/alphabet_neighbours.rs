//! `keywords:no_adjacent_consecutive`: no two words in a row start with letters that follow on each
//! other in the alphabet (open-instruct).

use super::drafts::{capital, nouns};
use crate::args::Args;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::strings::{lower, split_whitespace};
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::wording::{initial, words};
use crate::text::Text;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "keywords:no_adjacent_consecutive",
    about: "No word starts with the letter that comes in the alphabet directly after the first \
            letter of the word before it, in any case. Official: the first characters of what \
            white space sets apart, by code points, digits and signs included. Corrected: words \
            and the letters from a to z (open-instruct).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "No two adjacent words can start with consecutive letters of the alphabet, such as \
             \"apple\" and then \"bread\".",
            "Never let a word that starts with some letter be followed by one that starts with \
             the next letter of the alphabet.",
            "Avoid neighbouring words whose first letters follow on each other in the alphabet, as \
             \"red sky\" does.",
            "Two words in a row must not begin with a letter and its successor in the alphabet.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(official),
        Profile::Corrected => check(corrected),
    },
    demands: |_| Ok(vec![Demand::Draft((0..5).map(draft).collect())]),
    examples: &[
        Example { args: "{}", response: "Bread and oil", satisfied: true },
        Example { args: "{}", response: "Steps 1, 2 and 3", satisfied: true },
        Example { args: "{}", response: "Fresh apple (Bread later)", satisfied: false },
        Example { args: "{}", response: "A red\nSky", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "digits are no letters",
            args: "{}",
            response: "Steps 1 2 3",
            official: false,
        },
        Deviation {
            reason: "a bracket or quotation mark does not hide the first letter",
            args: "{}",
            response: "An apple (bread later)",
            official: true,
        },
    ],
};

fn judge(found: u64) -> Verdict {
    Verdict::count(found, Bound::NONE, "neighbours with consecutive first letters")
}

fn official(text: &Text<'_>) -> Verdict {
    let mut found = 0;
    let mut before: Option<Option<char>> = None;
    for word in split_whitespace(text.raw()) {
        let first = word.chars().next().and_then(single_lower);
        if let Some(before) = before {
            let (Some(a), Some(b)) = (before, first) else {
                return Verdict::fail("a first letter is two characters in lower case");
            };
            found += u64::from(follows(a, b));
        }
        before = Some(first);
    }
    judge(found)
}

/// The lower-case form of a character, if that is one character.
fn single_lower(c: char) -> Option<char> {
    let mut buffer = [0; 4];
    let lowered = lower(c.encode_utf8(&mut buffer));
    let mut chars = lowered.chars();
    let first = chars.next();
    first.filter(|_| chars.next().is_none())
}

/// Whether `b` has the code point after that of `a`.
fn follows(a: char, b: char) -> bool {
    a as u32 + 1 == b as u32
}

fn corrected(text: &Text<'_>) -> Verdict {
    let letter = |word| initial(word).filter(char::is_ascii_lowercase);
    let mut before = None;
    let mut found = 0;
    for word in words(text.lower()) {
        let first = letter(word);
        found += u64::from(before.zip(first).is_some_and(|(a, b)| follows(a, b)));
        before = first;
    }
    judge(found)
}

fn draft(turn: usize) -> String {
    let mut text: Vec<&str> = Vec::new();
    for noun in nouns(turn) {
        let ends = |word: &&str| word.chars().next();
        let clash = text.last().and_then(ends).zip(ends(&noun));
        if !clash.is_some_and(|(a, b)| follows(a, b)) {
            text.push(noun);
        }
        if text.len() >= 6 + 12 * turn {
            break;
        }
    }
    let sentences = text.chunks(8).map(|words| format!("{}.", capital(&words.join(" "))));
    sentences.collect::<Vec<String>>().join(" ")
}
