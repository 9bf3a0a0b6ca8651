//! `combination:repeat_prompt`: the request is repeated before the answer (IFEval).

use serde_json::json;

use super::phrase::is_word;
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::chars::is_space;
use crate::python::strings::{lower, split_whitespace, strip};
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::verdict::Verdict;

const KEY: &str = "prompt_to_repeat";

pub(super) static RULE: Rule = Rule {
    id: "combination:repeat_prompt",
    about: "The response starts with the request, whatever its case. Official: character by \
            character. Corrected: word by word, whatever white space is between, with quotation or \
            Markdown marks before it, and to the end of a word.",
    schema: r#"{
        "properties": {"prompt_to_repeat": {"type": "string", "minLength": 1}},
        "required": ["prompt_to_repeat"]
    }"#,
    texts: |_| {
        Ok(&[
            "First repeat the request word for word without change, then give your answer. Do not \
             say anything before repeating it. The request to repeat is: {prompt_to_repeat}",
            "Begin your response with an exact copy of this request and answer only after that: \
             {prompt_to_repeat}",
            "Before answering, write out the following request again without altering a word, \
             with nothing ahead of it: {prompt_to_repeat}",
            "Your response must open with this text, copied word for word, and go on with the \
             answer: {prompt_to_repeat}",
        ])
    },
    sample: |draw| {
        const ELSE: &str = "Tell me about the place where you would like to live.";
        let request = strip(draw.request);
        args([(KEY, json!(if request.is_empty() { ELSE } else { request }))])
    },
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands: |args| Ok(vec![Demand::Opens(strip(args.text(KEY)?).to_owned())]),
    examples: &[
        Example {
            args: r#"{"prompt_to_repeat": "Name a river."}"#,
            response: "Name a river.\n\nThe Nile.",
            satisfied: true,
        },
        Example {
            args: r#"{"prompt_to_repeat": "Name a river."}"#,
            response: "“NAME  a river.” The Nile.",
            satisfied: true,
        },
        Example {
            args: r#"{"prompt_to_repeat": "Name a river."}"#,
            response: "Sure! Name a river. The Nile.",
            satisfied: false,
        },
        Example {
            args: r#"{"prompt_to_repeat": "Name a river."}"#,
            response: "Name one river. The Nile.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "quotation marks around the request do not change it",
            args: r#"{"prompt_to_repeat": "Name a river."}"#,
            response: "\"Name a river.\" The Nile.",
            official: false,
        },
        Deviation {
            reason: "a line break in place of a space does not change the request",
            args: r#"{"prompt_to_repeat": "Name a river."}"#,
            response: "Name a\nriver. The Nile.",
            official: false,
        },
        Deviation {
            reason: "a longer word at the end changes the request",
            args: r#"{"prompt_to_repeat": "Name a river"}"#,
            response: "Name a riverbank: Seine.",
            official: true,
        },
    ],
};

fn verdict(repeated: bool) -> Verdict {
    match repeated {
        true => Verdict::pass("starts with the request"),
        false => Verdict::fail("does not start with the request"),
    }
}

fn official(args: &Reader<'_>) -> Result<Check> {
    let prompt = lower(strip(args.text(KEY)?)).into_owned();
    check(move |text| verdict(strip(text.lower()).starts_with(&prompt)))
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let prompt = lower(args.text(KEY)?).into_owned();
    let words: Vec<String> =
        split_whitespace(prompt.trim_start_matches(is_mark)).map(str::to_owned).collect();
    let Some((last, first)) = words.split_last() else {
        return Err(args.fault(KEY, "has no word to repeat"));
    };
    let (last, first) = (last.clone(), first.to_vec());
    check(move |text| {
        let mut found = split_whitespace(text.lower().trim_start_matches(is_mark));
        let starts = first.iter().all(|word| found.next() == Some(word));
        let rest = found.next().and_then(|word| word.strip_prefix(&last));
        let ends_in_word = last.chars().next_back().is_some_and(is_word);
        let goes_on = |rest: &str| ends_in_word && rest.chars().next().is_some_and(is_word);
        verdict(starts && rest.is_some_and(|rest| !goes_on(rest)))
    })
}

/// White space, quotation marks and the marks of Markdown.
fn is_mark(c: char) -> bool {
    is_space(c) || matches!(c, '"' | '“' | '”' | '„' | '«' | '\'' | '‘' | '*' | '_' | '>' | '#')
}
