//! What constraints are drawn from: families by how much of their share is left.

use std::collections::BTreeMap;

use heedful_constraints::draw::{Draw, Rng};
use heedful_constraints::rule::Rule;
use heedful_constraints::soft::{self, SoftType};
use heedful_constraints::{Constraint, Profile, plan, registry, router};
use heedful_datasets::{Error, Result, pattern};
use rand::RngExt as _;

use super::recipe::Resolved;
use super::tally::Tally;
use crate::cfbench::Priority;

/// How often one constraint is drawn anew.
const TRIES: usize = 60;

/// How often arguments are drawn for a constraint that excludes another.
const RIVALS: usize = 16;

/// How many scored constraints each family has.
pub(super) type Used = BTreeMap<String, u64>;

/// The families that a recipe chooses, and how much each may be used.
pub(super) struct Pool {
    rules: Vec<&'static Rule>,
    kinds: Vec<&'static SoftType>,
    profile: Profile,
    /// The most scored constraints of one family.
    pub(super) most: u64,
}

/// A drawn constraint.
pub(super) struct Ask {
    /// The id of its rule or soft type.
    pub(super) id: &'static str,
    /// The rule's group or the type's family.
    pub(super) family: &'static str,
    /// How the prompt says it.
    pub(super) text: String,
    /// Compiled, where a rule decides.
    pub(super) rule: Option<Constraint>,
    /// How much it matters: secondary, until it is placed.
    pub(super) priority: Priority,
}

impl Ask {
    /// Whether two ask for the same, or say it in the same words.
    pub(super) fn is_same(&self, other: &Ask) -> bool {
        let args = |ask: &Ask| ask.rule.as_ref().map(|rule| rule.args().clone());
        let equal = self.id == other.id && self.rule.is_some() && args(self) == args(other);
        equal || self.text == other.text
    }
}

/// What is drawn against: shares as they were, and the request that some rules take words from.
#[derive(Clone, Copy)]
pub(super) struct Against<'a> {
    /// How much each family has been used.
    pub(super) used: &'a Used,
    /// The seed instruction.
    pub(super) request: &'a str,
    /// Whether the constraint is about a part: rules about the divider of parts are then no use.
    pub(super) part: bool,
}

impl Pool {
    /// The families that `recipe` chooses, for `total` scored constraints.
    ///
    /// # Errors
    /// Too few families for their shares, or none with a rule.
    pub(super) fn of(recipe: &Resolved, total: u64) -> Result<Pool> {
        let families = &recipe.families;
        let rules = registry::rules().filter(|rule| {
            pattern::chosen(&families.include, &families.exclude, rule.id)
                && !pattern::reserved(&families.include, rule.id)
        });
        let kinds = soft::all().iter();
        let kinds = kinds
            .filter(|kind| pattern::chosen(&recipe.soft.include, &recipe.soft.exclude, &kind.id));
        let most = ((recipe.max_share * total as f64).floor() as u64).max(1);
        let pool = Pool {
            rules: rules.collect(),
            kinds: kinds.collect(),
            profile: recipe.profile(),
            most,
        };
        let room = (pool.rules.len() + pool.kinds.len()) as u64 * most;
        if pool.rules.is_empty() {
            let problem = "no rule is chosen: every item needs one, for its witness";
            return Err(Error::build(problem));
        }
        if room < total {
            let (rules, kinds) = (pool.rules.len(), pool.kinds.len());
            let families = format!("{rules} rules and {kinds} soft types");
            let problem = format!("{families} of at most {most} constraints each");
            let hint = "raise `max_share` or choose more families";
            return Err(Error::build(format!("{problem} do not make {total}: {hint}")));
        }
        Ok(pool)
    }

