//! langdetect's 55 language profiles, read where they lie in the program: nothing is parsed.

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
/// Total counts, membership bits, offsets of 2¹⁵ buckets, entries: key, length, counts.
static GRAMS: &[u8] = include_bytes!("../data/language_grams.bin");

/// The number of the space. A-Z and a-z follow; 0 is a character in no n-gram.
pub(super) const SPACE: u16 = 1;
/// Set beside the number of an upper-case character.
pub(super) const CAPITAL: u16 = 0x8000;

/// Characters with lower numbers have their n-grams in the membership bits.
const FREQUENT: u16 = 64;
const TOTALS: usize = 4 * 3 * LANGUAGES.len();
const TWO: usize = TOTALS + 64 / 8;
const THREE: usize = TWO + 64 * 64 / 8;
const OFFSETS: usize = THREE + 64 * 64 * 64 / 8;
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

fn bit(start: usize, number: usize) -> bool {
    GRAMS[start + (number >> 3)] >> (number & 7) & 1 == 1
}

/// Whether an n-gram of one to three characters, given by number, is in any profile.
#[inline]
pub(super) fn knows(gram: &[u16]) -> bool {
    let small = |at: usize| usize::from(gram[at]);
    if gram.iter().all(|id| *id < FREQUENT) {
        return match gram.len() {
            1 => bit(TOTALS, small(0)),
            2 => bit(TWO, small(0) << 6 | small(1)),
            _ => bit(THREE, small(0) << 12 | small(1) << 6 | small(2)),
        };
    }
    !gram.contains(&0) && counts(gram).is_some()
}

fn offset(bucket: usize) -> usize {
    let at = OFFSETS + 4 * bucket;
    let bytes = GRAMS[at..at + 4].try_into().expect("four bytes");
    u32::from_le_bytes(bytes) as usize
}

/// The counts of an n-gram, packed.
#[inline]
fn counts(gram: &[u16]) -> Option<&'static [u8]> {
    let key = gram.iter().fold(0u64, |key, id| key << 13 | u64::from(*id));
    let bucket = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BUCKET_BITS)) as usize;
    let mut entries = &GRAMS[ENTRIES + offset(bucket)..ENTRIES + offset(bucket + 1)];
    let key = key.to_le_bytes();
    while entries.len() > 6 {
        let length = usize::from(entries[5]);
        if entries[..5] == key[..5] {
            return Some(&entries[6..6 + length]);
        }
        entries = &entries[6 + length..];
    }
    None
}

/// Calls `add` with every language that has the n-gram, and the n-gram's share of it.
#[inline]
pub(super) fn each_share(gram: &[u16], mut add: impl FnMut(usize, f64)) {
    let Some(mut counts) = counts(gram) else { return };
    while let [head, rest @ ..] = counts {
        let (count, others) = rest.split_at(usize::from(head & 3) + 1);
        let count = count.iter().rev().fold(0u32, |count, byte| count << 8 | u32::from(*byte));
        let language = usize::from(head >> 2);
        let at = 4 * (3 * language + gram.len() - 1);
        let total = GRAMS[at..at + 4].try_into().expect("four bytes");
        add(language, f64::from(count) / f64::from(u32::from_le_bytes(total)));
        counts = others;
    }
}
