//! `format:heading`: a Markdown heading with a given text.

use serde_json::json;

use super::fences::{lines_outside, partly};
use super::wording::quote;
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::python::strings;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "format:heading",
    about: "Some line is a Markdown heading (`#` marks) of this level with this text, in any \
            case; marks at its end and fenced code are passed over. Degree 1/2 for the text at \
            another level.",
    schema: r#"{"properties": {
        "level": {"type": "integer", "minimum": 1, "maximum": 6},
        "text": {"type": "string", "minLength": 1, "maxLength": 100}
    }, "required": ["level", "text"]}"#,
    texts: |_| {
        Ok(&[
            "Include a level {level} Markdown heading with the text \"{text}\".",
            "Your response must have a Markdown heading of level {level} that reads \"{text}\".",
            "Put the title \"{text}\" into a Markdown heading, level {level} (one # for each \
             level).",
            "Use \"{text}\" as the whole text of a Markdown heading of level {level}.",
        ])
    },
    sample: |draw| {
        let text = match draw.between(0, 2) {
            0 => draw.noun().to_owned(),
            1 => format!("about the {}", draw.noun()),
            _ => draw
                .pick(&["Summary", "Overview", "Next steps", "Background", "Details", "Outlook"])
                .to_owned(),
        };
        args([("level", json!(draw.between(1, 6))), ("text", json!(text))])
    },
    compile: |args, _| {
        let (level, wanted) = heading(args)?;
        let wanted = strings::lower(wanted).into_owned();
        check(move |text| judge(text.raw(), level, &wanted))
    },
    demands: |args| {
        let (level, text) = heading(args)?;
        Ok(vec![Demand::Heading(level, text.to_owned())])
    },
    examples: &[
        Example {
            args: r#"{"level": 2, "text": "Next steps"}"#,
            response: "# Plan\n\n## Next Steps ##\r\nBake.",
            satisfied: true,
        },
        Example {
            args: r##"{"level": 1, "text": "C#"}"##,
            response: "#  C#\nA language.",
            satisfied: true,
        },
        Example {
            args: r#"{"level": 2, "text": "Next steps"}"#,
            response: "### Next steps\nBake.",
            satisfied: false,
        },
        Example {
            args: r#"{"level": 2, "text": "Next steps"}"#,
            response: "## Next steps for all\n```\n## Next steps\n```",
            satisfied: false,
        },
        Example {
            args: r#"{"level": 2, "text": "Next steps"}"#,
            response: "##Next steps",
            satisfied: false,
        },
    ],
    deviations: &[],
};

fn heading<'a>(args: &Reader<'a>) -> Result<(u8, &'a str)> {
    let level = match args.count("level")? {
        level @ 1..=6 => level as u8,
        _ => return Err(args.fault("level", "is not between 1 and 6")),
    };
    let text = args.text("text")?;
    let line = format!("# {text}");
    match read(&line) {
        Some((_, read)) if read == text && !text.contains(['\n', '\r']) => Ok((level, text)),
        _ => Err(args.fault("text", "cannot be the text of a heading as it is")),
    }
}

fn judge(response: &str, level: u8, wanted: &str) -> Verdict {
    let mut headings = 0;
    let mut other = None;
    for (found, text) in lines_outside(response).filter_map(read) {
        headings += 1;
        if strings::lower(text) == wanted {
            if found == level {
                return Verdict::pass("has the heading asked for");
            }
            other = Some(found);
        }
    }
    match other {
        Some(found) => partly(0.5, format!("the heading has level {found}, asked for {level}")),
        None => Verdict::fail(format!("{headings} headings, none reads {}", quote(wanted))),
    }
}

/// Level and text of the heading that a line is.
fn read(line: &str) -> Option<(u8, &str)> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let rest = line.trim_start_matches(' ').trim_start_matches('#');
    let marks = line.trim_start_matches(' ').len() - rest.len();
    if !(1..=6).contains(&marks) || !rest.starts_with([' ', '\t']) {
        return None;
    }
    let text = strings::strip(rest);
    let open = text.trim_end_matches('#');
    let closed = open.len() < text.len() && open.ends_with([' ', '\t']);
    Some((marks as u8, if closed { strings::rstrip(open) } else { text }))
}
