//! `words:keywords_specific_position`, `words:words_position`: a keyword in its place (IFBench).

use serde_json::json;

use super::bare::PUNCTUATION;
use super::draft::{capital, deal, drafts, is_plain, prose};
use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::error::Result;
use crate::language::tokenize::word_tokenize;
use crate::profile::Profile;
use crate::python::chars::is_alphanumeric;
use crate::python::strings::{lower, strip};
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::rules::phrase::Phrase;
use crate::rules::wording::{quote, same_word, words};
use crate::verdict::Verdict;

pub(super) static SENTENCE: Rule = Rule {
    id: "words:keywords_specific_position",
    about: "The `m`th word of the `n`th sentence (by Punkt), both from 1, is the keyword in any \
            case. Official: words are NLTK's tokens that hold a letter or digit, so that `don't` \
            makes two. Corrected: `don't` is one word, and a keyword may be of several (IFBench).",
    schema: r#"{
        "properties": {
            "keyword": {"type": "string", "minLength": 1},
            "n": {"type": "integer", "minimum": 1, "maximum": 100000},
            "m": {"type": "integer", "minimum": 1, "maximum": 100000}
        },
        "required": ["keyword", "n", "m"]
    }"#,
    texts: |_| {
        Ok(&[
            "Make \"{keyword}\" the {m#} word of the {n#} sentence in your response.",
            "In sentence number {n}, word number {m} must be \"{keyword}\".",
            "Your answer should use \"{keyword}\" as the {m#} word of its {n#} sentence.",
            "Place \"{keyword}\" so that it is word {m} of sentence {n}, counting both from 1.",
        ])
    },
    sample: |draw| {
        let (n, m) = (draw.between(1, 10), draw.between(1, 15));
        args([("keyword", json!(draw.noun())), ("n", json!(n)), ("m", json!(m))])
    },
    compile: |args, profile| match profile {
        Profile::Official => official_sentence(args),
        Profile::Corrected => corrected_sentence(args),
    },
    demands: |args| {
        let keyword = strip(args.text("keyword")?);
        let [n, m] = places(args)?;
        let draft = |variant| {
            let mut fill = deal(variant, is_plain);
            let mut sentences = Vec::new();
            for _ in 1..n.min(10_000) {
                sentences.push(prose(&mut fill, &[3 + variant]));
            }
            let before: Vec<&str> = fill.by_ref().take(m.min(10_000) as usize - 1).collect();
            let after: Vec<&str> = fill.take(1 + variant).collect();
            let last = [&before.join(" "), keyword, &after.join(" ")].join(" ");
            sentences.push(capital(last.trim_start()) + ".");
            sentences.join(" ")
        };
        Ok(vec![
            Demand::Mention(keyword.to_owned(), Bound::at_least(1)),
            Demand::Count(Unit::Sentences, Bound::at_least(n)),
            drafts(draft),
        ])
    },
    examples: &[
        Example {
            args: r#"{"keyword": "tea", "n": 2, "m": 3}"#,
            response: "It rains. I like Tea now.",
            satisfied: true,
        },
        Example {
            args: r#"{"keyword": "tea", "n": 1, "m": 2}"#,
            response: "- “More” (tea)!",
            satisfied: true,
        },
        Example {
            args: r#"{"keyword": "tea", "n": 2, "m": 2}"#,
            response: "It rains. I like tea now.",
            satisfied: false,
        },
        Example {
            args: r#"{"keyword": "tea", "n": 2, "m": 3}"#,
            response: "We like tea.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "a contraction is one word",
            args: r#"{"keyword": "tea", "n": 1, "m": 3}"#,
            response: "Don't waste tea.",
            official: false,
        },
        Deviation {
            reason: "a keyword of two words can stand there too",
            args: r#"{"keyword": "green tea", "n": 1, "m": 2}"#,
            response: "More green tea.",
            official: false,
        },
    ],
};

/// The sentence and the word that are meant, from 1.
fn places(args: &Reader<'_>) -> Result<[u64; 2]> {
    let mut found = [0; 2];
    for (place, key) in found.iter_mut().zip(["n", "m"]) {
        *place = args.count(key)?;
        if *place == 0 {
            return Err(args.fault(key, "is below 1"));
        }
    }
    Ok(found)
}

/// Judges the `n`th sentence, if there is one.
fn in_sentence(
    args: &Reader<'_>,
    holds: impl Fn(&str, usize) -> bool + Send + Sync + 'static,
) -> Result<Check> {
    let [n, m] = places(args)?;
    check(move |text| {
        let sentences = text.sentences();
        match sentences.get(n as usize - 1) {
            None => {
                let found = sentences.len() as u64;
                let verdict = Verdict::count(found, Bound::at_least(n), "sentences");
                Verdict { degree: verdict.degree / 2.0, ..verdict }
            }
            Some(range) if holds(&text.raw()[range.clone()], m as usize - 1) => {
                Verdict::pass("the keyword stands in its place")
            }
            Some(_) => Verdict::share(1, 2, "another word stands in the keyword's place"),
        }
    })
}

