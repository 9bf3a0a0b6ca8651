//! The ASCII of a text: `unicodedata.normalize("NFKD", text).encode("ascii", "ignore")`.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// What is left of `text` when compatibility decompositions are made and all that is not ASCII is
/// dropped: `São Tomé` becomes `Sao Tome`.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let known = text.chars().filter(|c| !is_newer(*c));
    Cow::Owned(known.nfkd().filter(char::is_ascii).collect())
}

/// Characters that decompose to ASCII and that Unicode 14, which CPython 3.11 knows, had not yet:
/// three subscript letters, the raised small capital S, the outlined capitals and digits.
fn is_newer(c: char) -> bool {
    matches!(c, '\u{209d}'..='\u{209f}' | '\u{a7f1}' | '\u{1ccd6}'..='\u{1ccf9}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_ligatures_and_forms_become_ascii() {
        assert_eq!(fold("São Tomé, Chișinău"), "Sao Tome, Chisinau");
        assert_eq!(fold("ﬁ ① Ⅳ ½ Å \u{a0}x\u{2028}"), "fi 1 IV 12 A  x");
        assert_eq!(fold("Łódź ß Ωæ"), "odz  ");
        assert_eq!(fold("\u{1ccd6}\u{a7f1}𝐀"), "A");
        assert!(matches!(fold("plain"), Cow::Borrowed(_)));
    }

    /// How many characters become ASCII, and a sum over what they become, as recorded from CPython
    /// 3.11 (Unicode 14).
    #[test]
    fn every_character_folds_as_in_python() {
        let (mut folding, mut sum) = (0, 0_u64);
        for c in (0x80..=0x10_ffff).filter_map(char::from_u32) {
            let text = c.to_string();
            let ascii = fold(&text);
            folding += usize::from(!ascii.is_empty());
            for (place, byte) in (1..).zip(ascii.bytes()) {
                sum = (sum + u64::from(c) * place * u64::from(byte)) % 1_000_000_007;
            }
        }
        assert_eq!((folding, sum), (2_130, 116_562_003));
    }
}
