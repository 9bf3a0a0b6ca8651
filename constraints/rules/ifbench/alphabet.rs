//! `words:alphabet`: the words go through the alphabet (IFBench).

use super::bare::{bare, cores, initial};
use super::draft::{capital, drafts};
use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::chars::is_alpha;
use crate::python::strings::{lower, split_whitespace};
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "words:alphabet",
    about: "Each word starts with the letter after that of the word before, `a` after `z`; the \
            first starts with any from a to z. Words stand between white space, in any case. \
            Official: only ASCII punctuation is taken off. Corrected: all marks are, and what has \
            no letter is no word (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Start each word with the letter of the alphabet that follows the first letter of the \
             word before it; after Z comes A again.",
            "The first letters of your words must run through the alphabet in order, one word a \
             letter, and begin anew with A after Z.",
            "Let every word begin with the next letter of the alphabet (A after Z), whatever \
             letter you begin with.",
            "Write so that the initials of consecutive words are consecutive letters, wrapping \
             around from Z to A.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(|text| {
            let bare = bare(text.raw());
            // The first of all is not put into lower case as a whole: `İ` gives two characters.
            let first = split_whitespace(&bare).next();
            let dotted = first.is_some_and(|word| word.starts_with('İ'));
            let words = split_whitespace(&bare).skip(usize::from(dotted));
            let firsts = words.map(|word| lower(word).chars().next());
            judge(dotted.then_some(None).into_iter().chain(firsts))
        }),
        Profile::Corrected => check(|text| {
            let words = cores(text.lower()).filter(|word| word.contains(is_alpha));
            judge(words.map(initial))
        }),
    },
    demands: |_| {
        const WORDS: [&str; 26] = [
            "active",
            "bakers",
            "carry",
            "dough",
            "every",
            "frosty",
            "gray",
            "hour",
            "inside",
            "jolly",
            "kitchens",
            "lighting",
            "many",
            "nice",
            "ovens",
            "putting",
            "quite",
            "rich",
            "salty",
            "taste",
            "upon",
            "very",
            "warm",
            "xylophones",
            "yet",
            "zealously",
        ];
        Ok(vec![
            Demand::NoNeighbourInitials,
            drafts(|variant| {
                let words = WORDS.iter().copied().cycle().skip(variant * 7).take(8 + variant * 10);
                capital(&words.collect::<Vec<&str>>().join(" ")) + "."
            }),
        ])
    },
    examples: &[
        Example { args: "{}", response: "Xavier yawns; Zoe, a BAKER.", satisfied: true },
        Example { args: "{}", response: "“A” – big cat.", satisfied: true },
        Example { args: "{}", response: "A big dog.", satisfied: false },
        Example { args: "{}", response: "A, b, 3, c", satisfied: true },
        Example { args: "{}", response: "Élan fits.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a dash is no word",
            args: "{}",
            response: "Any bread – certainly.",
            official: false,
        },
        Deviation {
            reason: "a curly quotation mark is no letter",
            args: "{}",
            response: "All “bakers” cook.",
            official: false,
        },
    ],
};

/// The share of the words that start as they must, by their first characters.
fn judge(firsts: impl Iterator<Item = Option<char>>) -> Verdict {
    let (mut all, mut good) = (0, 0);
    let mut wanted = None;
    for first in firsts {
        all += 1;
        let letter = first.filter(char::is_ascii_lowercase).map(|c| c as u8 - b'a');
        let fits = match wanted {
            None => letter.is_some(),
            Some(_) => letter == wanted,
        };
        good += u64::from(fits);
        wanted = wanted.or(letter).map(|letter| (letter + 1) % 26);
    }
    match all {
        0 => Verdict::fail("no word at all"),
        _ => Verdict::share(good, all, format!("{good} of {all} words start as they must")),
    }
}
