//! `ratio:sentence_type`, `ratio:sentence_balance`: sentences by their last mark (IFBench).

use super::bare::{likeness, near};
use super::draft::drafts;
use crate::args::Args;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::profile::Profile;
use crate::python::chars::is_space;
use crate::rule::{Deviation, Example, Rule, check};
use crate::text::Text;
use crate::verdict::Verdict;

pub(super) static TYPE: Rule = Rule {
    id: "ratio:sentence_type",
    about: "Twice as many sentences (by Punkt) end in `.` as in `?`. Official: also none of \
            either, and a sentence that closes with a quotation mark or bracket is of no kind. \
            Corrected: one question at least, and the mark before the closing signs counts \
            (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "For every question in your response there must be exactly two sentences that end in a \
             full stop, and there must be a question.",
            "Keep declarative sentences (ending in a period) and questions in a ratio of 2 to 1.",
            "Write exactly twice as many statements as questions, and ask at least one.",
            "One third of your statements and questions, taken together, must be questions: two \
             sentences with a period for each with a question mark.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let [statements, questions, _] = kinds(text, profile);
            let note = format!("{statements} statements and {questions} questions");
            let enough = profile == Profile::Official || questions > 0;
            match statements == 2 * questions {
                true if enough => Verdict::pass(note),
                true => Verdict::fail(note),
                false => near(likeness(statements, 2 * questions), note),
            }
        })
    },
    demands: |_| {
        let draft = |variant: usize| {
            let n = 1 + variant;
            let said = STATEMENTS.iter().cycle().skip(variant).take(2 * n);
            let asked = QUESTIONS.iter().cycle().skip(variant).take(n);
            said.chain(asked).copied().collect::<Vec<&str>>().join(" ")
        };
        let some = |unit, n| Demand::Count(unit, Bound::at_least(n));
        Ok(vec![some(Unit::Sentences, 3), some(Unit::Questions, 1), drafts(draft)])
    },
    examples: &[
        Example { args: "{}", response: "Tea is warm. Is it? Salt is white.", satisfied: true },
        Example {
            args: "{}",
            response: "Oh! He asked: \"Is it?\" \"It is.\" We left. Hm!",
            satisfied: true,
        },
        Example { args: "{}", response: "Tea is warm. Is it?", satisfied: false },
        Example { args: "{}", response: "Oh! Bread and salt!", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "none of either kind is no ratio",
            args: "{}",
            response: "Oh! Bread and salt!",
            official: true,
        },
        Deviation {
            reason: "a question in quotation marks is a question",
            args: "{}",
            response: "Tea is warm. Salt is white. \"Is bread brown?\"",
            official: false,
        },
    ],
};

pub(super) static BALANCE: Rule = Rule {
    id: "ratio:sentence_balance",
    about: "As many sentences (by Punkt) end in `.` as in `?` and as in `!`. Official: also none \
            of any, and a sentence that closes with a quotation mark or bracket is of no kind. \
            Corrected: one of each at least, and the mark before the closing signs counts \
            (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Use equally many statements, questions and exclamations, and at least one of each.",
            "The numbers of sentences that end in a period, in a question mark and in an \
             exclamation mark must be the same, and not zero.",
            "Balance your sentence types: as many declarative as interrogative as exclamatory \
             ones, none of them missing.",
            "For each sentence with a full stop, write one with a question mark and one with an \
             exclamation mark.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let found = kinds(text, profile);
            let [statements, questions, shouts] = found;
            let note = format!("{statements} statements, {questions} questions, {shouts} shouts");
            let least = found.into_iter().min().unwrap_or(0);
            let most = found.into_iter().max().unwrap_or(0);
            let enough = profile == Profile::Official || least > 0;
            match least == most {
                true if enough => Verdict::pass(note),
                true => Verdict::fail(note),
                false => near(likeness(least, most), note),
            }
        })
    },
    demands: |_| {
        let draft = |variant: usize| {
            let kinds = [&STATEMENTS[..], &QUESTIONS, &SHOUTS];
            let taken = |at: usize| kinds.map(|kind| kind[(at + variant) % kind.len()]);
            (0..=variant).flat_map(taken).collect::<Vec<&str>>().join(" ")
        };
        let some = |unit, n| Demand::Count(unit, Bound::at_least(n));
        Ok(vec![
            some(Unit::Sentences, 3),
            some(Unit::Questions, 1),
            some(Unit::Exclamations, 1),
            drafts(draft),
        ])
    },
    examples: &[
        Example { args: "{}", response: "Tea is warm. Is it? It is!", satisfied: true },
        Example { args: "{}", response: "(Tea is warm.) \"Is it?\" *It is!*", satisfied: true },
        Example { args: "{}", response: "Tea is warm. Is it? It is.", satisfied: false },
        Example { args: "{}", response: "Bread, salt", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "none of any kind is no balance",
            args: "{}",
            response: "Bread, salt",
            official: true,
        },
        Deviation {
            reason: "a question in quotation marks is a question",
            args: "{}",
            response: "Tea is warm. \"Is it?\" It is!",
            official: false,
        },
    ],
};

const STATEMENTS: [&str; 8] = [
    "The market opens at dawn.",
    "Most people come by bus.",
    "Fresh bread sells first.",
    "The square is empty by noon.",
    "Children play near the fountain.",
    "An old man feeds the birds.",
    "The bells ring on Sundays.",
    "Nobody is in a hurry.",
];

const QUESTIONS: [&str; 5] = [
    "Who bakes the bread?",
    "Where do the birds sleep?",
    "When does the last bus leave?",
    "Why is the fountain dry?",
    "What could be nicer?",
];

const SHOUTS: [&str; 5] = [
    "What a sight that is!",
    "Do come and see it!",
    "How loud the bells are!",
    "Bring a warm coat!",
    "Never miss the first loaf!",
];

/// How many sentences end in `.`, in `?` and in `!`.
fn kinds(text: &Text<'_>, profile: Profile) -> [u64; 3] {
    let mut found = [0; 3];
    for range in text.sentences() {
        let sentence = &text.raw()[range.clone()];
        let sentence = match profile {
            Profile::Official => sentence,
            Profile::Corrected => sentence.trim_end_matches(closes),
        };
        let kind = sentence.chars().next_back().and_then(|mark| ".?!".find(mark));
        if let Some(kind) = kind {
            found[kind] += 1;
        }
    }
    found
}

/// What may stand after the last mark of a sentence.
fn closes(c: char) -> bool {
    is_space(c) || matches!(c, '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '*' | '_')
}
