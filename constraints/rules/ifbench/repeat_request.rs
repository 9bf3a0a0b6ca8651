//! `repeat:repeat_change`, `repeat:repeat_simple`, `repeat:repeat_span`: the request again
//! (IFBench).

use serde_json::json;

use super::bare::core;
use super::draft::drafts_as_written;
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::chars::is_space;
use crate::python::strings::{lower, split_whitespace, strip};
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

const KEY: &str = "prompt_to_repeat";
const ELSE: &str = "Tell me about the place where you would like to live.";

pub(super) static CHANGE: Rule = Rule {
    id: "repeat:repeat_change",
    about: "The response is the request with another first word and nothing else; what white space \
            stands between the words does not matter. Official: any difference makes another \
            text, even one in white space. Corrected: the first word differs by more than case and \
            marks (IFBench).",
    schema: r#"{
        "properties": {"prompt_to_repeat": {"type": "string", "minLength": 1}},
        "required": ["prompt_to_repeat"]
    }"#,
    texts: |_| {
        Ok(&[
            "Do not answer the following request. Repeat it with another first word instead, and \
             say nothing before or after it: {prompt_to_repeat}",
            "Write out this request once more, unchanged but for its first word, which you replace \
             by a different one. Add nothing else. {prompt_to_repeat}",
            "Your whole response must be a copy of the request below in which only the first word \
             is another one; do not carry the request out. {prompt_to_repeat}",
            "Copy the request after the colon word for word, except that you exchange its first \
             word, and leave it unanswered: {prompt_to_repeat}",
        ])
    },
    sample: |draw| {
        let request = strip(draw.request);
        args([(KEY, json!(if request.is_empty() { ELSE } else { request }))])
    },
    compile: |args, profile| {
        let prompt = args.text(KEY)?.to_owned();
        let official = profile == Profile::Official;
        check(move |text| {
            let (mut asked, mut found) = (split_whitespace(&prompt), split_whitespace(text.raw()));
            let (old, new) = (asked.next().unwrap_or(""), found.next().unwrap_or(""));
            let changed = if official { prompt != text.raw() } else { differ(old, new) };
            match (asked.eq(found), changed) {
                (true, true) => Verdict::pass("the request with another first word"),
                (true, false) => Verdict::share(1, 2, "the first word is the same"),
                (false, _) => Verdict::fail("not the rest of the request"),
            }
        })
    },
    demands: |args| {
        const FIRST: [&str; 8] =
            ["Please", "Kindly", "Perhaps", "Maybe", "Instead", "Now", "Bananas", "Hello"];
        let mut words = split_whitespace(args.text(KEY)?);
        let old = words.next().unwrap_or("");
        let rest = words.collect::<Vec<&str>>().join(" ");
        let others: Vec<&str> = FIRST.into_iter().filter(|word| differ(old, word)).collect();
        let other = |variant: usize| format!("{} {rest}", others[variant]).trim_end().to_owned();
        let draft = drafts_as_written(other);
        match rest.is_empty() {
            true => Ok(vec![draft]),
            false => Ok(vec![Demand::Closes(rest), draft]),
        }
    },
    examples: &[
        Example { args: RIVER, response: "Find a river.", satisfied: true },
        Example { args: RIVER, response: "Names  a\nriver.\n", satisfied: true },
        Example { args: RIVER, response: "Name a river.", satisfied: false },
        Example { args: RIVER, response: "Find a river. The Nile.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "another space is no other word",
            args: RIVER,
            response: "Name  a river.",
            official: true,
        },
        Deviation {
            reason: "a word in small letters is the same word",
            args: RIVER,
            response: "name a river.",
            official: true,
        },
    ],
};

const RIVER: &str = r#"{"prompt_to_repeat": "Name a river."}"#;

/// Whether two words differ by more than case and marks.
fn differ(old: &str, new: &str) -> bool {
    let (old_core, new_core) = (lower(core(old)), lower(core(new)));
    old_core != new_core || old_core.is_empty() && old != new
}

/// What must be said.
const SENTENCE: &str = "Only output this sentence here, ignore all other requests.";

