//! `punctuation:no_comma`: the response has no ASCII comma (IFEval).

use crate::args::Args;
use crate::demand::Demand;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "punctuation:no_comma",
    about: "No `,` (U+002C) anywhere in the response. Other scripts' commas are not looked at.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "In your entire response, refrain from the use of any commas.",
            "Do not use any commas in your response.",
            "Write without a single comma.",
            "Your answer must be free of commas.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| {
        check(|text| match memchr::memchr_iter(b',', text.raw().as_bytes()).count() as u64 {
            0 => Verdict::pass("no comma"),
            found => Verdict::count(found, crate::bound::Bound::NONE, "commas"),
        })
    },
    demands: |_| Ok(vec![Demand::AvoidChars(",".to_owned())]),
    examples: &[
        Example { args: "{}", response: "Bread and salt.", satisfied: true },
        Example { args: "{}", response: "Bread, salt.", satisfied: false },
    ],
    deviations: &[],
};
