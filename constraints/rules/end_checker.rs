//! `startend:end_checker`: the response ends with a phrase (IFEval).

use serde_json::json;

use super::phrase::Phrase;
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::chars::is_space;
use crate::python::strings::{lower, strip};
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::verdict::Verdict;

const KEY: &str = "end_phrase";

pub(super) static RULE: Rule = Rule {
    id: "startend:end_checker",
    about: "The response ends with the phrase, whatever its case. Official: after white space, \
            then straight double quotes were taken off the response, and also inside a word. \
            Corrected: quotes of both shapes, asterisks and white space are taken off in any \
            order, off the phrase too, and the phrase starts at a word's start.",
    schema: r#"{
        "properties": {"end_phrase": {"type": "string"}},
        "required": ["end_phrase"]
    }"#,
    texts: |_| {
        Ok(&[
            "Finish your response with this exact phrase: \"{end_phrase}\" No other words should \
             follow it.",
            "The very last words of your answer must be \"{end_phrase}\"",
            "End your response with \"{end_phrase}\" and write nothing after that.",
            "Conclude with exactly this and nothing else behind it: \"{end_phrase}\"",
        ])
    },
    sample: |draw| args([(KEY, json!(draw.pick(&PHRASES)))]),
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands: |args| Ok(vec![Demand::Closes(strip(args.text(KEY)?).to_owned())]),
    examples: &[
        Example {
            args: r#"{"end_phrase": "That is all."}"#,
            response: "We ate. that is all.\n",
            satisfied: true,
        },
        Example {
            args: r#"{"end_phrase": "That is all."}"#,
            response: "“We ate. That is all.”",
            satisfied: true,
        },
        Example {
            args: r#"{"end_phrase": "That is all."}"#,
            response: "That is all. Bye!",
            satisfied: false,
        },
        Example {
            args: r#"{"end_phrase": "That is all."}"#,
            response: "That is all",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "white space between the phrase and a quotation mark changes nothing",
            args: r#"{"end_phrase": "Peace!"}"#,
            response: "\"We wish you Peace! \"",
            official: false,
        },
        Deviation {
            reason: "curly quotation marks are quotation marks",
            args: r#"{"end_phrase": "Peace!"}"#,
            response: "“We wish you Peace!”",
            official: false,
        },
        Deviation {
            reason: "the end of a longer word is not the phrase",
            args: r#"{"end_phrase": "art."}"#,
            response: "This is only the start.",
            official: true,
        },
    ],
};

const PHRASES: [&str; 14] = [
    "That is all there is to say.",
    "Thank you for reading to the end.",
    "What would you have done?",
    "And so the story ends.",
    "Let me know what you think.",
    "The rest is up to you.",
    "Until we meet again!",
    "Nothing more needs to be added.",
    "Now it is your turn.",
    "Take good care of yourself.",
    "I hope that this was of use.",
    "Which of these would you pick?",
    "Here my answer comes to its close.",
    "Always keep that in mind.",
];

fn verdict(ends: bool) -> Verdict {
    match ends {
        true => Verdict::pass("ends with the phrase"),
        false => Verdict::fail("does not end with the phrase"),
    }
}

/// To lower case changes neither white space nor quotes, so it may come before they are stripped.
fn official(args: &Reader<'_>) -> Result<Check> {
    let phrase = lower(strip(args.text(KEY)?)).into_owned();
    check(move |text| verdict(strip(text.lower()).trim_matches('"').ends_with(&phrase)))
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let phrase = Phrase::new(args.text(KEY)?.trim_matches(is_wrapping));
    let phrase = phrase.ok_or_else(|| args.fault(KEY, "is blank"))?;
    check(move |text| verdict(phrase.closes(text.lower().trim_end_matches(is_wrapping))))
}

fn is_wrapping(c: char) -> bool {
    is_space(c) || matches!(c, '"' | '“' | '”' | '„' | '*')
}
