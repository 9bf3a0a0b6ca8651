//! `punctuation:punctuation_dot` and `punctuation:punctuation_exclamation`: responses without these
//! marks (open-instruct).

use crate::args::Args;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::error::Result;
use crate::profile::Profile;
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::verdict::Verdict;

/// Full-width, ideographic and small forms, ellipses of one, two and three dots, Arabic.
const DOTS: [char; 8] = ['．', '。', '｡', '﹒', '․', '‥', '…', '۔'];

/// Full-width and small forms, vertical form, inverted, double and with a question mark.
const EXCLAMATIONS: [char; 7] = ['！', '﹗', '︕', '¡', '‼', '⁈', '⁉'];

pub(super) static DOT: Rule = Rule {
    id: "punctuation:punctuation_dot",
    about: "No dot anywhere in the response, in numbers and addresses neither. Official: `.` \
            (U+002E) alone. Corrected: the full stops of other scripts and the ellipsis as well \
            (open-instruct).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "In your entire response, refrain from the use of dots (.), as punctuation and in \
             general.",
            "Do not write a single full stop, nor any other dot.",
            "Your answer must be free of the character \".\"",
            "Write without any dots, be it to end sentences or in numbers and abbreviations.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| compile(b'.', &DOTS, "dots", profile),
    demands: |_| Ok(vec![Demand::AvoidChars(".".to_owned())]),
    examples: &[
        Example { args: "{}", response: "Bread, salt; water!", satisfied: true },
        Example { args: "{}", response: "3 loaves: one each", satisfied: true },
        Example { args: "{}", response: "Bread and salt.", satisfied: false },
        Example { args: "{}", response: "3.5 loaves", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "an ellipsis is made of dots",
            args: "{}",
            response: "Bread and salt…",
            official: true,
        },
        Deviation {
            reason: "the ideographic full stop ends sentences as the dot does",
            args: "{}",
            response: "面包和盐。",
            official: true,
        },
    ],
};

pub(super) static EXCLAMATION: Rule = Rule {
    id: "punctuation:punctuation_exclamation",
    about: "No exclamation mark anywhere in the response. Official: `!` (U+0021) alone. Corrected: \
            those of other scripts as well (open-instruct).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "In your entire response, refrain from the use of exclamation marks (!), as \
             punctuation and in general.",
            "Do not use any exclamation marks.",
            "Your answer must be free of the character \"!\"",
            "Write without a single exclamation mark.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| compile(b'!', &EXCLAMATIONS, "exclamation marks", profile),
    demands: |_| Ok(vec![Demand::AvoidChars("!".to_owned())]),
    examples: &[
        Example { args: "{}", response: "Bread, salt. Water?", satisfied: true },
        Example { args: "{}", response: "Stop", satisfied: true },
        Example { args: "{}", response: "Bread!", satisfied: false },
        Example { args: "{}", response: "a != b", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "the full-width exclamation mark is one",
            args: "{}",
            response: "面包！",
            official: true,
        },
        Deviation {
            reason: "the inverted exclamation mark is one",
            args: "{}",
            response: "¡Pan y sal.",
            official: true,
        },
    ],
};

fn compile(
    mark: u8,
    others: &'static [char],
    unit: &'static str,
    profile: Profile,
) -> Result<Check> {
    check(move |text| {
        let mut found = memchr::memchr_iter(mark, text.raw().as_bytes()).count();
        if profile == Profile::Corrected && !text.raw().is_ascii() {
            found += text.raw().chars().filter(|c| others.contains(c)).count();
        }
        Verdict::count(found as u64, Bound::NONE, unit)
    })
}
