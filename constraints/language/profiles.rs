//! langdetect's 55 language profiles, read where they lie in the program: nothing is parsed.

use std::sync::OnceLock;

/// The languages in the order in which the recorded reference loaded them: sums depend on it.
pub(super) const LANGUAGES: [&str; 55] = [
    "pl", "gu", "zh-tw", "fi", "af", "ne", "ro", "da", "hr", "de", "pa", "en", "fa", "ca", "so",
    "ja", "ko", "es", "cs", "ru", "vi", "uk", "bn", "fr", "kn", "hu", "te", "lv", "sk", "sl", "el",
    "id", "it", "bg", "ta", "he", "sq", "hi", "th", "tr", "ml", "mk", "pt", "tl", "mr", "sv", "et",
    "nl", "sw", "cy", "no", "ur", "lt", "ar", "zh-cn",
];

/// For every 256 characters of the basic plane a block number, then the blocks: 16 bits a
/// character, its number in the lower 15 and whether it is a capital in the highest. Characters
/// are normalised first: one number stands for all Hangul syllables, and so on.
static CHARACTERS: &[u8] = include_bytes!("../data/language_characters.bin");
/// Total counts; bits of the n-grams of frequent characters: which are known, which are common, and
/// how many of these are before each 64; offsets of 2¹⁵ buckets; entries: key, length, counts.
static GRAMS: &[u8] = include_bytes!("../data/language_grams.bin");

/// The number of the space. A-Z and a-z follow; 0 is a character in no n-gram.
pub(super) const SPACE: u16 = 1;
/// Set beside the number of an upper-case character.
pub(super) const CAPITAL: u16 = 0x8000;

/// Characters with lower numbers have their n-grams in the bits.
const FREQUENT: u16 = 64;
/// Where the bits of n-grams of two and three characters start.
const TWO: usize = 64;
const THREE: usize = TWO + 64 * 64;
const BITS: usize = THREE + 64 * 64 * 64;
const TOTALS: usize = 4 * 3 * LANGUAGES.len();
const COMMON_BITS: usize = TOTALS + BITS / 8;
const RANKS: usize = COMMON_BITS + BITS / 8;
const OFFSETS: usize = RANKS + 2 * (BITS / 64);
const BUCKET_BITS: u32 = 15;
const ENTRIES: usize = OFFSETS + 4 * ((1 << BUCKET_BITS) + 1);

/// The number of a character of the basic plane and whether it is a capital, after normalisation.
#[inline]
pub(super) fn character(point: u16) -> u16 {
    let block = usize::from(CHARACTERS[usize::from(point >> 8)]);
    let at = 256 + 512 * block + 2 * usize::from(point & 0xff);
    u16::from_le_bytes([CHARACTERS[at], CHARACTERS[at + 1]])
}

/// The numbers of the ASCII characters.
pub(super) static ASCII: [u16; 128] = ascii();

const fn ascii() -> [u16; 128] {
    const DATA: &[u8] = include_bytes!("../data/language_characters.bin");
    let mut table = [0; 128];
    let mut at = 0;
    while at < 128 {
        let start = 256 + 512 * DATA[0] as usize + 2 * at;
        table[at] = u16::from_le_bytes([DATA[start], DATA[start + 1]]);
        at += 1;
    }
    table
}

#[inline]
fn is_known(bit: usize) -> bool {
    GRAMS[TOTALS + (bit >> 3)] >> (bit & 7) & 1 == 1
}

/// Which of the n-grams that end with a character are in any profile: the character alone, with
/// the one before it, and with the two before it.
#[inline]
pub(super) fn known(second: u16, first: u16, last: u16) -> [bool; 3] {
    if second | first | last < FREQUENT {
        let (second, first, last) = (usize::from(second), usize::from(first), usize::from(last));
        let pair = first << 6 | last;
        return [is_known(last), is_known(TWO + pair), is_known(THREE + (second << 12 | pair))];
    }
    [knows(&[last]), knows(&[first, last]), knows(&[second, first, last])]
}

