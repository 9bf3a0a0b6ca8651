//! `format:quote_unquote`: no quotation without an explanation behind it (IFBench).

use std::borrow::Cow;

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::strings::split_whitespace;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::fences::partly;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "format:quote_unquote",
    about: "No two double quotation marks touch, white space aside, and none is the last sign of \
            the response, digits and other ASCII punctuation aside; a mark between two single \
            ones ('\"') is left out (IFBench). A text without quotations is followed. Official: \
            straight marks. Corrected: curly ones too.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Every quoted phrase must be followed by an unquoted explanation.",
            "Whenever you quote something, explain it right after the quotation, outside of the \
             quotation marks.",
            "Let no quotation stand alone: each must be followed by an explanation that is not in \
             quotation marks.",
            "After each phrase in quotation marks, add an explanation of it without quotation \
             marks.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let straight = match profile {
                Profile::Official => Cow::Borrowed(text.raw()),
                Profile::Corrected => Cow::Owned(text.raw().replace(['“', '”'], "\"")),
            };
            judge(&straight)
        })
    },
    demands: |_| {
        let drafts = [
            "\"Slack water\" is the short time between the tides in which the sea stands still.",
            "People call it \"the red hour\", which means the time just after sunset. Others say \
             \"last light\", by which they mean the same.",
            "\"Less is more\" means that plain things often please us best.",
            "The baker speaks of \"proving\" when the dough is left to rise.",
        ];
        Ok(vec![Demand::Draft(drafts.map(str::to_owned).to_vec())])
    },
    examples: &[
        Example {
            args: "{}",
            response: "\"Ebb\" is the tide that goes out. \"Flood\" is the one that comes in.",
            satisfied: true,
        },
        Example { args: "{}", response: "Tides come twice a day.", satisfied: true },
        Example { args: "{}", response: "The mark '\"' opens a \"quote\" here", satisfied: true },
        Example { args: "{}", response: "He spoke of \"ebb\" and \"flood.\"", satisfied: false },
        Example { args: "{}", response: "\"Ebb\" \"flood\" are the tides.", satisfied: false },
    ],
    deviations: &[Deviation {
        reason: "curly quotation marks quote as well",
        args: "{}",
        response: "He spoke of “ebb” and “flood.”",
        official: true,
    }],
};

fn judge(raw: &str) -> Verdict {
    let without = raw.replace("'\"'", "");
    let joined: String = split_whitespace(&without).collect();
    if joined.contains("\"\"") {
        return partly(0.5, "two quotation marks without text between".to_owned());
    }
    let passed = |c: char| c != '"' && (c.is_ascii_digit() || c.is_ascii_punctuation());
    match joined.trim_end_matches(passed).ends_with('"') {
        true => partly(0.5, "nothing follows the last quotation".to_owned()),
        false => Verdict::pass("text behind every quotation"),
    }
}
