//! `format:numbered_list`: a numbered list of a given length in a given style.

use serde_json::json;

use super::fences::{lines_outside, partly};
use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::{Demand, Numbering};
use crate::draw::args;
use crate::error::Result;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "format:numbered_list",
    about: "The lines marked in this style (`1.`, `1)`, `(1)`, `a)` or `i.`, then a space and \
            text) are exactly n, numbered from the first on without a gap, and no line is marked \
            in another of these styles. Lines indented deeper than the first item and fenced code \
            are passed over. The degree is the lesser of the nearness of the count and the share \
            of marks in their place.",
    schema: r#"{"properties": {
        "style": {"enum": ["1.", "1)", "(1)", "a)", "i."]},
        "n": {"type": "integer", "minimum": 1, "maximum": 99}
    }, "required": ["style", "n"]}"#,
    texts: |_| {
        Ok(&[
            "Include a numbered list of exactly {n:item}, numbered consecutively from the first \
             in the style \"{style}\", and no numbering in another style.",
            "Your response must contain exactly {n:numbered item}; mark the first one with \
             \"{style}\", count on from there and use no other numbering style.",
            "Give a list of exactly {n:item} in order, whose marks begin with \"{style}\" and \
             follow that style throughout.",
            "List exactly {n:point} with consecutive marks in the form \"{style}\", which is also \
             the mark of the first; number nothing in any other form.",
        ])
    },
    sample: |draw| {
        let style = draw.pick(&["1.", "1)", "(1)", "a)", "i."]);
        args([("style", json!(style)), ("n", json!(draw.between(2, 12)))])
    },
    compile: |args, _| {
        let (style, n) = (style(args)?, length(args)?);
        check(move |text| judge(text.raw(), style, n))
    },
    demands: |args| Ok(vec![Demand::Numbered(style(args)?, length(args)?)]),
    examples: &[
        Example {
            args: r#"{"style": "1.", "n": 2}"#,
            response: "Steps:\n\n1. Knead.\n   1) gently\n2. Bake.\n\nDone.",
            satisfied: true,
        },
        Example {
            args: r#"{"style": "i.", "n": 4}"#,
            response: "i. one\r\nii. two\r\niii. three\r\niv. four",
            satisfied: true,
        },
        Example {
            args: r#"{"style": "a)", "n": 2}"#,
            response: "  a) Knead.\n  b) Bake.\n",
            satisfied: true,
        },
        Example {
            args: r#"{"style": "1.", "n": 2}"#,
            response: "1. Knead.\n2. Bake.\n3. Eat.",
            satisfied: false,
        },
        Example {
            args: r#"{"style": "1)", "n": 2}"#,
            response: "1) Knead.\n1) Bake.",
            satisfied: false,
        },
        Example {
            args: r#"{"style": "(1)", "n": 2}"#,
            response: "1. Knead.\n2. Bake.",
            satisfied: false,
        },
    ],
    deviations: &[],
};

fn style(args: &Reader<'_>) -> Result<Numbering> {
    match args.text("style")? {
        "1." => Ok(Numbering::Dot),
        "1)" => Ok(Numbering::Bracket),
        "(1)" => Ok(Numbering::Brackets),
        "a)" => Ok(Numbering::Letter),
        "i." => Ok(Numbering::Roman),
        _ => Err(args.fault("style", "is no numbering style")),
    }
}

fn length(args: &Reader<'_>) -> Result<u64> {
    let n = args.count("n")?;
    match (style(args)?, n) {
        (_, 0) => Err(args.fault("n", "is below 1")),
        (Numbering::Letter, 27..) => Err(args.fault("n", "is above 26, the number of letters")),
        _ => Ok(n),
    }
}

fn judge(response: &str, style: Numbering, n: u64) -> Verdict {
    let (mut found, mut placed, mut foreign) = (0_u64, 0_u64, 0_u64);
    let mut margin = usize::MAX;
    for line in lines_outside(response) {
        let item = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - item.len();
        match mark(item) {
            Some((numbering, number)) if numbering == style && indent <= margin => {
                if found == 0 {
                    margin = indent;
                }
                found += 1;
                placed += u64::from(number == found);
            }
            Some(_) if indent <= margin => foreign += 1,
            _ => {}
        }
    }
    let bound = Bound::exactly(n);
    let note = format!(
        "{found} items in this style, {placed} of them in their place, {foreign} in other styles; \
         asked for {bound}"
    );
    match bound.holds(found) && placed == found && foreign == 0 {
        true => Verdict::pass(note),
        false => {
            let share = placed as f32 / (found + foreign).max(1) as f32;
            partly(share.min(bound.degree(found)), note)
        }
    }
}

/// The style and the number that a line is marked with.
fn mark(line: &str) -> Option<(Numbering, u64)> {
    let (mark, text) = line.split_once([' ', '\t'])?;
    if mark.len() > 10 || text.trim_start().is_empty() {
        return None;
    }
    if let Some(number) = mark.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return Some((Numbering::Brackets, decimal(number)?));
    }
    if let Some(number) = mark.strip_suffix(')') {
        return match number.as_bytes() {
            [letter @ b'a'..=b'z'] => Some((Numbering::Letter, u64::from(letter - b'a') + 1)),
            _ => Some((Numbering::Bracket, decimal(number)?)),
        };
    }
    let number = mark.strip_suffix('.')?;
    match decimal(number) {
        Some(value) => Some((Numbering::Dot, value)),
        None => Some((Numbering::Roman, roman_value(number)?)),
    }
}

fn decimal(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// The value of a small Roman numeral below 100, in its one usual spelling.
fn roman_value(numeral: &str) -> Option<u64> {
    let value = |b| match b {
        b'i' => Some(1),
        b'v' => Some(5),
        b'x' => Some(10),
        b'l' => Some(50),
        b'c' => Some(100),
        _ => None,
    };
    let values: Vec<u64> = numeral.bytes().map(value).collect::<Option<_>>()?;
    let mut total = 0;
    for (at, value) in values.iter().enumerate() {
        match values.get(at + 1) {
            Some(next) if next > value => total -= *value as i64,
            _ => total += *value as i64,
        }
    }
    let total = u64::try_from(total).ok()?;
    (roman(total).as_deref() == Some(numeral)).then_some(total)
}

/// 1 to 99 in small Roman letters.
fn roman(number: u64) -> Option<String> {
    const ONES: [&str; 10] = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"];
    const TENS: [&str; 10] = ["", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc"];
    let (tens, ones) = (number / 10, number % 10);
    let tens = TENS.get(tens as usize)?;
    (number > 0).then(|| format!("{tens}{}", ONES[ones as usize]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roman_numerals_are_read_in_one_spelling() {
        for number in 1..100 {
            assert_eq!(roman_value(&roman(number).expect("below 100")), Some(number));
        }
        for other in ["", "iiii", "iix", "vv", "ic", "mix", "civil", "c"] {
            assert_eq!(roman_value(other), None, "{other}");
        }
    }

    #[test]
    fn marks_are_told_apart() {
        assert_eq!(mark("12. a"), Some((Numbering::Dot, 12)));
        assert_eq!(mark("12) a"), Some((Numbering::Bracket, 12)));
        assert_eq!(mark("(3)\ta"), Some((Numbering::Brackets, 3)));
        assert_eq!(mark("c) a"), Some((Numbering::Letter, 3)));
        assert_eq!(mark("ix. a"), Some((Numbering::Roman, 9)));
        for none in ["1.", "1.5 a", "I. a", "and. a", "(a) b", "- a", ". a", ") a", "() a"] {
            assert_eq!(mark(none), None, "{none}");
        }
    }
}
