//! `sentence:increment`: each sentence is so many words longer than the last (IFBench).

use serde_json::json;

use super::bare::{bare, cores};
use super::draft::{deal, drafts, is_plain, prose};
use crate::draw::args;
use crate::profile::Profile;
use crate::python::strings::split_whitespace;
use crate::rule::{Deviation, Example, Rule, check};
use crate::text::Text;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "sentence:increment",
    about: "Each sentence (by Punkt) has exactly `small_n` more words than the one before. Words \
            stand between white space, without ASCII punctuation. Corrected: what has no letter or \
            digit is no word (IFBench).",
    schema: r#"{
        "properties": {"small_n": {"type": "integer", "minimum": 0, "maximum": 100000}},
        "required": ["small_n"]
    }"#,
    texts: |_| {
        Ok(&[
            "Make each sentence exactly {small_n:word} longer than the sentence before it.",
            "From one sentence to the next, the number of words must grow by precisely {small_n}.",
            "Every sentence after the first should contain {small_n:more word|more words} than the \
             previous one, no more and no fewer.",
            "Let the word counts of your sentences go up in steps of {small_n}.",
        ])
    },
    sample: |draw| args([("small_n", json!(draw.between(1, 5)))]),
    compile: |args, profile| {
        let step = args.count("small_n")?;
        let count = match profile {
            Profile::Official => official_words,
            Profile::Corrected => words,
        };
        check(move |text| judge(text, step, count))
    },
    demands: |args| {
        let step = args.count("small_n")?.min(10_000) as usize;
        Ok(vec![drafts(|variant| {
            let sizes: Vec<usize> = (0..2 + variant).map(|at| 3 + variant + at * step).collect();
            prose(&mut deal(variant, is_plain), &sizes)
        })])
    },
    examples: &[
        Example {
            args: r#"{"small_n": 2}"#,
            response: "Birds sing. They sing very loudly. On some days they start at five!",
            satisfied: false,
        },
        Example {
            args: r#"{"small_n": 2}"#,
            response: "Birds sing. They sing very loudly. On some days they start early!",
            satisfied: true,
        },
        Example {
            args: r#"{"small_n": 1}"#,
            response: "Don't go. Well-known – so they say.",
            satisfied: false,
        },
        Example { args: r#"{"small_n": 1}"#, response: "Go. Go - now!", satisfied: true },
    ],
    deviations: &[Deviation {
        reason: "a dash is no word",
        args: r#"{"small_n": 1}"#,
        response: "Birds sing. They sing – loudly.",
        official: false,
    }],
};

/// The share of the sentences that have `step` words more than the one before.
fn judge(text: &Text<'_>, step: u64, count: fn(&str) -> u64) -> Verdict {
    let raw = text.raw();
    let counts = text.sentences().iter().map(|range| count(&raw[range.clone()]));
    let mut before: Option<u64> = None;
    let (mut good, mut all) = (0, 0);
    for found in counts {
        if let Some(before) = before {
            all += 1;
            good += u64::from(found == before + step);
        }
        before = Some(found);
    }
    match before {
        // Official: the first sentence is taken for granted.
        None => Verdict::fault("list index out of range"),
        Some(_) => Verdict::share(good, all, format!("{good} of {all} steps are {step} words")),
    }
}

fn official_words(sentence: &str) -> u64 {
    split_whitespace(&bare(sentence)).count() as u64
}

fn words(sentence: &str) -> u64 {
    cores(sentence).count() as u64
}
