//! Rules with `model` in their names: about the first object or about each of them.

use super::arguments::{
    int, list_in_line, list_searched, pair_of_lists, pair_of_texts, split, stripped, text_anywhere,
};
use super::checks::{ends, fullwidth, has_all, has_none, only_marks, starts, unquoted};
use super::literal::{elements, within};
use super::{Fault, FaultKind, Outcome};
use heedful_constraints::python::strings::{char_len, split_whitespace};

/// The rules of one name.
pub(super) struct Family {
    /// What must occur in the rule.
    pub names: &'static [&'static str],
    /// The outcome where nothing was extracted.
    pub of_nothing: bool,
    /// Decides about one object or more, which are not just one empty text.
    pub check: fn(&str, &[String]) -> Outcome,
}

const fn family(
    names: &'static [&'static str],
    of_nothing: bool,
    check: fn(&str, &[String]) -> Outcome,
) -> Family {
    Family { names, of_nothing, check }
}

/// In the order in which names are looked for: the first family that fits decides.
pub(super) const FAMILIES: [Family; 23] = [
    family(&["model_keyword_each"], false, keyword_each),
    family(&["model_keyword_num_each", "model_forbidden_word_each"], false, counted_and_forbidden),
    family(&["model_keyword_num_each"], false, counted_each),
    family(&["model_keyword_num"], false, counted),
    family(&["model_keyword"], false, keyword),
    family(&["model_forbidden_word_each"], true, forbidden_each),
    family(&["model_forbidden_word"], true, forbidden),
    family(&["model_number_each"], false, number),
    family(&["model_length_each"], false, length_each),
    family(&["model_length_word_each"], false, words_each),
    family(&["model_length_word"], false, words),
    family(&["model_length:"], false, length),
    family(&["model_startswith_each"], false, starts_each),
    family(&["model_starts_with_list_each"], false, starts_in_turn),
    family(&["model_startswith", "model_endswith"], false, starts_and_ends),
    family(&["model_startswith"], false, starts_first),
    family(&["model_endswith_each"], false, ends_each),
    family(&["model_endswith"], false, ends_first),
    family(&["model_constraint_punc_each"], false, marks_each),
    family(&["model_constraint_punc"], false, marks),
    family(&["model_not_startswith"], true, starts_not),
    family(&["model_not_endswith_each"], true, ends_not_each),
    family(&["model_not_endswith"], true, ends_not),
];

/// Whether `check` holds for every object that is not empty. One that fails does not end it: a
/// later one may still raise.
fn each(objects: &[String], mut check: impl FnMut(&str) -> Outcome) -> Outcome {
    let mut all = true;
    for object in objects.iter().filter(|object| !object.is_empty()) {
        all &= check(object)?;
    }
    Ok(all)
}

/// `check` of the object as it is or without its quotation marks.
fn either(object: &str, check: impl Fn(&str) -> Outcome) -> Outcome {
    Ok(check(object)? || check(unquoted(object)?)?)
}

fn keyword_each(rule: &str, objects: &[String]) -> Outcome {
    each(objects, |object| {
        let words = list_in_line(rule, "model_keyword_each:")?;
        Ok(has_all(&fullwidth(object), &stripped(words)))
    })
}

/// How many of some words an object may have. The object keeps its ASCII punctuation.
struct Counted<'r> {
    low: i64,
    high: i64,
    words: Vec<&'r str>,
}

