//! `paragraphs:paragraphs` and `paragraphs:paragraphs2`: two paragraphs, with `***` or a blank line
//! between them (open-instruct).

use serde_json::json;

use crate::args::{Args, Reader};
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::profile::Profile;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::number_paragraphs;
use crate::text::Text;
use crate::verdict::Verdict;

const TWO: Bound = Bound::exactly(2);

pub(super) static STARS: Rule = Rule {
    id: "paragraphs:paragraphs",
    about: "Two paragraphs with `***` between them, as `length_constraints:number_paragraphs` \
            counts them; one more divider before the first or after the last is tolerated. \
            Official: any `***`. Corrected: only a line of its own (open-instruct).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "There should be 2 paragraphs, separated by the Markdown divider: ***",
            "Write exactly two paragraphs with a line that reads *** between them.",
            "Divide your response into two paragraphs by the divider *** on a line of its own.",
            "Give your answer in two parts, the one parted from the other by a line with ***",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        let two = args([("num_paragraphs", json!(2))]);
        (number_paragraphs::RULE.compile)(&Reader::new("paragraphs:paragraphs", &two), profile)
    },
    demands: |_| Ok(vec![Demand::Count(Unit::StarParagraphs, TWO)]),
    examples: &[
        Example { args: "{}", response: "One.\n***\nTwo.", satisfied: true },
        Example { args: "{}", response: "***\nOne.\n\n***\nTwo.\n***", satisfied: true },
        Example { args: "{}", response: "One.\n\nTwo.", satisfied: false },
        Example { args: "{}", response: "One.\n***\nTwo.\n***\nThree.", satisfied: false },
    ],
    deviations: &[Deviation {
        reason: "bold italics divide no paragraphs",
        args: "{}",
        response: "Very ***fine bread",
        official: true,
    }],
};

pub(super) static BLANK: Rule = Rule {
    id: "paragraphs:paragraphs2",
    about: "Two paragraphs with two line breaks between them. Official: pieces between two line \
            feeds; an empty one between others fails, one at an end does not count. Corrected: \
            runs of lines that are not blank (open-instruct).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "There should be 2 paragraphs. Paragraphs, and only paragraphs, are separated by two \
             line breaks.",
            "Write exactly two paragraphs with a blank line between them and no other blank line.",
            "Your response must consist of two paragraphs, set apart by two line breaks.",
            "Give your answer in precisely two paragraphs, parted by one empty line.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(official),
        Profile::Corrected => {
            check(|text| Verdict::count(text.paragraphs().len() as u64, TWO, "paragraphs"))
        }
    },
    demands: |_| Ok(vec![Demand::Count(Unit::Paragraphs, TWO)]),
    examples: &[
        Example { args: "{}", response: "One.\nStill one.\n\nTwo.", satisfied: true },
        Example { args: "{}", response: "\n\nOne.\n \nTwo.\n\n", satisfied: true },
        Example { args: "{}", response: "One.\nStill one.", satisfied: false },
        Example { args: "{}", response: "One.\n\nTwo.\n\nThree.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "more blank lines make no empty paragraph",
            args: "{}",
            response: "One.\n\n\n\nTwo.",
            official: false,
        },
        Deviation {
            reason: "line breaks with a carriage return are line breaks",
            args: "{}",
            response: "One.\r\n\r\nTwo.",
            official: false,
        },
    ],
};

fn official(text: &Text<'_>) -> Verdict {
    let mut found = 0;
    let mut blank_before = false;
    for (index, piece) in text.raw().split("\n\n").enumerate() {
        if blank_before && index > 1 {
            return Verdict::fail("an empty paragraph between two others");
        }
        blank_before = strip(piece).is_empty();
        found += u64::from(!blank_before);
    }
    Verdict::count(found, TWO, "paragraphs")
}
