//! `sentence:keyword`: a keyword in the Nth sentence (IFBench).

use serde_json::json;

use super::draft::{capital, deal, drafts, is_plain, prose};
use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::pattern::Flags;
use crate::python::strings::lower;
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::rules::pattern;
use crate::rules::phrase::Phrase;
use crate::text::Text;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "sentence:keyword",
    about: "The Nth sentence (by Punkt, from 1) has the keyword, whatever its case. Official: \
            between two `\\b`, so that a keyword that starts or ends with a mark is hardly ever \
            found; 0 stands for the last sentence. Corrected: as a whole word, and 0 is refused \
            (IFBench).",
    schema: r#"{
        "properties": {
            "word": {"type": "string", "minLength": 1},
            "N": {"type": "integer", "minimum": 0, "maximum": 100000}
        },
        "required": ["word", "N"]
    }"#,
    texts: |_| {
        Ok(&[
            "Use \"{word}\" in the {N#} sentence of your response.",
            "Sentence number {N} of your answer must include \"{word}\".",
            "Make sure that the {N#} sentence contains the keyword \"{word}\".",
            "Counting sentences from the start, mention \"{word}\" in number {N}.",
        ])
    },
    sample: |draw| {
        let n = draw.between(1, 12);
        args([("word", json!(draw.noun())), ("N", json!(n))])
    },
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands: |args| {
        let word = args.text("word")?;
        let n = place(args)?;
        let draft = |variant| {
            let mut fill = deal(variant, is_plain);
            let mut sentences = vec![prose(&mut fill, &[3]); n.min(10_000) as usize];
            sentences.iter_mut().for_each(|sentence| *sentence = prose(&mut fill, &[3 + variant]));
            if let Some(last) = sentences.last_mut() {
                let tail: Vec<&str> = fill.take(2).collect();
                *last = match variant {
                    0 => format!("{} is about {word} {}.", capital(tail[0]), tail[1]),
                    1 => format!("Now {word} is {}.", tail.join(" ")),
                    2 => format!("They call it {word}."),
                    _ => format!("One {} of {word} remains.", tail[0]),
                };
            }
            sentences.join(" ")
        };
        Ok(vec![
            Demand::Mention(word.to_owned(), Bound::at_least(1)),
            Demand::Count(Unit::Sentences, Bound::at_least(n)),
            drafts(draft),
        ])
    },
    examples: &[
        Example {
            args: r#"{"word": "tea", "N": 2}"#,
            response: "It rains. TEA-time is near.",
            satisfied: true,
        },
        Example {
            args: r#"{"word": "C++", "N": 1}"#,
            response: "We use C++ daily. So do they.",
            satisfied: true,
        },
        Example {
            args: r#"{"word": "tea", "N": 2}"#,
            response: "Tea helps. The team agrees.",
            satisfied: false,
        },
        Example { args: r#"{"word": "tea", "N": 2}"#, response: "More tea!", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a keyword that ends in a mark is found before a space",
            args: r#"{"word": "C++", "N": 1}"#,
            response: "We use C++ daily.",
            official: false,
        },
        Deviation {
            reason: "a vowel sign belongs to the word that it stands in",
            args: r#"{"word": "क", "N": 1}"#,
            response: "यह कि वह",
            official: true,
        },
    ],
};

/// Which sentence is meant, from 1.
fn place(args: &Reader<'_>) -> Result<u64> {
    match args.count("N")? {
        0 => Err(args.fault("N", "is below 1: sentences are counted from 1")),
        n => Ok(n),
    }
}

fn judge(text: &Text<'_>, n: u64, has: impl FnOnce(&str) -> bool) -> Verdict {
    let sentences = text.sentences();
    let at = n.checked_sub(1).map_or(sentences.len().checked_sub(1), |at| Some(at as usize));
    match at.and_then(|at| sentences.get(at)) {
        None => {
            let found = sentences.len() as u64;
            let verdict = Verdict::count(found, Bound::at_least(n), "sentences");
            Verdict { degree: verdict.degree / 2.0, ..verdict }
        }
        Some(range) if has(&text.raw()[range.clone()]) => {
            Verdict::pass("the sentence has the keyword")
        }
        Some(_) => Verdict::share(1, 2, "the sentence lacks the keyword"),
    }
}

fn official(args: &Reader<'_>) -> Result<Check> {
    let n = args.count("N")?;
    let pattern = format!(r"\b{}\b", escape(args.text("word")?));
    let search = pattern::prepare(args, "word", &pattern, Flags::IGNORE_CASE)?;
    check(move |text| match search.pattern() {
        Ok(pattern) => judge(text, n, |sentence| pattern.is_match(sentence)),
        Err(fault) => fault,
    })
}

/// `re.escape(text)`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let n = place(args)?;
    let phrase = Phrase::new(args.text("word")?).ok_or_else(|| args.fault("word", "is blank"))?;
    check(move |text| judge(text, n, |sentence| phrase.is_in(&lower(sentence))))
}