impl<'r> Counted<'r> {
    fn new(list: Vec<&'r str>) -> Result<Counted<'r>, Fault> {
        let low = int(list[0])?;
        let high = list.get(1).copied();
        let high = high.ok_or_else(|| Fault::new(FaultKind::Index, "one bound, not two"))?;
        Ok(Counted { low, high: int(high)?, words: list[2..].to_vec() })
    }

    fn holds(&self, object: &str) -> bool {
        let found = self.words.iter().filter(|word| has_all(object, &[**word])).count();
        let found = i64::try_from(found).unwrap_or(i64::MAX);
        self.low <= found && found <= self.high
    }
}

fn counted_and_forbidden(rule: &str, objects: &[String]) -> Outcome {
    let (counted, forbidden) =
        pair_of_lists(rule, "model_keyword_num_each:", "model_forbidden_word_each:")?;
    let (counted, forbidden) = (Counted::new(split(counted))?, split(forbidden));
    each(objects, |object| Ok(counted.holds(object) && has_none(object, &forbidden)))
}

fn counted_each(rule: &str, objects: &[String]) -> Outcome {
    let list = list_searched(rule, "model_keyword_num_each:")?;
    let counted = Counted::new(split(list))?;
    each(objects, |object| Ok(counted.holds(object)))
}

fn counted(rule: &str, objects: &[String]) -> Outcome {
    let counted = Counted::new(stripped(list_in_line(rule, "model_keyword_num:")?))?;
    Ok(counted.holds(&objects[0]))
}

fn keyword(rule: &str, objects: &[String]) -> Outcome {
    Ok(has_all(&objects[0], &stripped(list_in_line(rule, "model_keyword:")?)))
}

fn forbidden_each(rule: &str, objects: &[String]) -> Outcome {
    each(objects, |object| {
        let words = list_in_line(rule, "model_forbidden_word_each:")?;
        Ok(has_none(&fullwidth(object), &stripped(words)))
    })
}

fn forbidden(rule: &str, objects: &[String]) -> Outcome {
    Ok(has_none(&objects[0], &stripped(list_in_line(rule, "model_forbidden_word:")?)))
}

fn number(rule: &str, objects: &[String]) -> Outcome {
    within(objects.len(), &elements(list_in_line(rule, "model_number_each:")?)?)
}

fn length_each(rule: &str, objects: &[String]) -> Outcome {
    let bounds = elements(list_in_line(rule, "model_length_each:")?)?;
    each(objects, |object| either(object, |text| within(char_len(text), &bounds)))
}

fn words_each(rule: &str, objects: &[String]) -> Outcome {
    let bounds = elements(list_in_line(rule, "model_length_word_each:")?)?;
    let holds = |text: &str| within(split_whitespace(text).count(), &bounds);
    each(objects, |object| either(object, holds))
}

fn words(rule: &str, objects: &[String]) -> Outcome {
    let bounds = elements(list_in_line(rule, "model_length_word:")?)?;
    either(&objects[0], |text| within(split_whitespace(text).count(), &bounds))
}

fn length(rule: &str, objects: &[String]) -> Outcome {
    let bounds = elements(list_in_line(rule, "model_length:")?)?;
    let holds = |text: &str| within(char_len(text), &bounds);
    Ok(holds(unquoted(&objects[0])?)? || holds(&objects[0])?)
}

fn starts_each(rule: &str, objects: &[String]) -> Outcome {
    each(objects, |object| {
        Ok(starts(&fullwidth(object), text_anywhere(rule, "model_startswith_each:")?))
    })
}

fn starts_in_turn(rule: &str, objects: &[String]) -> Outcome {
    let beginnings = stripped(list_in_line(rule, "model_starts_with_list_each:")?);
    let pairs = objects.iter().zip(&beginnings).filter(|(object, _)| !object.is_empty());
    Ok(objects.len() == beginnings.len()
        && pairs.into_iter().all(|(object, beginning)| starts(&fullwidth(object), beginning)))
}

fn starts_and_ends(rule: &str, objects: &[String]) -> Outcome {
    let (beginning, end) = pair_of_texts(rule, "model_startswith:", "model_endswith:")?;
    let object = fullwidth(&objects[0]);
    Ok(starts(&object, beginning) && ends(&object, end))
}

fn starts_first(rule: &str, objects: &[String]) -> Outcome {
    Ok(starts(&fullwidth(&objects[0]), text_anywhere(rule, "model_startswith:")?))
}

/// The last of several objects is left out.
fn ends_each(rule: &str, objects: &[String]) -> Outcome {
    let looked_at = match objects {
        [some @ .., _] if !some.is_empty() => some,
        one => one,
    };
    each(looked_at, |object| {
        let object = fullwidth(object);
        let end = |text: &str| text_anywhere(rule, "model_endswith_each:").map(|e| ends(text, e));
        Ok(end(unquoted(&object)?)? || end(&object)?)
    })
}

fn ends_first(rule: &str, objects: &[String]) -> Outcome {
    Ok(ends(&fullwidth(&objects[0]), text_anywhere(rule, "model_endswith:")?))
}

fn marks_each(rule: &str, objects: &[String]) -> Outcome {
    each(objects, |object| {
        let allowed = stripped(list_in_line(rule, "model_constraint_punc_each:")?);
        let object = fullwidth(object);
        Ok(only_marks(unquoted(&object)?, &allowed) || only_marks(&object, &allowed))
    })
}

fn marks(rule: &str, objects: &[String]) -> Outcome {
    let allowed = stripped(list_in_line(rule, "model_constraint_punc:")?);
    Ok(only_marks(unquoted(&objects[0])?, &allowed))
}

fn starts_not(rule: &str, objects: &[String]) -> Outcome {
    Ok(!starts(&fullwidth(&objects[0]), text_anywhere(rule, "model_not_startswith:")?))
}

fn ends_not_each(rule: &str, objects: &[String]) -> Outcome {
    each(objects, |object| {
        Ok(!ends(&fullwidth(object), text_anywhere(rule, "model_not_endswith_each:")?))
    })
}

fn ends_not(rule: &str, objects: &[String]) -> Outcome {
    Ok(!ends(&fullwidth(&objects[0]), text_anywhere(rule, "model_not_endswith:")?))
}
