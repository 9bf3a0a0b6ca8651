//! A rule's arguments: what the official regular expressions capture.
//!
//! All of them take what stands from a name to the end of the rule, where one line end at the very
//! end is left out, as `$` does.

use heedful_constraints::python::chars::is_digit;
use heedful_constraints::python::strings::{strip, strip_chars};

use super::{Fault, FaultKind};

/// The rule as far as `$` reaches.
fn body(rule: &str) -> &str {
    rule.strip_suffix('\n').unwrap_or(rule)
}

/// The last line of it: where `.` takes no line end, a capture cannot begin before.
fn last_line(rule: &str) -> &str {
    let body = body(rule);
    body.rsplit_once('\n').map_or(body, |(_, line)| line)
}

fn not_found(name: &str, rule: &str) -> Fault {
    Fault::new(FaultKind::Index, format!("no arguments of `{name}` at the end of {rule:?}"))
}

/// `NAME(\[.*?\])$` in `text`, with the brackets.
fn list<'r>(text: &'r str, name: &str) -> Option<&'r str> {
    let mut places = text.match_indices(name).map(|(at, _)| &text[at + name.len()..]);
    places.find(|rest| rest.starts_with('[')).filter(|rest| rest.ends_with(']'))
}

/// The list behind `name` in the last line.
pub(super) fn list_in_line<'r>(rule: &'r str, name: &str) -> Result<&'r str, Fault> {
    list(last_line(rule), name).ok_or_else(|| not_found(name, rule))
}

/// The list behind `name`, which may run over several lines.
pub(super) fn list_anywhere<'r>(rule: &'r str, name: &str) -> Result<&'r str, Fault> {
    list(body(rule), name).ok_or_else(|| not_found(name, rule))
}

/// The same where the official code asks a match for its group instead of a list for its first.
pub(super) fn list_searched<'r>(rule: &'r str, name: &str) -> Result<&'r str, Fault> {
    let attribute = |fault| Fault { kind: FaultKind::Attribute, ..fault };
    list_anywhere(rule, name).map_err(attribute)
}

/// The text behind the first `name` in the last line.
pub(super) fn text_in_line<'r>(rule: &'r str, name: &str) -> Result<&'r str, Fault> {
    let found = last_line(rule).split_once(name);
    found.map(|(_, text)| text).ok_or_else(|| not_found(name, rule))
}

/// The text behind the first `name`, which may run over several lines.
pub(super) fn text_anywhere<'r>(rule: &'r str, name: &str) -> Result<&'r str, Fault> {
    body(rule).split_once(name).map(|(_, text)| text).ok_or_else(|| not_found(name, rule))
}

/// The texts behind two names, of which the second begins a line.
pub(super) fn pair_of_texts<'r>(
    rule: &'r str,
    first: &str,
    second: &str,
) -> Result<(&'r str, &'r str), Fault> {
    let found = body(rule).split_once(first);
    let found = found.and_then(|(_, rest)| rest.split_once(&format!("\n{second}")));
    found.ok_or_else(|| no_pair(first, second, rule))
}

/// The lists behind two names, of which the second begins a line; with their brackets.
pub(super) fn pair_of_lists<'r>(
    rule: &'r str,
    first: &str,
    second: &str,
) -> Result<(&'r str, &'r str), Fault> {
    let rest = body(rule).split_once(&format!("{first}[")).map(|(before, _)| before.len());
    let rest = rest.map(|at| &body(rule)[at + first.len()..]);
    let found = rest.and_then(|rest| {
        let middle = format!("]\n{second}[");
        let at = rest.find(&middle)?;
        Some((&rest[..=at], &rest[at + middle.len() - 1..]))
    });
    let found = found.filter(|(_, list)| list.ends_with(']'));
    found.ok_or_else(|| no_pair(first, second, rule))
}

fn no_pair(first: &str, second: &str, rule: &str) -> Fault {
    let problem = format!("no arguments of `{first}` and then of `{second}` in {rule:?}");
    Fault::new(FaultKind::Attribute, problem)
}

