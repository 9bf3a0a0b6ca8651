//! `detectable_format:number_bullet_lists`: how many bullet points (IFEval).

use serde_json::json;

use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::profile::Profile;
use crate::python::chars::is_space;
use crate::python::strings::{lstrip, strip};
use crate::rule::{Deviation, Example, Rule, check};
use crate::units;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "detectable_format:number_bullet_lists",
    about: "Exactly so many Markdown bullet points. Official: lines whose first mark is `-`, or \
            `*` and no second `*`, so that rules and lone markers count and a blank line may hide \
            one. Corrected: `*` or `-`, white space and text on one line, rules apart.",
    schema: r#"{
        "properties": {"num_bullets": {"type": "integer", "minimum": 0}},
        "required": ["num_bullets"]
    }"#,
    texts: |_| {
        Ok(&[
            "Your answer must contain exactly {num_bullets:bullet point}, written in Markdown like \
             \"* This is a point.\"",
            "Include precisely {num_bullets:Markdown bullet point} (\"* ...\") in your response.",
            "Use {num_bullets:bullet point}, no more and no fewer, each on a line that starts \
             with \"* \".",
            "There should be exactly {num_bullets:item} in bullet form (lines that begin with \
             \"* \" or \"- \") in your answer.",
        ])
    },
    sample: |draw| args([("num_bullets", json!(draw.between(2, 12)))]),
    compile: |args, profile| {
        let bound = Bound::exactly(args.count("num_bullets")?);
        match profile {
            Profile::Official => {
                check(move |text| judge(units::measure(Unit::Bullets, text), bound))
            }
            Profile::Corrected => check(move |text| {
                judge(text.raw().split('\n').filter(|line| is_bullet(line)).count() as u64, bound)
            }),
        }
    },
    demands: |args| {
        Ok(vec![Demand::Count(Unit::Bullets, Bound::exactly(args.count("num_bullets")?))])
    },
    examples: &[
        Example {
            args: r#"{"num_bullets": 2}"#,
            response: "Buy:\n* bread\n  - salt",
            satisfied: true,
        },
        Example {
            args: r#"{"num_bullets": 1}"#,
            response: "**Buy**\n* bread\n\n---\n\nThanks",
            satisfied: true,
        },
        Example { args: r#"{"num_bullets": 2}"#, response: "* bread", satisfied: false },
        Example { args: r#"{"num_bullets": 1}"#, response: "1. bread", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a rule of three hyphens is no bullet point",
            args: r#"{"num_bullets": 1}"#,
            response: "* bread\n\n---\n\nThat is all.",
            official: false,
        },
        Deviation {
            reason: "a marker without text is no bullet point",
            args: r#"{"num_bullets": 2}"#,
            response: "* bread\n-",
            official: true,
        },
        Deviation {
            reason: "a hyphen without a space after it is a sign or a dash",
            args: r#"{"num_bullets": 1}"#,
            response: "-5 degrees at night",
            official: true,
        },
    ],
};

fn judge(found: u64, bound: Bound) -> Verdict {
    Verdict::count(found, bound, "bullet points")
}

/// A marker, white space and text, where the line is not a rule made of markers alone.
fn is_bullet(line: &str) -> bool {
    let line = lstrip(line);
    let Some(rest) = line.strip_prefix(['*', '-']) else { return false };
    rest.starts_with(is_space) && strip(rest).chars().any(|c| !is_space(c) && c != '*' && c != '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    #[test]
    fn official_counts_follow_the_patterns() {
        let cases = [
            ("* a\n* b", 2),
            ("*\n* b\n* c", 2),
            ("*\n\n* b", 2),
            ("**bold**\n---\n", 1),
            (" \n\t* a\n\n\n- b", 2),
            ("*", 0),
            ("* ", 1),
            ("-", 1),
            ("a\n\n*\n", 1),
            ("***\n*", 0),
            ("\u{2003}- a\n\u{a0}*b", 2),
        ];
        for (text, expected) in cases {
            assert_eq!(units::measure(Unit::Bullets, &Text::new(text)), expected, "{text:?}");
        }
    }
}
