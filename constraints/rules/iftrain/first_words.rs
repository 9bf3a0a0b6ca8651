//! `first_word:first_word_answer` and `first_word:first_word_sent`: what the response, or each of
//! its sentences, starts with (open-instruct).

use serde_json::json;

use super::drafts::{capital, is_word, nouns};
use super::edge::{Edge, word};
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::language::marked_sentences;
use crate::profile::Profile;
use crate::python::strings::{lower, split_whitespace, strip};
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::rules::wording::{quote, sentences};
use crate::verdict::Verdict;

const KEY: &str = "first_word";

pub(super) static ANSWER: Rule = Rule {
    id: "first_word:first_word_answer",
    about: "The response starts with this word in any case. Official: what white space ends is the \
            word and nothing else, no comma behind it. Corrected: marks around it are passed over \
            (open-instruct).",
    schema: r#"{
        "properties": {"first_word": {"type": "string", "minLength": 1}},
        "required": ["first_word"]
    }"#,
    texts: |_| {
        Ok(&[
            "The first word of your response should be the word \"{first_word}\".",
            "Start your answer with the word \"{first_word}\".",
            "Let \"{first_word}\" be the very first word that you write.",
            "Your response must open with \"{first_word}\".",
        ])
    },
    sample: |draw| args([(KEY, json!(draw.noun()))]),
    compile: |args, profile| match profile {
        Profile::Official => {
            let wanted = lower(strip(args.text(KEY)?)).into_owned();
            check(move |text| {
                let first = split_whitespace(text.raw()).next().unwrap_or("");
                answer(lower(first) == wanted, text.raw())
            })
        }
        Profile::Corrected => {
            let edge = Edge::new(args, KEY, args.text(KEY)?)?;
            check(move |text| answer(edge.opens(text.raw()), text.raw()))
        }
    },
    demands: |args| {
        let word = strip(args.text(KEY)?).to_owned();
        let demand = if is_word(&word) { Demand::WordAt(1, word) } else { Demand::Opens(word) };
        Ok(vec![demand])
    },
    examples: &[
        Example {
            args: r#"{"first_word": "bread"}"#,
            response: "\nBread is old.",
            satisfied: true,
        },
        Example {
            args: r#"{"first_word": "Bread"}"#,
            response: "**bread**, then",
            satisfied: true,
        },
        Example {
            args: r#"{"first_word": "bread"}"#,
            response: "Our bread is old.",
            satisfied: false,
        },
        Example {
            args: r#"{"first_word": "bread"}"#,
            response: "Breadcrumbs, then.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "a comma behind the word is not a part of it",
            args: r#"{"first_word": "bread"}"#,
            response: "Bread, then, is old.",
            official: false,
        },
        Deviation {
            reason: "marks of emphasis are not a part of the word",
            args: r#"{"first_word": "bread"}"#,
            response: "**Bread** is old.",
            official: false,
        },
    ],
};

fn answer(starts: bool, text: &str) -> Verdict {
    match starts {
        true => Verdict::pass("starts with the word asked for"),
        false => Verdict::fail(format!("starts with {}", quote(strip(text)))),
    }
}

pub(super) static SENTENCES: Rule = Rule {
    id: "first_word:first_word_sent",
    about: "Every sentence starts with this word in any case. Official: IFEval's sentences, some \
            of which are empty and then fail; a comma belongs to the word before it. Corrected: \
            Punkt's, line breaks end one too, and marks are passed over (open-instruct). Of a \
            list of words the first counts.",
    schema: r#"{
        "properties": {
            "first_word": {
                "type": ["string", "array"],
                "minLength": 1,
                "items": {"type": "string"},
                "minItems": 1
            }
        },
        "required": ["first_word"]
    }"#,
    texts: |_| {
        Ok(&[
            "The first word of each sentence should be the word \"{first_word}\".",
            "Begin every sentence of your response with \"{first_word}\".",
            "Each of your sentences must start with the word \"{first_word}\".",
            "Write so that all sentences open with the word \"{first_word}\".",
        ])
    },
    sample: |draw| args([(KEY, json!(draw.noun()))]),
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => {
            let edge = Edge::new(args, KEY, word(args, KEY)?)?;
            check(move |text| judge(sentences(text).map(|sentence| edge.opens(sentence))))
        }
    },
    demands: |args| {
        let word = word(args, KEY)?.to_owned();
        let draft = |turn: usize| {
            let sentence = |two: &[&str]| format!("{} {} and {}.", capital(&word), two[0], two[1]);
            let words: Vec<&str> = nouns(turn).take(4 + 2 * turn).collect();
            words.chunks_exact(2).map(sentence).collect::<Vec<String>>().join(" ")
        };
        let drafts = Demand::Draft((0..5).map(draft).collect());
        let start = match is_word(&word) {
            true => Demand::SentenceStart(1, word.clone()),
            false => Demand::Opens(word.clone()),
        };
        Ok(vec![start, drafts])
    },
    examples: &[
        Example {
            args: r#"{"first_word": "bread"}"#,
            response: "Bread is old. Bread, then, is good.",
            satisfied: true,
        },
        Example {
            args: r#"{"first_word": ["bread", "salt"]}"#,
            response: "- Bread first\n- Bread again?!",
            satisfied: true,
        },
        Example {
            args: r#"{"first_word": "bread"}"#,
            response: "Bread is old. Salt is older.",
            satisfied: false,
        },
        Example { args: r#"{"first_word": "bread"}"#, response: "Breads rise.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a comma behind the word is not a part of it",
            args: r#"{"first_word": "bread"}"#,
            response: "Bread, then, is old.",
            official: false,
        },
        Deviation {
            reason: "two marks at the end make no empty sentence",
            args: r#"{"first_word": "bread"}"#,
            response: "Bread again?! Bread it is.",
            official: false,
        },
        Deviation {
            reason: "a line of its own is a sentence of its own",
            args: r#"{"first_word": "bread"}"#,
            response: "Bread first\nSalt next",
            official: true,
        },
    ],
};

fn official(args: &Reader<'_>) -> Result<Check> {
    let wanted = lower(word(args, KEY)?).into_owned();
    check(move |text| {
        let sentences = marked_sentences::split(text.raw());
        let first = |sentence: &String| split_whitespace(sentence).next().map(lower_owned);
        judge(sentences.iter().map(|sentence| first(sentence).as_ref() == Some(&wanted)))
    })
}

fn lower_owned(word: &str) -> String {
    lower(word).into_owned()
}

fn judge(sentences: impl Iterator<Item = bool>) -> Verdict {
    let (mut total, mut good) = (0, 0);
    for right in sentences {
        total += 1;
        good += u64::from(right);
    }
    Verdict::share(good, total, format!("{good} of {total} sentences start with the word"))
}
