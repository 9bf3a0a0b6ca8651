//! `count:count_unique`: no word comes twice (open-instruct).

use std::collections::HashSet;

use super::drafts::{nouns, sentence};
use crate::args::Args;
use crate::demand::Demand;
use crate::language::tokenize::word_tokenize;
use crate::profile::Profile;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::wording::words;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "count:count_unique",
    about: "No word is used twice. Official: no token of NLTK's `word_tokenize`, punctuation \
            included, by exact spelling. Corrected: words alone, whatever their case; one \
            apostrophe or hyphen inside joins them (open-instruct).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Only use unique words in your response: no word may be repeated.",
            "Do not use any word more than once.",
            "Every word of your answer must be a different one.",
            "Write without repeating a single word.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(|text| judge(word_tokenize(text.raw()).iter())),
        Profile::Corrected => check(|text| judge(words(text.lower()))),
    },
    demands: |_| {
        let mut drafts: Vec<String> = WRITTEN.map(str::to_owned).to_vec();
        drafts.extend([14, 40, 90, 150].map(|n| sentence(nouns(n), n)));
        Ok(vec![Demand::Draft(drafts)])
    },
    examples: &[
        Example { args: "{}", response: "Bread needs time, salt, heat.", satisfied: true },
        Example { args: "{}", response: "Well-known: well done.", satisfied: true },
        Example { args: "{}", response: "The baker and the oven.", satisfied: false },
        Example { args: "{}", response: "Bread! Fresh BREAD!", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "punctuation is no word",
            args: "{}",
            response: "Bread rises. Ovens glow.",
            official: false,
        },
        Deviation {
            reason: "a capital does not make another word",
            args: "{}",
            response: "The baker warms the oven",
            official: true,
        },
    ],
};

const WRITTEN: [&str; 4] = [
    "Fresh bread needs flour, water and a patient baker.",
    "Old maps show rivers that no longer reach the sea.",
    "Ships leave this harbour while gulls circle above grey roofs.",
    "Seven green bottles stood quietly on my kitchen shelf.",
];

fn judge<'t>(words: impl Iterator<Item = &'t str>) -> Verdict {
    let mut seen = HashSet::new();
    let (mut total, mut different) = (0, 0);
    for word in words {
        total += 1;
        different += u64::from(seen.insert(word));
    }
    let note = format!("{different} of {total} words are different ones");
    Verdict::share(different, total, note)
}
