//! The 29 constraints that IFBench's authors train on (allenai/open-instruct at e6c3044, `IFEvalG`,
//! Apache-2.0) and IFEval has not: held to its recorded verdicts in `../golden.rs`.

mod drafts;
mod edge;

rules! {
    alphabet_neighbours: RULE;
    bigrams: RULE;
    brackets: RULE;
    composition: RULE;
    copies: COPY MULTIPLE SIMPLE SPAN;
    exclude_word: RULE;
    first_words: ANSWER SENTENCES;
    hyphens: RULE;
    last_words: ANSWER SENTENCES;
    letters: LETTER TOTAL;
    lowercase_words: RULE;
    marks: DOT EXCLAMATION;
    occurrences: DIFFERENT INCREMENT ONCE;
    palindrome: RULE;
    repeat_phrase: RULE;
    same_ends: RULE;
    two_paragraphs: BLANK STARS;
    unique_words: RULE;
    word_position: RULE;
}
