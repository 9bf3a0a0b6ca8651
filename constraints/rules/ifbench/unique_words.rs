//! `count:unique_word_count` and `words:repeats`: how many words differ, how often one comes
//! (IFBench).

use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::bare::{bare, cores, is_edge};
use super::draft::{deal, drafts, is_plain, prose};
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::profile::Profile;
use crate::python::strings::split_whitespace;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static UNIQUE: Rule = Rule {
    id: "count:unique_word_count",
    about: "At least N different words, whatever their case. Words stand between white space, \
            without the marks around them. Official: a token of nothing but marks counts as one \
            more word. Corrected: it does not (IFBench).",
    schema: r#"{
        "properties": {"N": {"type": "integer", "minimum": 0, "maximum": 100000}},
        "required": ["N"]
    }"#,
    texts: |_| {
        Ok(&[
            "Use at least {N:different word|different words} in your response.",
            "Your answer must draw on a vocabulary of no fewer than {N:word}.",
            "Make sure that {N} or more of the words in your response are distinct; a word that \
             comes again counts once.",
            "Count each word once: your response should then have at least {N:word}.",
        ])
    },
    sample: |draw| args([("N", json!(draw.between(10, 160)))]),
    compile: |args, profile| {
        let bound = Bound::at_least(args.count("N")?);
        let official = profile == Profile::Official;
        check(move |text| {
            let found = match official {
                true => {
                    let tokens = split_whitespace(text.lower());
                    tokens.map(|token| token.trim_matches(is_edge)).collect::<HashSet<_>>().len()
                }
                false => cores(text.lower()).collect::<HashSet<_>>().len(),
            };
            Verdict::count(found as u64, bound, "different words")
        })
    },
    demands: |args| Ok(vec![Demand::Count(Unit::UniqueWords, Bound::at_least(args.count("N")?))]),
    examples: &[
        Example { args: r#"{"N": 3}"#, response: "Tea, bread and TEA.", satisfied: true },
        Example { args: r#"{"N": 2}"#, response: "well-known well known", satisfied: true },
        Example { args: r#"{"N": 3}"#, response: "Tea! tea? \"Tea\" (bread)", satisfied: false },
        Example { args: r#"{"N": 3}"#, response: "bread - tea", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a dash between words is no word",
            args: r#"{"N": 3}"#,
            response: "bread - tea",
            official: true,
        },
        Deviation {
            reason: "a word in curly quotation marks is the same word",
            args: r#"{"N": 4}"#,
            response: "Tea is called “tea”.",
            official: true,
        },
    ],
};

pub(super) static REPEATS: Rule = Rule {
    id: "words:repeats",
    about: "No word comes more than `small_n` times, whatever its case. Official: words stand \
            between white space, without ASCII punctuation, so that a dash of another kind is one \
            too. Corrected: what has no letter or digit is no word (IFBench).",
    schema: r#"{
        "properties": {"small_n": {"type": "integer", "minimum": 0, "maximum": 100000}},
        "required": ["small_n"]
    }"#,
    texts: |_| {
        Ok(&[
            "Use no word more than {small_n:time} in your response.",
            "Each word may occur at most {small_n:time} in your answer.",
            "The response should not contain any word in excess of {small_n:time}.",
            "Vary your wording: {small_n:use} of one and the same word is the limit.",
        ])
    },
    sample: |draw| args([("small_n", json!(draw.between(1, 6)))]),
    compile: |args, profile| {
        let bound = Bound::at_most(args.count("small_n")?);
        let official = profile == Profile::Official;
        check(move |text| {
            let most = match official {
                true => most(split_whitespace(&bare(text.lower()))),
                false => most(cores(text.lower())),
            };
            Verdict::count(most, bound, "uses of one word")
        })
    },
    demands: |args| {
        if args.count("small_n")? == 0 {
            return Err(args.fault("small_n", "is met by no text that has words"));
        }
        let draft = |variant| prose(&mut deal(variant, is_plain), &[6 + variant, 5]);
        Ok(vec![drafts(draft)])
    },
    examples: &[
        Example { args: r#"{"small_n": 2}"#, response: "The tea, the bread.", satisfied: true },
        Example { args: r#"{"small_n": 1}"#, response: "re-do redone re", satisfied: true },
        Example { args: r#"{"small_n": 1}"#, response: "Tea, please: TEA!", satisfied: false },
        Example { args: r#"{"small_n": 2}"#, response: "Is it what it is, it?", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a dash is no word",
            args: r#"{"small_n": 1}"#,
            response: "Bread — salt — tea",
            official: false,
        },
        Deviation {
            reason: "a word in curly quotation marks is the same word",
            args: r#"{"small_n": 1}"#,
            response: "This tea is “tea” here.",
            official: true,
        },
    ],
};

/// How often the most frequent word comes.
fn most<'t>(words: impl Iterator<Item = &'t str>) -> u64 {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    counts.into_values().max().unwrap_or(0)
}
