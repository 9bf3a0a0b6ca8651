//! `startend:quotation`: the whole response in double quotation marks (IFEval).

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "startend:quotation",
    about: "The response begins and ends with a double quotation mark, white space apart. \
            Official: straight ones, two at least, with anything or nothing inside. Corrected: \
            curly ones and guillemets too, with text inside.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Wrap your entire response with double quotation marks.",
            "Put the whole answer inside double quotation marks.",
            "Your response must start and end with a double quotation mark.",
            "Enclose everything that you write in one pair of double quotes.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        let is_quoted = match profile {
            Profile::Official => official,
            Profile::Corrected => corrected,
        };
        check(move |text| match is_quoted(text.stripped()) {
            true => Verdict::pass("in double quotation marks"),
            false => Verdict::fail("not in double quotation marks"),
        })
    },
    demands: |_| Ok(vec![Demand::Quoted]),
    examples: &[
        Example { args: "{}", response: "\"We went home.\"", satisfied: true },
        Example { args: "{}", response: "“We went home.”\n", satisfied: true },
        Example { args: "{}", response: "'We went home.'", satisfied: false },
        Example { args: "{}", response: "\"We went home,\" they said.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "curly quotation marks are double quotation marks",
            args: "{}",
            response: "“We went home.”",
            official: false,
        },
        Deviation {
            reason: "a pair of quotation marks without text wraps nothing",
            args: "{}",
            response: "\"\"",
            official: true,
        },
    ],
};

fn official(response: &str) -> bool {
    response.len() > 1 && response.starts_with('"') && response.ends_with('"')
}

fn corrected(response: &str) -> bool {
    const PAIRS: [(char, char); 5] = [('"', '"'), ('“', '”'), ('„', '“'), ('„', '”'), ('«', '»')];
    PAIRS.iter().any(|(open, close)| {
        let inside = response.strip_prefix(*open).and_then(|rest| rest.strip_suffix(*close));
        inside.is_some_and(|inside| !strip(inside.trim_matches('"')).is_empty())
    })
}
