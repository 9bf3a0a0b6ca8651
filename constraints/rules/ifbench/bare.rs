//! Words as the checkers of IFBench cut them, and as readers see them.

use std::borrow::Cow;

use crate::python::chars::{is_alpha, is_alphanumeric};
use crate::python::strings::split_whitespace;
use crate::verdict::Verdict;

/// `string.punctuation`, in its order.
pub(super) const PUNCTUATION: &str = r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##;

/// The text without any mark of `string.punctuation`.
pub(super) fn bare(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|byte| byte.is_ascii_punctuation()) {
        true => Cow::Owned(text.chars().filter(|c| !c.is_ascii_punctuation()).collect()),
        false => Cow::Borrowed(text),
    }
}

/// Whether `strip(string.punctuation + " ")` takes this character: spaces proper alone.
pub(super) fn is_edge(c: char) -> bool {
    c == ' ' || c.is_ascii_punctuation()
}

/// A token without the marks around it, of whatever script they are; empty if it is all marks.
pub(super) fn core(token: &str) -> &str {
    token.trim_matches(|c| !is_alphanumeric(c))
}

/// The tokens between white space that hold a letter or digit, without the marks around them.
pub(super) fn cores(text: &str) -> impl Iterator<Item = &str> {
    split_whitespace(text).map(core).filter(|word| !word.is_empty())
}

/// The first character of a word, if it is a letter.
pub(super) fn initial(word: &str) -> Option<char> {
    word.chars().next().filter(|c| is_alpha(*c))
}

/// Not satisfied, and so near to it.
pub(super) fn near(degree: f64, note: String) -> Verdict {
    Verdict { degree: degree.clamp(0.0, 0.99) as f32, ..Verdict::fail(note) }
}

/// The smaller of two numbers over the larger: how nearly they are the same.
pub(super) fn likeness(a: u64, b: u64) -> f64 {
    if a == b { 1.0 } else { a.min(b) as f64 / a.max(b) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_those_of_python() {
        assert!(PUNCTUATION.chars().all(|c| c.is_ascii_punctuation()));
        assert_eq!(PUNCTUATION.len(), 32);
        assert_eq!(bare("a-b, “c”\n"), "ab “c”\n");
        assert_eq!(bare("*Well-known*, `it's` 3.5"), "Wellknown its 35");
        assert_eq!(" *a, b!* ".trim_matches(is_edge), "a, b");
        assert_eq!("\t-a".trim_matches(is_edge), "\t-a");
    }

    #[test]
    fn cores_leave_marks_behind() {
        let found: Vec<&str> = cores("“Well-known” — tea, (3.5%) ... _x_").collect();
        assert_eq!(found, ["Well-known", "tea", "3.5", "x"]);
    }
}
