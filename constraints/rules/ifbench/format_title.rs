//! `format:title_case`: every major word with a capital (IFBench).

use crate::args::Args;
use crate::demand::Demand;
use crate::language::tokenize::word_tokenize;
use crate::profile::Profile;
use crate::python::chars::{is_alpha, is_lower};
use crate::python::strings::{str_is_lower, str_is_upper};
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::wording::{quote, words};
use crate::verdict::Verdict;

/// The words that titles leave small, in order.
const MINOR: [&str; 31] = [
    "a", "an", "and", "as", "at", "but", "by", "for", "from", "if", "in", "into", "nor", "of",
    "off", "on", "onto", "or", "out", "over", "per", "so", "than", "the", "to", "up", "upon",
    "via", "vs", "with", "yet",
];

pub(super) static RULE: Rule = Rule {
    id: "format:title_case",
    about: "No word is all small letters, or a small letter and then capitals (IFBench). Official: \
            the word tokens of NLTK, of which `n't` is one, whatever their part in the sentence. \
            Corrected: articles, conjunctions and short prepositions may be small, but not as the \
            first word, and a word keeps what its apostrophe joins.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Write the entire response in title case (capitalize the first letter of every major \
             word).",
            "Use title case throughout: each major word begins with a capital letter.",
            "Your whole answer should be capitalized like a title, with a capital at the start of \
             every important word.",
            "Capitalize All Major Words of Your Response, as in This Sentence.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| match profile {
            Profile::Official => judge(word_tokenize(text.raw()).iter().map(|word| (word, false))),
            Profile::Corrected => {
                let words = words(text.raw()).enumerate();
                judge(words.map(|(at, word)| (word, at > 0 && MINOR.binary_search(&word).is_ok())))
            }
        })
    },
    demands: |_| {
        let drafts = [
            "The Moon Pulls The Sea. Waters Rise Twice A Day.",
            "Fresh Bread Needs Flour, Water And Salt.",
            "We Leave At Dawn And Return At Night.",
            "A Guide To Small Gardens\n\nPlant Herbs First. Water Them Every Morning.",
        ];
        Ok(vec![Demand::Draft(drafts.map(str::to_owned).to_vec())])
    },
    examples: &[
        Example {
            args: "{}",
            response: "We Bake Bread In 3 Hours, iPhone In Hand.",
            satisfied: true,
        },
        Example { args: "{}", response: "WE BAKE BREAD.", satisfied: true },
        Example { args: "{}", response: "We Bake bread.", satisfied: false },
        Example { args: "{}", response: "the End of It", satisfied: false },
        Example { args: "{}", response: "We Bake bREAD.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "minor words stay small in title case",
            args: "{}",
            response: "The Lord of the Rings",
            official: false,
        },
        Deviation {
            reason: "the second half of a contraction is no word",
            args: "{}",
            response: "They Don't Bake Bread.",
            official: false,
        },
    ],
};

/// The share of the words with a letter in front that are in title case; those with a mark are,
/// whatever they look like.
fn judge<'w>(words: impl Iterator<Item = (&'w str, bool)>) -> Verdict {
    let (mut good, mut total, mut first) = (0, 0, None);
    for (word, minor) in words.filter(|(word, _)| word.starts_with(is_alpha)) {
        total += 1;
        match minor || !is_small(word) {
            true => good += 1,
            false => first = first.or(Some(quote(word))),
        }
    }
    let note = match first {
        None => format!("{total} words in title case"),
        Some(first) => format!("{good} of {total} words in title case, not {first}"),
    };
    Verdict::share(good, total, note)
}

/// Whether a word is one small letter, or one before letters of one case.
fn is_small(word: &str) -> bool {
    let mut chars = word.chars();
    let first = chars.next();
    let rest = chars.as_str();
    first.is_some_and(is_lower) && (rest.is_empty() || str_is_upper(rest) || str_is_lower(rest))
}
