//! The 58 constraints of IFBench (allenai/IFBench at db69a6f, Apache-2.0), held to its recorded
//! verdicts in `../golden.rs`. It is a test of what was never trained on: recipes take these ids
//! only where they name them.

mod bare;
mod draft;

rules! {
    alliteration: RULE;
    alphabet: RULE;
    chains: LAST_FIRST PARAGRAPH_LAST_FIRST;
    conjunctions: RULE;
    custom_alphabet: RULE;
    custom_capitals: RULE;
    custom_countries: RULE;
    custom_csv: CITY QUOTES SPECIAL;
    custom_dates: RULE;
    custom_multiples: RULE;
    custom_questions: RULE;
    custom_reversed: CHARACTERS WORDS;
    format_bullets: AFTER_SENTENCES SUB_BULLETS;
    format_emoji: RULE;
    format_indent: RULE;
    format_nesting: PARENTHESES QUOTES;
    format_options: RULE;
    format_quoted: RULE;
    format_separator: RULE;
    format_template: RULE;
    format_thesis: RULE;
    format_title: RULE;
    format_whitespace: NEWLINE NONE;
    increment: RULE;
    interrobang: RULE;
    japanese: RULE;
    keywords_multiple: RULE;
    letters: CONSONANTS PRIME_LENGTHS VOWEL;
    neighbours: RULE;
    numbers: RULE;
    overlap: RULE;
    palindromes: RULE;
    person_names: RULE;
    pronouns: RULE;
    repeat_request: CHANGE SIMPLE SPAN;
    sentence_keyword: RULE;
    sentence_kinds: BALANCE TYPE;
    sentence_words: RULE;
    stop_words: RULE;
    unique_words: REPEATS UNIQUE;
    word_places: RESPONSE SENTENCE;
    word_range: RULE;
    words_odd_even_syllables: RULE;
    words_start_verb: RULE;
}
