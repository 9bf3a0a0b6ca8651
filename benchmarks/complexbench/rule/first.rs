//! Rules without `model` in their names: about one text, the first object.

use heedful_constraints::python::strings::{char_len, split_whitespace, strip};

use super::arguments::{
    list_anywhere, list_in_line, pair_of_texts, stripped, text_anywhere, text_in_line,
};
use super::checks::{ends, fullwidth, has_all, has_none, is_text, only_marks, starts};
use super::literal::{elements, within};
use super::object;
use super::{Fault, Outcome, Verdict};

/// A check of a text that is neither empty nor speaks of `None`.
type Check = fn(&str, &str) -> Outcome;

/// The check that `rule` means and its outcome where nothing was extracted.
fn find(rule: &str) -> Option<(Check, bool)> {
    let has = |name: &str| rule.contains(name);
    Some(match () {
        () if has("keyword") && has("forbidden_word") => (keyword_and_forbidden, false),
        () if has("keyword") && !has("keyword_num") => (keyword, false),
        () if has("match") => (matches, false),
        () if has("constraint_punc") => (marks, false),
        () if has("forbidden_word") => (forbidden, true),
        () if has("startswith") && has("endswith") => (starts_and_ends, false),
        () if has("startswith") => (starts_with, false),
        () if has("not endswith") => (ends_not, true),
        () if has("endswith") => (ends_with, false),
        () if has("length_word:") => (words, false),
        () if has("length:") => (length, false),
        () if has("Json") => (json, false),
        () => return None,
    })
}

/// Applies `rule` to `text`.
pub(super) fn decide(rule: &str, text: &str) -> Result<Verdict, Fault> {
    let Some((check, of_nothing)) = find(rule) else { return Ok(Verdict::Unknown) };
    let none = text.is_empty() || text.contains("None");
    Ok(if none { of_nothing } else { check(rule, text)? }.into())
}

/// One of the two lists is never at the end of the rule, so this raises unless both are read from
/// one line.
fn keyword_and_forbidden(rule: &str, text: &str) -> Outcome {
    let wanted = stripped(list_in_line(rule, "keyword:")?);
    let refused = stripped(list_in_line(rule, "forbidden_word:")?);
    let text = fullwidth(text);
    Ok(has_all(&text, &wanted) && has_none(&text, &refused))
}

fn keyword(rule: &str, text: &str) -> Outcome {
    Ok(has_all(&fullwidth(text), &stripped(list_in_line(rule, "keyword:")?)))
}

/// The wanted text keeps its ASCII punctuation, so one that has any is hardly ever matched.
fn matches(rule: &str, text: &str) -> Outcome {
    Ok(is_text(&fullwidth(text), text_in_line(rule, "match:")?))
}

fn marks(rule: &str, text: &str) -> Outcome {
    Ok(only_marks(&fullwidth(text), &stripped(list_in_line(rule, "constraint_punc:")?)))
}

fn forbidden(rule: &str, text: &str) -> Outcome {
    Ok(has_none(&fullwidth(text), &stripped(list_in_line(rule, "forbidden_word:")?)))
}

fn starts_and_ends(rule: &str, text: &str) -> Outcome {
    let (beginning, end) = pair_of_texts(rule, "startswith:", "endswith:")?;
    let text = fullwidth(text);
    Ok(starts(&text, beginning) && ends(&text, end))
}

fn starts_with(rule: &str, text: &str) -> Outcome {
    Ok(starts(&fullwidth(text), text_anywhere(rule, "startswith:")?))
}

fn ends_not(rule: &str, text: &str) -> Outcome {
    Ok(!ends(&fullwidth(text), text_anywhere(rule, "not endswith:")?))
}

fn ends_with(rule: &str, text: &str) -> Outcome {
    Ok(ends(&fullwidth(text), text_anywhere(rule, "endswith:")?))
}

fn words(rule: &str, text: &str) -> Outcome {
    let bounds = elements(list_anywhere(rule, "length_word:")?)?;
    within(split_whitespace(text).count(), &bounds)
}

fn length(rule: &str, text: &str) -> Outcome {
    within(char_len(text), &elements(list_anywhere(rule, "length:")?)?)
}

fn json(rule: &str, text: &str) -> Outcome {
    let keys = elements(list_anywhere(strip(rule), "Json:")?)?;
    Ok(object::has_keys(text, &keys))
}
