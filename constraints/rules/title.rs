//! `detectable_format:title`: a title in double angle brackets (IFEval).

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

use super::phrase::is_word;

pub(super) static RULE: Rule = Rule {
    id: "detectable_format:title",
    about: "A title in double angle brackets on one line. Official: from the first `<<` of a \
            line to its last `>>`, with anything but angle brackets and white space inside, or \
            further brackets in between. Corrected: from `<<` to the next `>>`, with a letter or \
            digit inside.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Your answer must contain a title in double angle brackets, such as <<poem of joy>>.",
            "Give your response a title and wrap it in double angle brackets, like <<title>>.",
            "Include a title, written between << and >>.",
            "Somewhere in your answer there must be a title enclosed in double angle brackets, \
             as in <<my title>>.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        let is_title = match profile {
            Profile::Official => official,
            Profile::Corrected => corrected,
        };
        check(move |text| {
            // Most responses hold no pair at all, which one scan tells.
            let raw = text.raw();
            let there = memchr::memmem::find(raw.as_bytes(), b"<<");
            let titled = there.is_some_and(|at| {
                let line = memchr::memrchr(b'\n', &raw.as_bytes()[..at]).map_or(0, |end| end + 1);
                raw[line..].split('\n').any(is_title)
            });
            match titled {
                true => Verdict::pass("a title in double angle brackets"),
                false => Verdict::fail("no title in double angle brackets"),
            }
        })
    },
    demands: |_| Ok(vec![Demand::Title]),
    examples: &[
        Example { args: "{}", response: "<<A day out>>\nWe left.", satisfied: true },
        Example { args: "{}", response: "It is called <<Rain>>, he said.", satisfied: true },
        Example { args: "{}", response: "<A day out>\nWe left.", satisfied: false },
        Example { args: "{}", response: "<<A day\nout>>", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "two empty pairs of brackets are no title",
            args: "{}",
            response: "<<>> and <<>>",
            official: true,
        },
        Deviation {
            reason: "a title holds a word",
            args: "{}",
            response: "<<...>>",
            official: true,
        },
    ],
};

/// Whether `<<[^\n]+>>` matches in this line and holds more than brackets and white space at its
/// ends. If the first `<<` has no `>>` far enough behind, no later one has.
fn official(line: &str) -> bool {
    let (Some(open), Some(close)) = (line.find("<<"), line.rfind(">>")) else { return false };
    // `rfind` gives the last pair: of `>>>` the one that ends the run, as the greedy match does.
    close >= open + 3 && {
        let title = &line[open..close + 2];
        !strip(title.trim_start_matches('<').trim_end_matches('>')).is_empty()
    }
}

fn corrected(line: &str) -> bool {
    line.split("<<").skip(1).any(|rest| {
        let title = rest.find(">>").map(|close| &rest[..close]);
        title.is_some_and(|title| title.chars().any(is_word))
    })
}
