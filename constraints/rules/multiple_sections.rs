//! `detectable_format:multiple_sections`: sections with a numbered marker (IFEval).

use memchr::memmem::Finder;
use serde_json::json;

use super::pattern;
use super::phrase::is_word;
use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::chars::{is_digit, is_space};
use crate::python::pattern::Flags;
use crate::python::strings::{lstrip, strip};
use crate::rule::{Check, Deviation, Example, Rule, check};

const KEY: &str = "section_spliter";

pub(super) static RULE: Rule = Rule {
    id: "detectable_format:multiple_sections",
    about: "At least so many sections, each opened by the marker (in this case of letters) and a \
            number. Official: the marker is a Python regular expression and counts anywhere in a \
            line. Corrected: as it is written, at the start of a line, Markdown marks before it.",
    schema: r#"{
        "properties": {
            "section_spliter": {"type": "string"},
            "num_sections": {"type": "integer", "minimum": 0}
        },
        "required": ["section_spliter", "num_sections"]
    }"#,
    texts: |_| {
        Ok(&[
            "Your response must have at least {num_sections:section}. Mark the beginning of each \
             with \"{section_spliter}\" and its number, such as \"{section_spliter} 1\".",
            "Divide your answer into {num_sections} or more parts, each opened by a line that \
             starts with {section_spliter} and a number, as in {section_spliter} 1.",
            "Structure what you write as {num_sections:section} or more, headed {section_spliter} \
             1, {section_spliter} 2 and so on.",
            "Use no fewer than {num_sections:section}; start every one of them with \
             {section_spliter} X, where X is its number.",
        ])
    },
    sample: |draw| {
        const MARKERS: [&str; 10] = [
            "Section", "SECTION", "Part", "PART", "Chapter", "Day", "Step", "Scene", "Episode",
            "Lesson",
        ];
        let marker = draw.pick(&MARKERS);
        args([(KEY, json!(marker)), ("num_sections", json!(draw.between(2, 7)))])
    },
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands: |args| {
        let marker = strip(args.text(KEY)?);
        Ok(vec![Demand::Sections(marker.to_owned(), args.count("num_sections")?)])
    },
    examples: &[
        Example {
            args: r#"{"section_spliter": "Section", "num_sections": 2}"#,
            response: "Section 1\nOne.\n## Section 2: more\nTwo.",
            satisfied: true,
        },
        Example {
            args: r#"{"section_spliter": "Audience Q.", "num_sections": 1}"#,
            response: "Audience Q.1 Why?",
            satisfied: true,
        },
        Example {
            args: r#"{"section_spliter": "SECTION", "num_sections": 1}"#,
            response: "Section 1\nOne.",
            satisfied: false,
        },
        Example {
            args: r#"{"section_spliter": "Day", "num_sections": 2}"#,
            response: "Day 1\nWe left.\nDay two\nWe came back.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "a section that is mentioned in a line is not opened there",
            args: r#"{"section_spliter": "Section", "num_sections": 2}"#,
            response: "Section 1\nThis goes with Section 2 of the law.",
            official: true,
        },
        Deviation {
            reason: "a marker is text: its punctuation is no pattern",
            args: r#"{"section_spliter": "Q.", "num_sections": 1}"#,
            response: "Q: 1 or 2?",
            official: true,
        },
    ],
};

fn judge(found: usize, bound: Bound) -> crate::Verdict {
    crate::Verdict::count(found as u64, bound, "sections")
}

fn official(args: &Reader<'_>) -> Result<Check> {
    let bound = Bound::at_least(args.count("num_sections")?);
    let marker = strip(args.text(KEY)?);
    if !marker.is_empty() && pattern::is_plain(marker) {
        let finder = Finder::new(marker.as_bytes()).into_owned();
        return check(move |text| judge(count(text.raw(), &finder), bound));
    }
    let pattern = format!(r"\s?{marker}\s?\d+\s?");
    let search = pattern::prepare(args, KEY, &pattern, Flags::default())?;
    // `re.split` puts what the groups captured between the pieces.
    check(move |text| match search.pattern() {
        Ok(pattern) => judge(pattern.count(text.raw()) * (1 + pattern.groups()), bound),
        Err(fault) => fault,
    })
}

/// The matches of `\s?…\s?\d+\s?` for a plain marker, which neither begins nor ends with space.
fn count(text: &str, finder: &Finder<'_>) -> usize {
    let mut found = 0;
    let mut from = 0;
    while let Some(start) = finder.find(&text.as_bytes()[from..]).map(|n| from + n) {
        let after = start + finder.needle().len();
        from = match number(&text[after..]) {
            Some(length) => {
                found += 1;
                after + length
            }
            None => start + 1,
        };
    }
    found
}

/// The length of `\s?\d+` at the start of `text`.
fn number(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(is_space).unwrap_or(text);
    let after = rest.trim_start_matches(is_digit);
    (after.len() < rest.len()).then(|| text.len() - after.len())
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let bound = Bound::at_least(args.count("num_sections")?);
    let marker = strip(args.text(KEY)?).to_owned();
    if marker.is_empty() {
        return Err(args.fault(KEY, "is blank"));
    }
    check(move |text| judge(text.raw().split('\n').filter(|l| opens(l, &marker)).count(), bound))
}

/// Whether a line starts with the marker and a number, spaces and Markdown marks before it.
fn opens(line: &str, marker: &str) -> bool {
    let is_decoration = |c| is_space(c) || matches!(c, '#' | '*' | '_' | '>' | '-');
    let mut rest = line;
    loop {
        if let Some(after) = rest.strip_prefix(marker) {
            let after = lstrip(after);
            let tail = after.trim_start_matches(is_digit);
            let is_word_after = tail.chars().next().is_some_and(|c| is_word(c) && c != '_');
            return tail.len() < after.len() && !is_word_after;
        }
        match rest.strip_prefix(is_decoration) {
            Some(shorter) => rest = shorter,
            None => return false,
        }
    }
}