/// The number of a common n-gram.
#[inline]
fn common(gram: &[u16]) -> Option<usize> {
    let small = |at: usize| usize::from(gram[at]);
    if gram.iter().any(|id| *id >= FREQUENT) {
        return None;
    }
    let bit = match gram.len() {
        1 => small(0),
        2 => TWO + (small(0) << 6 | small(1)),
        _ => THREE + (small(0) << 12 | small(1) << 6 | small(2)),
    };
    let word = bit >> 6;
    let at = COMMON_BITS + 8 * word;
    let bits = u64::from_le_bytes(GRAMS[at..at + 8].try_into().expect("eight bytes"));
    let at = RANKS + 2 * word;
    let before = usize::from(u16::from_le_bytes([GRAMS[at], GRAMS[at + 1]]));
    let below = bits & !(u64::MAX << (bit & 63));
    (bits >> (bit & 63) & 1 == 1).then(|| before + below.count_ones() as usize)
}

fn knows(gram: &[u16]) -> bool {
    !gram.contains(&0) && find(gram).is_some()
}

fn offset(bucket: usize) -> usize {
    let at = OFFSETS + 4 * bucket;
    let bytes = GRAMS[at..at + 4].try_into().expect("four bytes");
    u32::from_le_bytes(bytes) as usize
}

/// The counts of an n-gram, packed.
#[inline]
fn find(gram: &[u16]) -> Option<&'static [u8]> {
    let key = gram.iter().fold(0u64, |key, id| key << 13 | u64::from(*id));
    let bucket = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BUCKET_BITS)) as usize;
    let mut entries = &GRAMS[ENTRIES + offset(bucket)..ENTRIES + offset(bucket + 1)];
    while let [a, b, c, d, e, length, rest @ ..] = entries {
        let (counts, others) = rest.split_at(usize::from(*length));
        if u64::from_le_bytes([*a, *b, *c, *d, *e, 0, 0, 0]) == key {
            return Some(counts);
        }
        entries = others;
    }
    None
}

/// The share of an n-gram in every language; the last place is padding.
pub(super) type Shares = [f64; LANGUAGES.len() + 1];

/// How many n-grams are common: of frequent characters, and in sixteen profiles or more. Most
/// draws hit them, so their shares are kept once computed.
const COMMON: usize = 1939;

static KEPT: [OnceLock<Shares>; COMMON] = [const { OnceLock::new() }; COMMON];

/// Hands the shares of an n-gram to `use_shares`.
#[inline(always)]
pub(super) fn with_shares<T>(gram: &[u16], use_shares: impl FnOnce(&Shares) -> T) -> T {
    match common(gram) {
        Some(number) => use_shares(KEPT[number].get_or_init(|| shares(gram))),
        None => use_shares(&shares(gram)),
    }
}

fn shares(gram: &[u16]) -> Shares {
    let mut counts = find(gram).unwrap_or(&[]);
    let mut shares = [0.0; LANGUAGES.len() + 1];
    while let [head, rest @ ..] = counts {
        let (count, others) = rest.split_at(usize::from(head & 3) + 1);
        let count = count.iter().rev().fold(0u32, |count, byte| count << 8 | u32::from(*byte));
        let language = usize::from(head >> 2);
        let at = 4 * (3 * language + gram.len() - 1);
        let total = GRAMS[at..at + 4].try_into().expect("four bytes");
        shares[language] = f64::from(count) / f64::from(u32::from_le_bytes(total));
        counts = others;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_ngrams_are_numbered_without_gaps() {
        let mut next = 0;
        for (length, bits) in [(1u32, 64usize), (2, 64 * 64), (3, 64 * 64 * 64)] {
            for bit in 0..bits {
                let ids = [(bit >> 12) as u16, (bit >> 6 & 63) as u16, (bit & 63) as u16];
                let gram = &ids[3 - length as usize..];
                if let Some(number) = common(gram) {
                    assert_eq!(number, next);
                    assert!(find(gram).is_some());
                    next += 1;
                }
            }
        }
        assert_eq!(next, COMMON);
    }
}
