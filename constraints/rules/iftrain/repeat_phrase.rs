//! `copy:repeat_phrase`: a phrase again and again, one word in it replaced each time
//! (open-instruct).

use serde_json::json;

use super::drafts::{capital, nouns};
use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::pattern::Flags;
use crate::python::strings::{lower, split_whitespace, strip};
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::rules::pattern;
use crate::rules::phrase::is_word;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "copy:repeat_phrase",
    about: "The phrase occurs so many times, each time with exactly one of its inner words \
            replaced. Official: what reaches from its first to its last word on one line, case \
            and punctuation included, the two words taken for Python patterns. Corrected: runs of \
            whole words with these ends; the phrase must not occur unaltered (open-instruct).",
    schema: r#"{
        "properties": {
            "phrase": {"type": "string", "minLength": 1, "maxLength": 1000},
            "small_n": {"type": "integer", "minimum": 1, "maximum": 100}
        },
        "required": ["phrase", "small_n"]
    }"#,
    texts: |_| {
        Ok(&[
            "Repeat the phrase \"{phrase}\" exactly {small_n:time}, each time with just one word \
             in the middle of it replaced by another.",
            "Use the phrase \"{phrase}\" {small_n:time}, no more and no fewer, and change a single \
             word of it (neither the first nor the last) each time.",
            "Your response must contain exactly {small_n:variation} of \"{phrase}\", each of which \
             differs from it in one inner word.",
            "Write \"{phrase}\" {small_n:time} over, altering precisely one central word in each \
             repetition.",
        ])
    },
    sample: |draw| {
        let phrase = draw.pick(&PHRASES);
        args([("phrase", json!(phrase)), ("small_n", json!(draw.between(1, 5)))])
    },
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands,
    examples: &[
        Example {
            args: r#"{"phrase": "old friends make roads short", "small_n": 2}"#,
            response: "old songs make roads short\nold friends keep roads short",
            satisfied: true,
        },
        Example {
            args: r#"{"phrase": "old friends make roads short", "small_n": 1}"#,
            response: "They say: \"Old friends make winters short.\"",
            satisfied: true,
        },
        Example {
            args: r#"{"phrase": "old friends make roads short", "small_n": 2}"#,
            response: "old songs make roads short\nold friends make roads short",
            satisfied: false,
        },
        Example {
            args: r#"{"phrase": "old friends make roads short", "small_n": 1}"#,
            response: "old songs make winters short",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "a capital or a mark at its ends does not make it another phrase",
            args: r#"{"phrase": "old friends make roads short", "small_n": 1}"#,
            response: "Old friends make winters short.",
            official: false,
        },
        Deviation {
            reason: "a phrase does not begin inside a longer word",
            args: r#"{"phrase": "old friends make roads short", "small_n": 1}"#,
            response: "Fold friends make winters short.",
            official: true,
        },
        Deviation {
            reason: "words are text: their punctuation is no pattern",
            args: r#"{"phrase": "Why? asks every child", "small_n": 1}"#,
            response: "Why? asks one child",
            official: false,
        },
    ],
};

const PHRASES: [&str; 12] = [
    "small steps lead to great journeys",
    "quiet rivers carry the heaviest stones",
    "honest work keeps every table full",
    "old friends make the longest road short",
    "patient hands build houses that last",
    "bright mornings follow even stormy nights",
    "kind words open doors that keys cannot",
    "every map begins with one bold line",
    "slow bread has the finest crust",
    "fresh eyes find what habit hides",
    "good questions travel further than answers",
    "shared burdens weigh half as much",
];

