//! What must hold of every set: a witness or a named conflict, and mutations that hit.

use std::collections::BTreeMap;

use crate::constraint::Constraint;
use crate::demand::Demand;
use crate::draw::{Draw, Rng, stream};
use crate::profile::Profile;
use crate::registry;
use crate::text::Text;

use super::{Conflict, accepts, conflict, spoil, witness};

const REQUEST: &str = "Explain how tides work to a child.";

fn sample(at: usize, rng: &mut Rng) -> Constraint {
    let rule = registry::rules().nth(at).expect("an index below the number of rules");
    let args = (rule.sample)(&mut Draw { rng, request: REQUEST });
    Constraint::compile(rule.id, args, Profile::Corrected).expect("a sample compiles")
}

/// Every rule alone: nearly every sample is witnessed, and none is without a named reason.
#[test]
fn every_rule_alone_is_witnessed() {
    const EACH: u64 = 40;
    let mut failed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let count = registry::rules().len();
    for at in 0..count {
        for index in 0..EACH {
            let mut rng = stream(at as u64, index);
            let constraint = sample(at, &mut rng);
            if let Err(why) = witness(&[&constraint], &mut rng) {
                let args = serde_json::to_string(constraint.args()).expect("arguments are JSON");
                failed.entry(constraint.id()).or_default().push(format!("{args}: {why}"));
            }
        }
    }
    for (id, list) in &failed {
        println!("{id}: {} of {EACH}: {}", list.len(), list[0]);
    }
    let bad: Vec<_> = failed.iter().filter(|(_, list)| list.len() as u64 * 20 > EACH).collect();
    assert!(
        bad.is_empty(),
        "not witnessed: {:?}",
        bad.iter().map(|(id, _)| id).collect::<Vec<_>>()
    );
}

/// Draws a set of 1 to 6 different rules.
fn draw_set(rng: &mut Rng) -> Vec<Constraint> {
    use rand::RngExt as _;
    let count = registry::rules().len();
    let n = rng.random_range(1..=6);
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < n {
        let at = rng.random_range(0..count);
        if !chosen.contains(&at) {
            chosen.push(at);
        }
    }
    chosen.into_iter().map(|at| sample(at, rng)).collect()
}

/// Whether the constraint shapes the whole text, so that it has ready texts in place of demands:
/// they prove no conflict, and few other constraints go with them.
fn has_drafts(constraint: &Constraint) -> bool {
    let demands = constraint.demands().expect("a sample has demands");
    demands.iter().any(|demand| matches!(demand, Demand::Draft(_)))
}

/// Random sets: a witness that all accept, or a conflict with members and a reason; and a mutation
/// of the witness breaks the constraint that it is aimed at.
#[test]
fn random_sets_are_witnessed_or_in_conflict() {
    const SETS: u64 = 600;
    let (mut found, mut proved, mut spoiled, mut tried, mut drafted) = (0, 0, 0, 0, 0);
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    let mut unspoiled: BTreeMap<&str, usize> = BTreeMap::new();
    for index in 0..SETS {
        let mut rng = stream(99, index);
        let set = draw_set(&mut rng);
        let members: Vec<&Constraint> = set.iter().collect();
        match witness(&members, &mut rng) {
            Ok(text) => {
                found += 1;
                assert!(accepts(&members, &text));
                for constraint in &members {
                    tried += 1;
                    match spoil(constraint, &text, &mut rng) {
                        Some(broken) => {
                            spoiled += 1;
                            let view = Text::new(&broken);
                            assert!(!constraint.check(&view).satisfied);
                        }
                        None => *unspoiled.entry(constraint.id()).or_default() += 1,
                    }
                }
            }
            Err(Conflict { members, reason, proved: sure }) => {
                assert!(!members.is_empty() && !reason.is_empty());
                if sure {
                    proved += 1;
                } else if members.iter().any(|&at| has_drafts(&set[at])) {
                    drafted += 1;
                } else {
                    *missing.entry(reason).or_default() += 1;
                }
            }
        }
    }
    let open: usize = missing.values().sum();
    println!(
        "{found} witnessed, {proved} proved conflicts, {open} without a witness of {SETS}, and \
         {drafted} with a rule that only has drafts"
    );
    println!("{spoiled} of {tried} mutations hit; missed: {unspoiled:?}");
    for (reason, n) in &missing {
        println!("{n} × {reason}");
    }
    assert_eq!(spoiled, tried, "some mutation missed: {unspoiled:?}");
    assert!(
        open * 20 < SETS as usize,
        "too many sets are neither witnessed nor in proved conflict"
    );
}

/// A proved conflict is symmetric and stays when members are added.
#[test]
fn conflicts_do_not_depend_on_order() {
    for index in 0..300 {
        let mut rng = stream(7, index);
        let set = draw_set(&mut rng);
        let forward: Vec<&Constraint> = set.iter().collect();
        let backward: Vec<&Constraint> = set.iter().rev().collect();
        assert_eq!(conflict(&forward).is_some(), conflict(&backward).is_some());
    }
}
