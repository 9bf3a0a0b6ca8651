//! Drawing: instructions with constraints, and answers that obey those that they are meant to.

use std::ops::Range;

use heedful_constraints::args::Args;
use heedful_constraints::draw::{Rng, stream};
use heedful_constraints::{Constraint, Profile, Text};
use rand::RngExt as _;

use super::answer::{Item, soft_item, weighted};
use super::clause::chance;
use super::families::{self, Family};
use super::recipe::{MOST, Recipe};
use super::scene::{Scene, Task};
use super::traits::{Trait, Traits, traits};
use super::{Error, Result};

/// Streams of chance that must not meet: demonstrations, answers, and one a split.
const DEMONSTRATIONS: u64 = 0x6a09_e667_f3bc_c908;
const ANSWERS: u64 = 0xbb67_ae85_84ca_a73b;
const PROMPTS: [u64; 4] =
    [0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1, 0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f];

/// A part of the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// The scenes that demonstrations have as well; families that are not held out.
    Train,
    /// Other scenes; families that are not held out.
    Dev,
    /// Yet other scenes; families that are not held out.
    Test,
    /// The scenes of the test split; held-out families only.
    HeldOut,
}

impl Split {
    /// All splits.
    pub const ALL: [Split; 4] = [Split::Train, Split::Dev, Split::Test, Split::HeldOut];

    /// Its name in rows.
    pub fn name(self) -> &'static str {
        ["train", "dev", "test", "held-out"][self as usize]
    }
}

/// A constraint as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The id of the rule or of the soft type.
    pub id: &'static str,
    /// The arguments; those of a soft constraint are its `trait`.
    pub args: Args,
    /// The sentence in the prompt.
    pub text: String,
    /// The trait that a soft constraint asks for; `None` for a hard one.
    pub soft: Option<Trait>,
}

impl Asked {
    /// What rates are told apart by: the rule's id, or the soft type's with the trait's name.
    pub fn label(&self) -> String {
        self.soft.map_or_else(|| self.id.to_owned(), |shown| format!("{}/{shown}", self.id))
    }
}

/// An instruction with its constraints, in the order in which a ladder adds them.
#[derive(Clone)]
pub struct Prompt {
    /// Its number in the split.
    pub index: u64,
    /// Its task.
    pub task: Task,
    /// The instruction without constraints.
    pub instruction: String,
    /// The constraints: [`MOST`] of them, fewer where the held-out families do not go together.
    pub asked: Vec<Asked>,
    pub(super) scene: Scene,
}

impl Prompt {
    /// The text of level `level`: the instruction with its first `level` constraints.
    pub fn text(&self, level: usize) -> String {
        let mut text = self.instruction.clone();
        for asked in self.asked.iter().take(level) {
            text.push(' ');
            text.push_str(&asked.text);
            if text.ends_with(|c: char| c.is_alphanumeric()) {
                text.push('.');
            }
        }
        text
    }
}

/// An instruction with an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Demonstration {
    /// Its number.
    pub index: u64,
    /// Its task.
    pub task: Task,
    /// The instruction without constraints.
    pub instruction: String,
    /// The instruction with its constraints: what the user says.
    pub prompt: String,
    /// The constraints.
    pub asked: Vec<Asked>,
    /// Whether the answer obeys each of them: the check's verdict, or the trait's truth.
    pub obeyed: Vec<bool>,
    /// The traits that the answer was made to have.
    pub tagged: Traits,
    /// The traits that its words show.
    pub shown: Traits,
    /// The answer.
    pub answer: String,
}

/// The demonstrations of a recipe and a seed.
pub struct Demonstrations {
    pub(super) recipe: Recipe,
    profile: Profile,
    seed: u64,
    /// The families that are asked for, and those of them that are not held out, and the others.
    pub(super) families: Vec<&'static Family>,
    kept: Vec<&'static Family>,
    held_out: Vec<&'static Family>,
    pub(super) soft: Vec<Trait>,
}

