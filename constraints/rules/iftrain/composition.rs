//! `count:counting_composition`: three paragraphs of so many sentences of so many words
//! (open-instruct).

use serde_json::json;

use super::drafts::{nouns, sentence};
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::args;
use crate::language::marked_sentences;
use crate::language::tokenize::word_tokenize;
use crate::profile::Profile;
use crate::python::chars::is_space;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::wording::{sentences, words};
use crate::text::Text;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "count:counting_composition",
    about: "Three paragraphs, each of so many sentences, each of so many words. Official: any \
            `***` divides, none may stand at an end, IFEval's splitter finds the sentences, and \
            NLTK's tokens are counted, the full stop too. Corrected: a line `***` or `* * *` \
            divides, one at an end is tolerated, and words alone count (open-instruct).",
    schema: r#"{
        "properties": {
            "n_sent": {"type": "integer", "minimum": 1, "maximum": 200},
            "n_words": {"type": "integer", "minimum": 1, "maximum": 500}
        },
        "required": ["n_sent", "n_words"]
    }"#,
    texts: |_| {
        Ok(&[
            "Write 3 paragraphs with the Markdown divider *** between them, each of exactly \
             {n_sent:sentence}, and exactly {n_words:word} in every sentence.",
            "Your response must have three paragraphs, parted by lines that read ***; every \
             paragraph has {n_sent:sentence} and every sentence {n_words:word}, no more and no \
             fewer.",
            "Give precisely {n_sent:sentence} of {n_words:word} each in each of three paragraphs, \
             and divide the paragraphs by ***",
            "Compose three paragraphs separated by ***, with {n_sent:sentence} apiece; let each \
             sentence have exactly {n_words:word}.",
        ])
    },
    sample: |draw| {
        let n_sent = draw.between(1, 5);
        args([("n_sent", json!(n_sent)), ("n_words", json!(draw.between(3, 12)))])
    },
    compile: |args, profile| {
        let (n_sent, n_words) = (args.count("n_sent")?, args.count("n_words")?);
        match profile {
            Profile::Official => check(move |text| {
                judge(pieces(text.raw()).map(|piece| official(piece, n_sent, n_words)))
            }),
            Profile::Corrected => check(move |text| {
                let pieces = divided(text.raw());
                judge(pieces.iter().map(|piece| corrected(piece, n_sent, n_words)))
            }),
        }
    },
    demands: |args| {
        let n_sent = args.count("n_sent")?.min(200) as usize;
        let n_words = args.count("n_words")?.min(500) as usize;
        // The official count takes the full stop for a word.
        let sizes = [n_words, n_words.saturating_sub(1)];
        let sizes = sizes.into_iter().filter(|size| *size > 0);
        let drafts = sizes.flat_map(|size| (0..4).map(move |turn| draft(turn, n_sent, size)));
        Ok(vec![Demand::Draft(drafts.collect())])
    },
    examples: &[
        Example {
            args: r#"{"n_sent": 1, "n_words": 2}"#,
            response: "Bread rises.\n***\nOvens glow.\n* * *\nWe eat!",
            satisfied: true,
        },
        Example {
            args: r#"{"n_sent": 2, "n_words": 2}"#,
            response: "Bread, salt. We bake.\n\n***\n\nTea first. Milk next.\n\n***\n\n\
                       It cools. Well-known tales.\n",
            satisfied: true,
        },
        Example {
            args: r#"{"n_sent": 1, "n_words": 2}"#,
            response: "Bread rises.\n***\nOvens glow.",
            satisfied: false,
        },
        Example {
            args: r#"{"n_sent": 1, "n_words": 2}"#,
            response: "Bread rises.\n***\nOvens glow.\n***\nWe eat it!",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "a full stop is no word",
            args: r#"{"n_sent": 1, "n_words": 2}"#,
            response: "Bread rises.\n***\nOvens glow.\n***\nWe eat.",
            official: false,
        },
        Deviation {
            reason: "what is counted as a word too many is one too few",
            args: r#"{"n_sent": 1, "n_words": 3}"#,
            response: "Bread rises.\n***\nOvens glow.\n***\nWe eat.",
            official: true,
        },
        Deviation {
            reason: "a divider at an end makes no empty paragraph",
            args: r#"{"n_sent": 1, "n_words": 2}"#,
            response: "***\nBread rises\n***\nOvens glow\n***\nWe eat\n***",
            official: false,
        },
    ],
};

/// The verdict on the paragraphs, each of which is right, wrong or (`None`) blank.
fn judge(paragraphs: impl Iterator<Item = Option<bool>>) -> Verdict {
    let (mut found, mut good) = (0, 0);
    for paragraph in paragraphs {
        let Some(right) = paragraph else {
            return Verdict::fail("a paragraph is empty");
        };
        found += 1;
        good += u64::from(right);
    }
    if found != 3 {
        return Verdict::count(found, Bound::exactly(3), "paragraphs");
    }
    Verdict::share(good, 3, format!("{good} of 3 paragraphs have the sizes asked for"))
}

/// The pieces between `\s?\*\*\*\s?`.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some((before, after)) = text.split_once("***") else {
            return rest.take();
        };
        rest = Some(after.strip_prefix(is_space).unwrap_or(after));
        Some(before.strip_suffix(is_space).unwrap_or(before))
    })
}

fn official(paragraph: &str, n_sent: u64, n_words: u64) -> Option<bool> {
    if strip(paragraph).is_empty() {
        return None;
    }
    let sentences = marked_sentences::split(paragraph);
    let right = |sentence: &String| word_tokenize(sentence).len() as u64 == n_words;
    Some(sentences.len() as u64 == n_sent && sentences.iter().all(right))
}

/// The pieces between dividing lines, blank ones at the ends left out.
fn divided(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split('\n') {
        let end = at + line.len();
        if matches!(strip(line), "***" | "* * *") {
            pieces.push(&text[start..at]);
            start = (end + 1).min(text.len());
        }
        at = end + 1;
    }
    pieces.push(&text[start..]);
    if pieces.last().is_some_and(|piece| strip(piece).is_empty()) {
        pieces.pop();
    }
    if pieces.first().is_some_and(|piece| strip(piece).is_empty()) {
        pieces.remove(0);
    }
    pieces
}

fn corrected(paragraph: &str, n_sent: u64, n_words: u64) -> Option<bool> {
    let text = Text::new(paragraph);
    if text.stripped().is_empty() {
        return None;
    }
    let right = |sentence: &str| words(sentence).count() as u64 == n_words;
    let (found, good) = sentences(&text)
        .fold((0, 0), |(found, good), sentence| (found + 1, good + u64::from(right(sentence))));
    Some(found == n_sent && good == found)
}

fn draft(turn: usize, n_sent: usize, n_words: usize) -> String {
    let mut words = nouns(turn);
    let mut paragraph = || -> String {
        let sentences: Vec<String> =
            (0..n_sent).map(|_| sentence(words.by_ref(), n_words)).collect();
        sentences.join(" ")
    };
    [paragraph(), paragraph(), paragraph()].join("\n***\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dividers_take_one_space_on_either_side() {
        let found: Vec<&str> = pieces("a  *** b***c\n***").collect();
        assert_eq!(found, ["a ", "b", "c", ""]);
        assert_eq!(pieces("****").collect::<Vec<_>>(), ["", "*"]);
        assert_eq!(divided("***\na\n * * * \nb\n***"), ["a\n", "b\n"]);
    }
}