fn official_sentence(args: &Reader<'_>) -> Result<Check> {
    let keyword = lower(strip(args.text("keyword")?)).into_owned();
    in_sentence(args, move |sentence, at| {
        let tokens = word_tokenize(sentence);
        let mut words = tokens.iter().filter(|token| token.contains(is_alphanumeric));
        words.nth(at).is_some_and(|word| lower(word) == keyword)
    })
}

fn corrected_sentence(args: &Reader<'_>) -> Result<Check> {
    let keyword = args.text("keyword")?;
    let phrase = Phrase::new(keyword).ok_or_else(|| args.fault("keyword", "is blank"))?;
    in_sentence(args, move |sentence, at| {
        let lowered = lower(sentence);
        let word = words(&lowered).nth(at);
        let start = word.map(|word| word.as_ptr() as usize - lowered.as_ptr() as usize);
        start.is_some_and(|start| phrase.opens(&lowered[start..]))
    })
}

pub(super) static RESPONSE: Rule = Rule {
    id: "words:words_position",
    about: "The second word and the last but one are both the keyword, in any case. Official: \
            words are NLTK's tokens, marks too, but for a single mark at the end. Corrected: marks \
            are no words, and `don't` is one (IFBench).",
    schema: r#"{"properties": {"keyword": {"type": "string"}}, "required": ["keyword"]}"#,
    texts: |_| {
        Ok(&[
            "Both the second and the last but one word of your response must be \"{keyword}\".",
            "Use \"{keyword}\" as your second word and again as your second to last word.",
            "Let \"{keyword}\" stand right after the first word and right before the last word of \
             your answer.",
            "The word \"{keyword}\" should come second in the response, and second from its end \
             too.",
        ])
    },
    sample: |draw| args([("keyword", json!(draw.noun()))]),
    compile: |args, profile| {
        let keyword = lower(strip(args.text("keyword")?)).into_owned();
        match profile {
            Profile::Official => check(move |text| {
                let tokens = word_tokenize(text.raw());
                let marked = tokens.iter().next_back().is_some_and(|t| PUNCTUATION.contains(t));
                let last = tokens.len().checked_sub(2 + usize::from(marked));
                let is_keyword = |at: usize| tokens.get(at).is_some_and(|t| lower(t) == keyword);
                judge(last.is_some() && is_keyword(1), last.is_some_and(is_keyword))
            }),
            Profile::Corrected => check(move |text| {
                let second = words(text.raw()).nth(1);
                let mut last = [None; 2];
                for word in words(text.raw()) {
                    last = [last[1], Some(word)];
                }
                let is_keyword = |word: Option<&str>| word.is_some_and(|w| same_word(w, &keyword));
                judge(is_keyword(second), is_keyword(last[0]))
            }),
        }
    },
    demands: |args| {
        let keyword = strip(args.text("keyword")?);
        let tokens = word_tokenize(keyword);
        if tokens.len() != 1 || words(keyword).next() != Some(keyword) {
            let quoted = quote(keyword);
            return Err(args.fault("keyword", format!("{quoted} is not one single word")));
        }
        Ok(vec![
            Demand::WordAt(2, keyword.to_owned()),
            drafts(|variant| match variant {
                0 => format!("The {keyword} is what everybody knows as {keyword} here."),
                1 => format!("No {keyword} is like another. Each is a {keyword} still."),
                2 => format!("Some {keyword} indeed\n\nAnd then some {keyword} again"),
                _ => format!("One {keyword} today and one more {keyword} tomorrow!"),
            }),
        ])
    },
    examples: &[
        Example {
            args: r#"{"keyword": "tea"}"#,
            response: "The tea is good. Have some Tea (now)!",
            satisfied: true,
        },
        Example { args: r#"{"keyword": "it's"}"#, response: "Maybe it's so.", satisfied: true },
        Example { args: r#"{"keyword": "tea"}"#, response: "The tea is tea.", satisfied: false },
        Example { args: r#"{"keyword": "tea"}"#, response: "Tea is tea now.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "two marks at the end are no words either",
            args: r#"{"keyword": "tea"}"#,
            response: "\"The tea is tea now.\"",
            official: false,
        },
        Deviation {
            reason: "a contraction is one word",
            args: r#"{"keyword": "it's"}"#,
            response: "Maybe it's so.",
            official: false,
        },
    ],
};

fn judge(second: bool, last: bool) -> Verdict {
    match (second, last) {
        (true, true) => Verdict::pass("both words are the keyword"),
        (true, false) => Verdict::share(1, 2, "the last word but one is not the keyword"),
        (false, true) => Verdict::share(1, 2, "the second word is not the keyword"),
        (false, false) => Verdict::fail("neither word is the keyword"),
    }
}
