//! Numbers in digits and in words, and the bounds said around them.

use super::tokens::{Cursor, Kind};

/// The largest number read: beyond it no constraint of a text is meant.
const LARGEST: u64 = 1_000_000;

/// Numbers below twenty in words.
pub(crate) const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// Inclusive bounds on a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
}

impl Bound {
    pub(super) fn at_least(n: u64) -> Self {
        Self { min: Some(n), max: None }
    }

    pub(super) fn at_most(n: u64) -> Self {
        Self { min: None, max: Some(n) }
    }

    pub(super) fn exactly(n: u64) -> Self {
        Self { min: Some(n), max: Some(n) }
    }

    /// Fewer than `n`; nothing is fewer than none.
    pub(super) fn below(n: u64) -> Option<Self> {
        Some(Self::at_most(n.checked_sub(1)?))
    }

    pub(super) fn above(n: u64) -> Self {
        Self::at_least(n + 1)
    }
}

/// A whole number: `120`, `1,200`, `a hundred and twenty`, `two dozen`, `five (5)`.
pub(super) fn number(cursor: &mut Cursor) -> Option<u64> {
    let value = cursor.attempt(|c| {
        let mut value = match digits(c) {
            Some(n) => n,
            None => spelled(c)?,
        };
        for (word, scale) in [("dozen", 12), ("hundred", 100), ("thousand", 1000)] {
            if c.eat(word) {
                value = value.checked_mul(scale)?;
            }
        }
        Some(value)
    })?;
    let again = |c: &mut Cursor| {
        let same = c.eat("(") && digits(c) == Some(value) && c.eat(")");
        same.then_some(())
    };
    cursor.attempt(again);
    (value <= LARGEST).then_some(value)
}

fn digits(cursor: &mut Cursor) -> Option<u64> {
    let Kind::Number(value) = cursor.peek()?.kind else { return None };
    cursor.at += 1;
    Some(value)
}

fn spelled(cursor: &mut Cursor) -> Option<u64> {
    if cursor.any(&["half a dozen"]) {
        return Some(6);
    }
    let mut value = article_scale(cursor).or_else(|| below_hundred(cursor))?;
    if value < 100 && cursor.eat("hundred") {
        value *= 100;
        value += remainder(cursor, 100).unwrap_or(0);
    } else if value == 100 {
        value += remainder(cursor, 100).unwrap_or(0);
    }
    if value < 1000 && cursor.eat("thousand") {
        value *= 1000;
    }
    if value >= 1000 && value % 1000 == 0 {
        value += remainder(cursor, 1000).unwrap_or(0);
    }
    Some(value)
}

/// `a hundred`, `a thousand`, `a dozen`.
fn article_scale(cursor: &mut Cursor) -> Option<u64> {
    let scales = [("a hundred", 100), ("a thousand", 1000), ("a dozen", 12)];
    scales.into_iter().find(|(phrase, _)| cursor.eat(phrase)).map(|(_, value)| value)
}

/// The part after `hundred` or `thousand`, with or without `and`. `a hundred and two hundred` is
/// two numbers, so what is followed by another scale does not belong here.
fn remainder(cursor: &mut Cursor, limit: u64) -> Option<u64> {
    cursor.attempt(|c| {
        c.skip(&["and"]);
        let mut value = below_hundred(c)?;
        if limit > 100 && c.eat("hundred") {
            value = value * 100 + remainder(c, 100).unwrap_or(0);
        }
        let more = ["hundred", "thousand", "dozen"];
        let followed = c.peek().is_some_and(|token| more.contains(&token.norm.as_str()));
        (!followed && value > 0 && value < limit).then_some(value)
    })
}

fn below_hundred(cursor: &mut Cursor) -> Option<u64> {
    let place = |names: &[&str], word: &str| names.iter().position(|name| *name == word);
    let word = cursor.peek().filter(|token| token.kind == Kind::Word)?;
    if let Some(ones) = place(&ONES, &word.norm) {
        cursor.at += 1;
        return Some(ones as u64);
    }
    let tens = place(&TENS, &word.norm)? as u64 * 10;
    cursor.at += 1;
    let ones = cursor.attempt(|c| place(&ONES[..10], &c.word()?.norm).filter(|n| *n > 0));
    Some(tens + ones.unwrap_or(0) as u64)
}

/// A count of occurrences: `once`, `twice`, `thrice`, `5 times`, `one time`.
pub(super) fn times(cursor: &mut Cursor) -> Option<u64> {
    for (word, value) in [("once", 1), ("twice", 2), ("thrice", 3)] {
        if cursor.eat(word) {
            return Some(value);
        }
    }
    cursor.attempt(|c| {
        let value = number(c)?;
        c.any(&["times", "time"]).then_some(value)
    })
}

