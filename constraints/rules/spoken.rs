//! The language of a text, whatever its case.

use crate::language::langdetect;
use crate::python::chars;
use crate::text::Text;

/// The langdetect code of a text. Its profiles come from texts with few capitals and it leaves out
/// most of what words in capitals hold, so a text with more capitals than small letters is read in
/// lower case.
pub(super) fn language(text: &Text<'_>) -> Option<&'static str> {
    let mut capitals = 0_usize;
    let mut small = 0_usize;
    for c in text.raw().chars() {
        capitals += usize::from(chars::is_upper(c));
        small += usize::from(chars::is_lower(c));
    }
    if capitals > small { langdetect::detect(text.lower(), 0) } else { text.language() }
}
