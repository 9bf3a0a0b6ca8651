//! `punctuation:no_comma`: the response has no comma (IFEval).

use crate::args::Args;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

/// The commas of other scripts: full-width, Arabic, ideographic and small forms, Armenian,
/// Ethiopic, Mongolian, Lisu, Vai, Bamum, reversed and turned.
const COMMAS: [char; 18] = [
    '，', '،', '、', '﹐', '﹑', '､', '︐', '︑', '՝', '፣', '᠂', '᠈', '꓾', '꘍', '꛵', '⹁', '⸲', '⸴',
];

pub(super) static RULE: Rule = Rule {
    id: "punctuation:no_comma",
    about: "No comma anywhere in the response. Official: `,` (U+002C) alone. Corrected: the commas \
            of other scripts as well.",
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
    compile: |_, profile| match profile {
        Profile::Official => check(|text| judge(ascii(text.raw()))),
        Profile::Corrected => check(|text| judge(ascii(text.raw()) + foreign(text.raw()))),
    },
    demands: |_| Ok(vec![Demand::AvoidChars(",".to_owned())]),
    examples: &[
        Example { args: "{}", response: "Bread and salt.", satisfied: true },
        Example { args: "{}", response: "Bread; salt.", satisfied: true },
        Example { args: "{}", response: "Bread, salt.", satisfied: false },
        Example { args: "{}", response: "1,000 loaves", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "the full-width comma of Chinese and Japanese is a comma",
            args: "{}",
            response: "面包，盐。",
            official: true,
        },
        Deviation {
            reason: "the Arabic comma is a comma",
            args: "{}",
            response: "خبز، ملح",
            official: true,
        },
    ],
};

fn judge(found: usize) -> Verdict {
    Verdict::count(found as u64, Bound::NONE, "commas")
}

fn ascii(text: &str) -> usize {
    memchr::memchr_iter(b',', text.as_bytes()).count()
}

fn foreign(text: &str) -> usize {
    match text.is_ascii() {
        true => 0,
        false => text.chars().filter(|c| COMMAS.contains(c)).count(),
    }
}
