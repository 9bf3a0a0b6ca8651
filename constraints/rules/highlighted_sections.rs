//! `detectable_format:number_highlighted_sections`: how many passages are in emphasis (IFEval).

use serde_json::json;

use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::profile::Profile;
use crate::python::chars::is_space;
use crate::rule::{Deviation, Example, Rule, check};
use crate::text::Text;
use crate::units;

pub(super) static RULE: Rule = Rule {
    id: "detectable_format:number_highlighted_sections",
    about: "At least so many passages set in asterisks. Official: pairs of `*` or `**` on one line \
            with text between, each found on its own, so that a bullet may open one and `***x***` \
            counts twice. Corrected: as Markdown reads them, each once.",
    schema: r#"{
        "properties": {"num_highlights": {"type": "integer", "minimum": 0}},
        "required": ["num_highlights"]
    }"#,
    texts: |_| {
        Ok(&[
            "Highlight at least {num_highlights:section} of your answer in Markdown, like \
             *highlighted section*.",
            "Put {num_highlights:passage} or more of your response in asterisks, as in *this*.",
            "In your answer, emphasize no fewer than {num_highlights:part} with Markdown \
             asterisks, for example *this part*.",
            "Mark a minimum of {num_highlights:passage} with asterisks (*like this*).",
        ])
    },
    sample: |draw| args([("num_highlights", json!(draw.between(1, 10)))]),
    compile: |args, profile| {
        let bound = Bound::at_least(args.count("num_highlights")?);
        let count = match profile {
            Profile::Official => |text: &Text<'_>| units::measure(Unit::Highlights, text),
            Profile::Corrected => |text: &Text<'_>| text.raw().split('\n').map(emphases).sum(),
        };
        check(move |text| crate::Verdict::count(count(text), bound, "highlighted sections"))
    },
    demands: |args| {
        let bound = Bound::at_least(args.count("num_highlights")?);
        Ok(vec![Demand::Count(Unit::Highlights, bound)])
    },
    examples: &[
        Example {
            args: r#"{"num_highlights": 2}"#,
            response: "*One* and **two**.",
            satisfied: true,
        },
        Example { args: r#"{"num_highlights": 1}"#, response: "* An *item*", satisfied: true },
        Example { args: r#"{"num_highlights": 2}"#, response: "**Once** only.", satisfied: false },
        Example { args: r#"{"num_highlights": 1}"#, response: "* *\n** **", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "the marker of a bullet point opens no highlight",
            args: r#"{"num_highlights": 1}"#,
            response: "* one item * two stars",
            official: true,
        },
        Deviation {
            reason: "bold italics are one highlight",
            args: r#"{"num_highlights": 2}"#,
            response: "Only ***once*** here.",
            official: true,
        },
        Deviation {
            reason: "highlights in a bullet point all count",
            args: r#"{"num_highlights": 2}"#,
            response: "* *salt* and *bread*",
            official: false,
        },
    ],
};

/// Runs of asterisks that open before text, each with the next that closes after text.
fn emphases(line: &str) -> u64 {
    let bytes = line.as_bytes();
    let mut found = 0;
    let mut open = false;
    let mut from = 0;
    while let Some(start) = memchr::memchr(b'*', &bytes[from..]).map(|n| from + n) {
        let end = start + bytes[start..].iter().take_while(|byte| **byte == b'*').count();
        let text_before = line[..start].chars().next_back().is_some_and(|c| !is_space(c));
        let text_after = line[end..].chars().next().is_some_and(|c| !is_space(c));
        if open && text_before {
            found += 1;
            open = false;
        } else {
            open = open || text_after;
        }
        from = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn official_counts_follow_the_patterns() {
        let cases = [
            ("*a* *b*", 2),
            ("**x**", 1),
            ("***x***", 2),
            ("****x****", 0),
            ("** ** * *", 0),
            ("*a\nb*", 0),
            ("**a*b**", 1),
            ("* a *", 1),
        ];
        for (text, expected) in cases {
            assert_eq!(units::measure(Unit::Highlights, &Text::new(text)), expected, "{text:?}");
        }
    }
}
