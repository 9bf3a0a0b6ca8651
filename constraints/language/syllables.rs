//! The syllables of English words as syllapy 0.8.0 counts them: a table, and for other words the
//! runs of vowels.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::python::chars::is_digit;
use crate::python::strings::{lower, strip, strip_chars};

/// The words of syllapy's table that its rule for other words gets otherwise: a line for every
/// number of syllables, with the number first. That is all that the table can be seen by.
static TABLE: LazyLock<HashMap<&'static str, u64>> = LazyLock::new(|| {
    let lines = include_str!("../data/syllables.txt").lines();
    let lines = lines.filter_map(|line| line.split_once(' '));
    let words = lines.filter_map(|(count, words)| Some((count.parse().ok()?, words)));
    words.flat_map(|(count, words)| words.split(' ').map(move |word| (word, count))).collect()
});

/// Longer words are not in the table.
const LONGEST: usize = 16;

/// Python's `string.punctuation`.
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// `syllapy.count(word)`: 0 where there is a digit or nothing but punctuation.
pub fn count(word: &str) -> u64 {
    count_bare(strip_chars(&lower(strip(word)), PUNCTUATION))
}

/// The same for a word in lower case with nothing to be stripped.
pub fn count_bare(word: &str) -> u64 {
    if word.is_empty() || word.chars().any(is_digit) {
        return 0;
    }
    let known = if word.len() <= LONGEST { TABLE.get(word) } else { None };
    known.copied().unwrap_or_else(|| by_rule(word))
}

/// How many runs of vowels there are, less an `e` at the end, unless that leaves none or it stands
/// in `le` after a consonant.
fn by_rule(word: &str) -> u64 {
    let mut found = 0;
    let mut in_run = false;
    for byte in word.bytes() {
        let vowel = is_vowel(byte);
        found += u64::from(vowel && !in_run);
        in_run = vowel;
    }
    let before_le = word.strip_suffix("le").and_then(|rest| rest.as_bytes().last());
    let sounded = before_le.is_some_and(|byte| !is_vowel(*byte));
    (found + u64::from(sounded) - u64::from(word.ends_with('e'))).max(1)
}

fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::goldens;

    #[test]
    fn agrees_with_recorded_counts() {
        let rows = goldens::each_row("components/syllapy_dev.jsonl.gz", |row| {
            let word = row["word"].as_str().expect("a word");
            assert_eq!(count(word), row["count"].as_u64().expect("a count"), "{word:?}");
        });
        eprintln!("{rows} words");
    }

    #[test]
    fn the_table_comes_before_the_rule() {
        assert_eq!((count("changed"), by_rule("changed")), (1, 2));
        assert!(TABLE.len() > 800);
        let useless = |word: &str, count| word.len() > LONGEST || by_rule(word) == count;
        assert_eq!(TABLE.iter().find(|(word, count)| useless(word, **count)), None);
    }

    #[test]
    fn words_outside_the_table_go_by_their_vowels() {
        let known = [
            ("knead", 1),
            ("kneadable", 3),
            ("the", 1),
            ("le", 1),
            ("xle", 1),
            ("brrr", 1),
            ("(Bakery!)", 3),
            ("—", 1),
            ("²", 1),
            ("42", 0),
            ("b4", 0),
            ("...", 0),
            ("", 0),
        ];
        for (word, wanted) in known {
            assert_eq!(count(word), wanted, "{word}");
        }
    }
}
