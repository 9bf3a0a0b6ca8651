//! How constraints are hung together: which are drawn for which step and branch of an item.

use heedful_constraints::draw::Rng;
use heedful_constraints::{Constraint, plan};
use rand::RngExt as _;

use super::condition::{Condition, Subject};
use super::item::Composition;
use super::pool::{Against, Ask, Pool};
use super::recipe::Resolved;
use super::steps;
use super::tally::Tally;
use crate::cfbench::Priority;

/// How often one place is drawn anew.
const TRIES: usize = 12;

/// An instruction in the making: its steps, or the one whole of it. Constraints are told by their
/// places in `asks`.
pub(super) struct Draft {
    /// All constraints, of right branches and wrong ones.
    pub(super) asks: Vec<Ask>,
    /// One for each part of the response.
    pub(super) steps: Vec<Step>,
    /// The composition with its steps or depth.
    pub(super) category: String,
}

/// What is asked of one part of the response.
#[derive(Default)]
pub(super) struct Step {
    /// What it is to do with the part before; none in the first.
    pub(super) task: Option<String>,
    /// What holds in any case.
    pub(super) common: Vec<usize>,
    /// What a condition decides.
    pub(super) branch: Option<Branch>,
}

/// A condition with what it decides between.
pub(super) struct Branch {
    /// What the prompt says of it.
    pub(super) condition: Condition,
    /// What is asked, the condition being as it is.
    pub(super) right: Side,
    /// What would be asked otherwise.
    pub(super) wrong: Side,
}

/// One side of a condition.
pub(super) struct Side {
    /// What no response can do together with the first of the other side.
    pub(super) first: usize,
    /// What else is asked.
    pub(super) rest: Vec<usize>,
    /// A condition inside.
    pub(super) inner: Option<Box<Branch>>,
}

impl Side {
    /// Its constraints, without those of an inner condition.
    pub(super) fn own(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.first).chain(self.rest.iter().copied())
    }
}

impl Step {
    /// The constraints that hold, the conditions being as they are.
    pub(super) fn right(&self) -> Vec<usize> {
        let mut list = self.common.clone();
        let mut branch = self.branch.as_ref();
        while let Some(Branch { right, .. }) = branch {
            list.extend(right.own());
            branch = right.inner.as_deref();
        }
        list
    }

    /// What would hold if the outer condition, or only the inner one, were otherwise.
    fn otherwise(&self) -> Vec<Vec<usize>> {
        let mut before = self.common.clone();
        let mut worlds = Vec::new();
        let mut branch = self.branch.as_ref();
        while let Some(Branch { right, wrong, .. }) = branch {
            worlds.push(before.iter().copied().chain(wrong.own()).collect());
            before.extend(right.own());
            branch = right.inner.as_deref();
        }
        worlds
    }
}

/// What drafts are made from.
pub(super) struct Builder<'a> {
    pub(super) recipe: &'a Resolved,
    pub(super) pool: &'a Pool,
    pub(super) against: Against<'a>,
    pub(super) rng: &'a mut Rng,
    pub(super) tally: &'a mut Tally,
    asks: Vec<Ask>,
    /// The places of scored constraints, by part.
    scored: Vec<Vec<usize>>,
    /// Whether the next of the scored constraints must be one of a rule.
    hard: bool,
    subject: Option<Subject>,
}

