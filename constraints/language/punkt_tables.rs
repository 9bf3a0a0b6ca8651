//! What the English Punkt model knows of word types.

/// The offsets of 8,192 buckets (and of their end), then the entries: length, flags, bytes.
static TABLE: &[u8] = include_bytes!("../data/punkt.bin");
/// Pairs of types that belong together although the first ends with a period.
static COLLOCATIONS: &str = include_str!("../data/punkt_collocations.tab");

const BUCKETS: u32 = 8192;
const ENTRIES: usize = 4 * (BUCKETS as usize + 1);

/// Seen with a capital inside a sentence.
pub(super) const MIDDLE_UPPER: u16 = 1 << 2;
/// Seen with a capital at all.
pub(super) const ANY_UPPER: u16 = 1 << 1 | MIDDLE_UPPER | 1 << 3;
/// Seen in lower case at the start of a sentence.
pub(super) const START_LOWER: u16 = 1 << 4;
/// Seen in lower case at all.
pub(super) const ANY_LOWER: u16 = START_LOWER | 1 << 5 | 1 << 6;
/// An abbreviation, without its period.
pub(super) const ABBREVIATION: u16 = 1 << 7;
/// A word that often opens a sentence.
pub(super) const STARTER: u16 = 1 << 8;
const FIRST: u16 = 1 << 9;
const SECOND: u16 = 1 << 10;

fn offset(at: usize) -> usize {
    let bytes = TABLE[4 * at..4 * at + 4].try_into().expect("four bytes");
    u32::from_le_bytes(bytes) as usize
}

/// The flags of a word type; 0 for an unknown one.
pub(super) fn flags(word: &str) -> u16 {
    let mut hash: u32 = 0x811c_9dc5;
    for &byte in word.as_bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let bucket = (hash % BUCKETS) as usize;
    let mut entries = &TABLE[ENTRIES + offset(bucket)..ENTRIES + offset(bucket + 1)];
    while let [length, low, high, rest @ ..] = entries {
        let (known, others) = rest.split_at(usize::from(*length));
        if known == word.as_bytes() {
            return u16::from_le_bytes([*low, *high]);
        }
        entries = others;
    }
    0
}

/// Whether the two types are a known collocation.
pub(super) fn is_collocation(first: &str, second: &str, second_flags: u16) -> bool {
    if second_flags & SECOND == 0 || flags(first) & FIRST == 0 {
        return false;
    }
    COLLOCATIONS.lines().any(|line| line.split_once('\t') == Some((first, second)))
}
