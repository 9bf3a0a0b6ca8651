//! One file a rule (or a family of rows). To add one: the file, and one line below.

mod fences;
#[cfg(test)]
mod golden;
mod json_instance;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod own_laws;
mod pattern;
mod phrase;
mod relation;
mod spoken;
mod wording;

/// Declares the modules and gathers their rules; the registry sorts them by id.
macro_rules! rules {
    ($($module:ident: $($rule:ident)+;)*) => {
        $(mod $module;)*
        /// The rules of this folder.
        pub(crate) static RULES: &[&crate::rule::Rule] = &[$($(&$module::$rule),+),*];
    };
}

pub(crate) mod ifbench;
pub(crate) mod iftrain;

rules! {
    bullet_lists: RULE;
    capital_words: RULE;
    characters: ASCII_ONLY FORBIDDEN NO_DIGITS;
    constrained_response: RULE;
    count:
        BLOCK_QUOTES BOLD CHARACTERS CODE_BLOCKS EXCLAMATIONS HEADINGS HYPHENATED_WORDS
        ISO_DATES LINES LINKS LIST_ITEMS NUMBERS PALINDROMES PARAGRAPHS PARENTHESES
        QUESTIONS QUOTATIONS SEMICOLONS SENTENCES TABLE_ROWS UNIQUE_WORDS WORDS;
    each:
        LINE_CHARACTERS LIST_ITEM_WORDS PARAGRAPH_SENTENCES PARAGRAPH_WORDS SENTENCE_WORDS
        WORD_LETTERS;
    end_checker: RULE;
    english_case: CAPITAL LOWERCASE;
    existence: RULE;
    forbidden_words: RULE;
    format_code_block: RULE;
    format_csv_block: RULE;
    format_heading: RULE;
    format_json_block: RULE;
    format_numbered_list: RULE;
    format_plain: NO_MARKDOWN SINGLE_PARAGRAPH;
    format_table: RULE;
    format_yaml_block: RULE;
    frequency: RULE;
    highlighted_sections: RULE;
    json_format: RULE;
    letter_frequency: RULE;
    letters_acrostic: RULE;
    letters_alliteration: RULE;
    letters_amount: BETWEEN WITHOUT;
    letters_neighbours: RULE;
    letters_palindromes: RULE;
    letters_sentences: RULE;
    multiple_sections: RULE;
    no_comma: RULE;
    nth_paragraph: RULE;
    number_paragraphs: RULE;
    number_sentences: RULE;
    number_words: RULE;
    order_words: WORDS;
    placeholders: RULE;
    position_phrase: ENDS_WITH_WORD STARTS_WITH;
    position_start: PARAGRAPH_STARTS SENTENCE_STARTS;
    position_word: NTH_WORD;
    postscript: RULE;
    quotation: RULE;
    repeat_prompt: RULE;
    response_language: RULE;
    title: RULE;
    two_responses: RULE;
}