/// How the words before a number bound it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    AtLeast,
    AtMost,
    Below,
    Above,
    Exactly,
}

impl Relation {
    pub(super) fn bound(self, n: u64) -> Option<Bound> {
        match self {
            Self::AtLeast => Some(Bound::at_least(n)),
            Self::AtMost => Some(Bound::at_most(n)),
            Self::Below => Bound::below(n),
            Self::Above => Some(Bound::above(n)),
            Self::Exactly => Some(Bound::exactly(n)),
        }
    }

    /// What `do not use ...` makes of it; only comparisons have a plain opposite.
    pub(super) fn negated(self) -> Option<Self> {
        match self {
            Self::Above => Some(Self::AtMost),
            Self::Below => Some(Self::AtLeast),
            _ => None,
        }
    }
}

const AT_MOST: [&str; 25] = [
    "no more than",
    "not more than",
    "at most",
    "at the most",
    "at the very most",
    "up to",
    "a maximum of",
    "a max of",
    "maximum of",
    "maximum",
    "max .",
    "max",
    "a limit of",
    "an upper limit of",
    "not over",
    "not above",
    "no greater than",
    "no longer than",
    "not longer than",
    "no larger than",
    "not exceeding",
    "a ceiling of",
    "a cap of",
    "never more than",
    "no higher than",
];
const AT_LEAST: [&str; 18] = [
    "no fewer than",
    "no less than",
    "not fewer than",
    "not less than",
    "at least",
    "at the least",
    "at the very least",
    "a minimum of",
    "minimum of",
    "minimum",
    "min .",
    "min",
    "not under",
    "not below",
    "no shorter than",
    "not shorter than",
    "never fewer than",
    "never less than",
];
const BELOW: [&str; 6] =
    ["fewer than", "less than", "strictly fewer than", "under", "below", "shorter than"];
const ABOVE: [&str; 6] = ["more than", "greater than", "over", "above", "longer than", "upward of"];
const EXACTLY: [&str; 6] = [
    "exactly",
    "precisely",
    "a total of exactly",
    "a total of",
    "no more and no fewer than",
    "no more nor less than",
];

/// The words before a number that bound it.
pub(super) fn relation(cursor: &mut Cursor) -> Option<Relation> {
    let lists: [(&[&str], Relation); 5] = [
        (&AT_MOST, Relation::AtMost),
        (&AT_LEAST, Relation::AtLeast),
        (&EXACTLY, Relation::Exactly),
        (&BELOW, Relation::Below),
        (&ABOVE, Relation::Above),
    ];
    // `no more and no fewer than` must not be read as `no more`.
    if cursor.any(&["no more and no fewer than", "no more and no less than"]) {
        return Some(Relation::Exactly);
    }
    lists.into_iter().find(|(phrases, _)| cursor.any(phrases)).map(|(_, relation)| relation)
}

/// Words after a number (or after its unit) that bound it: `or fewer`, `at most`, `exactly`.
pub(super) fn trailing(cursor: &mut Cursor) -> Option<Relation> {
    let lists: [(&[&str], Relation); 3] = [
        (
            &[
                "or fewer",
                "or less",
                "or under",
                "or below",
                "at most",
                "at the most",
                "maximum",
                "max .",
                "max",
                "tops",
                "and no more",
            ],
            Relation::AtMost,
        ),
        (
            &[
                "or more",
                "or above",
                "at least",
                "at the least",
                "minimum",
                "min .",
                "min",
                "and no fewer",
            ],
            Relation::AtLeast,
        ),
        (
            &["exactly", "precisely", "exact", "no more and no fewer", "no more , no fewer"],
            Relation::Exactly,
        ),
    ];
    lists.into_iter().find(|(phrases, _)| cursor.any(phrases)).map(|(_, relation)| relation)
}

/// `between A and B`, `from A to B`, `A to B`, `A-B`, all inclusive.
pub(super) fn range(cursor: &mut Cursor) -> Option<Bound> {
    cursor.attempt(|c| {
        c.skip(&["anywhere", "somewhere"]);
        let between = c.eat("between");
        let from = !between && c.eat("from");
        let low = number(c)?;
        let dash = &["-", "\u{2013}", "\u{2014}"];
        let joined = match (between, from) {
            (true, _) => c.eat("and") || c.any(dash),
            (_, true) => c.eat("to") || c.any(dash),
            _ => c.eat("to") || c.any(dash),
        };
        let high = joined.then(|| number(c)).flatten()?;
        c.skip(&["inclusive", "( inclusive )"]);
        (low <= high).then_some(Bound { min: Some(low), max: Some(high) })
    })
}
