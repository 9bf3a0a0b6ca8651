//! One file a rule (or a family of rows). To add one: the file, and one line below.

use crate::rule::Rule;

mod wording;

/// Declares the modules and gathers their rules; the registry sorts them by id.
macro_rules! rules {
    ($($module:ident: $($rule:ident)+;)+) => {
        $(mod $module;)+
        /// Every rule.
        pub(crate) static RULES: &[&Rule] = &[$($(&$module::$rule),+),+];
    };
}

rules! {
    characters: FORBIDDEN NO_DIGITS ASCII_ONLY;
    letters_acrostic: RULE;
    letters_alliteration: RULE;
    letters_amount: WITHOUT BETWEEN;
    letters_neighbours: RULE;
    letters_palindromes: RULE;
    letters_sentences: RULE;
    no_comma: RULE;
    order_words: WORDS;
    position_phrase: STARTS_WITH ENDS_WITH_WORD;
    position_start: PARAGRAPH_STARTS SENTENCE_STARTS;
    position_word: NTH_WORD;
}
