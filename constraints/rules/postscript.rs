//! `detectable_content:postscript`: a postscript after its marker (IFEval).

use serde_json::json;

use super::pattern;
use super::phrase::is_word;
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::chars::is_space;
use crate::python::pattern::Flags;
use crate::python::strings::{lower, strip};
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::verdict::Verdict;

const KEY: &str = "postscript_marker";

pub(super) static RULE: Rule = Rule {
    id: "detectable_content:postscript",
    about: "A postscript that starts with the marker, whatever its case. Official: `P.S.` and \
            `P.P.S` with spaces allowed after the dots, other markers as Python regular \
            expressions, anywhere in the text. Corrected: at the start of a line, text after it.",
    schema: r#"{
        "properties": {"postscript_marker": {"type": "string"}},
        "required": ["postscript_marker"]
    }"#,
    texts: |_| {
        Ok(&[
            "At the end of your response, add a postscript starting with {postscript_marker}",
            "Close with a postscript that begins with {postscript_marker}",
            "Your response needs a postscript after its main text, introduced by \
             {postscript_marker}",
            "Do not forget to finish with a postscript; it has to start with {postscript_marker}",
        ])
    },
    sample: |draw| args([(KEY, json!(draw.pick(&["P.S.", "P.P.S"])))]),
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands: |args| Ok(vec![Demand::Postscript(strip(args.text(KEY)?).to_owned())]),
    examples: &[
        Example {
            args: r#"{"postscript_marker": "P.S."}"#,
            response: "See you.\n\nP.S. Bring bread.",
            satisfied: true,
        },
        Example {
            args: r#"{"postscript_marker": "P.P.S"}"#,
            response: "See you.\n**p. p. s.** Bring bread.",
            satisfied: true,
        },
        Example {
            args: r#"{"postscript_marker": "P.P.S"}"#,
            response: "See you.\nP.S. Bring bread.",
            satisfied: false,
        },
        Example {
            args: r#"{"postscript_marker": "P.S."}"#,
            response: "See you. Bring bread.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "a marker inside a word is no postscript",
            args: r#"{"postscript_marker": "P.S."}"#,
            response: "The cap.s. are sold out.",
            official: true,
        },
        Deviation {
            reason: "a marker without text after it is no postscript",
            args: r#"{"postscript_marker": "P.S."}"#,
            response: "See you.\nP.S.",
            official: true,
        },
        Deviation {
            reason: "a marker is text: its punctuation is no pattern",
            args: r#"{"postscript_marker": "N.B."}"#,
            response: "See you.\nnebx here",
            official: true,
        },
    ],
};

fn verdict(found: bool) -> Verdict {
    if found { Verdict::pass("a postscript") } else { Verdict::fail("no postscript") }
}

/// `\s*` before the marker and `.*$` after it match everywhere, so only the marker is searched.
fn official(args: &Reader<'_>) -> Result<Check> {
    let marker = strip(args.text(KEY)?);
    match marker {
        "P.P.S" => check(|text| verdict(has_spelled(text.lower(), &["p.", "p.", "s"]))),
        "P.S." => check(|text| verdict(has_spelled(text.lower(), &["p.", "s."]))),
        _ => {
            let marker = lower(marker).into_owned();
            if pattern::is_plain(&marker) {
                return check(move |text| verdict(text.lower().contains(&marker)));
            }
            let pattern = format!(r"\s*{marker}.*$");
            let search = pattern::prepare(args, KEY, &pattern, Flags::MULTI_LINE)?;
            check(move |text| match search.pattern() {
                Ok(pattern) => verdict(pattern.is_match(text.lower())),
                Err(fault) => fault,
            })
        }
    }
}

/// Whether the parts stand somewhere in a row, one white-space character at most between two.
fn has_spelled(text: &str, parts: &[&str]) -> bool {
    let starts = |at: usize| {
        let mut rest = &text[at..];
        parts.iter().enumerate().all(|(i, part)| {
            let spaced = if i > 0 { rest.strip_prefix(is_space).unwrap_or(rest) } else { rest };
            let after = spaced.strip_prefix(part);
            rest = after.unwrap_or("");
            after.is_some()
        })
    };
    memchr::memmem::find_iter(text.as_bytes(), "p.").any(starts)
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let marker = lower(args.text(KEY)?).chars().filter(|c| !is_space(*c)).collect::<String>();
    if marker.is_empty() {
        return Err(args.fault(KEY, "is blank"));
    }
    check(move |text| {
        let lowered = text.lower();
        let starts = memchr::memchr_iter(b'\n', lowered.as_bytes()).map(|at| at + 1);
        verdict(std::iter::once(0).chain(starts).any(|at| opens(&lowered[at..], &marker)))
    })
}

/// Whether a text opens with the marker, spaces between its characters and Markdown marks before
/// it allowed, and goes on with a word.
fn opens(text: &str, marker: &str) -> bool {
    let is_decoration = |c| c == ' ' || c == '\t' || matches!(c, '#' | '*' | '_' | '>' | '-');
    let mut rest = text.trim_start_matches(is_decoration);
    for c in marker.chars() {
        match rest.trim_start_matches([' ', '\u{a0}']).strip_prefix(c) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    let ends_in_word = marker.chars().next_back().is_some_and(is_word);
    let inside_word = ends_in_word && rest.chars().next().is_some_and(|c| is_word(c) && c != '_');
    !inside_word && rest.chars().any(|c| is_word(c) && c != '_')
}
