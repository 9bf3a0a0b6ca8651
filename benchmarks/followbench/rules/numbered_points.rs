//! Format example 30: five points with keywords in bold, in short sentences of middling length.

use heedful_constraints::python::chars::{is_digit, is_space, is_word};
use heedful_constraints::python::strings::split_whitespace;

/// Whether `text` keeps the first `level` of five constraints, in the order in which the official
/// code counts them, which is not that of the instruction.
pub(super) fn check(level: u8, text: &str) -> bool {
    let sentences = sentences(text);
    let middling = |sentence: &&str| (10..=15).contains(&split_whitespace(sentence).count());
    let constraints: [&dyn Fn() -> bool; 5] = [
        &|| text.contains("**"),
        &|| keywords(text) == 5,
        &|| sentences.iter().filter(|s| is_point(s)).all(|s| s.matches('.').count() < 2),
        &|| sentences.iter().all(middling),
        // The suffix is looked for with its hyphen.
        &|| sentences.iter().flat_map(|s| split_whitespace(s)).all(|word| !word.ends_with("-ly")),
    ];
    constraints.iter().take(usize::from(level)).all(|kept| kept())
}

/// `len(re.findall(r"\*\*[\d].+?:", text))`; a match lies within a line.
fn keywords(text: &str) -> usize {
    let mut count = 0;
    for mut line in text.split('\n') {
        while let Some(at) = line.find("**") {
            let mut after = line[at + 2..].chars();
            // Stars in a row: the match may start at any of them.
            line = &line[at + 1..];
            if !after.next().is_some_and(is_digit) {
                continue;
            }
            // Something has to stand between the digit and the colon, if only a colon.
            after.next();
            let Some((_, rest)) = after.as_str().split_once(':') else { break };
            count += 1;
            line = rest;
        }
    }
    count
}

fn is_point(sentence: &str) -> bool {
    ["1.", "2.", "3.", "4.", "5."].iter().any(|number| sentence.contains(number))
}

/// `re.split(r"(?<!\w\.\w.)(?<![A-Z][a-z]\.)(?<=\.|\?)\s", text)`: at white space behind a full
/// stop or a question mark, but not behind `i.e.` or `Mr.`.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut before = ['\n'; 4];
    for (at, c) in text.char_indices() {
        let [fourth, third, second, last] = before;
        let short = is_word(fourth) && third == '.' && is_word(second);
        let title = third.is_ascii_uppercase() && second.is_ascii_lowercase() && last == '.';
        if is_space(c) && matches!(last, '.' | '?') && !short && !title {
            sentences.push(&text[start..at]);
            start = at + c.len_utf8();
        }
        before = [third, second, last, c];
    }
    sentences.push(&text[start..]);
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_behind_stops() {
        assert_eq!(sentences("A b. C? D! E."), ["A b.", "C?", "D! E."]);
        assert_eq!(sentences("Mr. A i.e. b p.m? c.\n\nd"), ["Mr. A i.e. b p.m? c.", "\nd"]);
        assert_eq!(sentences("Mrs. x. "), ["Mrs.", "x.", ""]);
        assert_eq!(sentences(""), [""]);
    }

    #[test]
    fn keywords_are_numbered() {
        assert_eq!(keywords("**1. A:** b\n**2. B: c **3x:"), 3);
        assert_eq!(keywords("**1: **2:"), 1);
        assert_eq!(keywords("**1::"), 1);
        assert_eq!((keywords("***1. A:"), keywords("**\n1. A:"), keywords("**1\na:")), (1, 0, 0));
        assert_eq!(keywords(&"**1".repeat(100_000)), 0);
        assert_eq!(keywords(&"*".repeat(100_000)), 0);
    }
}
