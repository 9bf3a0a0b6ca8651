//! `count:lowercase_counting`: not too many words in small letters (open-instruct).

use serde_json::json;

use super::drafts::nouns;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::args;
use crate::profile::Profile;
use crate::python::strings::{self, str_is_lower};
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::wording;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "count:lowercase_counting",
    about: "At most so many words are all in small letters. Official: runs of `\\w` that are \
            letters from a to z alone, so that `don't` is two and `été` none. Corrected: words \
            of any script; one apostrophe or hyphen inside joins them (open-instruct).",
    schema: r#"{
        "properties": {"N": {"type": "integer", "minimum": 1, "maximum": 100000}},
        "required": ["N"]
    }"#,
    texts: |_| {
        Ok(&[
            "At most {N:word} of your response may be written all in lowercase letters.",
            "Use no more than {N:lowercase word} in your answer.",
            "Limit yourself to {N:word} without a capital letter.",
            "The words made of small letters only must not be more than {N} in your response.",
        ])
    },
    sample: |draw| args([("N", json!(draw.between(1, 12)))]),
    compile: |args, profile| {
        let bound = Bound::at_most(args.count("N")?);
        match profile {
            Profile::Official => check(move |text| {
                let plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
                judge(strings::words(text.raw()).filter(plain).count(), bound)
            }),
            Profile::Corrected => check(move |text| {
                let found = wording::words(text.raw()).filter(|word| str_is_lower(word));
                judge(found.count(), bound)
            }),
        }
    },
    demands: |args| {
        let n = args.count("N")?.min(8) as usize;
        let mut drafts: Vec<String> = WRITTEN.map(str::to_owned).to_vec();
        drafts.extend((0..3).map(|turn| {
            let words: Vec<&str> = nouns(turn).take(n).collect();
            format!("IN SHORT: {}.", words.join(" "))
        }));
        Ok(vec![Demand::Draft(drafts)])
    },
    examples: &[
        Example { args: r#"{"N": 2}"#, response: "BREAD and SALT on Tables", satisfied: true },
        Example { args: r#"{"N": 1}"#, response: "WE DON'T know", satisfied: true },
        Example { args: r#"{"N": 2}"#, response: "Bread and salt today", satisfied: false },
        Example { args: r#"{"N": 1}"#, response: "ÉTÉ: été, été", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a contraction is one word",
            args: r#"{"N": 1}"#,
            response: "Yes, don't!",
            official: false,
        },
        Deviation {
            reason: "a word with an accent is a word too",
            args: r#"{"N": 1}"#,
            response: "ÉTÉ: été, déjà",
            official: true,
        },
    ],
};

const WRITTEN: [&str; 4] = [
    "THE HARBOR IS QUIET TONIGHT.",
    "FRESH BREAD NEEDS TIME. SALT HELPS.",
    "WINTER COMES EARLY HERE, SO WE KEEP THE STOVE WARM.",
    "TAKE THE LAST TRAIN HOME. LEAVE THE LIGHTS ON.",
];

fn judge(found: usize, bound: Bound) -> Verdict {
    Verdict::count(found as u64, bound, "words in small letters")
}
