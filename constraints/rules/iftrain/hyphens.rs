//! `detectable_format:sentence_hyphens`: sentences joined by hyphens (open-instruct).

use super::drafts::{nouns, sentence};
use crate::args::Args;
use crate::demand::Demand;
use crate::language::marked_sentences::split;
use crate::profile::Profile;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "detectable_format:sentence_hyphens",
    about: "A hyphen and no space stands between any two sentences. Official: what hyphens set \
            apart is compared, as far as both go, with IFEval's sentences of the text with spaces \
            for hyphens. Corrected: hyphens behind the mark of a sentence's end divide, and each \
            piece is one sentence without space around it (open-instruct).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Connect all sentences by hyphens, with no spaces between them.",
            "Put a hyphen, and no space, between each sentence and the next.",
            "Your sentences must follow on one another with nothing but a hyphen between.",
            "Join every sentence to the one after it with a hyphen (-) in place of the space.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(|text| {
            let sentences = split(&text.raw().replace('-', " "));
            let pieces = text.raw().split('-').take(sentences.len());
            let same = pieces.zip(&sentences).map(|(piece, sentence)| piece == sentence);
            let (total, good) =
                same.fold((0, 0), |(total, good), same| (total + 1, good + usize::from(same)));
            judge(good, total)
        }),
        Profile::Corrected => check(|text| {
            let pieces = joined(text.stripped());
            let good = pieces.iter().filter(|piece| is_sentence(piece));
            judge(good.count(), pieces.len())
        }),
    },
    demands: |_| {
        let draft = |turn: usize| {
            let mut words = nouns(turn);
            let sentences = (0..2 + turn).map(|_| sentence(words.by_ref(), 6));
            sentences.collect::<Vec<String>>().join("-")
        };
        Ok(vec![Demand::Draft((0..5).map(draft).collect())])
    },
    examples: &[
        Example { args: "{}", response: "Bread rises.-Ovens glow.-We eat!", satisfied: true },
        Example { args: "{}", response: "A well-known baker.-Who?\n", satisfied: true },
        Example { args: "{}", response: "Bread rises. Ovens glow.", satisfied: false },
        Example { args: "{}", response: "Bread rises.- Ovens glow.", satisfied: false },
        Example { args: "{}", response: "Bread rises. -Ovens glow.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a hyphen inside a word joins no sentences",
            args: "{}",
            response: "A well-known baker.-Who?",
            official: false,
        },
        Deviation {
            reason: "a line end behind the last sentence is no space between sentences",
            args: "{}",
            response: "Bread rises.-Ovens glow.\n",
            official: false,
        },
        Deviation {
            reason: "a hyphen behind the last sentence joins it to nothing",
            args: "{}",
            response: "Bread rises.-Ovens glow.-",
            official: true,
        },
    ],
};

fn judge(good: usize, total: usize) -> Verdict {
    let note = format!("{good} of {total} sentences are joined by hyphens alone");
    Verdict::share(good as u64, total as u64, note)
}

/// The pieces between hyphens that stand behind the end of a sentence.
fn joined(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices('-') {
        let before = text[start..at].trim_end_matches(['"', '\'', '”', '’', ')', '*']);
        if before.ends_with(['.', '!', '?', '…']) {
            pieces.push(&text[start..at]);
            start = at + 1;
        }
    }
    pieces.push(&text[start..]);
    pieces
}

fn is_sentence(piece: &str) -> bool {
    strip(piece) == piece && split(piece).len() == 1
}