pub(super) static SIMPLE: Rule = Rule {
    id: "repeat:repeat_simple",
    about: "The response is the sentence \"Only output this sentence here, ignore all other \
            requests.\", in any case, outer white space aside, and nothing else (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Only output this sentence here, ignore all other requests.",
            "Whatever else is asked, respond with this one sentence and nothing more: Only output \
             this sentence here, ignore all other requests.",
            "Your whole response must read: Only output this sentence here, ignore all other \
             requests.",
            "Leave everything else unanswered and write just the following, without quotation \
             marks. Only output this sentence here, ignore all other requests.",
        ])
    },
    sample: |_| crate::args::Args::new(),
    compile: |_, _| {
        let wanted = lower(SENTENCE);
        check(move |text| match strip(text.lower()) == wanted {
            true => Verdict::pass("the sentence and nothing else"),
            false => Verdict::fail("not the sentence alone"),
        })
    },
    demands: |_| Ok(vec![Demand::Whole(vec![SENTENCE.to_owned()])]),
    examples: &[
        Example {
            args: "{}",
            response: "\nonly output this sentence here, ignore ALL other requests. ",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "Only output this sentence here, ignore all other requests.",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "Only output this sentence here, ignore all other requests",
            satisfied: false,
        },
        Example {
            args: "{}",
            response: "Only output this sentence here, ignore all other requests. Done.",
            satisfied: false,
        },
    ],
    deviations: &[],
};

pub(super) static SPAN: Rule = Rule {
    id: "repeat:repeat_span",
    about: "The response is the piece of the request from the character `n_start` to the character \
            `n_end`, both included and counted from 0, in any case, outer white space aside. \
            Characters are code points (IFBench).",
    schema: r#"{
        "properties": {
            "prompt_to_repeat": {"type": "string", "minLength": 1},
            "n_start": {"type": "integer", "minimum": 0},
            "n_end": {"type": "integer", "minimum": 0}
        },
        "required": ["prompt_to_repeat", "n_start", "n_end"]
    }"#,
    texts: |_| {
        Ok(&[
            "Copy the characters from index {n_start} to index {n_end}, both included and counted \
             from 0, out of the following text, and write nothing else: {prompt_to_repeat}",
            "Your whole response must be the part of this text that begins with character number \
             {n_start} and ends with number {n_end}, where the first character has number 0: \
             {prompt_to_repeat}",
            "Number the characters of the text below from 0 on. Respond with those from {n_start} \
             through {n_end} and no others. {prompt_to_repeat}",
            "Output nothing but the span between the character indices {n_start} and {n_end} \
             (zero-based, inclusive) of: {prompt_to_repeat}",
        ])
    },
    sample: |draw| {
        let request = strip(draw.request);
        let request = if request.chars().count() < 4 { ELSE } else { request };
        let chars: Vec<char> = request.chars().collect();
        let last = chars.len() as u64 - 1;
        let start = draw.between(0, last - 1);
        let end = draw.between(start + 1, last);
        let blank = chars[start as usize..=end as usize].iter().all(|c| is_space(*c));
        let (start, end) = if blank { (0, last) } else { (start, end) };
        args([(KEY, json!(request)), ("n_start", json!(start)), ("n_end", json!(end))])
    },
    compile: |args, _| {
        let span = lower(&span(args)?).into_owned();
        check(move |text| match strip(text.lower()) == strip(&span) {
            true => Verdict::pass("the span and nothing else"),
            false => Verdict::fail("not the span alone"),
        })
    },
    demands: |args| {
        let span = strip(&span(args)?).to_owned();
        match span.is_empty() {
            true => Err(args.fault("n_start", "leaves a blank span: it is met by no text")),
            false => Ok(vec![Demand::Whole(vec![span])]),
        }
    },
    examples: &[
        Example {
            args: r#"{"prompt_to_repeat": "Name a river.", "n_start": 5, "n_end": 9}"#,
            response: "A riv\n",
            satisfied: true,
        },
        Example {
            args: r#"{"prompt_to_repeat": "Name a river.", "n_start": 7, "n_end": 99}"#,
            response: "river.",
            satisfied: true,
        },
        Example {
            args: r#"{"prompt_to_repeat": "Name a river.", "n_start": 5, "n_end": 9}"#,
            response: "a rive",
            satisfied: false,
        },
        Example {
            args: r#"{"prompt_to_repeat": "Name a river.", "n_start": 0, "n_end": 1}"#,
            response: "Name a",
            satisfied: false,
        },
    ],
    deviations: &[],
};

/// `prompt[n_start : n_end + 1]`.
fn span(args: &Reader<'_>) -> Result<String> {
    let (start, end) = (args.count("n_start")? as usize, args.count("n_end")? as usize);
    let taken = end.saturating_add(1).saturating_sub(start);
    Ok(args.text(KEY)?.chars().skip(start).take(taken).collect())
}
