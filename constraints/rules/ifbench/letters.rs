//! `words:consonants`, `words:prime_lengths`, `words:vowel`: what the words are made of (IFBench).

use super::bare::{bare, cores, near};
use super::draft::{deal, drafts, prose};
use crate::args::Args;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::profile::Profile;
use crate::python::chars::{is_alpha, is_alphanumeric};
use crate::python::strings::{char_len, lower, split_whitespace};
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static CONSONANTS: Rule = Rule {
    id: "words:consonants",
    about: "Each word has two of the letters `bcdfghjklmnpqrstvwxyz` next to each other, in any \
            case. Words stand between white space. Official: marks and numbers alone are words \
            too. Corrected: a word has a letter (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Every word of your response must contain a consonant cluster, that is, two or more \
             consonants side by side (y counts as one).",
            "Use only words in which at least two consonants (y is one of them) stand together.",
            "No word without two neighbouring consonants may occur in your answer; y is a \
             consonant here.",
            "Choose your words so that each has two consonants in a row somewhere, counting y as a \
             consonant.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        let official = profile == Profile::Official;
        check(move |text| {
            let words = split_whitespace(text.lower());
            share(words.filter(|word| official || word.contains(is_alpha)), has_cluster)
        })
    },
    demands: |_| {
        let draft = |variant| prose(&mut deal(variant, |e| has_cluster(e.word)), &[5, 6 + variant]);
        Ok(vec![drafts(draft)])
    },
    examples: &[
        Example { args: "{}", response: "Birds sing bright, STRONG songs.", satisfied: true },
        Example { args: "{}", response: "Try gym: 12 classes - plus swimming.", satisfied: true },
        Example { args: "{}", response: "Birds sing a song.", satisfied: false },
        Example { args: "{}", response: "Birds take risks.", satisfied: false },
    ],
    deviations: &[Deviation {
        reason: "numbers and dashes are no words",
        args: "{}",
        response: "Spring brings 12 birds - sparrows.",
        official: false,
    }],
};

/// Whether two consonants stand side by side in a lower-case word.
fn has_cluster(word: &str) -> bool {
    let is_consonant = |byte: u8| byte.is_ascii_lowercase() && !b"aeiou".contains(&byte);
    word.as_bytes().windows(2).any(|two| is_consonant(two[0]) && is_consonant(two[1]))
}

pub(super) static PRIME_LENGTHS: Rule = Rule {
    id: "words:prime_lengths",
    about: "Each word has a prime number of characters. Words stand between white space. Official: \
            all but ASCII punctuation counts, up to 97 characters. Corrected: only letters and \
            digits count, and what has none is no word (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Use only words whose length in letters is a prime number.",
            "The number of letters in each word of your response must be prime (2, 3, 5, 7, 11 and \
             so on).",
            "Every word that you write should have 2, 3, 5, 7, 11 or another prime number of \
             letters.",
            "Avoid any word whose count of letters is not a prime number.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(|text| {
            let bare = bare(text.raw());
            share(split_whitespace(&bare), |word| {
                let length = char_len(word);
                length < 100 && is_prime(length)
            })
        }),
        Profile::Corrected => check(|text| {
            let size = |word: &str| word.chars().filter(|c| is_alphanumeric(*c)).count();
            share(cores(text.raw()), |word| is_prime(size(word)))
        }),
    },
    demands: |_| {
        let draft = |variant| {
            prose(&mut deal(variant, |entry| is_prime(entry.word.len())), &[6, 5 + variant])
        };
        Ok(vec![drafts(draft)])
    },
    examples: &[
        Example { args: "{}", response: "We are bread (quickly).", satisfied: true },
        Example { args: "{}", response: "It's “it” – now!", satisfied: true },
        Example { args: "{}", response: "I am now.", satisfied: false },
        Example { args: "{}", response: "We don't go.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "quotation marks are no letters, curly ones neither",
            args: "{}",
            response: "We see “it” now.",
            official: false,
        },
        Deviation {
            reason: "a dash is no word",
            args: "{}",
            response: "We see it – now.",
            official: false,
        },
    ],
};

fn is_prime(n: usize) -> bool {
    n > 1 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
}

pub(super) static VOWEL: Rule = Rule {
    id: "words:vowel",
    about: "The response is one paragraph without a line feed, outer white space aside, in which \
            no more than three of the letters `aeiou` occur, in any case (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Write one paragraph in which no more than three of the vowels a, e, i, o and u occur.",
            "Answer in a single paragraph whose words, taken together, use three kinds of vowels \
             at most.",
            "Leave at least two of the five vowels a, e, i, o, u out of your response altogether, \
             and do not break it into lines.",
            "Your whole response should be one paragraph and get by with three different vowel \
             letters.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| {
        check(|text| {
            let paragraph = text.stripped();
            let breaks = memchr::memchr_iter(b'\n', paragraph.as_bytes()).count();
            let lowered = lower(paragraph);
            let vowels = "aeiou".chars().filter(|vowel| lowered.contains(*vowel)).count();
            let note = format!("{vowels} different vowels, {} lines", breaks + 1);
            let degree = 3.0 / vowels.max(3) as f64 / (breaks + 1) as f64;
            if degree == 1.0 { Verdict::pass(note) } else { near(degree, note) }
        })
    },
    demands: |_| {
        const WITHOUT: [[char; 2]; 4] = [['o', 'u'], ['i', 'u'], ['a', 'u'], ['e', 'u']];
        let draft = |variant: usize| {
            let mut words = deal(variant, |entry| !entry.word.contains(WITHOUT[variant]));
            prose(&mut words, &[6, 5 + variant])
        };
        Ok(vec![Demand::Count(Unit::Lines, Bound::exactly(1)), drafts(draft)])
    },
    examples: &[
        Example { args: "{}", response: "\nA Red bird rests.\n", satisfied: true },
        Example { args: "{}", response: "Bread, tea; fish", satisfied: true },
        Example { args: "{}", response: "A red\nbird rests.", satisfied: false },
        Example { args: "{}", response: "One Apple fits.", satisfied: false },
    ],
    deviations: &[],
};

/// The share of the words that are `good`.
fn share<'t>(words: impl Iterator<Item = &'t str>, good: impl Fn(&str) -> bool) -> Verdict {
    let (mut all, mut fit, mut wrong) = (0, 0, None);
    for word in words {
        all += 1;
        if good(word) {
            fit += 1;
        } else {
            wrong = wrong.or(Some(word));
        }
    }
    match wrong {
        None => Verdict::pass("every word does"),
        Some(word) => {
            let word = crate::rules::wording::quote(word);
            Verdict::share(fit, all, format!("{} of {all} words do not: {word}", all - fit))
        }
    }
}
