//! The weights of the perceptron tagger, read where they lie in the program: nothing is parsed.

/// The offsets of 8,192 buckets (and of their end), three bytes each, then the entries: the length
/// of the string, the length of the rest (seven bits a byte), the string, the head, and bits: the
/// dictionary's label, the tags of the pairs, the rows.
///
/// A row holds the weights of one feature: how many labels it has, whether the weights sum to 0
/// (the last one is then left out), how many bits a weight takes; the labels, as numbers or, from
/// `MANY` on, as a bit for every label; the weights in thousandths.
static TABLE: &[u8] = include_bytes!("../data/tagger.bin");

const BUCKETS: u32 = 8192;
const ENTRIES: usize = 3 * (BUCKETS as usize + 1);

/// All labels, in the order of their spelling.
pub(super) const LABELS: [&str; 45] = [
    "#", "$", "''", "(", ")", ",", ".", ":", "CC", "CD", "DT", "EX", "FW", "IN", "JJ", "JJR",
    "JJS", "LS", "MD", "NN", "NNP", "NNPS", "NNS", "PDT", "POS", "PRP", "PRP$", "RB", "RBR", "RBS",
    "RP", "SYM", "TO", "UH", "VB", "VBD", "VBG", "VBN", "VBP", "VBZ", "WDT", "WP", "WP$", "WRB",
    "``",
];

/// The tags that stand before the first word, numbered after the labels.
pub(super) const STARTS: [&str; 2] = ["-START-", "-START2-"];

/// A score for every label; the last places are padding.
pub(super) type Scores = [f64; 64];

const LABEL_BITS: usize = 6;
const MANY: usize = 8;
const COUNT_BITS: usize = 6;
const WIDTH_BITS: usize = 4;
const WIDTH_MIN: usize = 2;

/// The features that one string makes.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Word,
    WordBefore,
    WordTwoBefore,
    WordAfter,
    WordTwoAfter,
    Suffix,
    SuffixBefore,
    SuffixAfter,
    Initial,
}

impl Kind {
    /// The features of a tag and the constant one, whose strings begin with a space.
    pub(super) const TAG_BEFORE: Kind = Kind::Word;
    pub(super) const TAG_TWO_BEFORE: Kind = Kind::WordBefore;
    pub(super) const BIAS: Kind = Kind::Word;
}

/// Where the number of pairs stands in a head, above a bit for every kind and `IN_DICTIONARY`.
const PAIRS: u32 = 10;
const IN_DICTIONARY: u16 = 1 << 9;

/// What is known of a string; of an unknown one, nothing.
#[derive(Clone, Copy, Default)]
pub(super) struct Entry {
    head: u16,
    /// The bit after the head.
    at: usize,
}

impl Entry {
    /// The entry of a string.
    pub(super) fn find(key: &str) -> Entry {
        let key = key.as_bytes();
        let Ok(size) = u8::try_from(key.len()) else { return Entry::default() };
        let mut hash: u32 = 0x811c_9dc5;
        for &byte in key {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        let bucket = (hash % BUCKETS) as usize;
        let (mut at, end) = (ENTRIES + offset(bucket), ENTRIES + offset(bucket + 1));
        while at < end {
            let low = usize::from(TABLE[at + 1]);
            let (rest, text) = match low < 128 {
                true => (low, at + 2),
                false => (low & 127 | usize::from(TABLE[at + 2]) << 7, at + 3),
            };
            let body = text + usize::from(TABLE[at]);
            if TABLE[at] == size && &TABLE[text..body] == key {
                let head = u16::from_le_bytes([TABLE[body], TABLE[body + 1]]);
                return Entry { head, at: 8 * (body + 2) };
            }
            at = body + rest;
        }
        Entry::default()
    }

    /// The label that the word has always.
    pub(super) fn in_dictionary(self) -> Option<usize> {
        (self.head & IN_DICTIONARY != 0).then(|| bits(self.at, 8) as usize)
    }

    /// Adds the weights of this string as a feature of a kind.
    pub(super) fn add(self, kind: Kind, scores: &mut Scores) {
        let bit = 1 << kind as u16;
        if self.head & bit != 0 {
            let before = (self.head & (bit - 1)).count_ones() as usize;
            add_row(skip(self.rows(), before), scores);
        }
    }

    /// Adds the weights of this string together with the tag before.
    pub(super) fn add_pair(self, tag: usize, scores: &mut Scores) {
        let tags = self.rows() - LABEL_BITS * self.pairs();
        let found = (0..self.pairs())
            .find(|place| bits(tags + LABEL_BITS * place, LABEL_BITS) as usize == tag);
        if let Some(place) = found {
            let kinds = (self.head & (IN_DICTIONARY - 1)).count_ones() as usize;
            add_row(skip(self.rows(), kinds + place), scores);
        }
    }

    fn pairs(self) -> usize {
        usize::from(self.head >> PAIRS)
    }

    fn rows(self) -> usize {
        let label = if self.head & IN_DICTIONARY == 0 { 0 } else { 8 };
        self.at + label + LABEL_BITS * self.pairs()
    }
}

fn offset(bucket: usize) -> usize {
    let at = 3 * bucket;
    u32::from_le_bytes([TABLE[at], TABLE[at + 1], TABLE[at + 2], 0]) as usize
}

/// Up to 57 bits from a place on, the lowest first.
#[inline]
fn bits(at: usize, width: usize) -> u64 {
    let start = at >> 3;
    let word = TABLE[start..start + 8].try_into().expect("eight bytes");
    u64::from_le_bytes(word) >> (at & 7) & !(u64::MAX << width)
}

/// Where the parts of a row are, in bits.
struct Row {
    count: usize,
    closed: bool,
    width: usize,
    labels: usize,
    weights: usize,
}

impl Row {
    #[inline]
    fn at(at: usize) -> Row {
        let size = COUNT_BITS + 1 + WIDTH_BITS;
        let head = bits(at, size) as usize;
        let count = head & ((1 << COUNT_BITS) - 1);
        let labels = at + size;
        let weights = labels + if count < MANY { LABEL_BITS * count } else { LABELS.len() };
        Row {
            count,
            closed: head >> COUNT_BITS & 1 == 1,
            width: (head >> (COUNT_BITS + 1)) + WIDTH_MIN,
            labels,
            weights,
        }
    }

