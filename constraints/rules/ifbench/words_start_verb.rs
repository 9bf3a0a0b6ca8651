//! `words:start_verb`: a verb comes first (IFBench).

use std::iter::once;

use crate::args::Args;
use crate::demand::Demand;
use crate::language::{tagger, tokenize};
use crate::profile::Profile;
use crate::python::strings::lower;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::wording::{first_word, quote};
use crate::text::Text;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "words:start_verb",
    about: "The response starts with a verb in the eyes of NLTK's English tagger, which reads the \
            two words after it too (IFBench). Official: the first token has a tag with `VB`. \
            Corrected: marks before the first word are passed over, modal verbs are verbs, and a \
            capital alone makes no name.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "The response must start with a verb.",
            "Make the very first word of your answer a verb.",
            "Begin your reply with a verb, such as an imperative.",
            "Let a verb open your response: no other kind of word may come first.",
            "The first word that you write has to be a verb.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(|text| judge(text, 0, |tag, _| is_verb(tag))),
        Profile::Corrected => check(|text| {
            let Some(word) = first_word(text.raw()) else { return Verdict::fail("has no word") };
            judge(text, text.raw().find(word).unwrap_or(0), |tag, tokens| match tag {
                "MD" => true,
                "NNP" => tagger::tags(once(&*lower(tokens[0])).chain(tokens[1..].iter().copied()))
                    .next()
                    .is_some_and(is_verb),
                _ => is_verb(tag),
            })
        }),
    },
    demands: |_| Ok(vec![Demand::Draft(DRAFTS.map(str::to_owned).to_vec())]),
    examples: &[
        Example { args: "{}", response: "Knead the dough for an hour.", satisfied: true },
        Example { args: "{}", response: "Being patient helps.", satisfied: true },
        Example { args: "{}", response: "1. Mix the flour.", satisfied: true },
        Example { args: "{}", response: "Bread is old.", satisfied: false },
        Example { args: "{}", response: "Sure, here is how to bake.", satisfied: false },
        Example { args: "{}", response: "…", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "marks of emphasis, quotes and list marks before the first word are no words",
            args: "{}",
            response: "**Consider** the oven.",
            official: false,
        },
        Deviation {
            reason: "a modal verb is a verb",
            args: "{}",
            response: "Can you bake it?",
            official: false,
        },
        Deviation {
            reason: "the capital that every response starts with makes no name of a verb",
            args: "{}",
            response: "Are you ready?",
            official: false,
        },
    ],
};

/// Texts that start with a verb in both profiles, whatever follows.
const DRAFTS: [&str; 12] = [
    "Consider what follows.",
    "Let us begin.",
    "Imagine a quiet morning.",
    "Take a moment to read this.",
    "Keep this in mind.",
    "Remember what matters most.",
    "Learning takes time.",
    "Note the following.",
    "consider what follows",
    "keep this in mind",
    "LET US BEGIN.",
    "KEEP THIS IN MIND",
];

/// How many tokens the tag of the first depends on.
const READ: usize = 3;

/// What `accept` says of the tag of the first token from the byte `start` on, and of the tokens.
fn judge(text: &Text<'_>, start: usize, accept: impl Fn(&'static str, &[&str]) -> bool) -> Verdict {
    let after = text.sentences().iter().filter(|range| range.end > start);
    let sentences = after.map(|range| range.start.max(start)..range.end);
    let tokens = tokenize::first_tokens(text.raw(), sentences, READ);
    let tokens: Vec<&str> = tokens.iter().take(READ).collect();
    let Some(tag) = tagger::tags(tokens.iter().copied()).next() else {
        return Verdict::fail("has no word");
    };
    let first = quote(tokens[0]);
    match accept(tag, &tokens) {
        true => Verdict::pass(format!("starts with the verb {first}")),
        false => Verdict::fail(format!("starts with {first}, which is no verb but {tag}")),
    }
}

fn is_verb(tag: &str) -> bool {
    tag.starts_with("VB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraint::Constraint;

    #[test]
    fn drafts_start_with_a_verb() {
        for profile in [Profile::Official, Profile::Corrected] {
            let rule = Constraint::compile(RULE.id, Args::new(), profile).expect("no arguments");
            for draft in DRAFTS {
                for text in [draft.to_owned(), format!("{draft}\n\nThe oven is hot.")] {
                    assert!(rule.check(&Text::new(&text)).satisfied, "{profile}: {text}");
                }
            }
        }
    }
}
