//! ASCII punctuation, which IFBench's checks strip from texts and words in two ways.

use std::borrow::Cow;

/// `text.translate(str.maketrans("", "", string.punctuation))`: without any of the 32 characters.
pub(super) fn without_punctuation(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|byte| byte.is_ascii_punctuation()) {
        true => Cow::Owned(text.chars().filter(|c| !c.is_ascii_punctuation()).collect()),
        false => Cow::Borrowed(text),
    }
}

/// `text.strip(string.punctuation + " ")`: the ends go, up to a character that is neither
/// punctuation nor a space proper.
pub(super) fn strip_punctuation(text: &str) -> &str {
    text.trim_matches(|c: char| c == ' ' || c.is_ascii_punctuation())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_goes_everywhere_or_at_the_ends() {
        assert_eq!(without_punctuation("*Well-known*, `it's` 3.5"), "Wellknown its 35");
        assert_eq!(without_punctuation("“a” – b"), "“a” – b");
        assert_eq!(strip_punctuation(" *a, b!* "), "a, b");
        assert_eq!(strip_punctuation("\t-a"), "\t-a");
        assert_eq!(strip_punctuation(" .. "), "");
    }
}
