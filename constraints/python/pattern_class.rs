//! Sets of characters of a pattern: Python's categories, and what IGNORECASE adds.

use std::sync::OnceLock;

use super::chars::{self, TITLE, UPPER};

/// Sorted, disjoint, non-adjacent code point ranges, both ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CharSet(Vec<(u32, u32)>);

const LAST: u32 = 0x10_ffff;

/// Lower-case characters that Python takes for one another because they share an upper case.
const SAME_UPPER: &[&[u32]] = &[
    &[0x69, 0x131],
    &[0x73, 0x17f],
    &[0xb5, 0x3bc],
    &[0x345, 0x3b9, 0x1fbe],
    &[0x390, 0x1fd3],
    &[0x3b0, 0x1fe3],
    &[0x3b2, 0x3d0],
    &[0x3b5, 0x3f5],
    &[0x3b8, 0x3d1],
    &[0x3ba, 0x3f0],
    &[0x3c0, 0x3d6],
    &[0x3c1, 0x3f1],
    &[0x3c2, 0x3c3],
    &[0x3c6, 0x3d5],
    &[0x432, 0x1c80],
    &[0x434, 0x1c81],
    &[0x43e, 0x1c82],
    &[0x441, 0x1c83],
    &[0x442, 0x1c84, 0x1c85],
    &[0x44a, 0x1c86],
    &[0x463, 0x1c87],
    &[0x1c88, 0xa64b],
    &[0x1e61, 0x1e9b],
    &[0xfb05, 0xfb06],
];

/// The simple lower case of a code point, as `re` computes it.
fn lower(point: u32) -> u32 {
    match char::from_u32(point) {
        Some(c) if c.is_ascii() => c.to_ascii_lowercase() as u32,
        Some(c) if chars::flags(c) & (UPPER | TITLE) != 0 => {
            c.to_lowercase().next().map_or(point, |lower| lower as u32)
        }
        _ => point,
    }
}

/// Every code point with another simple lower case, and that lower case, in order.
fn capitals() -> &'static [(u32, u32)] {
    static CAPITALS: OnceLock<Vec<(u32, u32)>> = OnceLock::new();
    CAPITALS.get_or_init(|| {
        chars::ranges(UPPER | TITLE)
            .into_iter()
            .flat_map(|(first, last)| first..=last)
            .map(|point| (point, lower(point)))
            .filter(|&(point, lower)| point != lower)
            .collect()
    })
}

impl CharSet {
    pub(super) fn new(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(range) if first <= range.1.saturating_add(1) => range.1 = range.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// The set of one flag of the character table, as the ranges that make up `\w` and the like.
    pub(super) fn category(mask: u8) -> Self {
        static KNOWN: [OnceLock<CharSet>; 8] = [const { OnceLock::new() }; 8];
        let known = &KNOWN[mask.trailing_zeros() as usize & 7];
        known.get_or_init(|| Self::new(chars::ranges(mask))).clone()
    }

    pub(super) fn single(point: u32) -> Self {
        Self(vec![(point, point)])
    }

    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    pub(super) fn negated(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut next = 0;
        for &(first, last) in &self.0 {
            if first > next {
                gaps.push((next, first - 1));
            }
            next = last + 1;
        }
        if next <= LAST {
            gaps.push((next, LAST));
        }
        Self(gaps)
    }

    pub(super) fn contains(&self, c: char) -> bool {
        let point = c as u32;
        let at = self.0.partition_point(|range| range.1 < point);
        self.0.get(at).is_some_and(|range| range.0 <= point)
    }

    fn contains_point(&self, point: u32) -> bool {
        let at = self.0.partition_point(|range| range.1 < point);
        self.0.get(at).is_some_and(|range| range.0 <= point)
    }

    /// The one character of a set of one.
    pub(super) fn only(&self) -> Option<u32> {
        match self.0[..] {
            [(first, last)] if first == last => Some(first),
            _ => None,
        }
    }

    /// What the literals and ranges `self` and the categories `categories` match together under
    /// IGNORECASE: the characters whose lower case is the lower case of a member, or shares its
    /// upper case with it.
    pub(super) fn ignoring_case(self, categories: Self) -> Self {
        let mut lowered = self.clone();
        let mut more: Vec<(u32, u32)> = capitals()
            .iter()
            .filter(|&&(capital, _)| self.contains_point(capital))
            .map(|&(_, lower)| (lower, lower))
            .collect();
        lowered.0.append(&mut more);
        let lowered = Self::new(lowered.0);
        let mut all = lowered.0.clone();
        for group in SAME_UPPER {
            if group.iter().any(|&point| lowered.contains_point(point)) {
                all.extend(group.iter().map(|&point| (point, point)));
            }
        }
        all.extend(categories.0);
        let all = Self::new(all);
        let (mut kept, mut dropped) = (all.0.clone(), Vec::new());
        for &(capital, lower) in capitals() {
            match all.contains_point(lower) {
                true => kept.push((capital, capital)),
                false if all.contains_point(capital) => dropped.push((capital, capital)),
                false => {}
            }
        }
        let mut outside = Self::new(kept).negated().0;
        outside.append(&mut dropped);
        Self::new(outside).negated()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(c: char) -> String {
        let set = CharSet::single(c as u32).ignoring_case(CharSet::default());
        set.0.iter().flat_map(|&(a, b)| a..=b).filter_map(char::from_u32).collect()
    }

    #[test]
    fn case_is_ignored_as_python_ignores_it() {
        assert_eq!(folded('k'), "Kk\u{212a}");
        assert_eq!(folded('I'), "Iiİı");
        assert_eq!(folded('ſ'), "Ssſ");
        assert_eq!(folded('ß'), "ßẞ");
        assert_eq!(folded('Σ'), "Σςσ");
        assert_eq!(folded('1'), "1");
        for c in (0..128u8).map(char::from) {
            let set = CharSet::single(c as u32).ignoring_case(CharSet::default());
            assert_eq!(crate::python::pattern_vm::fold(c as u32), set, "{c:?}");
        }
    }

    #[test]
    fn negation_is_its_own_inverse() {
        let set = CharSet::new(vec![(5, 9), (0, 3), (10, 12)]);
        assert_eq!(set.ranges(), [(0, 3), (5, 12)]);
        assert_eq!(set.negated().negated(), set);
    }
}
