//! `format:line_indent`: lines that go further in from one to the next, as stairs (IFBench).

use std::collections::{HashMap, VecDeque};

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "format:line_indent",
    about: "Every line starts with more spaces than the line before; blank lines do not count and \
            one line alone is enough (IFBench). Official: of blank lines that follow each other \
            some are not left out, and count as lines. Corrected: none counts.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Create stairs by incrementally indenting each new line.",
            "Indent every line a little further than the one above, so that your text looks like \
             stairs.",
            "Each new line of your response must start further to the right than the line before \
             it.",
            "Let your lines go down like a staircase: every one of them is indented by more spaces \
             than the last.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let lines = match profile {
                Profile::Official => official(text.raw()),
                Profile::Corrected => text.lines().collect(),
            };
            let (mut good, mut total) = (0, 0);
            for two in lines.windows(2) {
                good += u64::from(indent(two[1]) > indent(two[0]));
                total += 1;
            }
            Verdict::share(good, total, format!("{good} of {total} lines go further in"))
        })
    },
    demands: |_| Ok(vec![Demand::Draft((0..4).map(draft).collect())]),
    examples: &[
        Example { args: "{}", response: "One\n Two\n   Three", satisfied: true },
        Example { args: "{}", response: "  One\n\n    Two\n\n      Three\n", satisfied: true },
        Example { args: "{}", response: "One line alone.", satisfied: true },
        Example { args: "{}", response: "One\n  Two\n  Three", satisfied: false },
        Example { args: "{}", response: "One\n\tTwo\n\t\tThree", satisfied: false },
    ],
    deviations: &[Deviation {
        reason: "two blank lines are no step of the stairs",
        args: "{}",
        response: "One\n\n\n  Two",
        official: false,
    }],
};

/// The spaces that a line starts with.
fn indent(line: &str) -> usize {
    line.bytes().take_while(|byte| *byte == b' ').count()
}

/// The lines that the official scorer compares. It walks along the list while it takes blank lines
/// out, so that the line behind each one taken out is never looked at; and what it takes out is the
/// first line that is left and reads the same, which may be one that it passed over before.
fn official(raw: &str) -> Vec<&str> {
    let mut lines: Vec<Option<&str>> = raw.split('\n').map(Some).collect();
    let mut passed: HashMap<&str, VecDeque<usize>> = HashMap::new();
    let mut at = 0;
    while let Some(line) = lines.get(at).copied() {
        let line = line.unwrap_or_default();
        if strip(line).is_empty() {
            let same = passed.entry(line).or_default();
            same.push_back(at);
            if let Some(first) = same.pop_front() {
                lines[first] = None;
            }
            at += 1;
            if let Some(Some(next)) = lines.get(at)
                && strip(next).is_empty()
            {
                passed.entry(next).or_default().push_back(at);
            }
        }
        at += 1;
    }
    lines.into_iter().flatten().collect()
}

fn draft(variant: usize) -> String {
    const STAIRS: [&[&str]; 4] = [
        &["We start at the door.", "One step down it is cooler.", "Then it gets dark."],
        &["First the seed,", "then the shoot,", "then the leaf,", "and last the fruit."],
        &["Water rises.", "It becomes cloud.", "The cloud moves on.", "Rain falls.", "Rivers run."],
        &["Dawn", "Noon", "Dusk", "Night"],
    ];
    let lines = STAIRS[variant % STAIRS.len()].iter().enumerate();
    let step = 1 + variant;
    lines
        .map(|(at, line)| format!("{}{line}", " ".repeat(at * step)))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_are_left_out_as_the_official_loop_does() {
        // Recorded from the loop in CPython 3.11.
        for (text, expected) in CASES {
            assert_eq!(official(text), *expected, "{text:?}");
        }
    }

    const CASES: &[(&str, &[&str])] = &[
        ("a\n\nb", &["a", "b"]),
        ("a\n\n\nb", &["a", "", "b"]),
        ("a\n\n\n\nb", &["a", "", "b"]),
        ("\n\n a\n \n\n", &[" a", "", ""]),
        (" \n\n\n \na\n\n \nb\n\n", &[" ", "a", " ", "b", "", ""]),
        ("\n \n\n \n\n\n \n \na", &[" ", "", " ", " ", "a"]),
    ];
}
