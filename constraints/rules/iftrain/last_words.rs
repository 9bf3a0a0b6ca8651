//! `last_word:last_word_answer` and `last_word:last_word_sent`: what the response, or each of its
//! sentences, ends with (open-instruct).

use serde_json::json;

use super::drafts::{is_word, nouns};
use super::edge::{Edge, word};
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::language::marked_sentences;
use crate::profile::Profile;
use crate::python::chars;
use crate::python::strings::{lower, split_whitespace, strip};
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::rules::wording::{quote, sentences};
use crate::verdict::Verdict;

const KEY: &str = "last_word";

pub(super) static ANSWER: Rule = Rule {
    id: "last_word:last_word_answer",
    about: "The response ends with this word in any case. Official: what follows the last white \
            space, all but `\\w` taken out of it, is the word. Corrected: marks behind the word \
            are passed over, and a hyphen or apostrophe inside it stays (open-instruct).",
    schema: r#"{
        "properties": {"last_word": {"type": "string", "minLength": 1}},
        "required": ["last_word"]
    }"#,
    texts: |_| {
        Ok(&[
            "The last word of your response should be the word \"{last_word}\".",
            "End your answer with the word \"{last_word}\".",
            "Let \"{last_word}\" be the final word that you write.",
            "Your response must close with the word \"{last_word}\", a punctuation mark aside.",
        ])
    },
    sample: |draw| args([(KEY, json!(draw.noun()))]),
    compile: |args, profile| match profile {
        Profile::Official => {
            let wanted = lower(strip(args.text(KEY)?)).into_owned();
            check(move |text| answer(closes(text.raw(), &wanted), text.raw()))
        }
        Profile::Corrected => {
            let edge = Edge::new(args, KEY, args.text(KEY)?)?;
            check(move |text| answer(edge.closes(text.raw()), text.raw()))
        }
    },
    demands: |args| Ok(vec![closing(strip(args.text(KEY)?))]),
    examples: &[
        Example {
            args: r#"{"last_word": "bread"}"#,
            response: "They sell Bread.\n",
            satisfied: true,
        },
        Example {
            args: r#"{"last_word": "don't"}"#,
            response: "Please **don't**!",
            satisfied: true,
        },
        Example { args: r#"{"last_word": "bread"}"#, response: "Bread is sold.", satisfied: false },
        Example { args: r#"{"last_word": "bread"}"#, response: "Gingerbread", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a word with an apostrophe can be asked for",
            args: r#"{"last_word": "don't"}"#,
            response: "Please don't.",
            official: false,
        },
        Deviation {
            reason: "a dash behind the word is no word",
            args: r#"{"last_word": "bread"}"#,
            response: "They sell bread —",
            official: false,
        },
        Deviation {
            reason: "what is left of a hyphenated word is not the word",
            args: r#"{"last_word": "reset"}"#,
            response: "Now re-set",
            official: true,
        },
    ],
};

/// The demand that the text ends with `word`.
fn closing(word: &str) -> Demand {
    match is_word(word) {
        true => Demand::LastWord(word.to_owned()),
        false => Demand::Closes(word.to_owned()),
    }
}

fn answer(closes: bool, text: &str) -> Verdict {
    match closes {
        true => Verdict::pass("ends with the word asked for"),
        false => {
            let last = split_whitespace(text).last().unwrap_or("");
            Verdict::fail(format!("ends with {}", quote(last)))
        }
    }
}

/// Whether the last word of `text`, with nothing but `\w` in it, is the wanted one.
fn closes(text: &str, wanted: &str) -> bool {
    let text = strip(text);
    let start = text
        .rfind(chars::is_space)
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let last: String = text[start..].chars().filter(|c| chars::is_word(*c)).collect();
    !text.is_empty() && lower(&last) == wanted
}

pub(super) static SENTENCES: Rule = Rule {
    id: "last_word:last_word_sent",
    about: "Every sentence ends with this word in any case, punctuation aside. Official: IFEval's \
            sentences, some of which are empty and then fail; all but `\\w` is taken out of the \
            word. Corrected: Punkt's, line breaks end one too, and marks behind the word are \
            passed over (open-instruct). Of a list of words the first counts.",
    schema: r#"{
        "properties": {
            "last_word": {
                "type": ["string", "array"],
                "minLength": 1,
                "items": {"type": "string"},
                "minItems": 1
            }
        },
        "required": ["last_word"]
    }"#,
    texts: |_| {
        Ok(&[
            "The last word of each sentence, before punctuation, should be the word \
             \"{last_word}\".",
            "End every sentence of your response with \"{last_word}\".",
            "Each of your sentences must close with the word \"{last_word}\", punctuation aside.",
            "Write so that all sentences have \"{last_word}\" as their final word.",
        ])
    },
    sample: |draw| args([(KEY, json!(draw.noun()))]),
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => {
            let edge = Edge::new(args, KEY, word(args, KEY)?)?;
            check(move |text| judge(sentences(text).map(|sentence| edge.closes(sentence))))
        }
    },
    demands: |args| {
        let word = word(args, KEY)?;
        let draft = |turn: usize| {
            let sentence = |two: &[&str]| format!("The {} and the {} {word}.", two[0], two[1]);
            let words: Vec<&str> = nouns(turn).take(4 + 2 * turn).collect();
            words.chunks_exact(2).map(sentence).collect::<Vec<String>>().join(" ")
        };
        Ok(vec![closing(word), Demand::Draft((0..5).map(draft).collect())])
    },
    examples: &[
        Example {
            args: r#"{"last_word": "bread"}"#,
            response: "They sell bread. We buy (Bread)!",
            satisfied: true,
        },
        Example {
            args: r#"{"last_word": ["bread"]}"#,
            response: "- Old bread\n- **New bread**?!",
            satisfied: true,
        },
        Example {
            args: r#"{"last_word": "bread"}"#,
            response: "They sell bread. We buy salt.",
            satisfied: false,
        },
        Example {
            args: r#"{"last_word": "bread"}"#,
            response: "We eat gingerbread.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "two marks at the end make no empty sentence",
            args: r#"{"last_word": "bread"}"#,
            response: "You sell bread?!",
            official: false,
        },
        Deviation {
            reason: "a line of its own is a sentence of its own",
            args: r#"{"last_word": "bread"}"#,
            response: "Salt first\nThen bread",
            official: true,
        },
    ],
};

fn official(args: &Reader<'_>) -> Result<Check> {
    let wanted = lower(word(args, KEY)?).into_owned();
    check(move |text| {
        let sentences = marked_sentences::split(text.raw());
        judge(sentences.iter().map(|sentence| closes(sentence, &wanted)))
    })
}

fn judge(sentences: impl Iterator<Item = bool>) -> Verdict {
    let (mut total, mut good) = (0, 0);
    for right in sentences {
        total += 1;
        good += u64::from(right);
    }
    Verdict::share(good, total, format!("{good} of {total} sentences end with the word"))
}