impl Demonstrations {
    /// The demonstrations of this recipe; each seed gives others.
    ///
    /// # Errors
    /// A recipe that [`Recipe::check`] refuses, or whose tasks leave a split without scenes.
    pub fn new(recipe: Recipe, seed: u64) -> Result<Demonstrations> {
        recipe.check()?;
        let profile = recipe.profile()?;
        let include = &recipe.families.include;
        let named = |list: &[String], family: &Family| list.iter().any(|id| id == family.id);
        let all = families::ALL.iter();
        let families: Vec<_> =
            all.filter(|family| include.is_empty() || named(include, family)).collect();
        let out = |family: &&&'static Family| named(&recipe.families.held_out, family);
        let held_out: Vec<_> = families.iter().filter(out).copied().collect();
        let kept: Vec<_> = families.iter().filter(|family| !out(family)).copied().collect();
        let soft = match recipe.soft.include.is_empty() {
            true => Trait::ALL.to_vec(),
            false => recipe.soft.include.clone(),
        };
        let drawn = Demonstrations { recipe, profile, seed, families, kept, held_out, soft };
        drawn.check_scenes()?;
        Ok(drawn)
    }

    /// Few tasks have few scenes, and a small split may then have none: drawing would not end.
    fn check_scenes(&self) -> Result<()> {
        let weights = self.weights();
        let mut seen = [false; 3];
        for index in 0..4096 {
            let mut rng = stream(0, index);
            let scene = Scene::draw(Task::ALL[weighted(&weights, &mut rng)], &mut rng);
            seen[self.split_of(&scene) as usize] = true;
        }
        match seen.iter().all(|seen| *seen) {
            true => Ok(()),
            false => Err(Error::value("splits", &self.recipe.splits, "leaves one without scenes")),
        }
    }

    fn weights(&self) -> [f64; Task::ALL.len()] {
        Task::ALL.map(|task| self.recipe.weight(task))
    }

    /// The recipe.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// How verdicts are read.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The demonstration `index`: the same whatever was drawn before it and on whichever thread.
    pub fn draw(&self, index: u64) -> Demonstration {
        let mut rng = stream(self.seed ^ DEMONSTRATIONS, index);
        let scene = self.scene(Split::Train, &mut rng);
        let instruction = scene.instruction(rng.random_range(0..3));
        let level = weighted(&self.recipe.levels, &mut rng);
        let items = self.items(&scene, level, &self.families, true, &mut rng);
        let wants: Vec<bool> = items
            .iter()
            .map(|item| {
                let id = item.hard.as_ref().map(|(family, _)| family.id);
                chance(&mut rng, self.recipe.rate(id, items.len()))
            })
            .collect();
        let (answer, tagged) = self.answer(&scene, &items, &wants, &mut rng);
        let asked = items.iter().map(|item| item.asked.clone()).collect();
        let prompt = Prompt { index, task: scene.task, instruction, asked, scene };
        let level = items.len();
        demonstration(&prompt, level, &items, answer, tagged)
    }

    /// The demonstrations of a range, in order.
    pub fn range(&self, range: Range<u64>) -> impl Iterator<Item = Demonstration> {
        range.map(|index| self.draw(index))
    }

    /// The prompt `index` of a split, without an answer.
    pub fn prompt(&self, split: Split, index: u64) -> Prompt {
        let mut rng = stream(self.seed ^ PROMPTS[split as usize], index);
        let scene = self.scene(split, &mut rng);
        let instruction = scene.instruction(rng.random_range(0..3));
        let held_out = split == Split::HeldOut;
        let families = if held_out { &self.held_out } else { &self.kept };
        let items = self.items(&scene, MOST, families, !held_out, &mut rng);
        let asked = items.into_iter().map(|item| item.asked).collect();
        Prompt { index, task: scene.task, instruction, asked, scene }
    }

    /// The prompts of a split, without end.
    pub fn prompts(&self, split: Split) -> impl Iterator<Item = Prompt> {
        (0..).map(move |index| self.prompt(split, index))
    }

