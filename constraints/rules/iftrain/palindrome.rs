//! `keywords:palindrome`: some word reads the same backwards (open-instruct).

use crate::args::Args;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::profile::Profile;
use crate::python::strings::split_whitespace;
use crate::rule::{Deviation, Example, Rule, check};
use crate::units::measure;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "keywords:palindrome",
    about: "Some word reads the same backwards. Official: what white space sets apart, by exact \
            spelling, so that `I` and `-` do and `Level,` does not. Corrected: a word of three \
            letters or more in any case, as `count:palindromes` counts them (open-instruct).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Include a palindrome in your response.",
            "Use at least one word of three letters or more that reads the same backwards.",
            "Your answer must contain a palindrome, such as \"level\".",
            "Work a palindromic word into what you write.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(|text| {
            let same = |word: &str| word.chars().eq(word.chars().rev());
            judge(split_whitespace(text.raw()).any(same))
        }),
        Profile::Corrected => check(|text| judge(measure(Unit::Palindromes, text) > 0)),
    },
    demands: |_| Ok(vec![Demand::Count(Unit::Palindromes, Bound::at_least(1))]),
    examples: &[
        Example { args: "{}", response: "Lunch is at noon.", satisfied: true },
        Example { args: "{}", response: "Level, please!", satisfied: true },
        Example { args: "{}", response: "I saw a cat.", satisfied: false },
        Example { args: "{}", response: "The year is 2002.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a single letter is no palindrome",
            args: "{}",
            response: "This is a test.",
            official: true,
        },
        Deviation {
            reason: "a full stop or a capital does not spoil a palindrome",
            args: "{}",
            response: "They met at Noon.",
            official: false,
        },
    ],
};

fn judge(found: bool) -> Verdict {
    match found {
        true => Verdict::pass("has a palindrome"),
        false => Verdict::fail("has no palindrome"),
    }
}
