//! Character classes of CPython 3.11 (Unicode 14).

/// One byte of flags for every code point, as `scripts/language_data.py` writes it: a block number
/// for every 128 code points, then the distinct blocks.
static TABLE: &[u8] = include_bytes!("../data/characters.bin");

const BLOCK_BITS: usize = 7;
const BLOCK: usize = 1 << BLOCK_BITS;
const INDEX: usize = 0x11_0000 / BLOCK;

pub(crate) const WORD: u8 = 1;
pub(crate) const SPACE: u8 = 1 << 1;
pub(crate) const DIGIT: u8 = 1 << 2;
pub(crate) const UPPER: u8 = 1 << 3;
pub(crate) const LOWER: u8 = 1 << 4;
pub(crate) const TITLE: u8 = 1 << 5;
pub(crate) const ALPHA: u8 = 1 << 6;
const EMOJI: u8 = 1 << 7;

/// Flags of the ASCII characters, copied out so that the common case is one load.
static ASCII: [u8; BLOCK] = ascii();

const fn ascii() -> [u8; BLOCK] {
    const DATA: &[u8] = include_bytes!("../data/characters.bin");
    let start = INDEX + ((DATA[0] as usize) << BLOCK_BITS);
    let mut flags = [0; BLOCK];
    let mut at = 0;
    while at < BLOCK {
        flags[at] = DATA[start + at];
        at += 1;
    }
    flags
}

/// The flags of one character.
#[inline]
pub(crate) fn flags(c: char) -> u8 {
    let point = c as usize;
    if point < BLOCK {
        return ASCII[point];
    }
    let block = TABLE[point >> BLOCK_BITS] as usize;
    TABLE[INDEX + (block << BLOCK_BITS) + (point & (BLOCK - 1))]
}

/// The flags of one ASCII byte; 0 for any other byte.
#[inline]
pub(crate) fn ascii_flags(byte: u8) -> u8 {
    if byte < 128 { ASCII[byte as usize] } else { 0 }
}

/// Python's `\w`: letters, numbers of every kind and the underscore, but no combining marks.
#[inline]
pub fn is_word(c: char) -> bool {
    flags(c) & WORD != 0
}

/// Python's `\s` and `str.isspace` of one character: U+001C to U+001F count as white space.
#[inline]
pub fn is_space(c: char) -> bool {
    flags(c) & SPACE != 0
}

/// Python's `\d` (`str.isdecimal` of one character): the decimal digits of every script.
#[inline]
pub fn is_digit(c: char) -> bool {
    flags(c) & DIGIT != 0
}

/// `str.isupper` of one character.
#[inline]
pub fn is_upper(c: char) -> bool {
    flags(c) & UPPER != 0
}

/// `str.islower` of one character.
#[inline]
pub fn is_lower(c: char) -> bool {
    flags(c) & LOWER != 0
}

/// Whether the character is in title case proper (as `ǅ` is), neither upper nor lower.
#[inline]
pub fn is_title(c: char) -> bool {
    flags(c) & TITLE != 0
}

/// `str.isalpha` of one character: the letters.
#[inline]
pub fn is_alpha(c: char) -> bool {
    flags(c) & ALPHA != 0
}

/// `str.isalnum` of one character: the letters and every kind of number.
#[inline]
pub fn is_alphanumeric(c: char) -> bool {
    c != '_' && is_word(c)
}

/// Whether the character alone is an emoji (`emoji.is_emoji` of the Python package, 2.16).
#[inline]
pub fn is_emoji(c: char) -> bool {
    flags(c) & EMOJI != 0
}

/// The code point ranges, both ends included, whose flags meet `mask`.
pub(crate) fn ranges(mask: u8) -> Vec<(u32, u32)> {
    let blocks: Vec<Option<bool>> = TABLE[INDEX..]
        .chunks_exact(BLOCK)
        .map(|block| {
            let first = block[0] & mask != 0;
            block.iter().all(|&flag| (flag & mask != 0) == first).then_some(first)
        })
        .collect();
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    let mut push = |first: u32, last: u32| match ranges.last_mut() {
        Some(range) if range.1 + 1 == first => range.1 = last,
        _ => ranges.push((first, last)),
    };
    for (number, &block) in TABLE[..INDEX].iter().enumerate() {
        let start = (number << BLOCK_BITS) as u32;
        match blocks[block as usize] {
            Some(false) => {}
            Some(true) => push(start, start + BLOCK as u32 - 1),
            None => {
                let at = INDEX + ((block as usize) << BLOCK_BITS);
                for (offset, &flag) in (0..).zip(&TABLE[at..at + BLOCK]) {
                    if flag & mask != 0 {
                        push(start + offset, start + offset);
                    }
                }
            }
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_python_where_rust_differs() {
        assert!(is_word('²') && is_word('½') && is_word('_') && !is_word('\u{301}'));
        assert!(!is_word('\u{200d}') && !is_word('‿'));
        assert!(is_space('\u{1c}') && is_space('\u{85}') && !is_space('\u{200b}'));
        assert!(is_digit('٣') && !is_digit('²'));
        assert!(is_upper('Ⓐ') && is_lower('ª') && is_title('ǅ') && !is_title('A'));
        assert!(!is_alpha('Ⅷ') && is_alphanumeric('Ⅷ') && !is_alphanumeric('_'));
        assert!(is_emoji('😀') && !is_emoji('1'));
    }

    #[test]
    fn ranges_agree_with_flags() {
        for mask in [WORD, SPACE, DIGIT, UPPER] {
            let ranges = ranges(mask);
            let mut at = 0;
            for point in 0..=0x10_ffff_u32 {
                while at < ranges.len() && ranges[at].1 < point {
                    at += 1;
                }
                let inside = at < ranges.len() && ranges[at].0 <= point;
                if let Some(c) = char::from_u32(point) {
                    assert_eq!(flags(c) & mask != 0, inside, "{point:x}");
                }
            }
        }
    }
}
