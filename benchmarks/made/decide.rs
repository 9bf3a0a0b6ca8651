//! What rules say of a response, question by question, and where its parts begin.

use heedful_constraints::args::Args;
use heedful_constraints::draw::args;
use heedful_constraints::python::strings::strip;
use heedful_constraints::{Constraint, Profile, Text};
use serde_json::json;

use super::item::{How, Item};
use crate::error::{Error, Result};

/// The rule that counts parts.
const PARTS: &str = "length_constraints:number_paragraphs";

/// The parts of a response: what stands between lines that hold nothing but `***`. A blank piece
/// before the first such line or after the last is none, as that rule has it.
pub fn parts(response: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in response.split('\n') {
        let end = at + line.len();
        if strip(line) == "***" {
            pieces.push(&response[start..at]);
            start = (end + 1).min(response.len());
        }
        at = end + 1;
    }
    pieces.push(&response[start..]);
    let blank = |piece: Option<&&str>| piece.is_some_and(|piece| strip(piece).is_empty());
    if pieces.len() > 1 && blank(pieces.last()) {
        pieces.pop();
    }
    if pieces.len() > 1 && blank(pieces.first()) {
        pieces.remove(0);
    }
    pieces.into_iter().map(strip).collect()
}

/// The decision of every question of `item` that a rule can decide; `None` is for the judge. A rule
/// about a part that the response does not have is not met.
///
/// # Errors
/// A rule that is not known or refuses its arguments, which [`super::load()`] has ruled out.
pub fn decide_rules(item: &Item, response: &str) -> Result<Vec<Option<bool>>> {
    let parts = parts(response);
    let decided = item.questions.iter().map(|question| {
        let Some(constraint) = compile(item, &question.how)? else { return Ok(None) };
        let text = match question.part {
            None => Some(response),
            Some(part) => parts.get(part.saturating_sub(1)).copied(),
        };
        Ok(Some(text.is_some_and(|text| constraint.check(&Text::new(text)).satisfied)))
    });
    let decided: heedful_constraints::Result<Vec<_>> = decided.collect();
    decided.map_err(|e| Error::Setting(format!("item {}: {e}", item.key)))
}

/// The decisions of rules with the judge's, which come in the order of the questions left open;
/// those stay open where there is no reply, or one about another number of questions.
pub fn settle(decided: &[Option<bool>], judged: Option<&[bool]>) -> Vec<Option<bool>> {
    let open = decided.iter().filter(|decision| decision.is_none()).count();
    let mut judged = judged.filter(|judged| judged.len() == open).unwrap_or_default().iter();
    decided.iter().map(|decision| decision.or_else(|| judged.next().copied())).collect()
}

/// Whether every rule of `item` takes its arguments.
pub(super) fn compiles(item: &Item) -> heedful_constraints::Result<()> {
    for question in &item.questions {
        compile(item, &question.how)?;
        if let Some(decoy) = &question.decoy {
            Constraint::compile(&decoy.id, decoy.args.clone(), item.profile)?;
        }
    }
    Ok(())
}

/// The constraint that decides, where a rule does.
fn compile(item: &Item, how: &How) -> heedful_constraints::Result<Option<Constraint>> {
    let one = |id: &str, args: Args, profile| Constraint::compile(id, args, profile).map(Some);
    match how {
        How::Rule { id, args } => one(id, args.clone(), item.profile),
        // Parts are cut as the corrected rule cuts them, whatever the profile.
        How::Parts => one(PARTS, args([("num_paragraphs", json!(item.parts))]), Profile::Corrected),
        How::Soft { .. } | How::Task => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_at_lines_of_asterisks() {
        assert_eq!(parts("a\n***\nb"), ["a", "b"]);
        assert_eq!(parts("***\na ***b***\n\n *** \r\n c\n***"), ["a ***b***", "c"]);
        assert_eq!(parts("a\n***\n\n***\nb"), ["a", "", "b"]);
        assert_eq!(parts(""), [""]);
        assert_eq!(parts("***"), [""]);
    }

    #[test]
    fn replies_fill_what_rules_leave_open() {
        let decided = [Some(true), None, Some(false), None];
        let all = [Some(true), Some(false), Some(false), Some(true)];
        assert_eq!(settle(&decided, Some(&[false, true])), all);
        assert_eq!(settle(&decided, Some(&[true])), decided);
        assert_eq!(settle(&decided, None), decided);
    }
}
