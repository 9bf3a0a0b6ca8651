//! Properties that hold for every text.

use proptest::prelude::*;

use super::{langdetect, punkt, syllables, tagger, tokenize};
use crate::python::pattern::{Flags, Pattern};
use crate::python::{json, strings};

/// Runs everything on a text and checks what can be checked without an oracle.
fn survives(text: &str) -> Result<(), TestCaseError> {
    let sentences = punkt::sentences(text);
    prop_assert_eq!(sentences.len(), punkt::count_sentences(text));
    let mut end = 0;
    for sentence in sentences {
        prop_assert!(end <= sentence.start && sentence.start < sentence.end);
        end = sentence.end;
        prop_assert!(text.get(sentence).is_some());
    }
    let tokens = tokenize::word_tokenize(text);
    for token in tokens.iter() {
        prop_assert!(!token.is_empty() && strings::split_whitespace(token).count() == 1);
        prop_assert!(syllables::count(token) <= token.len() as u64);
    }
    prop_assert_eq!(tagger::tags(tokens.iter()).count(), tokens.len());
    if let Some(found) = langdetect::probabilities(text, 3) {
        prop_assert!(found.iter().all(|(_, probability)| (0.1..=1.0 + 1e-9).contains(probability)));
    }
    prop_assert_eq!(strings::words(text).count(), strings::count_words(text));
    prop_assert!(!strings::splitlines(text).any(|line| line.contains('\n')));
    let lowered = strings::lower(text);
    prop_assert_eq!(strings::lower(&lowered), lowered.as_ref());
    json::accepts(text);
    Ok(())
}

const PUNCTUATION: &str = "[ .?!'\"`,:;()\\[\\]{}@*/\\-\n\r\u{0}\u{85}\u{1c}aTn1é’»]{0,80}";

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>()) {
        survives(&text)?;
    }

    #[test]
    fn punctuation_is_read(text in PUNCTUATION) {
        survives(&text)?;
    }

    #[test]
    fn runs_are_read(unit in "[ .?!'\"`,\\-\n\r\u{0}a@😀]{1,3}", times in 1usize..400) {
        survives(&unit.repeat(times))?;
    }

    #[test]
    fn any_pattern_is_taken_or_refused(
        pattern in "[a-cİk()\\[\\]|*+?{}0-2,.^$\\\\bBwdsZ<>=!:P#i\\-\u{301}]{0,14}",
        text in "[a-ckKiİı .\n\u{301}é]{0,30}",
        ignore_case in any::<bool>(),
        multi_line in any::<bool>(),
    ) {
        let flags = Flags { ignore_case, multi_line, ..Flags::default() };
        if let Ok(pattern) = Pattern::new(&pattern, flags) {
            let mut before = 0;
            for span in pattern.find_iter(&text) {
                prop_assert!(before <= span.start && span.start <= span.end);
                before = span.end;
                prop_assert!(text.get(span).is_some());
            }
            prop_assert_eq!(pattern.is_match(&text), pattern.find(&text).is_some());
        }
    }
}
