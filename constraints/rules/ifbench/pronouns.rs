//! `count:pronouns`: how many pronouns are used (IFBench).

use serde_json::json;

use super::draft::drafts;
use crate::bound::Bound;
use crate::draw::args;
use crate::language::tokenize::word_tokenize;
use crate::python::strings::lower;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

/// What counts as a pronoun, between spaces.
const PRONOUNS: &str = " i me we us you he him she her it they them \
    my mine our ours your yours his hers its their theirs \
    myself ourselves yourself yourselves himself herself itself themselves \
    this that these those who whom whose which what whoever whomever whatever whichever \
    anybody anyone anything everybody everyone everything nobody nothing \
    somebody someone something each either neither both all some any none ";

/// Sentences with at least five pronouns each.
const SENTENCES: [&str; 6] = [
    "They told us that she liked it.",
    "He gave her what we asked them for.",
    "You and I know who took this from him.",
    "Someone showed me everything that his friends made.",
    "Nobody saw which of these she kept for herself.",
    "Both of them said it was theirs and not ours.",
];

pub(super) static RULE: Rule = Rule {
    id: "count:pronouns",
    about: "At least N pronouns of a list of some sixty: personal, possessive, reflexive, \
            demonstrative, interrogative and indefinite ones, in any case. Words are NLTK's \
            tokens, so that `I'm` has one; a slash parts words as a space does (IFBench).",
    schema: r#"{
        "properties": {"N": {"type": "integer", "minimum": 0, "maximum": 100000}},
        "required": ["N"]
    }"#,
    texts: |_| {
        Ok(&[
            "Use at least {N:pronoun} in your response.",
            "Your answer must contain no fewer than {N:pronoun}, of whatever kind.",
            "Include {N} or more pronouns (such as \"she\", \"their\", \"this\" or \"someone\").",
            "The pronouns in your response, each counted as often as it is used, should come to \
             {N} or more.",
        ])
    },
    sample: |draw| args([("N", json!(draw.between(1, 40)))]),
    compile: |args, _| {
        let bound = Bound::at_least(args.count("N")?);
        check(move |text| {
            let parted = text.raw().replace('/', " ");
            let tokens = word_tokenize(&lower(&parted));
            let found = tokens.iter().filter(|token| is_pronoun(token)).count();
            Verdict::count(found as u64, bound, "pronouns")
        })
    },
    demands: |args| {
        let n = args.count("N")?.div_ceil(5).max(1) as usize;
        Ok(vec![drafts(|variant| {
            let chosen = SENTENCES.iter().copied().cycle().skip(variant).take(n);
            chosen.collect::<Vec<&str>>().join(" ")
        })])
    },
    examples: &[
        Example { args: r#"{"N": 3}"#, response: "I'm sure she/her is fine.", satisfied: true },
        Example { args: r#"{"N": 2}"#, response: "THIS is hers.", satisfied: true },
        Example { args: r#"{"N": 2}"#, response: "Anna likes her tea.", satisfied: false },
        Example { args: r#"{"N": 1}"#, response: "There is one oven.", satisfied: false },
    ],
    deviations: &[],
};

fn is_pronoun(token: &str) -> bool {
    const LONGEST: usize = 10;
    token.len() <= LONGEST
        && token.bytes().all(|byte| byte.is_ascii_lowercase())
        && PRONOUNS.contains(&format!(" {token} "))
}
