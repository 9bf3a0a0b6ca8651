//! `count:words_japanese`: every Nth word in Japanese (IFBench).

use serde_json::json;

use super::bare::{core, is_edge};
use super::draft::{deal, drafts, is_plain};
use crate::args::Reader;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::chars::{is_alpha, is_digit};
use crate::python::strings::split_whitespace;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "count:words_japanese",
    about: "Every Nth word has a kana or a Chinese character in it; numbers in its place are let \
            through. Words stand between white space. Official: marks alone are words too, and \
            only whole runs of digits are numbers. Corrected: a word has a letter or a digit, and \
            a number is what has no letter (IFBench).",
    schema: r#"{
        "properties": {"N": {"type": "integer", "minimum": 1, "maximum": 100000}},
        "required": ["N"]
    }"#,
    texts: |_| {
        Ok(&[
            "Every {N#} word of your response must be a Japanese one.",
            "Write in such a way that each {N#} word, counted from the start, is in Japanese \
             script.",
            "Put a Japanese word in every {N#} place of your answer, with spaces between all \
             words.",
            "Count your words; each time that you come to a multiple of {N}, the word must be in \
             Japanese.",
        ])
    },
    sample: |draw| args([("N", json!(draw.between(1, 25)))]),
    compile: |args, profile| {
        let n = cycle(args)?;
        match profile {
            Profile::Official => check(move |text| {
                let tokens = split_whitespace(text.raw()).map(|t| t.trim_matches(is_edge));
                let free = |word: &str| word.is_empty() || word.chars().all(is_numeral);
                judge(tokens, n, |word| free(word) || word.chars().any(is_japanese))
            }),
            Profile::Corrected => check(move |text| {
                let words = split_whitespace(text.raw()).map(core).filter(|w| !w.is_empty());
                let free = |word: &str| !word.chars().any(is_alpha);
                let japanese = |c| is_japanese(c) || is_rarely_japanese(c);
                judge(words, n, |word| free(word) || word.chars().any(japanese))
            }),
        }
    },
    demands: |args| {
        const JAPANESE: [&str; 12] = [
            "猫",
            "さくら",
            "山",
            "テレビ",
            "海",
            "ありがとう",
            "本",
            "花",
            "ねこ",
            "水",
            "空",
            "友達",
        ];
        let n = cycle(args)?.min(10_000);
        Ok(vec![drafts(|variant| {
            let mut fill = deal(variant, is_plain);
            let mut words: Vec<&str> = Vec::new();
            for round in 0..2 + variant {
                words.extend(fill.by_ref().take(n - 1));
                words.push(JAPANESE[(round + variant * 5) % JAPANESE.len()]);
            }
            words.join(" ") + "."
        })])
    },
    examples: &[
        Example { args: r#"{"N": 2}"#, response: "My ねこ likes 水. Yes!", satisfied: true },
        Example { args: r#"{"N": 2}"#, response: "Take 3 of テレビ", satisfied: true },
        Example { args: r#"{"N": 2}"#, response: "My cat likes 水.", satisfied: false },
        Example { args: r#"{"N": 1}"#, response: "水 please", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a dash is no word",
            args: r#"{"N": 2}"#,
            response: "My – 猫 sleeps.",
            official: false,
        },
        Deviation {
            reason: "a number with a point in it is a number",
            args: r#"{"N": 2}"#,
            response: "Costs 3.50 in 円",
            official: false,
        },
        Deviation {
            reason: "katakana of half width are Japanese",
            args: r#"{"N": 2}"#,
            response: "My ﾈｺ sleeps",
            official: false,
        },
    ],
};

fn cycle(args: &Reader<'_>) -> Result<usize> {
    match args.count("N")? {
        0 => Err(args.fault("N", "is below 1")),
        n => Ok(n as usize),
    }
}

/// The share of the words in every `n`th place that are `good`.
fn judge<'t>(
    words: impl Iterator<Item = &'t str>,
    n: usize,
    good: impl Fn(&str) -> bool,
) -> Verdict {
    let (mut all, mut fit) = (0, 0);
    for word in words.skip(n - 1).step_by(n) {
        all += 1;
        fit += u64::from(good(word));
    }
    Verdict::share(fit, all, format!("{fit} of {all} places hold a Japanese word"))
}

/// Hiragana, katakana and the main block of Chinese characters.
fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')
}

/// What else Japanese is written with: iteration marks, further characters, half-width katakana.
fn is_rarely_japanese(c: char) -> bool {
    matches!(
        c,
        '\u{3005}'..='\u{3007}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ff9f}'
    )
}

/// `str.isdigit` of one character: the decimal digits and those in other shapes, such as `²`.
fn is_numeral(c: char) -> bool {
    is_digit(c)
        || matches!(
            c,
            '²' | '³' | '¹' | '\u{1369}'..='\u{1371}' | '\u{19da}' | '\u{2070}'
                | '\u{2074}'..='\u{2079}' | '\u{2080}'..='\u{2089}' | '\u{2460}'..='\u{2468}'
                | '\u{2474}'..='\u{247c}' | '\u{2488}'..='\u{2490}' | '\u{24ea}'
                | '\u{24f5}'..='\u{24fd}' | '\u{24ff}' | '\u{2776}'..='\u{277e}'
                | '\u{2780}'..='\u{2788}' | '\u{278a}'..='\u{2792}'
                | '\u{10a40}'..='\u{10a43}' | '\u{10e60}'..='\u{10e68}'
                | '\u{11052}'..='\u{1105a}' | '\u{1f100}'..='\u{1f10a}'
        )
}