    /// Ids of all families, in order.
    pub(super) fn ids(&self) -> impl Iterator<Item = &'static str> {
        let kinds = self.kinds.iter().map(|kind| kind.id.as_str());
        self.rules.iter().map(|rule| rule.id).chain(kinds)
    }

    /// How much of its share a family has left.
    fn left(&self, used: &Used, id: &str) -> u64 {
        self.most.saturating_sub(used.get(id).copied().unwrap_or_default())
    }

    /// Draws a constraint of a family that `taken` has not, by a rule where `hard`.
    pub(super) fn draw(
        &self,
        hard: bool,
        against: Against<'_>,
        taken: &[&Ask],
        rng: &mut Rng,
        tally: &mut Tally,
    ) -> Option<Ask> {
        // Where one sort has no family left, the other takes its place.
        let hard = (hard || self.kinds.is_empty()) && !self.rules.is_empty();
        (0..TRIES).find_map(|_| {
            let ask = if hard {
                let rule = self.weighted(&self.rules, |rule| rule.id, against.used, rng)?;
                self.rule(rule, against, rng, tally)?
            } else {
                let kind = self.weighted(&self.kinds, |kind| &kind.id, against.used, rng)?;
                soft_ask(kind, rng, tally)?
            };
            if taken.iter().any(|other| other.id == ask.id || other.is_same(&ask)) {
                return None;
            }
            Some(ask)
        })
    }

    /// One of `list`, by how much of its share is left.
    fn weighted<T: Copy>(
        &self,
        list: &[T],
        id: impl Fn(&T) -> &str,
        used: &Used,
        rng: &mut Rng,
    ) -> Option<T> {
        let weights: Vec<u64> = list.iter().map(|one| self.left(used, id(one))).collect();
        let total: u64 = weights.iter().sum();
        if total == 0 {
            return None;
        }
        let mut ticket = rng.random_range(0..total);
        for (one, weight) in list.iter().zip(weights) {
            if ticket < weight {
                return Some(*one);
            }
            ticket -= weight;
        }
        None
    }

    fn rule(
        &self,
        rule: &'static Rule,
        against: Against<'_>,
        rng: &mut Rng,
        tally: &mut Tally,
    ) -> Option<Ask> {
        if against.part && rule.id == "length_constraints:number_paragraphs" {
            return None;
        }
        let request = against.request;
        let args = (rule.sample)(&mut Draw { rng: &mut *rng, request });
        // What is asked is the whole prompt, and a rule that quotes the request would quote less.
        let quotes = |text: &str| text.len() >= request.len() && text.contains(request);
        if args.values().filter_map(|value| value.as_str()).any(quotes) {
            tally.add("quotes_the_request");
            return None;
        }
        let choice = rng.random_range(0..usize::MAX >> 1);
        let compiled = Constraint::compile(rule.id, args, self.profile);
        let Ok((constraint, text)) = compiled.and_then(|c| c.describe(choice).map(|t| (c, t)))
        else {
            tally.add("arguments_refused");
            return None;
        };
        let family = rule.id.split_once(':').map_or(rule.id, |(group, _)| group);
        Some(Ask {
            id: rule.id,
            family,
            text,
            rule: Some(constraint),
            priority: Priority::Secondary,
        })
    }

    /// A constraint that no response can satisfy together with `ask`: of the same rule if there is
    /// one, else of another.
    pub(super) fn rival(
        &self,
        ask: &Ask,
        against: Against<'_>,
        rng: &mut Rng,
        tally: &mut Tally,
    ) -> Option<Ask> {
        let ours = ask.rule.as_ref()?;
        for turn in 0..2 * RIVALS {
            let rule = if turn < RIVALS {
                ours.rule()
            } else {
                self.rules[rng.random_range(0..self.rules.len())]
            };
            let Some(rival) = self.rule(rule, against, rng, tally) else { continue };
            let Some(theirs) = &rival.rule else { continue };
            if plan::conflict(&[ours, theirs]).is_none() {
                continue;
            }
            if are_apart(ours, theirs, rng) {
                return Some(rival);
            }
            tally.add("rival_accepted_too");
        }
        tally.add("no_rival_found");
        None
    }
}

/// Whether a text for one and a text for the other, one after the other, are refused by either.
///
/// Demands contradict each other where a set makes no sense, two postscripts say, though checks
/// that look for a mark anywhere accept a text with both.
fn are_apart(ours: &Constraint, theirs: &Constraint, rng: &mut Rng) -> bool {
    let (Ok(a), Ok(b)) = (plan::witness(&[ours], rng), plan::witness(&[theirs], rng)) else {
        return false;
    };
    let orders = [[&a, &b], [&b, &a]].into_iter();
    let joined = orders.flat_map(|[x, y]| ["\n", "\n\n", " "].map(|gap| format!("{x}{gap}{y}")));
    let mut texts = joined.chain([a.clone(), b.clone()]);
    !texts.any(|text| plan::accepts(&[ours, theirs], &text))
}

fn soft_ask(kind: &'static SoftType, rng: &mut Rng, tally: &mut Tally) -> Option<Ask> {
    let drawn = soft::draw(kind, rng);
    if drawn.text.contains(['{', '}']) {
        tally.add("leak");
        return None;
    }
    // A rule could decide it, and no judge should.
    if router::route(&drawn.text).is_some() {
        tally.add("routed_and_redrawn");
        return None;
    }
    let (id, family) = (&kind.id, &kind.family);
    Some(Ask { id, family, text: drawn.text, rule: None, priority: Priority::Secondary })
}
