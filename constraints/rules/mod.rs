//! One file a rule (or a family of rows). To add one: the file, and one line below.

use crate::rule::Rule;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod laws;
mod pattern;
mod phrase;
mod relation;
mod spoken;

/// Declares the modules and gathers their rules; the registry sorts them by id.
macro_rules! rules {
    ($($module:ident: $($rule:ident)+;)+) => {
        $(mod $module;)+
        /// Every rule.
        pub(crate) static RULES: &[&Rule] = &[$($(&$module::$rule),+),+];
    };
}

rules! {
    bullet_lists: RULE;
    capital_words: RULE;
    constrained_response: RULE;
    end_checker: RULE;
    english_case: CAPITAL LOWERCASE;
    existence: RULE;
    forbidden_words: RULE;
    frequency: RULE;
    highlighted_sections: RULE;
    json_format: RULE;
    letter_frequency: RULE;
    multiple_sections: RULE;
    no_comma: RULE;
    nth_paragraph: RULE;
    number_paragraphs: RULE;
    number_sentences: RULE;
    number_words: RULE;
    placeholders: RULE;
    postscript: RULE;
    quotation: RULE;
    repeat_prompt: RULE;
    response_language: RULE;
    title: RULE;
    two_responses: RULE;
}