/// The elements of a list as they stand, blanks included; never none.
pub(super) fn split(list: &str) -> Vec<&str> {
    strip_chars(list, "[]").split(',').collect()
}

/// The elements of a list without the blanks around them; never none.
pub(super) fn stripped(list: &str) -> Vec<&str> {
    split(list).into_iter().map(strip).collect()
}

/// Python's `int(text)`; what is beyond 64 bits becomes the nearest that is not.
pub(super) fn int(text: &str) -> Result<i64, Fault> {
    let refuse = || Fault::new(FaultKind::Value, format!("{text:?} is no integer"));
    let bare = strip(text);
    let (negative, digits) = match bare.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, bare.strip_prefix('+').unwrap_or(bare)),
    };
    let mut value: i64 = 0;
    let mut after_digit = false;
    for c in digits.chars() {
        if c == '_' && after_digit {
            after_digit = false;
            continue;
        }
        let digit = digit(c).ok_or_else(refuse)?;
        value = value.saturating_mul(10).saturating_add(i64::from(digit));
        after_digit = true;
    }
    if !after_digit || digits.len() > LONGEST {
        return Err(refuse());
    }
    Ok(if negative { -value } else { value })
}

/// The value of a decimal digit of any script. The digits of a script stand side by side from 0 on.
fn digit(c: char) -> Option<u32> {
    let before = |c: &char| char::from_u32(u32::from(*c).saturating_sub(1));
    let run = std::iter::successors(Some(c), before).take_while(|c| is_digit(*c)).count() as u32;
    run.checked_sub(1).map(|place| place % 10)
}

/// Python refuses longer decimal integers.
const LONGEST: usize = 4300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_end_where_dollar_does() {
        assert_eq!(list_in_line("length:[1,2]\n", "length:"), Ok("[1,2]"));
        assert_eq!(list_in_line("a:[b:[c]", "b:"), Ok("[c]"));
        assert_eq!(list_in_line("a:b a:[c]]", "a:"), Ok("[c]]"));
        assert!(list_in_line("a:[b] ", "a:").is_err());
        assert!(list_in_line("a:[b]\n\n", "a:").is_err());
        assert!(list_in_line("a:[b]\nc:[d]", "a:").is_err());
        assert_eq!(list_anywhere("a:[b]\nc:[d]", "a:"), Ok("[b]\nc:[d]"));
        assert_eq!(text_in_line("a:b\na:c\n", "a:"), Ok("c"));
        assert_eq!(text_anywhere("a:b\na:c\n", "a:"), Ok("b\na:c"));
        assert_eq!(text_anywhere("a:\n", "a:"), Ok(""));
    }

    #[test]
    fn pairs_are_cut_at_the_first_second_name() {
        assert_eq!(pair_of_texts("a:x\ny\nb:z\nb:w\n", "a:", "b:"), Ok(("x\ny", "z\nb:w")));
        assert_eq!(
            pair_of_texts("b:x\na:y", "a:", "b:").unwrap_err().kind.name(),
            "AttributeError"
        );
        assert_eq!(pair_of_lists("a:a:[x]\nb:[y]", "a:", "b:"), Ok(("[x]", "[y]")));
        assert_eq!(pair_of_lists("a:[x]\n]\nb:[y]\n", "a:", "b:"), Ok(("[x]\n]", "[y]")));
        assert!(pair_of_lists("a:[x]\nb:[y", "a:", "b:").is_err());
        assert!(pair_of_lists("a:[x] b:[y]", "a:", "b:").is_err());
    }

    #[test]
    fn integers_are_pythons() {
        for (text, value) in [
            (" +1_0\n", 10),
            ("-３", -3),
            ("٣𝟙", 31),
            ("007", 7),
            ("9999999999999999999", i64::MAX),
        ] {
            assert_eq!(int(text), Ok(value), "{text}");
        }
        for text in ["", "_1", "1_", "1__0", "1.0", "- 1", "a"] {
            assert_eq!(int(text).unwrap_err().kind, FaultKind::Value, "{text}");
        }
    }
}
