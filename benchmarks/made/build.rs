//! A candidate for one place of a benchmark: drawn, said, split into questions, witnessed.

use heedful_constraints::draw::{Rng, stream};
use heedful_constraints::{Constraint, Text, plan};
use heedful_datasets::seeds::Seed;

use super::compose::{Branch, Builder, Draft, Side};
use super::decide::decide_rules;
use super::item::{Composition, Decoy, How, Item, Question};
use super::pool::{Against, Ask, Pool, Used};
use super::prompt;
use super::recipe::Resolved;
use super::tally::Tally;
use crate::cfbench::Priority;

/// How often a place is tried before the benchmark is given up.
pub(super) const ATTEMPTS: u64 = 200;

/// What candidates are made from.
pub(super) struct Maker<'a> {
    pub(super) recipe: &'a Resolved,
    pub(super) pool: Pool,
    pub(super) seeds: &'a [Seed],
    pub(super) slots: Vec<(Composition, usize)>,
}

impl Maker<'_> {
    /// The candidate of the attempt for the place `slot`: the same on whichever thread.
    pub(super) fn candidate(
        &self,
        slot: usize,
        attempt: u64,
        used: &Used,
    ) -> (Option<Item>, Tally) {
        let mut tally = Tally::default();
        let mut rng = stream(self.recipe.seed, slot as u64 * ATTEMPTS + attempt);
        let item = self.item(slot, attempt, used, &mut rng, &mut tally);
        (item, tally)
    }

    fn item(
        &self,
        slot: usize,
        attempt: u64,
        used: &Used,
        rng: &mut Rng,
        tally: &mut Tally,
    ) -> Option<Item> {
        let (composition, level) = self.slots[slot];
        // A step that shares no divisor with most numbers of seeds goes round all of them.
        let seed = &self.seeds[(slot + attempt as usize * 31) % self.seeds.len()];
        let in_parts = matches!(composition, Composition::Chain | Composition::Nested);
        let against = Against { used, request: &seed.instruction, part: in_parts };
        let builder = Builder::new(self.recipe, &self.pool, against, &mut *rng, &mut *tally);
        let Some(draft) = builder.draft(composition, level) else {
            tally.add("no_set_found");
            return None;
        };
        let prompt = prompt::write(&draft, &seed.instruction, rng);
        let questions = Questions::of(&draft, &seed.instruction, self.recipe.tasks);
        let Some(witness) = witness(&draft, rng) else {
            tally.add("unwitnessed");
            return None;
        };
        let mut item = Item {
            key: format!("{}-{slot:05}", composition.name().to_lowercase()),
            id: String::new(),
            prompt,
            instruction: seed.instruction.clone(),
            task: seed.kind.clone(),
            seed_id: seed.id.clone(),
            language: seed.language.clone(),
            composition,
            category: draft.category.clone(),
            level,
            difficulty: self.recipe.difficulty(level),
            profile: self.recipe.profile(),
            parts: draft.steps.len(),
            conditions: conditions(&draft),
            questions,
            witness,
        };
        if !holds(&item) {
            tally.add("witness_refused");
            return None;
        }
        item.id = id(&item);
        Some(item)
    }
}

/// The digest of what is asked.
fn id(item: &Item) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [&item.seed_id, &item.prompt, &item.questions_json()] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// Whether the witness is accepted by every rule of the right branch, and by none that tells the
/// wrong one.
fn holds(item: &Item) -> bool {
    let Ok(decided) = decide_rules(item, &item.witness) else { return false };
    let parts = super::parts(&item.witness);
    let tells = |question: &Question| {
        let Some(decoy) = &question.decoy else { return true };
        let text = question.part.map_or(item.witness.as_str(), |part| parts[part - 1]);
        let decoy = Constraint::compile(&decoy.id, decoy.args.clone(), item.profile);
        decoy.is_ok_and(|decoy| !decoy.check(&Text::new(text)).satisfied)
    };
    parts.len() == item.parts
        && decided.iter().all(|decision| *decision != Some(false))
        && decided.contains(&Some(true))
        && item.questions.iter().all(tells)
}

