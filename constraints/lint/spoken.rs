//! Constraints that the router reads from a prompt's sentences, against the row's own.

use serde_json::Value;

use super::{Finding, Kind, args_of};
use crate::args::Args;
use crate::constraint::Constraint;
use crate::error::shorten;
use crate::language::punkt;
use crate::router::{self, Routed};

/// Arguments that tell which thing is limited; constraints on other things are not compared.
const SUBJECTS: [&str; 4] = ["keyword", "letter", "section_spliter", "nth_paragraph"];

/// Arguments that list words.
const LISTS: [&str; 2] = ["keywords", "forbidden_words"];

/// Sentences that state a rule of the row with other arguments than any of its constraints has.
pub(super) fn check(prompt: &str, set: &[Constraint], findings: &mut Vec<Finding>) {
    for piece in pieces(prompt) {
        let Some(routed) = router::route(piece) else { continue };
        let same: Vec<&Constraint> =
            set.iter().filter(|c| c.id() == routed.id && comparable(&routed.args, c)).collect();
        let Some(first) = same.first() else { continue };
        if same.iter().any(|constraint| agrees(&routed, constraint)) {
            continue;
        }
        let key = differing(&routed.args, first);
        let value = first.args().get(key).unwrap_or(&Value::Null);
        let said = shorten(&Value::Object(routed.args.clone()).to_string());
        let message = format!(
            "the prompt says {:?}, which is {said}, and the arguments are {}",
            shorten(&piece[routed.span.clone()]),
            args_of(first)
        );
        findings.push(Finding::new(Kind::Disagreement, first.id(), key, value, message));
    }
}

/// The sentences of each line.
fn pieces(prompt: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    for line in prompt.lines() {
        pieces.extend(punkt::sentences(line).into_iter().map(|range| &line[range]));
    }
    pieces
}

/// Whether both are about the same thing.
fn comparable(said: &Args, constraint: &Constraint) -> bool {
    let lower = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_lowercase);
    SUBJECTS
        .iter()
        .all(|subject| lower(said.get(*subject)) == lower(constraint.args().get(*subject)))
        && !LISTS.iter().any(|list| said.contains_key(*list))
}

/// Whether the constraint asks for what is said, or for the same in other words.
fn agrees(routed: &Routed, constraint: &Constraint) -> bool {
    if &routed.args == constraint.args() {
        return true;
    }
    let said = Constraint::compile(routed.id, routed.args.clone(), constraint.profile());
    match said.and_then(|said| Ok((said.demands()?, constraint.demands()?))) {
        Ok((said, asked)) => said == asked || folded(&routed.args) == folded(constraint.args()),
        Err(_) => true,
    }
}

/// Arguments without case and without marks at the ends of texts.
fn folded(args: &Args) -> Vec<(String, String)> {
    let mut folded: Vec<(String, String)> = args
        .iter()
        .map(|(key, value)| {
            let text = value.to_string().to_lowercase();
            (key.clone(), text.trim_matches(|c: char| !c.is_alphanumeric()).to_owned())
        })
        .collect();
    folded.sort();
    folded
}

/// The first argument that is not as said.
fn differing<'a>(said: &Args, constraint: &'a Constraint) -> &'a str {
    let differs = |key: &&'a String| said.get(*key) != constraint.args().get(*key);
    constraint.args().keys().find(differs).map_or("", |key| key)
}
