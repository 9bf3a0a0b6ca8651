//! `length_constraints:number_paragraphs`: paragraphs with `***` between (IFEval).

use serde_json::json;

use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::profile::Profile;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "length_constraints:number_paragraphs",
    about: "Exactly so many paragraphs with `***` between them; one before the first or after the \
            last is tolerated, two in a row are not. Official: any `***`. Corrected: only a line \
            of its own.",
    schema: r#"{
        "properties": {"num_paragraphs": {"type": "integer", "minimum": 0}},
        "required": ["num_paragraphs"]
    }"#,
    texts: |_| {
        Ok(&[
            "There should be exactly {num_paragraphs:paragraph}, separated by the Markdown \
             divider: ***",
            "Write exactly {num_paragraphs:paragraph} and put the divider *** on a line between \
             one and the next.",
            "Your response must consist of {num_paragraphs:paragraph}, no more and no fewer, \
             divided by lines that read ***",
            "Separate your paragraphs with *** and write precisely {num_paragraphs} of them.",
        ])
    },
    sample: |draw| args([("num_paragraphs", json!(draw.between(2, 8)))]),
    compile: |args, profile| {
        let bound = Bound::exactly(args.count("num_paragraphs")?);
        match profile {
            Profile::Official => check(move |text| judge(text.raw().split("***"), bound)),
            Profile::Corrected => check(move |text| {
                let mut rest = Some(text.raw());
                judge(std::iter::from_fn(|| next_piece(&mut rest)), bound)
            }),
        }
    },
    demands: |args| {
        let bound = Bound::exactly(args.count("num_paragraphs")?);
        Ok(vec![Demand::Count(Unit::StarParagraphs, bound)])
    },
    examples: &[
        Example { args: r#"{"num_paragraphs": 2}"#, response: "One.\n***\nTwo.", satisfied: true },
        Example {
            args: r#"{"num_paragraphs": 2}"#,
            response: "***\nOne.\n\n***\n\nTwo.\n***",
            satisfied: true,
        },
        Example { args: r#"{"num_paragraphs": 2}"#, response: "One.\n\nTwo.", satisfied: false },
        Example {
            args: r#"{"num_paragraphs": 2}"#,
            response: "One.\n***\n***\nTwo.",
            satisfied: false,
        },
    ],
    deviations: &[Deviation {
        reason: "bold italics divide no paragraphs",
        args: r#"{"num_paragraphs": 1}"#,
        response: "This is ***very*** fine.",
        official: false,
    }],
};

/// Counts the pieces; the white space around a divider takes no part in whether one is blank.
fn judge<'t>(pieces: impl Iterator<Item = &'t str>, bound: Bound) -> Verdict {
    let mut found = 0;
    let mut blank_before = false;
    for (index, piece) in pieces.enumerate() {
        if blank_before && index > 1 {
            return Verdict::fail("an empty paragraph between two dividers");
        }
        blank_before = strip(piece).is_empty();
        found += u64::from(!blank_before);
    }
    Verdict::count(found, bound, "paragraphs")
}

/// The text up to the next line that is a divider, which is taken off `rest`.
fn next_piece<'t>(rest: &mut Option<&'t str>) -> Option<&'t str> {
    let text = (*rest)?;
    let mut from = 0;
    for line in text.split('\n') {
        if strip(line) == "***" {
            *rest = Some(text.get(from + line.len() + 1..).unwrap_or(""));
            return Some(&text[..from]);
        }
        from += line.len() + 1;
    }
    *rest = None;
    Some(text)
}