    /// An answer to a prompt's first constraints, one for each of `wants`, that obeys those that
    /// it is told to; `sample` gives others. For witnesses and for groups of graded answers.
    /// Whether that worked is in [`Demonstration::obeyed`].
    pub fn respond(&self, prompt: &Prompt, wants: &[bool], sample: u64) -> Demonstration {
        let mixed = prompt.index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut rng = stream(self.seed ^ ANSWERS ^ mixed, sample);
        let asked = prompt.asked.iter().take(wants.len());
        let items: Vec<Item> = asked.map(|asked| self.item(asked.clone())).collect();
        let wants = &wants[..items.len()];
        let (answer, tagged) = self.answer(&prompt.scene, &items, wants, &mut rng);
        demonstration(prompt, items.len(), &items, answer, tagged)
    }

    /// Whether a text obeys a constraint: the check's verdict, or a trait's truth.
    pub fn judge(&self, asked: &Asked, answer: &str) -> bool {
        self.item(asked.clone()).obeyed(&Text::new(answer), traits(answer))
    }

    fn item(&self, asked: Asked) -> Item {
        let hard = asked.soft.is_none().then(|| {
            let family = families::find(asked.id).expect("the grammar asked for it");
            (family, self.compile(family, &asked.args))
        });
        Item { asked, hard }
    }

    fn compile(&self, family: &Family, args: &Args) -> Constraint {
        Constraint::compile(family.id, args.clone(), self.profile)
            .expect("arguments of the grammar are good: tested")
    }

    fn scene(&self, split: Split, rng: &mut Rng) -> Scene {
        let weights = self.weights();
        // It ends: `new` has found scenes of every split.
        loop {
            let scene = Scene::draw(Task::ALL[weighted(&weights, rng)], rng);
            if self.split_of(&scene) == split.scenes() {
                return scene;
            }
        }
    }

    fn split_of(&self, scene: &Scene) -> Split {
        let splits = self.recipe.splits;
        let total = splits.train + splits.dev + splits.test;
        let place = (scene.key() >> 11) as f64 / (1_u64 << 53) as f64 * total;
        if place < splits.train {
            Split::Train
        } else if place < splits.train + splits.dev {
            Split::Dev
        } else {
            Split::Test
        }
    }

    /// Up to `n` constraints that go together.
    fn items(
        &self,
        scene: &Scene,
        n: usize,
        families: &[&'static Family],
        soft: bool,
        rng: &mut Rng,
    ) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::with_capacity(n);
        let mut held = 0;
        for _ in 0..n * 40 {
            if items.len() == n {
                break;
            }
            let choice = rng.random_range(0..self.recipe.paraphrases);
            if soft && chance(rng, self.recipe.soft_share) {
                let wanted = self.soft[rng.random_range(0..self.soft.len())];
                let taken = |item: &Item| {
                    item.asked.soft.is_some_and(|t| t == wanted || t == wanted.opposite())
                };
                if !items.iter().any(taken) {
                    items.push(soft_item(wanted, choice));
                }
            } else if !families.is_empty() {
                let family = families[rng.random_range(0..families.len())];
                let taken = items.iter().any(|item| item.asked.id == family.id);
                if held & family.holds == 0 && !taken {
                    held |= family.holds;
                    items.push(self.hard_item(scene, family, choice, rng));
                }
            }
        }
        items
    }

    fn hard_item(
        &self,
        scene: &Scene,
        family: &'static Family,
        choice: usize,
        rng: &mut Rng,
    ) -> Item {
        let args = (family.sample)(scene, rng);
        let constraint = self.compile(family, &args);
        let text = constraint.describe(choice).expect("arguments fill the paraphrases: tested");
        let asked = Asked { id: family.id, args, text, soft: None };
        Item { asked, hard: Some((family, constraint)) }
    }
}

impl Split {
    /// The split that has its scenes.
    fn scenes(self) -> Split {
        if self == Split::HeldOut { Split::Test } else { self }
    }
}

fn demonstration(
    prompt: &Prompt,
    level: usize,
    items: &[Item],
    answer: String,
    tagged: Traits,
) -> Demonstration {
    let shown = traits(&answer);
    let read = Text::new(&answer);
    let obeyed = items.iter().map(|item| item.obeyed(&read, shown)).collect();
    Demonstration {
        index: prompt.index,
        task: prompt.task,
        instruction: prompt.instruction.clone(),
        prompt: prompt.text(level),
        asked: prompt.asked[..level].to_vec(),
        obeyed,
        tagged,
        shown,
        answer,
    }
}
