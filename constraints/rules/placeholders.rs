//! `detectable_content:number_placeholders`: how many `[placeholders]` (IFEval).

use serde_json::json;

use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::profile::Profile;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};

pub(super) static RULE: Rule = Rule {
    id: "detectable_content:number_placeholders",
    about: "At least so many placeholders in square brackets, each on one line. Official: from any \
            `[` to the next `]`. Corrected: with text inside, and neither the text of a Markdown \
            link nor a check box.",
    schema: r#"{
        "properties": {"num_placeholders": {"type": "integer", "minimum": 0}},
        "required": ["num_placeholders"]
    }"#,
    texts: |_| {
        Ok(&[
            "The response must contain at least {num_placeholders:placeholder} in square \
             brackets, such as [address].",
            "Leave {num_placeholders:placeholder} or more in square brackets, for example [name].",
            "Use no fewer than {num_placeholders:placeholder}, written in square brackets like \
             [date].",
            "Your answer needs a minimum of {num_placeholders:square-bracket placeholder}, such \
             as [city].",
        ])
    },
    sample: |draw| args([("num_placeholders", json!(draw.between(1, 10)))]),
    compile: |args, profile| {
        let bound = Bound::at_least(args.count("num_placeholders")?);
        let count = match profile {
            Profile::Official => |text: &str| text.split('\n').map(brackets).sum(),
            Profile::Corrected => |text: &str| text.split('\n').map(placeholders).sum(),
        };
        check(move |text| {
            let raw = text.raw();
            let any = memchr::memchr(b'[', raw.as_bytes()).is_some();
            let found = if any { count(raw) } else { 0 };
            crate::Verdict::count(found, bound, "placeholders")
        })
    },
    demands: |args| {
        let bound = Bound::at_least(args.count("num_placeholders")?);
        Ok(vec![Demand::Count(Unit::Placeholders, bound)])
    },
    examples: &[
        Example {
            args: r#"{"num_placeholders": 2}"#,
            response: "Dear [name], come to [place].",
            satisfied: true,
        },
        Example {
            args: r#"{"num_placeholders": 1}"#,
            response: "- [ ] call [first name]",
            satisfied: true,
        },
        Example { args: r#"{"num_placeholders": 2}"#, response: "Dear [name],", satisfied: false },
        Example {
            args: r#"{"num_placeholders": 1}"#,
            response: "Dear [first\nname],",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "empty brackets hold no place for anything",
            args: r#"{"num_placeholders": 1}"#,
            response: "The list is [] here.",
            official: true,
        },
        Deviation {
            reason: "the text of a link is no placeholder",
            args: r#"{"num_placeholders": 1}"#,
            response: "See [the guide](guide.html).",
            official: true,
        },
        Deviation {
            reason: "a check box is no placeholder",
            args: r#"{"num_placeholders": 1}"#,
            response: "- [x] done",
            official: true,
        },
    ],
};

/// The matches of `\[.*?\]` in one line.
fn brackets(line: &str) -> u64 {
    let bytes = line.as_bytes();
    let mut found = 0;
    let mut from = 0;
    while let Some(open) = memchr::memchr(b'[', &bytes[from..]).map(|n| from + n) {
        let Some(length) = memchr::memchr(b']', &bytes[open..]) else { break };
        found += 1;
        from = open + length + 1;
    }
    found
}

fn placeholders(line: &str) -> u64 {
    let bytes = line.as_bytes();
    let mut found = 0;
    let mut from = 0;
    while let Some(close) = memchr::memchr(b']', &bytes[from..]).map(|n| from + n) {
        if let Some(open) = memchr::memrchr(b'[', &bytes[from..close]).map(|n| from + n) {
            let inside = strip(&line[open + 1..close]);
            let is_link = bytes.get(close + 1) == Some(&b'(');
            let is_box = inside.eq_ignore_ascii_case("x") && is_list_marker(&line[..open]);
            found += u64::from(!inside.is_empty() && !is_link && !is_box);
        }
        from = close + 1;
    }
    found
}

/// Whether nothing but the marker of a list item stands before a bracket.
fn is_list_marker(before: &str) -> bool {
    let marker = strip(before);
    let number = marker.trim_end_matches(['.', ')']);
    let is_number = number.len() < marker.len() && number.bytes().all(|b| b.is_ascii_digit());
    matches!(marker, "-" | "*" | "+") || is_number
}