    fn end(&self) -> usize {
        self.weights + self.width * (self.count - usize::from(self.closed))
    }

    /// The weight at a place that is not left out, in thousandths.
    #[inline]
    fn weight(&self, place: usize) -> i64 {
        let unused = 64 - self.width;
        (bits(self.weights + self.width * place, self.width) << unused) as i64 >> unused
    }
}

fn skip(at: usize, rows: usize) -> usize {
    (0..rows).fold(at, |at, _| Row::at(at).end())
}

fn add_row(at: usize, scores: &mut Scores) {
    let row = Row::at(at);
    if row.count < MANY {
        add_all(&row, scores, |place| bits(row.labels + LABEL_BITS * place, LABEL_BITS) as usize);
    } else {
        let mut mask = bits(row.labels, LABELS.len());
        add_all(&row, scores, |_| {
            let label = mask.trailing_zeros() as usize;
            mask &= mask.wrapping_sub(1);
            label
        });
    }
}

/// Adds the weights of a row; `label` is asked for its labels in order. A quotient of thousandths
/// is the very number that the decimal stands for in Python.
#[inline]
fn add_all(row: &Row, scores: &mut Scores, mut label: impl FnMut(usize) -> usize) {
    let written = row.count - usize::from(row.closed);
    let mut sum = 0;
    for place in 0..written {
        let weight = row.weight(place);
        sum += weight;
        scores[label(place) & 63] += weight as f64 / 1000.0;
    }
    if row.closed {
        scores[label(written) & 63] += -sum as f64 / 1000.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The labels and weights of a row, in the order of the labels.
    fn row(key: &str, kind: Kind) -> Vec<(&'static str, f64)> {
        let mut scores = [0.0; 64];
        Entry::find(key).add(kind, &mut scores);
        let all = LABELS.into_iter().zip(scores);
        all.filter(|(_, weight)| *weight != 0.0).collect()
    }

    #[test]
    fn weights_are_the_published_ones() {
        let known =
            [("NN", 1.768), ("NNP", -0.146), ("NNS", -0.64), ("RB", -0.371), ("VBZ", -0.611)];
        assert_eq!(row("memo", Kind::Word), known);
        assert_eq!(row("rein", Kind::WordTwoAfter), [("JJ", 2.223), ("VBN", -2.223)]);
        assert_eq!(row("zyzzyva", Kind::Word), []);
        assert_eq!(row(" ", Kind::BIAS).len(), 38);
        let label = |name| LABELS.iter().position(|label| *label == name).expect("a label");
        let mut scores = [0.0; 64];
        Entry::find("bar").add_pair(label("TO"), &mut scores);
        assert_eq!((scores[label("VB")], scores[label("NN")]), (-1.154, 1.154));
    }

    #[test]
    fn entries_fill_the_table() {
        let (mut entries, mut rows) = (0, 0);
        let mut at = ENTRIES;
        while at + 8 < TABLE.len() {
            let low = usize::from(TABLE[at + 1]);
            let size = if low < 128 { 2 } else { 3 };
            let rest = if low < 128 { low } else { low & 127 | usize::from(TABLE[at + 2]) << 7 };
            let body = at + size + usize::from(TABLE[at]);
            let key = std::str::from_utf8(&TABLE[at + size..body]).expect("UTF-8");
            let entry = Entry::find(key);
            assert_eq!(entry.at, 8 * (body + 2), "{key:?}");
            let count = (entry.head & (IN_DICTIONARY - 1)).count_ones() as usize + entry.pairs();
            let end = if count == 0 { entry.rows() } else { skip(entry.rows(), count) };
            assert_eq!(end.div_ceil(8), body + rest, "{key:?}");
            entries += 1;
            rows += count;
            at = body + rest;
        }
        assert_eq!(at + 8, TABLE.len());
        // All features of the model but the eleven that have no weight.
        assert_eq!((entries > 16_000, rows), (true, 75_447 - 11));
    }
}
