//! Answers: a plan that meets what is to be obeyed, words for it, and the checks' say.

use heedful_constraints::draw::{Rng, args};
use heedful_constraints::{Constraint, Text};
use rand::RngExt as _;
use serde_json::json;

use super::clause::chance;
use super::draw::{Asked, Demonstrations};
use super::families::Family;
use super::plan::Plan;
use super::realise::realise;
use super::scene::Scene;
use super::traits::{Trait, Traits, traits};

/// How often an answer is drawn again where the checks say something else than what was meant.
const TRIES: usize = 24;

/// A constraint with what its answer needs.
pub(super) struct Item {
    pub asked: Asked,
    pub hard: Option<(&'static Family, Constraint)>,
}

impl Item {
    /// Whether a text with these traits obeys it.
    pub(super) fn obeyed(&self, text: &Text<'_>, shown: Traits) -> bool {
        match (&self.hard, self.asked.soft) {
            (Some((_, constraint)), _) => constraint.check(text).satisfied,
            (None, wanted) => wanted.is_some_and(|wanted| shown.has(wanted)),
        }
    }
}

impl Demonstrations {
    /// A text that obeys what `wants` says and nothing else, as nearly as was found, and the traits
    /// that it was made to have.
    pub(super) fn answer(
        &self,
        scene: &Scene,
        items: &[Item],
        wants: &[bool],
        rng: &mut Rng,
    ) -> (String, Traits) {
        let stray = chance(rng, self.recipe.stray);
        let mut best: Option<(usize, String, Traits)> = None;
        for attempt in 0..TRIES {
            let plan = self.plan(scene, items, wants, stray && attempt < TRIES / 2, rng);
            let text = realise(scene, &plan, rng);
            let shown = traits(&text);
            let read = Text::new(&text);
            let hits = items.iter().zip(wants);
            let hits = hits.filter(|(item, want)| item.obeyed(&read, shown) == **want);
            // A text whose words do not show what it was made to show counts as no text.
            let hits = if shown == plan.traits { hits.count() + 1 } else { 0 };
            if best.as_ref().is_none_or(|(most, ..)| hits > *most) {
                best = Some((hits, text, plan.traits));
                if hits == items.len() + 1 {
                    break;
                }
            }
        }
        let (_, text, tagged) = best.expect("there is one try at least");
        (text, tagged)
    }

    fn plan(
        &self,
        scene: &Scene,
        items: &[Item],
        wants: &[bool],
        stray: bool,
        rng: &mut Rng,
    ) -> Plan {
        // Two to five sentences, three or four as a rule.
        const USUAL: [f64; 4] = [0.15, 0.5, 0.3, 0.05];
        let mut plan = Plan::plain(2 + weighted(&USUAL, rng));
        let mut held = 0;
        for (item, want) in items.iter().zip(wants) {
            let near = !want && chance(rng, self.recipe.near);
            match (&item.hard, item.asked.soft) {
                (Some((family, _)), _) => {
                    held |= family.holds;
                    if *want {
                        (family.apply)(&item.asked.args, &mut plan, rng);
                    } else if near && let Some(args) = (family.near)(&item.asked.args, rng) {
                        (family.apply)(&args, &mut plan, rng);
                    }
                }
                (None, Some(wanted)) if *want => plan.traits.insert(wanted),
                (None, Some(wanted)) if near => plan.traits.insert(wanted.opposite()),
                (None, _) => {}
            }
        }
        if stray {
            self.stray(scene, items, held, &mut plan, rng);
        }
        plan
    }

    /// One thing that nobody asked for.
    fn stray(&self, scene: &Scene, items: &[Item], held: u32, plan: &mut Plan, rng: &mut Rng) {
        let soft = rng.random_range(0..4u32) == 0;
        let shown = self.soft[rng.random_range(0..self.soft.len())];
        let family = self.families[rng.random_range(0..self.families.len())];
        if soft {
            let asked =
                |item: &Item| item.asked.soft.is_some_and(|t| t == shown || t == shown.opposite());
            if !items.iter().any(asked) {
                plan.traits.insert(shown);
            }
        } else if family.holds & held == 0 && !items.iter().any(|i| i.asked.id == family.id) {
            let args = (family.sample)(scene, rng);
            (family.apply)(&args, plan, rng);
        }
    }
}

pub(super) fn soft_item(wanted: Trait, choice: usize) -> Item {
    let args = args([("trait", json!(wanted.name()))]);
    let text = wanted.describe(choice).to_owned();
    Item { asked: Asked { id: wanted.soft_type(), args, text, soft: Some(wanted) }, hard: None }
}

/// An index, drawn by weights that are not all zero.
pub(super) fn weighted(weights: &[f64], rng: &mut Rng) -> usize {
    let mut place = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (at, weight) in weights.iter().enumerate() {
        place -= weight;
        if place < 0.0 {
            return at;
        }
    }
    weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0)
}
