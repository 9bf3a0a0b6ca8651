//! `format:no_markdown` and `format:single_paragraph`: plain text.

use super::fences::{Part, parts};
use crate::args::Args;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::python::strings;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static NO_MARKDOWN: Rule = Rule {
    id: "format:no_markdown",
    about: "None of Markdown's headings (`#`), bold (`**…**`, `__…__`), bullets (`-`, `*`, `+`), \
            block quotes (`>`), tables (`|---|`), fenced code and links (`[text](target)`). \
            Numbered lines and single asterisks are not looked at.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Do not use Markdown: no headings, bold text, bullet points, block quotes, tables, \
             code blocks or links.",
            "Write plain text without any Markdown headings, bold, bullets, quotes, tables, \
             fenced code or links.",
            "Your response must be free of Markdown formatting such as headings, bold text, \
             bullets, block quotes, tables, code fences and links.",
            "Answer in plain text; Markdown headings, bold text, bullets, block quotes, tables, \
             code fences and links are not allowed.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| check(|text| judge(text.raw())),
    demands: |_| {
        let units = [
            Unit::Headings,
            Unit::Bold,
            Unit::Bullets,
            Unit::BlockQuotes,
            Unit::TableRows,
            Unit::CodeBlocks,
            Unit::Links,
        ];
        Ok(units.map(|unit| Demand::Count(unit, Bound::NONE)).to_vec())
    },
    examples: &[
        Example {
            args: "{}",
            response: "We bake #1 bread [fresh] - 2 * 3 loaves > 5.\n1. Knead\n***\n| done",
            satisfied: true,
        },
        Example { args: "{}", response: "P.S. *Thanks* (a lot)", satisfied: true },
        Example { args: "{}", response: "## Bread\nis good", satisfied: false },
        Example { args: "{}", response: "Bread is **good**.", satisfied: false },
        Example { args: "{}", response: "Buy:\n- bread", satisfied: false },
        Example { args: "{}", response: "See [here](http://example.com).", satisfied: false },
        Example { args: "{}", response: "a | b\n--- | ---\n1 | 2", satisfied: false },
        Example { args: "{}", response: "```\nbread\n```", satisfied: false },
        Example { args: "{}", response: "> bread", satisfied: false },
    ],
    deviations: &[],
};

fn judge(response: &str) -> Verdict {
    let mut found = 0_u64;
    let mut first = None;
    for part in parts(response) {
        let (count, kind) = match part {
            Part::Fence(_) => (1, "fenced code"),
            Part::Line(line) => marks(strings::strip(line)),
        };
        if count > 0 {
            first.get_or_insert(kind);
        }
        found += count;
    }
    match first {
        None => Verdict::pass("no Markdown"),
        Some(kind) => {
            let degree = Bound::NONE.degree(found);
            let note = format!("{found} Markdown marks, asked for exactly 0; the first: {kind}");
            Verdict { degree, ..Verdict::fail(note) }
        }
    }
}

/// The marks in one line, and what they are.
fn marks(line: &str) -> (u64, &'static str) {
    let after = |marks: usize| line.as_bytes().get(marks).is_none_or(|b| matches!(b, b' ' | b'\t'));
    let hashes = line.bytes().take_while(|b| *b == b'#').count();
    match line.as_bytes().first() {
        Some(b'#') if hashes <= 6 && after(hashes) => return (1, "a heading"),
        Some(b'-' | b'*' | b'+') if after(1) => return (1, "a bullet"),
        Some(b'>') => return (1, "a block quote"),
        Some(b'|' | b'-' | b':') if is_table_rule(line) => return (1, "a table"),
        _ => {}
    }
    match (pairs(line, "**") + pairs(line, "__"), links(line)) {
        (0, 0) => (0, ""),
        (0, links) => (links, "a link"),
        (bold, links) => (bold + links, "bold text"),
    }
}

/// A row of bars, dashes and colons that holds both bars and dashes.
fn is_table_rule(line: &str) -> bool {
    let plain = line.bytes().all(|b| matches!(b, b'|' | b'-' | b':' | b' ' | b'\t'));
    plain && line.contains('|') && line.contains('-')
}

/// How many times `mark` stands around something that is not only marks.
fn pairs(line: &str, mark: &str) -> u64 {
    let sign = mark.as_bytes()[0];
    let pieces = line.split(mark).enumerate();
    let last = line.matches(mark).count();
    let inside = pieces.filter(|(at, piece)| {
        at % 2 == 1 && *at < last && piece.bytes().any(|b| b != sign && !b.is_ascii_whitespace())
    });
    inside.count() as u64
}

/// The links `[text](target)`.
fn links(line: &str) -> u64 {
    let mut found = 0;
    let mut rest = line;
    let mut open = false;
    while let Some(at) = rest.find(['[', ']']) {
        let bracket = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        if bracket == b'[' {
            open = true;
            continue;
        }
        let has_target = rest.starts_with('(') && memchr::memchr(b')', near(rest)).is_some();
        found += u64::from(open && has_target);
        open = false;
    }
    found
}

/// The bytes in which a link's target must end, which keeps the search linear.
fn near(rest: &str) -> &[u8] {
    const LONGEST: usize = 2048;
    &rest.as_bytes()[..rest.len().min(LONGEST)]
}

pub(super) static SINGLE_PARAGRAPH: Rule = Rule {
    id: "format:single_paragraph",
    about: "The response, outer whitespace aside, has no blank line.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Write your whole response as one single paragraph, without blank lines.",
            "Answer in exactly one paragraph; do not leave any blank line.",
            "Do not put a blank line anywhere: everything belongs to one paragraph.",
            "Your response must be a single paragraph with no blank lines in it.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| {
        check(|text| {
            let found = text.paragraphs().len() as u64;
            Verdict::count(found, Bound::exactly(1), "paragraphs")
        })
    },
    demands: |_| Ok(vec![Demand::Count(Unit::Paragraphs, Bound::exactly(1))]),
    examples: &[
        Example { args: "{}", response: "\nWe bake.\nWe eat.\n\n", satisfied: true },
        Example { args: "{}", response: "We bake.", satisfied: true },
        Example { args: "{}", response: "We bake.\n\nWe eat.", satisfied: false },
        Example { args: "{}", response: "We bake.\r\n \t\r\nWe eat.", satisfied: false },
    ],
    deviations: &[],
};
