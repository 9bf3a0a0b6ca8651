//! Sets of constraints: do they contradict one another, and which text satisfies all of them?
//!
//! A set is merged into `Wants` from the demands of its members; a contradiction between
//! demands is a proved [`Conflict`]. Otherwise a text is composed to the merged demands and shown
//! to the members' own checks: only a text that all of them accept is a witness.

#[cfg(test)]
mod cases;
mod clash;
mod compose;
mod document;
mod filler;
mod fit;
mod inline;
#[cfg(test)]
mod laws;
mod layout;
mod mandate;
mod spoil;
mod tune;
mod wants;

use std::fmt;

use crate::constraint::Constraint;
use crate::draw::Rng;
use crate::text::Text;

pub use spoil::{spoil, spoil_if};
use wants::Wants;

/// How many texts are composed before a set is given up.
const ATTEMPTS: usize = 12;

/// Why a set of constraints gets no witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Indices into the set: the smallest found part of it that already fails.
    pub members: Vec<usize>,
    /// Why they do not go together.
    pub reason: String,
    /// Whether the demands contradict each other; if not, no text was found.
    pub proved: bool,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// The contradiction among `set`, if its demands have one. `None` proves nothing.
pub fn conflict(set: &[&Constraint]) -> Option<Conflict> {
    let found = Wants::merge(set).and_then(|wants| {
        clash::check(&wants)?;
        whole(set, &wants).map(|_| ())
    });
    found.err()
}

/// A text that every member of `set` accepts.
///
/// # Errors
/// The contradiction, or the smallest part of the set that no text was found for.
pub fn witness(set: &[&Constraint], rng: &mut Rng) -> Result<String, Conflict> {
    let wants = Wants::merge(set)?;
    clash::check(&wants)?;
    if let Some(text) = whole(set, &wants)? {
        return Ok(text);
    }
    attempt(set, &wants, rng).ok_or_else(|| unwitnessed(set, rng))
}

/// Where the whole text is given: the given text that all accept.
fn whole(set: &[&Constraint], wants: &Wants) -> Result<Option<String>, Conflict> {
    let Some(asked) = &wants.whole else { return Ok(None) };
    if let Some(text) = asked.what.iter().find(|text| accepts(set, text)) {
        return Ok(Some(text.clone()));
    }
    let refuses = |text: &String| {
        let text = Text::new(text);
        set.iter().position(|constraint| !constraint.check(&text).satisfied)
    };
    let other = asked.what.first().and_then(refuses).unwrap_or(asked.by);
    let reason = format!("the whole text must be one of {:?}", asked.what);
    Err(wants::pair(asked.by, other, reason))
}

fn attempt(set: &[&Constraint], wants: &Wants, rng: &mut Rng) -> Option<String> {
    (0..ATTEMPTS).find_map(|round| {
        let text = tune::compose(wants, round, rng);
        if accepts(set, &text) {
            return Some(text);
        }
        drafts(wants, &text, round).find(|text| accepts(set, text))
    })
}

/// The drafts of the members: by themselves first, then with a composed text beside them.
fn drafts(wants: &Wants, text: &str, round: usize) -> impl Iterator<Item = String> {
    wants.drafts.iter().flat_map(move |draft| {
        let joined = ["\n\n", "\n", " "]
            .map(|gap| [format!("{draft}{gap}{text}"), format!("{text}{gap}{draft}")]);
        let alone = (round == 0).then(|| draft.clone());
        alone.into_iter().chain(joined.into_iter().flatten())
    })
}

/// Whether every member is satisfied by `text`.
pub fn accepts(set: &[&Constraint], text: &str) -> bool {
    let text = Text::new(text);
    set.iter().all(|constraint| constraint.check(&text).satisfied)
}

/// Leaves out members as long as the rest still finds no witness.
fn unwitnessed(set: &[&Constraint], rng: &mut Rng) -> Conflict {
    let mut members: Vec<usize> = (0..set.len()).collect();
    let mut at = 0;
    while at < members.len() && members.len() > 1 {
        let mut fewer = members.clone();
        fewer.remove(at);
        let rest: Vec<&Constraint> = fewer.iter().map(|&i| set[i]).collect();
        let found = Wants::merge(&rest).ok().and_then(|wants| attempt(&rest, &wants, rng));
        match found {
            Some(_) => at += 1,
            None => members = fewer,
        }
    }
    let names: Vec<&str> = members.iter().map(|&i| set[i].id()).collect();
    let reason = format!("no witness found for {}", names.join(" with "));
    Conflict { members, reason, proved: false }
}
