//! `words:last_first`, `words:paragraph_last_first`: how words at the edges go on (IFBench).

use super::bare::{cores, is_edge};
use super::draft::{capital, deal, drafts};
use crate::args::Args;
use crate::lexicon::{Class, Entry};
use crate::profile::Profile;
use crate::python::strings::{lower, split_whitespace, strip};
use crate::rule::{Deviation, Example, Rule, check};
use crate::text::Text;
use crate::verdict::Verdict;

pub(super) static LAST_FIRST: Rule = Rule {
    id: "words:last_first",
    about: "Each sentence (by Punkt) starts with the word that the one before ends with, in any \
            case. Words stand between white space. Official: marks are taken off the end of a \
            sentence and off the start of the next, so that a comma after its first word makes \
            another word. Corrected: all marks around a word are (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Begin every sentence after the first with the last word of the sentence before it.",
            "The last word of each sentence must be the first word of the one that follows.",
            "Chain your sentences: the word that closes one opens the next.",
            "Let each new sentence start with the very word that ended the previous sentence.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        let official = profile == Profile::Official;
        check(move |text| {
            let fits = if official { official_links(text) } else { links(text) };
            let (mut good, mut all) = (0, 0);
            for fit in fits {
                all += 1;
                good += u64::from(fit);
            }
            Verdict::share(good, all, format!("{good} of {all} sentences go on with the last word"))
        })
    },
    demands: |_| {
        const VERBS: [&str; 4] = ["follows", "needs", "likes", "meets"];
        Ok(vec![drafts(|variant| {
            let words: Vec<&str> = deal(variant, is_noun).take(4 + variant).collect();
            let link = |two: &[&str]| {
                format!("{} {} {}.", capital(two[0]), VERBS[variant % VERBS.len()], two[1])
            };
            words.windows(2).map(link).collect::<Vec<String>>().join(" ")
        })])
    },
    examples: &[
        Example { args: "{}", response: "I like tea. TEA is warm.", satisfied: true },
        Example { args: "{}", response: "He said \"tea!\" Tea, then, it is.", satisfied: true },
        Example { args: "{}", response: "I like tea. Bread is warm.", satisfied: false },
        Example { args: "{}", response: "I like tea. Tea is warm. It is.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a comma is no part of the word before it",
            args: "{}",
            response: "I like tea. Tea, I say, is warm.",
            official: false,
        },
        Deviation {
            reason: "curly quotation marks are no part of a word",
            args: "{}",
            response: "I like tea. “Tea” is warm.",
            official: false,
        },
    ],
};

fn is_noun(entry: &Entry) -> bool {
    entry.class == Class::Noun && entry.word.len() > 3
}

/// Whether each sentence but the first starts with the last word of the one before.
fn official_links<'t>(text: &'t Text<'_>) -> Box<dyn Iterator<Item = bool> + 't> {
    let raw = text.raw();
    Box::new(text.sentences().windows(2).map(|two| {
        let before = raw[two[0].clone()].trim_end_matches(is_edge);
        let after = raw[two[1].clone()].trim_start_matches(is_edge);
        match (split_whitespace(before).last(), split_whitespace(after).next()) {
            (Some(last), Some(first)) => lower(last) == lower(first),
            _ => false,
        }
    }))
}

/// The same, sentences without words left out and all marks taken off.
fn links<'t>(text: &'t Text<'_>) -> Box<dyn Iterator<Item = bool> + 't> {
    let raw = text.raw();
    let mut before: Option<&str> = None;
    let sentences = text.sentences().iter().map(|range| &raw[range.clone()]);
    Box::new(sentences.filter_map(move |sentence| {
        let first = cores(sentence).next()?;
        let last = before.replace(cores(sentence).last()?)?;
        Some(lower(last) == lower(first))
    }))
}

pub(super) static PARAGRAPH_LAST_FIRST: Rule = Rule {
    id: "words:paragraph_last_first",
    about: "Each line that is not blank ends with the word it starts with, in any case. Words \
            stand between white space. Official: marks are taken off the two ends of the line \
            alone. Corrected: off every word (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Every paragraph must end with the word that it began with; put a line break between \
             paragraphs.",
            "Close each paragraph with its own first word, and separate paragraphs by a new line.",
            "Let the first word of each paragraph come back as its last one. Each paragraph stands \
             on a line of its own.",
            "The first and the last word of any paragraph have to be the same; paragraphs are set \
             apart by line breaks.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        let official = profile == Profile::Official;
        check(move |text| {
            let (mut good, mut all) = (0, 0);
            for line in text.raw().split('\n') {
                let line = lower(strip(line));
                let ends = if official { official_ends(&line) } else { ends(&line) };
                if let Some((first, last)) = ends {
                    all += 1;
                    good += u64::from(first == last);
                }
            }
            Verdict::share(good, all, format!("{good} of {all} paragraphs end as they start"))
        })
    },
    demands: |_| {
        const MIDDLES: [&str; 4] = [
            "is good, and nobody here talks of anything but",
            "comes first in every list that begins with",
            "can wait until tomorrow, unless somebody asks for",
            "was all they had; they were glad of their",
        ];
        Ok(vec![drafts(|variant| {
            let words = deal(variant, is_noun).take(1 + variant);
            let lines = words.zip(MIDDLES.iter().cycle().skip(variant));
            let line = |(word, middle)| format!("{} {middle} {word}.", capital(word));
            lines.map(line).collect::<Vec<String>>().join("\n")
        })])
    },
    examples: &[
        Example { args: "{}", response: "Tea is tea.\n\n- Salt (as SALT)", satisfied: true },
        Example { args: "{}", response: "“Tea” is tea!", satisfied: true },
        Example { args: "{}", response: "Tea is tea.\nSalt is white.", satisfied: false },
        Example { args: "{}", response: "Teas are tea.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a comma is no part of the word before it",
            args: "{}",
            response: "Tea, I say, is tea.",
            official: false,
        },
        Deviation {
            reason: "curly quotation marks are no part of a word",
            args: "{}",
            response: "“Tea” is tea",
            official: false,
        },
    ],
};

fn official_ends(line: &str) -> Option<(&str, &str)> {
    let mut words = split_whitespace(line.trim_matches(is_edge));
    let first = words.next()?;
    Some((first, words.last().unwrap_or(first)))
}

fn ends(line: &str) -> Option<(&str, &str)> {
    let mut words = cores(line);
    let first = words.next()?;
    Some((first, words.last().unwrap_or(first)))
}
