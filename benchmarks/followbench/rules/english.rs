//! The rules of the English set that differ from the Chinese ones.

use heedful_constraints::python::chars::{is_space, is_word};
use heedful_constraints::python::strings::{char_len, split_whitespace, str_is_lower, words};

use super::Rule;
use super::common::{Paragraphs, digits, sentences};

const MARKS: &[char] = &['.', '!', '?'];

/// Whether `text` keeps the constraints of `level`: those of all levels up to it.
pub(super) fn check(rule: Rule, level: u8, target: &str, text: &str) -> bool {
    // Levels beyond 4 are the last one, whatever they are called.
    let from = |first: u8| level == 0 || level >= first;
    let one = || sentences(text, MARKS).count() == 1;
    match rule {
        Rule::CnnDailymail => news(level, text),
        Rule::Xsum => {
            one()
                && (!from(2) || pieces(text) < 20)
                && (!from(3) || !has_word(text, "Newton Stewart"))
                && (!from(4) || has_present_continuous(text))
                && (!from(5) || has_word(text, "operation"))
        }
        Rule::Samsum => {
            one()
                && (!from(2) || pieces(text) < 15)
                && (!from(3) || has_word(text, "stuff"))
                && (!from(4) || !has_procrastination(text))
                && (!from(5) || text.chars().filter(char::is_ascii_punctuation).count() == 1)
        }
        Rule::Gigaword => {
            pieces(text) == 8
                && (!from(2) || !text.contains(|c: char| c.is_ascii_punctuation()))
                && (!from(3) || str_is_lower(text))
                && (!from(4) || !has_word(text, "bus"))
                && (!from(5) || has_word(text, "in"))
        }
        Rule::Arxiv => {
            one()
                && (!from(2) || pieces(text) <= 20)
                && (!from(3) || text.starts_with("We"))
                && (!from(4) || has_word(text, "activations"))
                && (!from(5) || !has_word(text, "transformer"))
        }
        Rule::Gsm8k => last_amount(text) == Some(target),
        _ => {
            let long = |sentence: &str| split_whitespace(sentence).count() > 20;
            Paragraphs { marks: MARKS, long, end: "Those are suggestions" }.check(level, text)
        }
    }
}

fn news(level: u8, text: &str) -> bool {
    let from = |first: u8| level == 0 || level >= first;
    let list: Vec<&str> = sentences(text, MARKS).take(4).collect();
    let &[first, second, third] = list.as_slice() else { return false };
    let named =
        || has_word(first, "Potter") && has_word(second, "actor") && has_word(third, "films");
    (!from(2) || list.iter().all(|sentence| split_whitespace(sentence).count() < 15))
        && (!from(3) || named())
        && (!from(4) || !has_word(second, "lavish"))
        && (!from(5) || has_present_perfect(third))
}

/// The pieces between single blanks: one more than there are blanks.
fn pieces(text: &str) -> usize {
    text.matches(' ').count() + 1
}

/// `\bword\b`, where `word` starts and ends with a letter.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Words that have nothing but white space between them, in pairs.
fn neighbours(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let pairs = words(text).zip(words(text).skip(1));
    pairs.filter(move |(one, other)| {
        text[place(one) + one.len()..place(other)].chars().all(is_space)
    })
}

/// `\b(am|is|are)\s+\w+ing\b`
fn has_present_continuous(text: &str) -> bool {
    neighbours(text).any(|(one, other)| {
        matches!(one, "am" | "is" | "are") && other.ends_with("ing") && char_len(other) > 3
    })
}

/// `\b(has|have)\s+\w+`
fn has_present_perfect(text: &str) -> bool {
    neighbours(text).any(|(one, _)| matches!(one, "has" | "have"))
}

/// `procrast` in any case, with the long s that Python takes for an s.
fn has_procrastination(text: &str) -> bool {
    text.replace('ſ', "s").to_ascii_lowercase().contains("procrast")
}

/// The last `$` with digits behind it, and those.
fn last_amount(text: &str) -> Option<&str> {
    let amounts = text.match_indices('$').map(|(at, _)| &text[at..]);
    let mut amounts = amounts.map(|rest| &rest[..1 + digits(&rest[1..])]);
    amounts.rfind(|amount| amount.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_ends() {
        assert!(has_word("the stuff.", "stuff") && has_word("xstuff stuff", "stuff"));
        assert!(!has_word("stuffy", "stuff") && !has_word("_stuff", "stuff"));
        assert!(!has_word("éstuff", "stuff") && has_word("e\u{301}stuff", "stuff"));
    }

    #[test]
    fn tenses_are_two_words() {
        for text in ["she is  going", "are\u{1c}doing", "am\u{2003}\nringing"] {
            assert!(has_present_continuous(text), "{text:?}");
        }
        for text in ["this going", "is, going", "is ing", "is goings", "Is going", "is"] {
            assert!(!has_present_continuous(text), "{text:?}");
        }
        assert!(has_present_perfect("it has\tbeen") && has_present_perfect("have 3"));
        assert!(!has_present_perfect("has, been") && !has_present_perfect("it has "));
    }

    #[test]
    fn the_last_amount_counts() {
        assert_eq!(last_amount("$18 and $5."), Some("$5"));
        assert_eq!((last_amount("$18, $ 5"), last_amount("$$")), (Some("$18"), None));
        assert_eq!(last_amount("$１２x"), Some("$１２"));
        assert!(has_procrastination("Procraſtinate") && !has_procrastination("pro crast"));
    }
}
