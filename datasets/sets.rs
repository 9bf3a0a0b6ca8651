//! Sets of constraints: drawn for an instruction, free of conflict, with a witness.

use std::collections::BTreeMap;

use heedful_constraints::draw::{Draw, Rng};
use heedful_constraints::rule::Rule;
use heedful_constraints::soft::{self, SoftType};
use heedful_constraints::{Constraint, Profile, plan, registry, router};
use rand::RngExt as _;
use serde_json::Value;

use crate::pattern;
use crate::recipe::Resolved;

/// How often one place of a set is drawn anew.
const PLACE_TRIES: usize = 40;

/// Whether a program decides a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A rule decides it.
    Hard,
    /// It needs judgement.
    Soft,
}

impl Kind {
    /// The name in the column `kind`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Hard => "hard",
            Kind::Soft => "soft",
        }
    }
}

/// A constraint as a row tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Hard or soft.
    pub kind: Kind,
    /// The rule's or the soft type's id.
    pub id: &'static str,
    /// The rule's group, or the soft type's family in its taxonomy.
    pub family: &'static str,
    /// The sentence in the prompt.
    pub text: String,
    /// The arguments, or the values of the soft text's slots, as a JSON object.
    pub args: String,
}

/// Constraints that go together.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// In the order in which they were drawn.
    pub items: Vec<Item>,
    /// A response that all hard ones accept; `None` where there is no hard one.
    pub witness: Option<String>,
}

/// Why draws were given up, and what was turned into something else.
pub type Tally = BTreeMap<&'static str, u64>;

/// What a place of a set may hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Want {
    /// Exactly this kind.
    Exactly(Kind),
    /// A hard one with this probability.
    Either(f64),
}

/// What sets are drawn from.
pub struct Pool {
    hard: Vec<&'static Rule>,
    held_out: Vec<&'static Rule>,
    soft: Vec<&'static SoftType>,
    profile: Profile,
}

impl Pool {
    /// The families that `recipe` chooses.
    pub fn of(recipe: &Resolved) -> Pool {
        let families = &recipe.families;
        let named = [&families.include[..], &families.held_out].concat();
        let chosen = registry::rules().filter(|rule| {
            pattern::chosen(&families.include, &families.exclude, rule.id)
                && !pattern::reserved(&named, rule.id)
        });
        let (held_out, hard) = chosen.partition(|rule| pattern::any(&families.held_out, rule.id));
        let soft = soft::all().iter();
        let soft = soft
            .filter(|kind| pattern::chosen(&recipe.soft.include, &recipe.soft.exclude, &kind.id));
        Pool { hard, held_out, soft: soft.collect(), profile: recipe.profile() }
    }

    /// How many different families a set of the test split, or of another, can hold.
    pub fn sizes(&self, test: bool) -> (usize, usize) {
        let held_out = if test { self.held_out.len() } else { 0 };
        (self.hard.len() + held_out, self.soft.len())
    }

    fn rule(&self, test: bool, rng: &mut Rng) -> Option<&'static Rule> {
        let n = self.sizes(test).0;
        if n == 0 {
            return None;
        }
        let at = rng.random_range(0..n);
        self.hard.get(at).or_else(|| self.held_out.get(at - self.hard.len())).copied()
    }
}

/// A set in the making.
struct Draft<'a> {
    pool: &'a Pool,
    request: &'a str,
    test: bool,
    items: Vec<Item>,
    hard: Vec<Constraint>,
}

/// The version of what sets are drawn from: it moves when a rule's id or schema, or the text or a
/// value of a soft type does, and with it the ids of builds.
pub fn fingerprint() -> String {
    let mut hasher = blake3::Hasher::new();
    let mut part = |text: &str| {
        hasher.update(text.as_bytes());
        hasher.update(&[0]);
    };
    for rule in registry::rules() {
        part(rule.id);
        part(rule.schema);
    }
    for kind in soft::all() {
        part(&kind.id);
        kind.texts.iter().for_each(|text| part(text));
        for (slot, values) in &kind.slots {
            part(slot);
            values.iter().for_each(|value| part(value));
        }
        kind.together.iter().flat_map(|row| &row.values).flatten().for_each(|value| part(value));
    }
    format!("constraints-{}", &hasher.finalize().to_hex()[..12])
}

