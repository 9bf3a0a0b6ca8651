//! `letters:no_palindromes`: no word reads the same backwards.

use super::wording::quote;
use crate::args::Args;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::python::chars::is_alpha;
use crate::python::strings;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "letters:no_palindromes",
    about: "No word of three letters or more reads the same backwards, case aside. Words are runs \
            of `\\w`, as for `count:palindromes`; those with a digit or `_` are not looked at.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Do not use any palindrome of three letters or more (such as \"level\").",
            "Avoid every word of at least three letters that reads the same backwards.",
            "No word with three or more letters in your response may be a palindrome.",
            "Keep your answer free of palindromic words of three letters or more, like \"noon\".",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| {
        check(|text| {
            let mut found = strings::words(text.lower()).filter(|word| is_palindrome(word));
            match found.next() {
                None => Verdict::pass("no palindrome"),
                Some(first) => {
                    let count = 1 + found.count() as u64;
                    let degree = Bound::NONE.degree(count);
                    let note = format!("{count} palindromes, the first is {}", quote(first));
                    Verdict { degree, ..Verdict::fail(note) }
                }
            }
        })
    },
    demands: |_| Ok(vec![Demand::Count(Unit::Palindromes, Bound::NONE)]),
    examples: &[
        Example { args: "{}", response: "An oven at 101 degrees, oo.", satisfied: true },
        Example { args: "{}", response: "Bread, salt, butter.", satisfied: true },
        Example { args: "{}", response: "We eat at Noon.", satisfied: false },
        Example { args: "{}", response: "A well-told level-one tale.", satisfied: false },
    ],
    deviations: &[],
};

/// Whether a lower-case word is three letters or more and the same from both ends.
fn is_palindrome(word: &str) -> bool {
    let count = word.chars().count();
    count >= 3
        && word.chars().take(count / 2).eq(word.chars().rev().take(count / 2))
        && word.chars().all(is_alpha)
}