/// A response that all rules of the right branches accept, part by part.
fn witness(draft: &Draft, rng: &mut Rng) -> Option<String> {
    let parts = draft.steps.iter().map(|step| {
        let places = step.right();
        plan::witness(&draft.rules(&places), rng).ok()
    });
    Some(parts.collect::<Option<Vec<String>>>()?.join("\n\n***\n\n"))
}

fn conditions(draft: &Draft) -> Vec<(String, bool)> {
    let mut list = Vec::new();
    for step in &draft.steps {
        let mut branch = step.branch.as_ref();
        while let Some(Branch { condition, right, .. }) = branch {
            list.push((format!("{} If {}", condition.given, condition.claim), condition.holds));
            branch = right.inner.as_deref();
        }
    }
    list
}

/// The questions of a draft in the making.
struct Questions<'a> {
    draft: &'a Draft,
    list: Vec<Question>,
}

impl Questions<'_> {
    /// All questions: each after those that it depends on.
    fn of(draft: &Draft, instruction: &str, tasks: bool) -> Vec<Question> {
        let mut all = Questions { draft, list: Vec::new() };
        let parts = draft.steps.len();
        // What the parts so far rest on, and so those after them.
        let mut before = Vec::new();
        if parts > 1 {
            let text = format!("The response has exactly {parts} parts, with *** between them.");
            before.push(all.form(text, How::Parts, "structure", None, Vec::new()));
        }
        for (at, step) in draft.steps.iter().enumerate() {
            let part = (parts > 1).then_some(at + 1);
            let mut dep = before.clone();
            let first = all.list.len();
            if parts > 1 && tasks {
                let text = step.task.as_deref().unwrap_or(instruction).to_owned();
                dep.push(all.form(text, How::Task, "task", part, dep.clone()));
            }
            for &place in &step.common {
                let labels = if parts > 1 { &["Chain"] } else { &["And"] };
                all.ask(place, labels, part, &dep);
            }
            if let Some(branch) = &step.branch {
                let labels: &[&str] =
                    if parts > 1 { &["Chain", "Selection"] } else { &["Selection"] };
                all.branch(branch, labels, part, &dep);
            }
            if parts > 1 {
                before.push(first);
            }
        }
        all.list
    }

    /// A question that comes with the form of the response.
    fn form(
        &mut self,
        text: String,
        how: How,
        family: &str,
        part: Option<usize>,
        dep: Vec<usize>,
    ) -> usize {
        self.list.push(Question {
            text,
            how,
            priority: Priority::Primary,
            dep,
            composition: vec!["Chain".to_owned()],
            family: family.to_owned(),
            part,
            decoy: None,
        });
        self.list.len() - 1
    }

    fn ask(&mut self, place: usize, labels: &[&str], part: Option<usize>, dep: &[usize]) -> usize {
        let ask = &self.draft.asks[place];
        let id = ask.id.to_owned();
        self.list.push(Question {
            text: ask.text.clone(),
            how: match &ask.rule {
                Some(rule) => How::Rule { id, args: rule.args().clone() },
                None => How::Soft { id },
            },
            priority: ask.priority,
            dep: dep.to_vec(),
            composition: labels.iter().map(|label| (*label).to_owned()).collect(),
            family: ask.family.to_owned(),
            part,
            decoy: None,
        });
        self.list.len() - 1
    }

    /// The questions of the right side: the first tells the choice, and all else depends on it.
    fn branch(&mut self, branch: &Branch, labels: &[&str], part: Option<usize>, dep: &[usize]) {
        let Side { first, rest, inner } = &branch.right;
        let at = self.ask(*first, labels, part, dep);
        self.list[at].decoy = decoy(&self.draft.asks[branch.wrong.first]);
        let dep = [dep, &[at]].concat();
        for &place in rest {
            self.ask(place, labels, part, &dep);
        }
        if let Some(inner) = inner {
            self.branch(inner, labels, part, &dep);
        }
    }
}

fn decoy(ask: &Ask) -> Option<Decoy> {
    let rule = ask.rule.as_ref()?;
    let (id, args) = (ask.id.to_owned(), rule.args().clone());
    Some(Decoy { id, args, text: ask.text.clone() })
}
