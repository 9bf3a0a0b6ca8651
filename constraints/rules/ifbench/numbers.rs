//! `count:numbers`: so many numbers in digits (IFBench).

use serde_json::json;

use super::bare::bare;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::profile::Profile;
use crate::python::chars::is_digit;
use crate::rule::{Deviation, Example, Rule, check};
use crate::units::measure;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "count:numbers",
    about: "Exactly N numbers written in digits. Official: runs of digits of any script, after \
            all ASCII punctuation is taken out, so that `10-20` is one. Corrected: tokens made of \
            digits, joined only over an inner point or comma (IFBench).",
    schema: r#"{
        "properties": {"N": {"type": "integer", "minimum": 0, "maximum": 100000}},
        "required": ["N"]
    }"#,
    texts: |_| {
        Ok(&[
            "Use exactly {N:number} in your response, written in digits.",
            "Your answer must contain {N:number} in digits, no more and no fewer.",
            "There should be precisely {N:number} (written as digits) in the text.",
            "Write figures in digits, and let their count in your response be exactly {N}.",
        ])
    },
    sample: |draw| args([("N", json!(draw.between(1, 12)))]),
    compile: |args, profile| {
        let bound = Bound::exactly(args.count("N")?);
        let official = profile == Profile::Official;
        check(move |text| {
            let found = match official {
                true => runs(&bare(text.raw())),
                false => measure(Unit::Numbers, text),
            };
            Verdict::count(found, bound, "numbers")
        })
    },
    demands: |args| Ok(vec![Demand::Count(Unit::Numbers, Bound::exactly(args.count("N")?))]),
    examples: &[
        Example {
            args: r#"{"N": 2}"#,
            response: "It cost 1,250.50 for 3 of them.",
            satisfied: true,
        },
        Example { args: r#"{"N": 0}"#, response: "Two or three.", satisfied: true },
        Example { args: r#"{"N": 2}"#, response: "Some 20% of 7, or 4.", satisfied: false },
        Example { args: r#"{"N": 1}"#, response: "From 10-20 of them.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "the two ends of a range are two numbers",
            args: r#"{"N": 2}"#,
            response: "From 10-20 of them.",
            official: false,
        },
        Deviation {
            reason: "a digit inside a word is no number",
            args: r#"{"N": 1}"#,
            response: "Take 2 of vitamin B12.",
            official: false,
        },
    ],
};

/// `len(re.findall(r"\d+", text))`.
fn runs(text: &str) -> u64 {
    let mut inside = false;
    let mut found = 0;
    for c in text.chars() {
        let digit = is_digit(c);
        found += u64::from(digit && !inside);
        inside = digit;
    }
    found
}
