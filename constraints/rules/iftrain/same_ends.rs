//! `keywords:start_end`: the same word first and last (open-instruct).

use super::drafts::{capital, nouns};
use crate::args::Args;
use crate::demand::Demand;
use crate::language::tokenize::word_tokenize;
use crate::profile::Profile;
use crate::python::strings::lower;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::wording::{quote, same_lower, words};
use crate::text::Text;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "keywords:start_end",
    about: "The response starts and ends with the same word in any case, and nothing follows the \
            last word, not even punctuation. Official: NLTK's first and last tokens, signs \
            included. Corrected: words, of which there are two at least; signs before the first \
            one are passed over (open-instruct).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Start and end your response with the same word (do not write anything after the last \
             word, not even punctuation).",
            "The first and the last word of your answer must be the same, with no full stop or \
             other sign behind the last.",
            "Use one and the same word to open and to close your response, and put nothing after \
             it.",
            "Let your text end on the very word that it begins with, without punctuation at the \
             end.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(|text| {
            let tokens = word_tokenize(text.raw());
            match (tokens.get(0), tokens.get(tokens.len().saturating_sub(1))) {
                (Some(first), Some(last)) if tokens.len() > 1 => judge(first, last),
                _ => Verdict::fail("has no two words"),
            }
        }),
        Profile::Corrected => check(corrected),
    },
    demands: |_| {
        let draft = |turn: usize| {
            let nouns: Vec<&str> = nouns(turn).take(4 + 4 * turn).collect();
            let first = capital(nouns[0]);
            format!("{first} and {}, always {}", nouns[1..].join(" "), nouns[0])
        };
        Ok(vec![Demand::Draft((0..5).map(draft).collect())])
    },
    examples: &[
        Example { args: "{}", response: "Bread is simply bread", satisfied: true },
        Example { args: "{}", response: "*Don't* say don't\n", satisfied: true },
        Example { args: "{}", response: "Bread is simply bread.", satisfied: false },
        Example { args: "{}", response: "Bread", satisfied: false },
        Example { args: "{}", response: "Bread is not salt", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "signs are no words",
            args: "{}",
            response: "*Bread and salt*",
            official: true,
        },
        Deviation {
            reason: "a contraction is one word",
            args: "{}",
            response: "Don't say don't",
            official: false,
        },
    ],
};

fn judge(first: &str, last: &str) -> Verdict {
    match lower(first) == lower(last) {
        true => Verdict::pass("starts and ends with the same word"),
        false => Verdict::fail(format!("starts with {}, ends with {}", quote(first), quote(last))),
    }
}

fn corrected(text: &Text<'_>) -> Verdict {
    let mut found = words(text.raw());
    let Some(first) = found.next() else { return Verdict::fail("has no word") };
    let Some(last) = found.last() else { return Verdict::fail("has no two words") };
    if !same_lower(&lower(first), &lower(last)) {
        let note = format!("starts with {}, ends with {}", quote(first), quote(last));
        return Verdict::fail(note);
    }
    match text.stripped().ends_with(last) {
        true => Verdict::pass("starts and ends with the same word"),
        false => Verdict::share(1, 2, "something follows the last word"),
    }
}
