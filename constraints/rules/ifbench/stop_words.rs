//! `ratio:stop_words`: how much of the text are stop words (IFBench).

use std::collections::HashSet;
use std::sync::LazyLock;

use serde_json::json;

use super::bare::near;
use super::draft::{deal, drafts, is_plain, prose};
use crate::draw::args;
use crate::profile::Profile;
use crate::python::strings::lower;
use crate::rule::{Deviation, Example, Rule, check};
use crate::text::Text;
use crate::verdict::Verdict;

/// NLTK's English list, between white space; see NOTICE.
static STOP_WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("../../data/stop_words.txt").split_ascii_whitespace().collect());

pub(super) static RULE: Rule = Rule {
    id: "ratio:stop_words",
    about: "At most so many percent of the words are among NLTK's 198 English stop words, in any \
            case. Words are runs of `\\w`; a text without any fails. Official: in floating point, \
            where some exact percentages come out too high. Corrected: exactly (IFBench).",
    schema: r#"{
        "properties": {"percentage": {"type": "integer", "minimum": 0, "maximum": 1000}},
        "required": ["percentage"]
    }"#,
    texts: |_| {
        Ok(&[
            "At most {percentage}% of the words in your response may be stop words.",
            "Keep stop words (such as \"the\", \"of\" or \"is\") to {percentage}% of your words or \
             fewer.",
            "Stop words must not make up more than {percentage}% of all words in your answer.",
            "Limit the share of stop words in your response to {percentage} percent of the total \
             word count.",
        ])
    },
    sample: |draw| args([("percentage", json!(draw.between(5, 70)))]),
    compile: |args, profile| {
        let percentage = args.count("percentage")?;
        let official = profile == Profile::Official;
        check(move |text| {
            let (stop, all) = shares(text);
            if all == 0 {
                return Verdict::fail("no word at all");
            }
            let share = stop as f64 / all as f64 * 100.0;
            let holds = match official {
                true => share <= percentage as f64,
                false => stop * 100 <= percentage * all,
            };
            let note = format!("{stop} of {all} words are stop words, allowed are {percentage}%");
            if holds { Verdict::pass(note) } else { near(percentage as f64 / share, note) }
        })
    },
    demands: |_| {
        let wanted = |entry: &_| is_plain(entry) && !STOP_WORDS.contains(entry.word);
        Ok(vec![drafts(|variant| prose(&mut deal(variant, wanted), &[5, 4 + variant, 6]))])
    },
    examples: &[
        Example {
            args: r#"{"percentage": 50}"#,
            response: "The bread, the SALT.",
            satisfied: true,
        },
        Example { args: r#"{"percentage": 0}"#, response: "Fresh bread rises.", satisfied: true },
        Example { args: r#"{"percentage": 40}"#, response: "Don't bake bread.", satisfied: false },
        Example { args: r#"{"percentage": 90}"#, response: "... --- ...", satisfied: false },
    ],
    deviations: &[Deviation {
        reason: "11 stop words among 20 are 55 percent, not 55.00000000000001",
        args: r#"{"percentage": 55}"#,
        response: "The dog and the cat of the town ran to the lake in the warm rain on this \
                   day today.",
        official: false,
    }],
};

/// The number of stop words and of all words.
fn shares(text: &Text<'_>) -> (u64, u64) {
    let stop = text.words().filter(|word| STOP_WORDS.contains(&*lower(word))).count();
    (stop as u64, text.word_count() as u64)
}
