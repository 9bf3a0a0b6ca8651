//! `detectable_format:constrained_response`: one of three fixed answers (IFEval).

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

/// The answers to choose from.
const OPTIONS: [&str; 3] = ["My answer is yes.", "My answer is no.", "My answer is maybe."];

pub(super) static RULE: Rule = Rule {
    id: "detectable_format:constrained_response",
    about: "The answer is \"My answer is yes.\", \"My answer is no.\" or \"My answer is maybe.\" \
            Official: one of them stands somewhere. Corrected: the response is one of them.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Answer with one of the following options: \"My answer is yes.\", \"My answer is \
             no.\", \"My answer is maybe.\"",
            "Your whole response must be one of these: \"My answer is yes.\", \"My answer is \
             no.\" or \"My answer is maybe.\"",
            "Choose your answer from \"My answer is yes.\", \"My answer is no.\" and \"My answer \
             is maybe.\", and write nothing else.",
            "Reply with exactly one of \"My answer is yes.\", \"My answer is no.\" or \"My answer \
             is maybe.\"",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let response = text.stripped();
            let chosen = OPTIONS.iter().find(|option| match profile {
                Profile::Official => response.contains(**option),
                Profile::Corrected => response == **option,
            });
            match chosen {
                Some(option) => Verdict::pass(*option),
                None => Verdict::fail("none of the three answers"),
            }
        })
    },
    demands: |_| Ok(vec![Demand::Whole(OPTIONS.map(str::to_owned).to_vec())]),
    examples: &[
        Example { args: "{}", response: "My answer is no.", satisfied: true },
        Example { args: "{}", response: " My answer is maybe.\n", satisfied: true },
        Example { args: "{}", response: "My answer is: yes", satisfied: false },
        Example { args: "{}", response: "Maybe.", satisfied: false },
    ],
    deviations: &[Deviation {
        reason: "an answer that lists the options chooses none",
        args: "{}",
        response: "My answer is yes. Or rather: My answer is no.",
        official: true,
    }],
};