fn official(args: &Reader<'_>) -> Result<Check> {
    let phrase: Vec<String> = split_whitespace(args.text("phrase")?).map(str::to_owned).collect();
    let (Some(first), Some(last)) = (phrase.first(), phrase.last()) else {
        return Err(args.fault("phrase", "is blank"));
    };
    let pattern = format!("{first} .*? {last}");
    let search = pattern::prepare(args, "phrase", &pattern, Flags::default())?;
    let bound = Bound::exactly(args.count("small_n")?);
    check(move |text| {
        let pattern = match search.pattern() {
            Ok(pattern) => pattern,
            Err(fault) => return fault,
        };
        let found: Vec<&str> = pattern.find_iter(text.raw()).map(|at| &text.raw()[at]).collect();
        if !bound.holds(found.len() as u64) {
            return Verdict::count(found.len() as u64, bound, "repetitions of the phrase");
        }
        // With groups in the pattern Python finds the groups: one is never a whole phrase, and a
        // list of several is no text.
        match pattern.groups() {
            0 => {}
            1 => return Verdict::fail("the words of the phrase hold a group"),
            _ => return Verdict::fault("the words of the phrase hold several groups"),
        }
        let good = found.iter().filter(|copy| replaced(copy, &phrase) == Some(1)).count();
        Verdict::share(good as u64, bound.low, "repetitions with one word replaced")
    })
}

/// How many words of a copy are not those of the phrase; `None` where it is longer or shorter.
fn replaced(copy: &str, phrase: &[String]) -> Option<usize> {
    let copy: Vec<&str> = split_whitespace(copy).collect();
    let same_length = copy.len() == phrase.len();
    same_length.then(|| copy.iter().zip(phrase).filter(|(found, word)| *found != *word).count())
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let lowered = lower(args.text("phrase")?).into_owned();
    let phrase: Vec<String> = bare_words(&lowered).map(str::to_owned).collect();
    if phrase.len() < 3 {
        return Err(args.fault("phrase", "has no word between its first and its last"));
    }
    let bound = Bound::exactly(args.count("small_n")?);
    check(move |text| {
        let words: Vec<&str> = bare_words(text.lower()).collect();
        let (mut altered, mut unaltered) = (0, 0);
        for run in words.windows(phrase.len()) {
            if run.first() != phrase.first().map(String::as_str).as_ref()
                || run.last() != phrase.last().map(String::as_str).as_ref()
            {
                continue;
            }
            match run.iter().zip(&phrase).filter(|(found, word)| *found != *word).count() {
                0 => unaltered += 1,
                1 => altered += 1,
                _ => {}
            }
        }
        let verdict = Verdict::count(altered, bound, "repetitions with one word replaced");
        if unaltered == 0 {
            return verdict;
        }
        let degree = verdict.degree / (1 + unaltered) as f32;
        Verdict { degree, ..Verdict::fail("the phrase occurs unaltered") }
    })
}

/// What white space sets apart, without the marks at its ends; marks alone are no word.
fn bare_words(text: &str) -> impl Iterator<Item = &str> {
    let bare = |word| str::trim_matches(word, |c| !is_word(c));
    split_whitespace(text).map(bare).filter(|word| !word.is_empty())
}

fn demands(args: &Reader<'_>) -> Result<Vec<Demand>> {
    let phrase: Vec<&str> = split_whitespace(strip(args.text("phrase")?)).collect();
    let [_, inner @ .., last] = phrase.as_slice() else {
        return Err(args.fault("phrase", "has no word between its first and its last"));
    };
    if inner.is_empty() {
        return Err(args.fault("phrase", "has no word between its first and its last"));
    }
    let n = args.count("small_n")?.min(100) as usize;
    let draft = |turn: usize| -> String {
        let other = |noun: &&str| !noun.starts_with(last) && !phrase.contains(noun);
        let copies = nouns(turn).filter(other).take(n).enumerate().map(|(at, noun)| {
            let mut copy = phrase.clone();
            copy[1 + (at + turn) % inner.len()] = noun;
            let copy = copy.join(" ");
            // A capital of its own would change the phrase, so something stands before it.
            format!("{} {}: {copy}.", capital(noun), at + 1)
        });
        copies.collect::<Vec<String>>().join("\n")
    };
    Ok(vec![Demand::Draft((0..4).map(draft).collect())])
}
