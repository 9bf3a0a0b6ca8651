//! What a response has of what Chinese criteria ask for.

use std::ops::RangeInclusive;

use heedful_constraints::{Constraint, Profile, Text};

use super::{Signs, Unit};

/// What a rule says of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Measured {
    /// Whether the criterion is met.
    pub met: bool,
    /// Why.
    pub reason: String,
}

fn measured(met: bool, reason: impl Into<String>) -> Measured {
    Measured { met, reason: reason.into() }
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

/// Whether a count lies in `wanted`, in every usual way to count.
pub(super) fn count(unit: Unit, wanted: RangeInclusive<u64>, text: &str) -> Option<Measured> {
    let counts = match unit {
        Unit::Length => vec![characters(text), words(text)],
        Unit::Characters => vec![characters(text), text.trim().chars().count()],
        Unit::Sentences => vec![sentences(text, false), sentences(text, true)],
        Unit::Paragraphs => vec![Text::new(text).paragraphs().len(), filled(text)],
        Unit::Lines => vec![filled(text), text.trim().lines().count()],
    };
    let met = |count: &usize| wanted.contains(&(*count as u64));
    let first = met(&counts[0]);
    if counts.iter().any(|count| met(count) != first) {
        return None;
    }
    let (low, high) = (counts.iter().min()?, counts.iter().max()?);
    let has = if low == high { low.to_string() } else { format!("{low} to {high}") };
    let (least, most) = (wanted.start(), wanted.end());
    let most = if *most == u64::MAX { "any".to_owned() } else { most.to_string() };
    Some(measured(first, format!("{has}, {least} to {most} wanted")))
}

/// All but white space.
fn characters(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// Each Chinese character, and each run of other letters and digits.
fn words(text: &str) -> usize {
    let mut inside = false;
    let mut count = 0;
    for c in text.chars() {
        let other = c.is_alphanumeric() && !is_han(c);
        count += usize::from(is_han(c) || other && !inside);
        inside = other;
    }
    count
}

/// Runs of text that a mark ends; with `lines`, or the line's end.
fn sentences(text: &str, lines: bool) -> usize {
    let (mut count, mut open) = (0, false);
    for c in text.chars() {
        let ends = matches!(c, '。' | '！' | '？' | '!' | '?' | '…') || lines && c == '\n';
        if ends && open {
            count += 1;
        }
        open = (open || c.is_alphanumeric()) && !ends;
    }
    count + usize::from(open && lines)
}

fn filled(text: &str) -> usize {
    text.lines().filter(|line| !line.trim().is_empty()).count()
}

/// Whether the text starts or ends with `phrase`, as it stands and without marks around it.
pub(super) fn edge(end: bool, phrase: &str, text: &str) -> Option<Measured> {
    let at = |text: &str, phrase: &str| match end {
        true => text.ends_with(phrase),
        false => text.starts_with(phrase),
    };
    let sign = |c: char| !c.is_alphanumeric();
    let bare = |text: &str| text.trim_matches(sign).to_owned();
    let as_is = at(text.trim(), phrase);
    let without = at(&bare(text), &bare(phrase));
    let where_ = if end { "end" } else { "start" };
    let reason = format!("“{phrase}” {} at the {where_}", if as_is { "is" } else { "is not" });
    (as_is == without).then(|| measured(as_is, reason))
}

pub(super) fn phrases(list: &[String], wanted: bool, text: &str) -> Measured {
    match list.iter().find(|phrase| text.contains(phrase.as_str()) != wanted) {
        Some(phrase) => {
            measured(false, format!("“{phrase}” {}", if wanted { "is missing" } else { "occurs" }))
        }
        None => measured(true, if wanted { "all occur" } else { "none occurs" }),
    }
}

pub(super) fn marks(signs: Signs, text: &str) -> Measured {
    let found = text.chars().find(|&c| match signs {
        Signs::Of(list) => list.contains(c),
        Signs::Punctuation => !c.is_alphanumeric() && !c.is_whitespace() && !is_symbol(c),
        Signs::Digits => c.is_ascii_digit() || ('０'..='９').contains(&c),
        Signs::Latin => c.is_ascii_alphabetic(),
    });
    match found {
        Some(c) => measured(false, format!("`{c}` occurs")),
        None => measured(true, "none occurs"),
    }
}

/// Signs that are no punctuation: arithmetic, currencies, pictures, what combines.
fn is_symbol(c: char) -> bool {
    "+<=>^`|~$".contains(c) || !(c.is_ascii_punctuation() || is_wide_mark(c))
}

fn is_wide_mark(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2027}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}'
        | '\u{3014}'..='\u{301b}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff1b}'
        | '\u{ff1f}' | '\u{ff3b}'..='\u{ff3d}' | '\u{00b7}')
}

/// Nine letters in ten of a language are that language, one in ten is not.
pub(super) fn language(chinese: bool, text: &str) -> Option<Measured> {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let han = text.chars().filter(|&c| is_han(c)).count();
    let latin = text.chars().filter(char::is_ascii_alphabetic).count();
    let own = if chinese { han } else { latin };
    let met = match 10 * own {
        _ if letters == 0 => return None,
        tenfold if tenfold >= 9 * letters => true,
        tenfold if tenfold <= letters => false,
        _ => return None,
    };
    // Other languages have Latin letters too.
    let other = met && !chinese && Text::new(text).language() != Some("en");
    (!other).then(|| measured(met, format!("{own} of {letters} letters")))
}

/// A text that has some JSON in it may or may not be meant.
pub(super) fn json(text: &str) -> Option<Measured> {
    let id = "detectable_format:json_format";
    let rule = Constraint::compile(id, serde_json::Map::new(), Profile::Official).ok()?;
    let whole = rule.check(&Text::new(text)).satisfied;
    let some = text.contains(['{', '[']);
    (whole || !some).then(|| measured(whole, if whole { "it is JSON" } else { "no JSON" }))
}
