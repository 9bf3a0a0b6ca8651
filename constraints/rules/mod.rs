//! One file a rule (or a family of rows). To add one: the file, and one line below.

use crate::rule::Rule;

/// Declares the modules and gathers their rules; the registry sorts them by id.
macro_rules! rules {
    ($($module:ident: $($rule:ident)+;)+) => {
        $(mod $module;)+
        /// Every rule.
        pub(crate) static RULES: &[&Rule] = &[$($(&$module::$rule),+),+];
    };
}

rules! {
    count: CHARACTERS WORDS UNIQUE_WORDS SENTENCES LINES PARAGRAPHS LIST_ITEMS TABLE_ROWS HEADINGS
        QUESTIONS EXCLAMATIONS QUOTATIONS PARENTHESES NUMBERS HYPHENATED_WORDS CODE_BLOCKS
        BLOCK_QUOTES BOLD LINKS ISO_DATES SEMICOLONS PALINDROMES;
    each: SENTENCE_WORDS PARAGRAPH_SENTENCES PARAGRAPH_WORDS LINE_CHARACTERS WORD_LETTERS
        LIST_ITEM_WORDS;
    no_comma: RULE;
}