impl<'a> Builder<'a> {
    /// Nothing drawn yet.
    pub(super) fn new(
        recipe: &'a Resolved,
        pool: &'a Pool,
        against: Against<'a>,
        rng: &'a mut Rng,
        tally: &'a mut Tally,
    ) -> Builder<'a> {
        let (asks, scored) = (Vec::new(), Vec::new());
        Builder { recipe, pool, against, rng, tally, asks, scored, hard: true, subject: None }
    }

    /// Draws a draft with `level` scored constraints.
    pub(super) fn draft(mut self, composition: Composition, level: usize) -> Option<Draft> {
        let (category, steps) = match composition {
            Composition::And => ("And".to_owned(), vec![self.step(1, level, None)?]),
            Composition::Selection => {
                let inside = 1 + self.below(level.min(3));
                let steps = vec![self.step(1, level - inside, Some((inside, 0)))?];
                ("Selection_1".to_owned(), steps)
            }
            Composition::Chain => {
                let count = if level >= 4 { 2 + self.below(2) } else { 2 };
                (format!("Chain_{count}"), self.chain(count, level, None)?)
            }
            Composition::Nested if self.below(2) == 0 => {
                let with = self.below(2);
                ("Nested_1".to_owned(), self.chain(2, level, Some(with))?)
            }
            Composition::Nested => {
                // One constraint at least tells each of the two choices.
                let inner = 1 + self.below((level - 1).min(2));
                let steps = vec![self.step(1, level - 1 - inner, Some((1, inner)))?];
                ("Nested_2".to_owned(), steps)
            }
        };
        self.prioritise(&steps);
        let draft = Draft { asks: self.asks, steps, category };
        let impossible = draft.steps.iter().flat_map(Step::otherwise).any(|world| {
            let rules: Vec<&Constraint> = draft.rules(&world);
            plan::conflict(&rules).is_some()
        });
        if impossible {
            self.tally.add("wrong_branch_impossible");
            return None;
        }
        Some(draft)
    }

    fn below(&mut self, n: usize) -> usize {
        self.rng.random_range(0..n.max(1))
    }

    /// `count` steps with `level` constraints, one at least in each; step `with` has a condition.
    fn chain(&mut self, count: usize, level: usize, with: Option<usize>) -> Option<Vec<Step>> {
        let mut sizes = vec![1; count];
        for _ in count..level {
            let at = self.below(count);
            sizes[at] += 1;
        }
        let mut tasks = steps::draw(count - 1, self.rng).into_iter();
        let mut list = Vec::with_capacity(count);
        for (at, size) in sizes.into_iter().enumerate() {
            let inside = if with == Some(at) { 1 + self.below(size.min(3)) } else { 0 };
            let branch = (inside > 0).then_some((inside, 0));
            let mut step = self.step(at + 1, size - inside, branch)?;
            step.task = if at == 0 { None } else { tasks.next() };
            list.push(step);
        }
        Some(list)
    }

    /// A step with so many constraints in any case, and those of a condition and one inside it.
    fn step(&mut self, part: usize, common: usize, inside: Option<(usize, usize)>) -> Option<Step> {
        let branch = match inside {
            None => None,
            Some((own, inner)) => Some(self.branch(part, own, inner)?),
        };
        let common = (0..common).map(|_| self.any(part)).collect::<Option<Vec<usize>>>()?;
        Some(Step { task: None, common, branch })
    }

    fn branch(&mut self, part: usize, own: usize, inner: usize) -> Option<Branch> {
        let subject = Subject::draw(self.subject, self.rng);
        self.subject = Some(subject);
        let holds = self.below(2) == 0;
        let condition = subject.condition(holds, self.rng)?;
        let (first, rival) = self.pair(part)?;
        let rest = (1..own).map(|_| self.any(part)).collect::<Option<Vec<usize>>>()?;
        let mut others = vec![rival];
        for _ in 1..own {
            let next = self.decoy(&others)?;
            others.push(next);
        }
        let wrong = Side { first: rival, rest: others.split_off(1), inner: None };
        let inner = match inner {
            0 => None,
            own => Some(Box::new(self.branch(part, own, 0)?)),
        };
        Some(Branch { condition, right: Side { first, rest, inner }, wrong })
    }

    /// A scored constraint, by a rule or not as the recipe's share has it; the first is by a rule.
    fn any(&mut self, part: usize) -> Option<usize> {
        let hard = self.hard || self.rng.random::<f64>() < self.recipe.rule_share;
        self.scored(hard, part)
    }

    /// A scored constraint that does not contradict those of its part.
    fn scored(&mut self, hard: bool, part: usize) -> Option<usize> {
        self.scored.resize_with(self.scored.len().max(part), Vec::new);
        for _ in 0..TRIES {
            let taken: Vec<&Ask> = self.scored.iter().flatten().map(|&at| &self.asks[at]).collect();
            let ask = self.pool.draw(hard, self.against, &taken, self.rng, self.tally)?;
            if self.asks.iter().any(|other| other.is_same(&ask)) {
                self.tally.add("asked_in_two_branches");
                continue;
            }
            let beside = self.scored[part - 1].iter().filter_map(|&at| self.asks[at].rule.as_ref());
            let rules: Vec<&Constraint> = beside.chain(&ask.rule).collect();
            if ask.rule.is_some() && plan::conflict(&rules).is_some() {
                self.tally.add("conflict");
                continue;
            }
            self.hard &= ask.rule.is_none();
            self.asks.push(ask);
            self.scored[part - 1].push(self.asks.len() - 1);
            return Some(self.asks.len() - 1);
        }
        None
    }

    /// A scored constraint, and one for the other side that no response can satisfy with it.
    fn pair(&mut self, part: usize) -> Option<(usize, usize)> {
        for _ in 0..TRIES {
            let first = self.scored(true, part)?;
            let ask = &self.asks[first];
            match self.pool.rival(ask, self.against, self.rng, self.tally) {
                Some(rival) if !self.asks.iter().any(|other| other.is_same(&rival)) => {
                    self.asks.push(rival);
                    return Some((first, first + 1));
                }
                _ => {
                    self.asks.pop();
                    self.scored[part - 1].pop();
                }
            }
        }
        None
    }

    /// A constraint of a wrong side, which goes with the others of that side.
    fn decoy(&mut self, beside: &[usize]) -> Option<usize> {
        for _ in 0..TRIES {
            let hard = self.rng.random::<f64>() < self.recipe.rule_share;
            let taken: Vec<&Ask> = beside.iter().map(|&at| &self.asks[at]).collect();
            let ask = self.pool.draw(hard, self.against, &taken, self.rng, self.tally)?;
            if self.asks.iter().any(|other| other.is_same(&ask)) {
                self.tally.add("asked_in_two_branches");
                continue;
            }
            let rules = taken.iter().filter_map(|other| other.rule.as_ref()).chain(&ask.rule);
            if plan::conflict(&rules.collect::<Vec<_>>()).is_some() {
                self.tally.add("conflict");
                continue;
            }
            self.asks.push(ask);
            return Some(self.asks.len() - 1);
        }
        None
    }

    /// What tells a branch comes first; the others by the recipe's share, but one at least.
    fn prioritise(&mut self, steps: &[Step]) {
        for ask in &mut self.asks {
            if self.rng.random::<f64>() < self.recipe.primary_share {
                ask.priority = Priority::Primary;
            }
        }
        for step in steps {
            let mut branch = step.branch.as_ref();
            while let Some(Branch { right, wrong, .. }) = branch {
                self.asks[right.first].priority = Priority::Primary;
                self.asks[wrong.first].priority = Priority::Primary;
                branch = right.inner.as_deref();
            }
        }
        let right: Vec<usize> = steps.iter().flat_map(Step::right).collect();
        let primary = |at: &&usize| self.asks[**at].priority == Priority::Primary;
        if right.iter().find(primary).is_none()
            && let Some(first) = right.first()
        {
            self.asks[*first].priority = Priority::Primary;
        }
    }
}

impl Draft {
    /// Those of the constraints at `places` that a rule decides.
    pub(super) fn rules(&self, places: &[usize]) -> Vec<&Constraint> {
        places.iter().filter_map(|&at| self.asks[at].rule.as_ref()).collect()
    }
}