/// Draws a set for `request` with a place for each of `wants`; at most `tries` sets are begun.
///
/// `test` lets the held-out families in. `tally` counts what was given up and why.
pub fn draw(
    pool: &Pool,
    request: &str,
    test: bool,
    wants: &[Want],
    tries: usize,
    rng: &mut Rng,
    tally: &mut Tally,
) -> Option<Set> {
    for _ in 0..tries {
        let mut draft = Draft { pool, request, test, items: Vec::new(), hard: Vec::new() };
        if wants.iter().all(|want| draft.fill(*want, rng, tally)) {
            if let Some(set) = draft.finish(rng, tally) {
                return Some(set);
            }
        } else {
            count(tally, "set_without_room");
        }
    }
    count(tally, "drawing_given_up");
    None
}

fn count(tally: &mut Tally, reason: &'static str) {
    *tally.entry(reason).or_default() += 1;
}

impl Draft<'_> {
    /// Draws until something fits the next place.
    fn fill(&mut self, want: Want, rng: &mut Rng, tally: &mut Tally) -> bool {
        let kind = match want {
            Want::Exactly(kind) => kind,
            Want::Either(share) if rng.random::<f64>() < share => Kind::Hard,
            Want::Either(_) => Kind::Soft,
        };
        // Where a kind is not told and there is none of it, the other takes its place.
        let (hard, soft) = self.pool.sizes(self.test);
        let kind = match (want, kind) {
            (Want::Either(_), Kind::Hard) if hard == 0 => Kind::Soft,
            (Want::Either(_), Kind::Soft) if soft == 0 => Kind::Hard,
            _ => kind,
        };
        (0..PLACE_TRIES).any(|_| match kind {
            Kind::Hard => self.hard(rng, tally),
            Kind::Soft => self.soft(matches!(want, Want::Exactly(_)), rng, tally),
        })
    }

    fn used(&self, id: &str) -> bool {
        self.items.iter().any(|item| item.id == id)
    }

    fn hard(&mut self, rng: &mut Rng, tally: &mut Tally) -> bool {
        let Some(rule) = self.pool.rule(self.test, rng) else { return false };
        if self.used(rule.id) {
            return false;
        }
        let args = (rule.sample)(&mut Draw { rng, request: self.request });
        let choice = rng.random_range(0..usize::MAX >> 1);
        let compiled = Constraint::compile(rule.id, args, self.pool.profile);
        let described = compiled.and_then(|c| c.describe(choice).map(|text| (c, text)));
        let Ok((constraint, text)) = described else {
            count(tally, "arguments_refused");
            return false;
        };
        self.admit(constraint, text, tally)
    }

    /// Takes a hard constraint in, unless it contradicts those that are in.
    fn admit(&mut self, constraint: Constraint, text: String, tally: &mut Tally) -> bool {
        let set: Vec<&Constraint> = self.hard.iter().chain([&constraint]).collect();
        if plan::conflict(&set).is_some() {
            count(tally, "conflict");
            return false;
        }
        let id = constraint.id();
        self.items.push(Item {
            kind: Kind::Hard,
            id,
            family: id.split_once(':').map_or(id, |(group, _)| group),
            text,
            args: Value::Object(constraint.args().clone()).to_string(),
        });
        self.hard.push(constraint);
        true
    }

    fn soft(&mut self, only_soft: bool, rng: &mut Rng, tally: &mut Tally) -> bool {
        if self.pool.soft.is_empty() {
            return false;
        }
        let kind = self.pool.soft[rng.random_range(0..self.pool.soft.len())];
        if self.used(&kind.id) {
            return false;
        }
        let drawn = soft::draw(kind, rng);
        if drawn.text.contains(['{', '}']) {
            count(tally, "leak");
            return false;
        }
        if self.items.iter().any(|item| item.text == drawn.text) {
            count(tally, "duplicate_text");
            return false;
        }
        if let Some(routed) = router::route(&drawn.text) {
            if only_soft {
                count(tally, "routed_and_redrawn");
                return false;
            }
            return self.routed(routed, drawn.text, tally);
        }
        let slots = drawn.slots.into_iter().map(|(name, value)| (name, Value::String(value)));
        self.items.push(Item {
            kind: Kind::Soft,
            id: &kind.id,
            family: &kind.family,
            text: drawn.text,
            args: Value::Object(slots.collect()).to_string(),
        });
        true
    }

    /// A soft text that a rule decides becomes a hard constraint, if the rule is chosen.
    fn routed(&mut self, routed: router::Routed, text: String, tally: &mut Tally) -> bool {
        let held_out: &[&Rule] = if self.test { &self.pool.held_out } else { &[] };
        let chosen = self.pool.hard.iter().chain(held_out).any(|rule| rule.id == routed.id);
        if !chosen || self.used(routed.id) {
            count(tally, "routed_and_redrawn");
            return false;
        }
        let Ok(constraint) = Constraint::compile(routed.id, routed.args, self.pool.profile) else {
            count(tally, "routed_and_refused");
            return false;
        };
        let admitted = self.admit(constraint, text, tally);
        if admitted {
            count(tally, "routed_to_hard");
        }
        admitted
    }

    fn finish(self, rng: &mut Rng, tally: &mut Tally) -> Option<Set> {
        if self.hard.is_empty() {
            return Some(Set { items: self.items, witness: None });
        }
        let set: Vec<&Constraint> = self.hard.iter().collect();
        match plan::witness(&set, rng) {
            Ok(witness) => Some(Set { items: self.items, witness: Some(witness) }),
            Err(conflict) => {
                count(tally, if conflict.proved { "conflict" } else { "unwitnessed" });
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use heedful_constraints::Text;
    use heedful_constraints::draw::stream;
    use heedful_constraints::registry::Origin;

    use super::*;

    fn pool(text: &str) -> Pool {
        let recipe = crate::recipe::parse(&format!("name = \"t\"\n{text}"), "t", Path::new(""));
        Pool::of(&recipe.expect("good"))
    }

    fn sets(pool: &Pool, wants: &[Want], n: u64) -> (Vec<Set>, Tally) {
        let mut tally = Tally::new();
        let one = |index| {
            let mut rng = stream(11, index);
            draw(pool, "Write about salt.", false, wants, 10, &mut rng, &mut tally)
        };
        ((0..n).filter_map(one).collect(), tally)
    }

    #[test]
    fn every_witness_satisfies_every_hard_constraint() {
        let (sets, tally) = sets(&pool(""), &[Want::Either(0.7); 5], 60);
        assert!(sets.len() >= 55, "{} sets, {tally:?}", sets.len());
        for set in sets {
            let text = set.witness.as_deref().unwrap_or_default();
            for item in set.items.iter().filter(|item| item.kind == Kind::Hard) {
                let args = crate::json::parse_object(&item.args).expect("JSON");
                let check = Constraint::compile(item.id, args, Profile::Corrected).expect("good");
                let verdict = check.check(&Text::new(text));
                assert!(verdict.satisfied, "{} {}: {}", item.id, item.args, verdict.reason);
            }
            let ids: std::collections::BTreeSet<&str> = set.items.iter().map(|i| i.id).collect();
            assert_eq!(ids.len(), set.items.len());
        }
    }

    #[test]
    fn kinds_are_kept_where_they_are_told() {
        use Kind::{Hard, Soft};
        let kinds = [Soft, Hard, Soft, Soft, Hard];
        let (sets, _) = sets(&pool(""), &kinds.map(Want::Exactly), 30);
        assert!(!sets.is_empty());
        for set in sets {
            assert_eq!(set.items.iter().map(|item| item.kind).collect::<Vec<_>>(), kinds);
        }
    }

    #[test]
    fn the_rules_of_ifbench_are_drawn_only_where_they_are_named() {
        let of_ifbench = |recipe: &str, test: bool| {
            let pool = pool(recipe);
            let held_out = pool.held_out.iter().filter(|_| test);
            let rules = pool.hard.iter().chain(held_out);
            rules.filter(|rule| registry::origin(rule.id) == Some(Origin::IfBench)).count()
        };
        assert_eq!(of_ifbench("", true), 0);
        assert_eq!(of_ifbench("[families]\ninclude = [\"count:*\"]", true), 0);
        assert_eq!(of_ifbench("[families]\ninclude = [\"@ifbench\"]", false), 58);
        assert_eq!(of_ifbench("[families]\ninclude = [\"count:numbers\"]", false), 1);
        let held_out = "[families]\nheld_out = [\"@ifbench\"]";
        assert_eq!([of_ifbench(held_out, false), of_ifbench(held_out, true)], [0, 58]);
        let without = "[families]\nexclude = [\"@iftrain\"]";
        assert_eq!(pool("").sizes(false).0 - pool(without).sizes(false).0, 29);
    }

    #[test]
    fn held_out_families_stay_out_of_training() {
        let pool = pool("[families]\nheld_out = [\"punctuation:*\"]");
        assert!(pool.sizes(true).0 > pool.sizes(false).0);
        let (sets, _) = sets(&pool, &[Want::Exactly(Kind::Hard); 3], 60);
        assert!(sets.iter().all(|s| s.items.iter().all(|i| i.family != "punctuation")));
    }
}
